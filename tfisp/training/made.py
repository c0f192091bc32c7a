"""The images that the networks of a step make, the generator's and those of the way back.

With G the generator, from RAW to pictures, and F the way back:

    generated     G(raw)
    restored      F(generated)              should be what it came from
    captured      F(target)                 should look like the batch's own
    rerendered    G(captured)               should be the photograph again
    same_target   G(samples of target)      should be the photograph: a picture needs no rendering
    same_raw      F(raw as a picture)       should be the RAW

The last two are CycleGAN's identity mappings (arXiv 1703.10593, section 5.2), where both sides have
one form. Here a photograph is given to G as the samples that a sensor's colour filters leave of it,
and RAW to F with each sample where it lies and the missing ones taken from the same 2 x 2 cell.
`rerendered` and the last two need a way back to RAW.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

import tensorflow as tf

Images = Mapping[str, tf.Tensor]
Network = Callable[[tf.Tensor], tf.Tensor]

# Name -> which other image it is made of, "" for members of the batch; in the order of making.
IMAGES = {
    "generated": "",
    "restored": "generated",
    "captured": "",
    "rerendered": "captured",
    "same_target": "",
    "same_raw": "",
}


def make(
    names: Iterable[str], batch: Images, generator: Network, way_back: Network | None
) -> dict[str, tf.Tensor]:
    """Makes images of a batch, each once.

    Args:
        names: Which of `IMAGES`; what they are made of is made as well.
        batch: `raw` in the generator's form; `target` `[B, H, W, 3]` where an image is made of it.
        generator: RAW -> picture.
        way_back: Picture -> RAW or reference; None where only `generated` is asked for.

    Returns:
        Name -> image, in the order of `IMAGES`.
    """
    wanted = set(names)
    wanted |= {IMAGES[name] for name in wanted}
    made: dict[str, tf.Tensor] = {}
    for name in IMAGES:
        if name in wanted:
            made[name] = _make(name, batch, made, generator, way_back)
    return made


def _make(
    name: str, batch: Images, made: Images, generator: Network, way_back: Network | None
) -> tf.Tensor:
    if name == "generated":
        return generator(batch["raw"])
    if name == "rerendered":
        return generator(made["captured"])
    if name == "same_target":
        return generator(samples(batch["target"]))
    if way_back is None:
        raise ValueError(f"{name} needs a way back")
    source = {"restored": made.get("generated"), "captured": batch.get("target")}
    return way_back(as_picture(batch["raw"]) if name == "same_raw" else source[name])


def pull_back(
    at_images: Mapping[str, tf.Tensor | None],
    images: Images,
    tape: tf.GradientTape,
    variables: Sequence[tf.Tensor],
) -> list[tf.Tensor]:
    """The gradient of a loss for each variable, from those at the images that it looks at.

    Args:
        at_images: Its gradient at each image, None at those that it does not look at.
        images: As `make` made them.
        tape: What recorded that.
        variables: Of the networks.
    """
    seen = [name for name, gradient in at_images.items() if gradient is not None]
    return tape.gradient(
        [images[name] for name in seen],
        variables,
        [at_images[name] for name in seen],
        unconnected_gradients="zero",
    )


def samples(pictures: tf.Tensor) -> tf.Tensor:
    """What colour filters in RGGB order leave of pictures `[B, H, W, 3]`: packed `[B, h, w, 4]`."""
    red, green, blue = (pictures[..., channel] for channel in range(3))
    planes = blue[:, 1::2, 1::2], green[:, ::2, 1::2], red[:, ::2, ::2], green[:, 1::2, ::2]
    return tf.stack(planes, axis=-1)


def as_picture(packed: tf.Tensor) -> tf.Tensor:
    """A picture `[B, H, W, 3]` whose `samples` are the packed RAW `[B, h, w, 4]` given."""
    blue, red_row, red, blue_row = tf.unstack(packed, axis=-1)
    mean = (red_row + blue_row) / 2
    cell = [red, mean, blue, red, red_row, blue, red, blue_row, blue, red, mean, blue]
    return tf.nn.depth_to_space(tf.stack(cell, axis=-1), 2)
