"""A run's folder keeps to one configuration, and its log to what is checkpointed."""

import dataclasses
import json

import pytest

from tfisp.data.config import DataConfig
from tfisp.errors import InputError
from tfisp.training.checkpoints import Position
from tfisp.training.config import TrainConfig, make_stages
from tfisp.training.run_folder import RunFolder


def make_config(**changes):
    stages = changes.pop("stages", make_stages(("pretrain", "unpaired"), (5, 9)))
    data = DataConfig("unprocessed", raw_dir="photos", cache_dir=changes.pop("cache_dir", None))
    return TrainConfig(stages, data, **changes)


def test_a_new_folder_is_made_and_the_same_configuration_continues(tmp_path):
    assert not RunFolder(tmp_path / "run", make_config()).continued
    assert RunFolder(tmp_path / "run", make_config()).continued


def test_another_configuration_is_refused_with_what_differs(tmp_path):
    RunFolder(tmp_path / "run", make_config())
    other = make_config(seed=1, stages=make_stages(("pretrain", "unpaired"), (5, 9), gamma=10.0))
    with pytest.raises(InputError) as caught:
        RunFolder(tmp_path / "run", other)
    message = str(caught.value)
    assert f"--work_dir={tmp_path / 'run'}" in message
    assert "seed: 0 before, 1 now" in message
    assert "stages[1].recipe.gamma: 1000.0 before, 10.0 now" in message
    assert "\n" not in message


def test_the_place_of_the_cache_makes_no_difference(tmp_path):
    RunFolder(tmp_path / "run", make_config(cache_dir="a"))
    assert RunFolder(tmp_path / "run", make_config(cache_dir="b")).continued


def test_a_look_is_known_by_its_table(tmp_path):
    def with_look(name, table):
        (tmp_path / name).write_text(f"LUT_1D_SIZE 2\n{table}")
        config = make_config()
        return dataclasses.replace(config, data=config.data.replace(look=str(tmp_path / name)))

    RunFolder(tmp_path / "run", with_look("a.cube", "0 0 0\n1 1 1\n"))
    assert RunFolder(tmp_path / "run", with_look("b.cube", "0 0 0\n1.0 1.0 1.0\n")).continued
    with pytest.raises(InputError, match=r"data\.look"):
        RunFolder(tmp_path / "run", with_look("a.cube", "0 0 0\n1 1 .9\n"))


def test_the_last_stage_may_be_made_longer_but_not_shorter(tmp_path):
    def with_steps(*steps):
        return make_config(stages=make_stages(("pretrain", "unpaired"), steps))

    RunFolder(tmp_path / "run", with_steps(5, 9))
    RunFolder(tmp_path / "run", with_steps(5, 20))
    for steps in ((5, 9), (6, 20)):
        with pytest.raises(InputError, match="steps"):
            RunFolder(tmp_path / "run", with_steps(*steps))


def test_a_folder_with_something_else_in_it_is_refused(tmp_path):
    (tmp_path / "holiday.jpg").touch()
    with pytest.raises(InputError, match=r"no run of tfisp\.train"):
        RunFolder(tmp_path, make_config())


def test_the_log_is_cut_back_to_the_checkpoint(tmp_path):
    folder = RunFolder(tmp_path / "run", make_config())
    entries = [{"stage": s, "step": n} for s, n in ((0, 1), (0, 5), (1, 0), (1, 2), (1, 3))]
    text = "".join(json.dumps(entry) + "\n" for entry in entries)
    for position, kept in ((Position(1, 2), 4), (Position(0, 5), 2), (None, 0)):
        folder.metrics.write_text(text + '{"stage": 1, "st')
        folder.cut_metrics(position)
        assert [json.loads(line) for line in folder.metrics.read_text().splitlines()] == entries[
            :kept
        ]


@pytest.mark.parametrize(
    ("field", "value"),
    [("batch_size", 0), ("accumulate", 0), ("validate_every", -1), ("validation_images", 0)],
)
def test_numbers_out_of_range_name_their_flag(field, value):
    with pytest.raises(InputError, match=f"--{field}={value}"):
        make_config(**{field: value})


def test_a_batch_that_cannot_be_divided_is_refused():
    with pytest.raises(InputError, match="--accumulate=3: must divide --batch_size=32"):
        make_config(accumulate=3)


def test_the_configuration_is_plain_json():
    values = make_config().to_dict()
    assert json.loads(json.dumps(values))["stages"][1]["recipe"]["name"] == "unpaired"
    assert dataclasses.is_dataclass(make_config())
