"""The verdict on outputs that are planted nearer to, or further from, what is wanted."""

import numpy as np
import pytest

from tfisp.training.verdict import Distance, Judge, Verdict


@pytest.fixture(scope="module")
def judge(scenes):
    return Judge(scenes)


def grey_of(raw):
    """A plain picture of packed RAW: each cell's colours, doubled in size."""
    cells = np.stack([raw[..., 2], raw[..., 1], raw[..., 0]], axis=-1)
    return np.kron(np.clip(cells, 0, 1), np.ones((2, 2, 1), np.float32))


def test_a_colour_cast_is_further_away_and_a_plain_picture_holds_content(judge):
    plain = judge.judge(grey_of)
    cast = judge.judge(lambda raw: grey_of(raw) * np.float32([1, 0.6, 0.3]))
    assert cast.colour > plain.colour + 0.02
    assert plain.content > 0.9
    assert Verdict(cast, plain).better and not Verdict(plain, cast).better


def test_content_that_is_lost_is_no_gain(judge):
    mean = judge.judge(lambda raw: np.full((64, 64, 3), 0.5, np.float32))
    assert mean.content == pytest.approx(0, abs=1e-6)
    assert not Verdict(Distance(1.0, 0.95), mean).better


def test_colour_is_the_mean_distance_of_quantiles(judge):
    # A constant picture c lies |q - c| from each quantile q of the photographs.
    half = judge.judge(lambda raw: np.full((64, 64, 3), 0.5, np.float32)).colour
    constants = np.array([0.5, 0.5, 0.5, 0.5, 0.0, 0.0])
    assert half == pytest.approx(np.abs(judge._wanted - constants[:, None]).mean(), rel=1e-5)


def test_the_sentence_names_both_distances():
    verdict = Verdict(Distance(0.1, 0.95), Distance(0.02, 0.94))
    assert str(verdict) == (
        "better: colours are 5.1 8-bit steps from the photographs' on average, 25.5 before;"
        " gradients correlate 0.940 with the RAW's own, 0.950 before"
    )
    assert verdict.to_dict()["better"] is True
