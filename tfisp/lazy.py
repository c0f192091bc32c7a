"""Public names of a package that are loaded when they are first asked for (PEP 562)."""

import importlib
import sys
from collections.abc import Callable, Mapping
from typing import Any


def loader(package: str, members: Mapping[str, str]) -> Callable[[str], Any]:
    """What a package's `__getattr__` does.

    Args:
        package: Its name.
        members: Public name -> the module of the package that defines it.
    """

    def load(name: str) -> Any:
        if name not in members:
            raise AttributeError(f"module '{package}' has no attribute '{name}'")
        value = getattr(importlib.import_module(f"{package}.{members[name]}"), name)
        setattr(sys.modules[package], name, value)
        return value

    return load
