"""Names of flags that people bring along from other tools, in the programs themselves."""

import importlib

import pytest
from absl.flags import FlagValues

from tfisp.cli import suggestions

PROGRAMS = [
    "train",
    "evaluate",
    "export",
    "process",
    "look",
    "doctor",
    "inspect_raw",
    "report",
    "web",
]


def flags_of(program):
    values = FlagValues()
    importlib.import_module(f"tfisp.{program}").define(values)
    return values


@pytest.mark.parametrize(
    "program, name, answer",
    [
        ("train", "lr", "did you mean --learning_rate?"),
        ("train", "lr_d", "did you mean --critic_learning_rate?"),
        ("train", "batch", "did you mean --batch_size?"),
        ("train", "batch-size", "did you mean --batch_size?"),
        ("train", "max_iter", "did you mean --steps?"),
        ("train", "amp", "did you mean --precision?"),
        ("train", "ckpt", "did you mean --model?"),
        ("train", "config", "did you mean --flagfile?"),
        ("train", "output_dir", "did you mean --work_dir?"),
        ("evaluate", "output_dir", "did you mean --output?"),
        ("evaluate", "gt", "did you mean --truth?"),
        ("look", "dataroot", "did you mean --raw_dir?"),
        ("doctor", "num_samples", "did you mean --scenes?"),
        ("process", "wb", "did you mean --white_balance?"),
        ("process", "tile_size", "did you mean --tile?"),
        ("export", "img_size", "did you mean --size?"),
        ("inspect_raw", "bayer", "did you mean --pattern?"),
        ("train", "epochs", "training is counted in steps: --steps"),
        ("train", "resume", "a run goes on by itself: give the same --work_dir"),
        ("evaluate", "resume", "the same command with the same --output goes on where it was"),
        ("train", "workers", "all processors are used by themselves"),
        ("process", "workers", "all processors are used by themselves"),
        ("train", "gpu", "the first GPU is used, all with --strategy=mirrored"),
        ("train", "gpus", "did you mean --strategy?"),
        ("evaluate", "gpus", "choose a GPU by CUDA_VISIBLE_DEVICES=0"),
        ("web", "gpu", "see --help"),
        ("report", "lr", "see --help"),
        ("train", "batchsiz", "did you mean --batch_size or --patch_size?"),
    ],
)
def test_a_familiar_name_gets_ours(program, name, answer):
    assert suggestions.for_flag(name, flags_of(program)).startswith(f"; {answer}")


def test_answers_name_flags_that_the_program_has():
    known = {program: flags_of(program) for program in PROGRAMS}
    meant = {flag for flags in suggestions._OURS for flag in flags}
    assert meant - {"flagfile"} <= {flag for values in known.values() for flag in values}
    for theirs, flags, answer in suggestions._NO_FLAG:
        named = [word.strip("-:;,.").partition("=")[0] for word in answer.split() if "--" in word]
        for values in known.values():
            if not flags or any(flag in values for flag in flags.split()):
                assert all(flag in values for flag in named), (theirs, named)
