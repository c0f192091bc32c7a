"""The flags that say which data a program works on, the same in all of them."""

import dataclasses
from typing import TYPE_CHECKING, Any

from tfisp.cli import flags, rawflags
from tfisp.data.registry import DATASETS
from tfisp.errors import InputError, UsageError

if TYPE_CHECKING:
    from tfisp.contract import Contract
    from tfisp.data.config import DataConfig

# What only photographs that are turned into RAW need to be told.
_UNPROCESSED = ("splits", "reduce", "illuminant", "noise", "metadata")


def define(values: flags.FlagValues) -> None:
    """Registers one flag for each field of `DataConfig` that a user chooses."""
    flags.heading(values, "data")
    kinds = "; ".join(f"{name}: {kind.about}" for name, kind in DATASETS.items())
    flags.text(values, "data", "folders", f"Kind of data set. {kinds}.")
    flags.path(values, "raw_dir", None, "Folder of the data set, or of the RAW files.")
    flags.path(values, "data_dir", None, "Folder that tfisp.prepare has filled (--data=prepared).")
    flags.path(
        values,
        "target_dir",
        None,
        "Folder of photographs of the look that is wanted; with --data=pairs, of the pictures of"
        " the RAW files.",
    )
    flags.path(
        values,
        "val_pairs",
        None,
        "Folder of RAW files and their pictures by the same names, to validate training on"
        " --data=folders or prepared with.",
    )
    flags.text(
        values,
        "sensor",
        None,
        "A sensor's name or JSON file, instead of what the data set or its RAW files state; with"
        " --data=unprocessed also a RAW file or a folder of them, whose camera is simulated.",
    )
    rawflags.of_files(values)
    flags.integer(
        values, "patch_size", None, "Side of a patch; unset: the data set's own.", minimum=2
    )
    flags.text(
        values,
        "reference",
        "menon2007",
        "How references are demosaicked: menon2007, opencv, opencv_ea (edge-aware) or bilinear; or"
        " published: rendered as the paper's published code does.",
    )
    flags.heading(values, "patches and files")
    flags.path(values, "cache_dir", None, "Where costly references are kept between runs.")
    flags.number(
        values,
        "cache_gb",
        None,
        "How many gigabytes those may take; what does not fit is computed anew. Unset: all.",
        minimum=0,
    )
    on_bad_file(values)
    flags.number(
        values,
        "misaligned",
        None,
        "Share of the training pairs of zrr and ultraisp to leave out, those whose photograph is"
        " shifted most against its RAW file; the paper: 0.176 of ultraisp. Unset: none.",
        minimum=0,
    )
    flags.integer(
        values,
        "data_seed",
        0,
        "Of choices made once: splits, noise, illuminants. Equal seeds give equal data.",
        minimum=0,
    )
    flags.choice(values, "augment", "none", ("none", "flip"), "flip mirrors half of the patches.")
    flags.choice(
        values,
        "placement",
        "random",
        ("random", "fixed"),
        "Where patches lie in larger files: somewhere else each time, or at the same places.",
    )
    flags.heading(values, "photographs that are turned into RAW")
    flags.path(
        values,
        "splits",
        None,
        "JSON file that lists the photographs of each role: source, target, val, test"
        " (--data=unprocessed).",
    )
    flags.path(
        values,
        "edited_dir",
        None,
        "Folder of edited versions of the photographs, at the same relative paths, which take their"
        " place as truths and targets (--data=unprocessed).",
    )
    flags.integer(values, "reduce", 2, "How far --data=unprocessed reduces photographs.", minimum=2)
    flags.text(
        values,
        "illuminant",
        "random",
        "White balance of the captures that --data=unprocessed makes: random, default, or gains"
        " R,G,B.",
    )
    flags.text(
        values,
        "noise",
        "random",
        "Noise of those captures: random, none, or the shot noise as a number.",
    )
    flags.choice(
        values,
        "metadata",
        "recorded",
        ("recorded", "withheld"),
        "Whether those captures state their white balance and colour matrix.",
    )
    flags.path(
        values,
        "look",
        None,
        "A .cube file that the truths and targets of --data=unprocessed pass through: a look to"
        " be learnt.",
    )


def on_bad_file(values: flags.FlagValues) -> None:
    """Registers `--on_bad_file`, for programs that take files by themselves."""
    flags.choice(
        values,
        "on_bad_file",
        "stop",
        ("stop", "skip"),
        "What to do with an unusable file: stop, or skip it and list it at the end.",
    )


def idle(values: flags.FlagValues) -> dict[str, str]:
    """The flags that have no effect on the kind of data set that is chosen, and why."""
    data = values["data"].value
    if data == "unprocessed":
        return {}
    return dict.fromkeys(_UNPROCESSED, f"with --data={data}, only with --data=unprocessed")


def make_config(values: flags.FlagValues, contract: "Contract | None" = None) -> "DataConfig":
    """The data that the flags describe.

    Args:
        values: Parsed flags, registered by `define`.
        contract: What the generator to be fed expects; None takes the data set's own.

    Raises:
        UsageError: a flag has a value that cannot be, or was typed and has no effect.
    """
    from tfisp.data.config import DataConfig

    renamed = {"name": "data", "seed": "data_seed"}
    fields = [field.name for field in dataclasses.fields(DataConfig) if field.name != "contract"]
    chosen: dict[str, Any] = {field: values[renamed.get(field, field)].value for field in fields}
    try:
        config = DataConfig(**chosen, contract=contract)
    except InputError as error:
        raise UsageError(str(error)) from None
    flags.refuse_idle(values, idle(values))
    return config
