"""Every flag file that comes with the package describes a run that can be configured."""

from pathlib import Path

import pytest

from tfisp import train
from tfisp.cli import flags, parse
from tfisp.training.recipes import RECIPES

FILES = sorted((Path(train.__file__).parent / "flagfiles").glob("*.flags"))
RUNS = [file.name for file in FILES if file.name != "demo_data.flags"]


def configure(name, *more):
    values = flags.FlagValues()
    train.define(values)
    parse(values, [f"--flagfile={name}", "--work_dir=run", *more], takes_arguments=False)
    return train.make_config(values)


@pytest.mark.parametrize("name", RUNS)
def test_it_configures_a_run_of_known_recipes(name):
    config = configure(name, "--raw_dir=raw", "--target_dir=photographs")
    assert all(stage.recipe.name in RECIPES for stage in config.stages)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_it_begins_by_saying_what_it_is_for(file):
    lines = file.read_text().splitlines()
    assert lines[0].startswith("# ")
    assert all(line.startswith(("#", "--")) or not line for line in lines)


def test_the_unpaired_file_states_the_published_numbers():
    stage = configure("unpaired.flags", "--raw_dir=raw", "--target_dir=photographs").stages[1]
    assert stage.recipe == RECIPES["unpaired"]


@pytest.mark.parametrize(
    "name", ["paired", "paired_adversarial", "wespe", "wespe_cycle", "cyclegan"]
)
def test_the_other_files_follow_their_recipes(name):
    stage = configure(f"{name}.flags", "--raw_dir=raw", "--target_dir=photographs").stages[-1]
    assert stage.recipe == RECIPES[name]


def test_files_of_several_stages_follow_theirs():
    folders = ("--raw_dir=raw", "--target_dir=photographs")
    _, *stages = configure("statistics.flags", *folders).stages
    assert [s.recipe for s in stages] == [
        RECIPES[name] for name in ("statistics", "statistics_adversarial")
    ]
    stages = configure("nilut.flags", *folders).stages
    assert [s.recipe for s in stages] == [RECIPES[n] for n in ("nilut_plus", "paired_plus")]
    config = configure("pynet.flags", *folders)
    assert config.model == "pynet"
    assert [s.recipe for s in config.stages] == [RECIPES[f"pynet_{k}"] for k in (5, 4, 3, 2, 1, 0)]


def test_the_tiny_rmfa_net_gets_its_own_rates_from_a_flag_file():
    recipe = (
        configure("paired_adversarial.flags", "--raw_dir=raw", "--model=rmfa_net_tiny")
        .stages[-1]
        .recipe
    )
    assert (recipe.learning_rate, recipe.critic_learning_rate, recipe.critic_interval) == (
        1e-4,
        5e-5,
        4,
    )


def test_the_demo_needs_no_frozen_network():
    stages = configure("demo.flags").stages
    assert [stage.recipe for stage in stages] == [
        RECIPES["pretrain_plus"],
        RECIPES["unpaired_plus"],
    ]
    assert not any(stage.recipe.frozen_networks() for stage in stages)


def test_the_smoke_test_asks_for_random_networks_by_name():
    recipe = configure("unpaired_smoke.flags").stages[1].recipe
    assert all(name.endswith("_narrow") for name in recipe.frozen_networks())
