"""Shows what a RAW file says about its sensor, and what looks wrong.

For each file: size, CFA pattern, levels, white balance, orientation, exposure, colour matrix, lens
shading, a histogram of each plane of the CFA, and warnings where samples and levels disagree.
A damaged file, or one without a Bayer mosaic, is refused with one line and exit code 1. Of a
folder, each file is one line, and at the end stands how many there are of each sensor.

    python -m tfisp.inspect_raw photo.dng
    python -m tfisp.inspect_raw FOLDER
    python -m tfisp.inspect_raw --json *.dng             one JSON object per line
    python -m tfisp.inspect_raw --noise=noise.svg *.dng  noise of each channel, measured
    python -m tfisp.inspect_raw --raw_size=512x768 --pattern=RGGB --bits=14 frame.raw
"""

import itertools
import json
import os
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfisp import cli
from tfisp.cli import flags, rawflags
from tfisp.errors import InputError, UsageError

if TYPE_CHECKING:
    from tfisp.data.photon_transfer import Channel

_BAR = 12  # characters of a full histogram bar

_ORIENTATIONS = (
    "as stored",
    "mirrored left to right",
    "upside down",
    "mirrored top to bottom",
    "transposed",
    "to be turned 90 degrees clockwise",
    "transposed along the other diagonal",
    "to be turned 90 degrees counterclockwise",
)


def define(values: flags.FlagValues) -> None:
    """Registers the program's flags."""
    flags.boolean(values, "json", False, "Print one JSON object per file and line.")
    flags.path(
        values,
        "noise",
        None,
        "An .svg file: measure the noise of each channel by photon transfer over flat patches, and"
        " chart it beside what files state. Files of one sensor and ISO speed count together.",
    )
    rawflags.define(values)


def main(values: flags.FlagValues, arguments: list[str]) -> int:
    """Inspects the files named on the command line; 1 if one of them was refused."""
    if not arguments:
        raise UsageError("name at least one RAW file; see --help")
    options = rawflags.options(values)
    chart_file = _chart_file(values["noise"].value)
    from tfisp.raw import decode
    from tfisp.rawfiles.diagnosis import describe
    from tfisp.rawfiles.gainmap import gain_map_of_flag

    options["gain_map"] = gain_map_of_flag(values["gain_map"].value)
    refused, sensors = 0, Counter[str]()
    measured: dict[str, list[Sequence[Channel]]] = {}
    for path, in_folder in _files(arguments):
        try:
            frame = decode(path, **options)
            facts = describe(frame, path)
        except InputError as error:
            refused += 1
            print(f"tfisp.inspect_raw: error: {error}", file=sys.stderr)
            if values["json"].value:
                print(json.dumps({"file": path, "error": str(error)}))
            continue
        if chart_file is not None:
            from tfisp.data.photon_transfer import measure_channels

            channels = measure_channels(frame.mosaic, frame.sensor, frame.capture)
            facts["measured_noise"] = [channel.facts() for channel in channels]
            kind = f"{_sensor(facts)}, ISO {_stated(facts['iso'])}"
            measured.setdefault(kind, []).append(channels)
        if values["json"].value:
            print(json.dumps(facts), flush=True)
        elif in_folder:
            sensors[_sensor(facts)] += 1
            print(_line(facts), flush=True)
        else:
            print("\n".join(text(facts)), flush=True)
    for sensor, count in sensors.most_common():
        print(f"{count} x {sensor}")
    if refused and sensors:
        print(f"{refused} refused")
    if chart_file is not None:
        _write_chart(chart_file, measured, to_stderr=bool(values["json"].value))
    return 1 if refused else 0


def _chart_file(name: str | None) -> Path | None:
    """The file of `--noise`.

    Raises:
        UsageError: it is of another kind.
    """
    if name is not None and Path(name).suffix.lower() != ".svg":
        raise UsageError(f"--noise={name}: a chart is written as .svg")
    return None if name is None else Path(name)


def _write_chart(
    path: Path, measured: Mapping[str, Sequence[Sequence["Channel"]]], *, to_stderr: bool
) -> None:
    """Charts the noise of all files, by what they have in common, and says what was found."""
    from tfisp.charts.sheet import sheet
    from tfisp.data.noise_chart import noise_charts
    from tfisp.data.photon_transfer import pooled
    from tfisp.files import write_text

    kinds = {kind: pooled(frames) for kind, frames in measured.items()}
    charts = noise_charts(kinds)
    if not charts:
        raise InputError(f"{path}: not written, for no file has patches that tell its noise")
    write_text(path, sheet(charts))
    where = sys.stderr if to_stderr else sys.stdout
    for kind, channels in kinds.items():
        print(f"noise of {len(measured[kind])} x {kind}", file=where)
        for channel in channels:
            print(f"  {channel.name:<3}{_measured(channel.facts())}", file=where)
    print(f"chart in {path}", file=where)


def _files(arguments: Sequence[str]) -> Iterator[tuple[str, bool]]:
    """The files that are named, and those in folders that are named: (file, whether in a folder).

    Raises:
        InputError: a folder holds no RAW file.
    """
    from tfisp.data.listing import missing, search_folder
    from tfisp.raw import RAW_SUFFIXES

    for argument in arguments:
        if not os.path.isdir(argument):
            yield argument, False
            continue
        found = search_folder(Path(argument), RAW_SUFFIXES)
        if not found.files:
            raise InputError(f"{argument}: {missing(Path(argument), RAW_SUFFIXES, 'RAW files')}")
        if found.left_out:
            cli.warn(main, found.note("RAW files"))
        for file in found.files:
            yield str(file), True


def _sensor(facts: dict[str, Any]) -> str:
    """What tells sensors apart: by the black level that is stated, for the measured one drifts."""
    levels = facts["masked_black"]["stated"] if facts["masked_black"] else facts["black_level"]
    black = sorted({f"{level:g}" for row in levels for level in row})
    name = facts["name"] or "unnamed sensor"
    return f"{name}, {facts['pattern']}, black {' '.join(black)}, white {facts['white_level']:g}"


def _line(facts: dict[str, Any]) -> str:
    """A file in one line."""
    exposure = f"{_stated(facts['exposure_time'], 's')}, ISO {_stated(facts['iso'])}"
    worrying = [*facts["warnings"], *facts["notes"]]
    return (
        f"{facts['file']}  {facts['width']}x{facts['height']}  {_sensor(facts)}  {exposure}"
        + "".join(f"; {remark}" for remark in worrying)
    )


def text(facts: dict[str, Any]) -> list[str]:
    """The lines that show what `tfisp.rawfiles.diagnosis.describe` found."""
    gains = facts["gains"]
    rows = {
        "kind": " ".join(filter(None, [facts["kind"], facts["name"]])),
        "size": f"{facts['height']} x {facts['width']} (height x width)",
        "CFA pattern": facts["pattern"],
        "default crop": "all of it"
        if facts["default_crop"] is None
        else "{2} x {3} from row {0}, column {1}".format(*facts["default_crop"]),
        "black level": _sites(facts["black_level"]),
        "masked samples": _masked(facts["masked_black"]),
        "white level": f"{facts['white_level']:g} ({facts['above_white']} samples above)",
        "white balance": "not stated"
        if gains is None
        else "R {:.4f}  G {:.4f}  B {:.4f}".format(*gains),
        "orientation": f"{facts['orientation']} ({_ORIENTATIONS[facts['orientation'] - 1]})",
        "exposure": f"{_stated(facts['exposure_time'], 's')}, ISO {_stated(facts['iso'])}, "
        f"baseline {facts['baseline_exposure']:+.2f} EV",
        "XYZ to camera": _matrix(facts["xyz_to_camera"]),
        "not used": ", ".join(facts["unused"]) or "nothing",
        "noise model": _noise(facts["noise"]),
        **{
            f"noise of {found['name']}": _measured(found)
            for found in facts.get("measured_noise", ())
        },
        "lens shading": "not stated"
        if facts["shading"] is None
        else "map of {} x {}".format(*facts["shading"]),
        "corners": _corners(facts["corner_over_centre"]),
    }
    return [
        facts["file"],
        *(f"  {name:<14} {value}" for name, value in rows.items()),
        *_histogram(facts),
        *(f"  note: {note}" for note in facts["notes"]),
        *(f"  warning: {warning}" for warning in facts["warnings"]),
    ]


def _histogram(facts: dict[str, Any]) -> list[str]:
    """The statistics and histograms of the planes side by side."""
    planes, edges = facts["planes"], facts["bin_edges"]
    width = _BAR + 2
    lines = ["  " + " " * 15 + "".join(f"{plane['name']:<{width}}" for plane in planes)]
    for name in ("minimum", "median", "mean", "maximum"):
        cells = "".join(f"{plane[name]:<{width}.5g}" for plane in planes)
        lines.append(f"  {name:<14} {cells}".rstrip())
    for k, (start, end) in enumerate(itertools.pairwise(edges)):
        bars = "".join(f"{_bar(plane['histogram'], k):<{width}}" for plane in planes)
        lines.append(f"  {start:>5} .. {end - 1:<5} {bars}".rstrip())
    return lines


def _bar(histogram: list[int], k: int) -> str:
    """Bin k as a bar, full for the fullest bin; a dot shows that a short one is not empty."""
    length = round(_BAR * histogram[k] / max(histogram))
    return "#" * length or ("." if histogram[k] else "")


def _sites(levels: Sequence[Sequence[float]]) -> str:
    (a, b), (c, d) = levels
    return f"{a:g} {b:g} / {c:g} {d:g}"


def _masked(black: dict[str, Any] | None) -> str:
    if black is None:
        return "none"
    kept = "taken" if black["taken"] else "the stated is kept"
    return f"black {_sites(black['measured'])}; stated {_sites(black['stated'])}: {kept}"


def _corners(falloff: dict[str, Any] | None) -> str:
    if falloff is None:
        return "not known: no map, and no picture of an even surface"
    ratios = "  ".join(f"{name} {ratio:.3f}" for name, ratio in falloff["ratios"].items())
    what = {"map": "gains", "frame": "light of this even surface"}[falloff["of"]]
    return f"{ratios}  ({what}, corners over centre)"


def _stated(value: float | None, unit: str = "") -> str:
    return "not stated" if value is None else f"{value:g} {unit}".strip()


def _matrix(matrix: Sequence[Sequence[float]] | None) -> str:
    if matrix is None:
        return "not stated"
    return " / ".join(" ".join(f"{x:.4f}" for x in row) for row in matrix)


def _measured(facts: dict[str, Any]) -> str:
    """The measured noise of a channel."""
    if facts["shot"] is None:
        return "too few patches that are not clipped"
    line = _noise([(facts["shot"], facts["read"])])
    if facts["electrons_at_white"] is None:
        return f"{line} (no shot noise is seen)"
    return (
        f"{line}  (white {facts['electrons_at_white']:.0f} e-, read noise "
        f"{facts['read_noise_electrons']:.2g} e-)"
    )


def _noise(noise: Sequence[Sequence[float]] | None) -> str:
    if noise is None:
        return "not stated"
    return ", ".join(f"{scale:.3g} x + {offset:.3g}" for scale, offset in noise)


def run(argv: Sequence[str] | None = None) -> int:
    """Runs the program."""
    return cli.run(define, main, __doc__, argv, arguments="FILE|FOLDER...", tensorflow=False)


if __name__ == "__main__":
    sys.exit(run())
