"""Black measured on masked samples: taken where it is significant and plausible, else only told."""

import numpy as np
import pytest

from tests.helpers.dngs import rationals
from tests.helpers.shared import shared
from tests.helpers.tiffs import LONG, SHORT, SRATIONAL, write_frame
from tfisp.raw import decode

# Rows and columns in front of the picture: odd, so that sites move with the active area.
TOP, LEFT, HEIGHT, WIDTH = 13, 21, 80, 96
ACTIVE = (TOP, LEFT, TOP + HEIGHT, LEFT + WIDTH)
LEFT_STRIP = (TOP, 0, TOP + HEIGHT, LEFT)
SITES = ((250.0, 252.0), (253.5, 249.0))


def exposure(black=SITES, *, leak=0.0, darkest=300.0):
    """12-bit samples: masked ones at the black of their site with noise of 2, rows of their own."""
    rng = np.random.default_rng(7)
    size = (TOP + HEIGHT + 2, LEFT + WIDTH + 2)
    rows, columns = np.mgrid[: size[0], : size[1]]
    level = np.asarray(black)[(rows - TOP) % 2, (columns - LEFT) % 2]
    level = level + rng.normal(0, 2, size) + rng.normal(0, 0.3, size[0])[:, None]
    level[:, :LEFT] += np.linspace(0, leak, LEFT)
    picture = rng.uniform(darkest, 3500, (HEIGHT, WIDTH))
    level[TOP : TOP + HEIGHT, LEFT : LEFT + WIDTH] = picture
    return np.rint(np.clip(level, 0, 4095)).astype(np.uint16)


@pytest.fixture
def read(tmp_path):
    def write_and_read(mosaic, masked=LEFT_STRIP, active=ACTIVE, **tags):
        facts = {50714: (SHORT, [256]), 50717: (LONG, [4095]), 50829: (LONG, list(active))}
        if masked:
            facts[50830] = (LONG, list(masked))
        facts |= {int(code.removeprefix("t")): value for code, value in tags.items()}
        return decode(write_frame(tmp_path / "x.dng", mosaic, tags=facts))

    return write_and_read


def test_what_is_measured_takes_the_place_of_what_is_stated(read):
    frame = read(exposure())
    np.testing.assert_allclose(frame.sensor.black_level, SITES, atol=0.5)
    (note,) = frame.notes
    assert note.startswith("black level: its masked samples say 2")
    assert note.endswith(", the file 256: the measured is taken")
    np.testing.assert_array_equal(frame.masked.stated, 256)


@pytest.mark.parametrize("pattern", ["RGGB", "GBRG"])
def test_sites_are_those_of_the_active_area(read, pattern):
    for row in (0, 1):
        for column in (0, 1):
            top, left = TOP + row, LEFT + column
            active, strip = (top, left, *ACTIVE[2:]), (top, 0, ACTIVE[2], LEFT)
            frame = read(exposure(), strip, active)
            expected = np.roll(SITES, (-row, -column), (0, 1))
            np.testing.assert_allclose(frame.sensor.black_level, expected, atol=0.6)


def test_levels_that_agree_are_not_mentioned(read):
    # One step of 8 bits at the dark end is 3839 / 3295 = 1.17 counts here.
    frame = read(exposure(((256.4, 255.8), (256.0, 256.6))))
    assert frame.sensor.black_level == ((256, 256), (256, 256))
    assert frame.notes == ()
    np.testing.assert_allclose(frame.masked.measured, 256.2, atol=0.8)


@pytest.mark.parametrize(
    ("mosaic", "words"),
    [
        (exposure(((350.0, 350.0), (350.0, 350.0)), darkest=400), "more than 2%"),
        (exposure(leak=30), "not alike in all their parts"),
        (exposure(((280.0, 280.0), (280.0, 280.0)), darkest=200), "samples of the picture"),
    ],
)
def test_what_is_not_plausible_is_told_and_not_taken(read, mosaic, words):
    frame = read(mosaic)
    assert frame.sensor.black_level == ((256, 256), (256, 256))
    (note,) = frame.notes
    assert "which is kept" in note and words in note


def test_hot_and_dead_samples_do_not_count(read):
    mosaic = exposure()
    mosaic[TOP + 10, 4], mosaic[TOP + 31, 5:9], mosaic[TOP + 5, 2] = 4095, 3000, 0
    np.testing.assert_allclose(read(mosaic).sensor.black_level, SITES, atol=0.5)


def test_a_wide_border_counts_as_masked_and_a_narrow_one_does_not(read):
    np.testing.assert_allclose(read(exposure(), None).sensor.black_level, SITES, atol=0.7)
    narrow = exposure()[TOP:, LEFT - 10 :]
    assert read(narrow, None, (0, 10, HEIGHT, 10 + WIDTH)).masked is None


def test_of_a_border_that_holds_something_else_nothing_is_said(read):
    mosaic = exposure()
    mosaic[:, : LEFT - 1] = 3
    frame = read(mosaic, None)
    assert frame.notes == ()
    assert frame.sensor.black_level == ((256, 256), (256, 256))


@pytest.mark.parametrize("area", [(0, 0, 500, 20), (TOP, 0, 60, LEFT + 1), (5, 5, 5, 20), (1, 2)])
def test_areas_that_cannot_be_masked_are_not_used(read, area):
    frame = read(exposure(), area)
    assert frame.notes == ("MaskedAreas do not lie in the frame beside the active area: not used",)
    assert frame.sensor.black_level == ((256, 256), (256, 256))


def test_without_a_stated_level_the_masked_samples_have_it(read):
    frame = read(exposure(), t50714=None)
    np.testing.assert_allclose(frame.sensor.black_level, SITES, atol=0.5)
    assert not any("0 is taken" in note for note in frame.notes)


def test_samples_are_linearised_first(read):
    table = [min(2 * k, 65535) for k in range(4096)]
    frame = read(exposure(), t50712=(SHORT, table), t50714=(SHORT, [512]), t50717=(LONG, [8190]))
    np.testing.assert_allclose(frame.sensor.black_level, 2 * np.array(SITES), atol=1)


def test_levels_by_column_are_not_compared(read):
    deltas = SRATIONAL, list(rationals([0.0] * WIDTH))
    assert read(exposure(), t50715=deltas).masked is None


def test_the_canon_chart_has_less_black_than_it_states():
    """Its rows differ by site; means of the left border's samples, by NumPy alone, rounded."""
    frame = decode(shared("raw/dng/canon_colorchart.dng"))
    np.testing.assert_allclose(
        frame.sensor.black_level, [[2047.3, 2047.5], [2050.4, 2050.3]], atol=0.5
    )


def test_with_the_measured_black_the_greys_of_the_canon_chart_have_one_colour():
    """Red over green of white and of the darkest grey, which a true black level keeps equal."""
    frame = decode(shared("raw/dng/canon_colorchart.dng"))

    def fall(black):
        mosaic = frame.mosaic - np.tile(black, (578, 867))
        patches = (mosaic[906:950, column : column + 44] for column in (692, 1230))
        white, dark = (p[::2, ::2].mean() / p[::2, 1::2].mean() for p in patches)
        return dark / white

    assert fall(frame.masked.stated) < 0.85
    assert fall(frame.sensor.black_level) == pytest.approx(1, abs=0.1)
