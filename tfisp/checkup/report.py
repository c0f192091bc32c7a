"""A survey and its findings as JSON values."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from tfisp._version import __version__
from tfisp.checkup import photograph_checks, raw_checks, set_checks, spectrum
from tfisp.checkup.capture import EDGES, CaptureFacts
from tfisp.checkup.findings import Finding
from tfisp.checkup.picture import PictureFacts
from tfisp.checkup.survey import Survey
from tfisp.color import decode_srgb

# Bins of the distributions of encoded luminance and of chroma, and the chroma of the last bin.
_BINS, _CHROMA = 32, 0.4

# Shares of a distribution that are listed: all of it, its middle half, its median.
_SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)


def diagnose(survey: Survey) -> list[Finding]:
    """All findings, those that make training pointless first."""
    found = [
        finding
        for checks in (raw_checks, photograph_checks, set_checks)
        for finding in checks.check(survey)
    ]
    return sorted(found, key=lambda finding: not finding.pointless)


def report(survey: Survey, findings: Sequence[Finding]) -> dict[str, Any]:
    """The content of `report.json`.

    Returns:
        `version`; `data`, the kind of data set; `findings`, in full; `files`, how many there are
        and were measured of each role; `scenes` of each role; `sensors`, see `_sensor`;
        `references` and `photographs`, see `_side`; `look`, the facts of `tfisp.looks.fit.fit`,
        None if there is none; `notes` of the data set; `set_aside`, each file with the reason;
        `captures` and `pictures`, the figures of each file.
    """
    return {
        "version": __version__,
        "data": survey.dataset.name,
        "findings": [vars(finding) | {"files": list(finding.files)} for finding in findings],
        "files": _files(survey),
        "scenes": survey.scenes,
        "sensors": [_sensor(captures) for captures in raw_checks.by_sensor(survey.captures)],
        "histogram_edges": _rounded(EDGES),
        "frequencies": _rounded((np.arange(spectrum.BINS) + 0.5) / (2 * spectrum.BINS)),
        "chroma_of_last_bin": _CHROMA,
        "references": _side(survey.references),
        "photographs": _side(survey.photographs),
        "look": survey.look.facts if survey.look else None,
        "notes": list(survey.dataset.notes),
        "set_aside": [{"file": path, "reason": why} for path, why in survey.dataset.skipped],
        "captures": [_capture(facts) for facts in survey.captures],
        "pictures": [_picture(facts) for facts in survey.photographs],
    }


def _files(survey: Survey) -> dict[str, dict[str, int]]:
    measured = {
        "raw": len(survey.captures),
        "target": len(survey.photographs),
        "held out": len(survey.held_out),
    }
    return {
        role: {"found": total, "measured": measured[role]} for role, total in survey.total.items()
    }


def _sensor(captures: Sequence[CaptureFacts]) -> dict[str, Any]:
    """What the files of a sensor say together.

    Returns:
        `title`, `files`, `patterns`; `histogram`, shares of all samples between
        `histogram_edges` (0 black, 1 white); `lowest` and `highest` level, `below_black` and
        `clipped`, medians; `iso` and `exposure_time`, least and greatest or None; `orientations`;
        `gains`, of red and blue: quantiles of log2; `corner_over_centre` of the maps or of pictures
        of even surfaces, means by channel.
    """
    stated = [capture.capture for capture in captures]
    gains = np.array([capture.gains for capture in stated if capture.gains], float).reshape(-1, 3)
    falloffs = [capture.falloff for capture in captures if capture.falloff]
    corners = {
        of: {
            name: round(float(np.mean([f.ratios[name] for f in falloffs if f.of == of])), 3)
            for name in ("R", "Gr", "Gb", "B")
        }
        for of in sorted({falloff.of for falloff in falloffs})
    }
    return {
        "title": raw_checks.title(captures[0].sensor),
        "files": len(captures),
        "patterns": dict(Counter(capture.sensor.pattern for capture in captures)),
        "histogram": _rounded(np.mean([capture.histogram for capture in captures], axis=0)),
        "lowest": round(min(capture.low for capture in captures), 4),
        "highest": round(max(capture.high for capture in captures), 4),
        "below_black": round(float(np.median([capture.below_black for capture in captures])), 4),
        "clipped": round(float(np.median([capture.clipped for capture in captures])), 4),
        "iso": _range(capture.iso for capture in stated),
        "exposure_time": _range(capture.exposure_time for capture in stated),
        "orientations": dict(Counter(str(capture.orientation) for capture in stated)),
        "gains": {
            colour: _quantiles(np.log2(gains[:, channel] / gains[:, 1])) if len(gains) else None
            for colour, channel in (("red", 0), ("blue", 2))
        },
        "corner_over_centre": corners,
    }


def _side(pictures: Sequence[PictureFacts]) -> dict[str, Any] | None:
    """What references, or photographs, say together; None of none.

    Returns:
        `spectrum`, the mean power of each band in dB; `luminance` and `chroma`, shares of samples
        in bins from 0 to 1 and to `chroma_of_last_bin`, of encoded values; `mean_light`, R, G, B in
        linear light; and quantiles (least, quarter, median, three quarters, greatest) of
        `exposure`, `red_against_green`, `yellow_against_blue`, `red_light`, `blue_light`, `fall`,
        `blocks` and `corners` (see `tfisp.checkup.picture` and `spectrum`).
    """
    if not pictures:
        return None
    samples = np.concatenate([picture.samples for picture in pictures])
    luma = samples @ _LUMA
    chroma = np.hypot(samples[:, 0] - luma, samples[:, 2] - luma)
    spectra = [picture.spectrum for picture in pictures if picture.spectrum is not None]
    mean_light = np.mean(decode_srgb(samples), axis=0)
    return {
        "spectrum": _rounded(10 * np.log10(np.mean(spectra, axis=0) + 1e-9)) if spectra else None,
        "luminance": _distribution(luma, 1.0),
        "chroma": _distribution(chroma, _CHROMA),
        "mean_light": _rounded(mean_light),
        "exposure": _quantiles([picture.exposure for picture in pictures]),
        "red_against_green": _quantiles([picture.cast[0] for picture in pictures]),
        "yellow_against_blue": _quantiles([picture.cast[1] for picture in pictures]),
        "red_light": _quantiles([picture.light[0] for picture in pictures]),
        "blue_light": _quantiles([picture.light[1] for picture in pictures]),
        "fall": _quantiles([spectrum.fall(one) for one in spectra]),
        "blocks": _quantiles([p.blocks for p in pictures if p.blocks is not None]),
        "corners": _quantiles([picture.corners for picture in pictures]),
    }


def _picture(facts: PictureFacts) -> dict[str, Any]:
    """The figures of a picture."""
    return {
        "file": str(facts.path),
        "size": list(facts.size),
        "exposure": round(facts.exposure, 3),
        "cast": _rounded(facts.cast),
        "light": _rounded(facts.light),
        "colour": round(facts.colour, 4),
        "fall": None if facts.spectrum is None else round(spectrum.fall(facts.spectrum), 2),
        "blocks": None if facts.blocks is None else round(facts.blocks, 3),
        "corners": round(facts.corners, 3),
    }


def _capture(facts: CaptureFacts) -> dict[str, Any]:
    """The figures of a RAW file and of its reference."""
    return _picture(facts.reference) | {
        "sensor": raw_checks.title(facts.sensor),
        "pattern": facts.sensor.pattern,
        "iso": facts.capture.iso,
        "exposure_time": facts.capture.exposure_time,
        "orientation": facts.capture.orientation,
        "gains": None if facts.capture.gains is None else _rounded(facts.capture.gains),
        "below_black": round(facts.below_black, 4),
        "clipped": round(facts.clipped, 4),
        "lowest": round(facts.low, 4),
        "highest": round(facts.high, 4),
        "shading": facts.capture.shading is not None,
    }


def _distribution(values: np.ndarray, end: float) -> list[float]:
    """Shares of values in bins from 0 to `end`; those above are in the last one."""
    counts = np.histogram(np.minimum(values, np.nextafter(end, 0)), _BINS, (0, end))[0]
    return _rounded(counts / len(values))


def _quantiles(values: Sequence[float] | np.ndarray) -> list[float] | None:
    """Least, lower quarter, median, upper quarter, greatest; None of none."""
    return _rounded(np.quantile(values, _SHARES)) if len(values) else None


def _range(values: Iterable[float | None]) -> list[float] | None:
    """Least and greatest of those that are stated."""
    stated = [value for value in values if value]
    return [min(stated), max(stated)] if stated else None


def _rounded(values: Sequence[float] | np.ndarray, digits: int = 5) -> list[float]:
    return [round(float(value), digits) for value in values]
