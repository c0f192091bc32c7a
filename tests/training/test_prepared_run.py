"""Whole runs on patches that `tfisp.prepare` has written."""

import json

import pytest

from tests.helpers.prepared_files import PATCH, write_photographs, write_raws
from tfisp import prepare, train

NARROW = (
    "--content=vgg19_narrow:relu3_4",
    "--color_backbone=vit_narrow",
    "--texture_backbone=alexnet_narrow",
)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    root = tmp_path_factory.mktemp("made")
    write_raws(root / "raw")
    write_photographs(root / "look")
    words = [f"--raw_dir={root / 'raw'}", f"--target_dir={root / 'look'}", "--workers=1"]
    assert prepare.run([*words, f"--output={root / 'out'}", f"--patch_size={PATCH}"]) == 0
    return root / "out"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("recipes", "more"),
    [("pretrain,unpaired", NARROW), ("pretrain_plus,unpaired_plus", ())],
)
def test_recipes_without_pairs_train_on_it(made, tmp_path, recipes, more):
    flags = [f"--recipe={recipes}", "--steps=1,1", "--batch_size=2", f"--patch_size={PATCH}", *more]
    flags += ["--validate_every=0", "--image_every=0", "--export_size=32x32"]
    folder = tmp_path / "run"
    words = ["--data=prepared", f"--data_dir={made}", f"--work_dir={folder}"]
    assert train.run([*words, *flags]) == 0
    entries = json.loads((folder / "manifest.json").read_text())
    assert [entry["role"] for entry in entries] == ["raw", "target"]
    assert str(made) in (folder / "model" / "README.md").read_text()
