"""A strided camera buffer packs on the phone, bit for bit, as its file does on the desktop."""

import dataclasses
import itertools

import numpy as np
import pytest
import tifffile

from tests.helpers.dngs import gain_map, opcode_list, scene, write_dng
from tests.tflite_android.phone import NAMES, Strided, job, prepare
from tfisp import packing
from tfisp.contract import AS_SHOT, INPUT_FORMS, PUBLISHED, Contract
from tfisp.errors import InputError
from tfisp.raw import read_raw
from tfisp.sensor import PATTERNS, Capture, Sensor

BLACK = ((60.25, 61.5), (62.125, 63.7))
CAPTURE = Capture(gains=(2.1, 1.0, 1.37), baseline_exposure=0.37)
SIZES = ((26, 30), (27, 30), (26, 31), (27, 33), (2, 2), (3, 5))

BUFFERS = {
    "rows without padding": {"padding": 0},
    "rows with padding": {"padding": 38},
    "within a larger array": {"top": 3, "left": 5, "padding": 2},
    "wide pixels, unaligned": {"top": 1, "pixel_stride": 4, "padding": 3, "unaligned": True},
}

CONTRACTS = {
    "published": PUBLISHED,
    "as shot": AS_SHOT,
    "nothing": Contract(),
    "fixed levels, odd": Contract(black_level=((58.3, 60), (61, 62)), white_level=1000.5),
    "as shot, shadows cut": dataclasses.replace(AS_SHOT, clip="shadows"),
    "balanced only": Contract(white_balance="as_shot"),
    "exposure only": Contract(exposure="frame", clip="highlights"),
    "linear": dataclasses.replace(AS_SHOT, companding="none"),
    "camera RGB": dataclasses.replace(AS_SHOT, exposure="none", output="camera"),
}


def counts(shape, high=1023, seed=0):
    return np.random.default_rng(seed).integers(0, high + 1, shape).astype(np.uint16)


def dyadic_map(rows, columns, seed=1):
    """Gains in 1/64ths: interpolated over a frame of 2**n samples they need no rounding at all."""
    return (np.random.default_rng(seed).integers(64, 200, (rows, columns, 4)) / 64).astype("f4")


def same_bits(given, expected):
    assert given.shape == expected.shape and given.dtype == expected.dtype == np.float32
    np.testing.assert_array_equal(given.view(np.uint32), expected.view(np.uint32))


@pytest.mark.parametrize("contract", CONTRACTS.values(), ids=CONTRACTS)
@pytest.mark.parametrize("form", INPUT_FORMS)
@pytest.mark.parametrize("pattern", PATTERNS)
def test_every_contract_and_phase_packs_bit_for_bit(contract, form, pattern):
    contract = dataclasses.replace(contract, form=form)
    sensor = Sensor(pattern, BLACK, 1023)
    for size in SIZES:
        mosaic = counts(size)
        given = prepare(job(Strided(mosaic), size, sensor, CAPTURE, contract))
        same_bits(given, packing.prepare(mosaic, sensor, CAPTURE, contract))


@pytest.mark.parametrize("layout", BUFFERS.values(), ids=BUFFERS)
@pytest.mark.parametrize("pattern", PATTERNS)
def test_strides_and_offsets_do_not_change_a_bit(layout, pattern):
    mosaic, sensor = counts((27, 33), 65535), Sensor(pattern, BLACK, 65535)
    buffer = Strided(mosaic, **layout)
    given = prepare(job(buffer, mosaic.shape, sensor, CAPTURE, AS_SHOT))
    same_bits(given, packing.prepare(mosaic, sensor, CAPTURE, AS_SHOT))


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("crop", [(0, 0), (0, 1), (1, 0), (1, 1), (3, 2)])
def test_an_odd_crop_packs_as_on_the_desktop(pattern, crop):
    mosaic, sensor = counts((40, 50)), Sensor(pattern, BLACK, 1023)
    part, part_sensor = packing.crop_mosaic(mosaic, sensor, *crop, 33, 41)
    buffer = Strided(mosaic)
    buffer.top, buffer.left = crop
    given = prepare(job(buffer, part.shape, part_sensor, CAPTURE, AS_SHOT))
    same_bits(given, packing.prepare(part, part_sensor, CAPTURE, AS_SHOT))


@pytest.mark.parametrize("form", INPUT_FORMS)
@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("grid", [(5, 9), (1, 1), (2, 17), (3, 1)])
def test_a_shading_map_without_roundings_is_applied_bit_for_bit(form, pattern, grid):
    mosaic, sensor = counts((64, 128)), Sensor(pattern, BLACK, 1023)
    capture = dataclasses.replace(CAPTURE, shading=dyadic_map(*grid))
    contract = dataclasses.replace(AS_SHOT, form=form)
    given = prepare(job(Strided(mosaic), mosaic.shape, sensor, capture, contract))
    same_bits(given, packing.prepare(mosaic, sensor, capture, contract))


@pytest.mark.parametrize("clip", ["none", "highlights", "shadows"])
@pytest.mark.parametrize("size", [(61, 87), (600, 802), (27, 2), (2, 27)])
def test_any_shading_map_is_applied_bit_for_bit(clip, size):
    shading = np.random.default_rng(2).uniform(1, 3, (13, 17, 4)).astype(np.float32)
    mosaic, sensor = counts(size), Sensor("GBRG", BLACK, 1023)
    capture = dataclasses.replace(CAPTURE, shading=shading)
    contract = dataclasses.replace(AS_SHOT, clip=clip)
    given = prepare(job(Strided(mosaic), size, sensor, capture, contract))
    same_bits(given, packing.prepare(mosaic, sensor, capture, contract))


@pytest.mark.parametrize("pattern", PATTERNS)
def test_the_channels_of_camera2s_map_find_their_sites(pattern):
    # R, Geven, Godd, B: the even green is in the mosaic's first row, whatever colour begins it.
    gains = np.float32([1, 2, 3, 4])
    greens = iter("eo")
    names = [next(greens) if colour == "G" else colour for colour in pattern]
    expected = np.float32([gains["ReoB".index(name)] for name in names]).reshape(2, 2)
    mosaic = np.full((4, 4), 100, np.uint16)
    contract = Contract("mosaic", black_level=0, white_level=100, shading=True)
    given = prepare(
        job(
            Strided(mosaic),
            mosaic.shape,
            Sensor(pattern),
            Capture(),
            contract,
            camera2_shading=np.tile(gains, (2, 3, 1)),
        )
    )
    padded = packing.pad_phase(np.tile(expected, (2, 2)), pattern)
    np.testing.assert_array_equal(given[..., 0], padded)


def test_levels_that_contradict_each_other_are_refused():
    mosaic = counts((8, 8))
    contract = Contract(white_level=50)
    made = job(Strided(mosaic), mosaic.shape, Sensor("RGGB", BLACK, 1023), CAPTURE, contract)
    with pytest.raises(ValueError, match="white level is not above black level"):
        prepare(made)


@pytest.mark.parametrize("entry", NAMES)
def test_a_name_that_is_not_known_is_refused(entry):
    mosaic = counts((8, 8))
    made = job(Strided(mosaic), mosaic.shape, Sensor("RGGB", BLACK, 1023), CAPTURE, AS_SHOT)
    prepare(made)
    setattr(made, entry, b"log")
    with pytest.raises(ValueError, match=f"contract: {entry} 'log' is not one of ") as phone:
        prepare(made)
    with pytest.raises(InputError) as desktop:
        dataclasses.replace(AS_SHOT, **{entry: "log"})
    assert str(phone.value) == str(desktop.value)


@pytest.mark.parametrize("entry, value", [("white_balance", b"none"), ("exposure", b"frame")])
def test_camera_rgb_must_be_balanced_and_not_exposed(entry, value):
    mosaic, contract = counts((8, 8)), CONTRACTS["camera RGB"]
    made = job(Strided(mosaic), mosaic.shape, Sensor("RGGB", BLACK, 1023), CAPTURE, contract)
    setattr(made, entry, value)
    with pytest.raises(ValueError, match="output 'camera' needs white_balance 'as_shot'"):
        prepare(made)


# The golden test: one capture as Camera2 hands it out, and as a DNG.

ACTIVE = (64, 128)  # sides of 2**n, so that the shading map is exact on every machine


def write_capture(path, stored, pattern, rggb, area, orientation):
    """The DNG that Android's DngCreator would write: levels in 1/100, one GainMap per CFA site."""
    even, odd = (next(i for i in (r, r + 1) if pattern[i] == "G") for r in (0, 2))
    sites = (pattern.index("R"), even, odd, pattern.index("B"))
    maps = [
        gain_map(rggb[..., channel], site=divmod(site, 2), size=ACTIVE)
        for channel, site in enumerate(sites)
    ]
    write_dng(
        path,
        stored,
        pattern=pattern,
        white=1023,
        neutral=(0.4782, 1.0, 0.6153),
        orientation=orientation,
        active_area=area,
        baseline_exposure=0.58,
        opcodes2=opcode_list(*maps),
    )
    hundredths = np.rint(np.multiply(BLACK, 100)).astype(int).ravel()
    with tifffile.TiffFile(path, mode="r+b") as tiff:
        rationals = tuple(itertools.chain.from_iterable((int(level), 100) for level in hundredths))
        tiff.pages[0].tags[50714].overwrite(rationals, dtype=5)
    return tuple(map(tuple, (hundredths / 100).reshape(2, 2).tolist()))


@pytest.mark.parametrize("contract", CONTRACTS.values(), ids=CONTRACTS)
@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("corner", [(0, 0), (2, 4), (1, 3)])
def test_a_strided_buffer_and_the_dng_of_the_same_capture_pack_identically(
    tmp_path, contract, pattern, corner
):
    top, left = corner
    height, width = ACTIVE
    stored = scene(height + 2 * top, width + 2 * left, 40, 1270, seed=3)  # overshoots its white
    area = (top, left, top + height, left + width)
    rggb = dyadic_map(5, 9)
    black = write_capture(tmp_path / "capture.dng", stored, pattern, rggb, area, orientation=6)
    mosaic, sensor, capture = read_raw(tmp_path / "capture.dng")
    assert (sensor.pattern, sensor.black_level) == (pattern, black)
    assert capture.above_white > 0 and capture.shading is not None and capture.gains is not None

    buffer = Strided(stored, padding=26)
    buffer.top, buffer.left = corner
    camera = Capture(baseline_exposure=0.58, orientation=6)
    made = job(
        buffer,
        ACTIVE,
        Sensor(pattern, black, 1023),
        camera,
        contract,
        neutral=(4782 / 10000, 1.0, 6153 / 10000),
        camera2_shading=rggb,
    )
    same_bits(prepare(made), packing.prepare(mosaic, sensor, capture, contract))
