"""A configuration refuses what cannot be, by the flag's name; opening nothing costs nothing."""

import dataclasses
import json
import subprocess
import sys

import pytest

from tfisp.contract import AS_SHOT, PUBLISHED, Contract
from tfisp.data import DATASETS, DataConfig, names
from tfisp.errors import InputError


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"name": "zzr"}, r"--data=zzr: unknown; did you mean zrr"),
        ({"name": "folder"}, "did you mean folders"),
        ({"reference": "menon"}, "--reference=menon: unknown; did you mean menon2007"),
        ({"on_bad_file": "ignore"}, "--on_bad_file=ignore"),
        ({"augment": "flips"}, "--augment=flips: unknown; did you mean flip"),
        ({"placement": "fix"}, "--placement=fix: unknown; did you mean fixed"),
        ({"metadata": "no"}, "--metadata=no"),
        ({"patch_size": 127}, "--patch_size=127: must be even"),
        ({"patch_size": 0}, "--patch_size=0"),
        ({"reduce": 1}, "--reduce=1: must be at least 2"),
        ({"seed": -1}, "--data_seed=-1"),
        ({"illuminant": "2,1"}, "--illuminant=2,1"),
        ({"illuminant": "2,0,1"}, "--illuminant"),
        ({"illuminant": "inf,1,1"}, "--illuminant"),
        ({"noise": "loud"}, "--noise=loud"),
        ({"look": "a.cube"}, "--look=a.cube: only --data=unprocessed"),
        ({"noise": "0.5"}, "--noise=0.5"),
        ({"noise": "nan"}, "--noise=nan"),
    ],
)
def test_mistakes_are_named_by_their_flag(values, message):
    with pytest.raises(InputError, match=message):
        DataConfig(**({"name": "zrr"} | values))


def test_a_kind_brings_its_own_patch_size_contract_and_sensor():
    assert DataConfig("zrr").patch_size == 448
    assert DataConfig("ultraisp", patch_size=64).patch_size == 64
    assert DataConfig("zrr").resolved_contract() == PUBLISHED
    assert DataConfig("folders").resolved_contract() == AS_SHOT
    assert DataConfig("folders").resolved_sensor() is None
    assert DataConfig("ultraisp").resolved_sensor().white_level == 4092
    assert DataConfig("zrr", contract=Contract("split")).resolved_contract().form == "split"
    assert DataConfig("unprocessed", metadata="withheld").resolved_contract() == Contract(
        companding="sqrt"
    )
    assert DataConfig("zrr", illuminant="4,2,3").illuminant_gains() == (2, 1, 1.5)


def test_a_configuration_can_be_written_down():
    config = DataConfig("zrr", contract=PUBLISHED)
    assert json.loads(json.dumps(dataclasses.asdict(config)))["contract"]["white_level"] == 1023


def test_every_kind_is_listed():
    assert (
        names()
        == list(DATASETS)
        == ["zrr", "ultraisp", "ntire26", "folders", "pairs", "prepared", "unprocessed"]
    )


def test_tensorflow_is_loaded_only_for_batches():
    code = (
        "import sys, tfisp.data.config, tfisp.data.flags, tfisp.data as d;"
        "d.DataConfig('zrr');"
        "assert not {'tensorflow', 'rawpy', 'colour_demosaicing'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
