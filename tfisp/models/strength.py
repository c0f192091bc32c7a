"""Between what the last stage of a run started from and what it ended with, by weights.

After X. Wang et al., "ESRGAN", ECCV 2018 workshops (network interpolation), and M. Wortsman et al.,
"Robust fine-tuning of zero-shot models", CVPR 2022: `(1 - s) start + s end`, weight by weight. It
makes sense since the end was trained from that start.
"""

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tfisp.errors import InputError
from tfisp.models.presets import RUN_SUBFOLDER, from_preset, preset_names

if TYPE_CHECKING:
    from tfisp.models.generator import Generator

# Settings that the weights' meaning does not depend on.
_INCIDENTAL = ("seed", "name", "dtype")

# A stage's preset in `RUN/stages`: its index and its recipe.
_STAGE = re.compile(r"(\d+)-\w+")


def at_strength(run: str | os.PathLike, strength: float) -> "Generator":
    """The generator of a run, its last stage applied in part.

    Args:
        run: A run's folder; for strength 1 any preset's name or folder.
        strength: 0 for the generator that the last stage started from, 1 for the one it ended with.

    Returns:
        A generator with interpolated weights.

    Raises:
        InputError: There is no such preset, or `strength` is not 1 and there is no stage before
            the last, or its generator is another network.
    """
    if strength == 1:
        return from_preset(run)
    folder = find_start(run, strength)
    start, end = from_preset(folder), from_preset(run)
    if _kind(start) != _kind(end):
        raise InputError(f"--strength={strength:g}: {folder} and {run} are not the same network")
    return interpolated(start, end, strength)


def start_of(run: str | os.PathLike, end: "Generator") -> "Generator | None":
    """The generator that the last stage of a run started from.

    Args:
        run: A run's folder, or whatever else `from_preset` takes.
        end: Its generator.

    Returns:
        None where there is no stage before the last, or its generator is another network.
    """
    try:
        start = from_preset(find_start(run, 0))
    except InputError:
        return None
    return start if _kind(start) == _kind(end) else None


def interpolated(start: "Generator", end: "Generator", strength: float) -> "Generator":
    """A generator on the line through the weights of two that are the same network.

    Args:
        start: At strength 0.
        end: At strength 1.
        strength: Any number: beyond 1 the line goes on.
    """
    share = np.float32(strength)
    between = end.copy()
    between.set_weights(
        [
            (1 - share) * before + share * after
            for before, after in zip(start.get_weights(), end.get_weights(), strict=True)
        ]
    )
    return between


def _kind(generator: "Generator") -> tuple[type, dict[str, Any]]:
    """What two generators must share for their weights to mean the same."""
    config = generator.get_config()
    return type(generator), {name: config[name] for name in config if name not in _INCIDENTAL}


def find_start(run: str | os.PathLike, strength: float) -> Path:
    """The preset of the stage before a run's last; `strength` is for the message.

    Raises:
        InputError: It is no run's folder, or the run has a single stage.
    """
    given = f"--strength={strength:g}"
    path = Path(run)
    if str(run) in preset_names() or not (path / RUN_SUBFOLDER).is_dir():
        raise InputError(
            f"{given}: {run} is no folder of a finished run, and so has no start to go back to; "
            "leave the flag out or give the run"
        )
    stages = path / "stages"
    found = {
        int(match[1]): folder
        for folder in (stages.iterdir() if stages.is_dir() else ())
        if (match := _STAGE.fullmatch(folder.name))
    }
    last = max(found, default=0)
    if last - 1 not in found:
        raise InputError(
            f"{given}: {stages} holds no stage before the last; only a run of several recipes"
            " (--recipe=pretrain,unpaired) has a start"
        )
    return found[last - 1]
