"""What may be wrong with RAW files: levels, sensors, light, lens."""

from collections.abc import Iterator, Sequence

import numpy as np

from tfisp.checkup.capture import CaptureFacts
from tfisp.checkup.findings import Finding
from tfisp.checkup.survey import Survey
from tfisp.rawfiles.diagnosis import is_phone
from tfisp.sensor import Sensor

# A sensor is judged by its files together; fewer different scenes may all be without deep shadows
# or without highlights. Of any 8 photographs of BSDS, linear, the darkest level of all (0.1 % of
# samples below) is at most 0.012 of the range, and the brightest (0.1 % above) at least 0.92.
_ENOUGH = 8

# Deepest level of all frames above black. Forgotten pedestals are 0.059 (60 of 1023), 0.0625
# (256 of 4095) or 0.031 (512 of 16383) of the range.
_PEDESTAL = 0.03

# Share of a plane's samples below black. A frame of noise alone has a half; pictures of the Kodak
# suite have at most 0.002 at black.
_BELOW = 0.25

# Brightest level of all frames: 14-bit samples on a scale of 16 bits reach 0.25, on one of 15 bits
# 0.5, which frames that are underexposed by a stop on purpose do as well.
_DIM, _DIMMER = 0.5, 0.26

# Share of clipped samples of half of the frames. Pictures of the Kodak suite and BSDS have 0.012
# with a clipped channel in the median; 5 % of them more than 0.17.
_CLIPPED = 0.25

# Black levels further apart, as a share of the range, are of different sensors or settings: those
# that masked samples tell drift by less.
_SAME_BLACK = 0.005

# From the lowest to the highest ISO: shot noise alone then grows elevenfold. A choice, not
# measured: none of the RAW files at hand states its ISO.
_ISO_SPREAD = 128

# Corners against the centre, in EV: medians of 24 scenes of BSDS lie between -0.95 and 0.14 in 94
# of 100 draws, so it takes many. Modules of phones lose 1 EV and more.
_SHADED, _ERRORS, _ENOUGH_CORNERS = 0.7, 3.0, 24
# The median of n values of standard deviation s has the standard error 1.25 s / sqrt(n); s is taken
# as 1.48 times the median distance from the median.
_MEDIAN_ERROR, _NORMAL = 1.2533, 1.4826


def check(survey: Survey) -> Iterator[Finding]:
    """Findings about the RAW files of a data set."""
    sensors = by_sensor(survey.captures)
    for captures in sensors:
        yield from _black(captures)
        yield from _white(captures)
    yield from _mixed(sensors)
    yield from _iso(survey.captures)
    yield from _white_balance(survey)
    yield from _shading(survey)


def by_sensor(captures: Sequence[CaptureFacts]) -> list[list[CaptureFacts]]:
    """Captures by sensor, the most frequent first; another phase of the pattern is the same one."""
    found: list[list[CaptureFacts]] = []
    for capture in captures:
        own = next((g for g in found if _same(g[0].sensor, capture.sensor)), None)
        if own is None:
            found.append([capture])
        else:
            own.append(capture)
    return sorted(found, key=len, reverse=True)


def title(sensor: Sensor) -> str:
    """A sensor in a few words."""
    black = np.mean(sensor.black_level)
    return f"{sensor.name or 'unnamed sensor'}, black {black:.4g}, white {sensor.white_level:g}"


def _same(one: Sensor, other: Sensor) -> bool:
    if (one.name, one.white_level) != (other.name, other.white_level):
        return False
    apart = abs(np.mean(one.black_level) - np.mean(other.black_level))
    return bool(apart <= _SAME_BLACK * one.white_level)


def _files(captures: Sequence[CaptureFacts]) -> list[str]:
    return [capture.reference.name for capture in captures]


def _black(captures: Sequence[CaptureFacts]) -> Iterator[Finding]:
    """A black level that is far too high, or a pedestal that is not stated."""
    sensor = captures[0].sensor
    advice = "state the true black_level (inspect_raw shows the samples): --sensor=FILE.json"
    below = float(np.median([capture.below_black for capture in captures]))
    if below > _BELOW:
        yield Finding.about(
            "black_level",
            f"{title(sensor)}: in half of the files {below:.0%} of a plane's samples or more lie"
            " below the black level, which is too high (or the frames were taken in the dark)",
            advice,
            _files(captures),
            pointless=True,
        )
    lowest = min(capture.low for capture in captures)
    if len(captures) >= _ENOUGH and lowest > _PEDESTAL:
        level = np.mean(sensor.black_level)
        level += lowest * (sensor.white_level - level)
        yield Finding.about(
            "black_level",
            f"{title(sensor)}: in none of {len(captures)} files do samples come nearer to black"
            f" than {lowest:.1%} of the range ({level:.4g}): a black level far too low",
            advice,
            _files(captures),
            pointless=True,
        )


def _white(captures: Sequence[CaptureFacts]) -> Iterator[Finding]:
    """A white level that nothing reaches, or that most reaches."""
    sensor = captures[0].sensor
    clipped = float(np.median([capture.clipped for capture in captures]))
    if clipped > _CLIPPED:
        yield Finding.about(
            "clipped",
            f"{title(sensor)}: in half of the files {clipped:.0%} of the samples or more are"
            " clipped at the white level",
            "state the true white_level, if it is higher: --sensor=FILE.json; else leave"
            " overexposed files out",
            _files(captures),
            pointless=True,
        )
    highest = max(capture.high for capture in captures)
    if len(captures) >= _ENOUGH and highest < _DIM:
        black = np.mean(sensor.black_level)
        level = black + highest * (sensor.white_level - black)
        yield Finding.about(
            "white_level",
            f"{title(sensor)}: none of {len(captures)} files comes nearer to white than"
            f" {highest:.0%} of the range ({level:.4g}): a white level that is too high, or"
            f" frames underexposed by {-np.log2(highest):.1f} EV",
            "state the true white_level: --sensor=FILE.json",
            _files(captures),
            pointless=highest < _DIMMER,
        )


def _mixed(sensors: Sequence[Sequence[CaptureFacts]]) -> Iterator[Finding]:
    """Files of several sensors, or of one in modes of different levels."""
    if len(sensors) > 1:
        listed = "; ".join(f"{len(captures)} x {title(captures[0].sensor)}" for captures in sensors)
        yield Finding.about(
            "mixed_sensors",
            f"RAW files of {len(sensors)} sensors, or of modes with other levels: {listed}",
            "train a network for each, with a folder of its own: --raw_dir",
            [name for captures in sensors[1:] for name in _files(captures)],
        )


def _iso(captures: Sequence[CaptureFacts]) -> Iterator[Finding]:
    """ISO from one extreme to the other."""
    stated = [capture for capture in captures if capture.capture.iso]
    if not stated:
        return
    ordered = sorted(stated, key=lambda capture: capture.capture.iso or 0)
    lowest, highest = (ordered[end].capture.iso or 1 for end in (0, -1))
    if highest / lowest >= _ISO_SPREAD:
        yield Finding.about(
            "iso_spread",
            f"ISO from {lowest:g} to {highest:g}: a network of 3,060 parameters cannot fit itself"
            " to clean and to noisy frames at once",
            "leave the noisiest out of --raw_dir, or train a larger network, --model=robust_isp",
            _files(ordered[::-1]),
        )


def _white_balance(survey: Survey) -> Iterator[Finding]:
    """Files without white balance where the network is to be given it."""
    if survey.dataset.contract.white_balance == "none":
        return
    without = [
        capture
        for capture in survey.captures
        if capture.capture.gains is None and capture.sensor.default_gains is None
    ]
    if without:
        yield Finding.about(
            "no_white_balance",
            f"{len(without)} of {len(survey.captures)} RAW files state no white balance: their"
            " references have a cast",
            "write white_balance into the .json beside each, or default_gains into"
            " --sensor=FILE.json",
            _files(without),
        )


def _shading(survey: Survey) -> Iterator[Finding]:
    """Corners that are dark, and no map that corrects them."""
    plain = [capture for capture in survey.captures if capture.capture.shading is None]
    if not plain:
        return
    advice = (
        "give the lens's gains, the inverse of a picture of an even surface: --gain_map=FILE.npy"
    )
    phones = [capture for capture in plain if is_phone(capture.sensor.name)]
    even = {
        capture.reference.name: float(np.mean([*capture.falloff.ratios.values()]))
        for capture in plain
        if capture.falloff and capture.falloff.of == "frame"
    }
    dark = {name: ratio for name, ratio in even.items() if np.log2(ratio) < -_SHADED}
    if dark:
        text = (
            f"{len(dark)} pictures of even surfaces have {min(dark.values()):.0%} of the centre's"
            " light in their corners, and no shading map corrects it"
        )
        yield Finding.about("shading", text, advice, list(dark))
    elif (off := _darker_corners(plain, survey)) is not None:
        text = (
            f"the corners of the references are darker by {-off:.1f} EV than those of photographs"
            f" (medians of {len(plain)} scenes), and no shading map corrects them"
        )
        yield Finding.about("shading", text, advice, _files(plain))
    elif phones:
        text = f"{len(phones)} RAW files of phones come without a lens shading map"
        yield Finding.about("shading", text, advice, _files(phones))


def _darker_corners(plain: Sequence[CaptureFacts], survey: Survey) -> float | None:
    """By how many EV corners are off those of photographs; None if scenes may explain it."""
    sides = [
        np.array([capture.reference.corners for capture in plain]),
        np.array([photograph.corners for photograph in survey.photographs]),
    ]
    if min(map(len, sides)) < _ENOUGH_CORNERS:
        return None
    off = float(np.median(sides[0]) - np.median(sides[1]))
    errors = [_NORMAL * np.median(np.abs(side - np.median(side))) for side in sides]
    error = np.hypot(
        *(_MEDIAN_ERROR * e / np.sqrt(len(s)) for e, s in zip(errors, sides, strict=True))
    )
    return off if off < -max(_SHADED, _ERRORS * error) else None
