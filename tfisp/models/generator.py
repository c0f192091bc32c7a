"""What every generator promises: the network that ships, from RAW to RGB.

A generator is a `keras.Model` that also says what it must be fed and how large its receptive field
is. Training, the desktop renderer and the exporter read this from it instead of knowing each
network by name:

    contract    how samples are normalised before they reach it (`tfisp.contract`)
    form        which arrangement of the mosaic it takes, and so its number of channels
    scale       output pixels per input sample along each axis: 2 for packed input, else 1
    halo        how many input samples away from its own position an output pixel still depends on
    multiple    height and width of the input must be divisible by it
    minimum     and at least this large

Input is `[B, h, w, C]` float32 in the form of its contract, output `[B, scale h, scale w, 3]`
float32 sRGB-encoded RGB, nominally 0..1; values above 1 are left as they are, so that losses see
them. Who shows a picture clips it.
"""

import re
from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

import keras
import tensorflow as tf

from tfisp.contract import INPUT_FORMS, PUBLISHED, Contract
from tfisp.errors import InputError
from tfisp.sensor import Sensor

# Where the last layer does not limit its output to 0..1, its bias starts at the middle of the
# picture's range: the first picture is grey, and content and colour are learnt around it. With a
# ReLU behind it, it also keeps channels from starting closed everywhere: those get no gradient and
# stay black at one of the four pixel positions for ever. Measured with four photographs over 200
# seeds (Glorot kernels in front): with a last bias of 0, 3 % of the networks start with such a
# channel (PyTorch's default initialisation: 98 %); with 0.5, none.
FIRST_GREY = 0.5


class NamedLayers:
    """Mixin: layers are called as the attributes that hold them.

    Keras numbers names through the whole process (`conv2d_7`), and they get into all model files: a
    run that was stopped and continued would write other bytes than one that was not.
    """

    def __setattr__(self, name: str, value: Any) -> None:
        """Stores an attribute; names a layer, or the layers of a list."""
        if isinstance(value, keras.layers.Layer):
            value.name = name
        elif isinstance(value, list):
            for index, layer in enumerate(value):
                if isinstance(layer, keras.layers.Layer):
                    layer.name = f"{name}{index}"
        super().__setattr__(name, value)


class Generator(NamedLayers, keras.Model):
    """Base of all generators.

    A subclass sets the class attributes below, creates its layers in `__init__`, builds them in
    `build`, ends `__init__` with `self.build(self.input_shape_any)`, and computes in `call`.
    Weights exist from then on: optimizers, averages and checkpoints find them all.

    Attributes:
        form: Arrangement of the mosaic that it takes: `packed`, `split` or `mosaic`.
        scale: Output pixels per input sample, along each axis.
        halo: Radius of its receptive field in input samples: tiles that overlap by it on each side
            render as the whole. None where an output depends on the whole frame.
        multiple: Input height and width must be divisible by it.
        minimum: Smallest input height and width.
        levels: Where it can be made to stop (`at_level`), 0 for the picture; none but of a pyramid.
        published: The contract it was published with, used where none is given.
        contract: How its input is normalised.
        sensor: The sensor it was trained for, None if unknown; a note to the reader, nothing is
            computed from it.
        seed: Which of all possible first weights it drew.
    """

    form: ClassVar[Literal["packed", "split", "mosaic"]] = "packed"
    scale: ClassVar[int] = 2
    halo: ClassVar[int | None]
    multiple: int = 1
    minimum: int = 1
    levels: range = range(0)
    published: ClassVar[Contract] = PUBLISHED

    def __init__(
        self,
        contract: Contract | Mapping[str, Any] | None = None,
        seed: int = 0,
        sensor: Sensor | None = None,
        **kwargs: Any,
    ) -> None:
        """Stores the declarations.

        Args:
            contract: How the input is normalised, as a `Contract` or as its `to_dict()`; None for
                the one it was published with.
            seed: Of the first weights.
            sensor: The sensor it is trained for, if known.
            **kwargs: `name`, and `dtype`: a Keras dtype policy such as `mixed_float16`.

        Raises:
            InputError: if the contract is for another form of input.
        """
        super().__init__(**kwargs)
        if kwargs.get("name") is None:
            self.name: str = re.sub(r"_\d+$", "", self.name)
        if contract is None:
            contract = self.published
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
        return (None, None, None, INPUT_FORMS[self.form].channels)

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
        return self._twin(self.dtype_policy.name)

    def computing_in(self, dtype: str) -> Self:
        """This generator if that is its Keras dtype policy, else a copy that has it."""
        return self if self.dtype_policy.name == dtype else self._twin(dtype)

    def at_level(self, level: int) -> "Generator":
        """This generator as one that stops at one of its `levels` (`tfisp.models.pyramid`).

        Raises:
            InputError: if it has no such level.
        """
        raise InputError(f"{type(self).__name__} has no level {level}")

    def folded(self) -> "Generator":
        """The form that ships: the same pictures with the fewest weights.

        Where a network is trained in more branches than it needs, this is a new one in which they
        are merged; it is what is exported and rendered with. All others are their own.
        """
        return self

    def _twin(self, dtype: str) -> Self:
        twin = self._anew(dtype=dtype)
        twin.set_weights(self.get_weights())
        return twin

    def _anew(self, **settings: Any) -> Self:
        """One with first weights and its settings, but for those given."""
        made = type(self).from_config(self.get_config() | settings)
        made.sensor = self.sensor
        return made


def convolution(
    filters: int,
    size: int,
    activation: str | None,
    seed: int,
    policy: keras.DTypePolicy,
    *,
    initializer: str | keras.initializers.Initializer | None = None,
    bias: float | None = 0.0,
) -> keras.layers.Conv2D:
    """A convolution with zero padding that keeps height and width.

    Args:
        filters: Channels of its output.
        size: Of the square kernel, odd.
        activation: `relu`, `tanh`, `sigmoid` or None.
        seed: Of the first kernel.
        policy: Keras dtype policy.
        initializer: Of the kernel: `he_normal`, `glorot_uniform` or one with its own seed; None
            takes He's in front of a ReLU and Glorot's otherwise.
        bias: First bias; None for a layer without one.
    """
    initializer = initializer or ("he_normal" if activation == "relu" else "glorot_uniform")
    if isinstance(initializer, str):
        initializer = keras.initializers.get({"class_name": initializer, "config": {"seed": seed}})
    return keras.layers.Conv2D(
        filters,
        size,
        padding="same",
        activation=activation,
        use_bias=bias is not None,
        kernel_initializer=initializer,
        bias_initializer=keras.initializers.Constant(bias or 0.0),
        dtype=policy,
    )


def at_least_float32(values: tf.Tensor) -> tf.Tensor:
    """Half precision becomes single, as losses need it; anything else stays as it is."""
    return tf.cast(values, tf.float32) if values.dtype.size < 4 else values
