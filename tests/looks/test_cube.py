"""`.cube` files: against colour-science, an independent reader, and values worked out by hand."""

import re

import numpy as np
import pytest

from tfisp.errors import InputError
from tfisp.looks.cube import Cube, read_cube, write_cube

# The corners of a 2-point table, red fastest: red and green swapped.
SWAPPED = """# a comment
TITLE "red for green"
LUT_3D_SIZE 2
DOMAIN_MIN 0 0 0
DOMAIN_MAX 1 1 1

0 0 0
0 1 0
1 0 0
1 1 0
0 0 1
0 1 1
1 0 1
1 1 1
"""


@pytest.fixture
def write(tmp_path):
    def written(text):
        path = tmp_path / "table.cube"
        path.write_text(text)
        return path

    return written


def test_red_changes_fastest(write):
    cube = read_cube(write(SWAPPED))
    assert (cube.size, cube.title) == (2, "red for green")
    np.testing.assert_allclose(cube.apply(np.array([[0.2, 0.7, 0.4]])), [[0.7, 0.2, 0.4]])


def test_interpolation_is_tetrahedral(write):
    # Only the corner (1, 1, 0) is 1, else 0. At (.75, .5, .25) the tetrahedron is 000, 100, 110,
    # 111 with shares 1-.75, .75-.5, .5-.25, .25.
    rows = ["0 0 0"] * 8
    rows[3] = "1 1 1"
    cube = read_cube(write("LUT_3D_SIZE 2\n" + "\n".join(rows)))
    np.testing.assert_allclose(cube.apply(np.array([0.75, 0.5, 0.25])), [0.25] * 3)
    # Equal shares lie on a face between two tetrahedra, which agree on it.
    for place, share in (((0.5, 0.5, 0.25), 0.25), ((0.5, 0.25, 0.25), 0), ((0.5, 0.5, 0.5), 0)):
        np.testing.assert_allclose(cube.apply(np.array(place)), [share] * 3)


def test_agrees_with_colour_science(tmp_path):
    colour = pytest.importorskip("colour")
    random = np.random.default_rng(0)
    cube = Cube(random.random((5, 5, 5, 3), np.float32), (-0.5, 0, 0.25), (1.5, 1, 2), "noise")
    path = tmp_path / "noise.cube"
    write_cube(path, cube, ("made for a test",))
    theirs = colour.read_LUT(str(path))
    image = random.uniform(0.3, 0.9, (7, 6, 3)).astype(np.float32)
    expected = theirs.apply(image, interpolator=colour.algebra.table_interpolation_tetrahedral)
    np.testing.assert_allclose(cube.apply(image), expected, atol=2e-6)
    np.testing.assert_allclose(read_cube(path).table, theirs.table, atol=1e-6)
    colour.write_LUT(theirs, str(tmp_path / "theirs.cube"))
    np.testing.assert_allclose(read_cube(tmp_path / "theirs.cube").table, cube.table, atol=1e-6)


def test_a_curve_per_channel(write):
    path = write("LUT_1D_SIZE 3\nLUT_1D_INPUT_RANGE 0 2\n0 0 0\n.5 .25 1\n1 1 1\n")
    cube = read_cube(path)
    np.testing.assert_allclose(cube.apply(np.array([0.5, 1.0, 1.5])), [0.25, 0.25, 1.0])
    np.testing.assert_allclose(cube.apply(np.array([-1.0, 3.0, 2.0])), [0, 1, 1])


def test_equal_tables_have_equal_hashes(write, tmp_path):
    cube = read_cube(write(SWAPPED))
    respelled = SWAPPED.replace("0 1 0", "0.0 1.000 0").replace("a comm", "x")
    assert read_cube(write("\ufeff" + respelled)).sha256 == cube.sha256
    assert read_cube(write(SWAPPED.replace("MAX 1", "MAX 2"))).sha256 != cube.sha256
    assert read_cube(write(SWAPPED.replace("1 1 1\n", "1 1 .9\n", 2))).sha256 != cube.sha256


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("LUT_3D_SIZE 2\n", ""), "expected one LUT_3D_SIZE or LUT_1D_SIZE, found 0"),
        (("SIZE 2", "SIZE 2.5"), "line 3: LUT_3D_SIZE 2.5; expected 2 to 256"),
        (("SIZE 2", "SIZE 300"), "line 3: LUT_3D_SIZE 300"),
        (("SIZE 2", "SIZE 3"), "LUT_3D_SIZE 3 needs 27 entries, there are 8"),
        (("1 0 1\n", "1 0 nan\n"), "line 13: expected 3 finite numbers, found 1 0 nan"),
        (("1 0 1\n", "1 0\n"), "line 13: expected 3 finite numbers, found 1 0"),
        (("1 0 1\n", "1 0 1\nTITLE x\n"), "line 14: a second TITLE"),
        (("DOMAIN_MIN", "LUT_IN_VIDEO_RANGE"), "line 4: unknown keyword LUT_IN_VIDEO_RANGE"),
        (("MAX 1 1", "MAX 1 0"), "line 5: the domain's lowest colour"),
        (("# a comment", "LUT_1D_SIZE 2"), "expected one LUT_3D_SIZE or LUT_1D_SIZE, found 2"),
    ],
)
def test_a_bad_file_is_refused(write, change, message):
    with pytest.raises(InputError, match=re.escape(message)):
        read_cube(write(SWAPPED.replace(*change)))


def test_no_text_and_no_file_are_refused(tmp_path):
    (tmp_path / "table.cube").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match=r"table\.cube: not a \.cube file"):
        read_cube(tmp_path / "table.cube")
    with pytest.raises(InputError, match=r"none\.cube: cannot be read"):
        read_cube(tmp_path / "none.cube")
