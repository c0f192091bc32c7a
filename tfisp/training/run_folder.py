"""A run's folder tells its own story: what was asked, with which files, and what came of it.

RUN/run.json       everything that decides the result; a later start must agree with it
        flags.txt      the flags as given, a flagfile in itself
        versions.json  of Python, tfisp and the libraries; the platform; the git commit, if any
        manifest.json  every input file with its size and a hash; a later start must agree with it
        splits.json    which files are for training, validation and test
        metrics.jsonl  one line per logged step; cut back to the checkpoint on resuming
        pictures/      the same scenes, drawn again and again (preview.py)
        report.html    what a person looks at first (tfisp.reporting)
        time.json      how long it took, and on what (stopwatch.py)
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
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tfisp._version import __version__
from tfisp.data.base import Dataset
from tfisp.data.cache import file_digest
from tfisp.data.manifest import changes
from tfisp.errors import InputError
from tfisp.files import read_json, remove_leftovers, write_json, write_text
from tfisp.training import run_lock
from tfisp.training.config import TrainConfig, contents, differences, what_counts
from tfisp.training.position import Position
from tfisp.training.run_log import cut_log

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
        path: The folder.
    """

    def __init__(self, path: str | os.PathLike) -> None:
        """Names the folder; `claim` makes it a run's."""
        self.path = Path(path)

    @property
    def continued(self) -> bool:
        """Whether it holds a run."""
        return (self.path / "run.json").is_file()

    def require_same(self, config: TrainConfig) -> None:
        """Sees that a run of this configuration may begin or go on here; writes nothing.

        Only the last stage may be made longer, at a constant rate; what changes no weight, and how
        the paths of files are spelled, may change.

        Raises:
            InputError: if it holds a run of another configuration, naming what differs, or a
                damaged one.
        """
        if self.path.exists():
            run_lock.require_usable(self.path)
        if not self.continued:
            return
        file = self.path / "run.json"
        now = what_counts(_plain(config))
        before = read_json(file)
        try:
            before = what_counts(before)
            if len(before["stages"]) == len(now["stages"]):
                last, wanted = before["stages"][-1], now["stages"][-1]
                if wanted["recipe"]["schedule"] == "constant":  # else the rates depend on the steps
                    last["steps"] = max(last["steps"], wanted["steps"])
            lines = differences(before, now)
        # Valid JSON, but of other types than a run's.
        except (TypeError, AttributeError, LookupError, ValueError, RecursionError) as error:
            raise _damaged(file, error) from error
        if lines:
            raise InputError(
                f"--work_dir={self.path}: holds a run of a different configuration "
                f"({'; '.join(lines)}); give the same flags, or choose a new folder"
                f"{self._how_to_go_on()}"
            )

    def require_same_data(self, dataset: Dataset) -> None:
        """Sees that the files are those that the run began with, wherever they lie now.

        Raises:
            InputError: if they are not, naming what differs.
        """
        file = self.path / "manifest.json"
        if not file.is_file():
            return
        before = read_json(file)
        try:
            lines = changes(before, dataset.manifest())
        except (TypeError, AttributeError, LookupError) as error:
            raise _damaged(file, error) from error
        if lines:
            raise InputError(
                f"--work_dir={self.path}: the data are not those that the run began with "
                f"({'; '.join(lines)}); give it back its files, or choose a new folder"
                f"{self._how_to_go_on()}"
            )

    def claim(self, config: TrainConfig) -> None:
        """Makes it the folder of a run of this configuration, and clears what a kill left behind.

        Raises:
            InputError: as `require_same`.
        """
        self.require_same(config)
        if self.continued:
            remove_leftovers(self.path)
            remove_leftovers(self.path / "stages")
        write_json(self.path / "run.json", _plain(config))

    def _how_to_go_on(self) -> str:
        """With which flags a new run starts from what this one has learnt; empty if nothing."""
        stages = sorted((self.path / "stages").glob("[0-9]*-*"))
        start = self.path if self.model.is_dir() else stages[-1] if stages else None
        return "" if start is None else f" and --model={start} to start from what it has learnt"

    @property
    def checkpoints(self) -> Path:
        """Where checkpoints lie."""
        return self.path / "checkpoints"

    @property
    def look(self) -> Path:
        """The look of the target photographs, where the run fitted one."""
        return self.path / "look.cube"

    @property
    def detail(self) -> Path:
        """The local contrast of the target photographs, where the run fitted it."""
        return self.path / "detail.json"

    @property
    def verdict(self) -> Path:
        """What can be said without pairs about the last stage (`tfisp.training.verdict`)."""
        return self.path / "verdict.json"

    @property
    def events(self) -> Path:
        """TensorBoard's folder."""
        return self.path / "events"

    @property
    def profile(self) -> Path:
        """A profile of a few steps, for TensorBoard; where one was asked for."""
        return self.path / "profile"

    @property
    def pictures(self) -> Path:
        """The same scenes, drawn again and again."""
        return self.path / "pictures"

    @property
    def report(self) -> Path:
        """The page that shows the run."""
        return self.path / "report.html"

    @property
    def time(self) -> Path:
        """How long the run took, and on what."""
        return self.path / "time.json"

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

    def flags(self) -> str:
        """The flags as given; names that are no UTF-8 as far as they can be shown."""
        return (self.path / "flags.txt").read_text(encoding="utf-8", errors="replace")

    def describe(self, flags: str, dataset: Dataset, notes: dict[str, Any]) -> None:
        """Writes down what the run is made from.

        Args:
            flags: The flags as given, one a line.
            dataset: Its file list and splits are kept.
            notes: Anything else worth keeping with the versions, such as where backbone weights
                came from.
        """
        write_text(self.path / "flags.txt", flags)
        write_json(self.path / "versions.json", versions() | notes)
        write_json(self.path / "manifest.json", dataset.manifest())
        write_json(self.path / "splits.json", dataset.splits())

    def cut_metrics(self, position: Position | None) -> None:
        """Drops lines logged after a checkpoint (all for None): they are written again."""
        cut_log(self.metrics, position)


def _plain(config: TrainConfig) -> dict[str, Any]:
    """A configuration as it is kept: JSON values, and what the files that it names hold."""
    return json.loads(json.dumps(config.to_dict() | {"content": contents(config)}))


def versions() -> dict[str, Any]:
    """What the results may depend on besides flags and data."""
    return {
        "tfisp": __version__,
        "git": _git_commit(),
        "python": platform.python_version(),
        "platform": platform.platform(),
        **{name: _version(name) for name in _LIBRARIES},
    }


def imported(modules: Sequence[str]) -> dict[str, str | None]:
    """Where each of the user's own modules came from, with a hash of its file; None if of none.

    Args:
        modules: Names of modules that have been imported.
    """
    files = {name: getattr(sys.modules.get(name), "__file__", None) for name in modules}
    return {
        name: file and f"{file}, sha256 {file_digest(Path(file))}" for name, file in files.items()
    }


def _version(library: str) -> str | None:
    """The version of a library; None for an extra that is not installed."""
    try:
        return importlib.metadata.version(library)
    except importlib.metadata.PackageNotFoundError:
        return None


def _git_commit() -> str | None:
    """The commit that tfisp runs from, `+changes` if files were edited; None if unknown."""

    def git(*arguments: str) -> str:
        done = subprocess.run(
            ["git", "-C", str(Path(__file__).parent), *arguments],
            capture_output=True,
            text=True,
            check=True,
            timeout=10,
        )
        return done.stdout.strip()

    try:
        return git("rev-parse", "HEAD") + (
            "+changes" if git("status", "--porcelain", "-uno") else ""
        )
    except (OSError, subprocess.SubprocessError):
        return None


def _damaged(file: Path, error: Exception) -> InputError:
    """Of a record that is valid JSON, but of other types than a run's."""
    return InputError(
        f"{file}: damaged, not what tfisp.train wrote ({error!r}); choose a new --work_dir"
    )
