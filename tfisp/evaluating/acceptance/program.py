"""`tfisp.evaluate --chart`: its flags, and what they make of it."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfisp.cli import flags
from tfisp.errors import InputError, UsageError

if TYPE_CHECKING:
    from tfisp.evaluating.acceptance.colorchecker import Corners
    from tfisp.evaluating.cases import Frame

# The chart of which no file is needed.
COMPUTED = "colorchecker"

PROBE_NAMES = ("illuminant", "iso", "exposure")


def define(values: flags.FlagValues) -> None:
    """Registers the flags."""
    flags.path(
        values,
        "chart",
        None,
        f"Measure on a ColorChecker Classic, whose colours are published, instead of on pairs: a"
        f" RAW file of one, whose camera the probes then simulate; or {COMPUTED} for the probes"
        " alone, with the camera of --sensor (not given: demo).",
    )
    flags.text(
        values,
        "chart_corners",
        None,
        "Where the chart lies in the picture as process shows it: x,y of the outer corners of dark"
        " skin, bluish green, black and white, eight numbers.",
    )
    flags.path(
        values,
        "chart_mask",
        None,
        "The same as a picture of that size, white where the 24 patches are.",
    )
    flags.names(
        values,
        "probe",
        PROBE_NAMES,
        "What varies, with --chart: illuminant, iso, exposure.",
        choices=PROBE_NAMES,
    )


def check(values: flags.FlagValues) -> None:
    """Sees that the flags fit together, before anything is loaded.

    Raises:
        UsageError: they do not.
    """
    places = [name for name in ("chart_corners", "chart_mask") if values[name].value]
    if values.chart is None or values.chart == COMPUTED:
        for name in places:
            raise UsageError(f"--{name}: only with --chart=FILE")
        if values.chart is None and flags.typed(values, "probe"):
            raise UsageError("--probe: only with --chart")
    elif len(places) != 1:
        raise UsageError(
            f"--chart={values.chart}: give one of --chart_corners and --chart_mask; charts are not"
            " found automatically"
        )
    if values.chart is None:
        return
    if not (values.model or values.baselines):
        raise UsageError("nothing to measure: give --model or --baselines")
    if values.chart == COMPUTED and not values.probe:
        raise UsageError(f"--probe: names nothing to vary, and --chart={COMPUTED} is no file")
    from tfisp.evaluating.acceptance.colorchecker import corners_of_text
    from tfisp.evaluating.baselines import check_name

    try:
        for name in values.baselines:
            check_name(name)
        if values.chart_corners:
            corners_of_text(values.chart_corners)
    except InputError as error:
        flag = "" if str(error).startswith("--") else "--chart_corners: "
        raise UsageError(f"{flag}{error}") from None


def evaluate(values: flags.FlagValues, progress: Callable[[int, int, str], None]) -> str:
    """Measures, and writes the report.

    Args:
        values: Parsed flags.
        progress: Called as progress(done, total, what).

    Returns:
        The summary as Markdown.

    Raises:
        InputError: A file cannot be used.
    """
    from tfisp.evaluating import plans
    from tfisp.evaluating.acceptance import capture, probes, report
    from tfisp.sensor import get_sensor

    models, baselines = plans.labels(values.model), plans.labels(values.baselines)
    findings = probes.Findings([], {})
    notes = []
    if values.chart == COMPUTED:
        camera = capture.camera_of_sensor(get_sensor(values.sensor or "demo"))
    else:
        frame = _read(values)
        camera = capture.camera_of_file(frame)
        notes += [f"{values.chart}: {note}" for note in frame.capture.notes]
        if frame.capture.iso is None:
            notes.append(f"{values.chart}: states no ISO speed; {camera.iso:g} is taken")
    systems: dict[str, Any] = plans.networks(models, values.runtime, values.levels, truncate=False)
    systems |= plans.classical(baselines)
    if values.chart != COMPUTED:
        findings = probes.measure_file(systems, frame, functools.partial(_corners, values))
        notes.append(
            "The file as it was shot: its light and exposure are not known, so patches are brought"
            " to the brightness of the published greys before colours are compared."
        )
    if camera.sensor.xyz_to_camera is None:
        notes.append("The camera has no colour matrix: its colours are taken for those of sRGB.")
    notes.append(
        f"Probes: computed charts, recorded by {camera.sensor.name or 'an unnamed camera'}, shot"
        f" noise {camera.noise.shot:.3g} and read noise {camera.noise.read:.3g} (variances, white"
        f" 1) at ISO {camera.iso:g}. A picture in a look differs from the published colours by that"
        " look."
    )
    probed = probes.measure_probes(systems, camera, values.probe, progress)
    findings.results.extend(probed.results)
    findings.pictures.update(probed.pictures)
    about = {
        "chart": values.chart,
        "camera": camera.sensor.to_dict(),
        "noise": list(camera.noise),
        "iso": camera.iso,
        "systems": {name: system.about for name, system in systems.items()},
        "notes": notes,
    }
    return report.write(Path(values.output), findings, about)


def _read(values: flags.FlagValues) -> "Frame":
    """The RAW file of `--chart`."""
    from tfisp.conversions import Conversions
    from tfisp.evaluating.cases import Frame
    from tfisp.raw import read_raw
    from tfisp.rawfiles.gainmap import gain_map_of_flag
    from tfisp.sensor import get_sensor

    sensor = None if values.sensor is None else get_sensor(values.sensor)
    convert = Conversions(values.linear_dng, values.quad_bayer)
    gains = gain_map_of_flag(values.gain_map)
    return Frame(*read_raw(values.chart, sensor, gain_map=gains, convert=convert))


def _corners(values: flags.FlagValues, picture: Any) -> "Corners":
    """The chart's corners in a picture, as the flags say."""
    import cv2

    from tfisp.data.images import read_photograph
    from tfisp.evaluating.acceptance import colorchecker

    try:
        if values.chart_corners is not None:
            return colorchecker.corners_of_text(values.chart_corners)
        mask = read_photograph(Path(values.chart_mask))
        if mask.dtype.itemsize > 1:
            mask = (mask >> 8).astype("uint8")
        return colorchecker.corners_of_mask(cv2.cvtColor(mask, cv2.COLOR_RGB2GRAY), picture)
    except InputError as error:
        name = "chart_corners" if values.chart_corners is not None else "chart_mask"
        raise InputError(f"--{name}: {error}") from None
