"""The model card of a trained generator: what it learnt from, and what that is worth."""

import shlex
from collections.abc import Sequence

from tfisp._version import __version__
from tfisp.training.config import TrainConfig


def model_card(config: TrainConfig, last: int, notes: Sequence[str]) -> str:
    """Markdown that goes with a preset.

    Args:
        config: Of the run.
        last: Number of the stage that it comes from.
        notes: What a user must know, such as frozen networks with random weights.
    """
    stages = [
        f"{stage.steps:,} steps of `{stage.recipe.name}`" for stage in config.stages[: last + 1]
    ]
    source = shlex.quote(config.data.source[1] or "")
    lines = [
        f"# {config.model}, trained by tfisp {__version__}",
        "",
        f"- training: {', then '.join(stages)}; batches of {config.batch_size} patches of "
        f"{config.data.patch_size} px; seed {config.seed}",
        f"- data: `{config.data.name}` from {source}"
        + (
            f", target look from {shlex.quote(config.data.target_dir)}"
            if config.data.target_dir
            else ""
        ),
        "- weights: exponential average of the last step's",
        *(f"- **note**: {note}" for note in notes),
    ]
    return "\n".join(lines) + "\n"
