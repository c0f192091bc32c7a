"""Stands in for adb and for the phone behind it: same answers, same exit codes.

$STAND_IN_PHONE is a folder: `devices` is what `adb devices` lists, `root/` the phone's storage,
`bin/` its getprop and dumpsys, and `calls` gets one line for every call. A command for the phone's
shell is run by this computer's, with the storage's place put for /data/local/tmp.

$STAND_IN_FAULT names what goes wrong: `push:NAME` (the storage is full), `short:NAME` (half of the
file arrives, and adb says nothing), `gone:WORD` (the cable is pulled during the command that has
the word), `no_exit_codes` (as on phones before Android 7).
"""

import os
import shlex
import subprocess
import sys
from pathlib import Path

PHONE = Path(os.environ["STAND_IN_PHONE"])
FAULT, _, SUBJECT = os.environ.get("STAND_IN_FAULT", "").partition(":")
STORAGE = "/data/local/tmp"


def place(path):
    """Where a path of the phone lies on this computer."""
    return path.replace(STORAGE, str(PHONE / "root"))


def push(local, remote):
    name = Path(remote).name
    if not os.path.isfile(local):
        return f"adb: error: cannot stat '{local}': No such file or directory", 1
    if FAULT == "push" and name == SUBJECT:
        reason = "remote couldn't create file: No space left on device"
        return f"adb: error: failed to copy '{local}' to '{remote}': {reason}", 1
    content = Path(local).read_bytes()
    if FAULT == "short" and name == SUBJECT:
        content = content[: len(content) // 2]
    Path(place(remote)).write_bytes(content)
    return f"{local}: 1 file pushed, 0 skipped. 28.6 MB/s ({len(content)} bytes in 0.010s)", 0


def pull(remote, local):
    if not os.path.isfile(place(remote)):
        return f"adb: error: failed to stat remote object '{remote}': No such file or directory", 1
    content = Path(place(remote)).read_bytes()
    Path(local).write_bytes(content)
    return f"{remote}: 1 file pulled, 0 skipped. 30.1 MB/s ({len(content)} bytes in 0.010s)", 0


def shell(command):
    if FAULT == "gone" and SUBJECT in command:
        return "adb: error: closed", 1
    environment = {**os.environ, "PATH": f"{PHONE / 'bin'}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["sh", "-c", place(command)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment,
        cwd="/",
    )
    code = 0 if FAULT == "no_exit_codes" else done.returncode
    return done.stdout.replace("\n", "\r\n") if FAULT == "no_exit_codes" else done.stdout, code


def main(words):
    with open(PHONE / "calls", "a", encoding="utf-8") as calls:
        calls.write(shlex.join(["adb", *words]) + "\n")
    # A program that lets adb read its standard input loses what it was to read itself.
    if not os.isatty(0):
        sys.stdin.read()
    listing = (PHONE / "devices").read_text()
    if words == ["devices"]:
        sys.stderr.write("* daemon not running; starting now at tcp:5037\n")
        sys.stderr.write("* daemon started successfully\n")
        sys.stdout.write(f"List of devices attached\n{listing}\n")
        return 0
    option, serial, verb, *rest = words
    connected = [line.split()[0] for line in listing.splitlines() if line.split()[1:] == ["device"]]
    if option != "-s" or serial not in connected:
        sys.stderr.write(f"adb: device '{serial}' not found\n")
        return 1
    answer, code = {"push": push, "pull": pull, "shell": lambda *line: shell(" ".join(line))}[verb](
        *rest
    )
    (sys.stdout if code == 0 or verb == "shell" else sys.stderr).write(answer.rstrip("\r\n") + "\n")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
