"""The paper's tables in small: which commands a row takes, what the page shows, what continues."""

import json
import shlex
from pathlib import Path

import pytest
import reproduce_tables
import run_once
from paper_tables import TABLES
from reproduce_tables import duration, parse_arguments, trainings

from tests.helpers.data_files import write_pairs
from tfisp import cli, evaluate, models, train
from tfisp.data import flags as data_flags
from tfisp.exporting import conversion
from tfisp.files import write_json
from tfisp.training import preflight
from tfisp.training.config import fit_to_generator
from tfisp.training.dry_run import _duration

# Small frozen networks with random weights, asked for by name.
SMALL = """\
--content=vgg19_narrow:relu3_4
--color_backbone=vit_narrow
--texture_backbone=alexnet_narrow
--alexnet_weights=random
--lpips_weights=random
--vgg16_torchvision_weights=random
--dists_weights=random
--export_size=64x64
--validate_every=0
--image_every=0
"""
ROWS = {
    1: ["pynet", "efficient_isp-unpaired"],
    2: ["mialgo", "efficient_isp-official", "robust_isp-paired_adversarial"],
    3: ["efficient_isp-unpaired", "efficient_isp-unpaired-menon2007-0.9"],
    4: ["efficient_isp-unpaired-lin2"],
}


@pytest.fixture(scope="module")
def trees(tmp_path_factory):
    """Both data sets as they are published: UltraISP without photographs of its validation."""
    root = tmp_path_factory.mktemp("trees")
    write_pairs(root / "zrr", "zrr", "train", 12, size=32)
    write_pairs(root / "zrr", "zrr", "test", 3, size=32)
    write_pairs(root / "ultraisp", "ultraisp", "train", 20, size=32)
    write_pairs(root / "ultraisp", "ultraisp", "val", 1, size=32)
    for picture in (root / "ultraisp/val/fujifilm").iterdir():
        picture.unlink()
    (root / "ultraisp/val/fujifilm").rmdir()
    (root / "small.flags").write_text(SMALL)
    return root


@pytest.fixture
def commands(monkeypatch):
    """The commands that were run, each in this process, and nothing exported: both take seconds."""
    ran = []
    monkeypatch.setattr(conversion, "export", lambda *arguments, **named: None)

    def execute(words, environment=None):
        ran.append(list(words))
        program = {"tfisp.train": train, "tfisp.evaluate": evaluate}[words[2]]
        assert program.run(words[3:]) == 0

    monkeypatch.setattr(run_once, "execute", execute)
    return ran


def words_of(trees, output, number, *more):
    kind = TABLES[number].data
    return [
        f"--table={number}",
        f"--data_dir={trees / kind}",
        f"--output={output}",
        f"--cache_dir={trees / 'cache'}",
        f"--train_flagfile={trees / 'small.flags'}",
        "--steps_scale=0.00005",
        "--patch_size=32",
        "--batch_size=2",
        "--metrics=psnr,ssim",
        *more,
    ]


def cells(page):
    """Title and split -> the cells of a row of the table."""
    lines = [line for line in page.splitlines() if line.startswith("| ")][1:]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {(row[0], row[1]): row[2:] for row in rows}


def require_like_the_reports(page, output, number, seeds=(0,)):
    """Sees that each measured figure is the mean over seeds in what tfisp.evaluate wrote."""
    table, shown = TABLES[number], cells(page)
    rows = [row for row in table.rows if row.name in ROWS[number] and not row.reason]
    assert rows
    for row in rows:
        for split in table.splits:
            found = []
            for seed in seeds:
                folder = output / f"measured/{table.data}/{row.name}/seed{seed}-{split}"
                summary = json.loads((folder / "summary.json").read_text())
                assert summary["split"] == split
                found.append(next(iter(summary["results"].values())))
            for column, (metric, digits) in enumerate([("psnr", 2), ("ssim", 4)]):
                mean = sum(each[metric]["mean"] for each in found) / len(found)
                cell = shown[row.title, split][1 + 2 * column].split(" ± ")[0]
                assert cell == f"{mean:.{digits}f}"


@pytest.mark.slow
def test_every_table_in_small(trees, tmp_path, commands):
    for number, rows in ROWS.items():
        assert (
            reproduce_tables.run(words_of(trees, tmp_path, number, f"--rows={','.join(rows)}")) == 0
        )
        page = (tmp_path / f"table{number}-other_setting.md").read_text()
        assert "NOT THE PAPER'S TABLE: another setting (steps times 5e-05; --patch_size=32" in page
        assert "--texture_backbone=alexnet_narrow" in page
        assert page.count("psnr of another setting") == 1
        assert not (tmp_path / f"table{number}.md").exists()
        require_like_the_reports(page, tmp_path, number)
    page = cells((tmp_path / "table1-other_setting.md").read_text())
    assert page["PyNET", "test"] == ["0", "not in tfisp", "21.19", "not in tfisp", "0.747"]
    page = cells((tmp_path / "table2-other_setting.md").read_text())
    title = "Efficient ISP, unpaired (validation of Mobile AI 2025)"
    assert page[title, "official"][:3] == ["0", "not in tfisp", "23.10"]
    # The row that tables 1 and 3 share, and the stage that it starts from, were trained once.
    trained = [
        next(w for w in words if "--work_dir" in w)
        for words in commands
        if words[2] == "tfisp.train"
    ]
    assert len(trained) == len(set(trained)) == 6
    # What the paper removes and draws: round(0.176 * 20) pairs, a tenth of the rest for each split.
    splits = tmp_path / "runs/ultraisp/robust_isp-paired_adversarial/seed0/splits.json"
    counted = {role: len(names) for role, names in json.loads(splits.read_text()).items()}
    assert counted == {"raw": 14, "target": 14, "val": 1, "test": 1}


def test_what_was_finished_before_an_interruption_is_not_run_again(
    trees, tmp_path, monkeypatch, capsys
):
    ran, killed_at = [], ["--seed=1"]

    def execute(words, environment=None):
        if any(word in killed_at for word in words):
            raise KeyboardInterrupt
        ran.append(words)
        if words[2] == "tfisp.evaluate":
            (model,), folder = (
                [word.partition("=")[2] for word in words if word.startswith(flag)]
                for flag in ("--model=", "--output=")
            )
            means = {"psnr": {"mean": 20.0 + int(model[-1])}, "ssim": {"mean": 0.5}}
            write_json(Path(*folder) / "summary.json", {"results": {"m": means}, "images": 3})

    monkeypatch.setattr(run_once, "execute", execute)
    words = words_of(trees, tmp_path, 1, "--rows=srcnn-paired,pynet", "--seeds=0,1")
    with pytest.raises(KeyboardInterrupt):
        reproduce_tables.run(words)
    assert [words[2] for words in ran] == ["tfisp.train", "tfisp.evaluate"]
    page = tmp_path / "table1-other_setting.md"
    assert cells(page.read_text())["SRCNN", "test"][:2] == ["0", "not run yet"]
    killed_at.clear()
    assert reproduce_tables.run(words) == 0
    assert [words[2] for words in ran[2:]] == ["tfisp.train", "tfisp.evaluate"]
    assert "--seed=1" in ran[2]
    # 20 and 21: their mean, and half of the root of 2.
    assert cells(page.read_text())["SRCNN", "test"][:2] == ["2", "20.50 ± 0.71"]
    assert len(json.loads(page.with_suffix(".json").read_text())["measured"]) == 2
    # Other steps, or another flag file, in the same folder would be another result.
    capsys.readouterr()
    assert reproduce_tables.run([*words, "--steps_scale=0.0001"]) == 1
    assert "holds the result of another command (with --steps=3)" in capsys.readouterr().err
    other = tmp_path / "other.flags"
    other.write_text((trees / "small.flags").read_text() + "--log_every=1\n")
    assert reproduce_tables.run([*words, f"--train_flagfile={other}"]) == 1
    assert "another command (with --flagfile=" in capsys.readouterr().err
    assert len(ran) == 4


@pytest.mark.parametrize("number", TABLES)
def test_every_training_is_a_command_that_tfisp_train_takes(trees, tmp_path, number):
    """Names, numbers and combinations, without the small networks: as on the whole data set."""
    table = TABLES[number]
    options = parse_arguments(
        [f"--table={number}", f"--data_dir={trees / table.data}", f"--output={tmp_path}"]
    )
    for row in (row for row in table.rows if not row.reason):
        commands = trainings(options, table, row, 3)
        for folder, _ in commands[:-1]:  # what the last one starts from is there by then
            models.save_to_preset(models.create(row.model), folder / "model", overwrite=True)
        for folder, words in commands:
            values = cli.flags.FlagValues()
            train.define(values)
            cli.parse(values, words[3:], takes_arguments=False)
            stages = train.make_stages(values)
            data = fit_to_generator(data_flags.make_config(values), values.model)
            assert values.work_dir == str(folder)
            kind = models.registry.generator_class(row.model)
            assert data.resolved_contract() == kind.published
            assert (values.seed, values.batch_size, data.patch_size) == (
                3,
                32,
                {"zrr": 448, "ultraisp": 256}[table.data],
            )
            idle = dict(preflight._idle(values, [stage.recipe for stage in stages]))
            assert cli.flags.refuse_idle(values, idle) == []
            (recipe,) = (stage.recipe for stage in stages)
            # Section 4.3 of the paper.
            rates = (1e-4, 5e-5, 4) if row.model == "rmfa_net_tiny" else (5e-4, 1e-5, 10)
            found = (recipe.learning_rate, recipe.critic_learning_rate, recipe.critic_interval)
            assert found == rates


def test_a_dry_run_prints_commands_and_runs_only_the_estimates(
    trees, tmp_path, monkeypatch, capsys
):
    asked = []

    def output_of(words, environment=None):
        asked.append(words)
        return "stage 0\ntotal time about 1 h 30 min here, without reading the data\n"

    monkeypatch.setattr(reproduce_tables, "output_of", output_of)
    monkeypatch.setattr(run_once, "execute", None)
    words = ["--table=2", f"--data_dir={trees / 'ultraisp'}", f"--output={tmp_path / 'out'}"]
    words += ["--rows=mialgo,rmfa_net_tiny-unpaired", "--seeds=0,1", "--dry_run"]
    assert reproduce_tables.run(words) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("# Efficient ISP by its authors")
    assert "training left to do: about 6.00 h" in lines[-1]
    printed = [shlex.split(line, comments=True) for line in lines[1:-1]]
    assert [w[2] for w in printed] == ["tfisp.train", "tfisp.train", *["tfisp.evaluate"] * 2] * 2
    assert "--steps=48270" in printed[1] and "--misaligned=0.176" in printed[1]
    # One estimate for each of two stages; the second's start is not there yet.
    assert len(asked) == 2 and all("--dry_run" in words for words in asked)
    assert all("--model=rmfa_net_tiny" in words for words in asked)
    assert not (tmp_path / "out").exists()


def test_durations_are_read_as_they_are_written():
    for seconds in (40, 12 * 60, 3 * 3600 + 20 * 60):
        plan = f"x\ntotal time about {_duration(seconds)} here, without reading\n"
        assert duration(plan) == seconds


@pytest.mark.parametrize(
    "more, message",
    [
        (["--steps_scale=0"], "--steps_scale=0: expected more than 0"),
        (["--rows=efficient_isp-unpared"], "--rows=efficient_isp-unpared: unknown; did you mean"),
        (["--metrics=pnsr"], "--metrics=pnsr: unknown; did you mean psnr"),
        (["--images=0"], "--images=0: expected at least 1"),
        (["--train_flagfile=/nowhere.flags"], "--train_flagfile=/nowhere.flags: no such file"),
        (["--data_dir=/nowhere"], "--data_dir=/nowhere: no such folder"),
        (["--table=2"], "no train/mediatek_raw here; table 2 is of --data=ultraisp"),
    ],
)
def test_what_cannot_be_is_said_before_the_work(trees, tmp_path, capsys, more, message):
    assert reproduce_tables.run([*words_of(trees, tmp_path / "out", 1), *more]) == 1
    error = capsys.readouterr().err
    assert error.startswith("reproduce_tables.py: ") and message in error
    assert len(error.splitlines()) == 1
    assert not (tmp_path / "out").exists()
