"""A lookup table in closed form: against PyTorch's least squares, and on maps that are known."""

import numpy as np
import pytest

from tfisp.looks import Cube, TableLook
from tfisp.looks.lattice import fit_lattice


def colours(count, seed=0):
    """Colours around grey, as pictures have them."""
    values = np.random.default_rng(seed).beta(2, 3, (count, 3))
    return 0.5 * values + 0.5 * values.mean(axis=1, keepdims=True)


def bent(x):
    """No straight line, and channels that mix."""
    return np.clip((x**0.7) @ [[0.9, 0.1, 0.0], [0.05, 0.9, 0.05], [0.0, 0.1, 0.9]], 0, 1)


def test_the_entries_are_those_of_a_dense_least_squares_problem():
    torch = pytest.importorskip("torch")
    size, smoothness = 4, 0.1
    x = colours(500)
    y = bent(x)
    count = size**3
    # What each entry alone does to each colour: the table that is 1 there.
    units = np.eye(count).reshape(count, size, size, size, 1).repeat(3, axis=-1)
    rows = np.stack([Cube(unit).apply(x)[:, 0] for unit in units], axis=1) / len(x) ** 0.5
    grid = np.eye(count).reshape(count, size, size, size)
    # A thin plate's: second differences along each axis, and twice the mixed ones.
    rough = [np.diff(grid, 2, axis=axis).reshape(count, -1).T for axis in (1, 2, 3)]
    for one, two in ((1, 2), (1, 3), (2, 3)):
        mixed = np.diff(np.diff(grid, axis=one), axis=two)
        rough.append(2**0.5 * mixed.reshape(count, -1).T)
    rough = np.concatenate(rough) * (smoothness / count) ** 0.5
    axis = np.linspace(0, 1, size)
    identity = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1).reshape(-1, 3)
    wanted = (y - Cube(identity.reshape(size, size, size, 3)).apply(x)) / len(x) ** 0.5
    right = np.concatenate([wanted, np.zeros((len(rough), 3))])
    matrix = torch.from_numpy(np.concatenate([rows, rough]))
    change = torch.linalg.lstsq(matrix, torch.from_numpy(right)).solution.numpy()
    found = fit_lattice(x, y, size, smoothness).table.reshape(-1, 3)
    np.testing.assert_allclose(found, identity + change, atol=2e-4)


def test_a_known_map_comes_back_through_noise():
    x, unseen = colours(20_000), colours(2_000, seed=1)
    noise = np.random.default_rng(2).normal(0, 0.02, x.shape)
    look = TableLook(fit_lattice(x, bent(x) + noise, size=9))
    assert np.abs(look.apply(unseen) - bent(unseen)).max() < 0.02
    assert np.sqrt(np.mean((look.apply(unseen) - bent(unseen)) ** 2)) < 0.002


def test_a_straight_map_goes_on_where_no_colour_was_seen():
    x = 0.3 + 0.4 * colours(5_000)
    table = fit_lattice(x, 0.8 * x + 0.1, size=5)
    corners = np.array([[0, 0, 0], [1, 1, 1], [1, 0, 0], [0, 1, 1]], float)
    np.testing.assert_allclose(table.apply(corners), 0.8 * corners + 0.1, atol=5e-3)
