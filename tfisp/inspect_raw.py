"""Shows what a RAW file says about its sensor, and what looks wrong.

For each file: size, CFA pattern, levels, white balance, orientation, exposure, colour matrix, lens shading, a
histogram of each plane of the CFA, and warnings where samples and levels disagree. A file that is damaged, or that holds no
Bayer mosaic, is refused with one line and exit code 1.

    python -m tfisp.inspect_raw photo.dng
    python -m tfisp.inspect_raw --json *.dng             one JSON object per line
    python -m tfisp.inspect_raw --raw_size=512x768 --pattern=RGGB --bits=14 frame.raw
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfisp import cli, flags, rawflags
from tfisp.errors import InputError, UsageError

if TYPE_CHECKING:
    from tfisp.frame import Frame
    from tfisp.sensor import Sensor

_BINS = 16
_BAR = 15  # characters


def define(values: flags.FlagValues) -> None:
    """Registers the program's flags."""
    flags.boolean(values, "json", False, "Print one JSON object per file and line.")
    rawflags.define(values)


def main(values: flags.FlagValues, arguments: list[str]) -> int:
    """Inspects the files named on the command line; 1 if one of them was refused."""
    if not arguments:
        raise UsageError("name at least one RAW file")
    options = rawflags.options(values)
    refused = 0
    for argument in arguments:
        try:
            report = inspect(argument, **options)
        except InputError as error:
            refused += 1
            print(f"tfisp.inspect_raw: error: {error}", file=sys.stderr)
            if values["json"].value:
                print(json.dumps({"file": argument, "error": str(error)}))
            continue
        print(json.dumps(report) if values["json"].value else _text(report))
    return 1 if refused else 0


def inspect(path: str | Path, **options: Any) -> dict[str, Any]:
    """Reads a RAW file and describes it.

    Args:
        path: The file.
        **options: As for `tfisp.raw.decode`: sensor, shape, byte_order.

    Returns:
        JSON values: the facts by the names of `Sensor` and `Capture`, `planes` with statistics and histogram (its bins
        have the edges `bin_edges`), `notes` and `warnings`.

    Raises:
        InputError: If the file is damaged or holds no Bayer mosaic.
    """
    from tfisp.diagnosis import planes, warnings
    from tfisp.frame import OVERSHOOT, check_levels
    from tfisp.raw import decode

    frame = decode(path, **options)
    sensor, capture = frame.sensor, frame.capture
    high = int(frame.mosaic.max())
    above = None
    if not (sensor.white_level * OVERSHOOT < high or high < _darkest(sensor) / 2):
        _, above = check_levels(frame.mosaic, sensor, path)
    top = max(high, int(sensor.white_level))
    edges = [round(k * (top + 1) / _BINS) for k in range(_BINS + 1)]
    return {
        "file": str(path),
        "kind": frame.kind,
        "height": frame.mosaic.shape[0],
        "width": frame.mosaic.shape[1],
        **sensor.to_dict(),
        "gains": capture.gains,
        "orientation": capture.orientation,
        "exposure_time": capture.exposure_time,
        "iso": capture.iso,
        "baseline_exposure": capture.baseline_exposure,
        "noise": capture.noise,
        "shading": None if capture.shading is None else list(capture.shading.shape[:2]),
        "above_white": above,
        "bin_edges": edges,
        "planes": planes(frame, edges),
        "notes": list(frame.notes),
        "warnings": warnings(frame),
    }


def _darkest(sensor: "Sensor") -> float:
    return min(min(row) for row in sensor.black_level)
