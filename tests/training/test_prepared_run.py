"""A whole run on patches that `tfisp.prepare` has written."""

import json

import pytest

from tests.helpers.prepared_files import PATCH, write_photographs, write_raws
from tfisp import prepare, train


@pytest.mark.slow
def test_the_recommended_recipe_trains_on_it(tmp_path):
    write_raws(tmp_path / "raw")
    write_photographs(tmp_path / "look")
    made, folder = tmp_path / "out", tmp_path / "run"
    sides = [f"--raw_dir={tmp_path / 'raw'}", f"--target_dir={tmp_path / 'look'}", "--workers=1"]
    assert prepare.run([*sides, f"--output={made}", f"--patch_size={PATCH}"]) == 0
    flags = ["--recipe=pretrain_plus,unpaired_plus", "--steps=1,1", "--batch_size=2"]
    flags += [f"--patch_size={PATCH}", "--validate_every=0", "--image_every=0"]
    words = ["--data=prepared", f"--data_dir={made}", f"--work_dir={folder}", "--export_size=32x32"]
    assert train.run([*words, *flags]) == 0
    entries = json.loads((folder / "manifest.json").read_text())
    assert [entry["role"] for entry in entries] == ["raw", "target"]
    assert str(made) in (folder / "model" / "README.md").read_text()
