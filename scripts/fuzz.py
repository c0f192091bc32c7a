"""Damages files of every kind that tfisp reads, reads them, and counts what comes of it.

    PYTHONPATH=. nice -n 10 python scripts/fuzz.py --count=500 --seed=0 --output=fuzz.jsonl
    PYTHONPATH=. python scripts/fuzz.py --output=fuzz.jsonl --report          # of what is there

Families: DNGs (their tags, their samples), `.npy`, PNG and headerless mosaics, JSON descriptions,
photographs, weight files, presets and `.tflite` files. Each input follows from seed, family and
number alone, and is read in a process of its own with a limit of time and of memory. Verdicts:

    refused     one line that names a file
    same        what was stored was read
    told        something else was read, with a remark
    unknowable  something else was read, of damage that leaves a valid file: a bit of a sample, a
                number in a tag or a description
    wrong       something else was read in silence, of damage that could be known
    traceback, hang, crash, memory

Every result is one line of the output file; the same command goes on where it was stopped, and
--keep=FOLDER keeps the inputs of the bad verdicts. Exit code 1 if there is one of the last two
lines.
"""

import argparse
import json
import os
import resource
import select
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))
import fuzz_others
import fuzz_raw
from fuzz_family import STRUCTURE, Family, Sound

FAMILIES = fuzz_raw.FAMILIES | fuzz_others.FAMILIES

VERDICTS = (
    *("refused", "same", "told", "unknowable"),
    *("wrong", "traceback", "hang", "crash", "memory"),
)
BAD = VERDICTS[4:]


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a campaign or reports on one; 1 if something bad was found."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=100, help="Inputs of each family.")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--families", nargs="*", choices=FAMILIES, default=[*FAMILIES])
    parser.add_argument("--seconds", type=float, default=30, help="Limit for one input.")
    parser.add_argument("--memory", type=float, default=3, help="Limit for one input, in GB.")
    parser.add_argument("--output", type=Path, required=True, help="Results, a line each.")
    parser.add_argument("--keep", type=Path, help="Folder for the inputs of bad verdicts.")
    parser.add_argument("--report", action="store_true", help="Only report.")
    options = parser.parse_args(argv)
    if not options.report:
        for name in options.families:
            run_family(name, options)
    results = _results(options.output)
    print(table(results))
    return int(any(result["verdict"] in BAD for result in results))


def run_family(name: str, options: argparse.Namespace) -> None:
    """Tries the inputs of a family that the output file does not have yet."""
    family = FAMILIES[name]
    known = {
        (result["family"], result["seed"], result["number"]) for result in _results(options.output)
    }
    left = [n for n in range(options.count) if (name, options.seed, n) not in known]
    if not left:
        return
    for module in family.modules:
        __import__(module)
    with tempfile.TemporaryDirectory() as folder, options.output.open("a") as file:
        sound = _in_process(lambda: family.sound(Path(folder)))
        stored = [_stored(family, item, Path(folder)) for item in sound]
        for number in left:
            rng = np.random.default_rng([options.seed, [*FAMILIES].index(name), number])
            which = int(rng.integers(len(sound)))
            files, kind = family.damage(sound[which], rng)
            place = Path(folder, "input")
            _write(place, files)
            verdict, text = judge(family, place / sound[which].main, stored[which], kind, options)
            if verdict in BAD and options.keep:
                _write(options.keep / f"{name}-{options.seed}-{number}", files)
            entry = {
                "family": name,
                "seed": options.seed,
                "number": number,
                "kind": kind,
                "verdict": verdict,
                "said": text.replace(str(place), "."),
            }
            print(json.dumps(entry), file=file, flush=True)


def judge(
    family: Family, path: Path, stored: dict[str, Any], kind: str, options: argparse.Namespace
) -> tuple[str, str]:
    """The verdict on one input, and what was said."""
    receive, send = os.pipe()
    child = os.fork()
    if not child:
        os.close(receive)
        _become_reader(family, path, stored, send, options.memory)
    os.close(send)
    data, end = b"", time.monotonic() + options.seconds
    while (left := end - time.monotonic()) > 0:
        if select.select([receive], [], [], left)[0]:
            part = os.read(receive, 1 << 16)
            data += part
            if not part:
                break
    os.close(receive)
    if left <= 0:
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if left <= 0:
        return "hang", f"longer than {options.seconds:g} s"
    if not data:
        return "crash", f"ended with status {status}"
    verdict, said = json.loads(data)
    if verdict == "other":
        if said:
            return "told", said
        verdict = "wrong" if kind == STRUCTURE else "unknowable"
    return verdict, said


def _become_reader(
    family: Family, path: Path, stored: dict[str, Any], send: int, memory: float
) -> None:
    """Turns a forked process into a reader of one input; never returns."""
    answer = ("crash", "")
    try:
        nothing = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nothing, stream)
        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        limit = used + int(memory * 1e9)
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        answer = _answer(family, path, stored)
    except BaseException:
        answer = ("traceback", traceback.format_exc())
    finally:
        verdict, said = answer
        os.write(send, json.dumps((verdict, said[-2000:])).encode())
        os._exit(0)


def _answer(family: Family, path: Path, stored: dict[str, Any]) -> tuple[str, str]:
    from tfisp.errors import InputError

    try:
        found = family.read(path)
    except InputError as error:
        text = str(error)
        if "\n" in text or str(path.parent) not in text:
            return "traceback", f"an error of several lines or without a file's name: {text}"
        return "refused", text
    except MemoryError:
        return "memory", traceback.format_exc()
    except Exception:
        return "traceback", traceback.format_exc()
    usual = stored.get("told", ())
    told = "; ".join(remark for remark in found.pop("told", ()) if remark not in usual)
    stored = {key: value for key, value in stored.items() if key != "told"}
    if _equal(found, stored):
        return "same", told
    # Samples as stored under other facts are what a valid file of those facts holds.
    if family.same is not None and family.same(found, stored):
        return ("told", told) if told else ("unknowable", "other facts")
    return "other", told


def _equal(found: Any, stored: Any) -> bool:
    if isinstance(stored, dict):
        same = isinstance(found, dict) and found.keys() == stored.keys()
        return same and all(_equal(found[key], stored[key]) for key in stored)
    if isinstance(stored, np.ndarray):
        return np.array_equal(found, stored)
    return found == stored


def _stored(family: Family, sound: Sound, folder: Path) -> dict[str, Any]:
    """What a sound file holds, as it is read."""
    place = folder / "sound"
    _write(place, sound.files)
    return _in_process(lambda: family.read(place / sound.main))


def _in_process(make: Any) -> Any:
    """What a function returns, run in a process of its own: TensorFlow must not be forked warm."""
    import pickle

    receive, send = os.pipe()
    child = os.fork()
    if not child:
        os.close(receive)
        try:
            with os.fdopen(send, "wb") as file:
                pickle.dump(make(), file)
        except BaseException:
            traceback.print_exc()
        os._exit(0)
    os.close(send)
    with os.fdopen(receive, "rb") as file:
        data = file.read()
    os.waitpid(child, 0)
    if not data:
        raise SystemExit("a sound file could not be made or read")
    return pickle.loads(data)


def _write(folder: Path, files: dict[str, bytes]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    for name, data in files.items():
        (folder / name).write_bytes(data)


def _results(output: Path) -> list[dict[str, Any]]:
    if not output.exists():
        return []
    return [json.loads(line) for line in output.read_text(encoding="utf-8").splitlines()]


def table(results: Sequence[dict[str, Any]]) -> str:
    """A Markdown table of the verdicts by family and kind of damage."""
    lines = [
        f"| family, damage | inputs | {' | '.join(VERDICTS)} |",
        "|---" * (len(VERDICTS) + 2) + "|",
    ]
    groups: dict[tuple[str, str], Counter] = {}
    for result in results:
        group = (result["family"], result["kind"])
        groups.setdefault(group, Counter())[result["verdict"]] += 1
    for (family, kind), counts in sorted(groups.items()):
        cells = " | ".join(str(counts[verdict]) for verdict in VERDICTS)
        lines.append(f"| {family}, {kind} | {counts.total()} | {cells} |")
    total = Counter(result["verdict"] for result in results)
    cells = " | ".join(str(total[verdict]) for verdict in VERDICTS)
    return "\n".join([*lines, f"| all | {total.total()} | {cells} |"])


if __name__ == "__main__":
    sys.exit(main())
