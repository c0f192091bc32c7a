"""What files are compared on covers dark, bright and impossible samples."""

import numpy as np

from tfisp.contract import AS_SHOT, Contract
from tfisp.exporting.test_inputs import SHADOW, noise, scene, shadows, trial_inputs
from tfisp.rendering import ModelMetadata
from tfisp.sensor import Sensor


def test_inputs_reach_below_black_and_saturation():
    for contract in (AS_SHOT, Contract("split"), Contract("mosaic")):
        metadata = ModelMetadata("x", contract, halo=3)
        shape = (1, 64 // metadata.step, 96 // metadata.step, metadata.channels)
        for raw in trial_inputs(metadata, shape):
            assert raw.shape == shape and raw.dtype == np.float32
            assert raw.min() < 0.01 and raw.max() > 0.9999
    assert noise((64, 96)).raw(ModelMetadata("x", AS_SHOT, halo=3)).min() < 0


def test_a_part_of_the_scene_lies_in_the_shadows():
    assert 0.01 < scene((128, 128)).shadows.mean() < 0.5


def test_a_pixel_is_shadow_where_its_whole_cell_is_dark():
    sensor = Sensor("GRBG", 100, 1100)
    level = 100 + SHADOW * 1000
    mosaic = np.full((5, 7), level - 1)
    assert shadows(mosaic, sensor).all()
    mosaic[2, 3] = level + 1  # cells of this pattern begin at odd columns
    dark = shadows(mosaic, sensor)
    assert dark.shape == mosaic.shape
    np.testing.assert_array_equal(~dark, np.pad(np.ones((2, 2), bool), ((2, 1), (3, 2))))
