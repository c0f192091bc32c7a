"""Training: recipes, their losses and critics, the trainer, and the folder of a run.

    tfisp.training.register_loss("log_l1", log_l1)
    tfisp.training.register_critic(CriticSpec("adv_edges", ...), EdgeCNN)
    tfisp.training.register_recipe(Recipe("my_recipe", ...))

`tfisp.train` is the program; docs/EXTENDING.md has losses, critics and recipes of your own.
"""

import importlib
from typing import Any

# Public name -> the module that defines it, loaded when it is first asked for: only some of them
# need TensorFlow.
_MEMBERS = {
    "CriticSpec": "recipes",
    "ObjectiveSpec": "recipes",
    "Recipe": "recipes",
    "register_critic": "registration",
    "register_loss": "registration",
    "register_recipe": "registration",
}

__all__ = [*_MEMBERS]


def __getattr__(name: str) -> Any:
    """Loads a public name when it is first asked for (PEP 562)."""
    if name not in _MEMBERS:
        raise AttributeError(f"module 'tfisp.training' has no attribute '{name}'")
    value = getattr(importlib.import_module(f"tfisp.training.{_MEMBERS[name]}"), name)
    globals()[name] = value
    return value
