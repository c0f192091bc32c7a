"""The renderer gives what one pass over the whole frame would give, for every size and phase."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from tfisp import models
from tfisp.contract import AS_SHOT, PUBLISHED, Contract
from tfisp.errors import InputError
from tfisp.packing import crop_mosaic, prepare
from tfisp.rendering import ModelMetadata, Renderer, load
from tfisp.rendering.runtime import to_8bit
from tfisp.sensor import PATTERNS, Capture, Sensor

SENSOR = Sensor("RGGB", ((58, 60), (61, 62)), 1023)


def mosaic_of(height, width, seed=0):
    counts = np.random.default_rng(seed).integers(0, 1024, (height, width))
    return counts.astype(np.uint16)


@pytest.fixture(scope="module")
def generator():
    """A network whose output differs everywhere, as a trained one's does."""
    network = models.create("efficient_isp", seed=3)
    rng = np.random.default_rng(0)
    network.set_weights([w + rng.normal(0, 0.1, w.shape) for w in network.get_weights()])
    return network


class Pooling:
    """A network with strides, in full resolution: every output depends on the place in a 4x4 cell.

    Zero-padded 3x3 convolution, 4x4 mean, zero-padded 3x3 convolution, nearest upsampling: halo
    1 + 4 + 3 samples at most.
    """

    fixed = None
    tile = 1024

    def __init__(self, form="split", minimum=1, halo=8):
        contract = Contract(form=form, black_level=60, white_level=1023)
        self.metadata = ModelMetadata("pooling", contract, halo=halo, multiple=4, minimum=minimum)
        rng = np.random.default_rng(1)
        self._first = rng.normal(size=(3, 3, self.metadata.channels, 4)).astype(np.float32)
        self._second = rng.normal(size=(3, 3, 4, 3 * self.metadata.step**2)).astype(np.float32)
        self.sizes = []

    def run(self, window, as_8bit, threads=1):
        self.sizes.append(window.shape[:2])
        assert window.shape[0] % 4 == window.shape[1] % 4 == 0
        x = tf.nn.conv2d(window[None], self._first, 1, "SAME")
        x = tf.nn.conv2d(tf.nn.avg_pool2d(x, 4, 4, "VALID"), self._second, 1, "SAME")
        x = tf.repeat(tf.repeat(x, 4, 1), 4, 2)
        if self.metadata.step == 2:
            x = tf.nn.depth_to_space(x, 2)
        return to_8bit(x[0].numpy()) if as_8bit else x[0].numpy()


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("size", [(64, 96), (63, 97), (50, 33), (17, 130), (2, 2), (3, 5)])
def test_tiles_join_to_the_whole(generator, pattern, size):
    sensor = dataclasses.replace(SENSOR, pattern=pattern)
    mosaic = mosaic_of(*size)
    whole = Renderer(generator, tile=None).render(mosaic, sensor)
    assert whole.shape == (*size, 3) and whole.dtype == np.float32
    for tile in (1, 20, 31, 64):
        tiled = Renderer(generator, tile=tile).render(mosaic, sensor)
        np.testing.assert_allclose(tiled, whole, atol=1e-6)


def test_the_whole_is_one_pass_over_the_prepared_frame(generator):
    mosaic = mosaic_of(30, 44)
    packed = prepare(mosaic, SENSOR, Capture(), generator.contract)
    expected = generator(packed[None])[0].numpy()
    np.testing.assert_allclose(
        Renderer(generator, tile=16).render(mosaic, SENSOR), expected, atol=1e-6
    )


@pytest.mark.parametrize("form", ["packed", "split", "mosaic"])
@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("size", [(64, 96), (61, 99), (6, 70), (2, 3)])
def test_tiles_join_for_networks_with_strides(form, pattern, size):
    sensor = dataclasses.replace(SENSOR, pattern=pattern)
    mosaic = mosaic_of(*size)
    network = Pooling(form)
    whole = Renderer(network, tile=None).render(mosaic, sensor)
    network.sizes.clear()
    tiled = Renderer(network, tile=48).render(mosaic, sensor)
    assert len(set(network.sizes)) == 1  # a single shape: nothing is traced or allocated anew
    assert whole.shape == (*size, 3)
    np.testing.assert_allclose(tiled, whole, atol=1e-5)


def test_a_network_that_sees_the_whole_picture_is_not_cut():
    network = Pooling(halo=None)
    Renderer(network, tile=16).render(mosaic_of(64, 64), SENSOR)
    assert network.sizes == [(64, 64)]


@pytest.mark.parametrize("form, step", [("packed", 2), ("split", 1), ("mosaic", 1)])
def test_a_picture_smaller_than_the_network_allows_is_refused(form, step):
    renderer = Renderer(Pooling(form, minimum=8))
    assert renderer.render(mosaic_of(8 * step, 9 * step), SENSOR).shape == (8 * step, 9 * step, 3)
    message = f"at least {8 * step} pixels along each axis, the picture has {8 * step - 2} along"
    with pytest.raises(InputError, match=message + " axis 0"):
        renderer.render(mosaic_of(8 * step - 2, 64), SENSOR)
    with pytest.raises(InputError, match=message + " axis 1"):
        renderer.render(mosaic_of(64, 8 * step - 2), SENSOR)


@pytest.mark.parametrize("form", ["split", "mosaic"])
@pytest.mark.parametrize("size", [(14, 18), (15, 6), (23, 32)])
def test_sizes_that_are_no_multiple_are_padded_by_reflection_and_cropped(form, size):
    network = Pooling(form, halo=None)
    mosaic = mosaic_of(*size)
    height, width = (-(-side // 4) * 4 for side in size)
    padded = np.pad(mosaic, ((0, height - size[0]), (0, width - size[1])), mode="reflect")
    window = prepare(padded, SENSOR, Capture(), network.metadata.contract)
    expected = network.run(window, False)[: size[0], : size[1]]
    given = Renderer(network).render(mosaic, SENSOR)
    np.testing.assert_allclose(given, expected, atol=1e-6)


@pytest.mark.parametrize("rows, columns", [(0, 1), (1, 0), (1, 1)])
def test_a_cropped_frame_renders_as_the_cropped_picture(generator, rows, columns):
    mosaic = mosaic_of(60, 70)
    renderer = Renderer(generator, tile=32)
    whole = renderer.render(mosaic, SENSOR)
    cropped = renderer.render(*crop_mosaic(mosaic, SENSOR, rows, columns, 60 - rows, 70 - columns))
    inside = slice(10, -10)
    np.testing.assert_allclose(
        cropped[inside, inside], whole[rows:, columns:][inside, inside], atol=1e-6
    )


def test_tiles_find_their_place_in_the_shading_map_and_keep_the_exposure(generator):
    network = models.create("efficient_isp", contract=AS_SHOT, seed=3)
    shading = 1 + np.random.default_rng(2).random((5, 7, 4))
    capture = Capture(gains=(2.0, 1.0, 1.5), shading=shading, baseline_exposure=0.5)
    sensor = dataclasses.replace(SENSOR, pattern="GBRG")
    mosaic = mosaic_of(63, 97)
    whole = Renderer(network, tile=None).render(mosaic, sensor, capture)
    tiled = Renderer(network, tile=24).render(mosaic, sensor, capture)
    plain = Renderer(network, tile=24).render(mosaic, sensor, Capture(gains=(2.0, 1.0, 1.5)))
    np.testing.assert_allclose(tiled, whole, atol=1e-6)
    assert np.abs(tiled - plain).max() > 0.01


@pytest.mark.parametrize(
    "orientation, turn",
    [
        (1, lambda image: image),
        (3, lambda image: np.rot90(image, 2)),
        (6, lambda image: np.rot90(image, -1)),
        (8, lambda image: np.rot90(image, 1)),
    ],
)
def test_the_picture_is_turned_upright_last(generator, orientation, turn):
    mosaic = mosaic_of(31, 50)
    renderer = Renderer(generator, tile=16)
    upright = renderer.render(mosaic, SENSOR, Capture(orientation=orientation))
    np.testing.assert_array_equal(upright, turn(renderer.render(mosaic, SENSOR)))


def test_8bit_output_is_the_clipped_and_rounded_float_output(generator):
    mosaic = mosaic_of(40, 50)
    renderer = Renderer(generator, tile=32)
    expected = np.rint(np.clip(renderer.render(mosaic, SENSOR), 0, 1) * np.float32(255))
    given = renderer.render_8bit(mosaic, SENSOR)
    assert given.dtype == np.uint8
    np.testing.assert_array_equal(given, expected)


def test_rounding_takes_halves_to_even_and_clips():
    values = np.array([-1.0, 0.0, 0.5 / 255, 1.5 / 255, 1.0, 7.0], np.float32)
    np.testing.assert_array_equal(to_8bit(values), [0, 0, 0, 2, 255, 255])


@pytest.mark.parametrize("as_8bit", [False, True])
def test_infinite_output_is_refused(as_8bit):
    network = models.create("efficient_isp")
    network.set_weights([np.full_like(w, 1e30) for w in network.get_weights()])
    renderer = Renderer(network)
    with pytest.raises(InputError, match="not finite"):
        (renderer.render_8bit if as_8bit else renderer.render)(mosaic_of(8, 8), SENSOR)


def test_broken_weights_are_not_rendered_black():
    network = models.create("efficient_isp")
    network.set_weights([np.full_like(w, np.nan) for w in network.get_weights()])
    with pytest.raises(InputError, match="weights are not finite"):
        Renderer(network)


def test_what_is_no_mosaic_is_refused(generator):
    with pytest.raises(InputError, match=r"\(8, 8, 3\)"):
        Renderer(generator).render(np.zeros((8, 8, 3), np.uint16), SENSOR)


def test_a_preset_is_loaded_by_its_folder(generator, tmp_path):
    models.save_to_preset(generator, tmp_path / "preset")
    renderer = load(tmp_path / "preset", tile=16)
    assert renderer.metadata.contract == PUBLISHED and renderer.metadata.halo == 3
    mosaic = mosaic_of(20, 24)
    np.testing.assert_array_equal(
        renderer.render(mosaic, SENSOR), Renderer(generator, tile=16).render(mosaic, SENSOR)
    )


def test_an_unknown_model_is_refused(tmp_path):
    with pytest.raises(InputError, match="nothing"):
        load(tmp_path / "nothing")
    with pytest.raises(InputError, match=r"gone\.tflite: no such file"):
        load(tmp_path / "gone.tflite")


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_the_number_of_workers_does_not_change_a_bit(generator, workers):
    mosaic = mosaic_of(120, 98)
    alone = Renderer(Pooling(), tile=24, workers=1).render(mosaic, SENSOR)
    together = Renderer(Pooling(), tile=24, workers=workers).render(mosaic, SENSOR)
    np.testing.assert_array_equal(together, alone)


def test_a_picture_smaller_than_a_tile_is_shared_out():
    network = Pooling("packed", halo=8)
    Renderer(network, tile=1024, workers=4).render(mosaic_of(1000, 300), SENSOR)
    assert len(network.sizes) == 4
    network.sizes.clear()
    Renderer(network, tile=1024, workers=4).render(mosaic_of(100, 300), SENSOR)
    assert len(network.sizes) == 1  # shares of 13 rows would be overlap for the most part


def test_a_fault_in_one_of_many_tiles_is_told():
    network = models.create("efficient_isp")
    network.set_weights([np.full_like(w, 1e30) for w in network.get_weights()])
    with pytest.raises(InputError, match="not finite"):
        Renderer(network, tile=16, workers=3).render_8bit(mosaic_of(80, 80), SENSOR)


@pytest.mark.parametrize("form", ["packed", "split", "mosaic"])
def test_a_prepared_input_is_rendered_as_its_mosaic(form):
    network, mosaic = Pooling(form), mosaic_of(52, 70)
    values = prepare(mosaic, SENSOR, Capture(), network.metadata.contract)
    renderer = Renderer(network, tile=24)
    np.testing.assert_array_equal(renderer.render_input(values), renderer.render(mosaic, SENSOR))
    with pytest.raises(InputError, match=r"pooling: an input of shape .* expected \[h, w, "):
        renderer.render_input(values[..., :0])
