"""Which data a run works on, as one frozen value that can be written down and compared."""

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from tfisp.contract import Contract
from tfisp.conversions import BAYER_ONLY, QUAD_BAYER, Conversions
from tfisp.data.registry import DATASETS, Kind
from tfisp.errors import InputError
from tfisp.looks.cube import Cube, read_cube
from tfisp.naming import choose
from tfisp.rawfiles.gainmap import gain_map_of_flag
from tfisp.sensor import Gains, Sensor, get_sensor, smallest_one

if TYPE_CHECKING:
    from tfisp.data.measured_camera import MeasuredCamera

ON_BAD_FILE = ("stop", "skip")
AUGMENT = ("none", "flip")
PLACEMENT = ("random", "fixed")
METADATA = ("recorded", "withheld")

# Shot noise as a share of full scale beyond which a picture is nothing but noise.
_MOST_NOISE = 0.1


@dataclass(frozen=True)
class DataConfig:
    """Where batches come from. Two equal configurations on equal files give equal batches.

    Attributes:
        name: Kind of data set, one of `tfisp.data.names()`.
        raw_dir: Folder that holds it, or only its RAW files (`folders`, `pairs`).
        data_dir: Folder of patches that `tfisp.prepare` has written (`prepared`), instead of
            `raw_dir`.
        target_dir: Folder of photographs of the wanted look. Needed by unpaired training on
            `folders`, and by `pairs` for its pictures; elsewhere it takes the place of the data
            set's own targets.
        splits: JSON file that says which photograph plays which role (`unprocessed`): lists of
            paths, relative to the file, under "source", "target", "val" and "test".
        edited_dir: Folder of edited versions of the photographs, at the same relative paths with
            any suffix, which take their place as truths and targets (`unprocessed`).
        sensor: Name of a sensor, or path of a JSON file with one, instead of the data set's own
            and instead of what RAW files state; or a RAW file or a folder of them, whose camera
            `unprocessed` simulates (`tfisp.data.measured_camera`).
        contract: Input contract of the generator to feed, where it is not the data set's own.
        patch_size: Side of a training patch, even; None takes the data set's own.
        reference: Demosaicing method of the reference rendering; or "published", which makes the
            whole of it as the paper's published code does.
        cache_dir: Where references and decoded frames are kept; None: see `tfisp.data.cache`.
        cache_gb: How many gigabytes they may take; None for as many as there are.
        on_bad_file: "stop" at the first unusable file, or "skip" it and go on.
        misaligned: Share of the training pairs of `zrr` and `ultraisp` to leave out, those that are
            shifted most (`tfisp.data.alignment`), before splits are drawn; None for none.
        seed: Of every choice made here once: splits, noise, illuminants. The order of batches has
            its own (`tfisp.data.pipeline.batches`).
        augment: "none" as in the paper, or "flip": mirrored left to right half of the time, which
            needs files larger than the patch by two samples.
        placement: Where in its cell of a larger file a patch lies: "random", somewhere else each
            time, or "fixed", so that every epoch shows the same patches (`tfisp.data.crops`).
        reduce: Whole factor, at least 2, by which `unprocessed` reduces photographs. Larger is
            cleaner (a photograph has been demosaiced and compressed) and smaller.
        illuminant: White balance of the captures that `unprocessed` makes: "random" for each
            photograph, "default" for the sensor's own gains, or three numbers "R,G,B".
        noise: Noise of those captures: "none", "random" for each photograph, or the shot noise as a
            number; the read noise follows from it.
        metadata: "recorded": those captures state their white balance and colour matrix.
            "withheld": they state neither, as ZRR's and UltraISP's; the reference then has wrong
            colours, and finding the right ones is left to training.
        look: A `.cube` file that all photographs of `unprocessed`, as truths and as targets, pass
            through: the look to be learnt. RAW and reference stay those of the photograph itself.
        gain_map: `.npy` file of lens shading gains for RAW files that state none
            (`tfisp.rawfiles.gainmap.read_gain_map`), where files state their own sensor.
        linear_dng: Whether LinearDNGs are taken and remosaicked.
        quad_bayer: How quad-Bayer frames become Bayer, "bin" or "remosaic"; None refuses them.
        val_pairs: Folder of RAW files with their pictures beside them, by the same names, to
            validate training on `folders` or `prepared` with.

    Raises:
        InputError: On construction, naming the flag, for a value that cannot be.
    """

    name: str
    raw_dir: str | None = None
    data_dir: str | None = None
    target_dir: str | None = None
    splits: str | None = None
    edited_dir: str | None = None
    sensor: str | None = None
    contract: Contract | None = None
    patch_size: int | None = None
    reference: str = "menon2007"
    cache_dir: str | None = None
    cache_gb: float | None = None
    on_bad_file: str = "stop"
    misaligned: float | None = None
    seed: int = 0
    augment: str = "none"
    placement: str = "random"
    reduce: int = 2
    illuminant: str = "random"
    noise: str = "random"
    metadata: str = "recorded"
    look: str | None = None
    gain_map: str | None = None
    linear_dng: bool = False
    quad_bayer: str | None = None
    val_pairs: str | None = None

    def __post_init__(self) -> None:
        from tfisp.demosaic import REFERENCES  # not needed to list flags, and OpenCV takes its time

        choose("--data", self.name, DATASETS)
        choose("--reference", self.reference, REFERENCES)
        choose("--on_bad_file", self.on_bad_file, ON_BAD_FILE)
        choose("--augment", self.augment, AUGMENT)
        choose("--placement", self.placement, PLACEMENT)
        choose("--metadata", self.metadata, METADATA)
        if self.quad_bayer is not None:
            choose("--quad_bayer", self.quad_bayer, QUAD_BAYER)
        side = self.resolved_patch_size()
        object.__setattr__(self, "patch_size", side)  # so that equal runs are equal
        if side < 2 or side % 2:
            raise InputError(
                f"--patch_size={side}: must be even and at least 2, for a patch is made "
                "of whole 2x2 cells"
            )
        if self.reduce < 2:
            raise InputError(
                f"--reduce={self.reduce}: must be at least 2, or the interpolation of the camera "
                "that took the photograph would pass for detail"
            )
        if self.seed < 0:
            raise InputError(f"--data_seed={self.seed}: must be at least 0")
        if self.misaligned is not None:
            self._check_misaligned(self.misaligned)
        if self.look and self.name != "unprocessed":
            raise InputError(
                f"--look={self.look}: only --data=unprocessed gives photographs a look"
            )
        if self.name == "pairs" and not self.target_dir:
            raise InputError("--target_dir: not given; --data=pairs finds the pictures there")
        if self.val_pairs and self.name not in ("folders", "prepared"):
            raise InputError(
                f"--val_pairs={self.val_pairs}: only for --data=folders and --data=prepared, which"
                " have no pairs themselves"
            )
        self._check_prepared()
        if self.kind.sensor is not None:
            self._check_patches()
        self.illuminant_gains()
        self.shot_noise()

    def _check_patches(self) -> None:
        """Refuses what only files can have that state their own sensor."""
        if self.gain_map:
            raise InputError(
                f"--gain_map={self.gain_map}: --data={self.name} has no lens shading, only data "
                "whose files state their own sensor"
            )
        if self.conversions != BAYER_ONLY:
            flag = "linear_dng" if self.linear_dng else f"quad_bayer={self.quad_bayer}"
            raise InputError(f"--{flag}: --data={self.name} holds Bayer patches")

    @property
    def conversions(self) -> Conversions:
        """Which frames besides Bayer's are taken, and how."""
        return Conversions(self.linear_dng, self.quad_bayer)

    def _check_prepared(self) -> None:
        if self.name != "prepared":
            if self.data_dir:
                raise InputError(
                    f"--data_dir={self.data_dir}: only for --data=prepared; --data={self.name}"
                    " reads --raw_dir"
                )
            return
        for flag in ("raw_dir", "sensor", "gain_map", "linear_dng", "quad_bayer"):
            if value := getattr(self, flag):
                given = flag if value is True else f"{flag}={value}"
                raise InputError(
                    f"--{given}: --data=prepared takes all of RAW patches from --data_dir; give it"
                    " to tfisp.prepare"
                )

    def _check_misaligned(self, share: float) -> None:
        if self.kind.opener != "patches":
            raise InputError(
                f"--misaligned={share:g}: --data={self.name} has no training pairs to compare; only"
                " zrr and ultraisp have"
            )
        if not 0 <= share < 1:
            raise InputError(f"--misaligned={share:g}: must be at least 0 and below 1")

    @property
    def source(self) -> tuple[str, str | None]:
        """The flag that names the folder of RAW files or patches, and its value."""
        return ("data_dir", self.data_dir) if self.name == "prepared" else ("raw_dir", self.raw_dir)

    @property
    def kind(self) -> Kind:
        """What is known about this kind of data set."""
        return DATASETS[self.name]

    def resolved_patch_size(self) -> int:
        """Side of a training patch."""
        return self.kind.patch_size if self.patch_size is None else self.patch_size

    def resolved_contract(self) -> Contract:
        """The contract to prepare RAW for."""
        if self.contract is not None:
            return self.contract
        if self.name == "unprocessed" and self.metadata == "withheld":
            return Contract(companding="sqrt")  # no white balance is stated, so none can be applied
        return self.kind.contract

    def resolved_sensor(self) -> Sensor | None:
        """The sensor of all files; None where every file states its own.

        Raises:
            InputError: If `sensor` names none.
        """
        name = self.sensor or self.kind.sensor
        camera = self.measured_camera()
        if camera is not None:
            return camera.sensor
        try:
            return None if name is None else get_sensor(name)
        except InputError as error:
            raise InputError(f"--sensor={name}: {error}") from error

    def measured_camera(self) -> "MeasuredCamera | None":
        """The camera whose RAW files `sensor` names; None if it names something else.

        Raises:
            InputError: If they cannot be used, or the data set's files have a sensor of their own.
        """
        from tfisp.data.measured_camera import measure_camera, names_raw_files

        if not names_raw_files(self.sensor):
            return None
        if self.name != "unprocessed":
            raise InputError(
                f"--sensor={self.sensor}: RAW files say how to simulate a sensor, only for "
                f"--data=unprocessed; --data={self.name} takes a sensor's name or JSON file"
            )
        return measure_camera(
            str(self.sensor), self.cache_dir, self.on_bad_file == "skip", self.conversions
        )

    def resolved_look(self) -> Cube | None:
        """The table that photographs pass through; None if there is none.

        Raises:
            InputError: If `look` is no `.cube` file.
        """
        if self.look is None:
            return None
        try:
            return read_cube(self.look)
        except InputError as error:
            raise InputError(f"--look: {error}") from None

    def resolved_gain_map(self) -> np.ndarray | None:
        """Lens shading float32 `[rows, columns, 4]` for files that state none; None without.

        Raises:
            InputError: If `gain_map` holds something else.
        """
        return gain_map_of_flag(self.gain_map)

    def illuminant_gains(self) -> Gains | Literal["random", "default"]:
        """`illuminant` as "random", "default" or three gains whose smallest is 1."""
        if self.illuminant == "random":
            return "random"
        if self.illuminant == "default":
            return "default"
        gains = _numbers(self.illuminant)
        if gains is None or len(gains) != 3 or min(gains) <= 0:
            raise InputError(
                f"--illuminant={self.illuminant}: expected random, default or three positive "
                "numbers R,G,B"
            )
        return smallest_one(gains)

    def shot_noise(self) -> float | Literal["random"]:
        """`noise` as "random" or the shot noise, 0 for none."""
        if self.noise == "random":
            return "random"
        value = (0.0,) if self.noise == "none" else _numbers(self.noise)
        if value is None or len(value) != 1 or not 0 <= value[0] <= _MOST_NOISE:
            raise InputError(
                f"--noise={self.noise}: expected none, random or a number up to {_MOST_NOISE}"
            )
        return value[0]

    def replace(self, **changes: Any) -> "DataConfig":
        """This configuration with some fields changed."""
        return dataclasses.replace(self, **changes)


def _numbers(text: str) -> tuple[float, ...] | None:
    """The finite numbers of a comma list; None if it is anything else."""
    try:
        numbers = tuple(float(part) for part in text.split(","))
    except ValueError:
        return None
    return numbers if all(abs(number) < float("inf") for number in numbers) else None
