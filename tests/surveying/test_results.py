"""The results that come with the package are whole, of networks and recipes that there are."""

import pytest

from tfisp import models
from tfisp.errors import InputError
from tfisp.files import write_json
from tfisp.surveying.methods import methods
from tfisp.surveying.results import Results
from tfisp.training import recipes
from tfisp.training.recipes import RECIPES


def test_what_is_kept_belongs_to_networks_and_recipes():
    kept = Results.kept()
    assert set(kept.networks) <= set(models.names())
    assert set(kept.methods) <= set(RECIPES)
    assert {"unpaired", "unpaired_plus"} <= set(kept.methods)
    for measures in (*kept.networks.values(), *kept.methods.values()):
        assert 10 < measures["psnr"] < 40
        assert 0 < measures["lpips"] < 1 and 0 < measures["ssim"] < 1
    assert {found["scenes"] for found in kept.networks.values()} <= {140}  # all are tested on all


def test_another_file_is_refused_by_name(tmp_path):
    write_json(tmp_path / "a.json", {"budget": {}})
    with pytest.raises(InputError, match=r"a\.json: expected the results of a benchmark"):
        Results.read(tmp_path / "a.json", tmp_path / "a.json")


def test_every_recipe_is_a_row_that_says_what_it_learns_from():
    rows = {row.name: row for row in methods(Results.kept())}
    assert list(rows) == list(recipes.RECIPES)
    assert rows["unpaired"].learns_from == "RAW files, photographs"
    assert rows["unpaired"].critics == ["adv_color", "adv_lin0", "adv_lin3"]
    assert rows["unpaired_plus"].learns_from == "simulated pairs, look of photographs"
    assert rows["pretrain_plus"].learns_from == "simulated pairs"
    assert rows["paired_plus"].learns_from == "true pairs"
    assert rows["pretrain"].learns_from == "RAW files"
    assert rows["pretrain"].quality is None
