"""The whole ISP as a graph is the desktop's renderer, for every contract and form of input."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from tfisp import models
from tfisp.contract import AS_SHOT, PUBLISHED, Contract
from tfisp.exporting import tflite_graph, whole_isp
from tfisp.exporting.test_inputs import Trial
from tfisp.exporting.writers import to_tflite, write_function
from tfisp.rendering import Renderer
from tfisp.rendering.runtime import open_interpreter
from tfisp.sensor import Capture, Sensor

SIZE = (32, 48)
MATRIX = ((0.7, -0.1, -0.1), (-0.4, 1.2, 0.2), (-0.1, 0.3, 0.6))
SENSOR = Sensor(
    "RGGB", ((60, 62), (61, 64)), 1000, xyz_to_camera=MATRIX, default_gains=(1.8, 1.0, 1.4)
)
CAPTURE = Capture(gains=(2.1, 1.0, 1.7), baseline_exposure=0.4)


def trial(capture=CAPTURE):
    counts = np.random.default_rng(0).integers(0, 1100, SIZE).astype(np.uint16)
    counts[:16] //= 10  # shadows, and below black
    return Trial("x", counts, SENSOR, capture)


@pytest.mark.parametrize(
    "contract, names",
    [
        (PUBLISHED, ["mosaic"]),
        (Contract(), ["mosaic", "black_level", "white_level"]),
        (Contract(white_level=900), ["mosaic", "black_level"]),
        (Contract(clip="shadows"), ["mosaic", "black_level", "white_level"]),
        (AS_SHOT, ["mosaic", "black_level", "white_level", "white_balance", "exposure"]),
        (
            dataclasses.replace(AS_SHOT, companding="none"),
            ["mosaic", "black_level", "white_level", "white_balance", "exposure"],
        ),
        (
            dataclasses.replace(AS_SHOT, exposure="none", output="camera"),
            ["mosaic", "black_level", "white_level", "white_balance", "colour_matrix"],
        ),
        (Contract("split", white_balance="as_shot"), None),
        (Contract("mosaic", exposure="frame"), None),
    ],
)
@pytest.mark.parametrize("capture", [CAPTURE, Capture()])
def test_the_graph_gives_the_renderers_picture(contract, names, capture):
    kinds = {"packed": "efficient_isp", "split": "rmfa_net_tiny", "mosaic": "lan"}
    network = models.create(kinds[contract.form], contract=contract, seed=2)
    given = whole_isp.inputs_of(contract, trial(capture))
    assert names is None or list(given) == names
    serve = tf.function(whole_isp.function(network, SIZE))
    shown = serve(*map(tf.constant, given.values()))["rgb"].numpy()
    expected = Renderer(network).render_8bit(trial().mosaic, SENSOR, capture)
    assert shown.dtype == np.uint8 and shown.shape == (1, *SIZE, 3)
    assert np.abs(shown[0].astype(int) - expected).max() <= 1
    assert (shown[0] != expected).mean() < 2e-3


def test_the_file_takes_counts_and_stores_no_picture(tmp_path):
    network = models.create("rmfa_net_tiny", seed=2)
    signature = whole_isp.signature(network.contract, SIZE)
    write_function(network, whole_isp.function(network, SIZE), signature, tmp_path / "saved_model")
    path = tmp_path / "m.tflite"
    path.write_bytes(to_tflite(tmp_path / "saved_model"))
    part = tflite_graph.read(path)[0]
    assert part.inputs["mosaic"].type == "UINT16" and part.outputs["rgb"].type == "UINT8"
    weights = 4 * network.count_params()
    assert path.stat().st_size < weights + 30_000
    given = open_interpreter(path).get_signature_runner()(
        **whole_isp.inputs_of(network.contract, trial())
    )
    expected = Renderer(network).render_8bit(trial().mosaic, SENSOR, CAPTURE)
    assert np.abs(given["rgb"][0].astype(int) - expected).max() <= 1
