"""Generators by name; a network's file, and TensorFlow with it, is loaded when it is asked for."""

import importlib
from typing import TYPE_CHECKING, Any

from tfisp import naming
from tfisp.errors import InputError
from tfisp.naming import choose

if TYPE_CHECKING:
    from tfisp.models.generator import Generator

# Name -> (module, class), or a class that was registered. The order is the one in which they are
# shown.
_GENERATORS: dict[str, "tuple[str, str] | type[Generator]"] = {
    "efficient_isp": ("tfisp.models.efficient_isp", "EfficientISP"),
    "robust_isp": ("tfisp.models.robust_isp", "RobustISP"),
    "dh_isp": ("tfisp.models.dh_isp", "DhISP"),
    "rmfa_net_tiny": ("tfisp.models.rmfa_net", "RMFANetTiny"),
    "rmfa_net_medium": ("tfisp.models.rmfa_net", "RMFANetMedium"),
    "rmfa_net_large": ("tfisp.models.rmfa_net", "RMFANetLarge"),
    "lan": ("tfisp.models.lan", "LAN"),
    "srcnn": ("tfisp.models.srcnn", "SRCNN"),
}


def names() -> list[str]:
    """Names of all generators that `create` knows."""
    return list(_GENERATORS)


def create(name: str, **config: Any) -> "Generator":
    """A generator with fresh weights.

    Args:
        name: One of `names()`.
        **config: Arguments of its class: `contract`, `seed`, `sensor`, `name`, `dtype`, and its own
            such as the `width` of `rmfa_net_large`.

    Returns:
        The generator, built.

    Raises:
        InputError: for an unknown name, with the closest ones.
    """
    return generator_class(name)(**config)


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
    from tfisp.models.generator import Generator
    from tfisp.models.presets import preset_names  # which itself looks generators up here

    if name in preset_names():
        raise InputError(f"generator {name!r}: a preset has that name; choose another one")
    if not (isinstance(generator, type) and issubclass(generator, Generator)):
        raise InputError(f"generator {name!r}: expected a subclass of tfisp.models.Generator")
    if not hasattr(generator, "halo"):
        raise InputError(
            f"generator {name!r}: {generator.__name__} does not declare its halo, the radius of its"
            " receptive field in input samples; None where an output depends on the whole frame"
        )
    naming.register("generator", name, generator, _GENERATORS)


def generator_class(name: str) -> type["Generator"]:
    """The class behind a name.

    Raises:
        InputError: for an unknown name, with the closest ones.
    """
    entry = _GENERATORS[choose("--model", name, _GENERATORS)]
    if isinstance(entry, type):
        return entry
    module, member = entry
    return getattr(importlib.import_module(module), member)


def name_of(generator: "Generator") -> str:
    """The name that `create` knows a generator's class by.

    Raises:
        ValueError: if its class is not registered.
    """
    kind = type(generator)
    for name, entry in _GENERATORS.items():
        if entry in (kind, (kind.__module__, kind.__name__)):
            return name
    raise ValueError(f"{kind.__name__} is not a registered generator")
