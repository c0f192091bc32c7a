"""Making generators of one's own known by name."""

from typing import TYPE_CHECKING

from tfisp import naming
from tfisp.errors import InputError
from tfisp.models import registry
from tfisp.models.presets import preset_names

if TYPE_CHECKING:
    from tfisp.models.generator import Generator


def register(name: str, generator: type["Generator"]) -> None:
    """Makes a generator of your own known by name: to `create`, `--model`, presets and runs.

        tfisp.models.register("tiny_isp", TinyISP)

    A preset or run that was saved with it can be loaded wherever the same has been registered.

    Args:
        name: Letters, digits and underscores.
        generator: A subclass of `tfisp.models.Generator`. Arguments of its own must be in its
            `get_config`.

    Raises:
        InputError: if the name is taken, or it is no generator or does not declare its `halo`.
    """
    from tfisp.models.generator import (
        Generator,
    )  # with TensorFlow, which whoever has one has loaded

    if name in preset_names():
        raise InputError(f"generator {name!r}: a preset has that name; choose another one")
    if not (isinstance(generator, type) and issubclass(generator, Generator)):
        raise InputError(f"generator {name!r}: expected a subclass of tfisp.models.Generator")
    if not hasattr(generator, "halo"):
        raise InputError(
            f"generator {name!r}: {generator.__name__} does not declare its halo, the radius of its"
            " receptive field in input samples; None where an output depends on the whole frame"
        )
    naming.register("generator", name, generator, registry.GENERATORS)
