"""What every generator promises: the network that ships, from RAW to RGB.

A generator is a `keras.Model` that also says what it must be fed and how far it looks. Training,
the desktop renderer and the exporter read these facts from it instead of knowing each network by
name:

    contract    how samples are normalised before they reach it (`tfisp.contract`)
    form        which arrangement of the mosaic it takes, and so its number of channels
    scale       output pixels per input sample along each axis: 2 for packed input, else 1
    halo        how many input samples away from its own position an output pixel still looks
    multiple    height and width of the input must be divisible by it
    minimum     and at least this large

Input is `[B, h, w, C]` float32 in the form of its contract, output `[B, scale h, scale w, 3]`
float32 sRGB-encoded RGB, nominally 0..1; values above 1 are left as they are, so that losses see
them. Who shows a picture clips it.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import keras
import numpy as np
import tensorflow as tf

from tfisp.contract import PUBLISHED, Contract
from tfisp.errors import InputError
from tfisp.sensor import Sensor

# Form of the input -> its number of channels.
CHANNELS: Mapping[str, int] = {"packed": 4, "split": 3, "mosaic": 1}


class Generator(keras.Model):
    """Base of all generators.

    A subclass sets the class attributes below, creates its layers in `__init__`, builds them in
    `build`, ends `__init__` with `self.build(self.input_shape_any)`, and computes in `call`.
    Weights exist from then on: optimizers, averages and checkpoints find them all.

    Attributes:
        form: arrangement of the mosaic that it takes: `packed`, `split` or `mosaic`.
        scale: output pixels per input sample, along each axis.
        halo: radius of its receptive field in input samples: tiles that overlap by it on each side
            render as the whole. None where an output depends on the whole frame.
        multiple: input height and width must be divisible by it.
        minimum: smallest input height and width.
        contract: how its input is normalised.
        sensor: the sensor it was trained for, None if unknown; a note to the reader, nothing is
            computed from it.
        seed: which of all possible first weights it drew.
    """

    form: ClassVar[str] = "packed"
    scale: ClassVar[int] = 2
    halo: ClassVar[int | None]
    multiple: ClassVar[int] = 1
    minimum: ClassVar[int] = 1

    def __init__(
        self,
        contract: Contract | Mapping[str, Any] | None = None,
        seed: int = 0,
        sensor: Sensor | None = None,
        **kwargs: Any,
    ) -> None:
        """Stores the declarations.

        Args:
            contract: how the input is normalised, as a `Contract` or as its `to_dict()`; None for
                the published one.
            seed: of the first weights.
            sensor: the sensor it is trained for, if known.
            **kwargs: `name`, and `dtype`: a Keras dtype policy such as `mixed_float16`.

        Raises:
            InputError: if the contract is for another form of input.
        """
        super().__init__(**kwargs)
        if contract is None:
            contract = PUBLISHED
        elif isinstance(contract, Mapping):
            contract = Contract.from_dict(dict(contract))
        if contract.form != self.form:
            raise InputError(
                f"{type(self).__name__} takes {self.form} input, "
                f"the contract describes {contract.form} input"
            )
        self.contract = contract
        self.sensor = sensor
        self.seed = int(seed)

    @property
    def input_shape_any(self) -> tuple[None, None, None, int]:
        """Shape of its input, for any batch and any size."""
        return (None, None, None, CHANNELS[self.form])

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """`[B, h, w, C]` -> `[B, scale h, scale w, 3]`."""
        batch, *size, _ = input_shape
        return (batch, *(None if side is None else side * self.scale for side in size), 3)

    def get_config(self) -> dict[str, Any]:
        """Arguments, as plain JSON values, that build the same network."""
        return {
            "contract": self.contract.to_dict(),
            "seed": self.seed,
            "name": self.name,
            "dtype": self.dtype_policy.name,
        }

    def copy(self) -> Self:
        """A second generator with the same settings and, for now, the same weights."""
        twin = type(self).from_config(self.get_config())
        twin.sensor = self.sensor
        twin.set_weights(self.get_weights())
        return twin


def layer_seeds(seed: int, count: int) -> list[int]:
    """One seed per layer, so that layers of equal shape do not start with equal weights.

    Args:
        seed: of the network, not negative.
        count: number of layers.

    Returns:
        `count` integers below 2^32, the same for the same arguments on every machine.
    """
    return [int(word) for word in np.random.SeedSequence(seed).generate_state(count)]


def at_least_float32(values: tf.Tensor) -> tf.Tensor:
    """Half precision becomes single, as losses need it; anything else stays as it is."""
    return tf.cast(values, tf.float32) if values.dtype.size < 4 else values
