"""Photographs turned back into RAW captures, whose true picture is then known exactly.

After T. Brooks, B. Mildenhall, T. Xue, J. Chen, D. Sharlet, J. T. Barron, "Unprocessing Images for
Learned Raw Denoising", CVPR 2019, https://arxiv.org/abs/1811.11127, from which come the ranges of
gains and noise and the treatment of highlights. Their tone curve is left out: the truth is the
photograph as it is, so a rendering that knows the sensor comes back to it.

    photograph, sRGB
      | dither (8 bit), decode                            [H, W, 3] linear sRGB
      | mean over blocks of `reduce` x `reduce`           ----> truth: encoded again
      | inverse colour matrix, inverse white balance      camera RGB, saturated where white
      | mosaic
      | shot and read noise
      | * (white - black) + black, clip, round            uint16 samples
    mosaic
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from tfisp.color import apply_matrix, decode_srgb, encode_srgb, srgb_to_camera
from tfisp.data.images import to_float, to_uint16
from tfisp.sensor import Gains, Sensor

# Raised whenever the same photograph would be reduced, or unprocessed, to other values.
REDUCTION_VERSION = 1
UNPROCESS_VERSION = 1

# The ranges of the authors' code, https://github.com/google-research/google-research
# (unprocessing/unprocess.py), from the captures of the Darmstadt Noise Dataset.
_RED_GAINS, _BLUE_GAINS = (1.9, 2.4), (1.5, 1.9)

# Brooks et al., section 3.1, fitted to the same captures: the logarithm of shot noise is uniform
# between these; that of read noise lies about a line in it.
_SHOT_NOISE = (0.0001, 0.012)
_READ_SLOPE, _READ_OFFSET, _READ_SPREAD = 2.18, 1.20, 0.26

# Brooks et al., section 3.4: gains are inverted below this mean of the three channels, and less
# and less above it, so that what was white is saturated in all of them.
_HIGHLIGHTS = 0.9

# Rows of a reduced picture that are made at a time.
_STRIP = 64


class Noise(NamedTuple):
    """Variance of a sample x (0..1 between black and white) is `shot * x + read`, as in DNG."""

    shot: float
    read: float


def reduced_size(size: tuple[int, int], factor: int) -> tuple[int, int]:
    """(height, width) of a reduced picture: even sides for a factor above 1, as a mosaic needs."""
    if factor == 1:
        return size
    return size[0] // factor // 2 * 2, size[1] // factor // 2 * 2


def reduced_linear(pixels: np.ndarray, factor: int, random: np.random.Generator) -> np.ndarray:
    """A photograph in linear light, reduced by averaging blocks.

    Eight-bit values are dithered before they are decoded, by noise of one step's width; else the
    steps, tens of RAW counts wide in the highlights, would stay as gaps. Black and white are left
    alone, for they stand for everything beyond them.

    Args:
        pixels: uint8 or uint16 `[H, W, 3]` of full scale, sRGB-encoded.
        factor: Side of a block; rows and columns left over at the end are dropped.
        random: For the dither.

    Returns:
        float32 linear sRGB 0..1 of `reduced_size`.
    """
    height, width = reduced_size(pixels.shape[:2], factor)
    out = np.empty((height, width, 3), np.float32)
    for top in range(0, height, _STRIP):  # few rows at a time, or it takes ten times the memory
        part = pixels[top * factor : min(top + _STRIP, height) * factor, : width * factor]
        image = to_float(part)
        if part.dtype == np.uint8:
            step = random.random(image.shape, np.float32) - np.float32(0.5)
            step[(part == 0) | (part == 255)] = 0
            image += step / np.float32(255)
        linear = decode_srgb(image).reshape(-1, factor, width, factor, 3)
        out[top : top + _STRIP] = linear.mean(axis=(1, 3), dtype=np.float32)
    return out


def reduced_srgb(pixels: np.ndarray, factor: int, seed: Sequence[int]) -> np.ndarray:
    """A photograph reduced in linear light, encoded again: uint16 `[H', W', 3]` of full scale.

    Args:
        pixels: As for `reduced_linear`.
        factor: As for `reduced_linear`.
        seed: Of the dither.
    """
    return to_uint16(encode_srgb(reduced_linear(pixels, factor, np.random.default_rng(list(seed)))))


def random_gains(random: np.random.Generator) -> Gains:
    """White balance of a plausible daylight capture, green 1."""
    return random.uniform(*_RED_GAINS), 1.0, random.uniform(*_BLUE_GAINS)


def random_noise(
    random: np.random.Generator, shot_noise: tuple[float, float] = _SHOT_NOISE
) -> Noise:
    """Noise of a plausible capture; the logarithm of its shot noise is uniform in a range."""
    shot = float(np.exp(random.uniform(*np.log(shot_noise))))
    return Noise(shot, read_noise(shot) * float(np.exp(random.normal(0, _READ_SPREAD))))


def read_noise(shot: float) -> float:
    """The read noise that goes with a shot noise on average; 0 for 0."""
    return float(np.exp(_READ_SLOPE * np.log(shot) + _READ_OFFSET)) if shot else 0.0


def safe_invert_gains(image: np.ndarray, gains: Gains) -> np.ndarray:
    """Undoes white balance except where the picture is near white.

    Args:
        image: float32 `[H, W, 3]` white-balanced camera RGB.
        gains: Smallest 1.

    Returns:
        float32 `[H, W, 3]` camera RGB; a pixel that was 1 in all channels stays so.
    """
    inverse = (1 / np.asarray(gains)).astype(np.float32)
    mean = image.mean(axis=-1, keepdims=True)
    white = np.square(np.clip((mean - _HIGHLIGHTS) / (1 - _HIGHLIGHTS), 0, 1))
    return image * np.maximum(white + (1 - white) * inverse, inverse)


def mosaic_of(image: np.ndarray, pattern: str) -> np.ndarray:
    """Keeps of every pixel `[H, W, 3]` the colour that the pattern has there: `[H, W]`."""
    out = np.empty(image.shape[:2], image.dtype)
    for site, colour in enumerate(pattern):
        row, column = divmod(site, 2)
        out[row::2, column::2] = image[row::2, column::2, "RGB".index(colour)]
    return out


def unprocess(
    linear: np.ndarray, sensor: Sensor, gains: Gains, noise: Noise, random: np.random.Generator
) -> np.ndarray:
    """The mosaic that a sensor would have recorded of a scene.

    Args:
        linear: float32 `[H, W, 3]` linear sRGB 0..1, the scene as it should be rendered.
        sensor: What records it; without a matrix its colours are taken to be those of sRGB.
        gains: The illuminant, as the white balance that undoes it; smallest 1.
        noise: Of the recording.
        random: For the noise.

    Returns:
        uint16 `[H, W]` samples, noise and clipping as on the sensor: added to the pedestal, then
        limited to 0..white level and rounded.
    """
    camera = linear
    if sensor.xyz_to_camera is not None:
        camera = apply_matrix(camera, srgb_to_camera(sensor.xyz_to_camera))
    values = mosaic_of(safe_invert_gains(camera, gains), sensor.pattern)
    if noise.shot or noise.read:
        deviation = np.sqrt(noise.shot * np.maximum(values, 0) + noise.read)
        values = values + deviation * random.standard_normal(values.shape, np.float32)
    black = np.tile(sensor.black_level, (-(-values.shape[0] // 2), -(-values.shape[1] // 2)))
    black = black[: values.shape[0], : values.shape[1]]
    samples = values * (sensor.white_level - black) + black
    return np.rint(np.clip(samples, 0, sensor.white_level)).astype(np.uint16)
