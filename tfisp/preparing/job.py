"""Goes through the preparation of a folder, and goes on where it was interrupted.

    OUTPUT/survey/                  what is known of each file that was looked at
    OUTPUT/plan.json                what is prepared of which files
    OUTPUT/raw-00000-of-00012.*     shards of RAW patches (`tfisp.data.shards`); target-...
    OUTPUT/left_out.csv             files that are not taken, and why
    OUTPUT/prepared.json            written last: the set is whole

An engine runs the two steps, `look` and `make`, on many tasks at a time. What a step leaves on disk
is whole, so a step that was interrupted is merely repeated.
"""

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from tfisp.data.base import Progress
from tfisp.data.cache import Store
from tfisp.data.images import IMAGE_SUFFIXES
from tfisp.data.listing import Found, require_files
from tfisp.data.manifest import changes, sample
from tfisp.data.prepared import DESCRIPTION, PLAN, ROLES
from tfisp.data.prepared_records import FORMAT
from tfisp.data.shards import finished, read_index, write_shard
from tfisp.errors import InputError
from tfisp.files import read_json, write_json, write_text
from tfisp.preparing.choice import LeftOut
from tfisp.preparing.patches import Entry, records
from tfisp.preparing.plan import Plan, Source, make_plan
from tfisp.preparing.settings import Settings
from tfisp.preparing.survey import identity, survey
from tfisp.raw import RAW_SUFFIXES

LEFT_OUT = "left_out.csv"
_SURVEY = "survey"
_UNREADABLE = "unreadable"

_WHAT = {"raw": "RAW files", "target": "photographs"}


class LookTask(NamedTuple):
    """A file to be looked at, and where to keep what is found."""

    role: str
    path: Path
    settings: Settings
    folder: Path
    note: str


class MakeTask(NamedTuple):
    """A shard to be made: its files, the folder that they lie in, and the plan it belongs to."""

    role: str
    root: Path
    sources: list[Source]
    settings: Settings
    folder: Path
    name: str
    plan: str


class Engine(Protocol):
    """Runs a step on many tasks, somewhere, inside a `with`."""

    def __enter__(self) -> "Engine":
        """Begins."""
        ...

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        """Ends; after an error, what runs is dropped."""
        ...

    def __call__(
        self, step: Callable[[Any], None], tasks: Sequence[Any], done: Callable[[int], None]
    ) -> None:
        """Returns when all tasks are done.

        Args:
            step: A function of a task, which can be pickled.
            tasks: What it is called with.
            done: Called with the number of a task that is done, in any order; or never.

        Raises:
            InputError: Of a step.
        """
        ...


@dataclass(frozen=True)
class Job:
    """What is to be prepared.

    Attributes:
        settings: What for.
        folders: Of each role its folder; a role without one has no files.
        output: The folder for the result.
        skip: Whether unreadable files are left out, instead of stopping at the first.
    """

    settings: Settings
    folders: Mapping[str, Path]
    output: Path
    skip: bool = True


@dataclass(frozen=True)
class Survey:
    """What a look at all files gave.

    Attributes:
        plan: What is to be made of them.
        unreadable: Of each role, files that cannot be used.
        listed: Of each role, a line about its folder.
        notes: (file, remark) of what the RAW reader assumed or doubts.
    """

    plan: Plan
    unreadable: dict[str, list[LeftOut]]
    listed: list[str]
    notes: list[tuple[Path, str]]

    def left_out(self) -> Iterator[tuple[str, LeftOut]]:
        """(role, file) of all that is not taken."""
        for role in ROLES:
            for item in (*self.unreadable[role], *self.plan.left_out[role]):
                yield role, item


def look(task: LookTask) -> None:
    """Keeps what is known of a file."""
    facts = survey(task.role, task.path, task.settings)
    Store(task.folder / _SURVEY).write_note(task.note, facts)


def make(task: MakeTask) -> None:
    """Makes a shard, unless it is there."""
    if not finished(task.folder, task.name, task.plan):
        write_shard(task.folder, task.name, task.plan, _entries(task))


def survey_files(job: Job, engine: Engine, progress: Progress) -> Survey:
    """Looks at all files that were not looked at before, and plans.

    Raises:
        InputError: If a folder is missing or holds nothing of use, or for the first unreadable file
            unless these are skipped.
    """
    listed = {role: _files(job, role) for role in ROLES if role in job.folders}
    names: dict[str, list[str]] = {role: [] for role in ROLES}
    entries: list[dict[str, Any]] = []
    tasks = []
    for role, found in listed.items():
        for path in found.files:
            content = identity(role, path, sample)
            name = path.relative_to(job.folders[role]).as_posix()
            names[role].append(name)
            known = {"bytes": path.stat().st_size, "content": content}
            entries.append({"role": role, "path": name} | known)
            note = job.settings.survey_key(role, f"{content}{path.suffix.lower()}")
            tasks.append(LookTask(role, path, job.settings, job.output, note))
    store = Store(job.output / _SURVEY)
    # What could not be read may be readable by now: another library, another moment.
    new = {task.note: task for task in tasks if "error" in (store.note(task.note) or {"error": ""})}
    _run(engine, look, list(new.values()), [1] * len(new), progress, "files looked at")
    found_of: dict[str, dict[str, Any]] = {role: {} for role in ROLES}
    unreadable: dict[str, list[LeftOut]] = {role: [] for role in ROLES}
    notes = []
    for task, entry in zip(tasks, entries, strict=True):
        facts = store.note(task.note)
        if facts is None:
            raise InputError(f"{task.path}: was not looked at; run the same command again")
        if "error" in facts:
            if not job.skip:
                raise InputError(facts["error"])
            unreadable[task.role].append(LeftOut(entry["path"], _UNREADABLE, facts["error"]))
        else:
            found_of[task.role][entry["path"]] = facts
            notes += [(task.path, note) for note in facts.get("notes", ())]
    plan = make_plan(job.settings, found_of, entries)
    lines = [found.note(_WHAT[role]) for role, found in listed.items()]
    result = Survey(plan, unreadable, lines, notes)
    for role in job.folders:
        if not plan.patches(role):
            why = next((item for where, item in result.left_out() if where == role), None)
            reason = f"; the first is {why.fault}: {why.detail or why.name}" if why else ""
            raise InputError(f"{job.folders[role]}: none of the {_WHAT[role]} is usable{reason}")
    return result


def require_same(job: Job, plan: Plan) -> None:
    """Sees that a folder holds nothing, or what was begun of the same plan.

    Raises:
        InputError: If it is of other files or other settings, naming what differs.
    """
    path = job.output / PLAN
    if not path.exists():
        return
    before = read_json(path)
    try:
        if before["plan"] == plan.key:
            return
        now = plan.settings.to_dict()
        differing = [f"--{name}" for name in now if before["settings"].get(name) != now[name]]
        words = [*changes(before["files"], plan.files), *differing]
        words = words or ["other ones of these files can be read now"]
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path}: not written by tfisp.prepare") from error
    raise InputError(
        f"--output={job.output}: was prepared of other files or in another way"
        f" ({'; '.join(words)}); choose another folder, or delete it"
    )


def make_shards(job: Job, found: Survey, engine: Engine, progress: Progress) -> int:
    """Makes the shards that are missing; the set is whole then.

    Returns:
        How many were made.

    Raises:
        InputError: If a file changed, or not all could be made.
    """
    plan = found.plan
    require_same(job, plan)
    begun = {"plan": plan.key, "settings": plan.settings.to_dict(), "files": plan.files}
    write_json(job.output / PLAN, begun)
    tasks = [
        MakeTask(role, job.folders[role], sources, job.settings, job.output, name, plan.key)
        for role in ROLES
        for name, sources in plan.shards[role].items()
    ]
    missing = [task for task in tasks if not finished(job.output, task.name, plan.key)]
    sizes = [sum(len(source.cells) for source in task.sources) for task in missing]
    _run(engine, make, missing, sizes, progress, "patches prepared")
    left = [task.name for task in missing if not finished(job.output, task.name, plan.key)]
    if left:
        raise InputError(
            f"{job.output}: {len(left)} shards were not made ({left[0]}); run the same command"
            " again to go on"
        )
    _write_left_out(job.output / LEFT_OUT, found)
    write_json(job.output / DESCRIPTION, _description(job, found))
    return len(missing)


def _files(job: Job, role: str) -> Found:
    """The files of a role."""
    flag, suffixes = {"raw": ("raw_dir", RAW_SUFFIXES), "target": ("target_dir", IMAGE_SUFFIXES)}[
        role
    ]
    others = [folder for other, folder in job.folders.items() if other != role]
    return require_files(flag, job.folders[role], suffixes, _WHAT[role], [*others, job.output])


def _entries(task: MakeTask) -> Iterator[Entry]:
    for source in task.sources:
        yield from records(task.role, task.root / source.name, source, task.settings)


def _run(
    engine: Engine,
    step: Callable[[Any], None],
    tasks: Sequence[Any],
    sizes: Sequence[int],
    progress: Progress,
    what: str,
) -> None:
    """Runs a step, and tells how far it is."""
    total, so_far = sum(sizes), 0

    def done(number: int) -> None:
        nonlocal so_far
        so_far += sizes[number]
        progress(so_far, total, what)

    if tasks:
        engine(step, tasks, done)


def _description(job: Job, found: Survey) -> dict[str, Any]:
    """What `prepared.json` says: the same for the same files and settings."""
    plan = found.plan
    counts = {
        role: dict(Counter(item.fault for where, item in found.left_out() if where == role))
        for role in ROLES
    }
    shards = {
        role: {name: read_index(job.output, name)["sha256"] for name in plan.shards[role]}
        for role in ROLES
    }
    return {
        "format": FORMAT,
        "plan": plan.key,
        "settings": plan.settings.to_dict(),
        "patches": {role: plan.patches(role) for role in ROLES},
        "files": {role: plan.sources(role) for role in ROLES},
        "left_out": counts,
        "strata": {each: list(numbers) for each, numbers in plan.strata.items()},
        "shards": shards,
    }


def _write_left_out(path: Path, found: Survey) -> None:
    """A table of the files that are not taken."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(("role", "file", "fault", "detail"))
    for role, item in found.left_out():
        table.writerow((role, *item))
    write_text(path, text.getvalue())
