"""What `process` writes of a frame: a picture, or a DNG."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tfisp.rawfiles.exif import read_exif
from tfisp.rendering.adjustments import Adjustments, Frame
from tfisp.rendering.dng import Negative, cfa_negative, linear_negative
from tfisp.rendering.pictures import write_picture

if TYPE_CHECKING:
    from tfisp.rendering.renderer import Renderer

Output = np.ndarray | Negative


def make(frame: Frame, renderer: "Renderer | None", asked: Adjustments, dng: str | None) -> Output:
    """What is to be written of a frame.

    Args:
        frame: As it was read.
        renderer: Makes the picture; None for a DNG of the mosaic.
        asked: Of all pictures.
        dng: "linear" or "cfa"; None for a picture.

    Raises:
        InputError: As `Renderer.render`.
    """
    if renderer is not None and dng is None:
        return asked.picture(renderer, frame)
    mosaic, sensor, capture = frame
    capture = asked.adjusted(capture)
    if not asked.crop:
        capture = replace(capture, default_crop=None)
    if renderer is None:
        return cfa_negative((mosaic, sensor, capture))
    return linear_negative(renderer, (mosaic, sensor, capture))


def write_output(path: Path, output: Output, raw: Path, quality: int) -> tuple[int, int]:
    """Writes a picture or a DNG, with what its RAW file says in Exif.

    Args:
        path: The file.
        output: What `make` has made.
        raw: The RAW file.
        quality: Of a JPEG, 1 to 100.

    Returns:
        Its (height, width).

    Raises:
        OSError: The file cannot be written; names it.
    """
    exif = read_exif(raw)
    if isinstance(output, Negative):
        from tfisp.rawfiles.dng_writer import write_dng  # its library takes a while to load

        write_dng(path, *output, exif)
        return output.samples.shape[0], output.samples.shape[1]
    write_picture(path, output, quality, exif)
    return output.shape[0], output.shape[1]
