"""The flags that say where the weights of frozen networks are."""

from absl.flags import FlagValues

from tfisp.cli import flags
from tfisp.perceptual.weights import PUBLISHED


def define(values: FlagValues) -> None:
    """Registers a flag for each published file of weights; `chosen` reads them."""
    flags.heading(values, "files of weights")
    for key, published in PUBLISHED.items():
        flags.text(
            values,
            f"{key}_weights",
            None,
            f"Weights of {published.title}: a path, or random (a smoke test); unset: searched for.",
        )


def chosen(values: FlagValues) -> dict[str, str]:
    """Key of the weights -> what was given for them; those not given are left out."""
    given = {key: values[f"{key}_weights"].value for key in PUBLISHED}
    return {key: source for key, source in given.items() if source}
