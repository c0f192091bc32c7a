"""The flags that say what a RAW file's samples mean, for programs that read single files."""

from typing import Any

from tfisp.cli import flags
from tfisp.conversions import QUAD_BAYER, Conversions
from tfisp.errors import InputError, UsageError
from tfisp.sensor import PATTERNS, SENSORS, Sensor, get_sensor


def define(values: flags.FlagValues) -> None:
    """Registers the flags; `options` reads them."""
    flags.heading(values, "what RAW files mean")
    flags.text(
        values,
        "sensor",
        None,
        "Pattern and levels to use instead of what the file says: a name or a JSON file.",
        known=SENSORS,
    )
    flags.choice(values, "pattern", None, PATTERNS, "CFA pattern, instead of the sensor's.")
    flags.text(
        values,
        "black_level",
        None,
        "Black level, instead of the sensor's (else 0): one number, or four, separated by commas,"
        " for the sites of the 2x2 tile row by row.",
    )
    flags.number(values, "white_level", None, "White level, instead of the sensor's.", minimum=1)
    flags.integer(
        values, "bits", None, "Stands for a white level of 2**bits - 1.", minimum=8, maximum=16
    )
    flags.size(values, "raw_size", None, "Size of a headerless file, in samples.")
    flags.choice(
        values, "byte_order", None, ("little", "big"), "Of a headerless file. Unset: little."
    )
    of_files(values)


def of_files(values: flags.FlagValues) -> None:
    """Registers what holds for each RAW file, also for programs that read whole data sets."""
    flags.boolean(
        values,
        "linear_dng",
        False,
        "Take LinearDNGs, which their maker has demosaicked: one colour a site is kept, as RGGB.",
    )
    flags.choice(
        values,
        "quad_bayer",
        None,
        QUAD_BAYER,
        "Take quad-Bayer frames. bin: average each block of 2x2 to one sample; remosaic: keep the"
        " size and interpolate Bayer samples. Unset: refuse them.",
    )
    flags.path(
        values,
        "gain_map",
        None,
        "Lens shading for RAW files that state none: a .npy file of gains [rows, columns, 4], a"
        " plane for each site of the 2x2 tile row by row, or [rows, columns]; its corners lie on"
        " the frame's corners.",
    )


def options(values: flags.FlagValues) -> dict[str, Any]:
    """What the flags say, as keyword arguments of `tfisp.raw.read_raw`, but for `--gain_map`.

    Raises:
        UsageError: If they do not describe a sensor.
    """
    return {
        "sensor": _sensor(values),
        "shape": values["raw_size"].value,
        "byte_order": values["byte_order"].value,
        "convert": Conversions(bool(values["linear_dng"].value), values["quad_bayer"].value),
    }


def _sensor(values: flags.FlagValues) -> Sensor | None:
    """The sensor that the flags describe; None if they leave that to the file."""
    stated = {
        name: values[name].value for name in ("pattern", "black_level", "white_level", "bits")
    }
    given: dict[str, Any] = {name: value for name, value in stated.items() if value is not None}
    if "bits" in given:
        if "white_level" in given:
            raise UsageError("--bits and --white_level say the same: give one of them")
        given["white_level"] = 2 ** given.pop("bits") - 1
    if "black_level" in given:
        given["black_level"] = _black_level(given["black_level"])
    try:
        if values["sensor"].value is not None:
            named = get_sensor(values["sensor"].value).to_dict()
            return Sensor.from_dict({**named, **given})
        if not given:
            return None
        for flag in ("pattern", "white_level"):
            if flag not in given:
                raise UsageError(
                    f"without --sensor, --{' and --'.join(given)} need --{flag} as well"
                )
        return Sensor(**given)
    except InputError as error:
        raise UsageError(str(error)) from error


def _black_level(text: str) -> Any:
    """`64` or `60,61,62,63` as numbers."""
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) == 1:
        return numbers[0]
    if len(numbers) == 4:
        return (tuple(numbers[:2]), tuple(numbers[2:]))
    raise UsageError(f"--black_level={text}: expected one number, or four separated by commas")
