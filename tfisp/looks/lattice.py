"""A 3D lookup table fitted to pairs of colours in closed form.

The table T minimises, with t its entries and i those that change nothing,

    mean |T(x) - y|^2 + s sum |second differences of t - i|^2 / number of entries

over the pairs (x, y), T(x) interpolated as `Cube.apply` does: a problem of least squares, as in
lattice regression (E. Garcia and M. Gupta, NIPS 2009). The 3D-LUTs of Zeng et al. 2020 (doi
10.1109/TPAMI.2020.3026740) are trained instead, and smooth by first differences. Second ones let
entries that no colour is near continue those that some are, in a straight line.
"""

import numpy as np

from tfisp.looks.cube import Cube, tetrahedra

# Entries along each axis: their number, 2,197, is that of the equations, solved in a second.
SIZE = 13
SMOOTHNESS = 0.1


def fit_lattice(
    colours: np.ndarray, wanted: np.ndarray, size: int = SIZE, smoothness: float = SMOOTHNESS
) -> Cube:
    """The table that takes colours to those wanted.

    Args:
        colours: Float `[M, 3]`, sRGB-encoded, 0..1.
        wanted: The same shape.
        size: Entries along each axis.
        smoothness: s of the module's formula.
    """
    axis = np.linspace(0, 1, size)
    identity = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1).reshape(-1, 3)
    count = len(identity)
    place = np.clip(np.asarray(colours, np.float64), 0, 1) * (size - 1)
    cell = np.minimum(place.astype(np.int32), size - 2)
    where, shares = tetrahedra(cell, place - cell, size)
    # Sums over the pairs: of products of shares, and of shares times what is to change.
    change = wanted - sum(identity[i] * s[:, None] for i, s in zip(where, shares, strict=True))
    products, right = np.zeros(count * count), np.zeros((count, 3))
    for i, s in zip(where, shares, strict=True):
        for j, t in zip(where, shares, strict=True):
            products += np.bincount(i.astype(np.int64) * count + j, s * t, count * count)
        for channel in range(3):
            right[:, channel] += np.bincount(i, s * change[:, channel], count)
    normal = products.reshape(count, count) / len(colours)
    normal += smoothness / count * _roughness(size)
    # A look that is a straight line everywhere is not rough: a trace of ridge decides it.
    normal[np.diag_indices(count)] += 1e-9
    found = np.linalg.solve(normal, right / len(colours))
    return Cube((identity + found).reshape(size, size, size, 3).astype(np.float32))


def _roughness(size: int) -> np.ndarray:
    """The matrix R of `t' R t`, the sum of squared second differences of entries, mixed ones too.

    It is the energy of a thin plate, which is 0 for straight maps alone (F. Bookstein 1989).
    """
    same = np.eye(size)
    bend, slope = (d.T @ d for d in (np.diff(same, 2, axis=0), np.diff(same, axis=0)))
    terms = (
        *(bend, same, same),
        *(same, bend, same),
        *(same, same, bend),
        *(2 * slope, slope, same),
        *(2 * slope, same, slope),
        *(same, 2 * slope, slope),
    )
    triples = zip(terms[::3], terms[1::3], terms[2::3], strict=True)
    return np.sum([np.kron(np.kron(a, b), c) for a, b, c in triples], axis=0)
