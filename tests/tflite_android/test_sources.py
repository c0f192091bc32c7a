"""What docs/PHONE.md quotes stands in the files, and the files compile."""

import re
import shutil
import subprocess
import textwrap
from pathlib import Path

import pytest

from tests.tflite_android.phone import FLAGS, HERE, SOURCES, compiler

PAGE = SOURCES.parents[1] / "docs" / "PHONE.md"
SUFFIXES = {"kotlin": (".kt",), "cpp": (".h", ".cc"), "cmake": (".txt",)}


def excerpts():
    """(language, text) of every fenced block of the page."""
    return re.findall(r"^```(\w+)\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.M | re.S)


def test_the_page_quotes_kotlin_cpp_and_cmake():
    assert {language for language, _ in excerpts()} == set(SUFFIXES)


@pytest.mark.parametrize("language, text", excerpts())
def test_an_excerpt_is_a_run_of_lines_of_a_file(language, text):
    files = [path for path in SOURCES.iterdir() if path.suffix in SUFFIXES[language]]
    assert any(text in path.read_text(encoding="utf-8") for path in files), textwrap.shorten(
        text, 80
    )


def test_every_file_is_introduced_and_every_link_leads_somewhere():
    page = PAGE.read_text(encoding="utf-8")
    for path in SOURCES.iterdir():
        assert f"(../tflite/android/{path.name})" in page
    for target in re.findall(r"\]\((\.\./[^)#]+)\)", page):
        assert (PAGE.parent / target).exists(), target


def test_the_network_compiles_against_the_c_api():
    syntax_only("tflite_network.h")


def test_the_bridge_to_kotlin_compiles_and_has_kotlins_methods():
    javac = shutil.which("javac")
    if not javac:
        pytest.skip("needs a Java development kit, which is not here")
    include = Path(javac).resolve().parents[1] / "include"
    syntax_only("render_jni.cc", f"-I{include}", f"-I{include / 'linux'}")
    kotlin = (SOURCES / "Renderer.kt").read_text()
    methods = re.findall(r"external fun (\w+)\(([^)]*)\)", kotlin)
    native = (SOURCES / "render_jni.cc").read_text()
    for name, parameters in methods:
        declared = re.search(rf"Java_tfisp_Native_{name}\(([^)]*)\)", native).group(1)
        assert len(declared.split(",")) - 2 == len(re.findall(r"\w+:", parameters)), name


def syntax_only(name, *flags):
    """Compiles a file without an output."""
    command = [compiler(), *FLAGS, "-fsyntax-only", f"-I{SOURCES}", f"-I{HERE / 'include'}"]
    subprocess.run([*command, *flags, "-x", "c++", str(SOURCES / name)], check=True)
