"""Exports a generator: all files (`forms`), each compared with Keras before anyone sees it.

Everything is built in a folder of its own, passes the gate and the comparison, and is then moved
into place; if one file is not right, nothing is written. Beside the files lie `model.json`, the
contract, the sensor and the receptive field (`metadata`), and the report (`report`).
"""

import dataclasses
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tfisp.errors import InputError
from tfisp.exporting import gpu_check, gpu_compatibility, report, whole_isp, writers
from tfisp.exporting.calibration import windows
from tfisp.exporting.comparison import Case, compare, experimental
from tfisp.exporting.forms import (
    FORMS,
    INT8,
    ISP,
    ONNX,
    SAVED_MODEL,
    Form,
    Target,
    check_size,
    input_shape,
    plan,
)  # fmt: skip
from tfisp.exporting.quantisation import to_int8
from tfisp.exporting.test_inputs import Trial, noise, scene, trial_inputs
from tfisp.files import atomic_file, atomic_folder, remove_leftovers, write_json
from tfisp.models.generator import Generator
from tfisp.rendering import metadata as metadata_module
from tfisp.rendering.metadata import ModelMetadata
from tfisp.rendering.renderer import Renderer

__all__ = ["FORMS", "build", "export", "publish", "trial_inputs"]

# Windows of the calibration that files are compared on and ranges are not learnt from.
_HELD_OUT = 2


def export(
    generator: Generator, size: tuple[int, int], output: Path, **options: Any
) -> dict[str, Any]:
    """Writes and checks all forms, and puts them in a folder once every one is right.

    Args:
        generator: with the weights to be exported.
        size: (height, width) of the picture in pixels.
        output: the folder; made if absent.
        **options: of `build`.

    Returns:
        The report, as also written to `report.json`.

    Raises:
        InputError: as `build`; nothing is written then.
    """
    output.mkdir(parents=True, exist_ok=True)
    remove_leftovers(output)
    with tempfile.TemporaryDirectory(dir=output, prefix=".", suffix=".tmp.building") as folder:
        written = build(generator, size, Path(folder), **options)
        publish(Path(folder), output)
    return written


def build(
    generator: Generator,
    size: tuple[int, int],
    folder: Path,
    *,
    target: Target | None = None,
    calibration: Sequence[str | Path] = (),
    raw_options: Mapping[str, Any] | None = None,
    onnx: bool = False,
    on_gpu: bool = False,
) -> dict[str, Any]:
    """Writes all forms into a folder and compares each with Keras.

    Args:
        generator: with the weights to be exported.
        size: (height, width) of the picture in pixels.
        folder: an existing, empty folder.
        target: "gpu": files for the GPU must pass the gate; "cpu": there are none, all are for the
            CPU; None: those that do not pass become files for the CPU, and the report says why.
        calibration: RAW files and folders of them, to learn the ranges of the int8 file from;
            without any, it is left out.
        raw_options: of `tfisp.raw.read_raw`, for those files.
        onnx: whether to write the ONNX file too.
        on_gpu: whether to run files for the GPU through LiteRT's GPU accelerator as well, in
            software where there is no GPU (`gpu_check`); the report says where it ran, or why not.

    Returns:
        The report, as also written to `report.json`.

    Raises:
        InputError: the size does not fit the generator, a RAW file cannot be used, a file does not
            pass the gate, does not agree with Keras, or fails on the accelerator.
    """
    generator = generator.computing_in("float32")  # what is exported has no casts
    metadata = ModelMetadata.of(generator)
    check_size(metadata, size)
    if onnx:
        writers.require_onnx()
    seen = windows(calibration, size, **(raw_options or {})) if calibration else []
    held_out = seen[1 :: max(1, len(seen) // _HELD_OUT)][:_HELD_OUT] if len(seen) > 3 else []
    learnt = [window for window in seen if all(window is not other for other in held_out)]
    forms, missing = plan(metadata, calibrated=bool(seen), onnx=onnx)
    builder = _Builder(
        generator, metadata, size, folder, learnt, held_out or seen[:_HELD_OUT], on_gpu
    )
    files = [builder.write(form, target) for form in forms]
    written = report.compose(generator, metadata, size, target, files, missing, seen, folder)
    write_json(folder / metadata_module.BESIDE, metadata.to_dict())
    report.write(written, folder)
    return written


def publish(built: Path, output: Path) -> None:
    """Moves a built export into its place, each file whole; the report, which vouches, last.

    Files of the same names are replaced; others in the folder stay, except an exported file that
    this export leaves out: nothing would vouch for it.
    """
    for form in FORMS:
        if not (built / form.name).exists():
            (output / form.name).unlink(missing_ok=True)
    entries = sorted(built.iterdir(), key=lambda entry: (entry.stem == report.STEM, entry.name))
    for entry in entries:
        if entry.is_dir():
            with atomic_folder(output / entry.name) as temporary:
                shutil.copytree(entry, temporary, dirs_exist_ok=True)
        else:
            with atomic_file(output / entry.name) as temporary:
                shutil.copyfile(entry, temporary)


class _Builder:
    """Writes the files of one export and compares them."""

    def __init__(
        self,
        generator: Generator,
        metadata: ModelMetadata,
        size: tuple[int, int],
        folder: Path,
        learnt: list[Trial],
        held_out: list[Trial],
        on_gpu: bool,
    ) -> None:
        """Takes what all files have in common.

        Args:
            generator: in single precision.
            metadata: of it.
            size: (height, width) of the picture in pixels.
            folder: to write into.
            learnt: mosaics of that size to calibrate with.
            held_out: mosaics of that size to compare on, besides the trials.
            on_gpu: whether files for the GPU are run on the accelerator.
        """
        self._generator, self._metadata = generator, metadata
        self._size, self._folder = size, folder
        self._learnt, self._held_out = learnt, held_out
        self._on_gpu = on_gpu
        self._expected: dict[tuple, Any] = {}

    def write(self, form: Form, target: Target | None) -> dict[str, Any]:
        """Writes one file; returns the report's entry on it."""
        path = self._folder / form.name
        metadata = self._metadata
        if form.name == INT8 and metadata.contract.companding == "none":
            companded = dataclasses.replace(metadata.contract, companding="sqrt")
            metadata = dataclasses.replace(metadata, contract=companded)
        self._convert(form, path, metadata)
        form, off_gpu = _targeted(form, path, target)
        entry = report.describe(form, path, metadata, self._size)
        if path.suffix == ".tflite":
            metadata_module.attach(path, metadata, entry)
        entry |= report.costs(path)
        if form.name == ONNX and not writers.can_run_onnx():
            entry["compared_on"] = []  # nothing here to run it with
        else:
            entry |= compare(form, path, self._cases(form, metadata))
        if self._on_gpu and form.target == "gpu":
            entry["accelerator"] = _on_accelerator(form, path)
        if off_gpu:
            entry["off_gpu"] = [str(violation) for violation in off_gpu]
        if form.name == INT8:
            entry["experimental"] = experimental(entry["shadows"])
        return entry

    def _convert(self, form: Form, path: Path, metadata: ModelMetadata) -> None:
        """Makes one file, yet without its metadata."""
        generator, size = self._generator, self._size
        shape = input_shape(form, metadata, size)
        if form.name == SAVED_MODEL:
            writers.write_saved_model(generator, shape, path)
        elif form.name == ONNX:
            writers.write_onnx(generator, shape, path)
        elif form.name == INT8:
            path.write_bytes(to_int8(generator, [trial.raw(metadata) for trial in self._learnt]))
        elif form.name != ISP and form.size == "fixed":
            path.write_bytes(writers.to_tflite(self._folder / SAVED_MODEL, form.weights))
        else:
            with tempfile.TemporaryDirectory() as folder:
                saved_model = Path(folder) / SAVED_MODEL
                if form.name == ISP:
                    function = whole_isp.function(generator, size)
                    inputs = whole_isp.signature(metadata.contract, size)
                    writers.write_function(generator, function, inputs, saved_model)
                else:
                    writers.write_saved_model(generator, shape, saved_model)
                path.write_bytes(writers.to_tflite(saved_model))

    def _cases(self, form: Form, metadata: ModelMetadata) -> list[Case]:
        """What a file is compared on."""
        if form.name == INT8:  # noise is nothing that ranges were learnt for
            trials = self._held_out
        elif form.size == "fixed":
            trials = [noise(self._size), scene(self._size), *self._held_out]
        elif form.size == "tile":
            side = input_shape(form, metadata, self._size)[1] * metadata.step
            trials = [noise((side, side)), scene((side, side))]
        else:
            trials = [trial(self._other_size(k)) for k, trial in enumerate((noise, scene), 3)]
        return [self._case(form, metadata, trial) for trial in trials]

    def _case(self, form: Form, metadata: ModelMetadata, trial: Trial) -> Case:
        if form.name == ISP:  # the graph corrects no shading
            capture = dataclasses.replace(trial.capture, orientation=1, shading=None)
            trial = dataclasses.replace(trial, capture=capture)
            inputs = whole_isp.inputs_of(metadata.contract, trial)
            renderer = Renderer(self._generator, tile=None)
            picture = renderer.render_8bit(trial.mosaic, trial.sensor, trial.capture)
            return Case(trial.name, inputs, picture[None], trial.shadows)
        key = (trial.name, trial.mosaic.shape)
        if key not in self._expected:
            given = trial.raw(self._metadata)
            self._expected[key] = self._generator(given, training=False).numpy()
        return Case(trial.name, {"raw": trial.raw(metadata)}, self._expected[key], trial.shadows)

    def _other_size(self, k: int) -> tuple[int, int]:
        """A small size of picture, another one for each k."""
        unit = 2 * self._metadata.step * self._metadata.multiple
        least = self._metadata.step * self._metadata.minimum
        return tuple(-(-max(8 * side, least) // unit) * unit for side in (2 * k, 3 * k + 1))


def _targeted(
    form: Form, path: Path, target: Target | None
) -> tuple[Form, list[gpu_compatibility.Violation]]:
    """The form with the target that its file really has, and what keeps it off the GPU.

    Raises:
        InputError: the file is to run on the GPU and does not pass the gate.
    """
    if form.target != "gpu":
        return form, []
    off_gpu = gpu_compatibility.violations(path)
    if off_gpu and target == "gpu":
        raise InputError(
            f"{form.name}: {gpu_compatibility.told(off_gpu)}; export with --target=cpu for files"
            " that run on the CPU"
        )
    if off_gpu or target == "cpu":
        form = dataclasses.replace(form, target="cpu")
    return form, off_gpu


def _on_accelerator(form: Form, path: Path) -> str:
    """What LiteRT's GPU accelerator made of a file, in one line for the report.

    Raises:
        InputError: it was run there and did not pass.
    """
    verdict = gpu_check.check(path)
    if verdict.ran and not verdict.passed:
        raise InputError(f"{form.name}: {verdict}; export with --nogpu_check to leave this out")
    return str(verdict)
