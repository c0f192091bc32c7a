"""What the benchmarks found: kept in the package, so that every list can show it.

`benchmark.json` is written by `scripts/benchmark_networks.py`: networks after the same number of
steps on true pairs. `methods.json` holds the last steps of `scripts/benchmark_quality.py`: recipes
with one network.
"""

from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from tfisp.errors import InputError
from tfisp.files import read_json

NETWORKS, METHODS = "benchmark.json", "methods.json"


@dataclass(frozen=True)
class Results:
    """Figures on held-out scenes.

    Attributes:
        budget: What every network was trained with.
        networks: Network -> measure -> mean over the scenes.
        setting: What every method was measured with.
        methods: Recipe -> measure -> mean over scenes and seeds, with `steps` and `seeds`.
    """

    budget: dict[str, Any]
    networks: dict[str, dict[str, float]]
    setting: dict[str, Any]
    methods: dict[str, dict[str, Any]]

    @classmethod
    def kept(cls) -> "Results":
        """Those that come with the package."""
        folder = Path(str(resources.files("tfisp.surveying")))
        return cls.read(folder / NETWORKS, folder / METHODS)

    @classmethod
    def read(cls, networks: Path, methods: Path) -> "Results":
        """Those of two files.

        Raises:
            InputError: one is missing, or is not what a benchmark writes.
        """
        found = []
        for path, keys in ((networks, ("budget", "networks")), (methods, ("setting", "methods"))):
            content = read_json(path)
            if not isinstance(content, dict) or any(key not in content for key in keys):
                raise InputError(
                    f"{path}: expected the results of a benchmark, {' and '.join(keys)}"
                )
            found += [content[key] for key in keys]
        return cls(*found)
