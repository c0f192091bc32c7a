"""docs/EXTENDING.md: its module and its commands, run in the order in which they stand there."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.helpers.data_files import counts, scene
from tests.helpers.page_code import commands, files

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[1]
SIDE = 64


def python(folder, *words, **settings):
    """A finished process of Python in that folder, which finds tfisp and the folder's modules."""
    where = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    environment = os.environ | {
        "PYTHONPATH": where,
        "TFISP_CACHE": str(folder / "cache"),
        "TFISP_SOFTWARE_GPU": "",
    }
    return subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        **settings,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The page's modules, and data as its data set wants them."""
    folder = tmp_path_factory.mktemp("extending")
    for name, code in files("EXTENDING.md").items():
        (folder / name).write_text(code)
    for index in range(6):
        raw, picture = counts(SIDE, SIDE, seed=index), scene(SIDE, SIDE, index)
        for part, image in (("raw", raw), ("rgb", picture)):
            (folder / "DATA" / part).mkdir(parents=True, exist_ok=True)
            assert cv2.imwrite(str(folder / "DATA" / part / f"{index}.png"), image)
    return folder


@pytest.fixture(scope="module")
def done(folder):
    """Program -> its finished process; all succeed."""
    found = {}
    for words in commands("EXTENDING.md"):
        assert words[:2] == ["python", "-m"]
        found[words[2]] = process = python(folder, *words[1:])
        assert process.returncode == 0, f"{words}: {process.stderr}"
    return found


def test_the_run_was_trained_by_what_the_module_registers(folder, done):
    lines = (folder / "RUN" / "metrics.jsonl").read_text().splitlines()
    logged = {name for line in lines for name in json.loads(line)}
    assert {"loss/mse", "loss/edges", "critic/adv_edges/adversarial"} <= logged
    # Two 3x3 layers, of 8 and of 12 channels, with biases.
    parameters = (36 * 8 + 8) + (72 * 12 + 12)
    assert f"{parameters:,} parameters" in (folder / "RUN" / "export" / "report.md").read_text()


def test_the_run_says_which_module_it_needs(folder, done):
    assert json.loads((folder / "RUN" / "run.json").read_text())["imports"] == ["my_isp"]
    digest = hashlib.sha256((folder / "my_isp.py").read_bytes()).hexdigest()
    versions = json.loads((folder / "RUN" / "versions.json").read_text())
    assert versions["imports"] == {"my_isp": f"{folder / 'my_isp.py'}, sha256 {digest}"}
    assert json.loads((folder / "RUN" / "model" / "config.json").read_text())["module"] == "my_isp"


def test_every_raw_file_is_rendered_and_the_held_out_pair_measured(folder, done):
    for index in range(6):
        assert cv2.imread(str(folder / "PICTURES" / f"{index}.png")).shape == (SIDE, SIDE, 3)
    summary = json.loads((folder / "REPORT" / "summary.json").read_text())
    assert summary["images"] == 1 and list(summary["systems"]) == ["RUN"]


def test_python_saves_loads_and_renders(folder, done):
    check = "\nimport numpy\nnumpy.save('picture.npy', picture)"
    process = python(folder, "-c", (folder / "use.py").read_text() + check)
    assert process.returncode == 0, process.stderr
    picture = np.load(folder / "picture.npy")
    assert picture.dtype == np.uint8 and picture.shape == (SIDE, SIDE, 3)
    config = json.loads((folder / "PRESET" / "config.json").read_text())
    assert config["model"] == "tiny_isp" and config["config"]["width"] == 4


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["tfisp.export", "--model=RUN", "--output=OTHER"],
            "RUN/model/config.json: the generator tiny_isp is not tfisp's own but defined in"
            " my_isp; if you trust that code, import it first (--imports=my_isp)",
        ),
        (
            ["tfisp.train", "--model=tiny_isp", "--data=beside", "--work_dir=RUN"],
            "--work_dir=RUN: its run was begun with --imports=my_isp, says run.json; give it again"
            " if you trust that code",
        ),
    ],
    ids=["export", "train"],
)
def test_without_the_module_one_line_names_it(folder, done, words, message):
    process = python(folder, "-m", *words)
    assert process.returncode == 1
    assert process.stderr.splitlines() == [f"{words[0]}: error: {message}"]


def test_the_page_says_of_every_call_what_there_is():
    """Each call of its table is made in its module."""
    table = (ROOT / "docs" / "EXTENDING.md").read_text().split("| part |")[1].split("\n\n")[0]
    calls = [line.split("`")[1].partition("(")[0] for line in table.splitlines()[2:]]
    assert len(calls) == 5
    for call in calls:
        assert f"\n{call}(" in files("EXTENDING.md")["my_isp.py"]
