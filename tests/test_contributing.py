"""What CONTRIBUTING.md tells to do works as it stands there, and constraints.txt fits pyproject."""

import ast
import re
import sys
import tomllib
import types
from pathlib import Path

import cv2
import numpy as np
import pytest
import tensorflow as tf
from packaging.requirements import Requirement

from tests.helpers.data_files import counts, scene
from tfisp import data, losses, models
from tfisp.data.config import DataConfig
from tfisp.data.registry import DATASETS
from tfisp.models import registry
from tfisp.training import objectives
from tfisp.training.specification import ObjectiveSpec, Recipe

ROOT = Path(__file__).resolve().parents[1]


def blocks():
    """File named in a block's first line -> the block."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    found = re.findall(r"```python\n# (\S+)\n(.*?)```", text, re.DOTALL)
    return dict(found)


def test_every_recipe_has_its_ten_lines_and_names_files_that_are_there():
    for name, block in blocks().items():
        assert len(block.strip().splitlines()) <= 11, name
        assert (ROOT / name).parent.is_dir(), name
    assert {Path(name).name for name in blocks()} == {
        "tiny_isp.py",
        "registry.py",
        "pixel.py",
        "objectives.py",
        "mine.py",
    }


def imports(path):
    """The members of `tfisp` that a file imports, wherever it does."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "tfisp":
            inside = node.module.split(".")[1:]
            found |= {inside[0]} if inside else {name.name for name in node.names}
    return found


def test_no_import_runs_up_in_the_drawing_of_the_structure():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    drawing = re.search(r"```\n(programs .*?)```", text, re.DOTALL)[1]
    members = {path.stem for path in (ROOT / "tfisp").iterdir()} - {"__init__", "py"}
    floor = {
        word: level
        for level, line in enumerate(drawing.splitlines())
        for word in line[15:].replace(",", "").split()
        if word in members
    }
    assert floor.keys() == {name for name in members if not name.startswith("__")}
    for path in (ROOT / "tfisp").rglob("*.py"):
        own = path.relative_to(ROOT / "tfisp").parts[0].removesuffix(".py")
        for name in imports(path) & floor.keys():
            assert own == "__init__" or floor[own] <= floor[name], f"{path}: imports {name}"


def test_a_generator_is_added(monkeypatch):
    module = types.ModuleType("tfisp.models.tiny_isp")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    exec(blocks()["tfisp/models/tiny_isp.py"], vars(module))
    ((name, entry),) = eval(blocks()["tfisp/models/registry.py"]).items()
    monkeypatch.setitem(registry.GENERATORS, name, entry)
    generator = models.create("tiny_isp", seed=1)
    # Two 3x3 layers of four channels and one of twelve, with biases.
    assert generator.count_params() == (36 * 4 + 4) + (36 * 4 + 4) + (36 * 12 + 12)
    assert generator(tf.zeros([1, 8, 10, 4])).shape == (1, 16, 20, 3)
    assert registry.name_of(generator) == "tiny_isp"


def test_a_loss_is_added(monkeypatch):
    space = {**vars(losses.pixel), **vars(objectives)}
    exec(blocks()["tfisp/losses/pixel.py"], space)
    ((name, maker),) = eval(blocks()["tfisp/training/objectives.py"], space).items()
    monkeypatch.setitem(objectives.LOSSES, name, maker)
    spec = ObjectiveSpec("log_l1", "log_l1", compares="target", weight=0.5)
    (objective,) = objectives.make_objectives(Recipe("one", (spec,)))
    x, y = (np.full((2, 4, 4, 3), value, np.float32) for value in (0.2, 0.5))
    found = objective.loss(objectives.Sides(x, {}, y))
    np.testing.assert_allclose(found, [abs(np.log(0.21 / 0.51))] * 2, rtol=1e-5)


def test_a_data_set_is_added(monkeypatch, tmp_path):
    from tfisp.data import builder, images, listing, patches

    module = types.ModuleType("tfisp.data.mine")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    for known in (builder, images, listing, patches):
        vars(module).update({k: v for k, v in vars(known).items() if not k.startswith("__")})
    exec(blocks()["tfisp/data/mine.py"], vars(module))
    kinds = eval(blocks()["tfisp/data/registry.py"], {**vars(data.registry)})
    for name, kind in kinds.items():
        monkeypatch.setitem(DATASETS, name, kind)
    for index in range(3):
        for folder, picture in (("raw", counts(16, 16, seed=index)), ("rgb", scene(16, 16, index))):
            (tmp_path / folder).mkdir(exist_ok=True)
            assert cv2.imwrite(str(tmp_path / folder / f"{index}.png"), picture)
    config = DataConfig("mine", raw_dir=str(tmp_path), cache_dir=str(tmp_path / "cache"))
    dataset = data.open_dataset(config)
    assert len(dataset.raw) == 3
    raw, reference, target = dataset.raw.read_pair(0, (0,))
    assert raw.shape == (8, 8, 4)
    assert reference.shape == target.shape == (16, 16, 3)


def declared():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"].values()
    lines = [*project["dependencies"], *(line for extra in extras for line in extra)]
    return [Requirement(line) for line in lines if not line.startswith("tfisp")]


def canonical(name):
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize("requirement", declared(), ids=str)
def test_every_dependency_is_pinned_to_a_version_that_is_allowed(requirement):
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = dict(line.split("==") for line in lines if not line.startswith("#"))
    pinned = {canonical(name): version for name, version in pins.items()}
    assert requirement.specifier.contains(pinned[canonical(requirement.name)])


# Packages whose modules have other names.
DISTRIBUTIONS = {"absl": "absl-py", "cv2": "opencv-python-headless", "PIL": "pillow"}


def test_what_modules_import_on_top_comes_with_a_plain_installation():
    """Extras are imported where they are needed, with a word on how to get them."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    plain = {Requirement(text).name.replace("-", "_") for text in project["dependencies"]}
    # Keras brings h5py, TensorFlow the rest of what it needs; these are used directly.
    plain |= {"h5py"}
    for path in (ROOT / "tfisp").rglob("*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module]
            for name in (
                {name.split(".")[0] for name in names} - sys.stdlib_module_names - {"tfisp"}
            ):
                known = DISTRIBUTIONS.get(name, name).replace("-", "_")
                assert known in plain, f"{path}: {name}"
