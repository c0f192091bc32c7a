"""Whether a step went well, told from what it logs."""

import math
from collections.abc import Mapping

from tfisp.errors import InputError
from tfisp.training.scaling import SMALLEST


def overflowed(logs: Mapping[str, float]) -> dict[str, float]:
    """The losses whose gradient overflowed, so that the step was skipped, and at which scale."""
    return {
        tag.removeprefix("overflow/"): logs[f"scale/{tag.removeprefix('overflow/')}"]
        for tag, value in logs.items()
        if tag.startswith("overflow/") and value
    }


def require_sound(logs: Mapping[str, float], where: str) -> None:
    """Stops the run where it cannot go on.

    Args:
        logs: Of one step.
        where: The step, for the message.

    Raises:
        InputError: if a loss or the norm of a gradient is no number, or, with loss scaling, if a
            gradient overflows at the smallest scale.
    """
    for name, scale in (skipped := overflowed(logs)).items():
        if scale <= SMALLEST:
            raise InputError(
                f"{where}: the gradient of {name} overflows float16 at the smallest scale,"
                f" {scale:g}; the last checkpoint is from before. Train with --precision=float32"
                " or mixed_bfloat16"
            )
    watched = ("loss/", "grad_norm/", "critic/")
    bad = [tag for tag, x in logs.items() if tag.startswith(watched) and not math.isfinite(x)]
    if bad and not skipped:
        raise InputError(
            f"{where}: {', '.join(bad)} became {logs[bad[0]]}; the last checkpoint is from before."
            " A smaller --learning_rate or another --seed may help, in a new --work_dir, and"
            " --model=WORK_DIR/stages/STAGE starts it from what a finished stage has learnt"
        )
