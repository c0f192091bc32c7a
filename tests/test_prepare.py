"""The program `tfisp.prepare`: what it writes, whoever reads it, whenever it is killed."""

import csv
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageOps

from tests.helpers.pair_files import WHITE
from tests.helpers.prepared_files import PATCH, write_photographs, write_raws
from tfisp import prepare
from tfisp.data import DataConfig, open_dataset
from tfisp.data.images import read_photograph


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("folders")
    write_raws(root / "raw")
    (root / "raw" / "broken.npy").write_bytes(b"\x93NUMPY")
    write_photographs(root / "look")
    return root


def words(folders, output, *more):
    sides = (f"--raw_dir={folders / 'raw'}", f"--target_dir={folders / 'look'}")
    return [*sides, f"--output={output}", f"--patch_size={PATCH}", "--workers=1", *more]


@pytest.fixture(scope="module")
def prepared(folders, tmp_path_factory):
    output = tmp_path_factory.mktemp("prepared") / "out"
    assert prepare.run(words(folders, output)) == 0
    return output


def contents(folder):
    """Every file but what is known of sources, by name."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def records(folder, role):
    """What TensorFlow reads of a role's shards."""
    paths = sorted(str(path) for path in folder.glob(f"{role}-*.tfrecord"))
    arrays = ("mosaic", "reference", "sensor", "capture") if role == "raw" else ("target",)
    asked = dict.fromkeys((*arrays, "source"), tf.io.FixedLenFeature([], tf.string))
    numbers = ("top", "left", "height", "width")
    asked |= dict.fromkeys(numbers, tf.io.FixedLenFeature([], tf.int64))
    for record in tf.data.TFRecordDataset(paths):
        found = tf.io.parse_single_example(record, asked)
        yield {name: value.numpy() for name, value in found.items()}


def array(data, *shape):
    return np.frombuffer(data, "<u2").reshape(shape)


def test_raw_patches_are_upright_and_begin_on_red(folders, prepared):
    seen = set()
    for record in records(prepared, "raw"):
        number = int(record["source"].decode().split(".")[0])
        stored = Image.fromarray(np.load(folders / "raw" / f"{number}.npy").astype(np.int32))
        stored.getexif()[0x0112] = number % 8 + 1
        turned = np.asarray(ImageOps.exif_transpose(stored))
        top, left = record["top"], record["left"]
        patch = array(record["mosaic"], PATCH, PATCH)
        np.testing.assert_array_equal(patch, turned[top : top + PATCH, left : left + PATCH])
        # The reference's red at red sites is the sample itself, balanced and encoded.
        reference = array(record["reference"], PATCH, PATCH, 3) / 65535
        linear = np.clip((patch[::2, ::2] - 64.0) / (WHITE - 64) * 2.0, 0, 1)
        encoded = np.where(linear > 0.0031308, 1.055 * linear ** (1 / 2.4) - 0.055, 12.92 * linear)
        np.testing.assert_allclose(reference[::2, ::2, 0], encoded, atol=2e-5)
        assert json.loads(record["sensor"])["pattern"] == "RGGB"
        capture = json.loads(record["capture"])
        assert (capture["iso"], capture["orientation"]) == (100 if number else 1600, 1)
        seen.add((number, int(top), int(left)))
    assert len(seen) == 8 * 2 * 3


def test_references_are_those_of_whole_files(folders, prepared, tmp_path):
    paths = {"raw_dir": str(folders / "raw"), "cache_dir": str(tmp_path)}
    config = DataConfig("folders", **paths, patch_size=PATCH, on_bad_file="skip")
    whole = open_dataset(config).raw.frames[0].load()
    found = [item for item in records(prepared, "raw") if item["source"] == b"0.npy"]
    assert len(found) == 6
    for record in found:
        top, left = record["top"], record["left"]
        expected = whole.reference[top : top + PATCH, left : left + PATCH]
        np.testing.assert_array_equal(array(record["reference"], PATCH, PATCH, 3), expected)


def test_photographs_are_halved_in_linear_light(folders, prepared):
    sources = set()
    for record in records(prepared, "target"):
        source = record["source"].decode()
        picture = read_photograph(folders / "look" / source) / 65535
        linear = np.where(picture > 0.04045, ((picture + 0.055) / 1.055) ** 2.4, picture / 12.92)
        mean = linear.reshape(64, 2, 64, 2, 3).mean((1, 3))
        encoded = np.where(mean > 0.0031308, 1.055 * mean ** (1 / 2.4) - 0.055, 12.92 * mean)
        top, left = record["top"], record["left"]
        np.testing.assert_allclose(
            array(record["target"], PATCH, PATCH, 3) / 65535,
            encoded[top : top + PATCH, left : left + PATCH],
            atol=2e-5,
        )
        sources.add(source)
    assert sources == {f"{number}.png" for number in range(4)}


def test_what_is_left_out_is_listed_and_counted(prepared):
    with open(prepared / "left_out.csv", newline="") as file:
        found = {row["file"]: row["fault"] for row in csv.DictReader(file)}
    faults = {name: name for name in ("monochrome", "clipped", "dark_or_bright", "blurred", "tiny")}
    expected = {f"{name}.png": fault for name, fault in (faults | {"copy": "duplicate"}).items()}
    assert found == expected | {"broken.npy": "unreadable"}
    described = json.loads((prepared / "prepared.json").read_text())
    assert described["left_out"]["target"] == dict.fromkeys(expected.values(), 1)
    assert described["left_out"]["raw"] == {"unreadable": 1}


def test_patches_are_shared_out_among_iso_and_time(folders, tmp_path, capsys):
    given = words(
        folders, tmp_path / "out", "--raw_patches=8", "--target_patches=5", "--shard_mb=1"
    )
    assert prepare.run([*given, "--dry_run"]) == 0
    told = capsys.readouterr().out
    assert "ISO 100, 1/64 s: 4 of 42 patches" in told
    assert "ISO 1600, 1/4 s: 4 of 6 patches" in told
    assert "target: 5 patches of 32 from 4 files in 1 shards" in told
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["survey"]


def start(folders, output, *more):
    command = [sys.executable, "-m", "tfisp.prepare", *words(folders, output, *more)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def children(pid):
    """Processes whose parent is `pid`."""
    found = []
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{entry}/stat") as file:
                parent = int(file.read().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if parent == pid:
            found.append(int(entry))
    return found


def wait_for(condition, process):
    """Waits until something is so while a program runs."""
    for _ in range(3000):
        if result := condition():
            return result
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.01)
    raise AssertionError("waited in vain")


def test_killed_workers_and_programs_cost_only_what_they_worked_on(folders, tmp_path):
    # Shards of three files: a file holds 256 patches of this size, and 1 MB 488.
    write_raws(tmp_path / "raw", 12, (128, 128))
    given = (f"--raw_dir={tmp_path / 'raw'}", "--patch_size=8", "--workers=2", "--shard_mb=1")
    given += ("--target_patches=10",)
    output = tmp_path / "out"

    def surveyed():
        return len(list((output / "survey").rglob("*.json")))

    def made():
        return len(list(output.glob("*.json")))

    first = start(folders, output, *given)
    wait_for(surveyed, first)
    os.kill(max(children(first.pid)), signal.SIGKILL)
    assert first.wait(60) == 1
    assert "a worker process was killed" in first.stderr.read()
    second = start(folders, output, *given)
    wait_for(lambda: made() > 1, second)  # beside plan.json
    workers = children(second.pid)
    second.kill()
    second.wait()
    deadline = time.monotonic() + 20
    while any(os.path.exists(f"/proc/{pid}") for pid in workers):
        assert time.monotonic() < deadline, "orphans"
        time.sleep(0.05)
    kept = {path: path.stat().st_mtime_ns for path in output.glob("*-of-*.json")}
    assert prepare.run(words(folders, output, *given, "--workers=1")) == 0
    assert kept == {path: path.stat().st_mtime_ns for path in kept}
    assert prepare.run(words(folders, tmp_path / "again", *given, "--workers=1")) == 0
    assert contents(output) == contents(tmp_path / "again")
    assert not list(output.glob(".*"))


def test_another_set_is_not_mixed_in(folders, prepared, tmp_path, capsys):
    before = contents(prepared)
    assert prepare.run(words(folders, prepared)) == 0
    assert "0 of 2 shards made now" in capsys.readouterr().out
    assert prepare.run(words(folders, prepared, "--target_scale=3", "--seed=1")) == 1
    assert "(--target_scale; --seed); choose another folder" in capsys.readouterr().err
    np.save(tmp_path / "x.npy", np.load(folders / "raw" / "0.npy"))
    assert prepare.run(words(folders, prepared, f"--raw_dir={tmp_path}", "--sensor=demo")) == 1
    told = capsys.readouterr().err
    assert "raw: 1 added (x.npy), 9 removed" in told and "--sensor" in told
    assert contents(prepared) == before


def test_damage_is_found(folders, prepared, tmp_path, capsys):
    copy = tmp_path / "copy"
    copy.mkdir()
    for name, data in contents(prepared).items():
        (copy / name).write_bytes(data)
    assert prepare.run([f"--output={copy}", "--verify"]) == 0
    path = copy / "target-00000-of-00001.tfrecord"
    data = bytearray(path.read_bytes())
    data[-2000] ^= 4
    path.write_bytes(data)
    assert prepare.run([f"--output={copy}", "--verify"]) == 1
    assert f"{path}: damaged, its checksum is another" in capsys.readouterr().err
    path.write_bytes(data[:-1])
    assert prepare.run([f"--output={copy}", "--verify"]) == 1
    assert f"{path}: has {len(data) - 1} bytes" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("changed", "code", "message"),
    [
        (("--raw_dir=", "--target_dir="), 2, "the path is empty"),
        (("--patch_size=31",), 2, "--patch_size=31: must be even"),
        (("--reference=published",), 2, "--reference=published: unknown; known: menon2007"),
        (("--keep=tiny",), 2, "--keep=tiny: unknown"),
        (("--engine=local", "--beam_options=x"), 2, "--beam_options: has no effect"),
        (("--raw_dir=nowhere",), 1, "--raw_dir=nowhere: no such folder"),
        (("--sensor=nothing",), 1, "--sensor=nothing: "),
        (("--patch_size=128",), 1, "none of the RAW files is usable"),
        (("--on_bad_file=stop",), 1, "broken.npy"),
    ],
)
def test_mistakes_are_told_in_a_line(folders, tmp_path, capsys, changed, code, message):
    assert prepare.run(words(folders, tmp_path / "out", *changed)) == code
    told = capsys.readouterr().err
    assert message in told and "Traceback" not in told


def test_one_at_a_time(folders, prepared, capsys):
    from tfisp.training.run_lock import held

    with held(prepared, "output"):
        assert prepare.run(words(folders, prepared)) == 1
    assert f"--output={prepared}: process {os.getpid()}" in capsys.readouterr().err
