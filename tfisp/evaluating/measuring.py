"""Goes through the images one at a time: every system's picture of it, measured and kept.

Pictures are whole and rounded to 8 bits, so the figures are those of the files that a user would
get. At any moment one image is in memory. All systems are measured on the same images: one that
some system gives no picture of is left out for all.
"""

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field

import numpy as np

from tfisp import metrics
from tfisp.data.bad_files import BadFiles
from tfisp.errors import InputError
from tfisp.evaluating import gallery
from tfisp.evaluating.cases import Case, Cases, LoneCases
from tfisp.evaluating.exposure import match_exposure
from tfisp.evaluating.kept import Entry, Kept
from tfisp.evaluating.systems import System
from tfisp.evaluating.without_pairs import Beside
from tfisp.metrics.registry import Protocol
from tfisp.metrics.report import Score
from tfisp.rendering.runtime import to_8bit

# Names of what is shown beside the systems.
TRUTH, DEMOSAIC = "truth", "demosaic"


@dataclass(frozen=True)
class Plan:
    """What is measured, and how.

    Attributes:
        cases: The images.
        systems: What is measured, by name.
        others: What is only shown, by name.
        measures: Names of `tfisp.metrics`, of single pictures.
        beside: For measures without truth; None without them.
        protocols: What each of them computes (`tfisp.metrics.describe`).
        weights: For measures that need them, see `tfisp.metrics.compute`.
        match_exposure: Whether pictures are matched to their truth in exposure first.
        border: Pixels at each side that do not count where pictures are held against the truth.
        images: How many images at the most; None for all.
        shown: Of how many, from the first on, to keep the pictures.
        left_out: Names of images that are not measured.
    """

    cases: Cases
    systems: Mapping[str, System]
    others: Mapping[str, System]
    measures: Sequence[str]
    protocols: Mapping[str, Protocol]
    weights: Mapping[str, str | None] = field(default_factory=dict)
    match_exposure: bool = False
    border: int = 0
    images: int | None = None
    shown: int = 0
    beside: Beside | None = None
    left_out: Set[str] = frozenset()

    @property
    def has_truth(self) -> bool:
        """Whether pictures are held against true ones."""
        return not isinstance(self.cases, LoneCases)

    @property
    def views(self) -> list[str]:
        """Names of all that is shown of an image."""
        return [*([TRUTH] if self.has_truth else []), *self.others, *self.systems]

    def numbers(self) -> list[int]:
        """Of the images that are measured."""
        names = enumerate(self.cases.names)
        return [number for number, name in names if name not in self.left_out][: self.images]


@dataclass(frozen=True)
class Measured:
    """What was found out about an image.

    Attributes:
        name: What it is called.
        shown: Whether its pictures are kept.
        entries: By system, `TRUTH` first.
    """

    name: str
    shown: bool
    entries: dict[str, Entry]

    @property
    def iso(self) -> float | None:
        """ISO speed of the shot; None if it is not known."""
        return next((entry.iso for entry in self.entries.values() if entry.iso), None)

    def scores(self, systems: Iterable[str]) -> list[Score]:
        """Of the systems that were measured."""
        entries = ((system, self.entries[system]) for system in systems)
        return [Score(system, self.name, entry.values, entry.gain) for system, entry in entries]

    def features(self, system: str) -> list[list[float]]:
        """Those of a system's picture; none without measures of sets."""
        found = self.entries[system].features
        return [] if found is None else [found]


def measure(
    plan: Plan,
    kept: Kept,
    bad_files: BadFiles,
    progress: Callable[[int, int, str], None] | None = None,
) -> list[Measured]:
    """Measures all systems on all images, but for what an earlier run has kept.

    Args:
        plan: What.
        kept: Of the report's folder.
        bad_files: Receives images that cannot be used.
        progress: Called as progress(done, total, what).

    Raises:
        InputError: an image cannot be used (unless bad files are skipped), none can, or a measure's
            weights are missing.
    """
    found, numbers = [], plan.numbers()
    for done, index in enumerate(numbers, start=1):
        try:
            found.append(_Image(plan, kept, index, shown=done <= plan.shown).measured())
        except InputError as error:
            bad_files.report(plan.cases.paths[index], error)
        if progress:
            progress(done, len(numbers), "images measured")
    if not found:
        raise InputError(f"none of the {len(plan.cases.names)} images can be used")
    return found


class _Image:
    """One image on its way: read when the first picture is missing, and not before."""

    def __init__(self, plan: Plan, kept: Kept, index: int, shown: bool) -> None:
        self._plan, self._kept, self._index = plan, kept, index
        self._name = plan.cases.names[index]
        self._content = plan.cases.content(index)
        self._shown = shown
        self._case: Case | None = None

    def measured(self) -> Measured:
        """All its entries."""
        plan = self._plan
        has_truth = self._shown and plan.has_truth
        entries = {TRUTH: self._entry(TRUTH, {}, self._truth)} if has_truth else {}
        for name, system in plan.others.items() if self._shown else ():
            entries[name] = self._entry(name, system.facts(self._name), self._picture(system))
        measured = {
            "measures": {name: plan.protocols[name].text for name in plan.measures},
            "match_exposure": plan.match_exposure,
            "border": plan.border,
            "beside": plan.beside and plan.beside.identity,
        }
        for name, system in plan.systems.items():
            facts = {**system.facts(self._name), **measured}
            entries[name] = self._entry(name, facts, self._picture(system), measured=True)
        return Measured(self._name, self._shown, entries)

    def _read(self) -> Case:
        if self._case is None:
            self._case = self._plan.cases.read(self._index)
        return self._case

    def _truth(self) -> np.ndarray:
        return to_8bit(np.asarray(self._read().truth))

    def _picture(self, system: System) -> Callable[[], np.ndarray]:
        def make() -> np.ndarray:
            case = self._read()
            if case.frame is None:
                return system.picture(self._name, case)  # its errors name the picture
            with self._naming():
                return system.picture(self._name, case)

        return make

    @contextlib.contextmanager
    def _naming(self) -> Iterator[None]:
        """Makes errors that know nothing of files name the image."""
        try:
            yield
        except InputError as error:
            raise InputError(f"{self._plan.cases.paths[self._index]}: {error}") from error

    def _entry(
        self,
        name: str,
        facts: Mapping[str, object],
        make: Callable[[], np.ndarray],
        measured: bool = False,
    ) -> Entry:
        """An entry that was kept, or a new one."""
        identity = self._kept.name(image=self._content, system=name, facts=facts)
        found = self._kept.find(identity, self._shown)
        if found is None:
            found = self._new(name, identity, make(), measured)
            self._kept.write(identity, found)
        return found

    def _new(self, name: str, identity: str, picture: np.ndarray, measured: bool) -> Entry:
        plan, (truth, _, iso) = self._plan, self._read()
        if truth is not None and picture.shape != truth.shape:
            (height, width), expected = picture.shape[:2], truth.shape
            raise InputError(
                f"{plan.cases.paths[self._index]}: the picture of {name} has {width}x{height}"
                f" pixels, the truth {expected[1]}x{expected[0]}"
            )
        values: dict[str, float] = {}
        gain = features = None
        if measured:
            if plan.match_exposure and truth is not None:
                picture, gain = match_exposure(picture, truth)
            seen = picture / np.float32(255)
            if truth is not None:
                paired = [name for name in plan.measures if name in metrics.METRICS]
                with self._naming():
                    ours, true = (_inside(side, plan.border) for side in (seen, truth))
                    values = metrics.compute(paired, ours, true, plan.weights)
            if plan.beside is not None:
                values |= plan.beside.values(seen)
                features = plan.beside.describe(seen)
        height, width = picture.shape[:2]
        if not self._shown:
            return Entry((height, width), values, gain, iso=iso, features=features)
        stored, thumbnail = (
            gallery.file_name(self._index, self._name, name, identity, suffix)
            for suffix in (".png", ".jpg")
        )
        gallery.store(self._kept.pictures, stored, picture)
        # Small copies show the truth, or where nobody knows it the first system's picture.
        small = name == (TRUTH if plan.has_truth else next(iter(plan.systems)))
        if small:
            gallery.store_thumbnail(self._kept.pictures, thumbnail, picture)
        return Entry(
            (height, width),
            values,
            gain,
            gallery.histogram(picture),
            stored,
            thumbnail if small else None,
            iso,
            features,
        )


def _inside(picture: np.ndarray, border: int) -> np.ndarray:
    """A picture `[H, W, 3]` without its border.

    Raises:
        InputError: nothing is left.
    """
    height, width = picture.shape[:2]
    if min(height, width) <= 2 * border:
        raise InputError(f"{width}x{height} pixels are nothing but a border of {border}")
    return picture[border : height - border, border : width - border]
