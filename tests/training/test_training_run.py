"""The program on the smallest run that has everything: what it leaves, and how it fails."""

import json
import math
import os
import re
import signal

import cv2
import numpy as np
import pytest
import tensorflow as tf
from tensorboard.plugins.custom_scalar import layout_pb2
from tensorboard.plugins.hparams import plugin_data_pb2

from tests.helpers.data_files import scene
from tfisp import models, train
from tfisp.training import scaling, tags
from tfisp.training.trainer import Trainer

FLAGS = (
    "--flagfile=unpaired_smoke.flags",
    "--steps=2,3",
    "--patch_size=64",
    "--batch_size=2",
    "--save_every=2",
    "--log_every=1",
    "--validate_every=2",
    "--validation_images=1",
    "--image_every=2",
    "--export_size=64x64",
    "--keep_if_worse",
)


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    pytest.importorskip("skimage")
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def seen():
    """(recipe, step) -> the RAW patches of each step of the finished run."""
    return {}


@pytest.fixture(scope="module")
def finished(cache, seen):
    folder = cache.parent / "finished"
    run_step = Trainer.run_step

    def watched(self, batch, step):
        seen[self.recipe.name, step] = batch["raw"].numpy()
        return run_step(self, batch, step)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Trainer, "run_step", watched)
        assert start(folder, cache, "--profile=3,5") == 0
    return folder


def start(folder, cache, *more):
    return train.run([*FLAGS, f"--work_dir={folder}", f"--cache_dir={cache}", *more])


def read_events(folder):
    """Tag -> list of (step, value) of a TensorBoard folder; images and texts as raw tensors."""
    found = {}
    for file in sorted(folder.glob("events.*")):
        for record in tf.compat.v1.io.tf_record_iterator(str(file)):
            event = tf.compat.v1.Event.FromString(record)
            for value in event.summary.value:
                found.setdefault(value.tag, []).append((event.step, tf.make_ndarray(value.tensor)))
    return found


def read_log(folder):
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def test_a_skipped_step_is_told_and_logged(cache, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(scaling, "START", scaling.LARGEST)  # too large for the first step
    folder = tmp_path / "run"
    words = ["--recipe=pretrain_plus", "--precision=mixed_float16", "--steps=2", "--batch_size=1"]
    assert start(folder, cache, *words) == 0
    told = f"pretrain_plus step 0 skipped: mse overflowed at scale {scaling.LARGEST:g}, now halved"
    assert told in capsys.readouterr().err
    record = next(entry for entry in read_log(folder) if "overflow/mse" in entry)
    assert record["step"] == 1 and record["overflow/mse"] == 1
    assert record["scale/mse"] == scaling.LARGEST


def test_the_folder_tells_its_story(finished):
    assert {path.name for path in finished.iterdir()} == {
        "run.json",
        "flags.txt",
        "versions.json",
        "manifest.json",
        "splits.json",
        "profile",
        "metrics.jsonl",
        "checkpoints",
        "events",
        "stages",
        "model",
        "export",
        "verdict.json",
        "pictures",
        "report.html",
        "time.json",
    }
    assert "--patch_size=64" in (finished / "flags.txt").read_text()
    versions = json.loads((finished / "versions.json").read_text())
    assert versions["tensorflow"] == tf.__version__
    assert "random" in versions["backbones"]["vgg19_narrow"]
    splits = json.loads((finished / "splits.json").read_text())
    assert not set(splits["raw"]) & {*splits["target"], *splits["test"]}
    for entry in json.loads((finished / "manifest.json").read_text()):
        assert entry["bytes"] == os.stat(entry["path"]).st_size
    assert {path.name for path in (finished / "stages").iterdir()} == {"0-pretrain", "1-unpaired"}


def test_its_pictures_lie_beside_its_page(finished):
    sheets = {path.name for path in (finished / "pictures").glob("*.png")}
    assert sheets == {f"step-{step:06d}.png" for step in (0, 2, 4, 5)}
    page = (finished / "report.html").read_text()
    assert "random weights in vgg19_narrow" in page and "All 5 steps are done." in page
    for name in ("scene-1-step-000005.png", "scene-1-step-000000.png", "scene-1-reference.png"):
        assert name in page and (finished / "pictures" / "single" / name).is_file()
    assert json.loads((finished / "time.json").read_text())["seconds"] > 0


def test_everything_made_with_random_weights_says_so(finished):
    notes = read_events(finished / "events")["run/notes"][0][1].item().decode()
    for text in (
        notes,
        (finished / "model" / "README.md").read_text(),
        (finished / "versions.json").read_text(),
    ):
        assert "random weights in vgg19_narrow, vit_narrow, alexnet_narrow" in text


def test_the_log_has_every_loss_norm_and_penalty(finished):
    steps = [(e["stage"], e["step"]) for e in read_log(finished) if "loss/tv" in e]
    assert steps == [(0, 1), (0, 2), (1, 1), (1, 2), (1, 3)]
    entry = next(
        e for e in read_log(finished) if (e["stage"], e["step"]) == (1, 1) and "loss/tv" in e
    )
    for name in ("content", "tv", "adv_color", "adv_lin0", "adv_lin3"):
        assert all(f"{kind}/{name}" in entry for kind in ("loss", "grad_norm", "weight"))
    for name in ("adv_color", "adv_lin0", "adv_lin3"):
        parts = ("adversarial", "r1", "r2", "real_scores", "fake_scores", "margin", "grad_norm")
        assert all(f"critic/{name}/{part}" in entry for part in parts)
        accuracy = entry[f"critic/{name}/accuracy"]
        assert accuracy in (0, 0.5, 1)  # of two pairs
        assert f"lr/{name}" in entry
    assert all(math.isfinite(v) for v in entry.values() if isinstance(v, float))


@pytest.mark.slow
def test_critics_are_logged_with_the_defaults_too(cache, tmp_path):
    """They learn at steps 0, 10, ...; numbers are written after 10, 20, ... steps."""
    words = (
        "--flagfile=unpaired_smoke.flags",
        "--recipe=unpaired",
        "--steps=12",
        "--patch_size=64",
        "--batch_size=1",
        "--validate_every=0",
        "--image_every=0",
        "--export_size=64x64",
        "--critic_interval=10",
        "--log_every=10",
        "--save_every=5",
    )
    folder = tmp_path / "run"
    assert train.run([*words, f"--work_dir={folder}", f"--cache_dir={cache}"]) == 0
    lines = read_log(folder)
    assert [line["step"] for line in lines] == [10, 12]
    for tag in ("r1", "real_scores", "grad_norm"):
        assert f"critic/adv_lin0/{tag}" in lines[0]
        assert lines[0][f"critic/adv_lin0/{tag}"] != lines[1][f"critic/adv_lin0/{tag}"]
    assert "critic/adv_color/margin" in read_events(folder / "events")


def test_tensorboard_has_the_same_numbers_the_pictures_and_the_flags(finished):
    events = read_events(finished / "events")
    for entry in read_log(finished):
        step = entry["step"] + 2 * entry["stage"]
        for tag in set(entry) - {"stage", "step", "recipe"}:
            assert any(
                s == step and v == pytest.approx(entry[tag], rel=1e-6) for s, v in events[tag]
            ), tag
    assert {
        "perf/images_per_second",
        "perf/wait_share",
        "preview",
        "run/flags",
        "run/config",
    } <= set(events)
    assert [step for step, _ in events["preview"]] == [0, 2, 2, 4, 5]
    assert "--patch_size=64" in events["run/flags"][0][1].item().decode()
    (step, charts), *others = events["custom_scalars__config__"]
    shown = layout_pb2.Layout.FromString(charts.item())
    assert step == 0 and not others and len(shown.category) == len(tags.LAYOUT)
    for category in shown.category:
        for chart in category.chart:
            for pattern in chart.multiline.tag:
                assert any(re.fullmatch(pattern, tag) for tag in events), pattern


def test_tensorboard_has_weights_settings_and_a_profile_of_two_steps(finished):
    events = read_events(finished / "events")
    generator = models.from_preset(finished)
    names = [
        f"weights/generator/{place:02d} {variable.name}"
        for place, variable in enumerate(generator.trainable_variables)
    ]
    assert names and all([step for step, _ in events[name]] == [0, 2, 4, 5] for name in names)
    kernel = generator.trainable_variables[0]
    buckets = events[names[0]][0][1]  # left, right, count
    assert buckets[:, 2].sum() == np.prod(kernel.shape)
    assert any(tag.startswith("weights/adv_lin0/") for tag in events)
    (session,) = [
        plugin_data_pb2.HParamsPluginData.FromString(value.metadata.plugin_data.content)
        for file in (finished / "events").glob("events.*")
        for record in tf.compat.v1.io.tf_record_iterator(str(file))
        for value in tf.compat.v1.Event.FromString(record).summary.value
        if value.tag == "_hparams_/session_start_info"
    ]
    told = session.session_start_info.hparams
    assert told["recipe"].string_value == "pretrain,unpaired"
    assert told["batch_size"].number_value == 2
    assert told["critic_learning_rate"].number_value == pytest.approx(1e-5)
    (trace,) = finished.glob("profile/plugins/profile/*/*.xplane.pb")
    assert trace.stat().st_size > 0


def test_a_profile_is_of_steps_in_order(capsys, tmp_path):
    for steps in ("5", "5,5", "1,2,3"):
        assert train.run([f"--work_dir={tmp_path}/r", "--raw_dir=x", f"--profile={steps}"]) == 2
        assert "--profile: expected FROM,TO, as in 10,20" in capsys.readouterr().err


def test_every_number_is_described(finished):
    logged = {tag for entry in read_log(finished) for tag in entry} - {"stage", "step", "recipe"}
    assert [tag for tag in logged if not tags.meaning(tag)] == []
    assert tags.meaning("critic/adv_color/margin") in described(finished / "events")


def described(folder):
    """The descriptions of all tags."""
    return {
        value.metadata.summary_description
        for file in folder.glob("events.*")
        for record in tf.compat.v1.io.tf_record_iterator(str(file))
        for value in tf.compat.v1.Event.FromString(record).summary.value
    }


def test_validation_measures_raw_and_averaged_weights(finished):
    found = [e for e in read_log(finished) if "val_ema/psnr" in e]
    assert [(e["stage"], e["step"]) for e in found] == [(0, 0), (0, 2), (1, 0), (1, 2), (1, 3)]
    assert found[0]["val_raw/psnr"] == found[0]["val_ema/psnr"]
    assert found[-1]["val_raw/psnr"] != found[-1]["val_ema/psnr"]


def test_checkpoints_are_written_at_their_interval_and_at_the_end_of_a_stage(finished):
    found = sorted(path.name for path in (finished / "checkpoints").iterdir())
    assert found == ["0-pretrain-00000002", "1-unpaired-00000002", "1-unpaired-00000003"]


def test_what_was_skipped_is_listed_at_the_end(cache, tmp_path, capfd):
    folder = tmp_path / "photographs"
    folder.mkdir()
    for index in range(6):
        cv2.imwrite(str(folder / f"{index}.png"), scene(192, 192, index))
    (folder / "6.png").write_bytes(b"no picture")
    words = ["--data=unprocessed", f"--raw_dir={folder}", "--on_bad_file=skip"]
    words += ["--recipe=pretrain_plus", "--steps=1", "--validate_every=1"]
    assert start(tmp_path / "run", cache, *words) == 0
    error = capfd.readouterr().err
    assert f"skipped {folder / '6.png'}: " in error


def test_what_is_published_are_the_averaged_weights(finished):
    """Those of the last checkpoint of each stage, number for number."""
    for stage, name in enumerate(("0-pretrain", "1-unpaired")):
        last = sorted((finished / "checkpoints").glob(f"{stage}-*"))[-1]
        reader = tf.train.load_checkpoint(str(last / "state"))
        stored = {"ema": [], "generator": []}
        for key in sorted(reader.get_variable_to_shape_map()):
            if (root := key.split("/")[0]) in stored and "/.ATTRIBUTES/" in key:
                stored[root].append(reader.get_tensor(key).tobytes())
        generator = models.from_preset(finished / "stages" / name)
        found = sorted(weight.tobytes() for weight in generator.get_weights())
        assert found == sorted(stored["ema"])
        assert found != sorted(stored["generator"])
    final = models.from_preset(finished).get_weights()
    for a, b in zip(final, generator.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_every_stage_reads_its_data_in_an_order_of_its_own(finished, seen):
    assert [key for key in seen if key[0] == "pretrain"] == [("pretrain", 0), ("pretrain", 1)]
    pretrained = [seen["pretrain", step].tobytes() for step in range(2)]
    trained = [seen["unpaired", step].tobytes() for step in range(2)]
    assert pretrained != trained


def test_a_finished_run_started_again_changes_nothing(finished, cache):
    before = (
        (finished / "metrics.jsonl").read_bytes(),
        (finished / "model" / "model.weights.h5").stat().st_size,
    )
    assert start(finished, cache) == 0
    after = (
        (finished / "metrics.jsonl").read_bytes(),
        (finished / "model" / "model.weights.h5").stat().st_size,
    )
    assert before == after


def test_the_folder_stays_locked_while_it_is_exported(finished, cache, monkeypatch):
    from tfisp.exporting import conversion

    locked = []
    monkeypatch.setattr(
        conversion, "export", lambda *_, **__: locked.append((finished / ".lock").exists())
    )
    assert start(finished, cache) == 0
    assert locked == [True] and not (finished / ".lock").exists()


def test_another_configuration_in_the_folder_is_refused(finished, cache, capfd):
    assert start(finished, cache, "--seed=5") == 1
    assert "seed: 0 before, 5 now" in capfd.readouterr().err.splitlines()[-1]


@pytest.mark.slow
def test_a_run_starts_from_another_runs_generator(finished, cache, tmp_path):
    code = start(
        tmp_path / "run",
        cache,
        f"--model={finished}",
        "--recipe=pretrain",
        "--steps=1",
        "--learning_rate=0",
    )
    assert code == 0
    trained, source = models.from_preset(tmp_path / "run"), models.from_preset(finished)
    for a, b in zip(trained.get_weights(), source.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)


@pytest.mark.slow
def test_ctrl_c_leaves_a_checkpoint_of_the_last_whole_step(
    finished, cache, tmp_path, monkeypatch, capfd
):
    run_step = Trainer.run_step

    def interrupted(self, batch, step):
        logs = run_step(self, batch, step)
        if self.recipe.name == "unpaired" and step == 0:
            os.kill(os.getpid(), signal.SIGINT)
        return logs

    monkeypatch.setattr(Trainer, "run_step", interrupted)
    assert start(tmp_path / "run", cache) == 130
    assert (tmp_path / "run" / "checkpoints" / "1-unpaired-00000001").is_dir()
    assert "the same command continues" in capfd.readouterr().err
    assert "Stopped after 3 of 5 steps" in (tmp_path / "run" / "report.html").read_text()
    monkeypatch.undo()
    assert start(tmp_path / "run", cache) == 0
    whole, broken = (shown(folder) for folder in (finished, tmp_path / "run"))
    assert whole == broken


def shown(folder):
    """The page of a run without what differs by nature: its name, its time, its flags' paths."""
    page = (folder / "report.html").read_text()
    page = re.sub("<dt>Time</dt><dd>.*?</dd>", "", page)
    return re.sub("<title>.*</title>|<h1.*</h1>|--(work|cache)_dir=.*", "", page)


@pytest.mark.slow
def test_a_loss_that_is_no_number_stops_the_run_and_keeps_the_last_checkpoint(
    cache, tmp_path, monkeypatch, capfd
):
    run_step = Trainer.run_step

    def poisoned(self, batch, step):
        if step == 2:
            batch = batch | {"target": batch["target"] * float("nan")}
        return run_step(self, batch, step)

    monkeypatch.setattr(Trainer, "run_step", poisoned)
    assert start(tmp_path / "run", cache) == 1
    error = capfd.readouterr().err.splitlines()[-1]
    assert "unpaired step 2" in error
    assert "adv_color" in error
    assert "nan" in error
    assert (tmp_path / "run" / "checkpoints" / "1-unpaired-00000002").is_dir()


def test_a_dry_run_tells_plan_time_and_memory_and_writes_nothing(cache, tmp_path, capfd):
    assert start(tmp_path / "run", cache, "--dry_run") == 0
    out = capfd.readouterr().out
    for part in (
        "3,060 parameters",
        "stage 1    unpaired",
        "adv_lin3",
        "s a step",
        "total time",
        "cache      0.00",
        "MiB",
        "random weights",
    ):
        assert part in out
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("flags", "code", "message"),
    [
        (("--recipe=unpared",), 2, "did you mean unpaired"),
        (("--model=eficient_isp",), 2, "did you mean efficient_isp"),
        (("--data=folder",), 2, "did you mean folders"),
        (("--steps=1,2,3",), 2, "--steps"),
        (("--critics=adv_lin9",), 2, "did you mean adv_lin"),
        (("--content=vgg19_narow:relu3_4",), 2, "did you mean vgg19_narrow"),
        (("--content=vgg19_narrow:relu9_9",), 1, "relu"),
        (("--batch_size=0",), 2, "--batch_size=0"),
        (("--raw_dir=/nowhere",), 1, "/nowhere"),
    ],
)
def test_mistakes_get_one_line_and_leave_no_folder(cache, tmp_path, capfd, flags, code, message):
    assert start(tmp_path / "run", cache, *flags) == code
    error = capfd.readouterr().err
    assert message in error.splitlines()[-1]
    assert "Traceback" not in error
    assert not (tmp_path / "run").exists()
