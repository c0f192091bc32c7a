"""Generators: sizes, reach, first weights, and equality with a PyTorch rendering."""

import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from tests.helpers.shared import shared
from tfisp import models
from tfisp.contract import Contract
from tfisp.errors import InputError
from tfisp.exporting import conversion

# Slow to make again and again, and of the same parts as the tiny one.
LARGE = ("rmfa_net_medium", "rmfa_net_large")
SMALL = [name for name in models.names() if name not in LARGE]
EVERY = [*SMALL, *(pytest.param(name, marks=pytest.mark.slow) for name in LARGE)]


def raw(*shape, seed=0):
    return np.random.default_rng(seed).uniform(-0.02, 1.2, shape).astype(np.float32)


def set_from_torch(generator, state):
    """Copies PyTorch weights: kernels OIHW -> HWIO, and the last layer's channels re-ordered.

    PyTorch's pixel shuffle reads channel `4 c + 2 i + j` for colour c at row i, column j;
    TensorFlow's depth to space reads `3 (2 i + j) + c`.
    """
    order = [4 * c + 2 * i + j for i in range(2) for j in range(2) for c in range(3)]
    for name in ("conv1", "conv2", "conv3"):
        kernel = state[f"{name}.weight"].numpy().transpose(2, 3, 1, 0)
        bias = state[f"{name}.bias"].numpy()
        if name == "conv3":
            kernel, bias = kernel[..., order], bias[order]
        getattr(generator, name).set_weights([kernel, bias])


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("efficient_isp", 3060),
        ("robust_isp", 1616),
        ("dh_isp", 4652),
        ("rmfa_net_tiny", 29_223),
        ("rmfa_net_medium", 107_283),
        ("rmfa_net_large", 263_403),
        ("lan", 46_847),
        ("srcnn", 9 * 9 * 4 * 64 + 64 + 64 * 32 + 32 + 5 * 5 * 32 * 12 + 12),
    ],
)
def test_parameter_counts_are_the_published_ones(name, parameters):
    assert models.create(name).count_params() == parameters


def test_every_registered_generator_makes_rgb_of_the_declared_size():
    for name in models.names():
        generator = models.create(name)
        assert generator.contract.form == generator.form
        size = max(generator.minimum, 8) * generator.multiple
        shape = (1, size, size + generator.multiple, generator.input_shape_any[-1])
        rgb = generator(raw(*shape))
        assert rgb.dtype == tf.float32
        assert tuple(rgb.shape) == generator.compute_output_shape(shape)
        assert rgb.shape[1:] == (size * generator.scale, shape[2] * generator.scale, 3)


@pytest.mark.parametrize(("name", "widths"), [("efficient_isp", (12, 12)), ("robust_isp", (16, 4))])
def test_output_equals_the_pytorch_rendering(name, widths):
    torch = pytest.importorskip("torch")
    from tests.helpers import torch_networks

    torch.manual_seed(0)
    sizes = {"conv1": (4, widths[0]), "conv2": widths, "conv3": (widths[1], 12)}
    state = {}
    for layer, (inputs, outputs) in sizes.items():
        state[f"{layer}.weight"] = torch.randn(outputs, inputs, 3, 3) * 0.3
        state[f"{layer}.bias"] = torch.randn(outputs) * 0.3
    generator = models.create(name)
    set_from_torch(generator, state)
    x = raw(2, 10, 13, 4)
    expected = torch_networks.nhwc(torch_networks.plain_isp(torch_networks.nchw(x), state))
    np.testing.assert_allclose(generator(x), expected, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("efficient_isp", "official/Efficient_ISP_unpaired_step_30750.pth"),
        ("robust_isp", "official/Robust_unpaired_step_66090.pth"),
    ],
)
def test_released_weights_give_the_same_picture_as_in_pytorch(name, file):
    torch = pytest.importorskip("torch")
    from tests.helpers import torch_networks

    state = torch.load(shared(file), weights_only=True, map_location="cpu")
    generator = models.create(name)
    set_from_torch(generator, state)
    x = raw(1, 64, 48, 4)
    expected = torch_networks.nhwc(torch_networks.plain_isp(torch_networks.nchw(x), state))
    np.testing.assert_allclose(generator(x), expected, atol=1e-5)


@pytest.mark.parametrize("name", SMALL)
def test_a_pixel_depends_on_exactly_the_declared_halo(name):
    generator = models.create(name)
    x = tf.Variable(raw(1, 20, 20, generator.input_shape_any[-1]))
    pixels = slice(8 * generator.scale, 9 * generator.scale)  # those of input position (8, 8)
    with tf.GradientTape() as tape:
        middle = tf.reduce_sum(generator(x)[:, pixels, pixels])
    rows, columns = np.nonzero(np.abs(tape.gradient(middle, x)[0]).sum(-1))
    reach = (8 - generator.halo, 8 + generator.halo) if generator.halo is not None else (0, 19)
    assert (rows.min(), rows.max()) == reach
    assert (columns.min(), columns.max()) == reach


def test_values_above_one_are_not_cut_off():
    generator = models.create("efficient_isp")
    generator.conv3.bias.assign(tf.fill([12], 3.0))
    assert np.max(generator(raw(1, 8, 8, 4))) > 1


@pytest.mark.parametrize("name", SMALL)
def test_first_weights_depend_on_the_seed_and_on_nothing_else(name):
    first, same, other = (models.create(name, seed=seed) for seed in (1, 1, 2))
    for a, b, c in zip(first.weights, same.weights, other.weights, strict=True):
        np.testing.assert_array_equal(a, b)
        if a.shape.rank == 4:
            assert np.abs(a - c).max() > 0


def test_at_the_start_every_output_channel_receives_a_gradient():
    for name in SMALL:
        for seed in range(5):
            generator = models.create(name, seed=seed)
            x = raw(1, 32, 32, generator.input_shape_any[-1])
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean((generator(x) - 0.2) ** 2)
            gradient = tape.gradient(loss, generator.trainable_variables[-1].value)
            assert np.all(np.abs(gradient) > 1e-6), (name, seed)


@pytest.mark.parametrize("name", SMALL)
def test_at_the_start_every_weight_receives_a_gradient(name):
    for seed in range(4):
        generator = models.create(name, seed=seed)
        x = raw(1, 16, 16, generator.input_shape_any[-1], seed=seed)
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((generator(x) - 0.2) ** 2)
        gradients = tape.gradient(loss, [v.value for v in generator.trainable_variables])
        for weight, gradient in zip(generator.trainable_variables, gradients, strict=True):
            assert np.isfinite(gradient).all() and np.abs(gradient).max() > 0, weight.path


@pytest.mark.parametrize("name", SMALL)
def test_a_copy_starts_equal_and_goes_its_own_way(name):
    generator = models.create(name, seed=3)
    twin = generator.copy()
    x = raw(1, 8, 8, generator.input_shape_any[-1])
    np.testing.assert_array_equal(generator(x), twin(x))
    twin.weights[-1].assign_add(tf.ones(twin.weights[-1].shape))
    assert np.abs(generator(x) - twin(x)).max() > 0
    assert twin.contract == generator.contract


def test_the_contract_travels_with_the_settings():
    contract = Contract(white_level=4095, black_level=256)
    generator = models.create("efficient_isp", contract=contract)
    assert type(generator).from_config(generator.get_config()).contract == contract


def test_a_contract_for_another_form_is_refused():
    with pytest.raises(InputError, match="takes packed input"):
        models.create("efficient_isp", contract=Contract(form="split"))


def test_a_mistyped_name_is_answered_with_the_right_one():
    with pytest.raises(InputError, match="efficient_isp"):
        models.create("eficient_isp")


@pytest.mark.parametrize("name", SMALL)
def test_half_precision_networks_still_give_float32_pictures(name):
    generator = models.create(name, dtype="mixed_float16")
    x = raw(1, 8, 8, generator.input_shape_any[-1])
    rgb = generator(x)
    assert rgb.dtype == tf.float32
    assert generator.copy().dtype_policy.name == "mixed_float16"
    np.testing.assert_allclose(rgb, models.create(name)(x), atol=1e-2)


@pytest.mark.parametrize("name", EVERY)
def test_every_generator_comes_back_from_its_preset(name, tmp_path):
    generator = models.create(name, seed=2)
    rng = np.random.default_rng(0)
    generator.set_weights([rng.normal(0, 0.1, w.shape) for w in generator.get_weights()])
    loaded = models.from_preset(models.save_to_preset(generator, tmp_path / "preset"))
    assert type(loaded) is type(generator) and loaded.contract == generator.contract
    for a, b in zip(generator.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["rmfa_net_tiny", "lan", "srcnn"])
def test_exported_forms_agree_with_keras(name, tmp_path):
    generator = models.create(name, seed=4)
    rng = np.random.default_rng(1)
    generator.set_weights([w + rng.normal(0, 0.05, w.shape) for w in generator.get_weights()])
    report = conversion.build(generator, (24, 32), tmp_path)  # raises where one does not
    assert report["parameters"] == generator.count_params()


def test_naming_generators_does_not_load_tensorflow():
    code = (
        "import sys, tfisp.models as m; m.names(); m.preset_names();"
        "print('tensorflow' in sys.modules)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "False"
