"""Tags of synthetic DNGs come back; what cannot be true is refused by name."""

import numpy as np
import pytest
import tifffile

from tests.helpers.dngs import gain_map, opcode, opcode_list, scene, write_dng
from tfisp.errors import InputError
from tfisp.rawfiles.dng import PHOTOMETRIC_LINEAR_RAW, read_facts

D65, STANDARD_A, D50 = 21, 17, 23
MATRIX = np.array([[0.65, -0.12, -0.09], [-0.38, 1.16, 0.25], [-0.04, 0.15, 0.60]])


@pytest.fixture
def dng(tmp_path):
    def write(**options):
        return write_dng(tmp_path / "x.dng", scene(64, 72, 64, 1000), **options)

    return write


def test_levels_pattern_and_area_come_from_the_tags(dng):
    facts = read_facts(
        dng(pattern="GBRG", black=((60, 61), (62, 63)), white=1023, active_area=(1, 2, 61, 70))
    )
    assert facts.is_dng
    assert facts.cfa == "GBRG"
    assert facts.cfa_repeat == (2, 2)
    assert facts.black_level == ((60, 61), (62, 63))
    assert facts.white_level == 1023
    assert facts.active_area == (1, 2, 61, 70)
    assert facts.size == (64, 72)
    assert facts.model == "Acme Synth 1"
    assert not facts.compressed


def test_the_declared_samples_end_where_the_file_does(dng):
    path = dng()
    assert read_facts(path).data_end <= path.stat().st_size
    assert read_facts(path).data_end >= 2 * 64 * 72


@pytest.mark.parametrize("orientation", range(1, 9))
def test_all_eight_orientations_are_read(dng, orientation):
    assert read_facts(dng(orientation=orientation)).orientation == orientation


@pytest.mark.parametrize("orientation", [0, 9, 1000])
def test_an_impossible_orientation_counts_as_not_stated(dng, orientation):
    assert read_facts(dng(orientation=orientation)).orientation is None


@pytest.mark.parametrize("order", [(STANDARD_A, D65), (D65, STANDARD_A), (D50, D65)])
def test_the_matrix_for_d65_is_preferred(dng, order):
    matrices = {light: MATRIX * (1 if light == D65 else 2) for light in order}
    np.testing.assert_allclose(read_facts(dng(matrices=matrices)).xyz_to_camera, MATRIX)


def test_without_d65_the_nearest_light_is_taken(dng):
    facts = read_facts(dng(matrices={STANDARD_A: MATRIX * 2, D50: MATRIX}))
    np.testing.assert_allclose(facts.xyz_to_camera, MATRIX)
    only = read_facts(dng(matrices={STANDARD_A: MATRIX}))
    np.testing.assert_allclose(only.xyz_to_camera, MATRIX)


def test_a_matrix_of_zeros_counts_as_not_stated(dng):
    assert read_facts(dng(matrices={D65: np.zeros((3, 3))})).xyz_to_camera is None
    assert read_facts(dng()).xyz_to_camera is None


def test_exposure_and_noise_are_read(dng):
    facts = read_facts(dng(baseline_exposure=-0.75, noise=(1e-4, 2e-6)))
    assert facts.baseline_exposure == pytest.approx(-0.75)
    assert facts.noise == ((1e-4, 2e-6),)
    assert read_facts(dng(noise=range(1, 7))).noise == ((1, 2), (3, 4), (5, 6))


def test_the_lens_shading_map_is_read(dng):
    gains = np.random.default_rng(0).uniform(1, 3, (4, 5, 6)).astype(np.float32)
    sites = ((0, 0), (0, 1), (1, 0), (1, 1))
    maps = [gain_map(g, site=s, size=(64, 72)) for g, s in zip(gains, sites, strict=True)]
    facts = read_facts(dng(opcodes2=opcode_list(*maps)))
    np.testing.assert_array_equal(facts.shading, np.moveaxis(gains, 0, -1))
    assert facts.notes == ()


def test_opcodes_that_are_not_applied_are_noted(dng):
    partial = gain_map(np.ones((2, 2)), size=(8, 8))
    facts = read_facts(dng(opcodes2=opcode_list(opcode(8, b"1234"), partial)))
    assert facts.shading is None
    assert any("MapPolynomial" in note for note in facts.notes)
    assert any("lens shading is not applied" in note for note in facts.notes)


def test_black_level_differences_are_added_by_row_and_column(tmp_path):
    mosaic = scene(64, 72, 64, 1000)
    tags = [
        (50706, 1, 4, bytes((1, 4, 0, 0)), True),
        (33421, 3, 2, (2, 2), True),
        (33422, 1, 4, bytes((0, 1, 1, 2)), True),
        (50713, 3, 2, (1, 2), True),  # one row of two
        (50714, 3, 2, (100, 200), True),
        (50715, 10, 72, (1, 1, 3, 1) * 36, True),  # columns alternate 1, 3
        (50716, 10, 64, (10, 1, 30, 1) * 32, True),  # rows alternate 10, 30
    ]
    path = tmp_path / "delta.dng"
    tifffile.imwrite(path, mosaic, photometric=32803, extratags=tags)
    assert read_facts(path).black_level == ((111, 213), (131, 233))


def test_a_linear_dng_is_known_by_its_photometric(tmp_path):
    rgb = np.repeat(scene(64, 72, 64, 1000)[..., None], 3, axis=-1)
    path = write_dng(tmp_path / "linear.dng", rgb, photometric=PHOTOMETRIC_LINEAR_RAW)
    assert read_facts(path).photometric == PHOTOMETRIC_LINEAR_RAW


@pytest.mark.parametrize(
    "options",
    [
        {"active_area": (0, 0, 65, 72)},
        {"active_area": (10, 10, 10, 20)},
        {"opcodes2": b"\0\0\0\5nonsense"},
        {"opcodes2": opcode_list(gain_map(np.zeros((2, 2))))},
    ],
)
def test_tags_that_cannot_be_true_are_refused(dng, options):
    with pytest.raises(InputError, match=r"x\.dng: damaged tags"):
        read_facts(dng(**options))


def test_what_is_no_tiff_gives_nothing(tmp_path, caplog, capfd):
    for name, data in (
        ("a", b""),
        ("b", b"II*\0"),
        ("c", b"II*\0\xff\xff\xff\xff"),
        ("d", b"x" * 99),
    ):
        path = tmp_path / name
        path.write_bytes(data)
        assert read_facts(path) is None
    assert not caplog.records
    assert capfd.readouterr().err == ""


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"none\.dng: cannot be read"):
        read_facts(tmp_path / "none.dng")


def test_damaged_tags_give_facts_nothing_or_one_clear_error(dng, tmp_path):
    """Random bytes in the directory never raise anything else, and never take long."""
    data = np.fromfile(dng(opcodes2=opcode_list(gain_map(np.ones((2, 2)), pitch=1))), np.uint8)
    rng = np.random.default_rng(0)
    path = tmp_path / "fuzzed.dng"
    for _ in range(150):
        fuzzed = data.copy()
        fuzzed[rng.integers(0, 700, 4)] = rng.integers(0, 256, 4)
        fuzzed.tofile(path)
        try:
            read_facts(path)
        except InputError as error:
            assert str(path) in str(error)
