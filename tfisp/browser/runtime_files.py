"""LiteRT.js, which runs `.tflite` files in browsers, fetched from npm once and kept.

The packages are pinned and checked by npm's own integrity hashes, so the same bytes come into every
page. They are Apache-2.0, as tfisp is. Who has no npm, or no network, may put the two archives into
the cache's folder by hand.
"""

import base64
import hashlib
import io
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import NamedTuple

from tfisp.data.cache import default_folder
from tfisp.errors import InputError
from tfisp.files import atomic_file


class Package(NamedTuple):
    """One npm package: its name and version, the archive's file name, and npm's hash of it."""

    name: str
    version: str
    archive: str
    integrity: str


CORE = Package(
    "@litertjs/core",
    "2.5.3",
    "litertjs-core-2.5.3.tgz",
    "sha512-PlGmbMOq9WitX7FO0jhbdJw9GthatsyuCQXjTt/wJZo0FLaw48q4tz8IwqgqCIkviYGr9OFDL1kCnN4nzWoyJQ==",
)
WASM_UTILS = Package(
    "@litertjs/wasm-utils",
    "2.5.3",
    "litertjs-wasm-utils-2.5.3.tgz",
    "sha512-4fJiw6tBQnIs+0jH/OQ16nYOiSl8/+zZnn5h2ul8aTKHi05sVqZW580Tmk78pC2kT39A9OYBVdFawteZ/sI1kQ==",
)

# What the loader chooses from: with relaxed SIMD and threads, without threads, without either, and
# what waits for WebNN.
_VARIANTS = tuple(f"litert_wasm_{kind}internal" for kind in ("threaded_", "", "compat_", "jspi_"))

# Seconds: the larger archive has 12 MB.
_PATIENCE = 300


def write_runtime(folder: Path) -> None:
    """Writes the runtime's files: `core.js`, `wasm_utils.js` and `wasm/`.

    Args:
        folder: Made if absent.

    Raises:
        InputError: They are not in the cache and cannot be fetched, or are not what they should be.
    """
    core, utils = _members(CORE), _members(WASM_UTILS)
    (folder / "wasm").mkdir(parents=True, exist_ok=True)
    for variant in _VARIANTS:
        for suffix in (".js", ".wasm"):
            content = core[f"package/wasm/{variant}{suffix}"]
            (folder / "wasm" / f"{variant}{suffix}").write_bytes(content)
    # Browsers find modules by address, not by their packages' names.
    named, beside = f'"{WASM_UTILS.name}"', '"./wasm_utils.js"'
    text = _without_map(core["package/dist/index.js"])
    if text.count(named) != 1:
        raise InputError(f"{CORE.archive}: does not import {WASM_UTILS.name} once, as it should")
    (folder / "core.js").write_text(text.replace(named, beside), encoding="utf-8")
    text = _without_map(utils["package/dist/index.js"])
    (folder / "wasm_utils.js").write_text(text, encoding="utf-8")


def archive_folder() -> Path:
    """Where the archives are kept."""
    return default_folder() / "web"


def _members(package: Package) -> dict[str, bytes]:
    """The files of a package by their path in its archive."""
    path = archive_folder() / package.archive
    if not path.is_file():
        _fetch(package, path)
    content = path.read_bytes()
    digest = base64.b64encode(hashlib.sha512(content).digest()).decode()
    if f"sha512-{digest}" != package.integrity:
        raise InputError(
            f"{path}: is not {package.name} {package.version} as npm published it; delete it"
        )
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as archive:
        return {
            member.name: file.read()
            for member in archive
            if (file := archive.extractfile(member)) is not None
        }


def _fetch(package: Package, path: Path) -> None:
    """Gets an archive by npm, from whatever registry npm is set up for."""
    wanted = f"{package.name}@{package.version}"
    by_hand = f"or put {package.archive} of {wanted} into {path.parent}"
    npm = shutil.which("npm")
    if npm is None:
        raise InputError(f"--web: the page runs on {wanted}: install npm (Node.js), {by_hand}")
    with tempfile.TemporaryDirectory() as folder:
        command = [npm, "pack", wanted, "--silent", "--pack-destination", folder]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE)
            reason = done.stderr.strip().splitlines()[:1] if done.returncode else []
        except subprocess.TimeoutExpired:
            reason = [f"no answer within {_PATIENCE} s"]
        fetched = Path(folder) / package.archive
        if reason or not fetched.is_file():
            why = reason[0] if reason else "npm gave no such archive"
            raise InputError(f"--web: npm cannot fetch {wanted} ({why}); {by_hand}")
        with atomic_file(path) as temporary:
            shutil.copyfile(fetched, temporary)


def _without_map(content: bytes) -> str:
    """A script without the reference to its map, which is not served."""
    return content.decode("utf-8").partition("//# sourceMappingURL=")[0].rstrip() + "\n"
