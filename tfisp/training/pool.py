"""A pool of earlier images, so that a critic does not only know the generator's latest ways.

Shrivastava et al. 2017, arXiv 1612.07828, section 2.3; with 50 images and an even chance as in
CycleGAN (arXiv 1703.10593, section 4), where a batch is one image.
"""

import tensorflow as tf


class Pool:
    """Images made at earlier steps.

    Attributes:
        state: Variables, for checkpoints.
    """

    def __init__(
        self, size: int, image_shape: tuple[int, ...], seed: int, dtype: str = "float32"
    ) -> None:
        """Begins empty.

        Args:
            size: How many it holds; no batch may be larger.
            image_shape: Of one image.
            seed: Of the draws.
            dtype: Of the images.
        """
        self._size, self._seed = size, seed
        once = tf.VariableAggregation.ONLY_FIRST_REPLICA
        self._images = tf.Variable(
            tf.zeros([size, *image_shape], dtype), trainable=False, aggregation=once
        )
        self._seen = tf.Variable(0, dtype=tf.int64, trainable=False, aggregation=once)
        self.state = {"images": self._images, "seen": self._seen}

    def exchange(self, images: tf.Tensor) -> tf.Tensor:
        """Images `[B, ...]` in whose place earlier ones may stand; the new ones go into the pool.

        While the pool fills, all are new. Then each is, with an even chance, kept in the place of
        one that is drawn from the pool and returned instead. What is drawn is a function of the
        seed and the number of images seen, so a resumed run draws the same.
        """
        count = tf.shape(images)[0]
        seed = tf.stack([tf.constant(self._seed, tf.int64), self._seen.value()])
        order = tf.argsort(tf.random.stateless_uniform([self._size], seed))[:count]
        swapped = tf.random.stateless_uniform([count], seed + 1) < 0.5
        is_full = self._seen >= self._size
        filling = tf.range(count) + tf.cast(self._seen % self._size, tf.int32)
        places = tf.where(is_full, order, filling % self._size)
        old = tf.gather(self._images, places)
        takes_old = _beside(is_full & swapped, images)
        keeps_old = _beside(is_full & ~swapped, images)
        kept = tf.where(keeps_old, old, images)
        self._images.assign(tf.tensor_scatter_nd_update(self._images, places[:, None], kept))
        self._seen.assign_add(tf.cast(count, tf.int64))
        return tf.where(takes_old, old, images)


def _beside(mask: tf.Tensor, images: tf.Tensor) -> tf.Tensor:
    """`[B]` as `[B, 1, ...]`."""
    return tf.reshape(mask, [-1] + [1] * (images.shape.rank - 1))
