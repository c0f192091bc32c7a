"""The campaign of damaged inputs: its verdicts, that it goes on, and a small piece of it."""

import argparse
import json
import os
import signal
import time

import fuzz
import numpy as np
import pytest
from fuzz_family import FACTS, SAMPLES, STRUCTURE, Family, Sound

from tfisp.errors import InputError

STORED = {"array": np.arange(4), "fact": 1}


def reader(outcome):
    """A reader of a sound file that fares badly with a damaged one."""

    def read(path):
        return outcome(path) if path.read_bytes() == b"damaged" else dict(STORED)

    return read


def refuse(text):
    def outcome(path):
        raise InputError(text.format(path=path))

    return outcome


def divide(path):
    return 1 // 0


def allocate(path):
    return {"array": np.ones(1 << 31, np.uint8), "fact": 1}


def other(**changes):
    return lambda path: {**STORED, **changes}


@pytest.mark.parametrize(
    ("outcome", "kind", "verdict"),
    [
        (refuse("{path}: damaged"), STRUCTURE, "refused"),
        (refuse("damaged"), STRUCTURE, "traceback"),
        (refuse("{path}: damaged\nbadly"), STRUCTURE, "traceback"),
        (divide, FACTS, "traceback"),
        (other(), STRUCTURE, "same"),
        (other(told=("a remark",)), STRUCTURE, "same"),
        (other(array=np.arange(5)), STRUCTURE, "wrong"),
        (other(fact=2), STRUCTURE, "wrong"),
        (other(fact=2, told=("a remark",)), STRUCTURE, "told"),
        (other(fact=2), FACTS, "unknowable"),
        (other(fact=2), SAMPLES, "unknowable"),
        (lambda path: time.sleep(60), STRUCTURE, "hang"),
        (lambda path: os.kill(os.getpid(), signal.SIGKILL), STRUCTURE, "crash"),
        (allocate, STRUCTURE, "memory"),
    ],
)
def test_each_outcome_has_its_verdict(tmp_path, monkeypatch, outcome, kind, verdict):
    family = Family(
        sound=lambda folder: [Sound("a.bin", {"a.bin": b"sound"})],
        damage=lambda sound, rng: ({"a.bin": b"damaged"}, kind),
        read=reader(outcome),
    )
    monkeypatch.setattr(fuzz, "FAMILIES", {"one": family})
    output, keep = tmp_path / "out.jsonl", tmp_path / "kept"
    options = argparse.Namespace(count=1, seed=0, seconds=1.5, memory=1.0, output=output, keep=keep)
    fuzz.run_family("one", options)
    (line,) = output.read_text().splitlines()
    assert json.loads(line)["verdict"] == verdict
    assert keep.exists() == (verdict in fuzz.BAD)
    fuzz.run_family("one", options)  # goes on where it was: nothing is left
    assert output.read_text().splitlines() == [line]


def test_inputs_follow_from_seed_family_and_number(tmp_path):
    for name, family in fuzz.fuzz_raw.FAMILIES.items():
        sound = family.sound(tmp_path)
        for number in range(5):
            made = [
                family.damage(sound[number % len(sound)], np.random.default_rng(number))
                for _ in range(2)
            ]
            assert made[0] == made[1]
            assert made[0][0] != sound[number % len(sound)].files or name == "json"


@pytest.mark.slow
def test_a_piece_of_the_campaign_finds_nothing_bad(tmp_path, capsys):
    output = tmp_path / "out.jsonl"
    families = ["dng_tags", "dng_samples", "plain", "json", "photographs", "weights"]
    words = ["--count=40", "--seed=7", f"--output={output}", "--families", *families]
    assert fuzz.main(words) == 0, output.read_text()
    results = [json.loads(line) for line in output.read_text().splitlines()]
    assert len(results) == 40 * len(families)
    assert {result["verdict"] for result in results} >= {"refused", "same", "unknowable"}
    assert f"| all | {len(results)} |" in capsys.readouterr().out
