"""A step on several replicas is the step on one: two devices, and two processes over TF_CONFIG.

The runs are replica_run.py's, each a process of its own, for a process has its devices for good.
"""

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.helpers import worker_processes
from tests.helpers.network_cases import DISTINCT, raw_input
from tfisp.models import discriminators
from tfisp.training.specification import GAMES

SCRIPT = Path(__file__).with_name("replica_run.py")
FAULTS = ("share:relativistic_average", "means:relativistic_average")


def take_steps(folder, mode, *tasks, processes=1):
    """Tag -> array, of each process."""
    files = [folder / f"{index}.npz" for index in range(processes)]
    ended = worker_processes.run([[str(SCRIPT), mode, str(file), *tasks] for file in files], folder)
    for process in ended:
        assert process.code == 0, process.err
    return [dict(np.load(file)) for file in files]


@pytest.fixture(scope="module")
def single(tmp_path_factory):
    (found,) = take_steps(tmp_path_factory.mktemp("single"), "single", *GAMES)
    return found


@pytest.fixture(scope="module")
def mirrored(tmp_path_factory):
    (found,) = take_steps(tmp_path_factory.mktemp("mirrored"), "mirrored", *GAMES, *FAULTS)
    return found


@pytest.fixture(scope="module")
def multiworker(tmp_path_factory):
    folder = tmp_path_factory.mktemp("multiworker")
    return take_steps(folder, "multiworker", *GAMES, processes=2)


def of(found, task):
    """What a run found for one task: what it logged, and its weights."""
    own = {
        tag.removeprefix(f"{task}/"): x for tag, x in found.items() if tag.startswith(f"{task}/")
    }
    weights = {tag: x for tag, x in own.items() if tag.startswith("weights/")}
    return {tag: x for tag, x in own.items() if tag.startswith("step ")}, weights


def furthest(expected, found):
    """The largest difference of a network's weights, by network."""
    assert expected.keys() == found.keys()
    apart = {}
    for tag, weights in expected.items():
        _, network, _ = tag.split("/")
        apart[network] = max(apart.get(network, 0.0), np.abs(weights - found[tag]).max())
    return apart


def require_equal(expected, found):
    (logs, weights), (found_logs, found_weights) = expected, found
    apart = furthest(weights, found_weights)
    assert apart.keys() == {"generator", "ema", "adv_color", "adv_lin0"}
    assert max(apart.values()) <= 1e-6, apart
    assert logs.keys() == found_logs.keys()
    for kind in ("loss/", "grad_norm/", "critic/adv_color/grad_norm", "weight/"):
        assert any(kind in tag for tag in logs)
    for tag, value in logs.items():
        # Of equal weights all is equal. Later, a ReLU that rounding has put on the other side of
        # zero shows in a norm. The absolute part is for margins, which nearly cancel.
        rtol = 2e-6 if tag.startswith("step 0/") else 2e-4
        np.testing.assert_allclose(found_logs[tag], value, rtol=rtol, atol=1e-6, err_msg=tag)


@pytest.mark.slow
@pytest.mark.parametrize("game", GAMES)
def test_two_devices_log_and_learn_what_one_does(single, mirrored, game):
    require_equal(of(single, game), of(mirrored, game))


@pytest.mark.slow
@pytest.mark.parametrize("game", GAMES)
def test_two_processes_log_and_learn_what_one_does(single, multiworker, game):
    for worker in multiworker:
        require_equal(of(single, game), of(worker, game))


@pytest.mark.slow
def test_each_replica_works_on_its_own_part_of_the_batch_only(single, mirrored, multiworker):
    for found, count in ((single, 4), (mirrored, 2), *((worker, 2) for worker in multiworker)):
        for game in GAMES:
            assert set(found[f"{game}/images of each replica"]) == {count}


@pytest.mark.slow
def test_workers_have_the_same_bits(multiworker):
    first, second = multiworker
    assert first.keys() == second.keys()
    assert [tag for tag in first if not np.array_equal(first[tag], second[tag])] == []


@pytest.mark.slow
def test_a_gradient_added_up_over_replicas_but_not_divided_would_show(single, mirrored):
    _, expected = of(single, "relativistic_average")
    _, found = of(mirrored, "share:relativistic_average")
    apart = furthest(expected, found)
    assert all(distance > 1e-5 for distance in apart.values()), apart


@pytest.mark.slow
def test_means_over_a_part_of_the_batch_would_show(single, mirrored):
    logs, expected = of(single, "relativistic_average")
    found_logs, found = of(mirrored, "means:relativistic_average")
    apart = furthest(expected, found)
    assert min(apart["generator"], apart["adv_color"]) > 3e-6, apart
    tag = "step 4/grad_norm/adv_color"
    assert abs(found_logs[tag] / logs[tag] - 1.0) > 1e-3


def make_discriminators():
    shapes = {"TokenMLP": (5, 8), "TextureCNN": (15, 15, 4), "PixelCNN": (48, 48, 3)}
    kinds = {
        name: kind
        for name, kind in vars(discriminators).items()
        if isinstance(kind, type) and issubclass(kind, keras.Model)
    }
    assert kinds.keys() == shapes.keys()
    return {name: (kind(shapes[name]), shapes[name]) for name, kind in kinds.items()}


def make_generators():
    made = {case.name: case.create() for case in DISTINCT}
    return {name: (model, raw_input(model).shape[1:]) for name, model in made.items()}


@pytest.mark.parametrize("make", [make_generators, make_discriminators])
def test_no_network_has_batch_statistics(make):
    """Nothing but gradients needs synchronising: images of a batch do not know of each other."""
    for name, (network, shape) in make().items():
        assert network.non_trainable_variables == [], name
        for layer in network._flatten_layers():
            assert not isinstance(layer, keras.layers.BatchNormalization), name
        x = np.random.default_rng(0).uniform(size=(2, *shape)).astype("float32")
        before = network.get_weights()
        with tf.GradientTape():
            both = network(x, training=True)
        np.testing.assert_allclose(both[:1], network(x[:1]), atol=1e-6, err_msg=name)
        for old, new in zip(before, network.get_weights(), strict=True):
            np.testing.assert_array_equal(old, new)
