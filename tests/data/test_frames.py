"""References are kept for exactly what they were made of."""

import dataclasses

import numpy as np
import pytest

from tests.helpers.data_files import counts
from tfisp.contract import AS_SHOT
from tfisp.data.cache import Store
from tfisp.data.frames import Rendering
from tfisp.data.images import to_uint16
from tfisp.demosaic import reference
from tfisp.sensor import Capture, Sensor

SHADING = np.linspace(1, 2, 24, dtype=np.float32).reshape(2, 3, 4)


@pytest.mark.parametrize(
    "change",
    [
        {"gains": (1.0, 1.5, 2.0)},
        {"baseline_exposure": 1.0},
        {"shading": SHADING},
        {"shading": SHADING[::-1]},
        {"frame_size": (40, 44)},
    ],
)
def test_another_capture_of_the_same_samples_has_another_reference(tmp_path, change):
    mosaic, sensor = counts(20, 24), Sensor(pattern="RGGB", black_level=64, white_level=1023)
    first = Capture(gains=(2.0, 1.0, 1.5), shading=SHADING / 2 + 0.5)
    second = dataclasses.replace(first, **change)
    rendering = Rendering(Store(tmp_path), "bilinear", AS_SHOT)
    for capture in (first, second, first):
        found = rendering.reference(mosaic, sensor, capture, file="the same")
        expected = to_uint16(reference(mosaic, sensor, capture, "bilinear"))
        np.testing.assert_array_equal(found, expected)
    assert not np.array_equal(found, rendering.reference(mosaic, sensor, second, file="the same"))
