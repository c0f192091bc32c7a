"""A camera simulated from its own RAW files: captures have the levels, gains and noise of these."""

import cv2
import numpy as np
import pytest

from tests.helpers.dngs import write_dng
from tfisp.data import open_dataset
from tfisp.data.images import to_float
from tfisp.data.measured_camera import measure_camera
from tfisp.errors import InputError

BLACK, WHITE = ((60, 64), (62, 58)), 1023
MATRIX = ((0.7, -0.1, -0.1), (-0.4, 1.2, 0.2), (-0.05, 0.2, 0.6))


def write_capture(path, neutral, shot=2e-3, read=1e-5, *, stated=True, pattern="GRBG", **facts):
    """A DNG of a ramp with noise of variance shot x + read, which its NoiseProfile states."""
    path.parent.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(0)
    ramp = np.tile(np.linspace(0.02, 0.9, 640), (480, 1))
    ramp += np.sqrt(shot * ramp + read) * random.normal(size=ramp.shape)
    black = np.tile(BLACK, (240, 320))
    mosaic = np.rint(np.clip(black + ramp * (WHITE - black), 0, WHITE)).astype(np.uint16)
    noise = (shot, read) if stated else None
    facts = {"matrices": {21: MATRIX}, **facts}
    return write_dng(
        path,
        mosaic,
        pattern=pattern,
        black=BLACK,
        white=WHITE,
        neutral=neutral,
        noise=noise,
        **facts,
    )


@pytest.fixture
def photographs(tmp_path):
    """Even grey surfaces, four levels side by side."""
    picture = np.repeat(np.array([60, 120, 160, 200], np.uint8), 64)[None].repeat(256, 0)
    for k in range(4):
        (tmp_path / "photos").mkdir(exist_ok=True)
        picture = np.roll(picture, 1, axis=1)  # no two files alike
        cv2.imwrite(str(tmp_path / "photos" / f"{k}.png"), picture)
    return tmp_path / "photos"


@pytest.fixture
def opened(config, photographs):
    return lambda sensor, **options: open_dataset(
        config("unprocessed", raw_dir=photographs, sensor=str(sensor), **options)
    )


def all_frames(dataset):
    return [*dataset.raw.frames, *(f for p in dataset.pairs.values() for f in p.frames)]


def test_captures_are_those_of_the_file(tmp_path, opened):
    path = write_capture(tmp_path / "phone.dng", (0.5, 1, 0.625))
    dataset = opened(path)
    for frame in all_frames(dataset):
        assert frame.sensor.pattern == "GRBG"
        assert frame.sensor.black_level == BLACK
        assert frame.sensor.white_level == WHITE
        np.testing.assert_allclose(frame.sensor.xyz_to_camera, MATRIX)
        np.testing.assert_allclose(frame.capture.gains, (2, 1, 1.6), rtol=1e-6)
        np.testing.assert_allclose(frame.capture.noise, (2e-3, 1e-5))
        scene = frame.load(target=True)
        # The classical rendering, which knows that sensor, comes back to the photograph.
        patches = [to_float(image[16:112, 4:28]) for image in (scene.reference, scene.target)]
        assert np.abs(patches[0].mean((0, 1)) - patches[1].mean((0, 1))).max() < 0.01
    assert dataset.sensor.default_gains == pytest.approx((2, 1, 1.6))
    (note,) = (note for note in dataset.notes if "measured" in note)
    assert note.endswith(
        "1 RAW files measured; shot noise 0.002 to 0.002; gains R 2.00 to 2.00, B 1.60 to 1.60"
    )


@pytest.mark.parametrize("stated", [True, False])
def test_captures_have_the_noise_of_the_file(tmp_path, opened, stated):
    shot, read = 4e-3, 4e-5
    path = write_capture(tmp_path / "a.dng", (0.5, 1, 0.625), shot, read, stated=stated)
    frame = opened(path).raw.frames[0]
    mosaic = frame.load(reference=False).mosaic.astype(float)
    for row, column in np.ndindex(2, 2):
        plane = mosaic[row::2, column::2]
        black = BLACK[row][column]
        for patch in (plane[:, 20:28], plane[:, 36:44]):  # of one level each
            light = (patch - black) / (WHITE - black)
            wanted = shot * light.mean() + read
            assert light.var() == pytest.approx(wanted, rel=0.25)


def test_gains_and_noise_spread_as_the_files_do(tmp_path):
    """Between two files, anywhere and with equal chance in their logarithms."""
    write_capture(tmp_path / "raw" / "day.dng", (0.4, 1, 0.7), 1e-3, 1e-6)
    write_capture(tmp_path / "raw" / "sub" / "lamp.dng", (0.8, 1, 0.35), 1e-2, 1e-4)
    camera = measure_camera(str(tmp_path / "raw"), str(tmp_path / "cache"))
    random = np.random.default_rng(0)
    drawn = [camera.draw(random) for _ in range(400)]
    red = np.log([item.gains[0] for item in drawn])
    assert np.exp(red.min()) == pytest.approx(1.25, rel=0.01)
    assert np.exp(red.max()) == pytest.approx(2.5, rel=0.01)
    assert red.mean() == pytest.approx(np.log(1.25 * 2.5) / 2, abs=0.04)
    for item in drawn:  # one place between both, for gains and noise alike
        place = np.log(item.gains[0] / 2.5) / np.log(1.25 / 2.5)
        assert item.noise.shot == pytest.approx(1e-3 * 10**place, rel=1e-3)
        assert item.noise.read == pytest.approx(1e-6 * 100**place, rel=1e-3)
        assert item.gains[2] == pytest.approx((1 / 0.7) * 2**place, rel=1e-3)


def test_baseline_exposure_darkens_the_samples_and_not_the_picture(tmp_path, opened):
    path = write_capture(tmp_path / "a.dng", (0.5, 1, 0.625), 0, 0, baseline_exposure=1.0)
    plain = write_capture(tmp_path / "b.dng", (0.5, 1, 0.625), 0, 0)
    (dark, exposed), (light, _) = (
        next((f.load(target=True), f) for f in all_frames(opened(source)))
        for source in (path, plain)
    )
    assert exposed.capture.baseline_exposure == 1
    black = np.tile(BLACK, (dark.mosaic.shape[0] // 2, dark.mosaic.shape[1] // 2))
    np.testing.assert_allclose(dark.mosaic - black, (light.mosaic - black) / 2, atol=1)
    error = np.abs(to_float(dark.reference)[4:-4, 4:28] - to_float(dark.target)[4:-4, 4:28])
    assert np.median(error) < 0.01


def test_typed_flags_and_other_files_make_other_captures(tmp_path, opened):
    path = write_capture(tmp_path / "a.dng", (0.5, 1, 0.625))
    first = opened(path).manifest()
    assert opened(path).manifest() == first
    write_capture(path, (0.5, 1, 0.7))
    measure_camera.cache_clear()  # as in another process
    contents = [[file["content"] for file in files] for files in (first, opened(path).manifest())]
    assert contents[0] != contents[1]
    frame = opened(path, illuminant="3,1,1.2", noise="none").raw.frames[0]
    assert frame.gains == (3, 1, 1.2) and frame.noise == (0, 0)
    withheld = opened(path, metadata="withheld").raw.frames[0]
    assert withheld.capture.gains is None and withheld.sensor.xyz_to_camera is None


def test_several_sensors_stay_apart_and_are_told(tmp_path, opened):
    write_capture(tmp_path / "raw" / "a.dng", (0.5, 1, 0.6))
    write_capture(tmp_path / "raw" / "b.dng", (0.5, 1, 0.6), pattern="BGGR")
    dataset = opened(tmp_path / "raw")
    assert any("2 sensors; each capture is of one of them" in note for note in dataset.notes)
    assert {f.sensor.pattern for f in all_frames(dataset)} <= {"GRBG", "BGGR"}
    assert len(dataset.raw.read_pair(0, (0,))) == 3


def test_files_without_white_balance_take_that_of_daylight(tmp_path, opened):
    path = write_capture(tmp_path / "a.dng", None)
    dataset = opened(path)
    assert any("those of daylight are drawn" in note for note in dataset.notes)
    assert 1.9 <= dataset.raw.frames[0].gains[0] <= 2.4


def test_what_cannot_be_measured_is_refused_or_left_out(tmp_path, opened, config):
    write_capture(tmp_path / "raw" / "a.dng", (0.5, 1, 0.6))
    (tmp_path / "raw" / "b.dng").write_bytes(b"II*\0 nothing of use")
    with pytest.raises(InputError, match=r"--sensor=.*raw: .*b\.dng: "):
        opened(tmp_path / "raw")
    notes = opened(tmp_path / "raw", on_bad_file="skip").notes
    assert any(note.startswith("left out of --sensor: ") and "b.dng" in note for note in notes)
    with pytest.raises(InputError, match=r"--sensor=.*none\.dng: .*no such file"):
        opened(tmp_path / "none.dng")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"--sensor=.*empty: no RAW files here"):
        opened(tmp_path / "empty")
    with pytest.raises(InputError, match="only for --data=unprocessed; --data=folders takes"):
        config("folders", raw_dir=tmp_path, sensor="x.dng").resolved_sensor()
