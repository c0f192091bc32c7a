"""Whose black and white levels a frame is scaled by: the model's, or its own mapped onto them.

Networks that were published for one sensor have its levels in their contract. A frame of another
sensor, taken by those, would be all white or all black. So its own levels are taken instead, which
maps its black and white onto what the network knows as such.
"""

import dataclasses

import numpy as np

from tfisp.contract import PUBLISHED, Contract
from tfisp.rendering.metadata import ModelMetadata
from tfisp.sensor import SENSORS, Sensor

AUTO, FILE, MODEL = "auto", "file", "model"
LEVELS = (AUTO, FILE, MODEL)

# Fujifilm UltraISP holds 10-bit samples times 4, and the networks published for it take them by the
# levels of the 10 bits, unscaled.
_AS_STORED = SENSORS["ultraisp"]


def contract_for(metadata: ModelMetadata, sensor: Sensor, levels: str = AUTO) -> Contract:
    """The contract by which a frame is scaled.

    Args:
        metadata: Of the model.
        sensor: Of the frame.
        levels: "model" for the levels of the model's contract, "file" for the frame's own, "auto"
            for the frame's own if they are neither those of the contract nor those of the sensor
            that the model was trained for.

    Returns:
        The model's contract, with or without levels of its own. One without any is what it is.
    """
    contract = metadata.contract
    own = contract.black_level is not None or contract.white_level is not None
    if levels == MODEL or not own or (levels == AUTO and _knows(metadata, sensor)):
        return contract
    return dataclasses.replace(contract, black_level=None, white_level=None)


def mapped_note(metadata: ModelMetadata, sensor: Sensor, levels: str) -> str | None:
    """What a user must know where a frame's levels are mapped onto a model's; None where not."""
    if contract_for(metadata, sensor, levels) == metadata.contract:
        return None
    black = ", ".join(f"{level:g}" for level in np.unique(sensor.black_level))
    return (
        f"its levels (black {black}, white {sensor.white_level:g}) are mapped onto those that the"
        " model was made for; colours may be off (--levels=model takes the counts as they are)"
    )


def known_levels(metadata: ModelMetadata) -> list[tuple[list[list[float]], float]]:
    """Levels of the sensors that a model was made for, beside those that its contract names.

    Returns:
        Black levels of the tile R, G / G, B, and the white level, of each.
    """
    contract = metadata.contract
    known = [metadata.sensor] if metadata.sensor else []
    if (contract.black_level, contract.white_level) == (
        PUBLISHED.black_level,
        PUBLISHED.white_level,
    ):
        known.append(_AS_STORED)
    return [_levels(sensor) for sensor in known]


def _knows(metadata: ModelMetadata, sensor: Sensor) -> bool:
    """Whether a model was made for frames with a sensor's levels."""
    contract = metadata.contract
    black, white = _levels(sensor)
    stated = (
        black if contract.black_level is None else np.asarray(contract.black_level).tolist(),
        white if contract.white_level is None else float(contract.white_level),
    )
    return (black, white) in [stated, *known_levels(metadata)]


def _levels(sensor: Sensor) -> tuple[list[list[float]], float]:
    """Black levels of the tile R, G / G, B, and the white level."""
    black = np.roll(sensor.black_level, [-site for site in sensor.red_site], (0, 1))
    return black.tolist(), float(sensor.white_level)
