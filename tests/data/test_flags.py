"""The data flags describe every field of a DataConfig that a user chooses."""

import dataclasses

import pytest

from tfisp import cli
from tfisp.cli import flags
from tfisp.contract import AS_SHOT
from tfisp.data import flags as data_flags
from tfisp.data.config import DataConfig
from tfisp.errors import UsageError


def config_of(*words, contract=None):
    values = flags.FlagValues()
    data_flags.define(values)
    cli.parse(values, words, takes_arguments=False)
    return data_flags.make_config(values, contract)


def test_without_flags_the_defaults_of_the_configuration_hold():
    assert config_of("--data=zrr", "--raw_dir=x") == DataConfig("zrr", raw_dir="x")


def test_every_field_has_a_flag():
    values = flags.FlagValues()
    data_flags.define(values)
    fields = {field.name for field in dataclasses.fields(DataConfig)} - {"contract"}
    assert {*values} - {"data", "data_seed"} == fields - {"name", "seed"}


def test_values_reach_the_configuration():
    config = config_of(
        "--data=unprocessed",
        "--raw_dir=p",
        "--data_seed=3",
        "--patch_size=64",
        "--noise=0.01",
        "--illuminant=2,1,1.5",
        "--on_bad_file=skip",
        contract=AS_SHOT,
    )
    assert (config.name, config.seed, config.patch_size) == ("unprocessed", 3, 64)
    assert config.on_bad_file == "skip" and config.contract == AS_SHOT


@pytest.mark.parametrize(
    "word, message",
    [
        ("--reference=menon", "--reference=menon: unknown; did you mean menon2007?"),
        ("--patch_size=33", "--patch_size=33: must be even"),
        ("--patch_size=0", "--patch_size=0: expected an integer of at least 2"),
        ("--cache_gb=-1", "--cache_gb=-1: expected a number of at least 0"),
        ("--data_seed=-1", "--data_seed=-1: expected an integer of at least 0"),
        ("--reduce=1", "--reduce=1: expected an integer of at least 2"),
        ("--noise=loud", "--noise=loud: expected none, random or a number"),
        ("--data=folder", "--data=folder: unknown; did you mean folders?"),
    ],
)
def test_a_wrong_value_is_a_usage_error(word, message):
    with pytest.raises(UsageError, match=message.replace("?", r"\?")):
        config_of(word)
