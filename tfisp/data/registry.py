"""The kinds of data set by name, and what each one's files are known to be.

Opening one imports its module; this table imports nothing, so that `--help` can list it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tfisp import naming
from tfisp.contract import AS_SHOT, PUBLISHED, Contract

if TYPE_CHECKING:
    from tfisp.data.base import Dataset, Progress
    from tfisp.data.config import DataConfig

    Opener = Callable[[DataConfig, Progress | None], Dataset]


@dataclass(frozen=True)
class Kind:
    """What is known about a kind of data set before a folder of it is seen.

    Attributes:
        opener: What opens it, a function of a `DataConfig` and of something to tell progress; or
            the module of `tfisp.data` whose `open_dataset` that is.
        about: One line for `--help`: what `--raw_dir` is expected to hold.
        sensor: Name of its sensor in `tfisp.SENSORS`; None where every file states its own.
        contract: What a generator trained on it expects at its input.
        patch_size: Side of its patches in samples, the default of `--patch_size`.
        paired: Whether its RAW files to train on have photographs of their own scenes.
        own_targets: Whether photographs of the wanted look lie in it, so that `--target_dir` is not
            needed.
    """

    opener: "str | Opener"
    about: str
    sensor: str | None
    contract: Contract
    patch_size: int
    paired: bool
    own_targets: bool


DATASETS: dict[str, Kind] = {
    "zrr": Kind(
        "patches",
        "Zurich RAW-to-RGB: {train,test}/huawei_raw/*.png beside canon/*.jpg",
        "zrr",
        PUBLISHED,
        448,
        paired=True,
        own_targets=True,
    ),
    # The released generators take UltraISP's 12-bit values with the 10-bit levels, unscaled; the
    # reference rendering needs the levels that are true: hence the sensor and the contract differ.
    "ultraisp": Kind(
        "patches",
        "Fujifilm UltraISP: {train,val,test}/mediatek_raw/*.png beside fujifilm/*.png",
        "ultraisp",
        PUBLISHED,
        256,
        paired=True,
        own_targets=True,
    ),
    "ntire26": Kind(
        "ntire26",
        "NTIRE 2026 unpaired ISP: train/raws/*.npy (packed) and train/jpegs",
        "ntire26",
        Contract(),
        256,
        paired=False,
        own_targets=True,
    ),
    "folders": Kind(
        "folders",
        "RAW files of any supported kind, in any sub-folder; photographs in --target_dir",
        None,
        AS_SHOT,
        256,
        paired=False,
        own_targets=False,
    ),
    "pairs": Kind(
        "pairs",
        "RAW files of any supported kind; --target_dir holds a picture of each by the same name",
        None,
        AS_SHOT,
        256,
        paired=True,
        own_targets=True,
    ),
    "prepared": Kind(
        "prepared",
        "patches that tfisp.prepare has written, in --data_dir",
        None,
        AS_SHOT,
        256,
        paired=False,
        own_targets=True,
    ),
    "unprocessed": Kind(
        "unprocessed",
        "photographs that are turned into RAW; `skimage:` for the scenes in scikit-image",
        "demo",
        AS_SHOT,
        128,
        paired=True,
        own_targets=True,
    ),
}


def register(name: str, kind: Kind) -> None:
    """Makes a kind of data set of your own known by name: to `open_dataset` and `--data`.

        tfisp.data.register("mine", Kind(open_mine, "raw/*.png beside rgb/*", "zrr", ...))

    Args:
        name: Letters, digits and underscores.
        kind: What is known about it, and the function that opens it.

    Raises:
        InputError: if the name is taken.
    """
    naming.register("data set", name, kind, DATASETS)


def names() -> list[str]:
    """Names of all kinds of data set."""
    return list(DATASETS)
