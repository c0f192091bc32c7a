"""No file plays two roles, by whatever name."""

import json
import os
import shutil

import cv2
import numpy as np
import pytest

from tests.helpers.data_files import counts
from tfisp.data import open_dataset
from tfisp.data.roles import clashes
from tfisp.errors import InputError


def names(found):
    return [(clash.path.name, clash.role, clash.other.name, clash.other_role) for clash in found]


def test_links_and_copies_are_found_and_the_first_role_keeps_the_file(tmp_path):
    for index, name in enumerate("abcd"):
        (tmp_path / name).write_bytes(bytes([index]) * 20_000)
    (tmp_path / "link").symlink_to(tmp_path / "a")
    os.link(tmp_path / "b", tmp_path / "hard")
    shutil.copy(tmp_path / "c", tmp_path / "copy")
    # As long as d and alike at both ends and in the middle, but not the same.
    almost = bytearray((tmp_path / "d").read_bytes())
    almost[15_000] ^= 1
    (tmp_path / "almost").write_bytes(almost)
    roles = {
        "test": [tmp_path / "a"],
        "raw": [tmp_path / name for name in ("b", "c", "d", "link")],
        "target": [tmp_path / name for name in ("hard", "copy", "almost")],
    }
    assert names(clashes(roles)) == [
        ("link", "raw", "a", "test"),
        ("hard", "target", "b", "raw"),
        ("copy", "target", "c", "raw"),
    ]
    assert clashes({"raw": [tmp_path / "c", tmp_path / "copy"]}) == []


def test_raw_mosaics_are_not_taken_for_photographs_too(config, tmp_path):
    for index in range(2):
        cv2.imwrite(str(tmp_path / f"{index}.png"), counts(40, 40, seed=index))
    cv2.imwrite(str(tmp_path / "look.jpg"), counts(40, 40, seed=5).astype(np.uint8))
    options = {"raw_dir": tmp_path, "target_dir": tmp_path, "sensor": "zrr"}
    with pytest.raises(InputError, match=r"0\.png: would be both raw and target"):
        open_dataset(config("folders", **options))
    dataset = open_dataset(config("folders", on_bad_file="skip", **options))
    assert len(dataset.raw.frames) == 2
    assert [item.path.name for item in dataset.targets.photographs] == ["look.jpg"]


@pytest.mark.parametrize("kind", ["spelling", "copy", "link"])
def test_a_held_out_photograph_is_not_trained_on_by_another_name(
    config, tmp_path, write_photographs, kind
):
    folder = write_photographs(tmp_path / "photos", 3, size=(80, 96))
    other = {"spelling": "./photo1.png", "copy": "copy.png", "link": "link.png"}[kind]
    if kind == "copy":
        shutil.copy(folder / "photo1.png", folder / other)
    elif kind == "link":
        (folder / other).symlink_to(folder / "photo1.png")
    roles = {"source": ["photo0.png", other], "target": ["photo2.png"], "test": ["photo1.png"]}
    (folder / "splits.json").write_text(json.dumps(roles))
    with pytest.raises(
        InputError, match=r"(photo1\.png is both source and test|both test and raw)"
    ):
        open_dataset(config("unprocessed", splits=str(folder / "splits.json")))
