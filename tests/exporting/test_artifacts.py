"""Which files an export consists of, and of what size."""

import pytest

from tfisp.contract import Contract
from tfisp.errors import InputError
from tfisp.exporting.artifacts import ARTIFACTS, check_size, choose_artifacts, input_shape
from tfisp.rendering import ModelMetadata

PACKED = ModelMetadata("x", Contract(), halo=3)
WHOLE = ModelMetadata("y", Contract("split"), halo=None, multiple=4, minimum=4)
BY_NAME = {artifact.name: artifact for artifact in ARTIFACTS}


def test_what_cannot_be_made_is_left_out_with_the_reason():
    artifacts, missing = choose_artifacts(PACKED, calibrated=True, onnx=True)
    assert artifacts == list(ARTIFACTS) and missing == {}
    artifacts, missing = choose_artifacts(WHOLE, calibrated=False, onnx=False)
    assert list(missing) == ["model_tile.tflite", "model_int8.tflite"]
    assert "cannot be rendered in tiles" in missing["model_tile.tflite"]
    assert "--calibration" in missing["model_int8.tflite"]
    names = {artifact.name for artifact in artifacts}
    assert names == set(BY_NAME) - set(missing) - {"model.onnx"}


def test_the_challenge_pair_has_the_shapes_that_the_challenges_ask_for():
    assert input_shape(BY_NAME["model.tflite"], PACKED, (1088, 1920)) == (1, 544, 960, 4)
    assert input_shape(BY_NAME["model_none.tflite"], PACKED, (1088, 1920)) == (1, None, None, 4)


def test_a_tile_is_512_packed_samples_or_as_many_pixels_in_other_forms():
    assert input_shape(BY_NAME["model_tile.tflite"], PACKED, (32, 48)) == (1, 512, 512, 4)
    assert input_shape(BY_NAME["model_tile.tflite"], WHOLE, (32, 48)) == (1, 1024, 1024, 3)


@pytest.mark.parametrize("size", [(31, 48), (32, 1), (0, 0)])
def test_a_size_that_does_not_fit_is_refused(size):
    with pytest.raises(InputError, match=r"--size=.* needs sides divisible by 2 and of at least 2"):
        check_size(PACKED, size)


def test_whole_cells_of_the_mosaic_are_asked_for_in_every_form():
    assert check_size(WHOLE, (8, 12)) == (8, 12)
    mosaic = ModelMetadata("z", Contract("mosaic"), halo=1)
    with pytest.raises(InputError, match="divisible by 2"):
        check_size(mosaic, (8, 13))
