"""Measures trained generators, and whatever else makes pictures, where the truth is known.

    python -m tfisp.evaluate --model=RUN --baselines=libraw --data=zrr --raw_dir=ZRR --output=REPORT
    python -m tfisp.evaluate --pictures=A,B --truth=C --output=REPORT
    python -m tfisp.evaluate --chart=colorchecker --model=RUN --output=REPORT
    python -m tfisp.evaluate --pictures=A,B --photographs=P --output=REPORT     without any truth

Each picture is rendered whole and rounded to 8 bits (cut off under --compat=truncated_uint8).
REPORT gets report.html (a page to look at, by itself or from any web server), images.csv (every
picture), summary.json, summary.md and pictures.png. Systems are measured side by side: presets,
runs, .tflite files, classical renderings, and folders of finished pictures, matched by name.

Interrupted, the same command goes on where it was; what changed in between is measured anew.
"""

import dataclasses
import functools
import itertools
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfisp import cli, compat
from tfisp.backend import load_tensorflow
from tfisp.cli import flags, imports
from tfisp.data import flags as data_flags
from tfisp.errors import InputError, UsageError
from tfisp.evaluating import measure_flags
from tfisp.evaluating.acceptance import program as chart_program
from tfisp.metrics.registry import METRICS, OF_SETS
from tfisp.models.presets import preset_names
from tfisp.perceptual import backbones
from tfisp.perceptual import flags as weight_flags
from tfisp.rendering.flags import levels, runtime

if TYPE_CHECKING:
    from tfisp.evaluating.measuring import Plan
    from tfisp.evaluating.results import Origin


def define(values: flags.FlagValues) -> None:
    """Registers the flags."""
    flags.heading(values, "systems")
    flags.paths(
        values,
        "model",
        (),
        "Networks to measure: names of presets, folders of presets or runs, .tflite files.",
        known=preset_names(),
    )
    flags.paths(
        values,
        "baselines",
        (),
        "Classical renderings to measure: libraw; menon2007, opencv, opencv_ea or bilinear for the"
        " reference rendering demosaicked so; FILE.cube for the reference rendering in a look.",
    )
    flags.paths(
        values,
        "pictures",
        (),
        "Folders of finished pictures to measure, made by any tool. A picture belongs to the truth"
        " of the same name, suffix and folder apart.",
    )
    flags.path(
        values,
        "truth",
        None,
        "Folder of the true pictures that --pictures are measured by, instead of --data.",
    )
    runtime(values)
    levels(values)
    flags.heading(values, "the report")
    flags.path(values, "output", None, "Folder for the report.", required=True)
    flags.heading(values, "a colour chart instead of pairs")
    chart_program.define(values)
    data_flags.define(values)
    flags.heading(values, "figures")
    flags.choice(values, "split", "test", ("val", "test"), "Which held-out pairs.")
    flags.integer(values, "images", None, "Only the first so many images.", minimum=1)
    measure_flags.define(values)
    flags.heading(values, "figures")
    flags.boolean(
        values,
        "match_exposure",
        False,
        "Multiply each picture, in linear light, by the gain that brings it nearest to its truth"
        " before it is measured; the report says so.",
    )
    flags.heading(values, "the paper's code")
    flags.names(
        values,
        "compat",
        (),
        "Things in which to follow the paper's published code: truncated_uint8, "
        f"{compat.ITEMS['truncated_uint8'].does}; or published for all of them.",
    )
    flags.heading(values, "the report")
    flags.integer(
        values,
        "shown",
        200,
        "Of how many images, from the first on, the page shows the pictures; 0 for figures alone.",
        minimum=0,
    )
    imports.define(values)


def main(values: flags.FlagValues, arguments: list[str]) -> None:
    """Measures, and writes the report."""
    from tfisp.cli.progress import Progress
    from tfisp.data.bad_files import BadFiles

    chart_program.check(values)
    if values.chart:
        _of_chart(values)
        return
    if not values.metrics:
        raise UsageError("--metrics: names nothing to compute")
    for warning in measure_flags.check(values):
        cli.warn(main, warning)
    make = _of_pictures if values.truth or measure_flags.has_no_truth(values) else _of_data
    progress, bad_files = Progress(), BadFiles(values.on_bad_file)
    plan, origin = make(values, bad_files, progress)
    from tfisp.evaluating import results
    from tfisp.evaluating.kept import Kept
    from tfisp.evaluating.measuring import measure

    output = Path(values.output)
    kept = Kept(output)
    found = measure(plan, kept, bad_files, progress)
    origin = dataclasses.replace(origin, skipped=[reason for _, reason in bad_files.skipped])
    table = results.write(output, plan, found, origin, kept)
    for reason in origin.skipped:
        print(f"skipped: {reason}")
    if kept.reused:
        print(f"{kept.reused} pictures were kept from an earlier run in this folder")
    print(table)
    print(f"report in {output}")


def _of_chart(values: flags.FlagValues) -> None:
    """A colour chart instead of pairs."""
    from tfisp.cli.progress import Progress

    data = flags.FlagValues()
    data_flags.define(data)
    used = {"sensor", "linear_dng", "quad_bayer", "gain_map"}
    others = {
        "pictures",
        "truth",
        "split",
        "images",
        "metrics",
        "protocol",
        "border",
        "photographs",
        "set_backbone",
        "niqe_model",
        "match_exposure",
        "compat",
        "shown",
    }
    why = "with --chart, which takes a chart for the truth"
    for warning in flags.refuse_idle(values, dict.fromkeys(sorted({*data, *others} - used), why)):
        cli.warn(main, warning)
    if values.model:
        load_tensorflow()
    print(chart_program.evaluate(values, Progress()))
    print(f"report in {values.output}")


def _of_pictures(
    values: flags.FlagValues, bad_files: Any, progress: Callable[[int, int, str], None]
) -> "tuple[Plan, Origin]":
    """Finished pictures beside true ones, or beside none."""
    given = "truth" if values.truth else "photographs"
    needs_raw = f"with --{given} alone, where finished pictures are measured"
    data = flags.FlagValues()
    data_flags.define(data)
    idle = {*data, "model", "baselines", "runtime", "levels", "split", "compat"} - {"on_bad_file"}
    idle |= set() if values.truth else {"match_exposure"}
    for warning in flags.refuse_idle(values, dict.fromkeys(sorted(idle), needs_raw)):
        cli.warn(main, warning)
    if not values.pictures:
        raise UsageError("--pictures: not given; there must be pictures to measure")
    from tfisp.evaluating import plans
    from tfisp.evaluating.results import Origin

    folders = plans.read_folders(plans.labels(values.pictures))
    warn = functools.partial(cli.warn, main)
    if values.truth:
        found = plans.beside_truth(folders, values.truth, values.images, bad_files, warn)
        origin = Origin(f"Pictures beside {values.truth}", {"truth": values.truth}, None, (), ())
    else:
        found = plans.alone(folders, values.images, bad_files, warn)
        title = f"Pictures beside photographs in {values.photographs or values.niqe_model}"
        origin = Origin(title, {"photographs": values.photographs}, None, (), ())
    cases, systems, left_out = found
    load_tensorflow()
    return _plan(values, cases, systems, {}, left_out, progress), origin


def _of_data(
    values: flags.FlagValues, bad_files: Any, progress: Callable[[int, int, str], None]
) -> "tuple[Plan, Origin]":
    """The held-out pairs of a data set."""
    from tfisp.evaluating.baselines import check_name

    if not (values.model or values.baselines or values.pictures):
        raise UsageError("nothing to measure: give --model, --baselines or --pictures")
    try:
        for name in values.baselines:
            check_name(name)
    except InputError as error:
        raise UsageError(str(error)) from None
    config = data_flags.make_config(values)
    items = compat.select(values.compat, compat.EVALUATION)
    load_tensorflow()
    from tfisp.data import open_dataset
    from tfisp.evaluating import plans
    from tfisp.evaluating.cases import PairCases, data_facts
    from tfisp.evaluating.measuring import DEMOSAIC
    from tfisp.evaluating.results import Origin
    from tfisp.rendering.levels import mapped_note

    kinds = values.model, values.baselines, values.pictures
    named = iter(plans.labels([name for kind in kinds for name in kind]).items())
    models, baselines, pictures = (dict(itertools.islice(named, len(kind))) for kind in kinds)
    networks = plans.networks(
        models, values.runtime, values.levels, truncate="truncated_uint8" in items
    )
    classical, folders = plans.classical(baselines), plans.read_folders(pictures)
    dataset = open_dataset(config, progress)
    for path, reason in dataset.skipped:
        bad_files.report(path, InputError(reason))
    pairs = dataset.pairs.get(values.split)
    where = f"--data={config.name}"
    if not pairs:
        known = ", ".join(dataset.pairs) or "no split"
        raise InputError(f"--split={values.split}: {where} has no such pairs here; it has {known}")
    for label, network in networks.items():
        if note := mapped_note(network.renderer.metadata, dataset.sensor, values.levels):
            cli.warn(main, f"{where} with --model={label}: {note}")
    cases = PairCases(pairs, data_facts(config, dataset))
    finished, left_out = plans.beside_data(
        folders, cases.names[: values.images], where, bad_files, lambda line: cli.warn(main, line)
    )
    shown = {} if config.reference in values.baselines else {DEMOSAIC: config.reference}
    origin = Origin(
        f"{config.name}, {values.split} pairs",
        dataclasses.asdict(config),
        values.split,
        items,
        (),
    )
    systems = {**networks, **classical, **finished}
    return _plan(values, cases, systems, plans.classical(shown), left_out, progress), origin


def _plan(
    values: flags.FlagValues,
    cases: Any,
    systems: dict[str, Any],
    others: dict[str, Any],
    left_out: set[str],
    progress: Callable[[int, int, str], None],
) -> "Plan":
    """What is measured on which images, as the flags say."""
    from tfisp import metrics
    from tfisp.evaluating.measuring import Plan

    weights = weight_flags.chosen(values)
    wanted = measure_flags.wanted(values)
    paired = [name for name in wanted if name in METRICS]
    protocols, beside = metrics.describe(paired, weights), None
    if len(paired) < len(wanted):
        from tfisp.evaluating import without_pairs

        network = values.set_backbone if any(name in OF_SETS for name in wanted) else None
        beside = without_pairs.beside(
            values.photographs,
            wanted,
            network and backbones.create(network, weights.get(backbones.weights_key(network))),
            values.niqe_model,
            progress,
        )
        protocols |= {name: p for name, p in beside.protocols().items() if name not in OF_SETS}
    return Plan(
        cases=cases,
        systems=systems,
        others=others,
        measures=[name for name in wanted if name not in OF_SETS],
        protocols=protocols,
        beside=beside,
        weights=weights,
        match_exposure=values.match_exposure,
        border=measure_flags.border(values),
        images=values.images,
        shown=values.shown,
        left_out=left_out,
    )


def run(argv: Sequence[str] | None = None) -> int:
    """Runs the program; returns its exit code."""
    return cli.run(define, main, __doc__, argv, tensorflow=False)


if __name__ == "__main__":
    sys.exit(run())
