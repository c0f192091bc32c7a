"""The published numbers, and what is refused."""

import dataclasses

import pytest

from tfisp import models
from tfisp.contract import AS_SHOT, PUBLISHED, Contract
from tfisp.data.config import DataConfig
from tfisp.errors import InputError
from tfisp.training.config import differences, fit_to_generator, make_stages, require_contract
from tfisp.training.recipes import RECIPES, get_recipe, parse_content


def test_the_published_hyper_parameters():
    # arXiv 2505.10420, section 4.3; betas and gamma from the published code (systems.md A3).
    recipe = RECIPES["unpaired"]
    assert (recipe.learning_rate, recipe.critic_learning_rate, recipe.critic_interval) == (
        5e-4,
        1e-5,
        10,
    )
    assert (recipe.betas, recipe.epsilon, recipe.gamma, recipe.critic_clip) == (
        (0.5, 0.9),
        1e-8,
        1000.0,
        1.0,
    )


def test_the_terms_of_equations_11_and_12():
    unpaired, pretrain = RECIPES["unpaired"], RECIPES["pretrain"]
    assert [o.name for o in unpaired.objectives] == ["content", "tv"]
    assert [c.name for c in unpaired.critics] == ["adv_color", "adv_lin0", "adv_lin3"]
    assert [o.name for o in pretrain.objectives] == ["content", "mse", "tv"]
    assert pretrain.critics == ()
    assert unpaired.objectives[0].view == "luminance"
    assert pretrain.objectives[0].view == "rgb"


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_names_within_a_recipe_are_distinct(recipe):
    names = [part.name for part in (*recipe.objectives, *recipe.critics)]
    assert len(set(names)) == len(names)


def test_frozen_networks_are_listed_once():
    assert RECIPES["unpaired"].frozen_networks() == ["vgg19", "vit_b16", "alexnet"]
    assert RECIPES["pretrain"].frozen_networks() == ["vgg19"]


def test_an_unknown_recipe_gives_the_closest():
    with pytest.raises(InputError, match="--recipe=unpared: unknown; did you mean unpaired"):
        get_recipe("unpared")


def test_the_momentum_can_be_set_for_all_stages():
    stages = make_stages(("pretrain", "pretrain_plus"), (1,), beta_1=0.0)
    assert [stage.recipe.betas for stage in stages] == [(0.0, 0.9), (0.0, 0.999)]
    with pytest.raises(InputError, match=r"--beta_1=1: must be at least 0 and below 1"):
        make_stages(("pretrain",), (1,), beta_1=1.0)


def test_critics_can_be_chosen_and_left_out():
    recipe = RECIPES["unpaired"]
    assert [c.name for c in recipe.with_critics(("adv_lin3", "adv_color")).critics] == [
        "adv_color",
        "adv_lin3",
    ]
    assert recipe.with_critics(()).critics == ()
    assert [c.tap for c in recipe.with_critics(("adv_lin1",)).critics] == ["relu2"]
    weights = [c.weight for c in RECIPES["wespe_cycle"].with_critics(("adv_color_pixels",)).critics]
    assert weights == [5e-3]  # its own, where the table has 1
    with pytest.raises(InputError, match="--critics=adv_lin5: unknown; did you mean adv_lin"):
        recipe.with_critics(("adv_lin5",))


def test_content_is_read_as_pairs():
    assert parse_content("vgg19:relu5_4, alexnet:relu2") == (
        ("vgg19", "relu5_4"),
        ("alexnet", "relu2"),
    )
    with pytest.raises(InputError, match="backbone:tap"):
        parse_content("vgg19")


def test_stages_take_one_count_or_one_each():
    assert [s.steps for s in make_stages(("pretrain", "unpaired"), (5,))] == [5, 5]
    assert [s.steps for s in make_stages(("pretrain", "unpaired"), (5, 9))] == [5, 9]
    with pytest.raises(InputError, match="--steps"):
        make_stages(("pretrain",), (5, 9))


def test_changes_reach_every_stage_and_none_keeps_the_recipe():
    stages = make_stages(
        ("pretrain", "unpaired"), (1,), learning_rate=1e-3, gamma=None, critics=("adv_color",)
    )
    assert [s.recipe.learning_rate for s in stages] == [1e-3, 1e-3]
    assert stages[1].recipe.gamma == 1000.0
    assert [c.name for c in stages[1].recipe.critics] == ["adv_color"]


def test_a_run_to_start_from_tells_which_generator_it_is(tmp_path):
    """Its rates and the form of its input are those of the same generator by name."""
    models.save_to_preset(models.create("rmfa_net_tiny"), tmp_path / "run")
    run = str(tmp_path / "run")
    for recipe in ("pretrain", "unpaired", "paired"):
        assert make_stages((recipe,), (1,), run) == make_stages((recipe,), (1,), "rmfa_net_tiny")
    data = DataConfig("zrr", raw_dir="raw")
    assert fit_to_generator(data, run) == fit_to_generator(data, "rmfa_net_tiny")
    require_contract(run, models.read_preset(run).contract, fit_to_generator(data, run))


def test_differences_name_the_path_and_both_values():
    old = {"a": 1, "b": {"c": [1, 2]}, "gone": 5}
    new = {"a": 1, "b": {"c": [1, 3]}}
    assert differences(old, new) == ["b.c[1]: 2 before, 3 now", "gone: 5 before, None now"]


@pytest.mark.parametrize(
    ("data", "model", "contract"),
    [
        ("zrr", "efficient_isp", PUBLISHED),
        ("zrr", "rmfa_net_tiny", Contract("split", 63, 1086, clip="shadows")),
        # Packed as the paper's, but fed x / (4 * 255), black left in (its load_dataset.py).
        ("zrr", "micro_isp", Contract(black_level=((0, 0), (0, 0)), white_level=1020)),
        ("folders", "micro_isp", AS_SHOT),
        ("folders", "rmfa_net_tiny", dataclasses.replace(AS_SHOT, form="split")),
        ("folders", "lan", dataclasses.replace(AS_SHOT, form="mosaic")),
        ("folders", "/some/preset", AS_SHOT),
    ],
)
def test_data_is_prepared_in_the_form_that_the_generator_takes(data, model, contract):
    fitted = fit_to_generator(DataConfig(data, raw_dir="raw"), model)
    assert fitted.resolved_contract() == contract
