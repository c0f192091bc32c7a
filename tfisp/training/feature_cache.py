"""Frozen features kept on disk: a step for less than what the frozen networks cost on real images.

A step shows the frozen networks the generated image, the reference and the target. The first is new
each time. The others are the same in every epoch, if patches are: then their features are computed
once and read from then on.

    cache = FeatureCache(bank, {"reference": [...], "target": [...]}, Store(folder))
    for step, batch in enumerate(cache.around(batches)):
        trainer.run_step(batch, step)  # finds batch["features"]

Which patches are the same in every epoch (`Dataset.repeats`):

    zrr, ultraisp, ntire26   those whose files are as large as the patch, as they come
    larger files, folders    with --placement=fixed; otherwise practically never
    --augment=flip           twice as many, for each has a mirrored variant

An entry is one feature of one image: float32, exactly as computed, so that a run with the cache
equals one without but for rounding. Its name is a hash of all that it depends on: the pixels shown
(and so the file, its sensor, contract, demosaicing, crop and mirroring), network, view and tap, the
values of the weights between image and tap, the arithmetic of a GPU, and `FORMAT`. So nothing is
ever out of date, runs may share a folder, and a folder may go at any time.

In bytes an image, for the recipe `unpaired`:

    patch                                        256 px        448 px (zrr)
    reference: VGG-19 relu5_4                   524,288       1,605,632
    target: ViT-B/16 tokens                     602,112         602,112
    target: AlexNet relu1                     1,016,064       3,154,176
    target: AlexNet relu4                       230,400         746,496
    a pair                                      2.4 MB          6.1 MB
"""

import hashlib
import math
import os
import shutil
import sys
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from tfisp.data.base import Dataset
from tfisp.data.cache import Store, key
from tfisp.data.workers import ahead, in_order
from tfisp.errors import InputError
from tfisp.perceptual.bank import Feature, FeatureBank

# Raised whenever views or networks are changed so that their features are.
FORMAT = 1

Needs = Mapping[str, Sequence[Feature]]
Batch = Mapping[str, tf.Tensor]

# Batches made ready while a step runs.
_AHEAD = 2
# Bytes of the disk that are left to others: a run must be able to save its checkpoints.
_LEFT_FREE = 2 * 2**30


class FeatureCache:
    """Frozen features of reference and target images, kept on disk.

    For one thread at a time. What is computed is computed by the bank, only for the images whose
    features are not there yet.
    """

    def __init__(
        self,
        bank: FeatureBank,
        needs: Needs,
        store: Store,
        limit_bytes: int | None = None,
        say: Callable[[str], None] | None = None,
    ) -> None:
        """Prepares; nothing is computed or written before the first batch.

        Args:
            bank: The frozen networks.
            needs: Member of the batch -> features read of it.
            store: Where entries are kept.
            limit_bytes: Nothing more is written once this cache has written so much; None for no
                limit. Nor is it when the disk is (nearly) full or cannot be written to. Training
                goes on in either case: what is not there is computed.
            say: Called with a line when that happens, once; None prints it on stderr.
        """
        self._bank, self._needs, self._store = bank, dict(needs), store
        self._limit, self._say = limit_bytes, say or _print
        self._written, self._writes = 0, True
        self._views: dict[tuple[str, tuple[int, int]], list[_NetworkView]] = {}

    def __call__(self, batch: Batch) -> dict[str, Any]:
        """A batch with its features.

        Args:
            batch: `[B, H, W, 3]` float32 of every member needed, and any others.

        Returns:
            The batch and, as `features`, member -> feature -> float32 `[B, ...]`.

        Raises:
            InputError: for images that a network cannot take.
        """
        features: dict[str, dict[Feature, tf.Tensor]] = {}
        for member in self._needs:
            images = batch[member].numpy()
            digests = list(in_order(_digest, images))
            features[member] = {}
            for seen in self._views_of(member, images.shape[1:3]):
                features[member] |= self._features(seen, images, digests)
        return {**batch, "features": features}

    def around(self, batches: Iterable[Batch]) -> Generator[dict[str, Any], None, None]:
        """Yields each batch with its features; a thread reads two ahead while steps run.

        Errors of `batches` are raised as they are. Close it (`contextlib.closing`) where it may not
        be read to its end: that ends the thread.
        """
        return ahead(self, batches, _AHEAD)

    def _features(
        self, seen: "_NetworkView", images: np.ndarray, digests: Sequence[str]
    ) -> dict[Feature, tf.Tensor]:
        """What one network sees of a batch through one view."""
        shown = dict(zip(digests, images, strict=True))
        rows = dict(zip(shown, in_order(self._load(seen), shown), strict=True))
        missing = [digest for digest, row in rows.items() if row is None]
        if missing:
            computed = seen.compute(tf.stack([shown[digest] for digest in missing]))
            entries = []
            for digest, *row in zip(missing, *(x.numpy() for x in computed), strict=True):
                rows[digest] = row
                entries += [(seen.entry(i, digest), x) for i, x in enumerate(row)]
            self._keep(entries)
        columns = zip(*(rows[digest] for digest in digests), strict=True)
        return {
            feature: tf.constant(np.stack(column))
            for feature, column in zip(seen.features, columns, strict=True)
        }

    def _load(self, seen: "_NetworkView") -> Callable[[str], list[np.ndarray] | None]:
        """Reads all features of an image, by its digest; None if any is not there or damaged."""

        def load(digest: str) -> list[np.ndarray] | None:
            row = []
            for i, shape in enumerate(seen.shapes):
                array = self._store.load(seen.entry(i, digest))
                if array is None or array.shape != shape or array.dtype != np.float32:
                    return None
                row.append(array)
            return row

        return load

    def _keep(self, entries: Iterable[tuple[str, np.ndarray]]) -> None:
        """Writes entries, as long as that is possible and allowed."""
        try:
            with_room = list(self._while_there_is_room(entries))
            for _ in in_order(lambda entry: self._store.put(*entry), with_room):
                pass
        except InputError as error:
            self._stop_writing(str(error))

    def _while_there_is_room(
        self, entries: Iterable[tuple[str, np.ndarray]]
    ) -> Iterator[tuple[str, np.ndarray]]:
        """The entries up to the limit, or to where the disk would be nearly full."""
        folder = self._store.folder
        free = shutil.disk_usage(folder).free if folder.is_dir() else math.inf
        for entry in entries if self._writes else ():
            size = entry[1].nbytes
            free -= size
            if self._limit is not None and self._written + size > self._limit:
                self._stop_writing(f"{_size(self._written)} are written, the limit is reached")
                return
            if free < _LEFT_FREE:
                self._stop_writing(f"{folder}: {_size(_LEFT_FREE)} of the disk are left to others")
                return
            self._written += size
            yield entry

    def _stop_writing(self, reason: str) -> None:
        self._writes = False
        self._say(f"note: no more frozen features are kept, new ones are computed: {reason}")

    def _views_of(self, member: str, size: tuple[int, int]) -> "list[_NetworkView]":
        """How a member of the batch is shown to the networks, each network and view once."""
        if (member, size) not in self._views:
            grouped: dict[tuple[str, str], list[Feature]] = {}
            for feature in dict.fromkeys(self._needs[member]):
                grouped.setdefault((feature.backbone, feature.view), []).append(feature)
            self._views[member, size] = [
                _network_view(self._bank, features, size) for features in grouped.values()
            ]
        return self._views[member, size]


class _NetworkView(NamedTuple):
    """One network through one view, for images of one size.

    Attributes:
        features: What is read of it.
        shapes: Each one's shape, of one image.
        facts: Of each, a hash of all that it depends on besides the image.
        compute: Images `[n, H, W, 3]` -> features `[n, ...]`, compiled once for every `n`.
    """

    features: list[Feature]
    shapes: list[tuple[int, ...]]
    facts: list[str]
    compute: Callable[[tf.Tensor], list[tf.Tensor]]

    def entry(self, index: int, digest: str) -> str:
        """Key of feature number `index` of the image with that digest."""
        return key(kind="feature", of=self.facts[index], image=digest)


def check_repeats(dataset: Dataset) -> None:
    """Sees that features, once kept, will be read again.

    Raises:
        InputError: if patches lie somewhere else each time.
    """
    if not dataset.repeats:
        raise InputError(
            f"--feature_cache: patches of --data={dataset.name} lie somewhere else each time, so "
            "that none of their features would be read again; --placement=fixed shows the same "
            "patches in every epoch"
        )


def bytes_per_image(
    bank: FeatureBank, features: Iterable[Feature], image_size: Sequence[int]
) -> int:
    """What the features of one image of `(height, width)` pixels take on disk."""
    return sum(4 * math.prod(bank.shape(f, image_size)) for f in dict.fromkeys(features))


def cost_note(
    bank: FeatureBank, needs: Needs, dataset: Dataset, paired: bool = False, mirrored: bool = False
) -> str:
    """What keeping all features of a data set takes: `frozen features: 2.4 MB a pair, ...`.

    Args:
        bank: The frozen networks.
        needs: As of `FeatureCache`.
        dataset: Whose patches are shown.
        paired: Whether targets are those of the RAW patches.
        mirrored: Whether each patch is also shown mirrored.
    """
    size = (dataset.raw.patch_size, dataset.raw.patch_size)
    a_pair = {member: bytes_per_image(bank, features, size) for member, features in needs.items()}
    targets = dataset.raw if paired or dataset.targets is None else dataset.targets
    count = {"reference": len(dataset.raw), "target": len(targets)}
    variants = 2 if mirrored else 1
    total = sum(bytes_each * count[member] * variants for member, bytes_each in a_pair.items())
    shown = " and ".join(f"{count[member] * variants:,} {member}s" for member in a_pair)
    return f"frozen features: {_size(sum(a_pair.values()))} a pair, {_size(total)} for {shown}"


def _network_view(
    bank: FeatureBank, features: list[Feature], size: tuple[int, int]
) -> _NetworkView:
    """Compiles what a network makes of images of that size, and identifies it."""
    images = tf.TensorSpec([None, *size, 3], tf.float32)

    def compute(images: tf.Tensor) -> list[tf.Tensor]:
        return list(bank(images, features).values())

    return _NetworkView(
        features,
        [tuple(bank.shape(feature, size)) for feature in features],
        [_facts(bank, feature, images) for feature in features],
        tf.function(compute, autograph=False).get_concrete_function(images),
    )


def _facts(bank: FeatureBank, feature: Feature, images: tf.TensorSpec) -> str:
    """Hash of all that a feature depends on besides the image.

    The weights among them are the values that the computation captures when it is traced: whatever
    a network is made of, those between image and tap and no others.
    """
    traced = tf.function(lambda images: bank(images, [feature])[feature], autograph=False)
    traced = traced.get_concrete_function(images)
    variables = {
        id(part.handle): part
        for variable in traced.variables  # in no particular order
        for part in getattr(variable, "values", (variable,))  # one for each device
    }
    weights = hashlib.sha256()
    for tensor in traced.captured_inputs:
        array = variables.get(id(tensor), tensor).numpy()
        weights.update(f"{array.dtype} {array.shape} ".encode())
        weights.update(array.tobytes())
    on_gpu = bool(tf.config.list_logical_devices("GPU"))
    return key(
        format=FORMAT,
        feature=feature,
        size=images.shape[1:3].as_list(),
        weights=weights.hexdigest(),
        # Products of float32 matrices have 10 bits of mantissa in TF32, which only GPUs compute in.
        tf32=on_gpu and tf.config.experimental.tensor_float_32_execution_enabled(),
        tf32_override=os.environ.get("NVIDIA_TF32_OVERRIDE", "") if on_gpu else "",
    )


def _digest(image: np.ndarray) -> str:
    """Hash of the pixels of an image `[H, W, 3]` float32."""
    return hashlib.sha256(np.ascontiguousarray(image)).hexdigest()


def _size(count: float) -> str:
    """`588 kB`, `2.4 MB` or `110 GB`."""
    units = ["kB", "MB", "GB", "TB"]
    count /= 1000
    while count >= 999.5 and len(units) > 1:
        count /= 1000
        del units[0]
    return f"{count:.{1 if count < 9.95 else 0}f} {units[0]}"


def _print(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
