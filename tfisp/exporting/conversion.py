"""Exports a generator: all files (`artifacts`), each compared with Keras before anyone sees it.

Everything is built in a folder of its own, passes `gpu_compatibility` and the comparison, and is
then moved into place; if one file is not right, nothing is written. Beside the files lie
`model.json`, the contract, the sensor and the receptive field (`metadata`), and the report
(`report`).
"""

import dataclasses
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tfisp.errors import InputError
from tfisp.exporting import gpu_check, gpu_compatibility, report, writers
from tfisp.exporting.artifacts import ARTIFACTS, Artifact, Target, check_size, choose_artifacts
from tfisp.exporting.calibration import windows
from tfisp.exporting.comparison import compare, experimental
from tfisp.exporting.entries import Entry
from tfisp.exporting.kinds import KINDS, Job
from tfisp.files import atomic_file, atomic_folder, remove_leftovers, write_json
from tfisp.models.generator import Generator
from tfisp.rendering import metadata as metadata_module
from tfisp.rendering.metadata import ModelMetadata

# Windows of the calibration that files are compared on and ranges are not learnt from.
_HELD_OUT = 2


def export(
    generator: Generator, size: tuple[int, int], output: Path, **options: Any
) -> dict[str, Any]:
    """Writes and checks all artifacts, and puts them in a folder once every one is right.

    Args:
        generator: With the weights to be exported.
        size: (height, width) of the picture in pixels.
        output: The folder; made if absent.
        **options: Of `build`.

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
    progress: Callable[[int, int, str], None] | None = None,
) -> dict[str, Any]:
    """Writes all artifacts into a folder and compares each with Keras.

    Args:
        generator: With the weights to be exported.
        size: (height, width) of the picture in pixels.
        folder: An existing, empty folder.
        target: "gpu": files for the GPU must pass `gpu_compatibility`; "cpu": there are none, all
            are for the CPU; None: those that do not pass become files for the CPU, and the report
            says why.
        calibration: RAW files and folders of them, to learn the ranges of the int8 file from;
            without any, it is left out.
        raw_options: Of `tfisp.raw.read_raw`, for those files.
        onnx: Whether to write the ONNX file too.
        on_gpu: Whether to run files for the GPU through LiteRT's GPU accelerator as well, in
            software where there is no GPU (`gpu_check`); the report says where it ran, or why not.
        progress: Called as progress(done, total, what) before each file and at the end.

    Returns:
        The report, as also written to `report.json`.

    Raises:
        InputError: the size does not fit the generator, a RAW file cannot be used, a file for the
            GPU cannot run there, does not agree with Keras, or fails on the accelerator.
    """
    generator = generator.computing_in("float32").folded()  # what is exported has no casts
    metadata = ModelMetadata.of(generator)
    check_size(metadata, size)
    if onnx:
        writers.require_onnx()
    seen = windows(calibration, size, **(raw_options or {})) if calibration else []
    held_out = seen[1 :: max(1, len(seen) // _HELD_OUT)][:_HELD_OUT] if len(seen) > 3 else []
    learnt = [window for window in seen if all(window is not other for other in held_out)]
    artifacts, missing = choose_artifacts(metadata, calibrated=bool(seen), onnx=onnx)
    job = Job(generator, metadata, size, folder, learnt, held_out or seen[:_HELD_OUT])
    files: list[Entry] = []
    for artifact in artifacts:
        if progress:
            progress(len(files), len(artifacts), "files exported")
        files.append(_write(job, artifact, target, on_gpu=on_gpu))
    if progress:
        progress(len(files), len(artifacts), "files exported")
    written = report.compose(generator, metadata, size, target, files, missing, seen, folder)
    write_json(folder / metadata_module.BESIDE, metadata.to_dict())
    report.write(written, folder)
    return written


def publish(built: Path, output: Path) -> None:
    """Moves a built export into its place, each file whole; the report, which vouches, last.

    Files of the same names are replaced; others in the folder stay, except an exported file that
    this export leaves out: nothing would vouch for it.
    """
    for artifact in ARTIFACTS:
        if not (built / artifact.name).exists():
            (output / artifact.name).unlink(missing_ok=True)
    entries = sorted(built.iterdir(), key=lambda entry: (entry.stem == report.STEM, entry.name))
    for entry in entries:
        if entry.is_dir():
            with atomic_folder(output / entry.name) as temporary:
                shutil.copytree(entry, temporary, dirs_exist_ok=True)
        else:
            with atomic_file(output / entry.name) as temporary:
                shutil.copyfile(entry, temporary)


def _write(job: Job, artifact: Artifact, target: Target | None, *, on_gpu: bool) -> Entry:
    """Writes one file and compares it with Keras; returns what the report says of it.

    Raises:
        InputError: as `build`.
    """
    kind, path = KINDS[artifact.name], job.folder / artifact.name
    metadata = kind.metadata(job.metadata)
    kind.write(job, artifact, metadata, path)
    artifact, off_gpu = _targeted(artifact, path, target)
    description = report.describe(artifact, path, metadata, job.size)
    if path.suffix == ".tflite":
        metadata_module.attach(path, metadata, dataclasses.asdict(description))
    entry = Entry(description, report.costs(path))
    if kind.can_run():
        cases = [kind.expected(job, metadata, trial) for trial in kind.inputs(job, artifact)]
        entry.comparison = compare(artifact, path, cases)
        if kind.judged_in_shadows:
            entry.experimental = experimental(entry.comparison.shadows)
    if on_gpu and artifact.target == "gpu":
        entry.accelerator = _on_accelerator(artifact, path)
    entry.off_gpu = [str(violation) for violation in off_gpu]
    return entry


def _targeted(
    artifact: Artifact, path: Path, target: Target | None
) -> tuple[Artifact, list[gpu_compatibility.Violation]]:
    """The artifact with the target that its file really has, and what keeps it off the GPU.

    Raises:
        InputError: the file is to run on the GPU and does not pass.
    """
    if artifact.target != "gpu":
        return artifact, []
    off_gpu = gpu_compatibility.violations(path)
    if off_gpu and target == "gpu":
        raise InputError(
            f"{artifact.name}: {gpu_compatibility.told(off_gpu)}; export with --target=cpu for"
            " files that run on the CPU"
        )
    if off_gpu or target == "cpu":
        artifact = dataclasses.replace(artifact, target="cpu")
    return artifact, off_gpu


def _on_accelerator(artifact: Artifact, path: Path) -> str:
    """What LiteRT's GPU accelerator made of a file, in one line for the report.

    Raises:
        InputError: it was run there and did not pass.
    """
    verdict = gpu_check.check(path)
    if verdict.ran and not verdict.passed:
        raise InputError(f"{artifact.name}: {verdict}; export with --nogpu_check to leave this out")
    return str(verdict)
