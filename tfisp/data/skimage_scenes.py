"""The colour photographs inside scikit-image's wheel: a data set that needs no download.

Five of the pictures in `skimage/data` are photographs of ordinary scenes in colour and not too
small: https://scikit-image.org/docs/stable/api/skimage.data.html says who took each of them.
"""

import importlib.util
from pathlib import Path

from tfisp.errors import InputError

# What `--raw_dir` says to mean them.
SKIMAGE = "skimage:"

# Role by scene, so that no scene is seen in two. There are too few for a validation split.
_SCENES = {
    "source": ("coffee.png", "rocket.jpg"),
    "target": ("chelsea.png", "motorcycle_left.png"),
    "test": ("astronaut.png",),
}


def skimage_scenes() -> tuple[Path, dict[str, list[Path]]]:
    """The folder they lie in, and the files of each role.

    Raises:
        InputError: If scikit-image is not installed, or without its pictures.
    """
    found = importlib.util.find_spec("skimage")
    if found is None or not found.origin:
        raise InputError(
            f"--raw_dir={SKIMAGE}: scikit-image is not installed: pip install 'tfisp[demo]'"
        )
    folder = Path(found.origin).parent / "data"
    roles = {role: [folder / name for name in names] for role, names in _SCENES.items()}
    for path in (path for paths in roles.values() for path in paths):
        if not path.exists():
            raise InputError(f"--raw_dir={SKIMAGE}: this scikit-image comes without {path}")
    return folder, roles
