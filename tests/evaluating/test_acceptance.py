"""The acceptance test on a colour chart, against published values and pictures that are known."""

import json
from collections import Counter

import colour
import cv2
import numpy as np
import pytest

from tests.helpers.dngs import write_dng
from tfisp import evaluate
from tfisp.color import decode_srgb, encode_srgb
from tfisp.errors import InputError
from tfisp.evaluating.acceptance import capture, colorchecker, measures, probes
from tfisp.evaluating.acceptance.edge import mtf50, slanted_edge
from tfisp.sensor import SENSORS

PUBLISHED = colour.CCS_COLOURCHECKERS["ColorChecker24 - After November 2014"]
CIE = colour.CCS_ILLUMINANTS["CIE 1931 2 Degree Standard Observer"]
NAMES = {"F11": "FL11"}
QUIET = capture.Camera(SENSORS["demo"], capture.Noise(0.0, 0.0))


def test_colours_and_lights_are_those_that_are_published():
    published = colour.XYZ_to_Lab(
        colour.xyY_to_XYZ(np.array(list(PUBLISHED.data.values()))), PUBLISHED.illuminant
    )
    np.testing.assert_allclose(list(colorchecker.COLOURS.values()), published, atol=0.01)
    for name, light in capture.LIGHTS.items():
        xy = CIE[NAMES.get(name, name)]
        np.testing.assert_allclose(light.xy, xy, atol=1e-3)
        # Its own temperature, to what is left between McCamy's formula and the published one.
        assert colour.temperature.xy_to_CCT_McCamy1992(xy) == pytest.approx(light.kelvin, rel=0.01)


def test_a_right_picture_has_the_published_colours():
    xyz = colour.chromatic_adaptation(
        colour.xyY_to_XYZ(np.array(list(PUBLISHED.data.values()))),
        colour.xy_to_XYZ(CIE["D50"]),
        colour.xy_to_XYZ(CIE["D65"]),
        transform="Bradford",
    )
    expected = colour.XYZ_to_Lab(xyz, CIE["D65"])
    found = colorchecker.true_lab()
    inside = np.arange(24) != list(colorchecker.COLOURS).index("cyan")  # outside of sRGB
    np.testing.assert_allclose(found[inside], expected[inside], atol=0.15)
    darker = colorchecker.true_lab(-1)
    np.testing.assert_allclose(
        ((darker[18:, 0] + 16) / 116) ** 3, ((found[18:, 0] + 16) / 116) ** 3 / 2, atol=0.01
    )


def drawn(corners, size=(300, 400)):
    """Patches of the values 1 to 24 at the place of a chart, between them 200."""
    pitch, side = 56, 48
    flat = np.full((4 * pitch - 8, 6 * pitch - 8, 3), 200, np.uint8)
    for index, (row, column) in enumerate(np.ndindex(4, 6)):
        flat[row * pitch : row * pitch + side, column * pitch : column * pitch + side] = index + 1
    height, width = flat.shape[:2]
    outer = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    to_picture = cv2.getPerspectiveTransform(outer, np.array(corners, np.float32))
    return cv2.warpPerspective(flat, to_picture, size[::-1], flags=cv2.INTER_NEAREST)


@pytest.mark.parametrize(
    "corners",
    [
        ((30, 20), (370, 60), (340, 270), (60, 250)),
        ((350, 280), (40, 260), (30, 30), (370, 20)),  # upside down
        ((280, 20), (285, 270), (120, 280), (110, 30)),  # on its side
    ],
)
def test_patches_are_found_between_the_corners(corners):
    text = ",".join(str(n) for point in corners for n in point)
    found = colorchecker.patch_pixels(drawn(corners), colorchecker.corners_of_text(text))
    assert [Counter(values.ravel().tolist()).keys() for _, values in found] == [
        {index + 1} for index in range(24)
    ]
    assert min(len(places) for places, _ in found) > 100


@pytest.mark.parametrize("turns", range(4))
def test_a_mask_is_turned_as_the_colours_are(turns):
    picture = np.rot90(probes.true_picture(0), turns)
    mask = np.zeros((232, 344), np.uint8)
    mask[6:226, 6:338] = 255
    corners = colorchecker.corners_of_mask(np.rot90(mask, turns).copy(), picture.copy())
    assert measures.measure(picture, corners)["ciede2000"] < 0.5


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1,2,3", "expected eight numbers"),
        ("0,0,9,0,0,9,9,9", "do not go round the chart clockwise"),
        ("0,0,0,9,9,9,9,0", "clockwise"),
        ("0,0,390,0,390,nan,0,290", "clockwise"),
    ],
)
def test_corners_that_are_none_are_refused(text, message):
    with pytest.raises(InputError, match=message):
        colorchecker.corners_of_text(text)


def test_a_chart_beside_the_picture_is_refused():
    corners = colorchecker.corners_of_text("0,0,500,0,500,200,0,200")
    with pytest.raises(
        InputError, match=r"the patch bluish green does not lie.* picture of 400x300"
    ):
        colorchecker.patch_pixels(np.zeros((300, 400, 3), np.uint8), corners)


@pytest.mark.parametrize("light", ["A", "D65"])
def test_a_camera_records_the_chart_in_a_light(light):
    frame = capture.record(capture.chart_xyz(), QUIET, capture.Exposure(light=light, ev=-1))
    sensor = frame.sensor
    shares = (frame.mosaic - 256.0) / (4095 - 256)
    # In the fifth patch of the last row, a grey of L* 35.63, nearly neutral: R, G and B of RGGB.
    balanced = shares[[200, 200, 201], [256, 257, 257]] * frame.capture.gains
    assert np.ptp(balanced) / balanced.mean() < 0.04
    assert balanced[1] == pytest.approx(0.5 * ((35.63 + 16) / 116) ** 3, rel=0.02)
    # What white becomes: the camera's matrix times the light's XYZ.
    xyz = colour.xy_to_XYZ(CIE[light])
    neutral = np.array(sensor.xyz_to_camera) @ xyz
    np.testing.assert_allclose(frame.capture.gains, neutral.max() / neutral, rtol=2e-3)


def test_noise_goes_with_the_iso_speed():
    camera = capture.Camera(SENSORS["demo"], capture.Noise(4e-4, 1e-6), iso=200, measured=True)
    assert camera.noise_at(800) == pytest.approx((16e-4, 16e-6))
    grey = np.full((400, 400, 3), 0.4) * colour.xy_to_XYZ(CIE["D50"])
    frame = capture.record(grey, camera, capture.Exposure(iso=800))
    green = (frame.mosaic[::2, 1::2] - 256.0) / (4095 - 256)
    assert green.var() == pytest.approx(16e-4 * green.mean() + 16e-6, rel=0.05)
    assert capture.camera_of_sensor(SENSORS["demo"]).noise_at(400).shot == pytest.approx(1e-3)


def test_measures_tell_cast_noise_and_clipping():
    corners, right = capture.chart_corners(), probes.true_picture(0)
    found = measures.measure(right, corners)
    assert found["ciede2000"] < 0.3 and found["grey_cast"] < 0.5 and found["noise"] < 1e-9
    assert found["clipped"] == pytest.approx(1 / 24)  # the red of cyan
    # A cast in linear light, of blue by 20 %.
    linear = decode_srgb(right / np.float64(255)) * (1, 1, 1.2)
    shown = np.rint(255 * encode_srgb(np.clip(linear, 0, 1)))
    greys = encode_srgb(np.clip(colorchecker.to_linear_srgb(colorchecker.xyz_d50())[18:], 0, 1))
    blue = encode_srgb(np.clip(decode_srgb(greys) * (1, 1, 1.2), 0, 1))
    labs = [colour.XYZ_to_Lab(colour.sRGB_to_XYZ(values)) for values in (greys, blue)]
    expected = np.hypot(*(labs[1] - labs[0])[:, 1:].T).mean()
    tinted = measures.measure(shown.astype(np.uint8), corners)
    assert tinted["grey_cast"] == pytest.approx(expected, rel=0.05)
    # Noise of one code value's deviation times three, on greys alone in lightness.
    random = np.random.default_rng(0)
    noisy = right + np.rint(random.normal(0, 3, right.shape[:2]))[..., None]
    codes = np.array([encode_srgb(decode_srgb(g)) for g in greys.mean(axis=1)])
    slope = [
        np.diff(
            colour.XYZ_to_Lab(colour.sRGB_to_XYZ(np.repeat([[c - 0.01], [c + 0.01]], 3, 1)))[:, 0]
        )
        / 0.02
        for c in codes
    ]
    found = measures.measure(np.clip(noisy, 0, 255).astype(np.uint8), corners)
    assert found["noise"] == pytest.approx(3 / 255 * np.mean(slope), rel=0.05)
    assert found["colour_noise"] < 0.1


def test_exposure_that_is_not_known_is_matched():
    corners, dark = capture.chart_corners(), probes.true_picture(-1.5)
    assert measures.measure(dark, corners)["ciede2000"] > 10
    assert measures.measure(dark, corners, exposure=None)["ciede2000"] < 0.6


@pytest.mark.parametrize("deviation", [0.0, 0.01, 0.02])
def test_resolution_does_not_depend_on_noise(deviation):
    kernel = cv2.getGaussianKernel(9, 0.8).ravel()
    edge = slanted_edge(128)[..., 1].astype(np.float64)
    edge = cv2.sepFilter2D(edge, -1, kernel, kernel, borderType=cv2.BORDER_REPLICATE)[
        12:-12, 12:-12
    ]
    noisy = edge + np.random.default_rng(1).normal(0, deviation, edge.shape)
    # The Gaussian's and the pixel's own responses together reach a half.
    f = np.linspace(0, 0.5, 5001)
    response = np.exp(-2 * (np.pi * f * 0.8) ** 2) * np.sinc(f)
    assert mtf50(noisy) == pytest.approx(f[np.argmax(response < 0.5)], rel=0.04)


def test_a_clipped_edge_has_no_resolution():
    squares = np.tile(slanted_edge(128), (4, 4, 1))
    for gain, known in ((1.0, True), (1.7, False), (0.0, False)):
        picture = np.rint(255 * encode_srgb(np.clip(gain * squares, 0, 1))).astype(np.uint8)
        assert (measures.resolution(picture) is not None) == known


def run(capsys, *words):
    code = evaluate.run([str(word) for word in words])
    return code, capsys.readouterr()


@pytest.fixture(scope="module")
def photographed(tmp_path_factory):
    """A DNG of the chart that lies on its side."""
    sensor, shot = SENSORS["demo"], capture.Exposure(light="D55", ev=-1)
    camera = capture.Camera(sensor, capture.Noise(1e-5, 0.0))
    frame = capture.record(capture.chart_xyz(), camera, shot)
    return write_dng(
        tmp_path_factory.mktemp("chart") / "chart.dng",
        frame.mosaic,
        black=sensor.black_level,
        white=4095,
        neutral=1 / np.array(frame.capture.gains),
        matrices={21: np.array(sensor.xyz_to_camera)},
        orientation=6,
        crop=((2, 0), (340, 232)),
    )


def corners_on_its_side():
    """The chart's corners after a turn by 90 degrees clockwise of the picture 232 rows high."""
    return [(231 - y, x - 2) for x, y in capture.chart_corners()]


@pytest.mark.parametrize("by", ["corners", "mask"])
def test_a_file_is_measured_as_it_is_shown(capsys, tmp_path, photographed, by):
    corners = corners_on_its_side()
    if by == "mask":
        mask = np.zeros((340, 232, 3), np.uint8)
        cv2.fillConvexPoly(mask, np.array(corners, np.int32), (255, 255, 255))
        cv2.imwrite(str(tmp_path / "mask.png"), mask)
        place = f"--chart_mask={tmp_path / 'mask.png'}"
    else:
        place = "--chart_corners=" + ",".join(f"{n:g}" for point in corners for n in point)
    out = tmp_path / "report"
    words = [
        f"--chart={photographed}",
        place,
        "--baselines=menon2007",
        "--probe=",
        f"--output={out}",
    ]
    code, shown = run(capsys, *words)
    assert code == 0, shown.err
    summary = json.loads((out / "summary.json").read_text())
    (result,) = summary["results"]
    assert (result["probe"], result["system"]) == ("as shot", "menon2007")
    assert result["values"]["ciede2000"] < 1.5
    assert result["values"]["grey_cast"] < 1
    assert any("states no ISO speed" in note for note in summary["notes"])
    assert cv2.imread(str(out / "pictures" / "as_shot.png")) is not None


def test_probes_give_figures_tables_and_a_page(capsys, tmp_path):
    out = tmp_path / "report"
    words = ["--chart=colorchecker", "--baselines=bilinear,opencv", f"--output={out}"]
    code, shown = run(capsys, *words, "--probe=exposure,iso")
    assert code == 0, shown.err
    results = json.loads((out / "summary.json").read_text())["results"]
    assert len(results) == 2 * (7 + 7)
    found = {(r["setting"], r["system"]): r["values"] for r in results}
    assert found["+0 EV", "bilinear"]["ciede2000"] < 2
    noise = [found[f"ISO {100 * 2**k}", "bilinear"]["noise"] for k in range(7)]
    assert (np.diff(noise) > 0).all()
    # 16 times the speed, a sixteenth of the electrons, four times the noise.
    assert noise[4] / noise[0] == pytest.approx(4, rel=0.15)
    assert found["+2 EV", "bilinear"]["mtf50"] is None
    assert found["-2 EV", "bilinear"]["mtf50"] < found["-2 EV", "opencv"]["mtf50"] + 0.05
    page = (out / "report.html").read_text()
    assert page.count("<svg") == 14  # of each measure, over each probe
    assert "pictures/exposure.png" in page and "http" not in page.split("</style>")[1].replace(
        "http-equiv", ""
    )
    table = (out / "summary.md").read_text()
    assert f"| ISO 400 | bilinear | {found['ISO 400', 'bilinear']['ciede2000']:.2f} |" in table


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--chart=x.dng"], "give one of --chart_corners and --chart_mask"),
        (["--chart=x.dng", "--chart_corners=1", "--chart_mask=m.png"], "give one of"),
        (["--chart=colorchecker", "--chart_corners=1"], "--chart_corners: only with --chart=FILE"),
        (["--probe=iso"], "--probe: only with --chart"),
        (["--chart=colorchecker", "--data=zrr"], "--data: has no effect with --chart"),
        (["--chart=colorchecker", "--probe=tint"], "tint"),
        (["--chart=colorchecker", "--probe="], "--probe: names nothing to vary"),
        (["--chart=x.dng", "--chart_corners=1,2"], "--chart_corners: corners 1,2: expected eight"),
        (["--chart=colorchecker", "--baselines=libbraw"], "did you mean libraw"),
    ],
)
def test_flags_that_do_not_fit_are_refused(capsys, tmp_path, words, message):
    code, shown = run(capsys, "--baselines=bilinear", *words, f"--output={tmp_path / 'r'}")
    assert code == 2
    assert message in shown.err
    code, shown = run(capsys, "--chart=colorchecker", f"--output={tmp_path / 'r'}")
    assert code == 2 and "nothing to measure" in shown.err
