"""Folders of finished pictures, whatever made them, beside the pictures that they should be."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tfisp.data.headers import probe
from tfisp.data.images import IMAGE_SUFFIXES
from tfisp.data.listing import require_files, require_folder
from tfisp.errors import InputError


@dataclass(frozen=True)
class PictureFolder:
    """The pictures of a folder and of those within.

    Attributes:
        flag: The flag that names it.
        folder: The folder.
        files: Name -> file. A name is the path within the folder without its suffix.
        faults: What is wrong, by name.
    """

    flag: str
    folder: Path
    files: dict[str, Path]
    faults: dict[str, InputError]


def read_folder(flag: str, folder: str) -> PictureFolder:
    """Lists the pictures of a folder.

    Args:
        flag: Name of the flag that names the folder.
        folder: Its path.

    Raises:
        InputError: it is no folder, or holds no picture.
    """
    root = require_folder(flag, folder)
    files: dict[str, Path] = {}
    faults: dict[str, InputError] = {}
    for path in require_files(flag, root, IMAGE_SUFFIXES, "pictures").files:
        name = path.relative_to(root).with_suffix("").as_posix()
        if (first := files.setdefault(name, path)) != path:
            faults[name] = InputError(
                f"{path}: {first.name} has the same name but for its suffix; remove one of them"
            )
    return PictureFolder(flag, root, files, faults)


def faults(
    pictures: PictureFolder, truth: Mapping[str, Path], names: Sequence[str]
) -> dict[str, InputError]:
    """What is wrong with a folder that should have a picture for each true one.

    Args:
        pictures: The folder.
        truth: Every true picture, name -> file.
        names: Those that are measured.

    Returns:
        By name: pictures that are missing, of another size (as the headers state them), there
            twice, no pictures at all, or beside which there is no truth.
    """
    found = {
        name: InputError(f"{path}: no true picture of this name")
        for name, path in pictures.files.items()
        if name not in truth
    }
    for name in names:
        fault = _compare(pictures, name, truth[name])
        if fault is not None:
            found[name] = fault
    return found | pictures.faults


def missing(pictures: PictureFolder, names: Sequence[str], where: str) -> dict[str, InputError]:
    """What is wrong with a folder that should have a picture of each name.

    Args:
        pictures: The folder.
        names: Those that are measured.
        where: What has these names, for the message.

    Returns:
        By name: pictures that are missing, or there twice.
    """
    return {
        name: InputError(
            f"--{pictures.flag}={pictures.folder}: has no picture {name}, which {where} has"
        )
        for name in names
        if name not in pictures.files
    } | pictures.faults


def _compare(pictures: PictureFolder, name: str, truth: Path) -> InputError | None:
    """What is wrong with one picture."""
    path = pictures.files.get(name)
    if path is None:
        return InputError(
            f"--{pictures.flag}={pictures.folder}: has no picture {name}, whose truth is {truth}"
        )
    try:
        expected, found = (probe(file).upright_size for file in (truth, path))
    except InputError as error:
        return error
    if found == expected:
        return None
    return InputError(
        f"{path}: {found[1]}x{found[0]} pixels, its truth has {expected[1]}x{expected[0]}"
    )
