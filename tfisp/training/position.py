"""A place in a run."""

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Position:
    """Where a run stands: `step` steps of stage number `stage` are done."""

    stage: int
    step: int
