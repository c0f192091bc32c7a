"""The picture of a look's curves shows what the look does to greys."""

import numpy as np

from tfisp.looks import Look
from tfisp.looks.curves import SIDE, draw_curves


def height(picture, column, channel):
    """Where a curve is drawn in a column: mean row of what is of its colour, upwards, 0..1."""
    pixels = picture[:, column]
    others = np.delete(pixels, channel, axis=1).max(axis=1)
    rows = np.flatnonzero(pixels[:, channel] > others + 0.2)
    return 1 - rows.mean() / (SIDE - 1)


def test_each_channel_is_drawn_at_the_height_of_what_it_becomes():
    plain = Look.identity()
    look = Look(plain.curves**2, np.diag([0.9, 0.6, 0.3]).astype(np.float32), plain.offset + 0.05)
    picture = draw_curves(look)
    assert picture.shape == (SIDE, SIDE, 3) and picture.dtype == np.float32
    for column in (100, 150, 230):
        grey = column / (SIDE - 1)
        for channel, factor in enumerate((0.9, 0.6, 0.3)):
            assert abs(height(picture, column, channel) - (factor * grey**2 + 0.05)) < 0.01
