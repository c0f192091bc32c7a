"""What is wrong with a command line is said before TensorFlow is loaded, with exit code 2."""

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tfisp import train
from tfisp.errors import InputError
from tfisp.training import preflight, run_lock

ROOT = Path(__file__).resolve().parents[2]

# Runs each of several command lines; none of them may need TensorFlow.
TRY = """
import json, sys
from tfisp import evaluate, train
for program, words in json.load(sys.stdin):
    code = {"train": train, "evaluate": evaluate}[program].run(words)
    print(code, "tensorflow" in sys.modules, flush=True)
    print("--", file=sys.stderr, flush=True)
"""

DEMO = ("--flagfile=unpaired_smoke.flags", "--work_dir=RUN")
ZRR = ("--data=zrr", "--raw_dir=.", "--work_dir=RUN", "--alexnet_weights=random")
ZRR_RANDOM = (*ZRR, "--vgg19_weights=random", "--vit_b16_weights=random")

CASES = [
    ((*DEMO, "--recipe=unpared"), 2, "--recipe=unpared: unknown; did you mean unpaired"),
    ((*DEMO, "--steps=1,2,3"), 2, "--steps: 3 counts for 2 recipes"),
    ((*DEMO, "--model=eficient_isp"), 2, "--model=eficient_isp: unknown; did you mean efficient"),
    ((*DEMO, "--model=../no/run"), 2, "--model=../no/run: no such folder"),
    ((*DEMO, "--critics=adv_lin9"), 2, "--critics=adv_lin9: unknown; did you mean adv_lin"),
    (
        (*DEMO, "--content=vgg19_narow:relu3_4"),
        2,
        "--content=vgg19_narow: unknown; did you mean vgg",
    ),
    ((*DEMO, "--content=vgg19_narrow"), 2, "is not of the form backbone:tap"),
    ((*DEMO, "--color_backbone=vit_narow"), 2, "--color_backbone=vit_narow: unknown"),
    ((*DEMO, "--color_backbone=keras_cw:x"), 2, "--color_backbone provider=keras_cw: unknown"),
    ((*DEMO, "--texture_backbone=alexnot"), 2, "--texture_backbone=alexnot: unknown; did you mean"),
    ((*DEMO, "--export_size=63x64"), 2, "--export_size=63x64: "),
    (
        (*DEMO, "--recipe=pretrain", "--steps=1", "--critics=foo"),
        2,
        "--critics: has no effect with",
    ),
    ((*DEMO, "--recipe=pretrain", "--steps=1", "--gamma=3"), 2, "--gamma: has no effect with"),
    ((*DEMO, "--critics=adv_color", "--texture_backbone=alexnet"), 2, "--texture_backbone: has no"),
    ((*DEMO, "--dists_weights=random"), 2, "--dists_weights: has no effect with"),
    (
        (*DEMO, "--feature_cache_gb=3"),
        2,
        "--feature_cache_gb: has no effect without --feature_cache",
    ),
    ((*DEMO, "--xla"), 2, "--xla: cannot give the same bits each time"),
    ((*ZRR, "--splits=nope.json"), 2, "--splits: has no effect with --data=zrr, only with"),
    ((*ZRR, "--noise=none"), 2, "--noise: has no effect with --data=zrr"),
    (("--data=folders", "--raw_dir=.", "--work_dir=RUN"), 2, "give --target_dir"),
    (("--data=zrr", "--work_dir=RUN"), 2, "--raw_dir: not given"),
    (
        ("--flagfile=paired.flags", "--data=folders", "--raw_dir=.", "--work_dir=RUN"),
        2,
        "needs pairs",
    ),
    ((*ZRR_RANDOM, "--raw_dir=nowhere"), 1, "--raw_dir=nowhere: no such folder"),
    ((*ZRR_RANDOM, "--target_dir=nowhere"), 1, "--target_dir=nowhere: no such folder"),
    ((*ZRR_RANDOM, "--sensor=nowhere.json"), 1, "--sensor=nowhere.json"),
    ((*ZRR_RANDOM, "--vgg19_weights=nowhere.h5"), 1, "--vgg19_weights=nowhere.h5: no such file"),
    ((*ZRR_RANDOM, "--model=file"), 1, "file: a preset is a folder"),
]


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """(exit code, whether TensorFlow was loaded, stderr) of each command line, and the time."""
    folder = tmp_path_factory.mktemp("commands")
    (folder / "file").touch()
    commands = [("train", words) for words, _, _ in CASES]
    commands += [("evaluate", ["--model=M", "--output=O", "--data=zrr", "--splits=a.json"])]
    commands += [
        ("train", ["--flagfile=paired.flags", "--raw_dir=.", "--work_dir=RUN"]),
    ]
    begin = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", TRY],
        input=json.dumps(commands),
        capture_output=True,
        text=True,
        cwd=folder,
        env=os.environ
        | {"PYTHONPATH": str(ROOT), "TFISP_WEIGHTS": str(folder), "TFISP_CACHE": str(folder)},
        check=False,
    )
    seconds = time.monotonic() - begin
    codes = [line.split() for line in done.stdout.splitlines()]
    assert len(codes) == len(commands), done.stderr
    assert {path.name for path in folder.iterdir()} == {"file"}  # no run was begun
    errors = done.stderr.split("--\n")
    return [(int(c), t == "True", e) for (c, t), e in zip(codes, errors, strict=False)], seconds


@pytest.mark.parametrize("index", range(len(CASES)))
def test_a_mistake_is_one_line_without_tensorflow(answers, index):
    words, expected, message = CASES[index]
    code, loaded, error = answers[0][index]
    assert message in error and len(error.splitlines()) == 1, words
    assert (code, loaded) == (expected, False)


def test_all_of_them_together_take_less_than_tensorflows_import(answers):
    assert answers[1] < 10


def test_evaluate_refuses_flags_without_effect_too(answers):
    code, loaded, error = answers[0][len(CASES)]
    assert code == 2 and not loaded and "--splits: has no effect with --data=zrr" in error


def test_all_missing_weights_are_named_at_once(answers):
    code, loaded, error = answers[0][len(CASES) + 1]
    assert code == 1 and not loaded and len(error.splitlines()) == 1
    for key in ("alexnet", "lpips", "vgg16_torchvision", "dists"):
        assert f"--{key}_weights: the weights of" in error


def test_what_a_flag_file_sets_in_vain_is_a_warning(tmp_path, capfd, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = [*DEMO, "--recipe=pretrain", "--steps=1", "--raw_dir=nowhere"]
    assert train.run(words) == 1
    assert "--raw_dir=nowhere: no such folder" in capfd.readouterr().err
    values = train.flags.FlagValues()
    train.define(values)
    train.cli.parse(values, [*DEMO, "--recipe=pretrain", "--steps=1"], takes_arguments=False)
    from tfisp.training import preflight

    (warning,) = preflight.check(
        values, train.make_stages(values), train.data_flags.make_config(values)
    )
    assert warning == (
        "set in a flag file, but without effect here: --color_backbone, --texture_backbone"
    )


def test_a_folder_that_another_process_works_in_is_refused_at_once(tmp_path, capfd):
    with run_lock.held(tmp_path / "run"):
        assert train.run([*DEMO, f"--work_dir={tmp_path / 'run'}"]) == 1
        (error,) = capfd.readouterr().err.splitlines()
        assert f"process {os.getpid()} on host {socket.gethostname()} works in it" in error
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "holiday.jpg").touch()
    assert train.run([*DEMO, f"--work_dir={tmp_path / 'run'}"]) == 1
    assert "not empty, and no run of tfisp.train" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("record", "given", "refused"),
    [
        ({"imports": ["mine", "other"]}, ("mine",), True),
        ({"imports": ["mine", "other"]}, ("other", "mine", "more"), False),
        ({}, (), False),
        ([], (), False),
        ({"imports": None}, (), False),
        ({"imports": ["$(command)"]}, (), False),
    ],
)
def test_a_run_to_continue_wants_the_modules_it_was_begun_with(tmp_path, record, given, refused):
    (tmp_path / "run.json").write_text(json.dumps(record))
    if not refused:
        preflight.check_imports(str(tmp_path), given)
        return
    with pytest.raises(InputError, match=r"was begun with --imports=mine,other, says run.json"):
        preflight.check_imports(str(tmp_path), given)
