"""The networks that learn: generators by name, and their presets on disk.

    generator = tfisp.models.create("efficient_isp", seed=1)
    tfisp.models.save_to_preset(generator, "my_isp")
    generator = tfisp.models.from_preset("my_isp")
    tfisp.models.register("tiny_isp", TinyISP)    # a subclass of tfisp.models.Generator

Naming them loads no TensorFlow; creating one does.
"""

from tfisp.lazy import loader
from tfisp.models.presets import from_preset, preset_names, read_preset, save_to_preset
from tfisp.models.registration import register
from tfisp.models.registry import create, names

# Base classes, each with the module that defines it: loaded, and TensorFlow with them, when they
# are first asked for.
_MEMBERS = {"Generator": "generator", "PlainISP": "plain_isp"}

__all__ = [
    "create",
    "from_preset",
    "names",
    "preset_names",
    "read_preset",
    "register",
    "save_to_preset",
    *_MEMBERS,
]

__getattr__ = loader(__name__, _MEMBERS)
