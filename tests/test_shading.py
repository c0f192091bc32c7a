"""The shading gains between the entries of a map; tests/test_contract.py has what they scale."""

import numpy as np

from tfisp.shading import shading_basis


def test_shading_gain_lies_linearly_between_the_entries_of_its_site():
    # Site (0, 1) grows from 1 on the left edge to 5 on the right edge, the others are flat.
    shading = np.ones((2, 3, 4), np.float32)
    shading[:, :, 1] = [1, 3, 5]
    frame = (4, 8)
    down, along = shading_basis(shading, frame, (0, 0), frame)
    gains = np.concatenate([down.of(along[i % 2], slice(i, i + 1)) for i in range(4)])
    np.testing.assert_allclose(gains[0, 1::2], 1 + 4 * (np.array([1, 3, 5, 7]) + 0.5) / 8)
    np.testing.assert_allclose(gains[0, 0::2], 1)
    np.testing.assert_allclose(gains[1], 1)
