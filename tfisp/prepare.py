"""Turns folders of RAW files and photographs into patches that training reads at once.

    python -m tfisp.prepare --raw_dir=RAW --target_dir=PHOTOGRAPHS --output=PREPARED
    python -m tfisp.train --data=prepared --data_dir=PREPARED ...

Patches are kept in TFRecord files with an index and checksums: RAW patches with sensor, capture
facts and reference, stratified by ISO and exposure time; photographs in sRGB, reduced, without
those that are monochrome, clipped, blurred, tiny or there twice. All are upright. Interrupted at
any moment, the same command goes on. docs/PREPARE.md says more.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tfisp import cli
from tfisp.cli import flags
from tfisp.cli.progress import Progress
from tfisp.cli.rawflags import of_files
from tfisp.data import flags as data_flags
from tfisp.errors import InputError, UsageError

if TYPE_CHECKING:
    from tfisp.preparing.job import Engine, Job, Survey
    from tfisp.sensor import Sensor

# Flags that say what only RAW files are told.
_OF_RAWS = ("raw_patches", "reference", "sensor", "linear_dng", "quad_bayer", "gain_map")

# Remarks of the RAW reader that are shown, at the most.
_NOTES = 10


def define(values: flags.FlagValues) -> None:
    """Registers the flags."""
    flags.path(values, "raw_dir", None, "Folder of RAW files, in any sub-folder.")
    flags.path(values, "target_dir", None, "Folder of photographs of the look that is wanted.")
    flags.path(values, "output", None, "Folder for the patches.", required=True)
    flags.integer(values, "patch_size", 256, "Side of a patch, even.", minimum=2)
    flags.integer(
        values,
        "raw_patches",
        None,
        "How many RAW patches: as many of each ISO and exposure time, as far as there are. Unset:"
        " all that do not overlap.",
        minimum=1,
    )
    flags.integer(
        values,
        "target_patches",
        None,
        "How many patches of photographs. Unset: all that do not overlap.",
        minimum=1,
    )
    flags.integer(
        values,
        "target_scale",
        2,
        "By how much photographs are reduced, in linear light; 1 leaves them as they are.",
        minimum=1,
    )
    flags.text(
        values,
        "reference",
        "menon2007",
        "How references are demosaicked: menon2007, opencv, opencv_ea or bilinear.",
    )
    flags.text(
        values, "sensor", None, "A sensor's name or JSON file, instead of what RAW files state."
    )
    of_files(values)
    flags.names(
        values,
        "keep",
        (),
        "Photographs with these faults are taken all the same: monochrome, clipped,"
        " dark_or_bright, blurred, duplicate.",
    )
    flags.integer(values, "shard_mb", 128, "Size of a shard in MB, about.", minimum=1)
    flags.integer(values, "seed", 0, "Of the order of files and the choice of patches.", minimum=0)
    data_flags.on_bad_file(values)
    values.set_default("on_bad_file", "skip")
    flags.choice(
        values, "engine", "local", ("local", "beam"), "What runs it: processes here, or Beam."
    )
    flags.integer(
        values, "workers", None, "How many processes. Unset: one for each processor.", minimum=1
    )
    flags.text(
        values, "beam_options", None, "Words for Apache Beam, such as its --runner (--engine=beam)."
    )
    flags.boolean(
        values,
        "dry_run",
        False,
        "Look at all files and say what would be made, without making it. What is found is kept in"
        " the output folder.",
    )
    flags.boolean(
        values, "verify", False, "Read all finished shards and compare checksums, and do no more."
    )


def main(values: flags.FlagValues, arguments: list[str]) -> None:
    """Prepares one set."""
    output = Path(values.output)
    if output.exists() and not output.is_dir():
        raise UsageError(f"--output={output}: not a folder")
    if values.verify:
        _verify(output)
        return
    job, chosen = _job(values, output), _engine(values)
    from tfisp.files import remove_leftovers
    from tfisp.preparing.job import make_shards, require_same, survey_files
    from tfisp.training.run_lock import held

    with held(output, "output"), chosen as engine:
        remove_leftovers(output)
        found = survey_files(job, engine, Progress())
        require_same(job, found.plan)
        _tell(found)
        if values.dry_run:
            print(f"nothing made yet; leave out --dry_run to make it: {output}")
            return
        made = make_shards(job, found, engine, Progress())
        remove_leftovers(output)  # of workers that were lost on the way
    shards = sum(map(len, found.plan.shards.values()))
    print(f"{made} of {shards} shards made now, all are there: {output}")


def _job(values: flags.FlagValues, output: Path) -> "Job":
    """What is asked for.

    Raises:
        UsageError: A flag has a value that cannot be, or no effect.
        InputError: A folder or file that a flag names is not there.
    """
    from tfisp.conversions import Conversions
    from tfisp.data.listing import require_folder
    from tfisp.demosaic import METHODS
    from tfisp.naming import choose
    from tfisp.preparing.choice import FAULTS, TINY
    from tfisp.preparing.job import Job
    from tfisp.preparing.settings import Settings
    from tfisp.rawfiles.gainmap import gain_map_of_flag

    if not values.raw_dir and not values.target_dir:
        raise UsageError("give --raw_dir, --target_dir or both")
    of_raws = dict.fromkeys(_OF_RAWS, "without --raw_dir")
    of_targets = dict.fromkeys(("target_patches", "target_scale", "keep"), "without --target_dir")
    idle = {} if values.raw_dir else of_raws
    flags.refuse_idle(values, idle | ({} if values.target_dir else of_targets))
    if values.patch_size % 2:
        raise UsageError(
            f"--patch_size={values.patch_size}: must be even, for a patch is made of 2x2 cells"
        )
    try:
        choose("--reference", values.reference, METHODS)
        for fault in values.keep:
            choose("--keep", fault, [fault for fault in FAULTS if fault != TINY])
    except InputError as error:
        raise UsageError(str(error)) from None
    folders = {
        role: require_folder(flag, values[flag].value)
        for role, flag in (("raw", "raw_dir"), ("target", "target_dir"))
        if values[flag].value
    }
    settings = Settings(
        patch_size=values.patch_size,
        reference=values.reference,
        target_scale=values.target_scale,
        raw_patches=values.raw_patches,
        target_patches=values.target_patches,
        keep=tuple(values.keep),
        shard_mb=values.shard_mb,
        seed=values.seed,
        sensor=_sensor(values.sensor),
        convert=Conversions(values.linear_dng, values.quad_bayer),
        gain_map=gain_map_of_flag(values["gain_map"].value),
    )
    return Job(settings, folders, output, values.on_bad_file == "skip")


def _sensor(name: str | None) -> "Sensor | None":
    """The sensor that `--sensor` names.

    Raises:
        InputError: If there is none of that name.
    """
    from tfisp.sensor import get_sensor

    try:
        return get_sensor(name) if name else None
    except InputError as error:
        raise InputError(f"--sensor={name}: {error}") from None


def _engine(values: flags.FlagValues) -> "Engine":
    """What runs it.

    Raises:
        UsageError: A flag has no effect, or Beam is not installed.
    """
    if values.engine == "beam":
        flags.refuse_idle(values, {"workers": "with --engine=beam, whose runner has its own"})
        from tfisp.preparing.beam import BeamPipeline

        return BeamPipeline.of_flag(values.beam_options or "")
    flags.refuse_idle(values, {"beam_options": "with --engine=local"})
    from tfisp.preparing.processes import Processes

    return Processes(values.workers or os.cpu_count() or 1)


def _tell(found: "Survey") -> None:
    """Says what was found and what is made of it."""
    from tfisp.data.raw_frames import readers_notes

    plan = found.plan
    for line in found.listed:
        print(line)
    for role, item in found.left_out():
        if role == "raw" or item.fault == "unreadable":
            print(f"left out: {item.name}: {item.fault}: {item.detail}", file=sys.stderr)
    counts: dict[str, int] = {}
    for role, item in found.left_out():
        if role == "target":
            counts[item.fault] = counts.get(item.fault, 0) + 1
    if counts:
        words = ", ".join(f"{count} {fault}" for fault, count in counts.items())
        print(f"photographs left out: {words}")
    for note in readers_notes(found.notes)[:_NOTES]:
        print(f"note: {note}")
    for name, (there, taken) in plan.strata.items():
        print(f"{name}: {taken} of {there} patches")
    for role in plan.shards:
        if plan.shards[role]:
            print(
                f"{role}: {plan.patches(role)} patches of {plan.settings.patch_size} from"
                f" {plan.sources(role)} files in {len(plan.shards[role])} shards"
            )
    print(f"size: {plan.size_bytes() / 1e9:.2g} GB")


def _verify(output: Path) -> None:
    """Compares the checksums of all shards.

    Raises:
        InputError: If the set is not whole, or one is damaged.
    """
    from tfisp.data.prepared import described
    from tfisp.data.shards import verify_shard

    _, shards = described(output, "output")
    names = [(name, content) for contents in shards.values() for name, content in contents.items()]
    progress = Progress()
    for done, (name, content) in enumerate(names, start=1):
        verify_shard(output, name, content)
        progress(done, len(names), "shards verified")
    print(f"{len(names)} shards are what they were: {output}")


def run(argv: Sequence[str] | None = None) -> int:
    """Runs the program; returns its exit code."""
    return cli.run(define, main, __doc__, argv, tensorflow=False)


if __name__ == "__main__":
    sys.exit(run())
