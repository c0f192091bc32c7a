"""A row for each network: what is known of it, and why what is missing is missing."""

import dataclasses
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from tfisp import models
from tfisp.errors import InputError
from tfisp.surveying import networks
from tfisp.surveying.latency import Latency, compare
from tfisp.surveying.networks import Converted, Declared
from tfisp.surveying.options import REFERENCE, SMALL, Options
from tfisp.surveying.results import Results

NOT_CONVERTED = "not converted: --export=all"

Found = TypeVar("Found")


@dataclass(frozen=True)
class Row:
    """One network. A text in place of a measurement says why there is none.

    Attributes:
        name: In the registry.
        declared: What it says of itself.
        converted: What its file for the full size says.
        latency: Beside `REFERENCE`.
        quality: Measures of the benchmark, means over the scenes, by name.
    """

    name: str
    declared: Declared
    converted: Converted | str
    latency: Latency | str
    quality: dict[str, float] | str

    def to_dict(self) -> dict[str, Any]:
        """JSON values; what is missing is `{"why_not": ...}`."""
        found: dict[str, Any] = {"name": self.name}
        for field in ("declared", "converted", "latency", "quality"):
            value = getattr(self, field)
            if isinstance(value, str):
                found[field] = {"why_not": value}
            else:
                found[field] = value if isinstance(value, dict) else dataclasses.asdict(value)
        return found

    @classmethod
    def from_dict(cls, found: Mapping[str, Any]) -> "Row":
        """What `to_dict` gave."""

        def part(name: str, kind: Callable[..., Any]) -> Any:
            value = found[name]
            return value["why_not"] if "why_not" in value else kind(**value)

        return cls(
            name=found["name"],
            declared=Declared(**found["declared"]),
            converted=part("converted", Converted),
            latency=part("latency", Latency),
            quality=part("quality", dict),
        )


def survey(
    names: Sequence[str],
    options: Options,
    results: Results,
    progress: Callable[[int, int, str], None],
    known: Sequence[Row] = (),
) -> Iterator[Row]:
    """The rows of some networks, with their first weights, one by one.

    Args:
        names: In the registry.
        options: What is to be found out.
        results: Of the benchmark.
        progress: Called as progress(done, total, what) before each network and at the end.
        known: Rows that were found before with these options; they are not found anew.

    Raises:
        InputError: networks are to be timed at a size that the reference cannot give.
    """
    before = {row.name: row for row in known}
    with tempfile.TemporaryDirectory() as folder:
        reference = Path(folder) / "reference.tflite"
        if options.latency:
            networks.convert(models.create(REFERENCE), options.latency, reference)
        for done, name in enumerate(names):
            progress(done, len(names), f"networks, now {name}")
            yield before.get(name) or _row(name, options, results, reference)
        progress(len(names), len(names), "networks")


def _row(name: str, options: Options, results: Results, reference: Path) -> Row:
    """One network; its files go as soon as they are read."""
    generator = models.create(name)
    facts = networks.declared(generator)
    large = options.export == "small" and facts.parameters > SMALL
    converted: Converted | str = NOT_CONVERTED
    latency: Latency | str = NOT_CONVERTED if options.latency else "not timed: --latency"

    def costs(path: Path) -> Converted:
        networks.convert(generator, options.size, path)
        return networks.read(path)

    def times(path: Path) -> Latency:
        networks.convert(generator, options.latency or options.size, path)
        return compare(path, reference, options.rounds)

    if not large and options.export != "none":
        converted = _found(costs)
        if options.latency:
            latency = _found(times)
    quality = results.networks.get(name, "not run")
    return Row(name, facts, converted, latency, quality)


def _found(measure: Callable[[Path], Found]) -> Found | str:
    """What a measurement gives with a file of its own, or the line that says why it cannot be."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            return measure(Path(folder) / "model.tflite")
        except InputError as error:
            return str(error)
