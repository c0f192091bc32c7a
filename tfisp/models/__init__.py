"""The networks that learn: generators by name, and their presets on disk.

    generator = tfisp.models.create("efficient_isp", seed=1)
    tfisp.models.save_to_preset(generator, "my_isp")
    generator = tfisp.models.from_preset("my_isp")

Naming them loads no TensorFlow; creating one does.
"""

from tfisp.models.presets import from_preset, preset_names, read_preset, save_to_preset
from tfisp.models.registry import create, names

__all__ = ["create", "from_preset", "names", "preset_names", "read_preset", "save_to_preset"]
