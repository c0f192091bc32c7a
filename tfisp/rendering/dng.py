"""What `process --dng` writes: a plain DNG of the mosaic, or a LinearDNG of the network's picture.

`cfa` states a frame as tfisp read it, whatever its file was: linearised, cropped to its active
area, its black as measured, its shading map and white balance stated. Rendered again it gives the
same picture.

`linear` holds what the network made of it, in linear light and 16 bits, for a RAW developer to
finish. A network of output "camera" gives white-balanced camera RGB: the balance is taken out
again, so that the developer's own starts from what the sensor saw, and the file's matrix, exposure
and crop are stated. Any other network gives a finished sRGB picture: linear sRGB with the matrix
of sRGB, its look and exposure inside.
"""

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tfisp.color import SRGB_TO_XYZ, decode_srgb
from tfisp.packing import disorient
from tfisp.rendering.adjustments import Frame
from tfisp.rendering.runtime import to_16bit
from tfisp.sensor import MAX_SAMPLE, Capture, Sensor, matrix3_of, resolve_gains, smallest_one

if TYPE_CHECKING:
    from tfisp.rendering.renderer import Renderer


class Negative(NamedTuple):
    """The arguments of `tfisp.rawfiles.dng_writer.write_dng`: uint16 samples and their facts."""

    samples: np.ndarray
    sensor: Sensor
    capture: Capture


def cfa_negative(frame: Frame) -> Negative:
    """A mosaic as it was read, with the white balance that it would be rendered with."""
    mosaic, sensor, capture = frame
    return Negative(mosaic, sensor, replace(capture, gains=capture.gains or sensor.default_gains))


def linear_negative(renderer: "Renderer", frame: Frame) -> Negative:
    """What a network makes of a frame, in linear light, lying as the mosaic does.

    Values below 0 and above 1 are clipped.

    Raises:
        InputError: As `Renderer.render`.
    """
    mosaic, sensor, capture = frame
    facts = replace(capture, shading=None, noise=None)  # it heeded the one and removed the other
    srgb = matrix3_of(np.linalg.inv(np.array(SRGB_TO_XYZ)))
    levels = Sensor(white_level=MAX_SAMPLE, name=sensor.name, xyz_to_camera=srgb)
    if renderer.metadata.contract.output != "camera":
        shown = decode_srgb(renderer.render(mosaic, sensor, capture))
        samples = to_16bit(disorient(shown, capture.orientation))
        return Negative(samples, levels, replace(facts, gains=(1, 1, 1), baseline_exposure=0.0))
    # Without a matrix and an exposure the finishing step leaves the camera's colours alone.
    plain = replace(capture, orientation=1, baseline_exposure=0.0)
    shown = decode_srgb(renderer.render(mosaic, replace(sensor, xyz_to_camera=None), plain))
    gains = smallest_one(resolve_gains(sensor, capture))
    samples = to_16bit(np.clip(shown, 0, 1) / np.array(gains, np.float32))
    own = replace(levels, xyz_to_camera=sensor.xyz_to_camera or srgb)
    return Negative(samples, own, replace(facts, gains=gains))
