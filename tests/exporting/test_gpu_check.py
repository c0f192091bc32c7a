"""Files run through the LiteRT GPU accelerator agree with the CPU, or the verdict says what failed.

The tests that need a Vulkan driver are skipped without one; `make test` unpacks one where it can.
"""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.helpers.gpu_examples import BAD, GOOD, SHAPE, convolution, network, write
from tfisp.errors import InputError
from tfisp.exporting import gpu_check

pytest.importorskip("ai_edge_litert")

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return write(tmp_path_factory.mktemp("plain") / "plain.tflite", network)


@pytest.fixture(scope="module")
def verdict(plain):
    """The verdict on a file that is right; without a driver, the tests that ask for it skip."""
    verdict = gpu_check.check(plain)
    if not verdict.ran:
        pytest.skip(str(verdict))
    return verdict


def test_a_right_file_passes(verdict):
    assert verdict.passed and verdict.adapter
    assert 0 < verdict.largest_difference <= gpu_check.LIMIT
    assert np.isfinite(verdict.largest_difference_default)
    assert str(verdict).startswith(f"passed on {verdict.adapter}: wholly accelerated")


def test_the_limit_counts(verdict, plain):
    strict = gpu_check.check(plain, limit=0.0)
    assert strict.ran and not strict.passed
    assert strict.failure.startswith("differs from the CPU by ")


def test_all_inputs_are_compared(verdict, plain):
    inputs = [np.zeros(SHAPE, np.float32), np.full(SHAPE, 0.3, np.float32)]
    assert gpu_check.check(plain, inputs).passed


def test_a_wrong_result_is_seen(verdict, tmp_path):
    path = write(tmp_path / "grouped.tflite", lambda x: convolution(x, groups=2))
    wrong = gpu_check.check(path)
    assert wrong.failure.startswith("differs from the CPU by ") and wrong.largest_difference > 0.1


def test_operations_that_it_refuses_are_named(verdict, tmp_path):
    path = write(tmp_path / "shuffle.tflite", BAD["pixel shuffle in six dimensions"][0])
    refused = gpu_check.check(path)
    assert refused.ran and not refused.passed
    assert refused.failure.startswith("refused: RESHAPE: ") and "TRANSPOSE: " in refused.failure
    assert refused.largest_difference is None


def test_a_crash_is_a_verdict(verdict, tmp_path):
    """With this one, LiteRT 2.3.0 crashes."""
    path = write(tmp_path / "crash.tflite", lambda x: convolution(x, 12, groups=2), (1, 8, 12, 12))
    assert not gpu_check.check(path).passed


@pytest.mark.slow
@pytest.mark.parametrize("name", GOOD)
def test_an_operation_of_the_list_runs(name, verdict, tmp_path):
    for function in GOOD[name]:
        given = gpu_check.check(write(tmp_path / "good.tflite", function))
        assert given.passed, str(given)


def test_without_a_driver_nothing_is_claimed(plain, tmp_path, monkeypatch):
    monkeypatch.setenv(gpu_check.FOLDER_VARIABLE, str(tmp_path))
    monkeypatch.setenv("VK_DRIVER_FILES", str(tmp_path / "none.json"))
    verdict = gpu_check.check(plain)
    assert not verdict.ran and not verdict.passed
    assert str(verdict).startswith("not run: no Vulkan driver")


def test_without_litert_nothing_is_claimed(plain, monkeypatch):
    monkeypatch.setitem(sys.modules, "ai_edge_litert", None)
    assert str(gpu_check.check(plain)).startswith("not run: ai-edge-litert is not installed")


def test_unsuitable_files_and_inputs_are_refused(plain, tmp_path):
    with pytest.raises(InputError, match="takes \\[1, 8, 12, 4\\]"):
        gpu_check.check(plain, [np.zeros((1, 8, 8, 4), np.float32)])
    free = write(tmp_path / "free.tflite", convolution, shape=(1, None, None, 4))
    with pytest.raises(InputError, match=r"free\.tflite: input is float32 \[1, -1, -1, 4\]"):
        gpu_check.check(free)
    with pytest.raises(InputError, match="cannot be read"):
        gpu_check.check(tmp_path / "missing.tflite")


def test_the_program_loads_neither_tensorflow_nor_tfisp():
    code = (
        f"import runpy, sys; runpy.run_path({str(gpu_check._PROGRAM)!r}, run_name='loaded');"
        "print(sorted({'tensorflow', 'tfisp', 'keras'} & set(sys.modules)))"
    )
    command = [sys.executable, "-P", "-c", code]
    process = subprocess.run(command, capture_output=True, text=True, check=True)
    assert process.stdout.splitlines()[-1] == "[]"


def install(folder):
    script = ROOT / "scripts" / "install_software_gpu.sh"
    return subprocess.run(["sh", str(script), str(folder)], capture_output=True, text=True)


def test_the_driver_is_unpacked_only_once(tmp_path):
    description = tmp_path / "usr/share/vulkan/icd.d/lvp_icd.json"
    description.parent.mkdir(parents=True)
    description.touch()
    process = install(tmp_path)
    assert process.returncode == 0 and process.stdout == f"software GPU: already in {tmp_path}\n"


def test_where_it_cannot_be_unpacked_one_line_says_why():
    process = install("/dev/null/folder")
    assert process.returncode == 1 and process.stdout == ""
    assert process.stderr.startswith("software GPU: not installed: ")
    assert process.stderr.count("\n") == 1
