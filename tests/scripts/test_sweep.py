"""A command with several seeds: folders, continuing, and what the table says of the figures."""

import json
import sys

import numpy as np
import pytest
import run_once
import sweep
from seed_statistics import Spread

from tfisp.errors import InputError
from tfisp.files import write_json

# A program that leaves what tfisp.evaluate does, and counts how often it was started.
PROGRAM = """\
import json, pathlib, sys
seed, folder = int(sys.argv[1]), pathlib.Path(sys.argv[2])
folder.mkdir(parents=True, exist_ok=True)
with open(folder / "starts", "a") as file:
    file.write("x")
if (folder.parent / "broken").exists() and seed == 2:
    sys.exit(3)
results = {"run": {"psnr": {"mean": 20 + seed**2}, "ssim": {"mean": 0.5}}}
(folder / "summary.json").write_text(json.dumps({"results": results}))
"""


@pytest.fixture
def words(tmp_path):
    (tmp_path / "program.py").write_text(PROGRAM)
    program = [sys.executable, str(tmp_path / "program.py"), "{seed}", "{folder}"]
    return [f"--output={tmp_path / 'out'}", "--seeds=0,1,2", "--", *program]


def test_the_table_holds_mean_deviation_and_interval(words, tmp_path, capsys):
    assert sweep.run(words) == 0
    page = (tmp_path / "out" / "sweep.md").read_text()
    # 20, 21 and 24: the squares of their distances from 65 / 3 add up to 78 / 9; Student's t of two
    # degrees of freedom is 4.302653 at 97.5 %, as in any table of it.
    deviation = np.sqrt(78 / 9 / 2)
    reach = 4.302653 * deviation / np.sqrt(3)
    low, high = 65 / 3 - reach, 65 / 3 + reach
    assert f"| psnr | 3 | 21.667 | {deviation:.3g} | {low:.5g} to {high:.5g} |" in page
    assert "| ssim | 3 | 0.5 | 0 | 0.5 to 0.5 |" in page
    assert page in capsys.readouterr().out
    found = json.loads((tmp_path / "out" / "sweep.json").read_text())
    assert [found[seed]["psnr"] for seed in "012"] == [20, 21, 24]


def test_an_interrupted_sweep_runs_only_what_is_left(words, tmp_path, capsys):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "broken").touch()
    assert sweep.run(words) == 1
    error = capsys.readouterr().err
    assert error.startswith("sweep.py: ") and "ended with exit code 3" in error
    assert len(error.splitlines()) == 1
    (tmp_path / "out" / "broken").unlink()
    assert sweep.run(words) == 0
    starts = [(tmp_path / "out" / f"seed{seed}" / "starts").read_text() for seed in (0, 1, 2)]
    assert starts == ["x", "x", "xx"]
    assert sweep.run([*words[:2], "--", *words[3:], "more"]) == 1
    assert "holds the result of another command" in capsys.readouterr().err


def test_train_gets_its_flags_and_other_commands_must_say_where(tmp_path):
    command = ["python", "-m", "tfisp.train", "--flagfile=demo.flags"]
    given = sweep.with_seed(command, 5, tmp_path)
    assert given == [*command, "--seed=5", f"--work_dir={tmp_path}"]
    with pytest.raises(InputError, match="--seed: every seed of a sweep has its own"):
        sweep.with_seed([*command, "--seed=1"], 5, tmp_path)
    with pytest.raises(InputError, match=r"must hold both \{seed\} and \{folder\}"):
        sweep.with_seed(["echo", "{seed}"], 5, tmp_path)
    with pytest.raises(InputError, match="must hold both"):
        sweep.with_seed(["echo"], 5, tmp_path)


def test_the_last_validation_of_a_run_counts(tmp_path):
    lines = [
        {"step": 1, "val_ema/psnr": 10.0, "val_raw/psnr": 9.0},
        {"step": 2, "val_ema/psnr": 12.0, "val_raw/psnr": 11.0},
        {"step": 3, "loss/tv": 1.0},
    ]
    (tmp_path / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert sweep.figures(tmp_path) == {"val_ema/psnr": 12.0, "val_raw/psnr": 11.0}
    reports = {"a": {"psnr": {"mean": 1.5}}, "b": {"psnr": {"mean": 2.5}}}
    (tmp_path / "report").mkdir()
    write_json(tmp_path / "report" / "summary.json", {"results": reports})
    assert sweep.figures(tmp_path)["report/b/psnr"] == 2.5


def test_no_figures_are_an_error(tmp_path):
    with pytest.raises(InputError, match="left no figures: neither a summary"):
        sweep.figures(tmp_path)


@pytest.mark.parametrize("text", ["", "a", "1,1", "-1", "1,,2"])
def test_seeds_must_be_different_numbers(text, capsys):
    with pytest.raises(SystemExit):
        sweep.parse_arguments(["--output=x", f"--seeds={text}", "--", "true"])
    assert "expected different numbers" in capsys.readouterr().err


def test_of_one_seed_there_is_no_deviation():
    spread = Spread.of([23.104])
    assert (spread.deviation, spread.interval, spread.text(2)) == (None, None, "23.10")


def test_a_failed_command_is_not_taken_for_finished(tmp_path):
    words = [sys.executable, "-c", "import sys; sys.exit(4)"]
    for _ in range(2):
        with pytest.raises(InputError, match="ended with exit code 4"):
            run_once.run_once(words, tmp_path / "folder")
    assert run_once.output_of([sys.executable, "-c", "print(6 * 7)"]) == "42\n"
