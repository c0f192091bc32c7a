"""What a survey is to find out; known without TensorFlow, so that `--help` answers at once."""

from dataclasses import dataclass

# The network that all others are held against.
REFERENCE = "efficient_isp"

# `--export=small` converts networks of up to so many parameters: a few seconds each.
SMALL = 50_000

EXPORTS = ("none", "small", "all")


@dataclass(frozen=True)
class Options:
    """What is to be found out.

    Attributes:
        size: (height, width) in pixels of the picture that costs are stated for.
        export: Which networks are converted, one of `EXPORTS`.
        latency: (height, width) of the picture that is timed; None for no timing.
        rounds: Turns that each network and the reference get.
    """

    size: tuple[int, int]
    export: str = "small"
    latency: tuple[int, int] | None = None
    rounds: int = 5
