"""RawCapture.kt says of a capture what the DNG of it says: compiled with stand-ins for Android."""

import hashlib
import re
import shutil
import subprocess

import numpy as np
import pytest

from tests.tflite_android.phone import HERE, SOURCES
from tests.tflite_android.test_packing import ACTIVE, write_capture
from tfisp.raw import read_raw
from tfisp.sensor import PATTERNS

CFA = ("RGGB", "GRBG", "GBRG", "BGGR")  # Camera2's numbers 0 to 3

CAMERA = {
    "cfa": [0],
    "active": [4, 2, 4 + ACTIVE[1], 2 + ACTIVE[0]],
    "array": [ACTIVE[1] + 8, ACTIVE[0] + 4],
    "image": [ACTIVE[1] + 8, ACTIVE[0] + 4],
    "stride": [2 * ACTIVE[1] + 40],
    "black": [60, 61, 62, 63],
    "white": [1023],
    "applied": [0],
    "turn": [90, 0, 1],  # sensor, device, facing: 0 front, 1 back
}


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    """The classes of RawCapture.kt, of check.kt and of the stand-ins for Android's."""
    missing = [tool for tool in ("kotlinc", "javac", "java") if not shutil.which(tool)]
    if missing:
        pytest.skip(f"needs {', '.join(missing)}, which is not here")
    folder = tmp_path_factory.mktemp("kotlin")
    stubs = folder / "stubs"
    java = sorted(str(path) for path in (HERE / "stubs").rglob("*.java"))
    subprocess.run(["javac", "-d", stubs, *java], check=True)
    kotlin = [str(SOURCES / "RawCapture.kt"), str(SOURCES / "Checksum.kt"), str(HERE / "check.kt")]
    jar = folder / "check.jar"
    subprocess.run(
        ["kotlinc", *kotlin, "-cp", str(stubs), "-include-runtime", "-d", str(jar)], check=True
    )
    return ["java", "-cp", f"{jar}:{stubs}", "tfisp.CheckKt"]


def run(compiled, **changes):
    """What check.kt prints, by name."""
    camera = CAMERA | changes
    arguments = [f"{name}={','.join(map(str, values))}" for name, values in camera.items()]
    ended = subprocess.run([*compiled, *arguments], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    return dict(line.split(" ", 1) for line in ended.stdout.splitlines())


def floats(text):
    return [float(number) for number in text.split()]


@pytest.mark.slow
@pytest.mark.parametrize("pattern", PATTERNS)
def test_the_facts_of_a_capture_are_those_of_its_dng(compiled, tmp_path, pattern):
    rggb = np.random.default_rng(1).uniform(1, 3, (2, 3, 4)).astype(np.float32)
    stored = np.random.default_rng(2).integers(60, 1023, (ACTIVE[0] + 4, ACTIVE[1] + 8))
    area = (2, 4, 2 + ACTIVE[0], 4 + ACTIVE[1])
    path = tmp_path / "capture.dng"
    write_capture(path, stored.astype(np.uint16), pattern, rggb, area, orientation=6)
    _, sensor, capture = read_raw(path)
    said = run(
        compiled,
        cfa=[CFA.index(pattern)],
        dynamic_black=[60.25, 61.5, 62.125, 63.7],  # 62.125 and, in float32, 63.7 are cut
        neutral=[4782, 10000, 6153],
        transform=[17000, -5000, -2000, -3000, 16000, -3000, 0, -6000, 16000],
        boost=[150],
        grid=[2, 3],
        map=rggb.ravel().tolist(),
    )
    assert said["pattern"] == sensor.pattern
    assert floats(said["white"]) == [sensor.white_level]
    assert np.abs(np.ravel(sensor.black_level) - floats(said["black"])).max() < 0.0101
    assert floats(said["baseline_exposure"]) == [capture.baseline_exposure]
    assert said["orientation"] == str(capture.orientation)
    gains = 1 / np.array(floats(said["neutral"]))
    np.testing.assert_array_equal(gains / gains.min(), capture.gains)
    assert floats(said["to_srgb"]) == [1.7, -0.5, -0.2, -0.3, 1.6, -0.3, 0, -0.6, 1.6]
    rows, columns, *gains = floats(said["shading"])
    assert (rows, columns) == (2, 3)
    np.testing.assert_array_equal(np.float32(gains).reshape(2, 3, 4), rggb)
    assert said["area"] == f"2 4 {ACTIVE[0]} {ACTIVE[1]}"
    assert said["strides"] == f"{CAMERA['stride'][0]} 2"
    assert said["requested"] == "2"


@pytest.mark.slow
def test_without_dynamic_levels_and_maps_the_static_ones_hold(compiled):
    said = run(compiled, image=[ACTIVE[1], ACTIVE[0]], applied=[1], grid=[1, 1], map=[2, 2, 2, 2])
    assert floats(said["black"]) == [60, 61, 62, 63]
    assert floats(said["white"]) == [1023]
    assert floats(said["neutral"]) == [0, 0, 0]
    assert floats(said["to_srgb"]) == [1, 0, 0, 0, 1, 0, 0, 0, 1]
    assert floats(said["baseline_exposure"]) == [0]
    assert floats(said["shading"]) == [0, 0]  # applied by the camera already
    assert said["area"] == f"0 0 {ACTIVE[0]} {ACTIVE[1]}"  # the buffer is the active area
    assert floats(run(compiled, dynamic_white=[1000])["white"]) == [1000]


@pytest.mark.slow
@pytest.mark.parametrize("length", [0, 1, 100_000, 200_000])
def test_a_network_is_compared_with_the_checksum_of_its_bytes(compiled, tmp_path, length):
    content, path = np.random.default_rng(0).bytes(150_000), tmp_path / "model.tflite"
    path.write_bytes(content)
    expected = hashlib.sha256(content[:length]).hexdigest()
    assert run(compiled, file=[path, length, expected])["network"] == "intact"
    path.write_bytes(bytes([content[0] ^ 1]) + content[1:])  # one bit of the first byte
    said = run(compiled, file=[path, length, expected])["network"]
    if length == 0:
        assert said == "intact"
    else:
        assert said.startswith(f"{path}: damaged: its network has not the SHA-256")


@pytest.mark.slow
def test_images_and_results_are_joined_by_time_and_lost_ones_closed(compiled):
    said = run(compiled)
    assert (said["joined"], said["open"]) == ("2 3", "0")


@pytest.mark.slow
@pytest.mark.parametrize(
    "sensor, device, front, orientation",
    [
        (90, 0, False, 6),
        (90, 90, False, 3),
        (90, 180, False, 8),
        (90, 270, False, 1),
        (90, 350, False, 6),
        (90, -1, False, 6),
        (270, 0, True, 8),
        (270, 90, True, 3),
        (270, 270, True, 1),
        (0, 46, False, 6),
    ],
)
def test_orientation_follows_sensor_and_device(compiled, sensor, device, front, orientation):
    said = run(compiled, turn=[sensor, device, 0 if front else 1])
    assert said["orientation"] == str(orientation)


def test_the_stand_ins_declare_only_what_is_used():
    used = (SOURCES / "RawCapture.kt").read_text() + (HERE / "check.kt").read_text()
    for path in (HERE / "stubs").rglob("*.java"):
        for name in re.findall(r"static final \S+ (\w+) =", path.read_text()):
            assert name in used, f"{path.name}: {name}"
