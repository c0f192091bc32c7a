"""How fast the paper's generator renders 1088x1920: tfisp beside PyTorch, TensorFlow and LiteRT.

    python scripts/benchmark_inference.py [--rounds=6] [--output=result.json]

Two tasks. `network`: packed RAW, float32 [544, 960, 4], to RGB, float32 [1088, 1920, 3]; each
library has its own kind of tensor, in the layout it likes, ready and keeps its result as such.
`picture`: mosaic, uint16, to picture, uint8: scaling, packing, network, 8 bits; the others get the
NumPy functions around them that tfisp has. All are compared with tfisp's result before they are
timed.

In every round each contender has a turn: a pause for the threads of the one before to fall asleep,
a run to warm up, three runs of which the fastest counts. A ratio is the median over the rounds of a
contender's time to tfisp's in the same round: above 1, tfisp is faster. PyTorch is left out where
it is not installed. TensorFlow fixes its number of threads for the life of a process, so it runs on
all cores.

The arithmetic limit is the time that the network's multiplications would take at the speed of a
large float32 matrix product in NumPy. Prints a table, then one line of JSON.
"""

import argparse
import importlib.util
import json
import statistics
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tfisp.backend import load_tensorflow, without_chatter
from tfisp.contract import PUBLISHED
from tfisp.packing import prepare
from tfisp.rendering import ModelMetadata, load, metadata
from tfisp.rendering.runtime import cores, to_8bit
from tfisp.sensor import Capture, get_sensor
from tfisp.surveying.latency import interleaved

SIZE = (1088, 1920)
SIDE = 2048  # of the matrices


class Contender(NamedTuple):
    """A way to run the network: from NumPy's packed `[h, w, 4]`, and back to NumPy's `[H, W, 3]`.

    Attributes:
        feed: Makes the library's own input of the packed image.
        run: Runs the network on that.
        fetch: Makes an array of what it returns.
    """

    feed: Callable[[np.ndarray], Any]
    run: Callable[[Any], Any]
    fetch: Callable[[Any], np.ndarray]


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=6, help="Turns that each gets.")
    parser.add_argument("--output", type=Path, help="Also write the result here.")
    arguments = parser.parse_args()
    load_tensorflow()
    with tempfile.TemporaryDirectory() as folder:
        result = measure(Path(folder), arguments.rounds)
    for task in ("network", "picture"):
        print(f"{task:<30} {'median ms':>10} {'to tfisp':>10}")
        for name, values in result[task].items():
            print(f"  {name:<28} {values['ms']:>10.1f} {values['ratio']:>10.2f}")
    limit = result["limit"]
    print(
        f"{limit['gmac']:.2f} billion multiplications at {limit['gflops']:.0f} GFLOP/s would take"
        f" {limit['ms']:.1f} ms; tfisp's network takes {limit['ratio']:.2f} times as long"
    )
    text = json.dumps(result)
    print(text)
    if arguments.output:
        arguments.output.write_text(text + "\n", encoding="utf-8")


def measure(folder: Path, rounds: int) -> dict:
    """All figures, working in a folder."""
    from tfisp import models

    generator = models.create("efficient_isp", contract=PUBLISHED, seed=1)
    path = write_tflite(generator, folder)
    mosaic = np.random.default_rng(0).integers(58, 1024, SIZE).astype(np.uint16)
    sensor, capture = get_sensor("zrr"), Capture()
    packed = prepare(mosaic, sensor, capture, PUBLISHED)
    matrix = np.random.default_rng(1).random((SIDE, SIDE), np.float32)
    tfisp = load(path)
    tasks: dict[str, Callable[[], object]] = {
        "matrix": lambda: matrix @ matrix,
        "network tfisp": lambda: tfisp.render_input(packed),
        "picture tfisp": lambda: tfisp.render_8bit(mosaic, sensor, capture),
    }
    expected = tfisp.render_input(packed)
    for name, contender in contenders(generator, path):
        own = contender.feed(packed)
        difference = np.abs(contender.fetch(contender.run(own)) - expected).max()
        if not difference <= 1e-5:
            raise SystemExit(f"{name} differs from tfisp by {difference}")

        def picture(contender: Contender = contender) -> np.ndarray:
            own = contender.feed(prepare(mosaic, sensor, capture, PUBLISHED))
            return to_8bit(contender.fetch(contender.run(own)))

        tasks[f"network {name}"] = lambda contender=contender, own=own: contender.run(own)
        tasks[f"picture {name}"] = picture
    seconds = interleaved(tasks, rounds)
    result: dict = {"cores": cores(), "rounds": rounds, "size": SIZE}
    for task in ("network", "picture"):
        own = np.array(seconds[f"{task} tfisp"])
        result[task] = {
            name.removeprefix(f"{task} "): {
                "ms": round(1e3 * statistics.median(values), 2),
                "ratio": round(float(np.median(values / own)), 3),
            }
            for name, values in seconds.items()
            if name.startswith(task)
        }
    macs = multiplications(generator)
    speed = 2 * SIDE**3 / statistics.median(seconds["matrix"])
    limit = 1e3 * 2 * macs / speed
    result["limit"] = {
        "gmac": round(macs / 1e9, 3),
        "gflops": round(speed / 1e9, 1),
        "ms": round(limit, 2),
        "ratio": round(result["network"]["tfisp"]["ms"] / limit, 2),
    }
    return result


def multiplications(generator: Any) -> int:
    """Multiply-accumulates for one picture: each kernel's numbers at each packed position."""
    kernels = sum(weight.size for weight in generator.get_weights() if weight.ndim == 4)
    return kernels * SIZE[0] // 2 * SIZE[1] // 2


def write_tflite(generator: Any, folder: Path) -> Path:
    """The generator as a `.tflite` file with its metadata, by the stock converter."""
    import keras
    import tensorflow as tf

    shape = (1, SIZE[0] // 2, SIZE[1] // 2, 4)
    signature = [keras.InputSpec(shape=shape, dtype="float32")]
    with without_chatter():
        generator.export(folder / "saved_model", input_signature=signature, verbose=False)
        converter = tf.lite.TFLiteConverter.from_saved_model(str(folder / "saved_model"))
        path = folder / "model.tflite"
        path.write_bytes(converter.convert())
    metadata.attach(path, ModelMetadata.of(generator))
    return path


def contenders(generator: Any, path: Path) -> Iterator[tuple[str, Contender]]:
    """All but tfisp, by name."""
    threads = sorted({1, cores()})
    if importlib.util.find_spec("torch"):
        for layout in ("contiguous_format", "channels_last"):
            for number in threads:
                name = f"PyTorch {layout.removesuffix('_format')}, {number} thread"
                yield name, in_torch(generator.get_weights(), layout, number)
    yield "TensorFlow graph, all cores", in_tensorflow(generator)
    import tensorflow as tf

    interpreters = {"tf.lite": tf.lite.Interpreter}
    if importlib.util.find_spec("ai_edge_litert"):
        from ai_edge_litert.interpreter import Interpreter

        interpreters["LiteRT"] = Interpreter
    for package, interpreter in interpreters.items():
        for number in threads:
            yield f"{package}, {number} thread", in_litert(interpreter, path, number)


def in_torch(weights: list[np.ndarray], layout: str, threads: int) -> Contender:
    """PyTorch, in one of its two memory layouts."""
    import torch

    memory = getattr(torch, layout)
    # Keras stores [h, w, in, out] and shuffles (row, column, colour); PyTorch [out, in, h, w] and
    # (colour, row, column).
    order = np.arange(12).reshape(2, 2, 3).transpose(2, 0, 1).ravel()
    kernels = [kernel.transpose(3, 2, 0, 1) for kernel in weights[::2]]
    biases = weights[1::2]
    kernels[2], biases[2] = kernels[2][order], biases[2][order]
    convolutions = []
    for kernel, bias in zip(kernels, biases, strict=True):
        layer = torch.nn.Conv2d(kernel.shape[1], kernel.shape[0], 3, padding=1)
        layer.weight.data = torch.tensor(np.ascontiguousarray(kernel))
        layer.bias.data = torch.tensor(bias)
        convolutions.append(layer.to(memory_format=memory))

    def run(raw: Any) -> Any:
        torch.set_num_threads(threads)
        with torch.inference_mode():
            features = convolutions[0](raw).tanh_()
            features = convolutions[1](features).relu_()
            return torch.pixel_shuffle(convolutions[2](features).relu_(), 2)

    return Contender(
        feed=lambda packed: torch.from_numpy(packed.transpose(2, 0, 1)[None]).contiguous(
            memory_format=memory
        ),
        run=run,
        fetch=lambda rgb: rgb[0].permute(1, 2, 0).contiguous().numpy(),
    )


def in_tensorflow(generator: Any) -> Contender:
    """The Keras generator as a compiled TensorFlow function."""
    import tensorflow as tf

    shape = [1, SIZE[0] // 2, SIZE[1] // 2, 4]
    run = tf.function(generator, input_signature=[tf.TensorSpec(shape, tf.float32)])
    return Contender(
        feed=lambda packed: tf.constant(packed[None]), run=run, fetch=lambda rgb: rgb[0].numpy()
    )


def in_litert(kind: Any, path: Path, threads: int) -> Contender:
    """An interpreter of that class, used plainly: the whole picture at once."""
    with without_chatter(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TensorFlow's announces its removal
        interpreter = kind(str(path), num_threads=threads)
        interpreter.allocate_tensors()
    given = interpreter.get_input_details()[0]["index"]
    wanted = interpreter.get_output_details()[0]["index"]

    def run(packed: np.ndarray) -> np.ndarray:
        interpreter.set_tensor(given, packed)
        interpreter.invoke()
        return interpreter.get_tensor(wanted)

    return Contender(feed=lambda packed: packed[None], run=run, fetch=lambda rgb: rgb[0])


if __name__ == "__main__":
    main()
