"""What an export consists of: its files, for whom each is, and how exact each must be.

    saved_model/                 float32; what the stock `tflite_convert` takes
    model.tflite                 float32: the file for the GPU
    model_none.tflite            float32, height and width free: for quality tests on the CPU
    model_tile.tflite            float32, one tile of 512x512 packed samples: for any picture
    model_float16.tflite         weights of half precision
    model_dynamic_range.tflite   weights of 8 bits
    model_int8.tflite            input, weights and activations of 8 bits (`quantisation`)
    model_isp.tflite             counts of the sensor in, 8-bit picture out (`whole_isp`)
    model.onnx                   float32; on demand

Where nothing else is said, height and width are fixed, as the user chose them.

`model.tflite` and `model_none.tflite` are the pair that the Mobile AI challenges ask for.
"""

from dataclasses import dataclass
from typing import Literal

from tfisp.errors import InputError
from tfisp.rendering.metadata import ModelMetadata

Target = Literal["gpu", "cpu"]

SAVED_MODEL = "saved_model"
MODEL = "model.tflite"
NONE = "model_none.tflite"
TILE = "model_tile.tflite"
FLOAT16 = "model_float16.tflite"
DYNAMIC_RANGE = "model_dynamic_range.tflite"
INT8 = "model_int8.tflite"
ISP = "model_isp.tflite"
ONNX = "model.onnx"

# Side in pixels of the picture that one run of the tile file makes: 512 packed samples.
TILE_PIXELS = 1024

# Largest differences to Keras that are allowed, in code values of 8 bits: rounding of single
# precision sums (1e-5 on 0..1 output), and one code value for weights of half precision.
FLOAT32_LIMIT = 255e-5
FLOAT16_LIMIT = 1.0

# 8 bits may be far off at single pixels; below these PSNRs to Keras a file is broken, not coarse.
DYNAMIC_RANGE_PSNR = 30.0
INT8_PSNR = 25.0


@dataclass(frozen=True)
class Artifact:
    """One file of an export.

    Attributes:
        name: Of the file, or of the SavedModel's folder.
        size: Its input: "fixed" as the user chose, "free", or a "tile".
        weights: How they are stored.
        target: What it is for; "gpu" files must pass `gpu_compatibility`. None: no target of its
            own.
        largest: Largest difference to Keras allowed, in code values; None where `psnr` decides.
        psnr: Least PSNR to Keras allowed, in dB; None where `largest` decides.
    """

    name: str
    size: Literal["fixed", "free", "tile"] = "fixed"
    weights: Literal["float32", "float16", "dynamic range", "int8"] = "float32"
    target: Target | None = None
    largest: float | None = None
    psnr: float | None = None


ARTIFACTS = (
    Artifact(SAVED_MODEL, largest=FLOAT32_LIMIT),
    Artifact(MODEL, target="gpu", largest=FLOAT32_LIMIT),
    Artifact(NONE, "free", target="cpu", largest=FLOAT32_LIMIT),
    Artifact(TILE, "tile", target="gpu", largest=FLOAT32_LIMIT),
    Artifact(FLOAT16, weights="float16", target="gpu", largest=FLOAT16_LIMIT),
    Artifact(
        DYNAMIC_RANGE,
        weights="dynamic range",
        target="cpu",
        psnr=DYNAMIC_RANGE_PSNR,
    ),
    Artifact(INT8, weights="int8", target="cpu", psnr=INT8_PSNR),
    Artifact(ISP, target="cpu", largest=1.0),  # a whole code value: sums may round
    Artifact(ONNX, largest=FLOAT32_LIMIT),
)


def choose_artifacts(
    metadata: ModelMetadata, *, calibrated: bool, onnx: bool
) -> tuple[list[Artifact], dict[str, str]]:
    """The files to be written for a generator.

    Args:
        metadata: Of the generator.
        calibrated: Whether there are RAW files to calibrate with.
        onnx: Whether the ONNX file is wanted.

    Returns:
        The artifacts, and name -> reason for those that are left out although they may be expected.
    """
    missing = {}
    if metadata.halo is None:
        missing[TILE] = (
            f"{metadata.name} depends on the whole picture at once and cannot be rendered in tiles"
        )
    if not calibrated:
        missing[INT8] = (
            "8-bit activations must be calibrated with RAW files of the camera; name some with"
            " --calibration"
        )
    unwanted = set(missing) | (set() if onnx else {ONNX})
    return [artifact for artifact in ARTIFACTS if artifact.name not in unwanted], missing


def check_size(metadata: ModelMetadata, size: tuple[int, int]) -> tuple[int, int]:
    """The input size that belongs to a picture size.

    Args:
        metadata: Of the generator.
        size: (height, width) of the picture in pixels.

    Returns:
        (h, w) of the input in samples.

    Raises:
        InputError: the generator cannot give a picture of just that size, or it does not consist of
            whole 2x2 cells of the mosaic.
    """
    unit = max(metadata.step * metadata.multiple, 2)
    least = metadata.step * metadata.minimum
    if any(side % unit or side < least for side in size):
        raise InputError(
            f"--size={size[0]}x{size[1]}: {metadata.name} needs sides divisible by {unit}"
            f" and of at least {least}"
        )
    return size[0] // metadata.step, size[1] // metadata.step


def input_shape(
    artifact: Artifact, metadata: ModelMetadata, size: tuple[int, int]
) -> tuple[int, int | None, int | None, int]:
    """The shape of an artifact's input `[1, h, w, C]`; free sides are None.

    Args:
        artifact: To be written (not the whole ISP, which takes a mosaic).
        metadata: Of the generator.
        size: (height, width) in pixels of the pictures of a file of fixed size.
    """
    if artifact.size == "free":
        return 1, None, None, metadata.channels
    if artifact.size == "tile":
        unit = metadata.step * metadata.multiple
        side = max(TILE_PIXELS // unit * unit, metadata.step * metadata.minimum)
        size = (side, side)
    return 1, size[0] // metadata.step, size[1] // metadata.step, metadata.channels
