"""The presets that tfisp ships: right after installation, for any camera."""

import subprocess
import sys

import colour
import numpy as np
import pytest
import rawpy

from tests.helpers.shared import shared
from tfisp import models, read_raw
from tfisp.models.presets import DEFAULT_PRESET
from tfisp.rendering import load
from tfisp.rendering.renderer import Renderer
from tfisp.rendering.runtime import LiteRuntime
from tfisp.rendering.select_runtime import open_runtime
from tfisp.sensor import Capture, Sensor

# The 24 patches of the chart in the Canon DNG, as (row, column) of their centres.
ROWS, COLUMNS = (622, 724, 824, 928), (713, 822, 930, 1038, 1144, 1251)
MATRIX = ((0.7034, -0.0804, -0.1014), (-0.4420, 1.2564, 0.2058), (-0.0851, 0.1994, 0.5758))
SENSOR = Sensor("RGGB", ((64, 64), (64, 64)), 1023, xyz_to_camera=MATRIX)
GAINS = (2.0, 1.0, 1.6)


def test_the_default_is_there():
    assert DEFAULT_PRESET in models.preset_names()


@pytest.mark.parametrize("name", models.preset_names())
def test_a_preset_renders_alike_in_both_runtimes(name):
    assert isinstance(open_runtime(name), LiteRuntime)
    network = models.from_preset(name)
    assert network.contract.output == "camera"
    mosaic = np.random.default_rng(0).integers(64, 1023, (70, 62)).astype(np.uint16)
    capture = Capture(gains=GAINS)
    pictures = [
        each.render(mosaic, SENSOR, capture) for each in (load(name), Renderer(network, tile=None))
    ]
    np.testing.assert_allclose(*pictures, atol=3e-3)


def flat(brightness):
    """A grey card of some brightness in linear light, seen by a camera with colours of its own."""
    sites = np.array([[1 / GAINS[0], 1], [1, 1 / GAINS[2]]]) * brightness
    return np.rint(np.tile(64 + sites * (1023 - 64), (32, 32))).astype(np.uint16)


@pytest.mark.parametrize("name", [n for n in models.preset_names() if n.endswith("neutral")])
@pytest.mark.parametrize("brightness", [0.02, 0.18, 0.6, 1.5])
def test_greys_are_grey_as_bright_as_they_are_and_without_a_grid(name, brightness):
    mosaic = np.minimum(flat(brightness), 1023)
    shown = load(name).render(mosaic, SENSOR, Capture(gains=GAINS))[16:-16, 16:-16]
    expected = colour.cctf_encoding(min(brightness, 1.0), function="sRGB")
    means = shown.mean((0, 1))
    assert np.abs(means - expected).max() < 0.04
    assert np.ptp(means) < 0.02
    phases = np.array([shown[i::2, j::2].mean((0, 1)) for i in (0, 1) for j in (0, 1)])
    assert np.ptp(phases, axis=0).max() < 0.02


def chart_patches(picture):
    """The 24 patches of the chart, float64 `[24, 44, 44, 3]`, from a picture on 0..1."""
    return np.stack([picture[y - 22 : y + 22, x - 22 : x + 22] for y in ROWS for x in COLUMNS])


def chart_error(picture):
    """Mean CIEDE2000 over a ColorChecker, exposure and white fitted on its greys."""
    chart = colour.CCS_COLOURCHECKERS["ColorChecker24 - After November 2014"]
    white = colour.CCS_ILLUMINANTS["CIE 1931 2 Degree Standard Observer"]["D65"]
    truth = colour.adaptation.chromatic_adaptation_VonKries(
        colour.xyY_to_XYZ(np.array(list(chart.data.values()))),
        colour.xy_to_XYZ(chart.illuminant),
        colour.xy_to_XYZ(white),
        "Bradford",
    )
    seen = colour.cctf_decoding(chart_patches(picture), function="sRGB").mean((1, 2))
    wanted = colour.XYZ_to_RGB(truth, "sRGB", apply_cctf_encoding=False)
    greys = slice(18, 23)
    gains = (wanted[greys] * seen[greys]).sum(0) / np.square(seen[greys]).sum(0)
    shown = colour.RGB_to_XYZ(seen * gains, "sRGB", apply_cctf_decoding=False)
    labs = [colour.XYZ_to_Lab(xyz, white) for xyz in (truth, shown)]
    return colour.delta_E(*labs, method="CIE 2000").mean()


def dark_noise(picture):
    """Standard deviation of the two darkest greys about a parabola, all channels together."""
    down, along = np.mgrid[-22:22, -22:22].reshape(2, -1) / 22
    parabola = np.stack([down**0, down, along, down**2, along**2, down * along], axis=1)
    patches = chart_patches(picture)[22:].reshape(2, -1, 3)
    left = [patch - parabola @ np.linalg.lstsq(parabola, patch)[0] for patch in patches]
    return np.std(left)


def test_a_real_colour_chart_comes_out_as_from_libraw_with_half_its_noise():
    path = shared("raw/dng/canon_colorchart.dng")
    with rawpy.imread(str(path)) as raw:
        libraw = raw.postprocess(
            use_camera_wb=True, no_auto_bright=True, gamma=(2.4, 12.92), output_bps=16
        )
    libraw = libraw / 65535
    own = np.clip(load(DEFAULT_PRESET).render(*read_raw(path)), 0, 1).astype(float)
    # Where blue lies below 0 both are cut; what LibRaw leaves of noise there is, by chance, nearer
    # to the chart.
    assert chart_error(own) < 1.1 * chart_error(libraw)
    assert dark_noise(own) < 0.5 * dark_noise(libraw)


def test_process_needs_no_model_and_no_tensorflow(tmp_path):
    path = shared("raw/dng/canon_colorchart.dng")
    program = (
        "import sys; from tfisp import process;"
        f"code = process.run([{str(path)!r}, '--output={tmp_path}']);"
        "sys.exit(code or 'tensorflow' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
    assert (tmp_path / "canon_colorchart.png").is_file()
