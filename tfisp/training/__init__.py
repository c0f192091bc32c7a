"""Training: recipes, their losses and critics, the trainer, and the folder of a run.

    tfisp.training.register_loss("log_l1", log_l1)
    tfisp.training.register_critic(CriticSpec("adv_edges", ...), EdgeCNN)
    tfisp.training.register_recipe(Recipe("my_recipe", ...))

`tfisp.train` is the program; docs/EXTENDING.md has losses, critics and recipes of your own.
"""

from tfisp.lazy import loader

# Public name -> the module that defines it, loaded when it is first asked for: only some of them
# need TensorFlow.
_MEMBERS = {
    "CriticSpec": "specification",
    "CycleSpec": "specification",
    "ObjectiveSpec": "specification",
    "Recipe": "specification",
    "WayBack": "specification",
    "register_critic": "registration",
    "register_loss": "registration",
    "register_recipe": "registration",
}

__all__ = [*_MEMBERS]

__getattr__ = loader(__name__, _MEMBERS)
