"""Distances of sets of pictures, against plain renderings of their formulas."""

import itertools

import numpy as np
import pytest
from scipy import linalg

from tfisp.errors import InputError
from tfisp.metrics import distributions
from tfisp.perceptual import backbones


def sets(n, m, width, seed=0):
    """Two sets of correlated features, the second elsewhere and wider."""
    rng = np.random.default_rng(seed)
    mixing = rng.normal(size=(width, width))
    return rng.normal(size=(n, width)) @ mixing, 0.3 + 1.2 * rng.normal(size=(m, width)) @ mixing


def plain_frechet(ours, theirs):
    """With the root of a matrix, as published code has it."""
    s1, s2 = np.cov(ours, rowvar=False), np.cov(theirs, rowvar=False)
    root = linalg.sqrtm(s1 @ s2)
    difference = ours.mean(0) - theirs.mean(0)
    return difference @ difference + np.trace(s1 + s2 - 2 * root.real)


def plain_mmd(ours, theirs):
    """The unbiased estimate, pair by pair."""

    def k(x, y):
        return (np.dot(x, y) / len(x) + 1) ** 3

    n, m = len(ours), len(theirs)
    within = sum(k(x, y) for x, y in itertools.permutations(ours, 2)) / (n * (n - 1))
    among = sum(k(x, y) for x, y in itertools.permutations(theirs, 2)) / (m * (m - 1))
    between = sum(k(x, y) for x, y in itertools.product(ours, theirs)) / (n * m)
    return within + among - 2 * between


def test_the_frechet_distance_is_that_of_the_formula():
    ours, theirs = sets(60, 45, 7)
    assert distributions.frechet_distance(ours, theirs) == pytest.approx(
        plain_frechet(ours, theirs), rel=1e-9
    )


def test_the_frechet_distance_of_equal_and_of_moved_sets():
    ours, _ = sets(12, 2, 40)  # fewer pictures than features
    scale = np.square(ours).sum()
    assert distributions.frechet_distance(ours, ours[::-1]) == pytest.approx(0, abs=1e-9 * scale)
    moved = distributions.frechet_distance(ours, ours + 2.0)
    assert moved == pytest.approx(40 * 2.0**2, rel=1e-9)


def test_the_kernel_distance_of_whole_sets_is_that_of_the_formula():
    ours, theirs = sets(9, 9, 5)
    found = distributions.kid(ours, theirs, subsets=3)
    assert found.value == pytest.approx(plain_mmd(ours, theirs), rel=1e-9)
    assert found.error == pytest.approx(0, abs=1e-9 * abs(found.value))


def test_the_kernel_distance_is_the_mean_over_subsets_with_its_error():
    ours, theirs = sets(40, 30, 4)
    found = distributions.kid(ours, theirs, subsets=50, size=10, seed=3)
    rng = np.random.default_rng(3)
    drawn = [
        (ours[rng.choice(40, 10, replace=False)], theirs[rng.choice(30, 10, replace=False)])
        for _ in range(50)
    ]
    values = [plain_mmd(*pair) for pair in drawn]
    assert found.value == pytest.approx(np.mean(values), rel=1e-9)
    assert found.error == pytest.approx(np.std(values, ddof=1) / np.sqrt(50), rel=1e-9)


def test_the_kernel_distance_has_no_bias():
    """Of sets that are samples of one distribution it is 0 on average, whatever their size."""
    rng = np.random.default_rng(1)
    values = [
        distributions.kid(rng.normal(size=(8, 3)), rng.normal(size=(8, 3)), subsets=1).value
        for _ in range(500)
    ]
    assert abs(np.mean(values)) < 3 * np.std(values) / np.sqrt(500)
    assert min(values) < 0


def test_features_are_means_over_a_picture():
    network = backbones.create("alexnet_narrow", "random")
    pictures = [np.random.default_rng(n).random((64, 64, 3), np.float32) for n in range(2)]
    found = distributions.set_features(pictures, network)
    tap = network.taps[-1]
    expected = np.asarray(network(np.stack(pictures), [tap])[tap], np.float64)
    expected = expected.reshape(2, -1, expected.shape[-1]).mean(1)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("measure", [distributions.frechet_distance, distributions.kid])
@pytest.mark.parametrize(
    ("shapes", "message"),
    [(((3, 4), (3, 5)), "one width"), (((3,), (3, 4)), "one width"), (((1, 4), (3, 4)), "two")],
)
def test_sets_that_cannot_be_compared_are_refused(measure, shapes, message):
    with pytest.raises(InputError, match=message):
        measure(*(np.zeros(shape) for shape in shapes))


@pytest.mark.parametrize("measure", ["kid", "frechet"])
def test_an_interval_holds_as_many_distances_as_it_says(measure):
    # Of many pairs of samples the distance of whole populations, less the bias, is inside.
    value = {
        "kid": lambda a, b: distributions.kid(a, b, subsets=1).value,
        "frechet": distributions.frechet_distance,
    }[measure]
    rng = np.random.default_rng(1)
    mixing, draws = rng.normal(size=(4, 4)), 40
    samples = [
        (rng.normal(size=(40, 4)) @ mixing, (0.5 + rng.normal(size=(40, 4))) @ mixing)
        for _ in range(draws)
    ]
    middle = np.mean([value(*pair) for pair in samples])
    inside = 0
    for pair in samples:
        low, high = distributions.interval(measure, *pair, resamples=50)
        inside += low <= middle <= high
    assert 0.8 * draws <= inside


def test_many_pictures_have_the_distance_of_the_formula():
    ours, theirs = sets(300, 200, 6, seed=3)
    assert distributions.frechet_distance(ours, theirs) == pytest.approx(
        plain_frechet(ours, theirs), rel=1e-9
    )


def test_resampled_sets_do_not_count_copies_as_pairs():
    ours, theirs = sets(5, 5, 3)
    kernels = [(a @ b.T / 3 + 1) ** 3 for a, b in ((ours, ours), (theirs, theirs), (ours, theirs))]
    v, w = np.array([2, 1, 0, 1, 1]), np.array([1, 1, 1, 1, 1])
    found = distributions._weighted(*kernels, v, w)
    rows = np.repeat(np.arange(5), v)
    pairs = [(i, j) for i in rows for j in rows if i != j]
    within = np.mean([kernels[0][i, j] for i, j in pairs])
    among = np.mean([kernels[1][i, j] for i, j in itertools.permutations(range(5), 2)])
    expected = within + among - 2 * kernels[2][rows].mean()
    assert found == pytest.approx(expected, rel=1e-12)
