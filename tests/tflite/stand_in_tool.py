"""Stands in for benchmark_model on the phone: TFLite's, or LiteRT's if its name begins with litert.

It runs the real file, through LiteRT on this computer, if it is given an input or asked for the
output; its log has the lines of the real tools, its times are made up. Where float16 is allowed,
the output is rounded to it.

$STAND_IN_GPU is the phone's GPU: `both` (OpenCL and OpenGL, the default), `gl` (no OpenCL), `part`
(one operation is not supported), `none` (no GPU: the CPU takes over without an error). NNAPI's
delegate takes the nodes and then does not run them, as on phones without a driver.
$STAND_IN_TOOL is what is wrong with the tool: `crash`, `hang`, `silent` (prints no times), `old`
(knows neither --gpu_backend nor --output_filepath), `processor` (built for another one), `swapped`
(gives red for blue), `nan`, `half` (writes half the output).
"""

import os
import sys
from pathlib import Path

GPU = os.environ.get("STAND_IN_GPU", "both")
FAULT = os.environ.get("STAND_IN_TOOL", "")
NODES = 5

TFLITE_FLAGS = (
    *("graph", "num_threads", "num_runs", "min_secs", "max_secs", "warmup_runs", "warmup_min_secs"),
    *("input_layer", "input_layer_shape", "input_layer_value_files", "use_xnnpack", "use_gpu"),
    *("gpu_precision_loss_allowed", "use_nnapi", "nnapi_allow_fp16"),
    *(() if FAULT == "old" else ("gpu_backend", "output_filepath")),
)
LITERT_FLAGS = (
    *TFLITE_FLAGS[:7],
    "use_cpu",
    "use_gpu",
    "use_npu",
    "require_full_delegation",
    "allow_fp16",
)


def say(text, kind="INFO"):
    print(f"{kind}: {text}")


def applied(name, how, kernels=""):
    say(
        f"Explicitly applied {name} delegate, and the model graph will be {how} executed by the"
        f" delegate{kernels}."
    )


def replacing(taken, delegate, of=NODES):
    partitions = 1 if taken == of else 2
    say(
        f"Replacing {taken} out of {of} node(s) with delegate ({delegate}) node, yielding"
        f" {partitions} partitions for subgraph 0.",
        "VERBOSE",
    )


def on_cpu(nodes=NODES):
    say("Created TensorFlow Lite XNNPACK delegate for CPU.")
    replacing(nodes, "TfLiteXNNPackDelegate", nodes)


def on_gpu(backend):
    """Applies the GPU delegate; False if it fails."""
    say("Created TensorFlow Lite delegate for GPU.")
    if GPU == "none":
        say("GPU acceleration is unsupported on this platform.", "WARN")
        on_cpu()
        return True
    say("GPU delegate created.")
    taken = NODES - 1 if GPU == "part" else NODES
    if GPU == "part":
        say("Following operations are not supported by GPU delegate:", "ERROR")
        print("DEPTH_TO_SPACE: Operation is not supported.")
        print(
            "4 operations will run on the GPU, and the remaining 1 operations will run on the CPU."
        )
    replacing(taken, "TfLiteGpuDelegateV2")
    api = "OpenGL" if backend == "gl" else "OpenCL"
    if api == "OpenCL" and GPU == "gl":
        say(
            'Can not open OpenCL library on this device - dlopen failed: library "libOpenCL.so"'
            " not found",
            "ERROR",
        )
        if backend == "cl":
            say("Restored original execution plan after delegate application failure.", "ERROR")
            say("Failed to apply GPU delegate.", "ERROR")
            return False
        say("Falling back to OpenGL", "ERROR")
        api = "OpenGL"
    say(f"Initialized {api}-based API.")
    say("Created 1 GPU delegate kernels.")
    if taken == NODES:
        applied("GPU", "completely")
    else:
        applied("GPU", "partially", " w/ 1 delegate kernels")
        on_cpu(NODES - taken)
    return True


def on_nnapi():
    say("NNAPI accelerators available: [nnapi-reference]")
    say("Created TensorFlow Lite delegate for NNAPI.")
    replacing(NODES, "TfLiteNnapiDelegate")
    say(
        "Though NNAPI delegate is explicitly applied, the model graph will not be executed by the"
        " delegate."
    )


def run_model(flags):
    """Runs the file on its input and writes the output, as the real tool does at its end."""
    import numpy as np
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(flags["graph"], num_threads=1)
    given = interpreter.get_input_details()[0]
    shape = [int(side) for side in flags["input_layer_shape"].split(",")]
    interpreter.resize_tensor_input(given["index"], shape)
    interpreter.allocate_tensors()
    name, _, path = flags["input_layer_value_files"].partition(":")
    content, size = Path(path).read_bytes(), 4 * int(np.prod(shape))
    if name != flags["input_layer"] or len(content) != size:
        say(f"The size of {path} is {len(content)} bytes. It should be {size} bytes.", "FATAL")
        os.abort()
    interpreter.set_tensor(given["index"], np.frombuffer(content, "<f4").reshape(shape))
    interpreter.invoke()
    output = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    if flags.get("gpu_precision_loss_allowed") == "true":
        output = output.astype(np.float16).astype(np.float32)
    if FAULT == "swapped":
        output = output[..., ::-1]
    if FAULT == "nan":
        output = np.where(np.arange(output.size).reshape(output.shape) == 7, np.nan, output)
    output = output.astype("<f4").tobytes()
    if "output_filepath" in flags:
        with open(flags["output_filepath"], "wb") as file:
            file.write(output[: len(output) // 2] if FAULT == "half" else output)


def times(runs, first, median):
    say(
        "Running benchmark for at least 1 iterations and at least 0 seconds but terminate if"
        " exceeding 150 seconds."
    )
    say(f"count=1 curr={first} p5={first} median={first} p95={first}\n")
    say(
        "Running benchmark for at least 10 iterations and at least 30 seconds but terminate if"
        " exceeding 150 seconds."
    )
    say(
        f"count={runs} first={median + 90} curr={median} min={median - 200} max={median + 900}"
        f" avg={median + 50.5} std=193 p5={median - 90} median={median} p95={median + 300}\n"
    )


def tflite(flags):
    """What TFLite's tool does and prints; its exit code."""
    for name, label in (("num_threads", "Num threads"), ("graph", "Graph")):
        if name in flags:
            say(f"{label}: [{flags[name]}]")
    if "gpu_precision_loss_allowed" in flags:
        say(f"Allow lower precision in gpu: [{int(flags['gpu_precision_loss_allowed'] == 'true')}]")
    say(f"Loaded model {flags['graph']}")
    say("Initialized TensorFlow Lite runtime.")
    if flags.get("use_gpu") == "true":
        if not on_gpu(flags.get("gpu_backend", "")):
            say("Benchmarking failed.", "ERROR")
            return 1
    elif flags.get("use_nnapi") == "true":
        on_nnapi()
        on_cpu()
    else:
        on_cpu()
        applied("XNNPACK", "completely")
    say("The input model file size (MB): 0.013944")
    say("Initialized session in 355.447ms.")
    if "input_layer_value_files" in flags:
        run_model(flags)
    times(108, 45401, 8705)
    if FAULT != "silent":
        say(
            "Inference timings in us: Init: 355447, First inference: 45401, Warmup (avg): 45401,"
            " Inference (avg): 8755.5"
        )
    return 0


def litert(flags):
    """What LiteRT's tool does and prints."""
    if flags.get("use_gpu") == "true":
        replacing(NODES, "LITERT_CL")
    else:
        on_cpu()
    times(120, 30000, 8100)
    lines = (
        "\n========== BENCHMARK RESULTS ==========",
        "Model initialization: 120.50 ms",
        "Warmup (first):       30.00 ms",
        "Warmup (avg):         30.00 ms (1 runs)",
        "Inference (avg):      8.15 ms (120 runs)",
        "Inference (min):      7.90 ms",
    )
    for number, line in enumerate(lines, start=92):
        say(f"[benchmark_litert_model.h:{number}] {line}")
    return 0


def main(program, words):
    is_litert = os.path.basename(program).startswith("litert")
    known = LITERT_FLAGS if is_litert else TFLITE_FLAGS
    if FAULT == "processor":
        print(f"{program}: not executable: 64-bit ELF file")
        return 126
    say("STARTING!")
    if words == ["--help"]:
        say(f"usage: {program} <flags>\nFlags:", "ERROR")
        for name in known:
            print(f"\t--{name}=\tstring\toptional\t{name}")
        return 1
    flags = dict(word[2:].split("=", 1) for word in words)
    unknown = [name for name in flags if name not in known]
    if unknown:
        say(
            "Unconsumed cmdline flags: "
            + " ".join(f"--{name}={flags.pop(name)}" for name in unknown),
            "WARN",
        )
    if not os.path.isfile(flags["graph"]):
        say(f"Failed to load model {flags['graph']}", "ERROR")
        return 1
    if FAULT == "crash" and flags.get("use_gpu") == "true":
        sys.stdout.write("INFO: Created TensorFlow Lite deleg")  # no end of line: it was cut off
        sys.stdout.flush()
        os.abort()
    if FAULT == "hang" and flags.get("use_gpu") == "true":
        return 124  # what `timeout` makes of it
    return litert(flags) if is_litert else tflite(flags)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
