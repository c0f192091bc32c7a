"""Renders RAW files of any size to upright pictures at full resolution.

    python -m tfisp.process PHOTO.dng --output=PICTURES [--model=RUN]

takes RAW files and folders of them. Without `--model` a preset that tfisp ships develops them: a
generator for any camera, to the scene's own colours. A picture is named after its RAW file;
sub-folders stay. Each is written when it is complete, replacing an older one; no RAW file is ever
replaced. While one is rendered, the next is read and the one before is written. Pictures say that
they are sRGB and how they were taken, as far as the RAW file does (`tfisp.rawfiles.exif`); where,
they do not say. With `--dng` a DNG is written instead of a picture: `linear`, what the network made
of the file, to be finished in a RAW developer; `cfa`, the mosaic itself with all that was found
out about it, for programs that cannot read the file (`tfisp.rendering.dng`).
"""

import sys
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeVar

from tfisp import cli
from tfisp.backend import load_tensorflow
from tfisp.cli import flags, imports, rawflags
from tfisp.data.flags import on_bad_file
from tfisp.errors import InputError, UsageError
from tfisp.models.presets import DEFAULT_PRESET, preset_names
from tfisp.rendering.adjustments import Adjustments, Frame
from tfisp.rendering.flags import adjustments, levels, runtime, strength
from tfisp.rendering.levels import mapped_note
from tfisp.rendering.metadata import ModelMetadata
from tfisp.rendering.pictures import SUFFIXES
from tfisp.sensor import Capture, Sensor

if TYPE_CHECKING:
    from tfisp.rendering.output import Output
    from tfisp.rendering.renderer import Renderer

DNG_KINDS = ("cfa", "linear")

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


class Job(NamedTuple):
    """One RAW file and the picture to be made of it."""

    raw: Path
    picture: Path


def define(values: flags.FlagValues) -> None:
    """Registers the flags."""
    flags.heading(values, "the network")
    flags.path(
        values,
        "model",
        DEFAULT_PRESET,
        "A preset's name, the folder of a preset or run, or a .tflite file.",
        known=preset_names(),
    )
    runtime(values)
    strength(values)
    levels(values)
    flags.heading(values, "pictures")
    flags.path(values, "output", "pictures", "Folder for the pictures.")
    flags.choice(values, "format", "png", SUFFIXES, "png, jpg or tif.")
    flags.choice(
        values,
        "dng",
        None,
        DNG_KINDS,
        "Write a DNG instead of a picture. linear: what the model makes of the file, in linear"
        " light; cfa: the mosaic, its levels and shading as they were read, without a model.",
    )
    flags.integer(values, "quality", 95, "Quality of JPEG pictures.", minimum=1, maximum=100)
    flags.integer(
        values,
        "tile",
        None,
        "Side in pixels of the tiles that are rendered at a time, 0 for whole pictures; not given:"
        " what suits the runtime. It decides memory and speed, not the result.",
        minimum=0,
    )
    adjustments(values)
    on_bad_file(values)
    rawflags.define(values)
    imports.define(values)


def main(values: flags.FlagValues, arguments: list[str]) -> int:
    """Renders all files."""
    if not arguments:
        raise UsageError("no RAW file given: name files or folders before the flags")
    suffix = SUFFIXES[values.format] if values.dng is None else ".dng"
    jobs = list_jobs(arguments, Path(values.output), suffix)
    options = rawflags.options(values)
    asked = Adjustments.of(values)
    for warning in flags.refuse_idle(values, idle(values)):
        cli.warn(main, warning)
    Path(values.output).mkdir(parents=True, exist_ok=True)
    from tfisp.raw import read_raw
    from tfisp.rawfiles.gainmap import gain_map_of_flag
    from tfisp.rendering.output import make, write_output

    options["gain_map"] = gain_map_of_flag(values.gain_map)
    renderer = None
    if values.dng != "cfa":
        renderer = _load(values)
        asked.check(renderer.metadata.contract, values.model)
        if values.gain_map and not renderer.metadata.contract.shading:
            raise UsageError(f"--gain_map: --model={values.model} was not trained to heed it")
    skipped: list[str] = []
    clock = time.perf_counter()

    def read(job: Job) -> Frame:
        return read_raw(job.raw, **options)

    def rendered() -> Iterator[tuple[int, Job, "Output"]]:
        readings = zip(jobs, _overlapped(read, jobs), strict=True)
        for count, (job, reading) in enumerate(readings, start=1):
            try:
                frame = reading.result()
            except InputError as error:
                if values.on_bad_file == "stop":
                    raise
                skipped.append(str(error))
                continue
            remarks = frame[2].notes
            if renderer is not None:
                remarks = (*doubts(renderer.metadata, frame[1], frame[2], values.levels),)
            for remark in remarks:
                cli.warn(main, f"{job.raw}: {remark}")
            yield count, job, make(frame, renderer, asked, values.dng)

    def write(finished: tuple[int, Job, "Output"]) -> None:
        nonlocal clock
        count, job, output = finished
        height, width = write_output(job.picture, output, job.raw, values.quality)
        before, clock = clock, time.perf_counter()
        print(
            f"[{count}/{len(jobs)}] {job.raw} -> {job.picture}  {width}x{height}"
            f"  {clock - before:.2f} s",
            flush=True,
        )

    for written in _overlapped(write, rendered()):
        written.result()
    for reason in skipped:
        print(f"skipped: {reason}")
    if len(skipped) == len(jobs):
        raise InputError(f"none of the {len(jobs)} files could be rendered")
    done = len(jobs) - len(skipped)
    what = "picture" if values.dng is None else "DNG"
    print(f"{done} {what}{'s' if done > 1 else ''} in {values.output}")
    return 0


def idle(values: flags.FlagValues) -> dict[str, str]:
    """The flags without effect where a DNG is written, and why."""
    if values.dng is None:
        return {}
    names: tuple[str, ...] = ("format", "quality", "depth", "look")
    if values.dng == "cfa":
        names += ("model", "tile", "runtime", "strength", "levels", "imports")
    return dict.fromkeys(names, f"with --dng={values.dng}")


def _load(values: flags.FlagValues) -> "Renderer":
    """The renderer of `--model`, in part if `--strength` says so."""
    from tfisp.rendering.renderer import Renderer, load

    tile: int | Literal["auto"] | None = "auto" if values.tile is None else values.tile or None
    if values.strength == 1:
        return load(values.model, tile=tile, runtime=values.runtime, levels=values.levels)
    if values.runtime == "litert":
        raise UsageError("--runtime=litert: no file holds weights in between; leave it out")
    from tfisp.models.strength import at_strength, find_start

    find_start(values.model, values.strength)  # a mistake is told before TensorFlow is loaded
    load_tensorflow()
    return Renderer(at_strength(values.model, values.strength), tile=tile, levels=values.levels)


def _overlapped(function: Callable[[_Item], _Result], items: Iterable[_Item]) -> Iterator[Future]:
    """What `function` makes of each item, in order, while another thread is at the next one.

    Yields:
        A future for each item, whose `result()` gives or raises what the function did.
    """
    with ThreadPoolExecutor(1, "overlapped") as thread:
        started: deque[Future] = deque()
        for item in items:
            started.append(thread.submit(function, item))
            if len(started) > 1:
                yield started.popleft()
        yield from started


def list_jobs(arguments: Sequence[str], output: Path, suffix: str) -> list[Job]:
    """The RAW files behind the arguments, and where each one's picture goes.

    A picture has its RAW file's name with another suffix; where two files of a folder differ only
    in theirs, both keep it (`a.dng.png`).

    Raises:
        InputError: a file or folder is missing or a folder holds no RAW file.
        UsageError: two pictures would have one name, or a picture would replace a RAW file.
    """
    found: dict[Path, tuple[Path, Path]] = {}
    for argument in arguments:
        for raw, relative in _sources(Path(argument), output):
            # A file may be named, and also lie in a folder that is named.
            found.setdefault(raw.resolve(), (raw, relative))
    bare = Counter(relative.with_suffix("") for _, relative in found.values())
    jobs = []
    for raw, relative in found.values():
        name = relative.stem if bare[relative.with_suffix("")] == 1 else relative.name
        jobs.append(Job(raw, output / relative.with_name(name + suffix)))
    pictures: dict[Path, Path] = {}
    for job in jobs:
        other = pictures.setdefault(job.picture, job.raw)
        if other != job.raw:
            raise UsageError(f"{other} and {job.raw} would both become {job.picture}")
        if job.picture.resolve() in found:
            raise UsageError(f"{job.picture} is a RAW file to be read; give another --output")
    return jobs


def doubts(metadata: ModelMetadata, sensor: Sensor, capture: Capture, whose: str) -> Iterator[str]:
    """What may make a picture come out wrong although the file is in order."""
    yield from capture.notes
    contract = metadata.contract
    if note := mapped_note(metadata, sensor, whose):
        yield note
    if contract.output == "camera" and sensor.xyz_to_camera is None:
        yield "states no colour matrix: its colours are those of the sensor"
    if contract.white_balance == "as_shot" and not (capture.gains or sensor.default_gains):
        yield "states no white balance, none is applied: expect a green cast"


def _sources(path: Path, output: Path) -> list[tuple[Path, Path]]:
    """(RAW file, its name below the output folder) of one argument."""
    from tfisp.data.listing import missing, search_folder
    from tfisp.raw import RAW_SUFFIXES

    if not path.exists():
        raise InputError(f"{path}: no such file or folder")
    if not path.is_dir():
        return [(path, Path(path.name))]
    if output.exists() and output.samefile(path):
        raise UsageError(
            f"--output={output}: is a folder of RAW files too, and its pictures would be taken for"
            " RAW files the next time"
        )
    found = search_folder(path, RAW_SUFFIXES, others=[output])
    if not found.files:
        raise InputError(f"{path}: {missing(path, RAW_SUFFIXES, 'RAW files')}")
    if found.left_out:
        cli.warn(main, found.note("RAW files"))
    return [(file, file.relative_to(path)) for file in found.files]


def run(argv: Sequence[str] | None = None) -> int:
    """Runs the program; returns its exit code."""
    return cli.run(define, main, __doc__, argv, arguments="PHOTO...", tensorflow=False)


if __name__ == "__main__":
    sys.exit(run())
