"""LiteRT.js comes from npm once, is checked, and each way to fail has its line."""

import hashlib
import io
import stat
import tarfile
from base64 import b64encode

import pytest

from tfisp.browser import runtime_files
from tfisp.browser.runtime_files import write_runtime
from tfisp.errors import InputError

FILES = {
    "core": {
        "dist/index.js": b'import { createWasmLib } from "@litertjs/wasm-utils";\n'
        b"//# sourceMappingURL=index.js.map",
        **{
            f"wasm/{name}{end}": name.encode()
            for name in runtime_files._VARIANTS
            for end in (".js", ".wasm")
        },
    },
    "wasm-utils": {"dist/index.js": b"export const createWasmLib = 1;\n"},
}


@pytest.fixture
def registry(tmp_path, monkeypatch):
    """Small archives under the real names, and an `npm` that copies them from a folder."""
    folder = tmp_path / "registry"
    folder.mkdir()
    for attribute in ("CORE", "WASM_UTILS"):
        package = getattr(runtime_files, attribute)
        with tarfile.open(folder / package.archive, "w:gz") as archive:
            for name, content in FILES[package.name.split("/")[1]].items():
                member = tarfile.TarInfo(f"package/{name}")
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
        digest = hashlib.sha512((folder / package.archive).read_bytes()).digest()
        integrity = f"sha512-{b64encode(digest).decode()}"
        monkeypatch.setattr(runtime_files, attribute, package._replace(integrity=integrity))
    npm = tmp_path / "bin" / "npm"
    npm.parent.mkdir()
    # npm pack NAME@VERSION --silent --pack-destination FOLDER
    npm.write_text(
        "#!/bin/sh\n"
        f'file=$(echo "$2" | sed "s,@litertjs/,litertjs-,; s,@,-,").tgz\n'
        f'cp "{folder}/$file" "$5/" 2>/dev/null || {{ echo "no route to registry" >&2; exit 1; }}\n'
    )
    npm.chmod(npm.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{npm.parent}:/usr/bin:/bin")
    monkeypatch.setenv("TFISP_CACHE", str(tmp_path / "cache"))
    return folder


def test_it_is_fetched_once_and_made_to_be_found_by_address(registry, tmp_path):
    write_runtime(tmp_path / "first")
    for archive in registry.iterdir():
        archive.unlink()
    write_runtime(tmp_path / "second")
    for folder in (tmp_path / "first", tmp_path / "second"):
        core = (folder / "core.js").read_text()
        assert '"./wasm_utils.js"' in core and "@litertjs" not in core and "Mapping" not in core
        assert (folder / "wasm_utils.js").read_text() == "export const createWasmLib = 1;\n"
        assert len(list((folder / "wasm").iterdir())) == 8


def test_no_network_is_told_in_one_line(registry, tmp_path):
    next(registry.glob("*core*")).unlink()
    with pytest.raises(
        InputError, match=r"npm cannot fetch @litertjs/core@2.5.3 \(no route to reg"
    ) as e:
        write_runtime(tmp_path / "site")
    assert "\n" not in str(e.value) and str(tmp_path / "cache" / "web") in str(e.value)


def test_no_npm_is_told_in_one_line(registry, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match="install npm"):
        write_runtime(tmp_path / "site")


def test_other_bytes_than_the_pinned_are_refused(registry, tmp_path):
    core = next(registry.glob("*core*"))
    core.write_bytes(core.read_bytes() + b"\0")
    with pytest.raises(InputError, match=r"core-2.5.3.tgz: is not @litertjs/core 2.5.3 as npm"):
        write_runtime(tmp_path / "site")
