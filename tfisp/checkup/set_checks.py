"""What may be wrong with a data set as a whole: scenes, repeats, both sides beside each other."""

from collections.abc import Iterator, Sequence

import numpy as np

from tfisp.checkup.findings import Finding
from tfisp.checkup.likeness import COPIES, groups, pairs_within, stacked
from tfisp.checkup.picture import PictureFacts
from tfisp.checkup.survey import Survey
from tfisp.data.roles import ONE_ROLE
from tfisp.looks.fit import remarks

_Two = tuple[PictureFacts, PictureFacts]

# Scenes on a side below which statistics of colour say nothing (docs/LOOK.md: some hundred
# determine a look well).
_FEWEST = 8

# Share of a side that are copies of others, above which they are worth a word.
_COPIES = 0.1

# Mean luminance of references against photographs, in EV. Medians of any two draws of 24
# photographs of BSDS differ by less than 0.6 in 98 of 100; Kodak, cameras and BSDS by 0.13. The
# tone curves of cameras brighten by about 1, which references have not.
_GAP, _GULF = 1.5, 3.0

# Distance of the median casts (red against green, both against blue; encoded). Medians of two
# draws of 24 photographs of BSDS differ by 0.036 in 1 of 20, at most by 0.055. Without white
# balance (gains 2, 1, 1.6) they move by 0.06, which is named for itself; a look may move them too.
_CAST = 0.08

_ENOUGH = 12

# How much more the light of one side (`PictureFacts.light`) scatters than that of the other: median
# distance from the median, in EV. Kodak, cameras and BSDS scatter by 0.33, 0.34 and 0.34, BSDS
# with random gains of 0.5, 0.7 and 1 EV by 0.62, 0.76 and 0.94. Of two draws of n photographs of
# BSDS the ratio is below exp(4.3 / sqrt(n)) in 999 of 1000: 2.4 for 24, 1.8 for 60.
_SCATTER, _RATIO, _CHANCE = 0.5, 1.9, 4.3


def check(survey: Survey) -> Iterator[Finding]:
    """Findings about roles, scenes, and references beside photographs."""
    yield from _set_aside(survey)
    yield from _copies_across(survey)
    yield from _copies_within(survey)
    yield from _scenes(survey)
    if survey.captures and survey.photographs:
        yield from _gap(survey)
        yield from _casts(survey)
        yield from _scatter(survey)
    if survey.look is not None:
        for remark in remarks(survey.look):
            advice = "docs/LOOK.md says what determines a look: more, and more alike, scenes in"
            yield Finding("look", False, remark, f"{advice} --raw_dir and --target_dir")


def _set_aside(survey: Survey) -> Iterator[Finding]:
    """Files that cannot be used, and those that would play two roles."""
    twice = [(path, why) for path, why in survey.dataset.skipped if ONE_ROLE in why]
    others = [(path, why) for path, why in survey.dataset.skipped if ONE_ROLE not in why]
    if twice:
        yield Finding.about(
            "two_roles",
            f"{len(twice)} files are there in two roles, and are left out of one; the first:"
            f" {twice[0][1]}",
            "keep RAW files, photographs and held-out pairs apart: --raw_dir, --target_dir,"
            " --val_pairs",
            [path for path, _ in twice],
        )
    if others:
        yield Finding.about(
            "set_aside",
            f"{len(others)} files cannot be used; the first: {others[0][1]}",
            "repair or remove them, or train with --on_bad_file=skip",
            [path for path, _ in others],
        )


def _copies_across(survey: Survey) -> Iterator[Finding]:
    """Pictures of one role that are also there, in other clothes, in another."""
    trained = [*survey.references, *survey.photographs]
    seen = _alike(survey.held_out, trained)
    if seen:
        yield Finding.about(
            "held_out_seen",
            f"{len(seen)} held-out pictures look like ones that are trained on: measures on them"
            " come out too good",
            "take scenes of their own for --val_pairs or --splits",
            [f"{one.path} and {other.path}" for one, other in seen],
        )
    if survey.dataset.paired:
        return
    same = _alike(survey.references, survey.photographs)
    if same:
        yield Finding.about(
            "same_pictures",
            f"{len(same)} RAW files and photographs show the same picture: the photographs are"
            " no choice of their own, but pairs",
            "train on pairs, --data=pairs, or take photographs of other scenes: --target_dir",
            [f"{one.path} and {other.path}" for one, other in same],
        )


def _alike(one: Sequence[PictureFacts], other: Sequence[PictureFacts]) -> list[_Two]:
    """Pairs of pictures that look the same."""
    first, second = (stacked([item.hashed for item in side]) for side in (one, other))
    return [(one[i], other[j]) for i, j in pairs_within(first, second, COPIES)]


def _copies_within(survey: Survey) -> Iterator[Finding]:
    """Photographs that are there several times."""
    items = survey.photographs
    found = [
        [items[number] for number in group]
        for group in groups(stacked([item.hashed for item in items]), COPIES)
        if len(group) > 1
    ]
    extra = sum(map(len, found)) - len(found)
    if extra > _COPIES * len(items):
        yield Finding.about(
            "copies",
            f"{extra} of {len(items)} photographs are copies of others, or look the same: those"
            " count several times",
            "leave one of each in --target_dir",
            [" and ".join(item.name for item in group[:3]) for group in found],
        )


def _scenes(survey: Survey) -> Iterator[Finding]:
    """RAW files of one scene only, or few on either side."""
    sides = {
        "raw": ("RAW files", "--raw_dir", len(survey.captures)),
        "target": ("photographs", "--target_dir", len(survey.photographs)),
    }
    for role, count in survey.scenes.items():
        what, flag, files = sides[role]
        if 0 < count < _FEWEST:
            scenes = "one scene" if count == 1 else f"{count} scenes"
            yield Finding(
                "one_scene" if count == 1 else "few_scenes",
                count == 1,
                f"the {files} {what} show {scenes} only: a network learns them by heart",
                f"add varied scenes to {flag}; some hundred determine a look well",
            )


def _gap(survey: Survey) -> Iterator[Finding]:
    """References that are much darker or brighter than photographs."""
    own, wanted = (
        float(np.median([item.exposure for item in side]))
        for side in (survey.references, survey.photographs)
    )
    if abs(own - wanted) >= _GAP:
        how = "darker" if own < wanted else "brighter"
        yield Finding(
            "exposure_gap",
            abs(own - wanted) >= _GULF,
            f"references are {how} than photographs by {abs(own - wanted):.1f} EV (medians of"
            f" {len(survey.captures)} and {len(survey.photographs)} mean luminances)",
            "state the exposure of the RAW files (BaselineExposure of a DNG, baseline_exposure in"
            " the .json beside other files) or their true white_level: --sensor=FILE.json",
        )


def _casts(survey: Survey) -> Iterator[Finding]:
    """References of another cast than photographs."""
    own, wanted = (
        np.array([item.cast for item in side]) for side in (survey.references, survey.photographs)
    )
    apart = np.median(own, axis=0) - np.median(wanted, axis=0)
    if min(len(own), len(wanted)) >= _ENOUGH and np.hypot(*apart) >= _CAST:
        red, yellow = ("red" if apart[0] > 0 else "green", "yellow" if apart[1] > 0 else "blue")
        yield Finding(
            "cast",
            False,
            f"references are more {red if abs(apart[0]) > abs(apart[1]) else yellow} than"
            f" photographs, by {np.hypot(*apart):.2f} of the range in the median",
            "state white balance and colour matrix of the RAW files, --sensor=FILE.json, or choose"
            " photographs in light of that kind: --target_dir",
        )


def _scatter(survey: Survey) -> Iterator[Finding]:
    """White balance that is right on one side and random on the other."""
    sides = [
        np.array([item.light for item in side]) for side in (survey.references, survey.photographs)
    ]
    scatter = [float(np.median(np.hypot(*(side - np.median(side, axis=0)).T))) for side in sides]
    fewest = min(map(len, sides))
    ratio = max(scatter) / max(min(scatter), 1e-6)
    chance = float(np.exp(_CHANCE / np.sqrt(fewest)))
    if fewest >= _ENOUGH and max(scatter) >= _SCATTER and ratio >= max(_RATIO, chance):
        side = "references" if scatter[0] > scatter[1] else "photographs"
        yield Finding(
            "white_balance_scatter",
            False,
            f"the white balance of {side} varies by {max(scatter):.2f} EV in the median,"
            f" {ratio:.1f} times as much as on the other side: it is wrong in many of them, or they"
            " show light of more kinds",
            "check white balance (inspect_raw shows that of RAW files), or choose photographs in"
            " light of the same kinds: --target_dir",
        )
