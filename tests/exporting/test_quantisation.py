"""The int8 file keeps shadows: its input is companded, its first layer computes in float32."""

import dataclasses
import sys

import numpy as np
import pytest
import tensorflow as tf

from tests.helpers.shared import shared
from tfisp import models
from tfisp.companding import compand
from tfisp.companding import expand as expand_numpy
from tfisp.contract import Contract
from tfisp.exporting import quantisation, test_inputs, tflite_graph
from tfisp.exporting.comparison import figures
from tfisp.exporting.quantisation import in_float32, to_int8
from tfisp.exporting.test_inputs import Trial
from tfisp.exporting.writers import to_tflite, write_saved_model
from tfisp.models.camera_output import expand
from tfisp.raw import read_raw
from tfisp.rendering import ModelMetadata
from tfisp.rendering.runtime import open_interpreter
from tfisp.sensor import Capture, Sensor

COMPANDED = ModelMetadata("x", Contract(companding="sqrt"), halo=3)


def convert(generator, inputs, path):
    path.write_bytes(to_int8(generator, inputs))
    return tflite_graph.read(path)[0]


def test_expansion_in_the_graph_is_that_of_the_contract():
    values = np.linspace(-1.5, 3, 999, dtype=np.float32)
    np.testing.assert_allclose(expand(tf.constant(values)), expand_numpy(values), rtol=1e-6)


def test_the_input_is_rounded_companded_and_the_first_layer_is_not_rounded(tmp_path):
    network = models.create("efficient_isp", seed=1)
    inputs = test_inputs.trial_inputs(COMPANDED, (1, 16, 24, 4))
    part = convert(network, inputs, tmp_path / "m.tflite")
    names = [operation.name for operation in part.operations]
    front = ["QUANTIZE", "DEQUANTIZE", "ABS", "MUL", "ADD", "MUL", "CONV_2D", "TANH"]
    assert names == [*front, "QUANTIZE", "CONV_2D", "CONV_2D", "DEPTH_TO_SPACE", "DEQUANTIZE"]
    assert part.inputs["raw"].type == part.outputs["rgb"].type == "FLOAT32"
    types = [operation.outputs[0].type for operation in part.operations]
    assert types == ["INT8", *["FLOAT32"] * 7, *["INT8"] * 4, "FLOAT32"]


def test_a_generator_of_companded_input_expands_nothing(tmp_path):
    network = models.create("efficient_isp", contract=Contract(companding="sqrt"))
    part = convert(
        network, test_inputs.trial_inputs(COMPANDED, (1, 8, 8, 4)), tmp_path / "m.tflite"
    )
    names = [operation.name for operation in part.operations]
    assert names[:4] == ["QUANTIZE", "DEQUANTIZE", "CONV_2D", "TANH"]


def test_white_is_kept_where_the_calibration_is_dark(tmp_path):
    network = models.create("efficient_isp", seed=1)
    raw = np.full((1, 8, 8, 4), compand(1.0), np.float32)
    (tmp_path / "m.tflite").write_bytes(to_int8(network, [raw * 0.3, raw * 0.1]))
    interpreter = open_interpreter(tmp_path / "m.tflite", delegates=False)
    detail = interpreter.get_tensor_details()
    low, high = next(
        (np.array([-128, 127]) - entry["quantization"][1]) * entry["quantization"][0]
        for entry in detail
        if entry["dtype"] == np.int8 and entry["shape"].tolist() == [1, 8, 8, 4]
    )
    assert low <= 0 and high >= 0.999


@pytest.mark.parametrize(
    "name, first, last",
    [("rmfa_net_tiny", "TANH", "LOGISTIC"), ("lan", "LEAKY_RELU", "ADD"), ("srcnn", "CONV_2D", "")],
)
def test_ends_that_8_bits_cannot_hold_stay_in_float32(tmp_path, name, first, last):
    network = models.create(name)
    metadata = ModelMetadata.of(network)
    write_saved_model(network, (1, 16, 16, metadata.channels), tmp_path / "saved_model")
    (tmp_path / "m.tflite").write_bytes(to_tflite(tmp_path / "saved_model"))
    operations = tflite_graph.read(tmp_path / "m.tflite")[0].operations
    kept = set(in_float32(operations))
    names = [
        operation.name for operation in operations if kept & {t.name for t in operation.outputs}
    ]
    start = next(i for i, operation in enumerate(operations) if operation.name == first)
    assert names[: start + 1] == [operation.name for operation in operations[: start + 1]]
    assert names[-1] == (last or first) and len(names) < len(operations)


def frames():
    """Two real frames as a 10-bit sensor gives them, as they are and two stops darker."""
    for name in ("raw/frames/nikon_768x512_rggb.raw", "raw/dng/canon_colorchart.dng"):
        mosaic, sensor, _ = read_raw(shared(name))
        black = np.mean(sensor.black_level)
        linear = (mosaic[:512, :768] - black) / (sensor.white_level - black)
        for exposure in (1.0, 0.25):
            counts = np.clip(np.rint(60 + 963 * linear * exposure), 0, 1023).astype(np.uint16)
            yield Trial(name, counts, Sensor("RGGB", 60, 1023), Capture())


@pytest.mark.slow
def test_shadows_of_the_released_network_survive(tmp_path, monkeypatch):
    pytest.importorskip("torch")
    import port_checkpoint

    checkpoint = shared("official/Efficient_ISP_unpaired_step_30750.pth")
    words = ["port_checkpoint", str(checkpoint), f"--output={tmp_path / 'preset'}"]
    monkeypatch.setattr(sys, "argv", words)
    port_checkpoint.main()
    network = models.from_preset(tmp_path / "preset")
    metadata = ModelMetadata.of(network)
    companded = dataclasses.replace(
        metadata, contract=dataclasses.replace(metadata.contract, companding="sqrt")
    )
    given = list(frames())
    expected = [network(trial.raw(metadata)).numpy() for trial in given]

    def shadow_psnr():
        inputs = [trial.raw(companded) for trial in given]
        (tmp_path / "m.tflite").write_bytes(to_int8(network, inputs))
        run = open_interpreter(tmp_path / "m.tflite").get_signature_runner()
        differences = [
            255 * (np.clip(run(raw=raw)["rgb"], 0, 1) - np.clip(truth, 0, 1))[0, trial.shadows]
            for raw, truth, trial in zip(inputs, expected, given, strict=True)
        ]
        return figures(differences)["psnr_db"]

    assert shadow_psnr() > 42
    monkeypatch.setattr(quantisation, "in_float32", lambda operations: [])
    assert shadow_psnr() < 30  # which is what rounding every layer gives
