"""Measuring renderers on pairs whose true picture is known.

Pictures are rendered as `tfisp.process` renders them, whole and rounded to 8 bits, so the numbers
are those of the files a user would get.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from tfisp import metrics
from tfisp.data.bad_files import BadFiles
from tfisp.data.raw_patches import Pairs
from tfisp.demosaic import reference
from tfisp.errors import InputError
from tfisp.metrics.report import Score
from tfisp.rendering.renderer import Renderer
from tfisp.rendering.runtime import to_8bit

REFERENCE, TRUTH = "demosaic", "truth"


@dataclass
class Evaluation:
    """What was measured.

    Attributes:
        scores: One per picture and model, picture by picture.
        columns: For `pictures.strip`: name -> uint8 pictures of the first pairs: the reference
            rendering, each model, the truth.
    """

    scores: list[Score] = field(default_factory=list)
    columns: dict[str, list[np.ndarray]] = field(default_factory=dict)


def evaluate(
    renderers: Mapping[str, Renderer],
    pairs: Pairs,
    measures: Sequence[str],
    bad_files: BadFiles,
    *,
    images: int | None = None,
    pictures: int = 0,
    method: str = "menon2007",
    truncate: bool = False,
    weights: Mapping[str, str | None] | None = None,
    progress: Callable[[int, int, str], None] | None = None,
) -> Evaluation:
    """Renders pairs with each model and measures the results.

    Args:
        renderers: Name -> renderer.
        pairs: With their true pictures.
        measures: Names of `tfisp.metrics`.
        bad_files: Receives pairs that cannot be read.
        images: How many pairs at the most; None for all.
        pictures: Of how many, from the first on, to keep the pictures.
        method: How the reference rendering of those is demosaicked.
        truncate: Cut the models' pictures off to 8 bits instead of rounding them.
        weights: For measures that need them, see `tfisp.metrics.compute`.
        progress: Called as progress(done, total, what).

    Raises:
        InputError: a pair cannot be read (unless bad files are skipped), none can, or a measure's
            weights are missing.
    """
    found = Evaluation(columns={name: [] for name in (REFERENCE, *renderers, TRUTH)})
    count = len(pairs) if images is None else min(images, len(pairs))
    for index in range(count):
        try:
            mosaic, sensor, capture, truth = pairs.read_mosaic(index)
        except InputError as error:
            bad_files.report(pairs.frames[index].path, error)
            continue
        # The true picture lies as the mosaic does; only process turns pictures upright.
        capture = replace(capture, orientation=1)
        keep = index < pictures
        if keep:
            plain = reference(mosaic, sensor, capture, method)
            found.columns[REFERENCE].append(to_8bit(plain))
            found.columns[TRUTH].append(to_8bit(truth))
        for name, renderer in renderers.items():
            if truncate:
                picture = to_8bit(renderer.render(mosaic, sensor, capture), truncate=True)
            else:
                picture = renderer.render_8bit(mosaic, sensor, capture)
            values = metrics.compute(measures, picture / np.float32(255), truth, weights)
            found.scores.append(Score(name, pairs.name(index), values))
            if keep:
                found.columns[name].append(picture)
        if progress:
            progress(index + 1, count, "pictures measured")
    if not found.scores:
        raise InputError(f"none of the {count} pairs can be read")
    return found
