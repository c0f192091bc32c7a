"""Kills training at random moments, lets it go on, and compares with a run that was never killed.

    PYTHONPATH=. nice -n 10 python scripts/kill_campaign.py --kills=100 --seed=0 --output=CAMPAIGN

One run of two stages ends undisturbed. Others with the same flags are started again and again and
killed (SIGKILL, with all they have started) after a random time, be it while data are opened, a
step is taken, a checkpoint is written, the model is published or exported; after some kills each is
let go on to its end. Then all must be equal bit by bit: every tensor of every checkpoint (weights,
optimizers' slots, averages), metrics.jsonl, what TensorBoard shows, and the model files.

CAMPAIGN/kills.jsonl has a line for each kill and each comparison; the same command goes on where it
was stopped. The exit code is 1 if anything differed or a start failed by itself.
"""

import argparse
import hashlib
import json
import os
import random
import shutil
import signal
import sys
import time
from pathlib import Path

FLAGS = (
    "--flagfile=unpaired_smoke.flags",
    "--steps=3,5",
    "--patch_size=64",
    "--batch_size=1",
    "--critic_interval=3",
    "--save_every=2",
    "--log_every=1",
    "--validate_every=4",
    "--validation_images=1",
    "--image_every=0",
    "--export_size=64x64",
)
# A run is let go on to its end after so many kills.
KILLS_PER_RUN = 10
# Files whose bytes must be equal, by the last part of their names.
WHOLE = ("metrics.jsonl", "run.json", "splits.json", "manifest.json")
MODEL_FILES = (".weights.h5", ".tflite", "SHA256SUMS", "config.json", "model.json", ".png")


def fingerprint(run: Path) -> dict[str, str]:
    """What a run leaves, part by part -> a hash.

    Args:
        run: Its folder.
    """
    import tensorflow as tf

    found = {}
    for checkpoint in sorted((run / "checkpoints").iterdir()):
        reader = tf.train.load_checkpoint(str(checkpoint / "state"))
        for name in sorted(reader.get_variable_to_shape_map()):
            if name != "_CHECKPOINTABLE_OBJECT_GRAPH":
                tensor = reader.get_tensor(name)
                key = f"checkpoints/{checkpoint.name}/{name}"
                found[key] = _hash(repr((tensor.dtype, tensor.shape)).encode() + tensor.tobytes())
    for name in WHOLE:
        found[name] = _hash((run / name).read_bytes())
    for place in ("model", "stages", "export", "pictures"):
        for path in sorted((run / place).rglob("*")):
            if path.name.endswith(MODEL_FILES):
                found[str(path.relative_to(run))] = _hash(path.read_bytes())
    found["events"] = _hash(b"".join(_events(run / "events")))
    found["leftovers"] = " ".join(sorted(p.name for p in run.rglob(".*.tmp.*")))
    return found


def _events(folder: Path) -> list[bytes]:
    """All that TensorBoard shows, in order, but for times and the texts of each start."""
    import tensorflow as tf

    found = []
    for file in sorted(folder.iterdir()):
        for record in tf.data.TFRecordDataset(str(file)).as_numpy_iterator():
            event = tf.compat.v1.Event.FromString(record)
            found += [
                f"{event.step} {value.tag} ".encode() + value.tensor.SerializeToString()
                for value in event.summary.value
                if not value.tag.startswith(("perf/", "run/"))
            ]
    return found


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def start(folder: Path, cache: Path, kill_after: float | None, log: Path) -> tuple[int, float]:
    """Starts the training in a process of its own, and kills it after some seconds, if it lives.

    Returns:
        Its exit code, minus the signal's number if it was killed; and how many seconds it ran.
    """
    began = time.monotonic()
    child = os.fork()
    if not child:
        os.setsid()
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(descriptor, 1)
        os.dup2(descriptor, 2)
        code = 70
        try:
            from tfisp import train

            code = train.run([*FLAGS, f"--work_dir={folder}", f"--cache_dir={cache}"])
        finally:
            os._exit(code)
    status = None
    while status is None and (kill_after is None or time.monotonic() - began < kill_after):
        pid, ended = os.waitpid(child, os.WNOHANG)
        status = ended if pid else None
        time.sleep(0.01)
    if status is None:
        os.killpg(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
    code = -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
    return code, time.monotonic() - began


def campaign(output: Path, kills: int, seed: int) -> bool:
    """Kills until there were so many kills, and compares each run that ended.

    Returns:
        Whether all were equal and no start failed.
    """
    import tensorflow  # noqa: F401  once: every forked process has it, and none of its state

    output.mkdir(parents=True, exist_ok=True)
    journal, log, cache = output / "kills.jsonl", output / "log.txt", output / "cache"
    lines = journal.read_text().splitlines() if journal.exists() else []
    entries = [json.loads(line) for line in lines]

    def note(**facts: object) -> None:
        entries.append(facts)
        with journal.open("a") as file:
            print(json.dumps(facts), file=file, flush=True)
        print(json.dumps(facts), flush=True)

    def ended(code: int, run: str) -> None:
        if code:
            note(event="failed", run=run, code=code)
            raise SystemExit(f"{output / run}: a start ended with {code}; see {log}")

    whole = output / "whole"
    known = next((e for e in entries if e["event"] == "whole"), None)
    if known is None:
        shutil.rmtree(whole, ignore_errors=True)
        ended(start(whole, cache, None, log)[0], "whole")  # fills the cache
        shutil.rmtree(whole)
        code, seconds = start(whole, cache, None, log)
        ended(code, "whole")
        note(event="whole", seconds=round(seconds, 2))
        known = entries[-1]
    expected = _fingerprint_apart(whole)
    rng = random.Random(f"{seed}/{len(entries)}")
    number = sum(e["event"] == "compared" for e in entries)
    done = sum(e["event"] == "killed" for e in entries)
    while done < kills or (output / f"broken{number}").exists():
        run = f"broken{number}"
        here = sum(e["event"] == "killed" and e["run"] == run for e in entries)
        finish = here >= KILLS_PER_RUN or done >= kills
        limit = None if finish else rng.uniform(0.02, 0.9) * known["seconds"]
        code, seconds = start(output / run, cache, limit, log)
        if code == -signal.SIGKILL:
            done += 1
            note(event="killed", run=run, after=round(seconds, 2), place=_place(output / run))
            continue
        ended(code, run)
        found = _fingerprint_apart(output / run)
        different = [
            key for key in sorted({*expected, *found}) if expected.get(key) != found.get(key)
        ]
        note(event="compared", run=run, parts=len(expected), different=different)
        if not different:
            shutil.rmtree(output / run)
        else:
            (output / run).rename(output / f"different{number}")
        number += 1
    compared = [e for e in entries if e["event"] == "compared"]
    wrong = [e for e in compared if e["different"]]
    print(
        f"{done} kills in {len(compared)} runs of {len(expected)} compared parts each:"
        f" {len(compared) - len(wrong)} equal, {len(wrong)} different"
    )
    return not wrong


def _fingerprint_apart(run: Path) -> dict[str, str]:
    """`fingerprint` in a process of its own: this one must not start TensorFlow's threads."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.close(reader)
        with os.fdopen(writer, "w") as file:
            json.dump(fingerprint(run), file)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as file:
        found = json.load(file)
    os.waitpid(child, 0)
    return found


def _place(run: Path) -> str:
    """How far a run had come: its newest checkpoint, or what it was writing."""
    half = sorted(str(p.relative_to(run)).split(".tmp.")[-1] for p in run.rglob(".*.tmp.*"))
    checkpoints = sorted(p.name for p in run.glob("checkpoints/[0-9]*"))
    finished = (
        "export" if (run / "export").exists() else "model" if (run / "model").exists() else ""
    )
    newest = checkpoints[-1] if checkpoints else "no checkpoint"
    return " ".join(filter(None, [newest, finished, *(f"half {name}" for name in half)]))


def main() -> None:
    """Runs the campaign."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=100, help="how many")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    parser.add_argument("--output", type=Path, required=True, help="folder for runs and journal")
    options = parser.parse_args()
    sys.exit(not campaign(options.output.resolve(), options.kills, options.seed))


if __name__ == "__main__":
    main()
