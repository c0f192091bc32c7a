"""The noise of each channel against noise that was drawn, and its chart."""

import json
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from tests.helpers.dngs import write_dng
from tfisp import inspect_raw
from tfisp.data.photon_transfer import measure_channels, pooled
from tfisp.sensor import Capture, Sensor

WHITE = 4000
BLACK = ((60, 64), (62, 58))
SENSOR = Sensor("GRBG", BLACK, WHITE)
# Of the sites row by row, Gr R / B Gb: electrons that make white, and read noise in electrons.
FULL_WELL = {"Gr": 1000, "R": 500, "B": 250, "Gb": 1000}
READ = {"Gr": 3, "R": 2, "B": 1, "Gb": 3}
RAMP = np.tile(np.geomspace(0.004, 0.9, 1024), (768, 1))


def recorded(light=RAMP, seed=0):
    """Samples of Poisson electrons and Gaussian read noise behind a GRBG array."""
    random = np.random.default_rng(seed)
    mosaic = np.empty(light.shape)
    for (row, column), name in zip(np.ndindex(2, 2), ("Gr", "R", "B", "Gb"), strict=True):
        plane = light[row::2, column::2]
        electrons = random.poisson(FULL_WELL[name] * plane) + random.normal(
            0, READ[name], plane.shape
        )
        black = BLACK[row][column]
        mosaic[row::2, column::2] = black + electrons / FULL_WELL[name] * (WHITE - black)
    return np.rint(np.clip(mosaic, 0, WHITE)).astype(np.uint16)


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    noise = (1e-3, 9e-6, 2e-3, 4e-6, 3e-3, 1e-6)
    path = tmp_path_factory.mktemp("noise") / "a.dng"
    return write_dng(path, recorded(), pattern="GRBG", black=BLACK, white=WHITE, noise=noise)


def test_electrons_and_read_noise_of_each_channel_are_found():
    frames = [measure_channels(recorded(seed=k), SENSOR, Capture()) for k in range(2)]
    found = {channel.name: channel.facts() for channel in pooled(frames)}
    assert list(found) == ["R", "Gr", "Gb", "B"]
    for name, facts in found.items():
        assert facts["electrons_at_white"] == pytest.approx(FULL_WELL[name], rel=0.08)
        assert facts["read_noise_electrons"] == pytest.approx(READ[name], rel=0.25)
        assert facts["patches"] > 3000


def test_stated_noise_is_that_of_the_channel():
    three = Capture(noise=((0.1, 0.01), (0.2, 0.02), (0.3, 0.03)))
    channels = measure_channels(np.full((64, 64), 500, np.uint16), SENSOR, three)
    assert {c.name: c.stated for c in channels} == {
        "Gr": (0.2, 0.02),
        "R": (0.1, 0.01),
        "B": (0.3, 0.03),
        "Gb": (0.2, 0.02),
    }
    for pair in ((1, 2), ((1, 2),)):  # both forms of one pair for all colours
        one = measure_channels(np.full((64, 64), 500, np.uint16), SENSOR, Capture(noise=pair))
        assert [c.stated for c in one] == [(1, 2)] * 4
    mixed = pooled([channels, one])
    assert mixed[0].stated is None  # files that contradict each other


def test_a_clipped_frame_tells_nothing():
    channels = measure_channels(np.full((640, 640), WHITE, np.uint16), SENSOR, Capture())
    assert all(c.noise is None and c.facts()["shot"] is None for c in channels)


def test_the_program_charts_cloud_fit_and_what_is_stated(raw, tmp_path, capsys):
    chart = tmp_path / "noise.svg"
    assert inspect_raw.run([str(raw), f"--noise={chart}"]) == 0
    shown = capsys.readouterr().out
    assert shown.splitlines()[-1] == f"chart in {chart}"
    electrons = dict(re.findall(r"noise of (\w+) .*white (\d+) e-", shown))
    assert {name: round(int(n) / FULL_WELL[name], 1) for name, n in electrons.items()} == (
        dict.fromkeys(FULL_WELL, 1.0)
    )
    root = ET.fromstring(chart.read_text())
    texts = [node.text for node in root.iter("{http://www.w3.org/2000/svg}text")]
    assert [text.split(",")[0] for text in texts if "Acme Synth 1" in text] == [
        "R",
        "Gr",
        "Gb",
        "B",
    ]
    assert sum(text == "NoiseProfile 0.002 x + 4e-06" for text in texts) == 2  # of both greens
    lines = list(root.iter("{http://www.w3.org/2000/svg}polyline"))
    assert len(lines) == 8  # fit and NoiseProfile of each channel
    dots = list(root.iter("{http://www.w3.org/2000/svg}path"))
    assert all(len(re.findall("M", cloud.get("d"))) > 700 for cloud in dots[::2])
    assert "var(" not in chart.read_text()
    # Drawn where it was measured: the fit of red lies within its cloud, in the middle.
    fit = np.array([pair.split(",") for pair in lines[0].get("points").split()], float)
    cloud = np.array(re.findall(r"M([\d.]+) ([\d.]+)", dots[0].get("d")), float)
    middle = cloud[np.abs(cloud[:, 0] - 340) < 20]
    assert abs(np.interp(340, *fit.T) - np.median(middle[:, 1])) < 6


def test_files_of_one_kind_count_together_as_json(raw, tmp_path, capsys):
    chart = tmp_path / "noise.svg"
    assert inspect_raw.run([str(raw), str(raw), "--json", f"--noise={chart}"]) == 0
    shown = capsys.readouterr()
    facts = [json.loads(line) for line in shown.out.splitlines()]
    assert [c["name"] for c in facts[0]["measured_noise"]] == ["Gr", "R", "B", "Gb"]
    assert "noise of 2 x Acme Synth 1" in shown.err


@pytest.mark.parametrize(
    ("name", "message"), [("n.png", "a chart is written as .svg"), ("n", "as .svg")]
)
def test_only_svg_is_written(raw, tmp_path, capsys, name, message):
    assert inspect_raw.run([str(raw), f"--noise={tmp_path / name}"]) == 2
    assert message in capsys.readouterr().err


def test_nothing_to_chart_is_an_error(tmp_path, capsys):
    path = write_dng(tmp_path / "a.dng", np.full((64, 64), 1023, np.uint16), white=1023)
    assert inspect_raw.run([str(path), f"--noise={tmp_path / 'n.svg'}"]) == 1
    assert "no file has patches that tell its noise" in capsys.readouterr().err
    assert not (tmp_path / "n.svg").exists()
