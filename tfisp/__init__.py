"""tfisp: train a learned smartphone ISP without paired data, and put it on the phone.

    mosaic, sensor, capture = tfisp.read_raw("photo.dng")
    renderer = tfisp.rendering.load("runs/mine")
    image = renderer.render(mosaic, sensor, capture)    # [H, W, 3] sRGB, 0..1, upright

Everything is loaded when it is first used: `import tfisp` reads no file, starts no device, and
imports neither TensorFlow nor a RAW decoder.
"""

import importlib
from typing import Any

from tfisp._version import __version__

# public name -> the module that defines it
_MEMBERS = {
    "AS_SHOT": "tfisp.contract",
    "Capture": "tfisp.sensor",
    "Contract": "tfisp.contract",
    "InputError": "tfisp.errors",
    "PUBLISHED": "tfisp.contract",
    "SENSORS": "tfisp.sensor",
    "Sensor": "tfisp.sensor",
    "UsageError": "tfisp.errors",
    "get_sensor": "tfisp.sensor",
    "normalise": "tfisp.contract",
    "pack": "tfisp.packing",
    "read_raw": "tfisp.raw",
    "split": "tfisp.packing",
    "unpack": "tfisp.packing",
}
_PARTS = ("color", "contract", "demosaic", "errors", "packing", "raw", "rendering", "sensor")
_TENSORFLOW_PARTS = ("data", "losses", "metrics", "models", "perceptual", "training")

__all__ = ["__version__", *_MEMBERS, *_PARTS, *_TENSORFLOW_PARTS]


def __getattr__(name: str) -> Any:
    """Loads a public name or a part of the package when it is first asked for (PEP 562)."""
    if name in _MEMBERS:
        value = getattr(importlib.import_module(_MEMBERS[name]), name)
    elif name in _PARTS:
        value = importlib.import_module(f"tfisp.{name}")
    elif name in _TENSORFLOW_PARTS:
        from tfisp.backend import require_tensorflow

        require_tensorflow()
        value = importlib.import_module(f"tfisp.{name}")
    else:
        raise AttributeError(f"module 'tfisp' has no attribute '{name}'")
    globals()[name] = value  # from now on an ordinary attribute
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
