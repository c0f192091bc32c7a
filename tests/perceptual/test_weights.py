"""Where weights are looked for, and what is said when they are nowhere."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import keras
import keras_hub
import numpy as np
import pytest

from tfisp.errors import InputError
from tfisp.perceptual import backbones, weights
from tfisp.perceptual.weights import PUBLISHED, locate

# All but what KerasHub fetches by itself.
OFFLINE = [key for key in PUBLISHED if key != "vit_b16"]


@pytest.fixture(autouse=True)
def nothing_found(tmp_path, monkeypatch):
    """An empty cache, no weights folder, and a network that is down."""
    monkeypatch.delenv("TFISP_WEIGHTS", raising=False)
    monkeypatch.setenv("TFISP_CACHE", str(tmp_path / "cache"))

    def no_network(*args, **kwargs):
        raise OSError("Name or service not known")

    monkeypatch.setattr(keras.utils, "get_file", no_network)


def put(folder, name="alexnet_features.npz", content=b"x"):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)
    return folder / name


def test_an_explicit_path_comes_before_the_weights_folder_before_the_cache(tmp_path, monkeypatch):
    cached = put(tmp_path / "cache" / "weights")
    assert locate("alexnet").path == cached
    shared = put(tmp_path / "shared")
    monkeypatch.setenv("TFISP_WEIGHTS", str(tmp_path / "shared"))
    assert locate("alexnet").path == shared
    explicit = put(tmp_path, "other.npz")
    assert locate("alexnet", explicit).path == explicit
    assert locate("alexnet", tmp_path / "shared").path == shared


def test_random_weights_are_used_only_when_named():
    assert locate("alexnet", "random").is_random
    assert locate("alexnet", "random").describe(3) == "random (seed 3)"
    for key in OFFLINE:
        with pytest.raises(InputError):
            locate(key)


@pytest.mark.parametrize("key", OFFLINE)
def test_the_offline_error_is_one_line_that_says_what_to_do(key, tmp_path):
    with pytest.raises(InputError) as caught:
        locate(key)
    text = str(caught.value)
    assert "\n" not in text
    for part in (f"--{key}_weights=PATH", PUBLISHED[key].file, str(tmp_path / "cache" / "weights")):
        assert part in text
    assert "https://" in text
    assert "{" not in text


@pytest.mark.parametrize("name", filter(backbones.weights_key, backbones.names()))
def test_every_backbone_without_its_weights_says_what_to_run(name, monkeypatch):
    key = backbones.weights_key(name)
    monkeypatch.setattr(keras_hub.models.ViTBackbone, "from_preset", keras.utils.get_file)
    with pytest.raises(InputError, match=rf"--{key}_weights=PATH") as caught:
        backbones.create(name)
    text = str(caught.value)
    assert any(words in text for words in ("port_weights.py", "download https://"))
    assert f"put {PUBLISHED[key].file} into" in text


def test_the_scripts_named_by_the_errors_port_these_weights():
    script = Path(__file__).resolve().parents[2] / "scripts" / "port_weights.py"
    usage = subprocess.run(
        [sys.executable, str(script), "--help"],
        env=os.environ | {"PYTHONPATH": str(script.parents[1])},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    kinds = usage.partition("{")[2].partition("}")[0].split(",")
    asked = {key for key, entry in PUBLISHED.items() if f"port_weights.py {key} " in entry.advice}
    assert asked == set(kinds)
    assert {key for key in PUBLISHED if key not in asked} == {"vgg16", "vgg19"}  # Keras' own


def test_a_failed_download_is_named_as_the_reason():
    with pytest.raises(InputError, match="Name or service not known"):
        locate("vgg19")


def test_what_keras_hub_offers_is_left_to_it_and_its_failure_explained():
    assert locate("vit_b16").preset == "vit_base_patch16_224_imagenet"
    text = str(weights.not_found(PUBLISHED["vit_b16"], "no network"))
    assert "scripts/port_weights.py vit_b16 FOLDER" in text
    assert "\n" not in text
    assert "save_to_preset('vit_base_patch16_224_imagenet')" in text
    assert "{" not in text


def test_a_file_with_another_hash_than_the_published_one_is_refused(tmp_path):
    put(tmp_path / "cache" / "weights", PUBLISHED["vgg19"].file, b"cut off")
    with pytest.raises(InputError, match="expected 253f8cb515780f3b799900260a226db6"):
        locate("vgg19")


def test_a_recorded_hash_is_checked_from_then_on(tmp_path):
    path = put(tmp_path / "cache" / "weights")
    put(path.parent, path.name + ".sha256", hashlib.sha256(b"x").hexdigest().encode())
    assert locate("alexnet").path == path
    path.write_bytes(b"y")
    with pytest.raises(InputError, match="delete it and fetch it again"):
        locate("alexnet")


def test_a_path_that_is_not_there_is_refused_by_its_flag(tmp_path):
    with pytest.raises(InputError, match=r"--alexnet_weights=.*nowhere.npz: no such file"):
        locate("alexnet", tmp_path / "nowhere.npz")
    with pytest.raises(InputError, match=r"a folder without alexnet_features\.npz"):
        locate("alexnet", tmp_path)


def test_hashes_are_of_the_length_their_algorithm_has():
    for entry in PUBLISHED.values():
        assert len(entry.md5) in (0, 32)
        assert np.all([c in "0123456789abcdef" for c in entry.md5])


@pytest.mark.parametrize("name", ["VGG16", "VGG19"])
def test_the_hashes_of_vgg_are_those_that_keras_states(name):
    import inspect

    source = inspect.getsource(inspect.getmodule(getattr(keras.applications, name)))
    entry = PUBLISHED[name.lower()]
    assert entry.md5 in source
    assert entry.file in source
    assert entry.url.endswith(f"{name.lower()}/{entry.file}")
