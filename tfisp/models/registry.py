"""Generators by name; a network's file, and TensorFlow with it, is loaded when it is asked for."""

import importlib
from typing import TYPE_CHECKING, Any

from tfisp.naming import choose

if TYPE_CHECKING:
    from tfisp.models.generator import Generator

# Name -> (module, class), or a class that was registered. The order is the one in which they are
# shown.
GENERATORS: dict[str, "tuple[str, str] | type[Generator]"] = {
    "efficient_isp": ("tfisp.models.efficient_isp", "EfficientISP"),
    "robust_isp": ("tfisp.models.robust_isp", "RobustISP"),
    "dh_isp": ("tfisp.models.dh_isp", "DhISP"),
    "rmfa_net_tiny": ("tfisp.models.rmfa_net", "RMFANetTiny"),
    "rmfa_net_medium": ("tfisp.models.rmfa_net", "RMFANetMedium"),
    "rmfa_net_large": ("tfisp.models.rmfa_net", "RMFANetLarge"),
    "rmfa_net_large_w32": ("tfisp.models.rmfa_net", "RMFANetLarge32"),
    "rmfa_net_large_w64": ("tfisp.models.rmfa_net", "RMFANetLarge64"),
    "lan": ("tfisp.models.lan", "LAN"),
    "srcnn": ("tfisp.models.srcnn", "SRCNN"),
    "csanet": ("tfisp.models.csanet", "CSANet"),
    "micro_isp": ("tfisp.models.micro_isp", "MicroISP"),
    "micro_isp_half": ("tfisp.models.micro_isp", "MicroISPHalf"),
    "pynet_v2_mobile": ("tfisp.models.pynet_v2", "PyNETV2Mobile"),
    "syenet": ("tfisp.models.syenet", "SYENet"),
    "aisp": ("tfisp.models.aisp", "AISP"),
    "punet": ("tfisp.models.punet", "PUNET"),
    "pynet": ("tfisp.models.pynet", "PyNET"),
    "pynet_ca": ("tfisp.models.pynet_ca", "PyNETCA"),
    "mw_ispnet": ("tfisp.models.mw_ispnet", "MWISPNet"),
    "lite_ispnet": ("tfisp.models.lite_ispnet", "LiteISPNet"),
    "awnet_raw": ("tfisp.models.awnet", "AWNetRaw"),
    "awnet_demosaiced": ("tfisp.models.awnet", "AWNetDemosaiced"),
}


def names() -> list[str]:
    """Names of all generators that `create` knows."""
    return list(GENERATORS)


def create(name: str, **config: Any) -> "Generator":
    """A generator with fresh weights.

    Args:
        name: One of `names()`.
        **config: Arguments of its class: `contract`, `seed`, `sensor`, `name`, `dtype`, and its own
            such as the `width` of `rmfa_net_tiny`.

    Returns:
        The generator, built.

    Raises:
        InputError: for an unknown name, with the closest ones.
    """
    return generator_class(name)(**config)


def generator_class(name: str) -> type["Generator"]:
    """The class behind a name.

    Raises:
        InputError: for an unknown name, with the closest ones.
    """
    entry = GENERATORS[choose("--model", name, GENERATORS)]
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
    for name, entry in GENERATORS.items():
        if entry in (kind, (kind.__module__, kind.__name__)):
            return name
    raise ValueError(f"{kind.__name__} is not a registered generator")
