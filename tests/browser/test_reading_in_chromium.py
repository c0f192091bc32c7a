"""The page reads RAW files as the desktop does, and refuses damaged ones in one line."""

import json

import cv2
import imagecodecs
import numpy as np
import pytest

from tests.helpers import dngs
from tests.helpers.shared import shared
from tests.helpers.tiffs import LONG, SHORT, write_frame
from tests.helpers.web_pages import MATRIX, decoded, encoded, load, read_dng, write_full_dng
from tfisp.raw import read_raw
from tfisp.sensor import PATTERNS

SMALL = dngs.scene(32, 48, 64, 1000)


def assert_as_on_the_desktop(modules, path):
    found, (mosaic, sensor, capture) = read_dng(modules, path), read_raw(path)
    samples = decoded(found["mosaic"], "<u2", mosaic.shape)
    np.testing.assert_array_equal(samples, mosaic)
    assert found["pattern"] == sensor.pattern and found["camera"] == sensor.name
    np.testing.assert_allclose(found["black"], np.ravel(sensor.black_level), rtol=1e-12)
    assert found["white"] == sensor.white_level
    assert found["orientation"] == capture.orientation
    assert found["baselineExposure"] == capture.baseline_exposure
    assert found["defaultCrop"] == (capture.default_crop and list(capture.default_crop))
    for mine, theirs in (("xyzToCamera", sensor.xyz_to_camera), ("gains", capture.gains)):
        assert (found[mine] is None) == (theirs is None), mine
        if theirs is not None:
            np.testing.assert_allclose(found[mine], np.ravel(theirs), rtol=1e-9)
    if capture.shading is None:
        assert found["shading"] is None
    else:
        shading = decoded(found["shading"], "<f4", capture.shading.shape)
        np.testing.assert_allclose(shading, capture.shading, rtol=1e-6)
    return mosaic, sensor, capture


@pytest.mark.parametrize("pattern", PATTERNS)
def test_each_pattern_is_read_with_all_that_is_stated(modules, tmp_path, pattern):
    frame = assert_as_on_the_desktop(modules, write_full_dng(tmp_path / "photo.dng", pattern))
    assert frame[0].shape == (75, 91) and frame[2].shading is not None


@pytest.mark.parametrize(
    "options",
    [
        {
            **dict.fromkeys(("neutral", "matrices", "opcodes2", "active_area")),
            "crop": ((0, 0), (900, 67)),
        },
        {"matrices": {21: MATRIX}, "orientation": 1, "tile": (48, 64)},
        {
            "opcodes2": dngs.opcode_list(
                dngs.gain_map(np.full((2, 3), 1.25), pitch=1, size=(75, 91))
            )
        },
        {
            "opcodes2": dngs.opcode_list(
                dngs.gain_map(
                    np.linspace(1, 2, 12).reshape(3, 4),
                    pitch=1,
                    size=(75, 91),
                    origin=(0.1, 0.05),
                    spacing=(0.3, 0.25),
                )
            )
        },
    ],
)
def test_what_a_file_says_is_what_the_desktop_reads(modules, tmp_path, options):
    assert_as_on_the_desktop(modules, write_full_dng(tmp_path / "photo.dng", **options))


def masked_frame(path, black, leak=0.0, active=(13, 21, 93, 117), **tags):
    """12-bit samples whose masked ones, left of the picture, are not at the 256 that is stated."""
    rng = np.random.default_rng(7)
    rows, columns = np.mgrid[:95, :119]
    level = np.asarray(black)[(rows - 13) % 2, (columns - 21) % 2] + rng.normal(0, 2, rows.shape)
    level[:, :21] += np.linspace(0, leak, 21)
    level[13:93, 21:117] = rng.uniform(300, 3500, (80, 96))
    facts = {50714: (SHORT, [256]), 50717: (LONG, [4095]), 50829: (LONG, list(active))}
    facts |= {int(code.removeprefix("t")): value for code, value in tags.items()}
    mosaic = np.rint(np.clip(level, 0, 4095)).astype(np.uint16)
    return write_frame(path, mosaic, tags=facts)


@pytest.mark.parametrize(
    "black, options, is_taken",
    [
        (((250.0, 252.0), (253.5, 249.0)), {"t50830": (LONG, [13, 0, 93, 21])}, True),
        (((250.0, 252.0), (253.5, 249.0)), {}, True),
        (((250.0, 252.0), (253.5, 249.0)), {"active": (14, 22, 93, 117)}, True),
        (((256.0, 256.0), (256.0, 256.0)), {"t50830": (LONG, [13, 0, 93, 21])}, False),
        (((250.0, 252.0), (253.5, 249.0)), {"t50830": (LONG, [13, 0, 93, 21]), "leak": 9}, False),
        (((90.0, 90.0), (90.0, 90.0)), {"t50830": (LONG, [13, 0, 93, 21])}, False),
        (((250.0, 252.0), (253.5, 249.0)), {"t50830": (LONG, [13, 0, 93, 50])}, False),
    ],
)
def test_black_is_measured_on_masked_samples(modules, tmp_path, black, options, is_taken):
    path = masked_frame(tmp_path / "photo.dng", black, **options)
    _, sensor, capture = assert_as_on_the_desktop(modules, path)
    assert (sensor.black_level != ((256.0, 256.0), (256.0, 256.0))) == is_taken
    notes = modules.run("frame.notes")
    about = [note for note in capture.notes if "masked" in note.lower()]
    assert len([note for note in notes if "masked" in note.lower()]) == len(about)


def test_a_real_camera_file_is_read(modules):
    mosaic, *_ = assert_as_on_the_desktop(modules, shared("raw/dng/canon_colorchart.dng"))
    assert mosaic.shape == (1156, 1734)


def turbo(samples, predictor, components):
    shaped = samples if components == 1 else samples.reshape(len(samples), -1, components)
    return imagecodecs.jpeg8_encode(
        shaped,
        lossless=True,
        bitspersample=16,
        predictor=predictor,
        colorspace="unknown" if components == 2 else None,
    )


def test_lossless_jpeg_of_all_predictors_comes_back(modules, tmp_path):
    # Differences of all sizes; and the largest, which has no bits behind its code.
    wild = np.random.default_rng(0).integers(0, 65536, (32, 48)).astype(np.uint16)
    largest = np.tile(np.array([[0, 32768], [32768, 0]], np.uint16), (16, 24))
    streams = [
        (f"predictor {kind}, {components} components", samples, turbo(samples, kind, components))
        for samples in (wild, largest)
        for kind in range(1, 8)
        for components in (1, 2)
    ]
    load(modules, "lossless_jpeg.js")
    for name, expected, stream in streams:
        found = modules.run(f"text(decodeLosslessJpeg({encoded(stream)}, {expected.size}))")
        np.testing.assert_array_equal(decoded(found, "<u2", expected.shape), expected, name)
    assert_as_on_the_desktop(modules, dngs.write_compressed_dng(tmp_path / "photo.dng", SMALL))


def blanked(path):
    """A DNG with a kilobyte of zeros amid its samples, as of a bad block of a disk."""
    whole = bytearray(write_full_dng(path).read_bytes())
    whole[-6000:-4976] = bytes(1024)
    path.write_bytes(whole)


SINGULAR = {21: ((1, 0, 0), (1, 0, 0), (0, 0, 1))}

FAULTS = {
    "colour matrix cannot be inverted": lambda path: write_full_dng(path, matrices=SINGULAR),
    "not a DNG file": lambda path: path.write_bytes(b"no picture at all"),
    "truncated: its samples end": lambda path: path.write_bytes(path.read_bytes()[:-50]),
    "only Bayer": lambda path: write_full_dng(path, repeat=(1, 4)),
    "without a CFA frame": lambda path: write_full_dng(path, photometric=1),
    "exceeds the white level": lambda path: write_full_dng(path, white=255),
    "does not lie within": lambda path: write_full_dng(path, active_area=(0, 0, 900, 91)),
    "partly decoded": blanked,
    "opcode list ends within": lambda path: write_full_dng(path, opcodes2=b"\0\0\0\3\0\0"),
}


@pytest.mark.parametrize("words", FAULTS)
def test_each_fault_has_its_line(modules, tmp_path, words):
    path = write_full_dng(tmp_path / "photo.dng")
    FAULTS[words](path)
    said = modules.run(f"fault(() => checked(readDng({encoded(path.read_bytes())}.buffer)))")
    assert said and words in said and "\n" not in said


def test_damaged_files_are_refused_or_read_but_never_break_the_page(modules, tmp_path):
    plain = write_full_dng(tmp_path / "plain.dng").read_bytes()
    coded = dngs.write_compressed_dng(tmp_path / "coded.dng", SMALL)
    found = modules.run(
        "(async () => { const found = []; let state = 1;"
        "const random = (below) => { state = (state * 48271) % 2147483647; return state % below; };"
        f"for (const whole of [{encoded(plain)}, {encoded(coded.read_bytes())}]) {{"
        "for (let k = 0; k < 300; k++) { let damaged = whole.slice();"
        # Most of what can be wrong stands in the tags, at either end.
        "for (let n = random(4) + 1; n; n--) {"
        "const near = random(600), at = k % 2 ? near : damaged.length - 1 - near;"
        "damaged[at] = random(256); }"
        "if (k % 3 === 0) damaged = damaged.slice(0, random(damaged.length));"
        "found.push(await fault(() => checked(readDng(damaged.buffer)))); } } return found; })()"
    )
    assert [said for said in found if said and said.startswith("UNEXPECTED")] == []
    assert sum(said is not None for said in found) > 200


def read_plain(modules, path, stated):
    """What the page makes of a file and the text of the JSON beside it."""
    return modules.run(
        f"readPlain({encoded(path.read_bytes())}.buffer, {json.dumps(stated)}, '{path.suffix[1:]}')"
        ".then((frame) => ({ ...checked(frame), mosaic: text(frame.mosaic) }))"
    )


def test_headerless_files_are_read_with_their_json(modules):
    raw = shared("raw/frames/nikon_768x512_rggb.raw")
    mosaic, sensor, _ = read_raw(raw)
    load(modules, "plain_files.js")
    found = read_plain(modules, raw, raw.with_suffix(".json").read_text())
    np.testing.assert_array_equal(decoded(found["mosaic"], "<u2", mosaic.shape), mosaic)
    assert found["white"] == sensor.white_level and found["pattern"] == sensor.pattern
    said = modules.run(
        "fault(() => readPlain(new ArrayBuffer(9), '{\"height\": 2, \"width\": 2}', 'raw'))"
    )
    assert said == "9 bytes, but 2x2 samples of 2 bytes are 8"


STATED = {"pattern": "GBRG", "black_level": 60, "white_level": 1023, "white_balance": [2, 1, 3]}


@pytest.mark.parametrize("kind", ["npy", "png, a filter for each row", "png, none", "png, sub"])
def test_arrays_and_pngs_are_read_with_their_json(modules, tmp_path, kind):
    mosaic, path = dngs.scene(40, 51, 60, 1000), tmp_path / f"frame.{kind[:3]}"
    if kind == "npy":
        np.save(path, mosaic)
    else:
        filters = {"none": cv2.IMWRITE_PNG_FILTER_NONE, "sub": cv2.IMWRITE_PNG_FILTER_SUB}
        chosen = filters.get(kind[5:], cv2.IMWRITE_PNG_ALL_FILTERS)
        assert cv2.imwrite(str(path), mosaic, [cv2.IMWRITE_PNG_FILTER, chosen])
    load(modules, "plain_files.js")
    found = read_plain(modules, path, json.dumps(STATED))
    np.testing.assert_array_equal(decoded(found["mosaic"], "<u2", mosaic.shape), mosaic)
    assert found["black"] == [60] * 4 and found["gains"] == [2, 1, 3]


def test_faults_of_plain_files_have_their_lines(modules, tmp_path):
    np.save(tmp_path / "frame.npy", SMALL)
    assert cv2.imwrite(str(tmp_path / "frame.png"), SMALL)
    assert cv2.imwrite(str(tmp_path / "colour.png"), np.zeros((9, 9, 3), np.uint8))
    array, png = ((tmp_path / name).read_bytes() for name in ("frame.npy", "frame.png"))
    damaged = bytearray(png)
    damaged[60] ^= 255
    load(modules, "plain_files.js")
    for content, stated, kind, words in (
        (array, None, "npy", "nothing states its CFA pattern"),
        (array, "{", "npy", "cannot be parsed"),
        (array, '{"patern": "RGGB"}', "npy", "states patern, which is none of"),
        (array, '{"pattern": "RGGB"}', "npy", "neither white_level nor bits"),
        (array[:-7], json.dumps(STATED), "npy", "bytes of samples, but 32x48 take"),
        (png, json.dumps(STATED), "npy", "not a .npy file"),
        (png[:-30], json.dumps(STATED), "png", "truncated"),
        (bytes(damaged), json.dumps(STATED), "png", "PNG"),
        (png[:16] + b"\x7f\xff\xff\xff" + png[20:], json.dumps(STATED), "png", "x2147483647 samp"),
        ((tmp_path / "colour.png").read_bytes(), json.dumps(STATED), "png", "of 8 bits, RGB"),
    ):
        said = modules.run(
            f"fault(() => readPlain({encoded(content)}.buffer, {json.dumps(stated)}, '{kind}'))"
        )
        assert said and words in said and not said.startswith("UNEXPECTED"), (kind, said)
