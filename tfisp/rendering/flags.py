"""Flags of programs that render: in what runtime, and how much of a run's last stage."""

from tfisp.cli import flags
from tfisp.rendering.select_runtime import RUNTIMES


def runtime(values: flags.FlagValues) -> None:
    """Registers `--runtime`, to be given to `tfisp.rendering.load`."""
    flags.choice(
        values,
        "runtime",
        "auto",
        RUNTIMES,
        "What runs the network. litert: a .tflite file, or the one that a run has exported;"
        " tensorflow: a preset or run; auto: litert where it can, for it is faster and starts at"
        " once.",
    )


def strength(values: flags.FlagValues) -> None:
    """Registers `--strength`, to be given to `tfisp.models.strength.at_strength`."""
    flags.number(
        values,
        "strength",
        1.0,
        "How much of a run's last stage to apply: 0 for the generator it started from, 1 for the"
        " one it ended with, and weights in between.",
        minimum=0,
        maximum=1,
    )
