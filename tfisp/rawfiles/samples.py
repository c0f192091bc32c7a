"""The samples of a TIFF's frame, put together from its strips or tiles."""

import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import imagecodecs
import numpy as np

from tfisp.errors import InputError
from tfisp.rawfiles.layout import JPEG, LZW, UNCOMPRESSED, Layout, Segment, row_bytes
from tfisp.rawfiles.lossless_jpeg import decode_lossless_jpeg


def read_samples(path: Path, layout: Layout) -> np.ndarray:
    """Reads a frame as its layout describes it.

    Args:
        path: The file.
        layout: What `read_layout` returned for it.

    Returns:
        uint16 `[H, W]`, every sample of the frame.

    Raises:
        ValueError: If compressed samples cannot be decoded, or are more or fewer than stated.
        InputError: If the file cannot be read.
    """
    height, width = layout.size
    try:
        with path.open("rb") as file:
            stored = []
            for segment in layout.segments:
                file.seek(segment.start)
                stored.append(np.fromfile(file, np.uint8, segment.length))
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from error
    if len(stored) == 1:
        return _decoded(stored[0], layout.segments[0], layout)[:height, :width]
    frame = np.empty(layout.size, np.uint16)

    def place(segment: Segment, data: np.ndarray) -> None:
        samples = _decoded(data, segment, layout)
        part = frame[segment.top :, segment.left :][: segment.height, : segment.width]
        part[...] = samples[: part.shape[0], : part.shape[1]]

    with ThreadPoolExecutor() as threads:  # the decoders work without the interpreter's lock
        for _ in threads.map(place, layout.segments, stored):
            pass
    return frame


def _decoded(data: np.ndarray, segment: Segment, layout: Layout) -> np.ndarray:
    """uint16 `[height, width]`, the samples of a strip or tile."""
    if len(data) < segment.length:
        raise ValueError("truncated while it was read")
    if layout.compression == JPEG:
        return decode_lossless_jpeg(data.tobytes(), segment.height, segment.width)
    packed: np.ndarray | bytes = data
    if layout.compression != UNCOMPRESSED:
        length = segment.height * row_bytes(segment.width, layout.bits)
        packed = _inflated(data.tobytes(), length, layout)
    shape = (segment.height, segment.width)
    if layout.bits == 16:
        samples = np.frombuffer(packed, layout.order + "u2").reshape(shape)
        samples = samples.astype(np.uint16, copy=False)
    elif layout.bits == 8:
        samples = np.frombuffer(packed, np.uint8).reshape(shape)
    else:  # from the highest bit on, each row from a whole byte on, in either byte order
        samples = imagecodecs.packints_decode(
            bytes(packed), "u2", layout.bits, runlen=segment.width
        )
        samples = samples.reshape(shape)
    if layout.step:
        return _undifferenced(samples, layout.step).astype(np.uint16)
    return samples.astype(np.uint16, copy=False)


def _inflated(data: bytes, length: int, layout: Layout) -> bytes:
    """Decompresses exactly `length` bytes."""
    try:
        if layout.compression == LZW:
            found = bytes(imagecodecs.lzw_decode(data, out=length + 1))
        else:
            stream = zlib.decompressobj()
            found = stream.decompress(data, length + 1)
            if len(found) == length and not stream.eof:
                raise ValueError("compressed samples end before their checksum")
    except (zlib.error, imagecodecs.LzwError) as error:
        raise ValueError(f"compressed samples cannot be decoded: {error}") from error
    if len(found) != length:
        raise ValueError(f"compressed samples are not the {length} bytes that the frame takes")
    return found


def _undifferenced(samples: np.ndarray, step: int) -> np.ndarray:
    """Adds up differences to the sample `step` to the left, as the type overflows."""
    height, width = samples.shape
    if width % step:
        raise ValueError(f"rows of {width} samples under a predictor of step {step}")
    parts = samples.reshape(height, width // step, step)
    return np.cumsum(parts, axis=1, dtype=samples.dtype).reshape(height, width)
