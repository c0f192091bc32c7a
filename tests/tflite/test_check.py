"""check.sh: the real file runs behind the phone, and only outputs that agree pass."""

import csv
import functools
import json
import shutil

import numpy as np
import pytest

pytestmark = pytest.mark.slow  # hundreds of processes


def rows(folder):
    with open(folder / "results.csv", newline="") as file:
        return list(csv.DictReader(file))


def started(phone, export, golden, output, *words, **options):
    return phone.run(
        "check.sh",
        f"--export={export}",
        f"--golden={golden}",
        f"--benchmark={phone.tool}",
        f"--output={output}",
        *words,
        **options,
    )


def failed(done, message, code=1):
    """The program stopped with one clear line."""
    assert done.returncode == code, done.stdout + done.stderr
    assert done.stderr.startswith("check.sh: error: ") and done.stderr.count("\n") == 1
    assert message in done.stderr


def test_every_file_agrees_under_every_backend(phone, real_export, real_golden, tmp_path, shell):
    output = tmp_path / "checked"
    words = ["--files=model.tflite,model_none.tflite", "--keep"]
    done = started(phone, real_export, real_golden, output, *words, shell=shell)
    assert done.returncode == 0 and done.stderr == "", done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == f"all agree; results in {output}"
    found = {(row["file"], row["backend"]): row for row in rows(output)}
    assert list(found) == [
        ("model.tflite", "cpu4"),
        ("model.tflite", "gpu_cl"),
        ("model.tflite", "gpu_gl"),
        ("model_none.tflite", "cpu4"),
    ]
    assert {row["verdict"] for row in found.values()} == {"ok"}
    for (file, backend), row in found.items():
        # the same differences, by NumPy
        ours = np.fromfile(output / f"{file}.{backend}.bin", "<f4").astype(float)
        theirs = np.fromfile(
            real_golden / f"{file.removesuffix('.tflite')}_output.bin", "<f4"
        ).astype(float)
        differences = 255 * np.abs(np.clip(ours, 0, 1) - np.clip(theirs, 0, 1))
        assert float(row["max"]) == pytest.approx(differences.max(), abs=1e-3)
        assert float(row["mean"]) == pytest.approx(differences.mean(), abs=1e-3)
        # a GPU that may use float16 did, and the processor did not
        assert (differences.max() > 0.01) == backend.startswith("gpu")
        assert row["precision"] == ("float16" if backend.startswith("gpu") else "float32")


def test_files_with_one_input_get_it_once(phone, real_export, real_golden, tmp_path):
    done = started(phone, real_export, real_golden, tmp_path / "checked", "--backends=cpu1")
    assert done.returncode == 0
    calls = (phone.home / "calls").read_text().splitlines()
    assert len([call for call in calls if " push " in call and "/golden/input_" in call]) == 1
    assert list((phone.home / "root").iterdir()) == []
    assert list((tmp_path / "checked").glob("*.bin")) == []
    assert [row["file"] for row in rows(tmp_path / "checked")] == [
        "model.tflite",
        "model_float16.tflite",
        "model_none.tflite",
    ]


def test_a_dry_run_prints_the_commands_that_a_real_one_runs_and_runs_none(
    phone, real_export, real_golden, tmp_path, shell
):
    words = ["--serial=R5CT1234ABC", "--files=model.tflite", "--backends=cpu4,gpu_gl"]
    given = (phone, real_export, real_golden, tmp_path / "a", *words)
    dry = started(*given, "--dry_run", shell=shell)
    assert dry.returncode == 0 and dry.stderr == ""
    assert (phone.home / "calls").read_text() == "" and not (tmp_path / "a").exists()
    assert started(*given, shell=shell).returncode == 0
    assert dry.stdout.splitlines() == (phone.home / "calls").read_text().splitlines()


@pytest.mark.parametrize(
    "tool, verdict", [("swapped", "differs"), ("nan", "not finite"), ("half", "wrong size")]
)
def test_a_wrong_output_fails_and_the_others_are_still_compared(
    phone, real_export, real_golden, tmp_path, tool, verdict
):
    output = tmp_path / "checked"
    words = ["--files=model.tflite", "--backends=cpu1,gpu_cl_fp32"]
    done = started(phone, real_export, real_golden, output, *words, tool=tool)
    failed(done, f"does not agree with the desktop; model.tflite cpu1: {verdict}")
    assert [row["verdict"] for row in rows(output)] == [verdict] * 2


def test_limits_are_those_of_the_golden_file(phone, real_export, real_golden, tmp_path):
    strict = tmp_path / "golden"
    shutil.copytree(real_golden, strict)
    index = json.loads((strict / "golden.json").read_text())
    for entry in index["files"]:
        entry["max_float16"] = 0.001
    (strict / "golden.json").write_text(json.dumps(index, indent=2))
    words = ["--files=model.tflite", "--backends=gpu_gl,gpu_gl_fp32"]
    done = started(phone, real_export, strict, tmp_path / "checked", *words)
    failed(done, "model.tflite gpu_gl: differs")
    rounded, exact = rows(tmp_path / "checked")
    assert (rounded["max_allowed"], rounded["verdict"]) == ("0.001", "differs")
    assert (exact["max_allowed"], exact["verdict"]) == ("0.05", "ok")


@pytest.mark.parametrize(
    "faults, status",
    [
        ({"gpu": "none"}, "ran on the CPU"),
        ({"gpu": "gl"}, "failed (exit code 1): Can not open OpenCL library"),
        ({"tool": "crash"}, "failed (exit code 134)"),
    ],
)
def test_an_output_from_elsewhere_is_not_taken_for_the_gpus(
    phone, real_export, real_golden, tmp_path, faults, status
):
    words = ["--files=model.tflite", "--backends=gpu_cl"]
    done = started(phone, real_export, real_golden, tmp_path / "checked", *words, **faults)
    failed(done, f"model.tflite gpu_cl: {status}")
    assert rows(tmp_path / "checked")[0]["max"] == "-"


def test_a_tool_too_old_to_write_outputs_is_named(phone, real_export, real_golden, tmp_path):
    words = ["--files=model.tflite", "--backends=cpu1"]
    done = started(phone, real_export, real_golden, tmp_path / "checked", *words, tool="old")
    failed(done, "has no --output_filepath; take one of 2022 or later")


def test_a_golden_folder_of_another_export_is_refused(phone, real_export, real_golden, tmp_path):
    export = tmp_path / "export"
    shutil.copytree(real_export, export)
    shutil.copy(export / "model_float16.tflite", export / "model.tflite")
    done = started(phone, export, real_golden, tmp_path / "checked")
    failed(done, "is another file than golden.json was made from; run golden.py again")
    assert (phone.home / "calls").read_text() == ""


def state(key, value, folder):
    """Makes golden.json say something else of its first file."""
    index = json.loads((folder / "golden.json").read_text())
    index["files"][0][key] = value
    (folder / "golden.json").write_text(json.dumps(index, indent=2))


@pytest.mark.parametrize(
    "spoil, message",
    [
        (lambda folder: (folder / "golden.json").unlink(), "holds no golden.json; make it with"),
        (lambda folder: (folder / "golden.json").write_text("{}"), "golden.json: lists no files"),
        (lambda folder: (folder / "model_output.bin").unlink(), "model_output.bin: no such file"),
        (
            lambda folder: (folder / "model_output.bin").write_bytes(b"half"),
            "model_output.bin: has not the size that golden.json states",
        ),
        *(
            (functools.partial(state, key, value), message)
            for key, value, message in (
                ("shape", "1,32,32,4; reboot", "the shape of model.tflite is no whole numbers"),
                ("shape", "1,,4", "the shape of model.tflite is no whole numbers"),
                ("shape", "", "the shape of model.tflite is no whole numbers"),
                ("input", "$(reboot).bin", "the input of model.tflite: a name may only have"),
                ("input", "../input.bin", "the input of model.tflite: a name may only have"),
                ("input", "-x", "the input of model.tflite: a name may only have"),
                ("output", "a b.bin", "the output of model.tflite: a name may only have"),
                ("output", "", "the output of model.tflite: a name may only have"),
            )
        ),
    ],
)
def test_a_damaged_golden_folder_is_refused(
    phone, real_export, real_golden, tmp_path, spoil, message
):
    damaged = tmp_path / "golden"
    shutil.copytree(real_golden, damaged)
    spoil(damaged)
    failed(started(phone, real_export, damaged, tmp_path / "checked"), message)
    assert (phone.home / "calls").read_text() == ""


@pytest.mark.parametrize(
    "words, code, message",
    [
        (["--golden={golden}"], 2, "--export is required"),
        (["--export={export}", "--benchmark={tool}", "--output=x"], 2, "--golden is required"),
        (["{all}", "--files=other.tflite"], 2, "there is no other.tflite in"),
        (["{all}", "--backends=litert_gpu"], 2, "LiteRT's tool cannot read inputs from files"),
        (["{all}", "--backends=gpu_cl", "--files=model_none.tflite"], 1, "leave nothing to run"),
    ],
)
def test_mistakes_get_one_line(phone, real_export, real_golden, words, code, message):
    everything = ["--export={export}", "--golden={golden}", "--benchmark={tool}", "--output=x"]
    if words[0] == "{all}":
        words = everything + words[1:]
    given = [w.format(export=real_export, golden=real_golden, tool=phone.tool) for w in words]
    failed(phone.run("check.sh", *given), message, code)
    assert (phone.home / "calls").read_text() == ""
