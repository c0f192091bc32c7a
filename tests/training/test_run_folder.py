"""A run's folder keeps to one configuration, and its log to what is checkpointed."""

import dataclasses
import importlib.metadata
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.helpers.data_files import scene
from tfisp.data import open_dataset
from tfisp.data.config import DataConfig
from tfisp.errors import InputError
from tfisp.training.config import TrainConfig, differences, make_stages
from tfisp.training.position import Position
from tfisp.training.run_folder import RunFolder, versions


def make_config(**changes):
    stages = changes.pop("stages", make_stages(("pretrain", "unpaired"), (5, 9)))
    data = DataConfig("unprocessed", raw_dir="photos", cache_dir=changes.pop("cache_dir", None))
    return TrainConfig(stages, data, **changes)


def claimed(path, config):
    folder = RunFolder(path)
    folder.claim(config)
    return folder


def test_an_extra_that_is_not_installed_has_no_version(monkeypatch):
    plain = importlib.metadata.version

    def version(name):
        if name == "keras-hub":
            raise importlib.metadata.PackageNotFoundError(name)
        return plain(name)

    monkeypatch.setattr(importlib.metadata, "version", version)
    found = versions()
    assert found["keras-hub"] is None and found["numpy"] == np.__version__


def test_a_new_folder_is_made_and_the_same_configuration_continues(tmp_path):
    assert not RunFolder(tmp_path / "run").continued
    claimed(tmp_path / "run", make_config())
    assert claimed(tmp_path / "run", make_config()).continued


def test_modules_of_the_users_own_are_written_down_where_there_are_any(tmp_path):
    claimed(tmp_path / "a", make_config())
    claimed(tmp_path / "b", make_config(imports=("my_isp",)))
    records = [json.loads((tmp_path / run / "run.json").read_text()) for run in "ab"]
    assert "imports" not in records[0] and records[1]["imports"] == ["my_isp"]


def test_another_configuration_is_refused_with_what_differs(tmp_path):
    claimed(tmp_path / "run", make_config())
    other = make_config(seed=1, stages=make_stages(("pretrain", "unpaired"), (5, 9), gamma=10.0))
    with pytest.raises(InputError) as caught:
        claimed(tmp_path / "run", other)
    message = str(caught.value)
    assert f"--work_dir={tmp_path / 'run'}" in message
    assert "seed: 0 before, 1 now" in message
    assert "stages[1].recipe.gamma: 1000.0 before, 10.0 now" in message
    assert "\n" not in message


def test_the_place_of_the_cache_makes_no_difference(tmp_path):
    claimed(tmp_path / "run", make_config(cache_dir="a"))
    assert claimed(tmp_path / "run", make_config(cache_dir="b")).continued


def test_a_look_is_known_by_its_table(tmp_path):
    def with_look(name, table):
        (tmp_path / name).write_text(f"LUT_1D_SIZE 2\n{table}")
        config = make_config()
        return dataclasses.replace(config, data=config.data.replace(look=str(tmp_path / name)))

    claimed(tmp_path / "run", with_look("a.cube", "0 0 0\n1 1 1\n"))
    assert claimed(tmp_path / "run", with_look("b.cube", "0 0 0\n1.0 1.0 1.0\n")).continued
    with pytest.raises(InputError, match=r"data\.look"):
        claimed(tmp_path / "run", with_look("a.cube", "0 0 0\n1 1 .9\n"))


def test_the_last_stage_may_be_made_longer_but_not_shorter(tmp_path):
    def with_steps(*steps):
        return make_config(stages=make_stages(("pretrain", "unpaired"), steps))

    claimed(tmp_path / "run", with_steps(5, 9))
    claimed(tmp_path / "run", with_steps(5, 20))
    for steps in ((5, 9), (6, 20)):
        with pytest.raises(InputError, match="steps"):
            claimed(tmp_path / "run", with_steps(*steps))


def test_a_folder_with_something_else_in_it_is_refused(tmp_path):
    (tmp_path / "holiday.jpg").touch()
    with pytest.raises(InputError, match=r"no run of tfisp\.train"):
        claimed(tmp_path, make_config())


def test_the_log_is_cut_back_to_the_checkpoint(tmp_path):
    folder = claimed(tmp_path / "run", make_config())
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


def test_how_paths_are_spelled_and_how_a_run_is_watched_makes_no_difference(tmp_path, monkeypatch):
    def config(folder, **changes):
        data = DataConfig("unprocessed", raw_dir=folder, target_dir=folder, **changes.pop("d", {}))
        return TrainConfig(make_stages(("pretrain",), (5,)), data, **changes)

    claimed(tmp_path / "run", config("raw"))
    for other in (
        config("raw/"),
        config("/mnt/other/raw"),
        config("raw", d={"on_bad_file": "skip", "splits": "a.json", "cache_gb": 2.0}),
        config("raw", log_every=3, validate_every=7, validation_split="test", validation_images=2),
    ):
        RunFolder(tmp_path / "run").require_same(other)
    with pytest.raises(InputError, match=r"data\.reduce: 2 before, 3 now"):
        RunFolder(tmp_path / "run").require_same(config("raw", d={"reduce": 3}))


def test_models_weights_and_sensors_are_known_by_what_they_hold(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    sensor = {"pattern": "RGGB", "black_level": 64, "white_level": 1023}
    for name in ("a", "b"):
        Path(name).mkdir()
        Path(name, "sensor.json").write_text(json.dumps(sensor))
        Path(name, "model").mkdir()
        Path(name, "model", "weights").write_bytes(b"the same")
        Path(name, "vgg.h5").write_bytes(b"the same")

    def config(folder):
        data = DataConfig("unprocessed", raw_dir="x", sensor=f"{folder}/sensor.json")
        return TrainConfig(
            make_stages(("pretrain",), (5,)),
            data,
            model=f"{folder}/model",
            weights={"vgg19": f"{folder}/vgg.h5", "alexnet": "random"},
        )

    claimed(tmp_path / "run", config("a"))
    RunFolder(tmp_path / "run").require_same(config("./b/../b"))
    for file, what in (
        ("b/model/weights", "model"),
        ("b/vgg.h5", "weights.vgg19"),
        ("b/sensor.json", "data.sensor"),
    ):
        before = Path(file).read_bytes()
        Path(file).write_bytes(before.replace(b"a", b"e").replace(b"64", b"65"))
        with pytest.raises(InputError, match=rf"configuration \({what}: 'sha256 [0-9a-f]+' before"):
            RunFolder(tmp_path / "run").require_same(config("b"))
        Path(file).write_bytes(before)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"[]",
        b"3",
        b"null",
        b"{}",
        b'{"stages": 3}',
        b'{"stages": [], "data": []}',
        b"[" * 100_000,
        b"\xff",
        b'{"stages": [{"steps": "x"}], "data": {}, "weights": {}}',
        b"9" * 5000,
    ],
)
def test_a_damaged_record_is_one_line(tmp_path, text):
    folder = claimed(tmp_path / "run", make_config(stages=make_stages(("pretrain",), (5,))))
    (folder.path / "run.json").write_bytes(text)
    with pytest.raises(InputError, match=r"(run\.json: |different configuration)") as caught:
        folder.require_same(make_config(stages=make_stages(("pretrain",), (5,))))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "line",
    [
        "{}",
        "[]",
        "nonsense",
        '{"stage": "a", "step": 1}',
        '{"stage": 0}',
        "[" * 100_000,
        "9" * 5000,
    ],
)
def test_a_damaged_line_of_the_log_is_named(tmp_path, line):
    folder = claimed(tmp_path / "run", make_config())
    folder.metrics.write_text('{"stage": 0, "step": 1}\n' + line + "\n")
    with pytest.raises(InputError, match=r"metrics\.jsonl: line 2 is damaged"):
        folder.cut_metrics(Position(1, 2))


def test_bytes_that_are_no_text_are_a_damaged_line(tmp_path):
    folder = claimed(tmp_path / "run", make_config())
    folder.metrics.write_bytes(b'{"stage": 0, "step": 1}\n\xff\xfe\n')
    with pytest.raises(InputError, match=r"metrics\.jsonl: line 2 is damaged"):
        folder.cut_metrics(Position(1, 2))


def test_the_refusal_says_how_to_go_on_with_other_settings(tmp_path):
    folder = claimed(tmp_path / "run", make_config())
    other = make_config(seed=1)
    with pytest.raises(InputError, match=r"or choose a new folder$"):
        folder.require_same(other)
    (folder.path / "stages" / "0-pretrain").mkdir(parents=True)
    with pytest.raises(InputError, match=r"and --model=.*run/stages/0-pretrain to start from what"):
        folder.require_same(other)
    folder.model.mkdir()
    with pytest.raises(InputError, match=r"and --model=.*run to start from what"):
        folder.require_same(other)


def test_files_that_are_not_those_of_the_start_are_refused_by_name(tmp_path):
    def dataset(folder):
        return open_dataset(DataConfig("unprocessed", raw_dir=str(folder), patch_size=16))

    for index in range(5):
        (tmp_path / "photos").mkdir(exist_ok=True)
        picture = scene(48, 64, seed=index)
        cv2.imwrite(str(tmp_path / "photos" / f"{index}.png"), picture)
    folder = claimed(tmp_path / "run", make_config())
    folder.require_same_data(dataset(tmp_path / "photos"))  # nothing is kept yet
    folder.describe("", dataset(tmp_path / "photos"), {})
    moved = (tmp_path / "photos").rename(tmp_path / "moved")
    folder.require_same_data(dataset(moved))
    (moved / "3.png").write_bytes((moved / "3.png").read_bytes() + b"edited")
    with pytest.raises(InputError, match=r"not those that the run began with \(\w+: 1 changed \(3"):
        folder.require_same_data(dataset(moved))
    for text in (b"", b"{}", b"[3]", b'[{"role": "raw"}]', b"[" * 100_000):
        (folder.path / "manifest.json").write_bytes(text)
        with pytest.raises(InputError, match=r"(manifest\.json: |not those that)"):
            folder.require_same_data(dataset(moved))


def test_differences_name_each_place():
    old = {"a": None, "b": {"c": [1, 2]}, "d": 3}
    new = {"a": {"x": 1}, "b": {"c": [1, 4]}, "d": 3, "e": "new"}
    assert differences(old, new) == [
        "a: None before, {'x': 1} now",
        "b.c[1]: 2 before, 4 now",
        "e: None before, 'new' now",
    ]
