"""The pictures of a run, for its page: the same scenes before, after and on the way."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tfisp.data.images import read_photograph
from tfisp.evaluating.gallery import WHOLE, histogram
from tfisp.training.preview import REFERENCE, SINGLE, TARGET, TRUTH

# Of the steps that were drawn, so many can be chosen on the page at the most.
SHOWN = 12


def viewer_data(pictures: Path, stages: Sequence[int]) -> dict[str, Any]:
    """What `viewer.js` reads: views, and the files of each scene.

    Args:
        pictures: The folder `RUN/pictures`.
        stages: Steps of the whole run after which a stage began or ended: they are among those
            shown.
    """
    scenes = _scenes(pictures / SINGLE)
    common = set.intersection(*map(set, scenes.values())) if scenes else set()
    steps = _chosen(sorted(int(v.removeprefix("step-")) for v in common if "step-" in v), stages)
    views = {f"after step {step}": f"step-{step:06d}" for step in steps[::-1]}
    views |= {view: view for view in (REFERENCE, TRUTH, TARGET) if view in common}
    return {
        "views": list(views),
        "systems": [{"name": f"after step {steps[0]}"}] if steps else [],
        "measures": [],
        "folder": f"{pictures.name}/{SINGLE}",
        "whole": WHOLE,
        "images": [
            _image(number, [files[view] for view in views.values()])
            for number, files in sorted(scenes.items())
            if steps
        ],
    }


def _scenes(folder: Path) -> dict[int, dict[str, Path]]:
    """Number of a scene -> view -> file."""
    found: dict[int, dict[str, Path]] = {}
    for path in sorted(folder.glob("scene-*.png")):
        if match := re.fullmatch(r"scene-(\d+)-(step-\d+|[a-z]+)", path.stem):
            found.setdefault(int(match[1]), {})[match[2]] = path
    return found


def _chosen(steps: Sequence[int], stages: Sequence[int]) -> list[int]:
    """The first and last step, those at which stages end, and some that lie evenly between."""
    if not steps:
        return []
    kept = {steps[0], steps[-1], *(step for step in steps if step in stages)}
    free = max(SHOWN - len(kept), 0)
    places = np.linspace(0, len(steps) - 1, free + 2).astype(int).tolist()
    return sorted(kept | {steps[place] for place in places})


def _image(number: int, files: Sequence[Path]) -> dict[str, Any]:
    """A scene: its files and their histograms, view by view."""
    pictures = [read_photograph(file) for file in files]
    return {
        "name": f"scene {number}",
        "size": list(pictures[0].shape[:2]),
        "values": [[]],
        "gains": None,
        "pictures": [file.name for file in files],
        "histograms": [histogram(picture) for picture in pictures],
    }
