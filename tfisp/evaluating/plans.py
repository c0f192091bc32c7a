"""From what a user names to what is measured: checked before anything is rendered."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tfisp.data.bad_files import BadFiles
from tfisp.errors import InputError, UsageError
from tfisp.evaluating.baselines import baseline
from tfisp.evaluating.cases import Cases, LoneCases, PictureCases
from tfisp.evaluating.measuring import DEMOSAIC, TRUTH
from tfisp.evaluating.picture_folders import PictureFolder, faults, missing, read_folder
from tfisp.evaluating.systems import Classical, FinishedPictures, Network, System, network_facts
from tfisp.rendering import load

# So many faults are shown one by one.
_SHOWN_FAULTS = 20


def labels(named: Sequence[str]) -> dict[str, str]:
    """Models and other systems by short names: the last part of a path where that tells it apart.

    Args:
        named: As flags name them.

    Returns:
        Short name -> what was named, in the same order.

    Raises:
        UsageError: one is named twice.
    """
    paths = [Path(name).expanduser() for name in named]
    short = [path.resolve().name.removesuffix(".tflite") for path in paths]
    found = {
        name if short.count(name) == 1 and name not in (TRUTH, DEMOSAIC) else str(path): str(path)
        for name, path in zip(short, paths, strict=True)
    }
    if len(found) < len(named):
        twice = next(str(path) for path in paths if paths.count(path) > 1)
        raise UsageError(f"{twice} is named twice")
    return found


def networks(
    models: Mapping[str, str], runtime: str, levels: str, truncate: bool
) -> dict[str, Network]:
    """Networks, loaded.

    Args:
        models: Name -> as `--model` names it.
        runtime: As `--runtime`.
        levels: As `--levels`.
        truncate: See `Network`.

    Raises:
        InputError: one cannot be used.
    """
    return {
        name: Network(
            model,
            load(model, runtime=runtime, levels=levels),
            network_facts(model, runtime, levels),
            truncate,
        )
        for name, model in models.items()
    }


def classical(named: Mapping[str, str]) -> dict[str, Classical]:
    """Classical renderings; name -> as `--baselines` names it.

    Raises:
        InputError: as `tfisp.evaluating.baselines.baseline`.
    """
    return {
        name: Classical(f"classical rendering {which}", *baseline(which))
        for name, which in named.items()
    }


def read_folders(folders: Mapping[str, str]) -> dict[str, PictureFolder]:
    """Folders of finished pictures; name -> as `--pictures` names it.

    Raises:
        InputError: one is no folder, or holds no picture.
    """
    return {name: read_folder("pictures", folder) for name, folder in folders.items()}


def beside_truth(
    folders: Mapping[str, PictureFolder],
    truth: str,
    images: int | None,
    bad_files: BadFiles,
    warn: Callable[[str], None],
) -> tuple[Cases, dict[str, System], set[str]]:
    """Finished pictures, and the true ones to measure them by.

    Args:
        folders: By name.
        truth: Folder of the true pictures.
        images: How many to measure; None for all.
        bad_files: Receives what does not fit.
        warn: Takes a line for each of several faults.

    Returns:
        The true pictures, the finished ones, and the names of those that do not fit.

    Raises:
        InputError: something does not fit, unless bad files are skipped.
    """
    true = read_folder("truth", truth)
    for name in true.faults:
        bad_files.report(true.files[name], true.faults[name])
        del true.files[name]
    names = list(true.files)[:images]
    wrong = {system: faults(folder, true.files, names) for system, folder in folders.items()}
    return PictureCases(true.files), *_without(folders, wrong, bad_files, warn)


def alone(
    folders: Mapping[str, PictureFolder],
    images: int | None,
    bad_files: BadFiles,
    warn: Callable[[str], None],
) -> tuple[Cases, dict[str, System], set[str]]:
    """Finished pictures of which nobody knows the truth.

    Args:
        folders: By name; each has a picture of every image.
        images: As for `beside_truth`.
        bad_files: As for `beside_truth`.
        warn: As for `beside_truth`.

    Returns:
        The images, the pictures, and the names of those that some folder lacks.

    Raises:
        InputError: as `beside_truth`.
    """
    every: dict[str, Path] = {}
    for folder in folders.values():
        every = {**folder.files, **every}
    names = list(every)[:images]
    others = "another folder of --pictures"
    wrong = {system: missing(folder, names, others) for system, folder in folders.items()}
    return LoneCases(every), *_without(folders, wrong, bad_files, warn)


def beside_data(
    folders: Mapping[str, PictureFolder],
    names: Sequence[str],
    where: str,
    bad_files: BadFiles,
    warn: Callable[[str], None],
) -> tuple[dict[str, System], set[str]]:
    """Finished pictures of the held-out pairs of a data set.

    Args:
        folders: By name.
        names: Of the pairs that are measured.
        where: The data set, for messages.
        bad_files: As for `beside_truth`.
        warn: As for `beside_truth`.

    Returns:
        The finished pictures, and the names of those that do not fit.

    Raises:
        InputError: as `beside_truth`.
    """
    wrong = {system: missing(folder, names, where) for system, folder in folders.items()}
    return _without(folders, wrong, bad_files, warn)


def _without(
    folders: Mapping[str, PictureFolder],
    wrong: Mapping[str, Mapping[str, InputError]],
    bad_files: BadFiles,
    warn: Callable[[str], None],
) -> tuple[dict[str, System], set[str]]:
    """The folders as systems, and the names of all pictures that something is wrong with."""
    every = [
        (folders[system].files.get(name, folders[system].folder / name), fault)
        for system, found in wrong.items()
        for name, fault in found.items()
    ]
    try:
        for path, fault in every:
            bad_files.report(path, fault)
    except InputError:
        if len(every) == 1:
            raise
        for _, fault in every[:_SHOWN_FAULTS]:
            warn(str(fault))
        more = len(every) - _SHOWN_FAULTS
        raise InputError(
            f"{len(every)} pictures do not fit, see above{f' ({more} more)' if more > 0 else ''};"
            " mend them, or leave them out with --on_bad_file=skip"
        ) from None
    systems: dict[str, System] = {
        system: FinishedPictures(f"pictures of {folder.folder}", folder.files)
        for system, folder in folders.items()
    }
    return systems, {name for found in wrong.values() for name in found}
