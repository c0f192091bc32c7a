"""Flags of programs that render: by what, how much of a run's last stage, adjusted how."""

from tfisp.cli import flags
from tfisp.rendering.levels import AUTO, LEVELS
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


def adjustments(values: flags.FlagValues) -> None:
    """Registers what `Adjustments.of` reads."""
    flags.integer(
        values, "depth", 8, "Bits per channel: 8, or 16 for png and tif.", minimum=8, maximum=16
    )
    flags.path(values, "look", None, "A .cube file that finished pictures pass through.")
    flags.number(
        values,
        "look_strength",
        1.0,
        "How much of --look is seen: 0 for nothing of it, 1 for all.",
        minimum=0,
        maximum=1,
    )
    flags.text(
        values,
        "white_balance",
        None,
        "Gains R,G,B instead of the file's; only their ratios count.",
    )
    flags.number(
        values,
        "exposure",
        0.0,
        "EV by which to brighten, or darken, what the file asks for.",
        minimum=-10,
        maximum=10,
    )
    flags.choice(
        values,
        "crop",
        "default",
        ("default", "none"),
        "default crops pictures to what a DNG means to be shown (DefaultCropOrigin and"
        " DefaultCropSize); none shows every exposed sample.",
    )


def levels(values: flags.FlagValues) -> None:
    """Registers `--levels`, to be given to `Renderer`."""
    flags.choice(
        values,
        "levels",
        AUTO,
        LEVELS,
        "Whose black and white levels count where a model has some of its own. model: the model's;"
        " file: the file's, mapped onto them; auto: the file's where the sensor is another one.",
    )
