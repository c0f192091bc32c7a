"""What a RAW frame looks like: statistics of its CFA planes, and what does not fit together."""

import os
from typing import Any

import numpy as np

from tfisp.rawfiles.falloff import Falloff, of_frame, of_map, plane_names
from tfisp.rawfiles.frame import Frame, check_content, check_levels, scale_mismatch
from tfisp.rawfiles.masked import MaskedBlack
from tfisp.rawfiles.plausibility import doubts

# Bins of a plane's histogram.
BINS = 16

# Relative difference above which the means of the two green planes are worth a warning; shading,
# crosstalk and colour stay well below.
_GREEN_DIFFERENCE = 0.15


# Words of make and model, in lower case, by which phones are known: makers of hardly any other
# cameras, and names of phones whose makers build others.
_PHONES = frozenset(
    (
        *("apple", "asus", "blackberry", "fairphone", "google", "hmd", "honor", "htc", "huawei"),
        *("infinix", "lenovo", "lge", "meizu", "motorola", "nokia", "nothing", "nubia", "oneplus"),
        *("oppo", "realme", "tecno", "ulefone", "vivo", "xiaomi", "zte"),
        *("galaxy", "iphone", "pixel", "poco", "redmi", "xperia"),
    )
)


def describe(frame: Frame, path: str | os.PathLike) -> dict[str, Any]:
    """A frame as JSON values.

    Args:
        frame: What `tfisp.raw.decode` returned.
        path: Its file.

    Returns:
        The facts by their names in `Sensor` and `Capture`; `masked_black`, what masked samples say;
        `corner_over_centre`, see `tfisp.rawfiles.falloff.Falloff`; `unused`, names of what is
        stated and not used; `above_white`, the count of samples above the white level; `planes`,
        see `planes`; `bin_edges` of their histograms; `notes` on what was assumed; `warnings`.

    Raises:
        InputError: If the frame is damaged. Levels of another scale are no error here but a
            warning.
    """
    mosaic, sensor, capture = frame.mosaic, frame.sensor, frame.capture
    check_content(mosaic, sensor, path)
    if scale_mismatch(mosaic, sensor) is None:
        check_levels(mosaic, sensor, path)
    falloff = _falloff(frame)
    scale = max(int(mosaic.max()), int(sensor.white_level)) + 1
    edges = [round(k * scale / BINS) for k in range(BINS + 1)]
    return {
        "file": str(path),
        "kind": frame.kind,
        "height": mosaic.shape[0],
        "width": mosaic.shape[1],
        **sensor.to_dict(),
        "gains": capture.gains,
        "orientation": capture.orientation,
        "exposure_time": capture.exposure_time,
        "iso": capture.iso,
        "baseline_exposure": capture.baseline_exposure,
        "noise": capture.noise,
        "shading": None if capture.shading is None else list(capture.shading.shape[:2]),
        "default_crop": capture.default_crop,
        "masked_black": _masked(frame.masked),
        "unused": list(frame.unused),
        "corner_over_centre": None if falloff is None else falloff._asdict(),
        "above_white": int(np.count_nonzero(mosaic > sensor.white_level)),
        "bin_edges": edges,
        "planes": planes(frame, edges),
        "notes": list(frame.notes),
        "warnings": warnings(frame),
    }


def _falloff(frame: Frame) -> Falloff | None:
    """What the shading map says of the corners, or without one the frame."""
    if frame.capture.shading is not None:
        return of_map(frame.capture.shading, frame.sensor)
    return of_frame(frame.mosaic, frame.sensor)


def _masked(found: MaskedBlack | None) -> dict[str, Any] | None:
    """What masked samples say about black, as JSON values."""
    if found is None:
        return None
    stated, measured = found.stated.tolist(), found.measured.tolist()
    return {"stated": stated, "measured": measured, "taken": found.taken}


def planes(frame: Frame, edges: list[int]) -> list[dict[str, Any]]:
    """Statistics of the four CFA planes, in the order of the 2x2 tile's sites.

    Returns:
        For each: `name` (R, Gr in the red row, Gb in the blue row, B), `site` (row, column),
        `black_level`, `minimum`, `maximum`, `mean`, `median`, and `histogram`, the counts between
        the edges.
    """
    sensor, found = frame.sensor, []
    for site, name in enumerate(plane_names(sensor)):
        row, column = divmod(site, 2)
        plane = frame.mosaic[row::2, column::2]
        counts = np.bincount(plane.ravel(), minlength=edges[-1])
        present = np.flatnonzero(counts)
        total = np.cumsum(counts)
        found.append(
            {
                "name": name,
                "site": [row, column],
                "black_level": sensor.black_level[row][column],
                "minimum": int(present[0]),
                "maximum": int(present[-1]),
                "mean": float(counts @ np.arange(counts.size) / plane.size),
                "median": int(np.searchsorted(total, (plane.size + 1) // 2)),
                "histogram": [int(n) for n in np.diff(np.concatenate(([0], total))[edges])],
            }
        )
    return found


def warnings(frame: Frame) -> list[str]:
    """What in a frame does not fit together, one sentence each."""
    mosaic, sensor = frame.mosaic, frame.sensor
    low, high, white = int(mosaic.min()), int(mosaic.max()), sensor.white_level
    black = np.array(sensor.black_level)
    found = []
    above = int(np.count_nonzero(mosaic > white))
    mismatch = scale_mismatch(mosaic, sensor)
    if mismatch:
        found.append(mismatch)
    elif above:
        found.append(
            f"{above} samples ({above / mosaic.size:.2%}) exceed the white level {white:g}, up to "
            f"{high}; they are clipped to it"
        )
    if high.bit_length() + 1 < int(white).bit_length():
        found.append(
            f"maximum {high} is far below the white level {white:g}: {high.bit_length()}-bit data, "
            "or a dark frame?"
        )
    shift = _trailing_zeros(mosaic)
    if shift:
        found.append(
            f"all samples are multiples of {2**shift}: data of fewer bits, shifted left by {shift}?"
        )
    if not black.any() and low > 0.02 * white:
        found.append(f"minimum {low}, but black level 0: is there a pedestal?")
    below = np.array([[np.mean(mosaic[i::2, j::2] < black[i, j]) for j in (0, 1)] for i in (0, 1)])
    if below.max() > 0.6:
        found.append(f"{below.max():.0%} of a plane's samples lie below its black level")
    found += doubts(mosaic, sensor) + _green_warning(frame)
    if frame.capture.shading is None and is_phone(sensor.name):
        found.append(
            "a phone's file without a lens shading map: its corners will be dark and tinted unless "
            "--gain_map corrects them"
        )
    if frame.capture.gains is None and sensor.default_gains is None:
        found.append("no usable white balance is stated: colours will have a cast")
    return found


def is_phone(name: str) -> bool:
    """Whether a sensor's name, make and model, is that of a phone."""
    words = set(name.lower().split())
    return bool(words & _PHONES)


def _green_warning(frame: Frame) -> list[str]:
    """A warning if the other diagonal of the 2x2 tile looks more like the two greens."""
    black = np.array(frame.sensor.black_level)
    means = np.array([[frame.mosaic[i::2, j::2].mean() for j in (0, 1)] for i in (0, 1)]) - black
    diagonals = [(means[0, 0], means[1, 1]), (means[0, 1], means[1, 0])]
    differences = [abs(a - b) / max(a, b, 1e-9) for a, b in diagonals]
    green = 0 if frame.sensor.pattern[0] == "G" else 1
    if differences[green] < _GREEN_DIFFERENCE or differences[green] < 2 * differences[1 - green]:
        return []
    return [
        f"the green planes differ by {differences[green]:.0%}, red and blue by "
        f"{differences[1 - green]:.0%} only: is {frame.sensor.pattern} the pattern?"
    ]


def _trailing_zeros(mosaic: np.ndarray) -> int:
    """How many of the lowest bits are 0 in every sample."""
    bits = int(np.bitwise_or.reduce(mosaic, axis=None))
    return (bits & -bits).bit_length() - 1 if bits else 0
