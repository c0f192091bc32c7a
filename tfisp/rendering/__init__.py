"""From a mosaic to a picture: one renderer for Keras generators and `.tflite` files.

    renderer = tfisp.rendering.load("runs/mine")              # or a preset, or a .tflite file
    picture = renderer.render_8bit(*tfisp.read_raw("a.dng"))   # uint8 [H, W, 3], upright

Importing this loads neither TensorFlow nor LiteRT; loading a model loads what it needs.
"""

from tfisp.rendering.metadata import ModelMetadata
from tfisp.rendering.renderer import Renderer, load

__all__ = ["ModelMetadata", "Renderer", "load"]
