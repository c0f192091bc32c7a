"""How each file of an export is made, and what it is compared with: one table."""

import dataclasses
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tfisp.exporting import whole_isp, writers
from tfisp.exporting.artifacts import (
    DYNAMIC_RANGE,
    FLOAT16,
    INT8,
    ISP,
    MODEL,
    NONE,
    ONNX,
    SAVED_MODEL,
    TILE,
    Artifact,
    input_shape,
)
from tfisp.exporting.comparison import Case
from tfisp.exporting.quantisation import to_int8
from tfisp.exporting.test_inputs import Trial, noise, scene
from tfisp.models.generator import Generator
from tfisp.rendering.metadata import ModelMetadata
from tfisp.rendering.renderer import Renderer


@dataclass(frozen=True)
class Job:
    """What all files of one export have in common.

    Attributes:
        generator: In single precision.
        metadata: Of it.
        size: (height, width) of the picture in pixels.
        folder: To write into.
        learnt: Mosaics of that size to calibrate with.
        held_out: Mosaics of that size to compare on, besides the test inputs.
    """

    generator: Generator
    metadata: ModelMetadata
    size: tuple[int, int]
    folder: Path
    learnt: Sequence[Trial]
    held_out: Sequence[Trial]
    _by_keras: dict[tuple, np.ndarray] = field(default_factory=dict)

    def by_keras(self, trial: Trial) -> np.ndarray:
        """What the generator makes of a mosaic, `[1, H, W, 3]`; computed once for all files."""
        key = trial.name, trial.mosaic.shape
        if key not in self._by_keras:
            given = trial.raw(self.metadata)
            self._by_keras[key] = self.generator(given, training=False).numpy()
        return self._by_keras[key]


Write = Callable[[Job, Artifact, ModelMetadata, Path], None]
Inputs = Callable[[Job, Artifact], Sequence[Trial]]
Expected = Callable[[Job, ModelMetadata, Trial], Case]


def _by_generator(job: Job, metadata: ModelMetadata, trial: Trial) -> Case:
    """What the generator alone makes of a scaled mosaic."""
    return Case(trial.name, {"raw": trial.raw(metadata)}, job.by_keras(trial), trial.shadows)


def _by_renderer(job: Job, metadata: ModelMetadata, trial: Trial) -> Case:
    """What the desktop makes of sensor counts; the graph corrects no shading."""
    capture = dataclasses.replace(trial.capture, orientation=1, shading=None)
    trial = dataclasses.replace(trial, capture=capture)
    renderer = Renderer(job.generator, tile=None)
    picture = renderer.render_8bit(trial.mosaic, trial.sensor, trial.capture)
    inputs = whole_isp.inputs_of(metadata.contract, trial)
    return Case(trial.name, inputs, picture[None], trial.shadows)


def _whole_pictures(job: Job, artifact: Artifact) -> Sequence[Trial]:
    return [noise(job.size), scene(job.size), *job.held_out]


def _photographs(job: Job, artifact: Artifact) -> Sequence[Trial]:
    return job.held_out  # noise is nothing that ranges were learnt for


def _tiles(job: Job, artifact: Artifact) -> Sequence[Trial]:
    _, height, width, _ = input_shape(artifact, job.metadata, job.size)
    if height is None or width is None:
        raise ValueError(f"{artifact.name}: a tile has a size")
    size = (height * job.metadata.step, width * job.metadata.step)
    return [noise(size), scene(size)]


def _other_sizes(job: Job, artifact: Artifact) -> Sequence[Trial]:
    """Small pictures of two sizes, neither of them that of the export."""
    unit = 2 * job.metadata.step * job.metadata.multiple
    least = job.metadata.step * job.metadata.minimum

    def size(k: int) -> tuple[int, int]:
        height, width = (-(-max(8 * side, least) // unit) * unit for side in (2 * k, 3 * k + 1))
        return height, width

    return [noise(size(3)), scene(size(4))]


def _saved_model(job: Job, artifact: Artifact, metadata: ModelMetadata, path: Path) -> None:
    writers.write_saved_model(job.generator, input_shape(artifact, metadata, job.size), path)


def _onnx(job: Job, artifact: Artifact, metadata: ModelMetadata, path: Path) -> None:
    writers.write_onnx(job.generator, input_shape(artifact, metadata, job.size), path)


def _of_saved_model(job: Job, artifact: Artifact, metadata: ModelMetadata, path: Path) -> None:
    """From the SavedModel of the export, which has its size."""
    path.write_bytes(writers.to_tflite(job.folder / SAVED_MODEL, artifact.weights))


def _of_its_own_size(job: Job, artifact: Artifact, metadata: ModelMetadata, path: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        saved_model = Path(folder) / SAVED_MODEL
        _saved_model(job, artifact, metadata, saved_model)
        path.write_bytes(writers.to_tflite(saved_model))


def _int8(job: Job, artifact: Artifact, metadata: ModelMetadata, path: Path) -> None:
    path.write_bytes(to_int8(job.generator, [trial.raw(metadata) for trial in job.learnt]))


def _whole_isp(job: Job, artifact: Artifact, metadata: ModelMetadata, path: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        saved_model = Path(folder) / SAVED_MODEL
        function = whole_isp.function(job.generator, job.size)
        inputs = whole_isp.signature(metadata.contract, job.size)
        writers.write_function(job.generator, function, inputs, saved_model)
        path.write_bytes(writers.to_tflite(saved_model))


def _companded(metadata: ModelMetadata) -> ModelMetadata:
    """The metadata of a file whose input is companded, whatever the generator's is."""
    contract = dataclasses.replace(metadata.contract, companding="sqrt")
    return dataclasses.replace(metadata, contract=contract)


def _same(metadata: ModelMetadata) -> ModelMetadata:
    return metadata


@dataclass(frozen=True)
class Kind:
    """How one file is made and compared.

    Attributes:
        write: Makes the file, yet without its metadata.
        inputs: What it is compared on.
        expected: What it is fed and what should come of it, for one of these.
        metadata: The generator's -> the file's.
        can_run: Whether there is something here to run it with.
        judged_in_shadows: Whether it is experimental as long as its shadows are not good.
    """

    write: Write
    inputs: Inputs = _whole_pictures
    expected: Expected = _by_generator
    metadata: Callable[[ModelMetadata], ModelMetadata] = _same
    can_run: Callable[[], bool] = lambda: True
    judged_in_shadows: bool = False


KINDS = {
    SAVED_MODEL: Kind(_saved_model),
    MODEL: Kind(_of_saved_model),
    NONE: Kind(_of_its_own_size, _other_sizes),
    TILE: Kind(_of_its_own_size, _tiles),
    FLOAT16: Kind(_of_saved_model),
    DYNAMIC_RANGE: Kind(_of_saved_model),
    INT8: Kind(_int8, _photographs, metadata=_companded, judged_in_shadows=True),
    ISP: Kind(_whole_isp, expected=_by_renderer),
    ONNX: Kind(_onnx, can_run=writers.can_run_onnx),
}
