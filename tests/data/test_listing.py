"""What is found in a folder, what is left out of it, and which files belong together."""

import os

import pytest

from tests.helpers.data_files import encoded, scene
from tfisp.data import open_dataset
from tfisp.data.bad_files import BadFiles
from tfisp.data.images import IMAGE_SUFFIXES
from tfisp.data.listing import match, require_files, search_folder
from tfisp.errors import InputError

PICTURE = encoded(".png", scene(32, 32))


@pytest.fixture
def folder(tmp_path):
    """Photographs, and much that is none."""
    for name in (
        "a2.png",
        "a10.PNG",
        "trip/b.jfif",
        ".hidden.png",
        "._a2.png",
        "film.mov",
        "notes",
        ".Trash-1000/files/c.png",
        "$RECYCLE.BIN/d.png",
        "trip/@eaDir/a2.png/thumb.png",
        ".thumbnails/normal/e.png",
        "trip/@eaDir/list.txt",
        "report/pictures.png",
        "report/images.csv",
        "report/summary.json",
        "report/summary.md",
        "unfinished/pictures/0000-a-truth-0123456789abcdef.png",
        "unfinished/kept/0123.json",
    ):
        (tmp_path / "look" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "look" / name).write_bytes(PICTURE)
    (tmp_path / "look" / "gone.png").symlink_to(tmp_path / "nowhere.png")
    return tmp_path / "look"


def test_what_is_left_out_is_counted_by_reason(folder):
    found = require_files("target_dir", folder, IMAGE_SUFFIXES, "photographs")
    names = [path.relative_to(folder).as_posix() for path in found.files]
    assert names == ["a2.png", "a10.PNG", "trip/b.jfif"]
    assert found.left_out == {
        "hidden": 2,
        ".mov": 1,
        "without suffix": 1,
        "in .Trash-1000": 1,
        "in $RECYCLE.BIN": 1,
        "in @eaDir": 1,
        "in .thumbnails": 1,
        "that lead nowhere or are no files": 1,
        "of a report by tfisp.evaluate": 2,
        ".csv": 1,
        ".json": 2,
        ".md": 1,
    }
    line = found.note("photographs")
    assert line.startswith(f"{folder}: 3 photographs; left out: 2 hidden, 2 of a report")
    assert "1 in .Trash-1000" in line and "1 .mov" in line and "\n" not in line


def test_links_to_folders_are_followed_once_and_loops_end(folder, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "f.png").write_bytes(PICTURE)
    (folder / "aaa_link").symlink_to(tmp_path / "elsewhere")
    (folder / "loop").symlink_to(folder)
    (folder / "aaa_trip").symlink_to(folder / "trip")
    names = {p.relative_to(folder).as_posix() for p in search_folder(folder, IMAGE_SUFFIXES).files}
    assert names == {"a2.png", "a10.PNG", "trip/b.jfif", "aaa_link/f.png"}


def test_a_folder_of_nothing_but_a_link_is_not_empty(tmp_path, config, write_photographs):
    write_photographs(tmp_path / "disk", 4, size=(80, 96))
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "disk").symlink_to(tmp_path / "disk")
    dataset = open_dataset(config("unprocessed", raw_dir=tmp_path / "photos"))
    assert sum(map(len, dataset.splits().values())) == 4


def test_descriptions_of_raw_files_are_not_left_out(tmp_path):
    for name in ("a.npy", "a.json", "other.json"):
        (tmp_path / name).touch()
    assert search_folder(tmp_path, (".npy",)).left_out == {".json": 1}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_cannot_be_read_is_named(folder):
    (folder / "trip").chmod(0)
    with pytest.raises(InputError, match="trip: cannot be read"):
        search_folder(folder, IMAGE_SUFFIXES)


def test_the_user_is_told_of_counts_and_colours(config, tmp_path, write_photographs):
    look = write_photographs(tmp_path / "look", 4, size=(80, 96))
    (look / ".Trash-0").mkdir()
    (look / ".Trash-0" / "x.png").write_bytes(PICTURE)
    notes = open_dataset(config("unprocessed", raw_dir=look)).notes
    assert notes == [f"{look}: 4 photographs; left out: 1 in .Trash-0"]


def test_two_files_of_one_name_are_no_pair(tmp_path):
    paths = {name: tmp_path / name for name in ("1.png", "2.png", "1.jpg", "2.jpg", "2.jpeg")}
    raws, targets = (
        [paths["1.png"], paths["2.png"]],
        [paths[n] for n in ("1.jpg", "2.jpg", "2.jpeg")],
    )
    with pytest.raises(InputError, match=r"2\.jpg: 2\.jpeg has the same name but for its suffix"):
        match(raws, targets, BadFiles())
    bad_files = BadFiles("skip")
    assert match(raws, targets, bad_files) == [(paths["1.png"], paths["1.jpg"])]
    assert {path.rpartition("/")[2] for path, _ in bad_files.skipped} == {
        "2.png",
        "2.jpg",
        "2.jpeg",
    }
