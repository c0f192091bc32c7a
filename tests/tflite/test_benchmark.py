"""benchmark.sh against a phone that answers like a real one, and against ones that misbehave."""

import csv
import json

import pytest

pytestmark = pytest.mark.slow  # hundreds of processes


def rows(folder):
    with open(folder / "results.csv", newline="") as file:
        return list(csv.DictReader(file))


def started(phone, export, output, *words, **options):
    return phone.run(
        "benchmark.sh",
        f"--export={export}",
        f"--benchmark={phone.tool}",
        f"--output={output}",
        "--pause=0",
        "--seconds=1",
        *words,
        **options,
    )


def failed(done, message, code=1):
    """The program stopped with one clear line."""
    assert done.returncode == code, done.stdout + done.stderr
    assert done.stderr.startswith("benchmark.sh: error: ") and done.stderr.count("\n") == 1
    assert message in done.stderr


def test_every_backend_is_measured_and_tabulated(phone, export, tmp_path, shell):
    output = tmp_path / "my results"
    done = started(phone, export, output, f"--litert_benchmark={phone.litert_tool}", shell=shell)
    assert done.returncode == 0 and done.stderr == "", done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == f"results in {output}"
    table = rows(output)
    shown = [(row["backend"], row["status"], row["used"], row["precision"]) for row in table]
    assert shown == [
        ("cpu1", "ok", "XNNPACK", "float32"),
        ("cpu4", "ok", "XNNPACK", "float32"),
        ("gpu_cl", "ok", "OpenCL", "float16 allowed"),
        ("gpu_gl", "ok", "OpenGL", "float16 allowed"),
        ("litert_cpu", "ok", "XNNPACK", "float32"),
        ("litert_gpu", "ok", "OpenCL", "float16 allowed"),
    ]
    for row in table:
        assert (row["phone"], row["soc"], row["android"]) == ('Acme One, 5"', "Fab F1000", "14")
        assert row["file"] == "model.tflite" and (row["nodes"], row["of"]) == ("5", "5")
        assert (row["battery_before_c"], row["battery_after_c"]) == ("28.3", "28.3")
        # the hottest of the sensors that are read now and do not lie
        assert (row["chip_before_c"], row["skin_after_c"]) == ("45.2", "33.2")
        assert row["thermal_after"] == "1"
    gpu, litert = table[2], table[5]
    assert float(gpu["init_ms"]) == 355.447 and float(gpu["first_inference_ms"]) == 45.401
    assert float(gpu["first_run_ms"]) == pytest.approx(400.848)
    assert (gpu["runs"], gpu["median_ms"]) == ("108", "8.705")
    assert float(gpu["mean_ms"]) == pytest.approx(8.7555, abs=1e-3)
    assert (litert["init_ms"], litert["mean_ms"], litert["median_ms"]) == (
        "120.500",
        "8.150",
        "8.100",
    )


def test_the_page_describes_phone_and_runs(phone, export, tmp_path):
    assert started(phone, export, tmp_path / "results").returncode == 0
    page = (tmp_path / "results" / "results.md").read_text().splitlines()
    assert '| phone | Acme One, 5" |' in page
    assert "| gpu | Fab, Graphics (TM) 9, OpenGL ES 3.2 |" in page
    assert "| battery | 87 %, charging |" in page
    assert any(line.startswith("| model.tflite | gpu_cl | ok | OpenCL | 5 | 5 ") for line in page)
    tables = [line for line in page if line.startswith("|")]
    assert all(line.endswith("|") for line in tables)
    log = (tmp_path / "results" / "logs" / "model.tflite.gpu_cl.log").read_text()
    assert "Initialized OpenCL-based API." in log


@pytest.mark.parametrize("fault, code", [("", 0), ("short:model.tflite", 1)])
def test_nothing_stays_on_the_phone(phone, export, tmp_path, fault, code, shell):
    (phone.home / "root" / "others").mkdir()
    words = ["--backends=cpu1"]
    done = started(phone, export, tmp_path / "results", *words, shell=shell, fault=fault)
    assert done.returncode == code
    assert [path.name for path in (phone.home / "root").iterdir()] == ["others"]


def test_a_dry_run_prints_the_commands_that_a_real_one_runs_and_runs_none(
    phone, export, tmp_path, shell
):
    words = ["--serial=R5CT1234ABC", f"--litert_benchmark={phone.litert_tool}"]
    dry = started(phone, export, tmp_path / "a", *words, "--dry_run", shell=shell)
    assert dry.returncode == 0 and dry.stderr == ""
    assert (phone.home / "calls").read_text() == "" and not (tmp_path / "a").exists()
    assert started(phone, export, tmp_path / "b", *words, shell=shell).returncode == 0
    assert dry.stdout.splitlines() == (phone.home / "calls").read_text().splitlines()


def test_a_dry_run_needs_no_adb(phone, export, tmp_path):
    nowhere = tmp_path / "empty"
    nowhere.mkdir()
    done = started(phone, export, tmp_path / "a", "--dry_run", path=f"{nowhere}:/usr/bin:/bin")
    assert done.returncode == 0 and done.stdout.splitlines()[0] == "adb devices"


def test_the_report_says_which_files_are_for_the_gpu(phone, export, tmp_path):
    for name in ("isp.tflite", "model_none.tflite"):
        (export / name).write_bytes(b"TFL3" + bytes(9))
    targets = {"model.tflite": "gpu", "isp.tflite": "cpu", "model_none.tflite": "cpu"}
    files = [{"name": name, "target": target} for name, target in targets.items()]
    (export / "report.json").write_text(json.dumps({"files": files}, indent=2))
    output = tmp_path / "results"
    done = started(phone, export, output, "--backends=cpu4,gpu_cl", "--shape=1,8,8,4")
    assert done.returncode == 0, done.stderr
    assert [(row["file"], row["backend"]) for row in rows(output)] == [
        ("isp.tflite", "cpu4"),
        ("model.tflite", "cpu4"),
        ("model.tflite", "gpu_cl"),
        ("model_none.tflite", "cpu4"),
    ]
    assert "# isp.tflite: made for the CPU, not run on gpu_cl" in done.stdout
    shaped = [
        call
        for call in (phone.home / "calls").read_text().splitlines()
        if "--input_layer_shape=1,8,8,4" in call
    ]
    assert len(shaped) == 1 and "--graph=model_none.tflite" in shaped[0]


def test_without_a_report_the_name_of_the_free_size_file_tells(phone, export, tmp_path):
    (export / "model_none.tflite").write_bytes(b"TFL3")
    output = tmp_path / "results"
    assert started(phone, export, output, "--backends=gpu_cl").returncode == 0
    assert [row["file"] for row in rows(output)] == ["model.tflite"]


@pytest.mark.parametrize(
    "faults, backend, status, used",
    [
        ({"gpu": "none"}, "gpu_cl", "ran on the CPU", "XNNPACK"),
        ({"gpu": "part"}, "gpu_cl", "partly on the CPU", "OpenCL + XNNPACK"),
        ({"gpu": "gl"}, "gpu_cl", "failed (exit code 1): Can not open OpenCL library", ""),
        ({"gpu": "gl", "tool": "old"}, "gpu_cl", "ran on OpenGL", "OpenGL"),
        ({"gpu": "both", "tool": "old"}, "gpu_gl", "ran on OpenCL", "OpenCL"),
        ({"tool": "hang"}, "gpu_cl", "timed out", ""),
        ({"tool": "silent"}, "gpu_cl", "no timing in the log", ""),
        ({}, "nnapi", "ran on the CPU", "XNNPACK"),
    ],
)
def test_a_run_elsewhere_than_asked_is_told_and_the_others_go_on(
    phone, export, tmp_path, faults, backend, status, used
):
    output = tmp_path / "results"
    done = started(phone, export, output, f"--backends={backend},cpu1", **faults)
    assert done.returncode == 1
    assert f"not every file ran as asked; model.tflite {backend}: {status}" in done.stderr
    first, second = rows(output)
    assert first["status"].startswith(status) and first["used"] == used
    assert first["precision"] == {"": "", "XNNPACK": "float32"}.get(used, "float16 allowed")
    assert second["backend"] == "cpu1"
    if faults.get("tool") != "silent":
        assert second["status"] == "ok"


def test_a_crash_gives_its_exit_code_even_from_phones_that_do_not_pass_it_on(
    phone, export, tmp_path
):
    for number, fault in enumerate(("", "no_exit_codes")):
        output = tmp_path / str(number)
        done = started(phone, export, output, "--backends=gpu_cl,cpu1", tool="crash", fault=fault)
        assert done.returncode == 1
        crashed, fine = rows(output)
        assert crashed["status"] == "failed (exit code 134)"  # 128 + SIGABRT
        assert crashed["mean_ms"] == crashed["runs"] == crashed["used"] == ""
        assert fine["status"] == "ok" and fine["used"] == "XNNPACK"


def test_what_the_tools_cannot_run_is_left_out_and_named(phone, export, tmp_path):
    for name in ("model_isp.tflite", "model_none.tflite"):
        (export / name).write_bytes(b"TFL3")
    output = tmp_path / "results"
    words = [f"--litert_benchmark={phone.litert_tool}", "--backends=litert_cpu"]
    done = started(phone, export, output, *words)
    assert done.returncode == 0 and [row["file"] for row in rows(output)] == ["model.tflite"]
    assert "# model_isp.tflite: left out, benchmark_model cannot feed its 16-bit" in done.stdout
    assert "# model_none.tflite: LiteRT's tool cannot be told its size" in done.stdout


def test_nnapi_is_called_deprecated(phone, export, tmp_path):
    done = started(phone, export, tmp_path / "results", "--backends=nnapi")
    assert "NNAPI is deprecated since Android 15" in done.stderr


@pytest.mark.parametrize(
    "devices, words, message",
    [
        ("", [], "no phone: connect one by USB with USB debugging switched on"),
        ("A1\tdevice\nB2\tdevice\n", [], "several phones are connected (A1, B2): choose one with"),
        ("A1\tunauthorized\n", [], "phone A1: unauthorized; unlock it"),
        ("A1\toffline\n", [], "phone A1: offline"),
        (
            "A1\tno permissions (missing udev rules?); see [http://developer.android.com]\n",
            [],
            "phone A1: not ready, adb says 'no permissions (missing udev rules?)",
        ),
        ("A1\tdevice\n", ["--serial=C3"], "--serial=C3: not connected; adb devices lists A1"),
    ],
)
def test_a_phone_that_cannot_be_used_stops_everything(
    phone, export, tmp_path, devices, words, message
):
    (phone.home / "devices").write_text(devices)
    failed(started(phone, export, tmp_path / "results", *words), message)
    assert (phone.home / "calls").read_text() == "adb devices\n"


def test_one_of_two_phones_can_be_chosen(phone, export, tmp_path):
    (phone.home / "devices").write_text("A1\tdevice\nB2\tdevice\n")
    output = tmp_path / "results"
    assert started(phone, export, output, "--serial=B2", "--backends=cpu1").returncode == 0
    calls = (phone.home / "calls").read_text().splitlines()
    assert all(call.startswith("adb -s B2 ") for call in calls[1:])


@pytest.mark.parametrize(
    "faults, message",
    [
        ({"fault": "push:model.tflite"}, "adb cannot copy it to the phone: adb: error: failed to"),
        ({"fault": "short:model.tflite"}, "the phone has 12 of its 24 bytes; is its storage full?"),
        ({"fault": "gone:mkdir"}, "cannot make /data/local/tmp/tfisp: adb: error: closed"),
        ({"fault": "gone:getprop;"}, "stopped answering (adb: error: closed)"),
        ({"tool": "processor"}, "is it built for its processor, arm64-v8a?"),
    ],
)
def test_a_step_that_fails_stops_everything(phone, export, tmp_path, faults, message):
    failed(started(phone, export, tmp_path / "results", **faults), message)


def test_a_phone_that_goes_away_leaves_what_was_measured(phone, export, tmp_path):
    output = tmp_path / "results"
    done = started(phone, export, output, "--backends=cpu1,gpu_gl", fault="gone:gpu_backend=gl")
    failed(done, "stopped answering (adb: error: closed)")
    assert [row["backend"] for row in rows(output)] == ["cpu1"]


def test_the_two_tools_of_one_name_are_told_apart(phone, export, tmp_path):
    swapped = [f"--benchmark={phone.litert_tool}", f"--output={tmp_path / 'a'}"]
    done = phone.run("benchmark.sh", f"--export={export}", *swapped)
    failed(done, "is not TFLite's benchmark_model (LiteRT's has the same name: give that as --lit")
    done = started(phone, export, tmp_path / "b", f"--litert_benchmark={phone.tool}")
    failed(done, "is not LiteRT's benchmark_model (TFLite's has the same name: give that as --ben")


def test_results_are_never_replaced(phone, export, tmp_path):
    assert started(phone, export, tmp_path / "results", "--backends=cpu1").returncode == 0
    failed(started(phone, export, tmp_path / "results"), "already holds results")


def test_adb_that_is_not_installed_is_missed_by_name(phone, export, tmp_path):
    done = started(phone, export, tmp_path / "results", path="/usr/bin:/bin")
    if "adb: not found" not in done.stderr:
        pytest.skip("this computer has an adb of its own")
    failed(done, "adb: not found; install Android's platform-tools")


@pytest.mark.parametrize(
    "words, code, message",
    [
        (["--benchmark={tool}", "--output=x"], 2, "--export is required"),
        (["--export={export}", "--output=x"], 2, "--benchmark is required"),
        (["--export={export}", "--benchmark={tool}"], 2, "--output is required"),
        (["--export=nowhere", "--benchmark={tool}", "--output=x"], 1, "nowhere: no such folder"),
        (["--export={export}", "--benchmark=gone", "--output=x"], 1, "--benchmark=gone: no such"),
        (["--export={tmp}", "--benchmark={tool}", "--output=x"], 1, "holds no .tflite file"),
        (["{all}", "--files=mdl.tflite"], 2, "there is no mdl.tflite in"),
        (["{all}", "--backends=gpu"], 2, "--backends: 'gpu' is none of cpu1 cpu4 gpu_cl"),
        (["{all}", "--backends=litert_gpu"], 2, "give it as --litert_benchmark"),
        (["{all}", "--seconds=ten"], 2, "--seconds=ten: expected a whole number above 0"),
        (["{all}", "--shape=1,,4"], 2, "--shape=1,,4: expected whole numbers"),
        (["{all}", "--serial="], 2, "--serial= has no value"),
        (["{all}", "--fast"], 2, "unknown flag --fast"),
        (["{all}", "more"], 2, "unexpected argument 'more'"),
        (["{all}", "--library_path=/a b"], 2, "expected folders of the phone, joined by colons"),
    ],
)
def test_mistakes_get_one_line(phone, export, tmp_path, words, code, message):
    everything = [f"--export={export}", f"--benchmark={phone.tool}", "--output=x"]
    given = [
        word.format(export=export, tool=phone.tool, tmp=tmp_path, all="")
        for word in words
        if word != "{all}"
    ]
    failed(
        phone.run("benchmark.sh", *(everything if "{all}" in words else []), *given), message, code
    )
    assert (phone.home / "calls").read_text() == ""


def test_a_name_that_the_phones_shell_would_take_apart_is_refused(phone, export, tmp_path):
    (export / "a;reboot.tflite").write_bytes(b"TFL3")
    failed(started(phone, export, tmp_path / "results"), "the name may only have letters, digits")


@pytest.mark.parametrize("program", ["benchmark.sh", "check.sh"])
def test_help_shows_every_flag(phone, program, shell):
    done = phone.run(program, "--help", shell=shell)
    assert done.returncode == 0 and done.stderr == ""
    for flag in ("--export=", "--benchmark=", "--output=", "--backends=", "--dry_run"):
        assert flag in done.stdout
    assert "set -eu" not in done.stdout and "shellcheck" not in done.stdout
