"""Fitted looks: against maps that are known, and what is left of them where scenes are few."""

import numpy as np
import pytest

from tfisp.errors import InputError
from tfisp.looks import Look, fit, read_cube, write_cube
from tfisp.looks.fit import remarks


def scenes(count, seed):
    """Photographs `[24, 32, 3]` of random means and spreads: smooth gradients with texture."""
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[0:1:24j, 0:1:32j][..., None]
    for _ in range(count):
        base = random.uniform(0.35, 0.6) + random.normal(0, 0.04, 3)
        slopes = random.normal(0, 0.12, (2, 3)) + random.normal(0, 0.15, (2, 1))
        picture = base + slopes[0] * (rows - 0.5) + slopes[1] * (columns - 0.5)
        yield np.clip(picture + random.normal(0, 0.03, picture.shape), 0.02, 0.98)


def warmer(image):
    """A known look: power, then saturation about the mean, then a tint."""
    curved = np.asarray(image) ** 0.8
    grey = curved.mean(axis=-1, keepdims=True)
    return np.clip(grey + 1.3 * (curved - grey) + [0.03, 0, -0.03], 0, 1)


def error(look, truth, photographs):
    return np.sqrt(np.mean([(look.apply(image) - truth(image)) ** 2 for image in photographs]))


@pytest.mark.parametrize("family", ["saturation", "matrix", "matrices"])
def test_a_known_map_comes_back(family):
    seen = list(scenes(40, 0))
    look = fit(seen, map(warmer, seen), family=family, shrink=False)
    assert error(look, warmer, scenes(10, 1)) < 0.01


def pale(image):
    """What a sensor of broad filters sees: channels that are half of the others'."""
    return 0.5 * np.asarray(image) + 0.5 * np.mean(image, axis=-1, keepdims=True)


def colours(seed):
    """Pictures of greys with some colour, each pixel another one."""
    random = np.random.default_rng(seed)
    greys = random.uniform(0.2, 0.8, (40, 40, 40, 1))
    return greys + random.uniform(-0.18, 0.18, (40, 40, 40, 3))


def contrasty(image, saturation=1.0):
    """A known look: an S-curve, then saturation about the mean."""
    curved = 3 * image**2 - 2 * image**3
    grey = curved.mean(axis=-1, keepdims=True)
    return grey + saturation * (curved - grey)


def error_behind_a_pale_sensor(look, saturation=1.0):
    wanted = contrasty(colours(1), saturation)
    return np.sqrt(np.mean((look.apply(pale(colours(1))) - wanted) ** 2))


def test_an_unknown_sensor_gets_a_matrix_ahead_of_the_curves():
    unknown = fit(pale(colours(0)), contrasty(colours(0)), sensor_known=False)
    assert unknown.facts["family"] == "matrices"
    known = fit(pale(colours(0)), contrasty(colours(0)))
    assert known.facts["family"] == "matrix" and "matrices" not in known.facts["risk_db"]
    assert error_behind_a_pale_sensor(unknown) < 0.85 * error_behind_a_pale_sensor(known)


def test_faint_colours_are_not_turned_by_two_matrices():
    look = fit(pale(colours(0)), contrasty(colours(3), 0.1), family="matrices", shrink=False)
    # Colours of 0.1 of their strength are 0.014 themselves; undamped the error is 0.048.
    assert error_behind_a_pale_sensor(look, 0.1) < 0.02


def test_shrinking_reaches_every_part():
    seen = [pale(image) for image in scenes(6, 0)]
    whole, part = (
        fit(seen, map(warmer, scenes(6, 2)), family="matrices", shrink=shrink)
        for shrink in (False, True)
    )
    share = part.facts["shrinkage"]
    assert 0 < share < 1
    none = Look.identity()
    for name in ("curves", "matrix", "offset", "before"):
        moved = getattr(none, name) + share * (getattr(whole, name) - getattr(none, name))
        np.testing.assert_allclose(getattr(part, name), moved, atol=1e-5)


def test_a_shift_comes_back():
    seen = list(scenes(5, 0))
    look = fit(
        seen,
        [image + np.array([0.02, -0.01, 0.015]) for image in seen],
        family="mean",
        shrink=False,
    )
    np.testing.assert_allclose(look.matrix, np.eye(3))
    np.testing.assert_allclose(look.offset, [0.02, -0.01, 0.015], atol=2e-3)


def test_other_scenes_teach_the_same_map():
    look = fit(scenes(150, 0), map(warmer, scenes(150, 2)))
    assert look.facts["family"] in ("saturation", "matrix")
    assert error(look, warmer, scenes(10, 1)) < 0.5 * error(Look.identity(), warmer, scenes(10, 1))


def test_what_chance_explains_is_left_out():
    spread = {}
    for count in (150, 4):  # photographs in the same look on both sides: there is none to be found
        look = fit(scenes(count, 0), scenes(count, 2))
        spread[count] = look.facts["spread_db"]["matrix"]
        family = look.facts["family"]
        whole = fit(scenes(count, 0), scenes(count, 2), family=family, shrink=False)
        shown = list(scenes(10, 1))
        assert error(look, np.asarray, shown) < 0.5 * error(whole, np.asarray, shown)
    assert spread[4] < spread[150] - 10


def test_remarks_tell_of_few_scenes_and_of_unlike_ones():
    assert remarks(fit(scenes(60, 0), map(warmer, scenes(60, 2)))) == []
    few = " ".join(remarks(fit(scenes(3, 0), map(warmer, scenes(3, 2)))))
    assert "3 references and 3 photographs are few" in few
    # Half of the photographs black, half white: no curve makes that of ordinary scenes.
    two = [np.full((8, 8, 3), value) for value in (0.0, 1.0)] * 20
    assert "unlike" in " ".join(remarks(fit(scenes(40, 0), two)))
    night = [image * 0.1 for image in scenes(40, 2)]
    assert "it is no look" in " ".join(remarks(fit(scenes(40, 0), night)))


def test_one_odd_photograph_changes_little():
    ordinary = list(scenes(30, 2))
    odd = [np.broadcast_to([1.0, 0.0, 1.0], (24, 32, 3))]
    with_it = fit(scenes(30, 0), ordinary + odd, family="spread", shrink=False)
    without = fit(scenes(30, 0), ordinary, family="spread", shrink=False)
    grey = np.full((1, 3), 0.5)
    change = np.abs(with_it.apply(grey) - without.apply(grey)).max()
    assert change < 0.5 / 31 / 2  # half of what the mean of all 31 would move by


def test_clipped_values_do_not_bend_the_curves():
    random = np.random.default_rng(0)
    seen = [random.uniform(0.0, 1.0, (32, 32, 3)) for _ in range(20)]
    look = fit(seen, [np.clip(image * 1.5, 0, 1) for image in seen], family="saturation")
    values = np.linspace(0.1, 0.6, 6)[:, None].repeat(3, axis=1)
    np.testing.assert_allclose(look.apply(values), values * 1.5, atol=0.02)


def test_noise_does_not_pass_for_saturation():
    random = np.random.default_rng(0)
    quiet = [np.kron(image, np.ones((8, 8, 1))) for image in scenes(20, 0)]
    noisy = [np.clip(image + random.normal(0, 0.04, image.shape), 0, 1) for image in quiet]
    look = fit(noisy, quiet, family="matrix", shrink=False)
    # Pixel by pixel the noise of .04 would be part of a chroma whose own deviation is about .07.
    assert np.diag(look.matrix).min() > 0.94
    assert error(look, np.asarray, quiet[:5]) < 0.01


def test_integers_are_full_scale():
    seen = [np.rint(image * 65535).astype(np.uint16) for image in scenes(8, 0)]
    bytes_ = [np.rint(image / 257).astype(np.uint8) for image in seen]
    look = fit(seen, bytes_, family="matrix")
    assert error(look, lambda image: image, scenes(4, 1)) < 2e-3
    np.testing.assert_allclose(look.apply(seen[0]), look.apply(seen[0] / 65535.0), atol=1e-6)


@pytest.mark.parametrize("family", ["auto", "matrices"])
def test_the_file_says_the_same(family, tmp_path):
    look = fit(scenes(40, 0), map(warmer, scenes(40, 0)), family=family)
    write_cube(tmp_path / "look.cube", look.cube())
    cube = read_cube(tmp_path / "look.cube")
    for image in scenes(5, 1):
        np.testing.assert_allclose(cube.apply(image), look.apply(image), atol=2e-3)


def test_curves_are_monotone():
    look = fit(scenes(3, 0), [image**4 for image in scenes(3, 5)], family="matrix")
    assert (np.diff(look.curves, axis=1) >= 0).all()


@pytest.mark.parametrize(
    ("references", "targets", "message"),
    [
        ([], [np.ones((4, 4, 3))], "0 references to fit"),
        ([np.ones((4, 4, 3))] * 2, [np.ones((4, 4, 3))], "1 target photographs"),
        ([np.ones((4, 4))], [np.ones((4, 4, 3))], r"shape \(4, 4\)"),
        ([np.full((4, 4, 3), np.nan)], [np.ones((4, 4, 3))], "not finite"),
    ],
)
def test_what_is_no_photograph_is_refused(references, targets, message):
    with pytest.raises(InputError, match=message):
        fit(references, targets)
