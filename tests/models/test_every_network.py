"""What holds for every generator: its size, what it declares, its first weights, its files."""

import functools
import re
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from check_generators import enliven

from tests.helpers.network_cases import (
    BY_NAME,
    CASES,
    DISTINCT,
    WITH_SIZES,
    least_side,
    raw_input,
)
from tfisp import models
from tfisp.exporting import conversion, gpu_compatibility, writers
from tfisp.models import registry
from tfisp.rendering.runtime import open_interpreter

ROOT = Path(__file__).resolve().parents[2]


@functools.cache
def fresh(name):
    """A network as it starts, for tests that leave it so."""
    return BY_NAME[name].create(seed=1)


@functools.cache
def lively(name):
    """A network whose weights let differences show, for tests that leave it so."""
    generator = BY_NAME[name].create(seed=4)
    enliven(generator, largest=1.2)
    return generator


every_network = pytest.mark.parametrize("case", DISTINCT, ids=str)


def test_every_registered_generator_is_a_case():
    assert [case.name for case in CASES] == models.names()


def test_the_page_of_networks_says_of_each_what_it_declares():
    text = (ROOT / "docs" / "NETWORKS.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| ([\d,]+) \| (\w+) \| (\w+) \| ([\w, ]+) \|", text, re.M)
    assert [name for name, *_ in rows] == models.names()
    for name, parameters, *declared in rows:
        assert int(parameters.replace(",", "")) == BY_NAME[name].parameters
        kind = registry.generator_class(name)
        sides = f"{kind.multiple}, from {kind.minimum}"
        if kind.minimum <= kind.multiple:
            sides = str(kind.multiple)
        assert declared == [kind.form, "whole" if kind.halo is None else str(kind.halo), sides]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_parameter_counts_are_the_published_ones(case):
    assert models.create(case.name).folded().count_params() == case.parameters, case.source


@every_network
def test_output_is_float32_rgb_of_the_declared_size(case):
    generator = fresh(case.name)
    assert generator.contract.form == generator.form
    side = least_side(generator)
    shape = (2, side, side + generator.multiple, generator.input_shape_any[-1])
    rgb = generator(raw_input(generator, *shape[1:3], batch=2))
    assert rgb.dtype == tf.float32
    assert tuple(rgb.shape) == generator.compute_output_shape(shape)
    assert rgb.shape == (2, side * generator.scale, shape[2] * generator.scale, 3)


def reaches(generator, axis):
    """How far along an axis outputs look, from each phase of the strides; and the input's length.

    Returns:
        For each phase its place, the first and the last place that it depends on; the length.
    """
    multiple = generator.multiple
    start = -(-(generator.halo or 8) // multiple) * multiple + multiple
    length = least_side(generator, 2 * start + multiple)
    size = [least_side(generator)] * 2
    size[axis] = length
    x = tf.Variable(raw_input(generator, *size))
    # Signs at random, or what a convolution takes of one column it may give to the next.
    weights = np.random.default_rng(1).normal(size=generator(x).shape).astype(np.float32)
    found = []
    for place in range(start, start + multiple):
        with tf.GradientTape() as tape:
            rgb = tf.experimental.numpy.moveaxis(generator(x) * weights, axis + 1, 0)
            seen = tf.reduce_sum(rgb[place * generator.scale : (place + 1) * generator.scale])
        gradient = np.abs(np.moveaxis(tape.gradient(seen, x)[0], axis, 0)).sum((1, 2))
        found.append((place, *np.flatnonzero(gradient)[[0, -1]]))
    return found, length


@every_network
@pytest.mark.parametrize("axis", [0, 1])
def test_outputs_look_exactly_as_far_as_declared(case, axis):
    generator = lively(case.name)
    found, length = reaches(generator, axis)
    if generator.halo is None:
        assert min(first for _, first, _ in found) == 0
        assert max(last for _, _, last in found) >= length - generator.multiple
    else:
        assert max(max(place - first, last - place) for place, first, last in found) == (
            generator.halo
        )


@every_network
def test_first_weights_depend_on_the_seed_and_on_nothing_else(case):
    first, same, other = fresh(case.name), case.create(seed=1), case.create(seed=2)
    for a, b, c in zip(first.weights, same.weights, other.weights, strict=True):
        np.testing.assert_array_equal(a, b)
        if a.shape.rank == 4:
            assert np.abs(a - c).max() > 0, a.path


@every_network
def test_at_the_start_every_weight_and_every_output_channel_receives_a_gradient(case):
    bent = set()  # a PReLU that sees one place may see no negative number there
    for seed in range(3):
        generator = case.create(seed=seed)
        x = raw_input(generator, *2 * (least_side(generator, 16),), seed=seed)
        variables = generator.trainable_variables
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((generator(x) - 0.2) ** 2)
        gradients = tape.gradient(loss, [variable.value for variable in variables])
        for weight, gradient in zip(variables, gradients, strict=True):
            assert np.isfinite(gradient).all(), (weight.path, seed)
            if np.abs(gradient).max() > 0:
                bent.add(weight.path)
            else:
                assert weight.name == "alpha", (weight.path, seed)
        assert np.all(np.abs(gradients[-1]) > 1e-6), seed
    assert bent == {weight.path for weight in variables}


@every_network
def test_a_copy_starts_equal_and_goes_its_own_way(case):
    generator = fresh(case.name)
    twin = generator.copy()
    x = raw_input(generator)
    np.testing.assert_array_equal(generator(x), twin(x))
    twin.weights[-1].assign_add(tf.ones(twin.weights[-1].shape))
    assert np.abs(generator(x) - twin(x)).max() > 0
    assert twin.contract == generator.contract


@every_network
def test_half_precision_networks_still_give_float32_pictures(case):
    generator = case.create(seed=1, dtype="mixed_float16")
    x = raw_input(generator)
    rgb = generator(x)
    assert rgb.dtype == tf.float32
    assert generator.copy().dtype_policy.name == "mixed_float16"
    np.testing.assert_allclose(rgb, fresh(case.name)(x), atol=1e-2)


@pytest.mark.parametrize("case", WITH_SIZES, ids=str)
def test_every_generator_comes_back_from_its_preset(case, tmp_path):
    generator = case.create(seed=2)
    rng = np.random.default_rng(0)
    generator.set_weights([rng.normal(0, 0.1, w.shape) for w in generator.get_weights()])
    loaded = models.from_preset(models.save_to_preset(generator, tmp_path / "preset"))
    assert type(loaded) is type(generator) and loaded.contract == generator.contract
    assert loaded.get_config() == generator.get_config()
    for a, b in zip(generator.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@every_network
def test_the_tflite_file_agrees_and_has_the_expected_operations(case, tmp_path):
    generator = lively(case.name)
    x = raw_input(generator, *2 * (least_side(generator, case.side),))
    writers.write_saved_model(generator.folded(), x.shape, tmp_path / "saved_model")
    path = tmp_path / "model.tflite"
    path.write_bytes(writers.to_tflite(tmp_path / "saved_model"))
    assert set(gpu_compatibility.operations(path)) == case.operations
    assert gpu_compatibility.violations(path) == []
    expected = generator(x).numpy()
    assert expected.std() > 1e-3  # or the comparison would say little
    given = open_interpreter(path).get_signature_runner()(raw=x)["rgb"]
    np.testing.assert_allclose(given, expected, atol=1e-5 * max(1, np.abs(expected).max()))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["rmfa_net_tiny", "lan", "srcnn"])
def test_exported_forms_agree_with_keras(name, tmp_path):
    generator = models.create(name, seed=4)
    rng = np.random.default_rng(1)
    generator.set_weights([w + rng.normal(0, 0.05, w.shape) for w in generator.get_weights()])
    report = conversion.build(generator, (24, 32), tmp_path)  # raises where one does not
    assert report["parameters"] == generator.count_params()
