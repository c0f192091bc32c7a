"""The flag that chooses a runtime, for all programs that render."""

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
