"""What a run's folder says about the run, finished or not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tfisp.errors import InputError
from tfisp.files import read_json
from tfisp.looks.cube import Cube, read_cube
from tfisp.training import health
from tfisp.training.run_folder import RunFolder
from tfisp.training.run_log import read_log
from tfisp.training.verdict import Verdict, read_verdict


@dataclass(frozen=True)
class Record:
    """A run as it is written down.

    Attributes:
        folder: Of the run.
        config: What was asked for, as `run.json` has it.
        lines: Of `metrics.jsonl`, whole ones.
        versions: `versions.json`: libraries, notes, origins of weights.
        verdict: Of the last stage, if there is one yet.
        look: Of the target photographs, if the run fitted one.
        time: `time.json`: seconds, starts and devices; empty where it is not known.
    """

    folder: RunFolder
    config: Mapping[str, Any]
    lines: Sequence[Mapping[str, Any]]
    versions: Mapping[str, Any]
    verdict: Verdict | None
    look: Cube | None
    time: Mapping[str, Any]

    @property
    def stages(self) -> list[tuple[str, int]]:
        """Recipe and steps of each stage."""
        return [(stage["recipe"]["name"], stage["steps"]) for stage in self.config["stages"]]

    @property
    def starts(self) -> list[int]:
        """How many steps came before each stage, and the number of all."""
        counts = [steps for _, steps in self.stages]
        return [sum(counts[:number]) for number in range(len(counts) + 1)]

    @property
    def done(self) -> int:
        """Steps of all stages up to the last that was logged."""
        return self.place(self.lines[-1]) if self.lines else 0

    @property
    def health(self) -> list[health.Note]:
        """What looks sick."""
        return health.notes(self.lines, [stage["recipe"] for stage in self.config["stages"]])

    def place(self, line: Mapping[str, Any]) -> int:
        """Steps of all stages up to a line of the log."""
        return self.starts[line["stage"]] + line["step"]


def read_record(path: Path) -> Record:
    """Reads a run's folder.

    Raises:
        InputError: if it is none, or a file is damaged; names it.
    """
    folder = RunFolder(path)
    if not folder.continued:
        raise InputError(f"{path}: not the folder of a run: no run.json")
    try:
        return Record(
            folder=folder,
            config=read_json(path / "run.json"),
            lines=read_log(folder.metrics),
            versions=_optional(path / "versions.json") or {},
            verdict=read_verdict(folder.verdict) if folder.verdict.is_file() else None,
            look=read_cube(folder.look) if folder.look.is_file() else None,
            time=_optional(folder.time) or {},
        )
    except OSError as error:
        raise InputError(f"{error.filename}: cannot be read: {error.strerror}") from error


def _optional(path: Path) -> Any:
    return read_json(path) if path.is_file() else None
