"""Lossless JPEG: what two other encoders write comes back, and damage shows in its length."""

import struct

import imagecodecs
import numpy as np
import pytest

from tests.helpers.dngs import lossless_jpeg, scene
from tfisp.rawfiles.lossless_jpeg import decode_lossless_jpeg

MOSAIC = scene(64, 96, 64, 1000)
STREAM = lossless_jpeg(MOSAIC)


def turbo(samples, **options):
    return imagecodecs.jpeg8_encode(samples, lossless=True, bitspersample=16, **options)


@pytest.mark.parametrize("predictor", range(1, 8))
@pytest.mark.parametrize("components", [1, 2, 4])
def test_streams_of_libjpeg_turbo_come_back(predictor, components):
    # Differences of all sizes, those that overflow included.
    samples = np.random.default_rng(predictor).integers(0, 65536, (64, 96)).astype(np.uint16)
    shaped = samples if components == 1 else samples.reshape(64, -1, components)
    space = "unknown" if components == 2 else None
    stream = turbo(shaped, predictor=predictor, colorspace=space)
    np.testing.assert_array_equal(decode_lossless_jpeg(stream, 64, 96), samples)


def test_streams_of_liblj92_come_back():
    stream = imagecodecs.ljpeg_encode(MOSAIC, bitspersample=12)
    np.testing.assert_array_equal(decode_lossless_jpeg(stream, 64, 96), MOSAIC)


def test_the_largest_difference_has_no_bits_behind_its_code():
    # 32768 is its own opposite modulo 65536: category 16 is one value (T.81, table H.2).
    samples = np.tile(np.array([[0, 32768], [32768, 0]], np.uint16), (32, 48))
    np.testing.assert_array_equal(decode_lossless_jpeg(turbo(samples), 64, 96), samples)


def test_a_point_transform_scales_the_samples():
    # The same codes as of one bit less with every sample doubled (T.81, H.1.2.1).
    stream = bytearray(imagecodecs.ljpeg_encode(MOSAIC, bitspersample=12))
    frame, scan = stream.index(b"\xff\xc3"), stream.index(b"\xff\xda")
    stream[frame + 4] += 1
    stream[scan + 1 + int.from_bytes(stream[scan + 2 : scan + 4], "big")] |= 1
    np.testing.assert_array_equal(decode_lossless_jpeg(bytes(stream), 64, 96), 2 * MOSAIC)


def test_the_samples_may_be_laid_out_in_rows_of_another_length():
    np.testing.assert_array_equal(decode_lossless_jpeg(STREAM, 32, 192), MOSAIC.reshape(32, 192))


@pytest.mark.parametrize("filling", [0, 1, 3])
def test_a_few_filling_bytes_are_allowed(filling):
    stream = STREAM[:-2] + bytes(filling) + STREAM[-2:]
    np.testing.assert_array_equal(decode_lossless_jpeg(stream, 64, 96), MOSAIC)


HALF = len(STREAM) // 2


@pytest.mark.parametrize(
    ("stream", "message"),
    [
        (STREAM[:HALF], "without an end"),
        (STREAM[:HALF] + bytes(HALF), "without an end"),
        (STREAM[:HALF] + b"\xff" * HALF, "without an end"),
        (STREAM[:-2], "without an end"),
        (STREAM[:HALF] + b"\xff\xd9", "whose samples take"),
        (STREAM[:-12] + b"\xff\xd9", "whose samples take"),
        (STREAM[:HALF] + STREAM[HALF + 1 :], "whose samples take"),
        (STREAM[:-2] + bytes(4) + STREAM[-2:], "whose samples take"),
        (STREAM[:HALF] + bytes(512) + STREAM[HALF + 512 :], "whose samples take"),
        (b"II*\0" + STREAM, "no lossless JPEG stands"),
        (STREAM[:40] + b"\0" + STREAM[41:], "Huffman table|damaged"),
        (turbo(MOSAIC[:32]), "32x96x1 samples stands where 64x96"),
        (imagecodecs.jpeg8_encode((MOSAIC // 4).astype(np.uint8)), "not lossless"),
        (b"\xff\xd8 no lossless JPEG " + bytes(99), "damaged markers"),
        (b"", "damaged markers"),
    ],
)
def test_damage_is_found(stream, message):
    with pytest.raises(ValueError, match=message):
        decode_lossless_jpeg(stream, 64, 96)


def test_a_sample_that_needs_a_code_the_tables_lack_is_damage():
    """The last category of the table becomes one that no sample has."""
    table = STREAM.index(b"\xff\xc4")
    length = struct.unpack_from(">H", STREAM, table + 2)[0]
    damaged = bytearray(STREAM)
    damaged[table + 2 + length - 1] = 200
    with pytest.raises(ValueError, match="lossless JPEG"):
        decode_lossless_jpeg(bytes(damaged[:table] + STREAM[table + 2 + length :]), 64, 96)


def test_damage_of_codes_is_found_whatever_the_decoder_makes_of_it():
    """Zeroed spans shift the codes against each other; the length then differs, but by chance."""
    stream = turbo(MOSAIC, predictor=1)
    start = stream.index(b"\xff\xda") + 12
    rng, unnoticed = np.random.default_rng(0), 0
    for _ in range(60):
        damaged = bytearray(stream)
        at = rng.integers(start, len(stream) - 66)
        damaged[at : at + 64] = bytes(64)
        try:
            decode_lossless_jpeg(bytes(damaged), 64, 96)
            unnoticed += 1
        except ValueError as error:
            assert "JPEG" in str(error)
    assert unnoticed <= 2
