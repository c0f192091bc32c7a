"""The pixels of photographs: PNG, JPEG, WebP, TIFF and HEIC files, upright and in sRGB."""

import io
from pathlib import Path

import cv2
import numpy as np

from tfisp.data.headers import HEIC_SUFFIXES, pillow_heif, probe
from tfisp.data.jpeg import decode_jpeg
from tfisp.data.profiles import to_srgb
from tfisp.errors import InputError
from tfisp.packing import orient

# What photographs are stored in; HEIC needs pillow-heif (the extra `heic`).
IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".jfif", ".webp", ".tif", ".tiff", *HEIC_SUFFIXES)

# Raised whenever the same file would be read to other pixels.
READ_VERSION = 2


def read_photograph(path: str | Path) -> np.ndarray:
    """A photograph's pixels, upright.

    Returns:
        uint8 or uint16 `[H, W, 3]`, R, G, B, sRGB-encoded. Gray is repeated, alpha dropped; colours
        of another space that the file states are converted (`tfisp.data.profiles`).

    Raises:
        InputError: As `probe`, or if the file is damaged.
    """
    info = probe(path)
    data = Path(path).read_bytes()
    if info.kind == "JPEG":
        pixels = decode_jpeg(data, info.channels, path)
    elif info.kind == "HEIC":
        pixels = _decode_heic(data, path)
    else:
        if info.kind == "TIFF":
            _require_sound_tiff(path)
        # The orientation is applied here and not by OpenCV, so that the size the header promises
        # is the size that comes out.
        flags = cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH | cv2.IMREAD_IGNORE_ORIENTATION
        pixels = cv2.cvtColor(decode(data, flags, path), cv2.COLOR_BGR2RGB)
    if pixels.shape[:2] != (info.height, info.width):
        raise InputError(f"{path}: the picture has not the size that its header states")
    if pixels.dtype not in (np.uint8, np.uint16):
        raise InputError(f"{path}: {pixels.dtype} samples, expected 8 or 16 bits")
    return np.ascontiguousarray(orient(to_srgb(pixels, info), info.orientation))


def _require_sound_tiff(path: str | Path) -> None:
    """Refuses a TIFF of which a strip or tile cannot be decoded: OpenCV fills it with something."""
    import tifffile

    try:
        tifffile.imread(path, key=0)
    # tifffile raises errors of many kinds for damaged files.
    except Exception as error:
        raise InputError(f"{path}: the picture data is damaged: {error}") from error


def _decode_heic(data: bytes, path: str | Path) -> np.ndarray:
    """A HEIC file's main picture, uint8 `[H, W, 3]`, upright."""
    heif = pillow_heif(path)
    try:
        picture = heif.open_heif(io.BytesIO(data), convert_hdr_to_8bit=True)
        pixels = np.asarray(picture)
    # libheif's errors come as ValueError, EOFError, RuntimeError and SyntaxError.
    except Exception as error:
        raise InputError(f"{path}: the HEIC file is damaged: {error}") from error
    return np.repeat(pixels[..., None], 3, 2) if pixels.ndim == 2 else pixels[..., :3]


def decode(data: bytes, flags: int, path: object) -> np.ndarray:
    """Decodes a whole file held in memory.

    Args:
        data: The file's bytes.
        flags: OpenCV's `IMREAD_*`.
        path: For the message.

    Raises:
        InputError: If it cannot be decoded.
    """
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error as error:
        raise InputError(f"{path}: cannot be decoded: {error.err}") from error
    if pixels is None:
        raise InputError(f"{path}: the picture data is damaged")
    return pixels


def to_float(pixels: np.ndarray) -> np.ndarray:
    """uint8 or uint16 samples of full scale as float32 in 0..1."""
    return pixels.astype(np.float32) / np.float32(np.iinfo(pixels.dtype).max)


def to_uint16(image: np.ndarray) -> np.ndarray:
    """Values in 0..1 as uint16 of full scale, rounded; the inverse of `to_float` to 1/131070."""
    return np.rint(np.clip(image, 0, 1) * np.float32(65535)).astype(np.uint16)
