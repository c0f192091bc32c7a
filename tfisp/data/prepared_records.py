"""Records of prepared patches: what `tfisp.prepare` writes and training reads (docs/PREPARE.md).

A record is a `tf.train.Example`. Of a RAW patch, which is upright and begins on a red site:

    mosaic      uint16 [height, width], little-endian, samples as the sensor counted them
    reference   uint16 [height, width, 3] of full scale, sRGB-encoded
    sensor      JSON of `tfisp.Sensor`; capture: JSON of `tfisp.Capture`, white balance, ISO and so
                on, of the whole upright frame
    source, top, left    the file, and where in its upright frame the patch lies

Of a patch of a photograph: `target`, uint16 as `reference`; `source`, `top`, `left`, `height`,
`width`.
"""

import dataclasses
import functools
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from tfisp.data import examples
from tfisp.data.captures import capture_of_facts, capture_to_facts
from tfisp.data.crops import Window
from tfisp.errors import InputError
from tfisp.sensor import Capture, Sensor

# Raised whenever records of the same files would hold something else by our own code.
FORMAT = 1

# Bytes of the samples of one site of a RAW patch, and of one pixel of a photograph's.
RAW_BYTES, TARGET_BYTES = 8, 6

_SAMPLES = np.dtype("<u2")


class RawPatch(NamedTuple):
    """A RAW patch: arrays are read-only, see `tfisp.data.frames.Scene`."""

    mosaic: np.ndarray
    reference: np.ndarray
    sensor: Sensor
    capture: Capture


def describe_raw(sensor: Sensor, capture: Capture) -> dict[str, bytes]:
    """What the records of a file's patches have in common.

    Args:
        sensor: Of the patches.
        capture: Of the upright frame.
    """
    return {"sensor": _json(sensor.to_dict()), "capture": _json(capture_to_facts(capture))}


def encode_raw(
    mosaic: np.ndarray,
    reference: np.ndarray,
    described: Mapping[str, bytes],
    source: str,
    place: Window,
) -> bytes:
    """The record of a RAW patch.

    Args:
        mosaic: uint16 `[h, w]`, red first.
        reference: uint16 `[h, w, 3]`.
        described: Of its file, by `describe_raw`.
        source: Name of the file.
        place: Where in the upright frame it lies.
    """
    arrays = {"mosaic": _bytes(mosaic), "reference": _bytes(reference)}
    return examples.encode({**arrays, **described, **_whence(source, place)})


def encode_target(pixels: np.ndarray, source: str, place: Window) -> bytes:
    """The record of a patch of a photograph, uint16 `[h, w, 3]` of full scale."""
    return examples.encode({"target": _bytes(pixels)} | _whence(source, place))


def decode_raw(record: bytes | memoryview) -> RawPatch:
    """The inverse of `encode_raw`; the capture's origin is the patch's.

    Raises:
        InputError: If the record is something else.
    """
    found = examples.decode(record)
    try:
        top, left, height, width = (found[name] for name in ("top", "left", "height", "width"))
        capture = _capture(bytes(found["capture"]))
        first = capture.origin[0] + top, capture.origin[1] + left
        return RawPatch(
            _array(found["mosaic"], (height, width)),
            _array(found["reference"], (height, width, 3)),
            _sensor(bytes(found["sensor"])),
            dataclasses.replace(capture, origin=first),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"not the record of a RAW patch: {error}") from error


def decode_target(record: bytes | memoryview) -> np.ndarray:
    """The pixels of a photograph's patch, uint16 `[h, w, 3]`.

    Raises:
        InputError: If the record is something else.
    """
    found = examples.decode(record)
    try:
        return _array(found["target"], (found["height"], found["width"], 3))
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"not the record of a photograph's patch: {error}") from error


def _whence(source: str, place: Window) -> dict[str, examples.Value]:
    return {
        "source": source.encode(errors="surrogateescape"),
        "top": place.top,
        "left": place.left,
        "height": place.height,
        "width": place.width,
    }


def _bytes(array: np.ndarray) -> bytes:
    return np.ascontiguousarray(array, _SAMPLES).tobytes()


def _array(data: Any, shape: tuple[Any, ...]) -> np.ndarray:
    return np.frombuffer(data, _SAMPLES).reshape(shape)


def _json(values: Mapping[str, Any]) -> bytes:
    return json.dumps(values, sort_keys=True, separators=(",", ":")).encode()


@functools.lru_cache(maxsize=256)
def _sensor(data: bytes) -> Sensor:
    return Sensor.from_dict(json.loads(data))


@functools.lru_cache(maxsize=256)
def _capture(data: bytes) -> Capture:
    return capture_of_facts(json.loads(data))
