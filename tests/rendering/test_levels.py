"""Frames of another sensor than a model was made for are scaled by their own levels."""

import dataclasses

import numpy as np
import pytest

from tfisp import models
from tfisp.contract import AS_SHOT, PUBLISHED, Contract
from tfisp.packing import prepare
from tfisp.rendering import ModelMetadata, Renderer
from tfisp.rendering.levels import contract_for
from tfisp.sensor import SENSORS, Sensor

CANON = Sensor("RGGB", 2056, 15000)
MODEL = ModelMetadata("x", PUBLISHED, halo=1)
OTHER = ModelMetadata("x", Contract(black_level=2056, white_level=15000), halo=1)
TRAINED = dataclasses.replace(MODEL, sensor=CANON)


@pytest.mark.parametrize(
    "metadata, sensor, levels, own",
    [
        (MODEL, SENSORS["zrr"], "auto", True),
        (MODEL, SENSORS["ultraisp"], "auto", True),  # published for it, on 12-bit values as stored
        (MODEL, CANON, "auto", False),
        (MODEL, CANON, "model", True),
        (MODEL, SENSORS["zrr"], "file", False),
        (TRAINED, CANON, "auto", True),
        # The same white level, another black one: also another sensor.
        (MODEL, Sensor("RGGB", 0, 1023), "auto", False),
        (MODEL, SENSORS["zrr"].shifted(1, 0), "auto", True),  # the same sensor in another phase
        (OTHER, SENSORS["ultraisp"], "auto", False),
    ],
)
def test_whose_levels_count(metadata, sensor, levels, own):
    found = contract_for(metadata, sensor, levels)
    none = dataclasses.replace(metadata.contract, black_level=None, white_level=None)
    assert found == (metadata.contract if own else none)


def test_a_contract_without_levels_stays_what_it_is():
    metadata = dataclasses.replace(MODEL, contract=AS_SHOT)
    assert contract_for(metadata, CANON, "file") == AS_SHOT


def test_a_scene_renders_alike_whatever_the_levels_it_is_stored_with():
    network = models.create("efficient_isp", contract=PUBLISHED, seed=1)
    scene = np.random.default_rng(0).integers(0, 950, (40, 44))
    black = np.tile(PUBLISHED.black_level, (20, 22)).astype(int)
    # The published levels leave 965, 963, 962 and 961 counts between black and white.
    share = scene / (1023 - black)
    canon = np.rint(2056 + share * (15000 - 2056)).astype(np.uint16)
    plain = Renderer(network).render((scene + black).astype(np.uint16), SENSORS["zrr"])
    mapped = Renderer(network, levels="auto").render(canon, CANON)
    np.testing.assert_allclose(mapped, plain, atol=2e-3)
    given = prepare(canon, CANON, None, PUBLISHED)
    assert given.min() > 2  # by the model's levels all of it would be far above white
