"""The command line that all programs share, tried with a small program of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from absl import flags as absl_flags

from tfisp import __version__, cli
from tfisp.cli import flagfile, flags
from tfisp.errors import InputError, UsageError
from tfisp.files import write_text

ROOT = Path(__file__).resolve().parents[2]


def define(values):
    flags.path(values, "work_dir", None, "The run's folder.", required=True)
    flags.integer(values, "steps", 10, "How many steps.", minimum=1)
    flags.integers(values, "parts", (1,), "Some numbers.", minimum=1)
    flags.number(values, "rate", 1e-4, "The learning rate.", minimum=0, maximum=1)
    flags.choice(values, "recipe", "unpaired", ("pretrain", "unpaired"), "The recipe.")
    flags.names(values, "metrics", ("psnr",), "What to measure.", choices=("psnr", "ssim"))
    flags.size(values, "size", (1088, 1920), "The image size.")
    flags.boolean(values, "dry_run", False, "Only print the plan.")
    flags.text(values, "note", None, "A note.")


def run(*words, main=None, arguments=""):
    """The exit code, and what `main` was given (None if it was not reached)."""
    given = []

    def record(values, positional):
        given.append((values.flag_values_dict(), positional))

    code = cli.run(
        define, main or record, "Tries things.", words, arguments=arguments, tensorflow=False
    )
    return code, given[0] if given else None


def error_of(capsys, *words):
    """The single error line of a command that must exit with 2."""
    code, given = run(*words)
    lines = capsys.readouterr().err.splitlines()
    assert code == 2 and given is None and len(lines) == 1
    return lines[0].partition(": error: ")[2]


def test_values_are_converted_and_later_flags_win():
    code, (values, _) = run(
        "--work_dir=~/x",
        "--steps",
        "5",
        "-steps=6",
        "--metrics= psnr, ssim",
        "--size=10x20",
        "--parts=3,4",
    )
    assert code == 0
    assert values["work_dir"] == os.path.expanduser("~/x")
    assert values["steps"] == 6
    assert values["metrics"] == ("psnr", "ssim")
    assert values["size"] == (10, 20)
    assert values["parts"] == (3, 4)


@pytest.mark.parametrize(
    "word, expected",
    [
        ("--dry_run", True),
        ("--nodry_run", False),
        ("--dry_run=true", True),
        ("--dry_run=false", False),
    ],
)
def test_a_switch_has_four_spellings(word, expected):
    assert run("--work_dir=x", word)[1][0]["dry_run"] is expected


def test_positional_arguments_may_stand_anywhere_and_follow_a_double_dash():
    code, (_, positional) = run("a.dng", "--work_dir=x", "b.dng", "--", "--c.dng", arguments="FILE")
    assert code == 0 and positional == ["a.dng", "b.dng", "--c.dng"]


@pytest.mark.parametrize(
    "word, message",
    [
        ("--stps=3", "unknown flag --stps; did you mean --steps?"),
        ("--nodryrun", "unknown flag --nodryrun; did you mean --nodry_run or --dry_run?"),
        ("--xyzzy", "unknown flag --xyzzy; see --help"),
        ("--steps", "--steps has no value: write --steps=VALUE"),
        ("--steps=0", "--steps=0: expected an integer of at least 1"),
        ("--steps=many", "--steps=many: expected an integer of at least 1"),
        ("--steps=", "--steps=: expected an integer of at least 1"),
        ("--rate=2", "--rate=2: expected a number from 0 to 1"),
        ("--rate=nan", "--rate=nan: expected a number from 0 to 1, finite"),
        ("--recipe=unpared", "--recipe=unpared: unknown; did you mean unpaired?"),
        ("--metrics=psnr,sim", "--metrics=sim: unknown; did you mean ssim?"),
        ("--metrics=psnr,psnr", "--metrics=psnr,psnr: 'psnr' is there twice"),
        ("--metrics=psnr,,", "--metrics=psnr,,: there is an empty name between the commas"),
        ("--parts=3,0", "--parts=3,0: expected a comma list of integers of at least 1"),
        ("--parts=", "--parts=: expected a comma list of integers of at least 1"),
        ("--size=1088", "--size=1088: expected HEIGHTxWIDTH in pixels, as in 1088x1920"),
        ("--size=0x8", "--size=0x8: expected HEIGHTxWIDTH in pixels, as in 1088x1920"),
        ("--dry_run=maybe", "--dry_run=maybe: expected true or false"),
        ("--nodry_run=1", "--nodry_run takes no value: write --nodry_run or --dry_run=false"),
        ("--work_dir=", "--work_dir=: the path is empty (an unset shell variable?)"),
        ("", "there is an empty argument (an unset shell variable?)"),
        ("stray", "unexpected argument 'stray': flags have the form --name=value"),
        ("--flagfile=", "--flagfile has no file name"),
    ],
)
def test_a_wrong_command_line_gets_one_line_and_exit_2(capsys, word, message):
    assert error_of(capsys, "--work_dir=x", word) == message


def test_a_flag_does_not_swallow_the_next_one_as_its_value(capsys):
    assert error_of(capsys, "--work_dir", "--steps=3").startswith("--work_dir has no value")


def test_a_required_flag_is_asked_for(capsys):
    assert error_of(capsys) == "--work_dir is required"


def test_a_flag_file_is_read_from_the_current_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("a.flags").write_bytes(
        b"\xef\xbb\xbf# a comment\r\n\r\n  --steps=3\r\n--flagfile=b.flags\r\n"
    )
    Path("b.flags").write_text("--work_dir=from b")
    code, (values, _) = run("--flagfile=a.flags")
    assert code == 0 and values["steps"] == 3 and values["work_dir"] == "from b"
    assert run("--flagfile", "a.flags", "--steps=4")[1][0]["steps"] == 4
    assert run("--steps=4", "--flagfile", "a.flags")[1][0]["steps"] == 3


def test_a_nested_flag_file_may_lie_beside_the_outer_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("folder").mkdir()
    Path("folder/a.flags").write_text("--flagfile=b.flags")
    Path("folder/b.flags").write_text("--work_dir=here")
    assert run("--flagfile=folder/a.flags")[1][0]["work_dir"] == "here"


def test_a_flag_file_of_the_package_is_found_from_anywhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    package = tmp_path / "package"
    package.mkdir()
    (package / "own.flags").write_text("--work_dir=packaged")
    monkeypatch.setattr(flagfile, "PACKAGED", package)
    assert run("--flagfile=own.flags")[1][0]["work_dir"] == "packaged"
    Path("own.flags").write_text("--work_dir=local")
    assert run("--flagfile=own.flags")[1][0]["work_dir"] == "local"


def test_a_missing_flag_file_is_named_with_the_close_ones(tmp_path, monkeypatch):
    (tmp_path / "unpaired.flags").touch()
    monkeypatch.setattr(flagfile, "PACKAGED", tmp_path)
    with pytest.raises(
        UsageError, match=r"'unpared.flags' is neither .*did you mean unpaired.flag"
    ):
        flagfile.expand(["--flagfile=unpared.flags"])


@pytest.mark.parametrize(
    "line, fault",
    [
        ("--rate=5e-4  # from the paper", "a comment must stand on a line of its own"),
        ("--dry_run # no", "a comment must stand on a line of its own"),
        ('--note="quoted"', "quotes are not removed"),
        ("--steps 3", "without blanks around the name"),
        ("--steps = 3", "without blanks around the name"),
        ("steps=3", "expected --name=value"),
        ("--steps=zero", "--steps=zero: expected an integer"),
        ("--stps=3", "unknown flag --stps; did you mean --steps?"),
        ("--steps", "--steps has no value"),
        ("--flagfile=gone.flags", "flag file 'gone.flags' is neither"),
        ("--flagfile=bad.flags", "flag file 'bad.flags' includes itself"),
    ],
)
def test_a_faulty_line_of_a_flag_file_is_named(capsys, tmp_path, monkeypatch, line, fault):
    monkeypatch.chdir(tmp_path)
    Path("bad.flags").write_text(f"# first\n--work_dir=x\n{line}\n--note=last")
    message = error_of(capsys, "--flagfile=bad.flags")
    assert message.startswith("bad.flags:3: ") and fault in message


@pytest.mark.parametrize(
    "value",
    ["/data/roll #3", "a#b", "#1", r"a \# b", r"a\\ # \#", "blanks  and\u2028lines", "caf\udce9"],
)
def test_any_value_survives_being_written_as_a_flag_file(tmp_path, value):
    def main(values, positional):
        write_text(tmp_path / "flags.txt", flagfile.write(values))

    run(f"--work_dir={value}", "--dry_run", "--note=n", main=main)
    _, (values, _) = run(f"--flagfile={tmp_path / 'flags.txt'}")
    assert values["work_dir"] == value and values["dry_run"] and values["note"] == "n"
    assert values["steps"] == run("--work_dir=x")[1][0]["steps"]


def test_flag_files_may_be_nested_but_not_without_end(capsys, tmp_path):
    for index in range(2000):
        (tmp_path / f"{index}.flags").write_text(f"--flagfile={index + 1}.flags")
    (tmp_path / "2000.flags").write_text("--work_dir=x")
    assert run(f"--flagfile={tmp_path / '1985.flags'}")[0] == 0
    error = error_of(capsys, f"--flagfile={tmp_path / '0.flags'}")
    assert error == "19.flags:1: flag file '20.flags' is nested more than 20 deep"
    assert "'" + "n" * 300 + "' is neither" in error_of(capsys, f"--flagfile={'n' * 300}")


def test_a_flag_knows_whether_it_was_typed(tmp_path):
    (tmp_path / "a.flags").write_text("--steps=3\n--note=n")

    def main(values, positional):
        found.update({name: flags.typed(values, name) for name in ("steps", "note", "work_dir")})
        found["rate"] = flags.typed(values, "rate")

    found = {}
    run(f"--flagfile={tmp_path / 'a.flags'}", "--steps=4", "--work_dir", "x", main=main)
    assert found == {"steps": True, "note": False, "work_dir": True, "rate": False}


def test_commas_belong_to_paths_that_exist(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for name in ("a,b", "a,b,c", "d"):
        Path(name).touch()
    values = absl_flags.FlagValues()
    flags.paths(values, "model", (), "Models.")
    for text, expected in (
        ("a,b", ("a,b",)),
        ("d,a,b,c,d2", ("d", "a,b,c", "d2")),
        ("x,y", ("x", "y")),
        ("~/m", (os.path.expanduser("~/m"),)),
        ("", ()),
    ):
        values(["program", f"--model={text}"])
        assert values.model == expected
    for wrong in ("a,,b", "d,d", "a\nb"):
        with pytest.raises(absl_flags.IllegalFlagValueError, match="--model"):
            values(["program", f"--model={wrong}"])


def test_a_flag_file_that_is_no_text_is_refused(capsys, tmp_path):
    (tmp_path / "x.flags").write_bytes(b"\xff\xfe\x00\x81")
    assert "not a text file" in error_of(capsys, f"--flagfile={tmp_path / 'x.flags'}")
    assert "Is a directory" in error_of(capsys, f"--flagfile={tmp_path}")


def test_help_lists_every_flag_with_its_default_before_anything_is_checked(capsys):
    code, given = run("--steps=wrong", "--help")
    shown = capsys.readouterr().out
    assert code == 0 and given is None
    for expected in (
        "Tries things.",
        "--work_dir",
        "(required)",
        "Default: 1088x1920",
        "[no]dry_run",
    ):
        assert expected in shown


def test_version_is_printed(capsys):
    assert run("--version")[0] == 0
    assert __version__ in capsys.readouterr().out


@pytest.mark.parametrize(
    "error, code, line",
    [
        (InputError("a.dng: broken\n  at byte 3"), 1, "error: a.dng: broken at byte 3"),
        (UsageError("--model and --run exclude each other"), 2, "error: --model and --run"),
        (OSError(28, "No space left on device", "out.png"), 1, "error: out.png: No space left"),
        (OSError(28, "No space left on device"), 1, "error: No space left on device"),
        (MemoryError(), 1, "error: out of memory"),
        (KeyboardInterrupt(), 130, "interrupted"),
    ],
)
def test_a_failure_becomes_one_line_and_an_exit_code(capsys, error, code, line):
    def main(values, positional):
        raise error

    assert run("--work_dir=x", main=main)[0] == code
    shown = capsys.readouterr().err.strip()
    assert line in shown and "\n" not in shown


def test_a_full_disk_met_by_tensorflow_is_one_line(capsys):
    import tensorflow as tf

    def main(values, positional):
        message = "{{function_node __wrapped__SaveV2_}} a/b; No space left on device [Op:SaveV2]"
        raise tf.errors.ResourceExhaustedError(None, None, message)

    assert run("--work_dir=x", main=main)[0] == 1
    assert capsys.readouterr().err.endswith(": error: a/b; No space left on device\n")


def test_a_defect_keeps_its_traceback():
    def main(values, positional):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run("--work_dir=x", main=main)


def test_flags_can_be_written_out_and_read_back(tmp_path):
    def main(values, positional):
        (tmp_path / "resolved.flags").write_text(values.flags_into_string())

    run("--work_dir=x", "--metrics=ssim,psnr", "--size=2x4", "--parts=5,6", "--dry_run", main=main)
    _, (values, _) = run(f"--flagfile={tmp_path / 'resolved.flags'}")
    assert values["metrics"] == ("ssim", "psnr") and values["parts"] == (5, 6)
    assert values["size"] == (2, 4) and values["dry_run"]


def python(code, **environment):
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, **environment},
        check=False,
    )


def test_importing_tfisp_loads_no_heavy_module():
    code = """
import sys, tfisp
heavy = [name for name in ("tensorflow", "keras", "rawpy", "cv2", "numpy") if name in sys.modules]
assert not heavy, heavy
assert tfisp.Sensor.__name__ == "Sensor" and "Sensor" in dir(tfisp)
heavy = [name for name in ("tensorflow", "keras", "rawpy") if name in sys.modules]
assert not heavy, heavy
"""
    result = python(code)
    assert result.returncode == 0, result.stderr


PROGRAMS = (
    "doctor",
    "evaluate",
    "export",
    "inspect_raw",
    "look",
    "prepare",
    "process",
    "report",
    "train",
    "web",
)


@pytest.mark.parametrize("program", PROGRAMS)
def test_help_of_each_program_loads_no_heavy_module(program):
    code = f"""
import sys
from tfisp import {program}
assert {program}.run(["--help"]) == 0
heavy = [name for name in ("tensorflow", "keras", "rawpy", "colour") if name in sys.modules]
assert not heavy, heavy
"""
    result = python(code)
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith(f"usage: python -m tfisp.{program}")


def test_the_renderer_is_named_without_loading_tensorflow():
    code = "import sys, tfisp; tfisp.rendering.load; assert 'tensorflow' not in sys.modules"
    assert python(code).returncode == 0


REQUIRE = """
from tfisp import backend
from tfisp.errors import InputError
try:
    backend.require_tensorflow()
except InputError as error:
    print(error)
"""


def test_another_keras_backend_is_refused(tmp_path):
    assert "KERAS_BACKEND" in python(REQUIRE, KERAS_BACKEND="torch").stdout
    (tmp_path / "keras.json").write_text('{"backend": "jax"}')
    assert "keras.json" in python(REQUIRE, KERAS_HOME=str(tmp_path), KERAS_BACKEND="").stdout
    settings = {"KERAS_HOME": str(tmp_path), "KERAS_BACKEND": "tensorflow"}
    assert python(REQUIRE, **settings).stdout == ""


def test_channels_first_is_refused(tmp_path):
    (tmp_path / "keras.json").write_text('{"image_data_format": "channels_first"}')
    assert "channels_first" in python(REQUIRE, KERAS_HOME=str(tmp_path)).stdout


def test_a_broken_keras_json_counts_as_none(tmp_path):
    (tmp_path / "keras.json").write_text("{")
    assert python(REQUIRE, KERAS_HOME=str(tmp_path)).stdout == ""


def test_a_closed_pipe_is_no_error(tmp_path):
    program = tmp_path / "program.py"
    program.write_text("""
import sys
from tfisp import cli
def main(values, arguments):
    for _ in range(100000):
        print("a line")
sys.exit(cli.run(lambda values: None, main, "", [], tensorflow=False))
""")
    result = subprocess.run(
        ["bash", "-c", f"'{sys.executable}' '{program}' | head -n 1"],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert result.stdout == "a line\n" and result.stderr == ""


PRINTS = """
import sys
from tfisp import cli
from tfisp.cli.progress import Progress
def main(values, arguments):
    Progress()(1, 1, "files")
    print("a line")
code = cli.run(lambda values: None, main, "", [], tensorflow=False)
open(sys.argv[1], "w").write(str(code))
sys.exit(code)
"""


@pytest.mark.parametrize(
    ("redirection", "code", "error"),
    [
        (">&-", "0", ""),
        (">&- 2>&-", "0", ""),
        ("> /dev/full", "1", "program: error: standard output: No space left on device\n"),
    ],
)
def test_output_that_goes_nowhere_is_no_traceback(tmp_path, redirection, code, error):
    (tmp_path / "program.py").write_text(PRINTS)
    result = subprocess.run(
        ["bash", "-c", f"'{sys.executable}' program.py '{tmp_path / 'code'}' {redirection}"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert (tmp_path / "code").read_text() == code
    assert result.stderr == error and result.returncode == int(code)


def test_a_file_that_grows_too_large_for_tensorflow_is_one_line(capsys):
    import tensorflow as tf

    def main(values, positional):
        message = "{{function_node __wrapped__SaveV2_}} a/b; File too large [Op:SaveV2]"
        raise tf.errors.OutOfRangeError(None, None, message)

    assert run("--work_dir=x", main=main)[0] == 1
    assert capsys.readouterr().err.endswith(": error: a/b; File too large\n")
