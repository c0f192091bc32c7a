"""A run's folder tells its own story: what was asked, with which files, and what came of it.

RUN/run.json       everything that decides the result; a later start must agree with it
        flags.txt      the flags as given, a flagfile in itself
        versions.json  of Python, tfisp and the libraries; the platform; the git commit, if any
        manifest.json  every input file with its size (and hash, where it was read whole)
        splits.json    which files are for training, validation and test
        metrics.jsonl  one line per logged step; cut back to the checkpoint on resuming
        checkpoints/   see checkpoints.py
        events/        TensorBoard
        stages/        what each stage ended with, as a preset folder
        model/         what the last one ended with: the trained generator, its weights averaged
        export/        the same as SavedModel and TFLite files
"""

import importlib.metadata
import json
import os
import platform
import subprocess
from pathlib import Path
from typing import Any

from tfisp._version import __version__
from tfisp.data.base import Dataset
from tfisp.errors import InputError
from tfisp.files import atomic_file, remove_leftovers, write_json, write_text
from tfisp.training.checkpoints import Position
from tfisp.training.config import TrainConfig, differences

_LIBRARIES = (
    "tensorflow",
    "keras",
    "keras-hub",
    "numpy",
    "rawpy",
    "opencv-python-headless",
    "colour-demosaicing",
)


class RunFolder:
    """The folder of one run, new or continued.

    Attributes:
        path: the folder.
        continued: whether it held a run before.
    """

    def __init__(self, path: str | os.PathLike, config: TrainConfig, *, claim: bool = True) -> None:
        """Claims the folder for a configuration.

        Args:
            path: the folder; made if absent.
            config: of the run.
            claim: False only names the folder, which another process has claimed.

        Raises:
            InputError: if it belongs to a run of another configuration, naming what differs, or to
                no run at all.
        """
        self.path = Path(path)
        self.continued = (self.path / "run.json").is_file()
        if not claim:
            return
        now = json.loads(json.dumps(config.to_dict()))
        if self.continued:
            self._check_same(now)
            for folder in (self.path, self.path / "stages", self.export):
                remove_leftovers(folder)
            write_json(self.path / "run.json", now)
        elif self.path.is_dir() and any(self.path.iterdir()):
            raise InputError(
                f"--work_dir={self.path}: not empty, and no run of tfisp.train; choose a new folder"
            )
        else:
            write_json(self.path / "run.json", now)

    def _check_same(self, now: dict[str, Any]) -> None:
        """Refuses to mix two configurations; only the last stage may be made longer."""
        file = self.path / "run.json"
        try:
            before = json.loads(file.read_text(encoding="utf-8"))
        except json.JSONDecodeError as error:
            raise InputError(
                f"{file}: not valid JSON ({error}); choose a new --work_dir"
            ) from error
        if len(before.get("stages", ())) == len(now["stages"]):
            last = before["stages"][-1]
            last["steps"] = max(last["steps"], now["stages"][-1]["steps"])
        lines = differences(before, now)
        if lines:
            raise InputError(
                f"--work_dir={self.path}: holds a run of a different configuration "
                f"({'; '.join(lines)}); choose a new folder or give the same flags"
            )

    @property
    def checkpoints(self) -> Path:
        """Where checkpoints lie."""
        return self.path / "checkpoints"

    @property
    def events(self) -> Path:
        """TensorBoard's folder."""
        return self.path / "events"

    @property
    def model(self) -> Path:
        """The trained generator's preset folder."""
        return self.path / "model"

    @property
    def export(self) -> Path:
        """The exported files."""
        return self.path / "export"

    def stage(self, index: int, recipe: str) -> Path:
        """The preset folder of what a stage ended with."""
        return self.path / "stages" / f"{index}-{recipe}"

    @property
    def metrics(self) -> Path:
        """The log of numbers, one JSON object per line."""
        return self.path / "metrics.jsonl"

    def describe(self, flags: str, dataset: Dataset, notes: dict[str, Any]) -> None:
        """Writes down what the run is made from.

        Args:
            flags: the flags as given, one a line.
            dataset: its file list and splits are kept.
            notes: anything else worth keeping with the versions, such as where backbone weights
                came from.
        """
        write_text(self.path / "flags.txt", flags)
        write_json(self.path / "versions.json", versions() | notes)
        write_json(self.path / "manifest.json", dataset.manifest())
        write_json(self.path / "splits.json", dataset.splits())

    def cut_metrics(self, position: Position | None) -> None:
        """Drops lines logged after a checkpoint (all for None): they are written again."""
        if not self.metrics.exists():
            return
        kept = []
        for line in self.metrics.read_text(encoding="utf-8").splitlines(keepends=True):
            if not line.endswith("\n") or position is None:
                break
            entry = json.loads(line)
            if Position(entry["stage"], entry["step"]) > position:
                break
            kept.append(line)
        with atomic_file(self.metrics) as temporary:
            temporary.write_text("".join(kept), encoding="utf-8")


def versions() -> dict[str, Any]:
    """What the results may depend on besides flags and data."""
    return {
        "tfisp": __version__,
        "git": _git_commit(),
        "python": platform.python_version(),
        "platform": platform.platform(),
        **{name: importlib.metadata.version(name) for name in _LIBRARIES},
    }


def _git_commit() -> str | None:
    """The commit that tfisp runs from, `+changes` if files were edited; None if unknown."""

    def git(*arguments: str) -> str:
        done = subprocess.run(
            ["git", "-C", str(Path(__file__).parent), *arguments],
            capture_output=True, text=True, check=True, timeout=10,
        )  # fmt: skip
        return done.stdout.strip()

    try:
        return git("rev-parse", "HEAD") + (
            "+changes" if git("status", "--porcelain", "-uno") else ""
        )
    except (OSError, subprocess.SubprocessError):
        return None
