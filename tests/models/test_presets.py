"""Presets: what is saved comes back, and nothing that was tampered with does."""

import hashlib
import json
import re

import h5py
import numpy as np
import pytest

from tests.helpers.network_cases import DISTINCT
from tfisp import models
from tfisp.contract import Contract
from tfisp.errors import InputError
from tfisp.models import presets
from tfisp.sensor import Sensor

SENSOR = Sensor(pattern="GRBG", black_level=64, white_level=1023, name="test sensor")


@pytest.fixture
def saved(tmp_path):
    generator = models.create("robust_isp", seed=5, contract=Contract(white_level=1023))
    return generator, models.save_to_preset(
        generator, tmp_path / "mine", sensor=SENSOR, card="# Mine"
    )


def rehash(folder):
    """Makes a tampered preset's hashes right again, so that what comes after them is tested."""
    names = (presets.CONFIG, presets.WEIGHTS, presets.CARD)
    sums = [f"{hashlib.sha256((folder / n).read_bytes()).hexdigest()}  {n}\n" for n in names]
    (folder / presets.SUMS).write_text("".join(sums))


def test_a_preset_gives_back_the_same_generator(saved):
    generator, folder = saved
    loaded = models.from_preset(folder)
    assert type(loaded) is type(generator)
    assert loaded.contract == generator.contract
    assert loaded.sensor == SENSOR
    for a, b in zip(generator.weights, loaded.weights, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_saved_folder_holds_exactly_the_four_files(saved):
    _, folder = saved
    assert {p.name for p in folder.iterdir()} == {
        "config.json",
        "model.weights.h5",
        "README.md",
        "SHA256SUMS",
    }
    assert (folder / "README.md").read_text() == "# Mine\n"
    assert [p.name for p in folder.parent.iterdir()] == ["mine"]


def test_the_model_is_found_in_a_run_folder(saved, tmp_path):
    _, folder = saved
    run = tmp_path / "run"
    run.mkdir()
    folder.rename(run / "model")
    assert models.from_preset(run).count_params() == 1616


def test_what_a_preset_says_can_be_read_without_its_network(saved):
    preset = models.read_preset(saved[1])
    assert (preset.model, preset.sensor) == ("robust_isp", SENSOR)
    assert preset.contract == Contract(white_level=1023)


def test_a_model_card_is_written_for_who_gives_none(tmp_path):
    folder = models.save_to_preset(models.create("efficient_isp"), tmp_path / "x")
    assert "3,060 parameters" in (folder / "README.md").read_text()


def test_an_existing_folder_is_only_replaced_when_asked(saved, tmp_path):
    _, folder = saved
    other = models.create("efficient_isp")
    with pytest.raises(InputError, match="already exists"):
        models.save_to_preset(other, folder)
    models.save_to_preset(other, folder, overwrite=True)
    assert models.from_preset(folder).count_params() == 3060
    (tmp_path / "photos").mkdir()
    with pytest.raises(InputError, match="no preset"):
        models.save_to_preset(other, tmp_path / "photos", overwrite=True)


def test_a_save_that_fails_leaves_the_old_preset(saved, monkeypatch):
    _, folder = saved

    def full_disk(*args, **kwargs):
        raise OSError("No space left on device")

    other = models.create("efficient_isp")
    monkeypatch.setattr(type(other), "save_weights", full_disk)
    with pytest.raises(OSError, match="No space"):
        models.save_to_preset(other, folder, overwrite=True)
    assert models.from_preset(folder).count_params() == 1616
    assert [p.name for p in folder.parent.iterdir()] == ["mine"]


@pytest.mark.parametrize("name", ["config.json", "model.weights.h5", "README.md"])
def test_a_changed_or_missing_file_is_named(saved, name):
    path = saved[1] / name
    path.write_bytes(path.read_bytes()[:-1] + b" ")
    with pytest.raises(InputError, match=rf"{name}: does not match its hash"):
        models.from_preset(saved[1])
    path.unlink()
    with pytest.raises(InputError, match=r"missing|neither a preset"):
        models.from_preset(saved[1])


def test_names_that_lead_out_of_the_folder_are_refused(saved, tmp_path):
    _, folder = saved
    with (folder / "SHA256SUMS").open("a") as file:
        file.write("0" * 64 + "  ../../secret\n")
    with pytest.raises(InputError, match="must list exactly"):
        models.from_preset(folder)
    rehash(folder)
    outside = tmp_path / "weights.h5"
    (folder / "model.weights.h5").rename(outside)
    (folder / "model.weights.h5").symlink_to(outside)
    with pytest.raises(InputError, match="leads out"):
        models.from_preset(folder)


def test_an_unknown_network_or_setting_is_refused(saved):
    path = saved[1] / "config.json"
    record = json.loads(path.read_text())
    for change, message in [
        ({"model": "os.system"}, r"config\.json: .*os\.system"),
        ({"config": {"widths": [1, 2]}}, "settings that robust_isp does not take"),
        ({"format": 99}, "format 99"),
        ({"contract": {"form": "cube"}}, "form 'cube'"),
        ({"sensor": 3}, "configuration|sensor"),
        ({"model": ["efficient_isp"]}, "unknown"),
        ({"config": {"seed": float("inf")}}, "settings that robust_isp does not take"),
        ({"contract": {"form": "packed", "white_level": 10**400}}, "contract: white level"),
        ({"contract": 5}, r"config\.json: contract: expected a JSON object"),
        ({"config": 5}, "configuration"),
    ]:
        path.write_text(json.dumps(record | change))
        rehash(saved[1])
        with pytest.raises(InputError, match=message):
            models.from_preset(saved[1])


def test_a_configuration_that_is_no_object_is_refused(saved):
    for text in ("[]", "null", "3", '"x"', "[" * 100_000, "{", "\ufeff{}"):
        (saved[1] / "config.json").write_text(text)
        rehash(saved[1])
        with pytest.raises(
            InputError, match=r"config\.json: not a preset's configuration"
        ) as error:
            models.from_preset(saved[1])
        assert "\n" not in str(error.value)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_not_finite_are_refused(tmp_path, value):
    generator = models.create("efficient_isp", seed=0)
    kernel = generator.weights[2].numpy()
    kernel[0, 0, 0, 3] = value
    generator.weights[2].assign(kernel)
    folder = models.save_to_preset(generator, tmp_path / "broken")
    with pytest.raises(InputError, match=r"model\.weights\.h5: .* values that are not finite"):
        models.from_preset(folder)


def test_weights_of_another_network_are_refused(saved, tmp_path):
    _, folder = saved
    other = models.save_to_preset(models.create("efficient_isp"), tmp_path / "other")
    (folder / "model.weights.h5").write_bytes((other / "model.weights.h5").read_bytes())
    rehash(folder)
    with pytest.raises(InputError, match=r"3,060 numbers, RobustISP has 1,616"):
        models.from_preset(folder)


def test_weights_that_carry_more_or_link_elsewhere_are_refused(saved):
    _, folder = saved
    with h5py.File(folder / "model.weights.h5", "a") as file:
        file["more"] = np.zeros(3)
    rehash(folder)
    with pytest.raises(InputError, match="1,619 numbers"):
        models.from_preset(folder)
    with h5py.File(folder / "model.weights.h5", "a") as file:
        del file["more"]
        file["more"] = h5py.ExternalLink("/etc/passwd", "/")
    rehash(folder)
    with pytest.raises(InputError, match="is a link"):
        models.from_preset(folder)


def test_a_mistyped_folder_is_answered_with_its_neighbour(saved, tmp_path):
    with pytest.raises(InputError, match="did you mean mine"):
        models.from_preset(tmp_path / "mien")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="neither a preset nor a run"):
        models.from_preset(tmp_path / "empty")
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="is a file"):
        models.from_preset(tmp_path / "file")
    with pytest.raises(InputError, match="no preset of that name"):
        models.from_preset("surely-unknown")


def test_a_compiled_and_fitted_generator_can_be_saved_and_loaded(tmp_path):
    generator = models.create("efficient_isp")
    generator.compile(optimizer="adam", loss="mse")
    generator.fit(
        np.zeros([1, 8, 8, 4], np.float32), np.ones([1, 16, 16, 3], np.float32), verbose=0
    )
    loaded = models.from_preset(models.save_to_preset(generator, tmp_path / "preset"))
    for a, b in zip(generator.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.slow
@pytest.mark.parametrize("case", DISTINCT, ids=str)
def test_equal_weights_give_equal_files_however_many_networks_there_were_before(tmp_path, case):
    first, second = (case.create(seed=3) for _ in range(2))
    for number, generator in enumerate((first, second.copy(), second)):
        models.save_to_preset(generator, tmp_path / str(number))
    for file in ("config.json", "model.weights.h5", "README.md", "SHA256SUMS"):
        contents = {(tmp_path / str(number) / file).read_bytes() for number in range(3)}
        assert len(contents) == 1, file
    names = [layer.name for layer in second._flatten_layers()]
    assert names[0] == first.name and not re.search(r"_\d+$", first.name)
    assert not any("conv2d" in layer for layer in names)
