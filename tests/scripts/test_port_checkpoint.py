"""Porting released generators: the same picture as in PyTorch, and what is wrong is refused."""

import subprocess
import sys
from pathlib import Path

import cv2
import h5py
import numpy as np
import pytest

from tests.helpers.shared import shared
from tfisp import models
from tfisp.errors import InputError
from tfisp.models import presets
from tfisp.rendering import Renderer
from tfisp.sensor import SENSORS

torch = pytest.importorskip("torch")

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "port_checkpoint.py"
import port_checkpoint  # noqa: E402

RELEASED = [
    ("efficient_isp", "Efficient_ISP_unpaired_step_30750.pth"),
    ("robust_isp", "Robust_unpaired_step_66090.pth"),
    ("rmfa_net_tiny", "RMFA_TINY_unpaired_step_48270.pth"),
]


def random_state(shapes, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return {name: torch.randn(*shape, generator=generator) * 0.2 for name, shape in shapes.items()}


def plain_state(first, second, seed=0):
    sizes = {"conv1": (first, 4), "conv2": (second, first), "conv3": (12, second)}
    shapes = {}
    for name, (outputs, inputs) in sizes.items():
        shapes |= {f"{name}.weight": (outputs, inputs, 3, 3), f"{name}.bias": (outputs,)}
    return random_state(shapes, seed)


def rmfa_state(blocks, width=16):
    sizes = {"input_module.0": (width, 3, 3), "input_module.1": (width, width, 3)}
    for name in (f"rmfa_blocks.{block}" for block in range(blocks)):
        sizes |= {
            f"{name}.texture_module.high_freq.0": (width // 2, width, 1),
            f"{name}.texture_module.low_freq.0": (width // 2, width, 3),
            f"{name}.tone_mapping.level1.1": (width, width, 3),
            f"{name}.tone_mapping.level2.1": (width, width, 3),
            f"{name}.tone_mapping.level3.0": (width, width, 3),
            f"{name}.fusion.0": (width, 2 * width, 3),
            f"{name}.channel_attention.fc.0": (width // 16, width, 1),
            f"{name}.channel_attention.fc.2": (width, width // 16, 1),
            f"{name}.spatial_attention.conv": (1, 2, 7),
        }
    sizes["output_module.0"] = (3, width, 3)
    shapes = {}
    for name, (outputs, inputs, size) in sizes.items():
        shapes[f"{name}.weight"] = (outputs, inputs, size, size)
        if "attention" not in name:
            shapes[f"{name}.bias"] = (outputs,)
    return {name: tensor / 2 for name, tensor in random_state(shapes).items()}


def saved(folder, content, name="some_step_1.pth"):
    torch.save(content, folder / name)
    return folder / name


def rendered(generator, state, size=(48, 32)):
    """The same noise by the converted network and by the rendering that the tests have."""
    from tests.helpers import torch_networks

    channels = generator.input_shape_any[-1]
    x = np.random.default_rng(5).uniform(-0.02, 1.2, (1, *size, channels)).astype(np.float32)
    network = torch_networks.plain_isp if channels == 4 else torch_networks.rmfa_net
    return generator(x), torch_networks.nhwc(network(torch_networks.nchw(x), state))


@pytest.mark.parametrize(
    "name, state",
    [
        ("efficient_isp", plain_state(12, 12)),
        ("robust_isp", plain_state(16, 4)),
        ("dh_isp", plain_state(16, 16)),
        ("rmfa_net_tiny", rmfa_state(2)),
        ("rmfa_net_tiny", rmfa_state(2, width=32)),
        ("rmfa_net_medium", rmfa_state(8)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_kind_is_recognised_and_renders_as_in_pytorch(tmp_path, name, state):
    port_checkpoint.port(saved(tmp_path, state), tmp_path / "preset")
    assert models.read_preset(tmp_path / "preset").model == name
    ours, theirs = rendered(models.from_preset(tmp_path / "preset"), state)
    np.testing.assert_allclose(ours, theirs, atol=1e-5)


@pytest.mark.parametrize(
    "wrap",
    [
        lambda state: {f"module.{name}": tensor for name, tensor in state.items()},
        lambda state: {"epoch": 3, "generator": state, "optimizer": {"state": {0: torch.ones(2)}}},
        lambda state: {"model": {f"module.{n}": t for n, t in state.items()}, "lr": 1e-4},
        lambda state: {"net": state, "critic": random_state({"conv1.weight": (48, 64, 5, 5)})},
        lambda state: {n: torch.nn.Parameter(t.double()) for n, t in state.items()},
    ],
)
def test_what_is_wrapped_around_a_network_does_not_matter(tmp_path, wrap):
    state = plain_state(16, 4)
    port_checkpoint.port(saved(tmp_path, wrap(state)), tmp_path / "preset")
    ours, theirs = rendered(models.from_preset(tmp_path / "preset"), state)
    np.testing.assert_allclose(ours, theirs, atol=1e-5)


# The layers of AISP's Keras files: name of the layer, shape of its kernel, whether it has a bias.
AISP_LAYERS = [
    ("conv2d_70", (3, 3, 4, 16), True),
    ("conv2d_71", (3, 3, 16, 16), True),
    ("conv2d_72", (3, 3, 16, 12), True),
    ("conv2d_73", (3, 3, 3, 32), True),
    ("dense_8", (32, 4), True),
    ("dense_9", (4, 32), True),
    ("conv2d_74", (7, 7, 2, 1), False),
    ("conv2d_75", (3, 3, 32, 3), True),
]


def aisp_arrays():
    """Path within the file, as Keras 2 writes it -> array."""
    rng = np.random.default_rng(0)
    arrays = {}
    for layer, shape, biased in AISP_LAYERS:
        deviation = np.prod(shape[:-1]) ** -0.5
        arrays[f"{layer}/{layer}/kernel:0"] = rng.normal(0, deviation, shape).astype(np.float32)
        if biased:
            bias = rng.uniform(0, 0.2, shape[-1:])
            arrays[f"{layer}/{layer}/bias:0"] = bias.astype(np.float32)
    return arrays


def saved_by_keras(folder, arrays, inside="model_weights/"):
    path = folder / "model_isp_final.h5"
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = "{}"
        for name, array in arrays.items():
            file[inside + name] = array
        if inside:
            file["optimizer_weights/Adam/conv2d_70/kernel/m:0"] = np.zeros((3, 3, 4, 16))
            file["optimizer_weights/Adam/iterations:0"] = np.int64(3)
    return path


@pytest.mark.parametrize("inside", ["model_weights/", ""])
def test_a_keras_file_of_aisp_renders_as_in_pytorch(tmp_path, inside):
    from tests.helpers import torch_mobile_networks, torch_networks

    arrays = aisp_arrays()
    file = saved_by_keras(tmp_path, arrays, inside)
    port_checkpoint.port(file, tmp_path / "preset", "ultraisp")
    assert models.read_preset(tmp_path / "preset").model == "aisp"
    generator = models.from_preset(tmp_path / "preset")
    ours = ("conv1", "conv2", "conv3", "wide", "squeeze", "excite", "place", "correct")
    state = {}
    for (layer, shape, biased), name in zip(AISP_LAYERS, ours, strict=True):
        kernel = torch.from_numpy(arrays[f"{layer}/{layer}/kernel:0"])
        kernel = kernel.reshape((1, 1, *shape)) if len(shape) == 2 else kernel
        state[f"{name}/kernel"] = kernel.permute(3, 2, 0, 1)
        if biased:
            state[f"{name}/bias"] = torch.from_numpy(arrays[f"{layer}/{layer}/bias:0"])
    x = np.random.default_rng(5).uniform(-0.02, 1.2, (1, 48, 32, 4)).astype(np.float32)
    expected = torch_mobile_networks.aisp(torch_networks.nchw(x), state)
    assert expected.std() > 0.1
    np.testing.assert_allclose(generator(x), torch_networks.nhwc(expected), atol=1e-5)
    card = (tmp_path / "preset" / presets.CARD).read_text()
    for part in ("6,805 parameters", "mv-lab/AISP", "Mobile AI 2022", "model_isp_final.h5"):
        assert part in card


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda arrays: arrays.pop("conv2d_74/conv2d_74/kernel:0"), "no released generator"),
        (lambda arrays: arrays.pop("dense_8/dense_8/bias:0"), "no released generator"),
        (
            lambda arrays: arrays.update({"dense_3/dense_3/kernel:0": np.zeros((5, 5))}),
            "dense_3/dense_3/kernel:0 has no place",
        ),
        (
            lambda arrays: arrays.update({"x/x/kernel:0": np.zeros((32, 4))}),
            "x/x/kernel:0 is there twice",
        ),
        (
            lambda arrays: arrays.update({"dense_8/dense_8/gamma:0": np.zeros(4)}),
            "dense_8/dense_8/gamma:0 has no place",
        ),
        (
            lambda arrays: arrays.update({"dense_8/dense_8/bias:0": np.full(4, np.nan)}),
            "not finite",
        ),
        (
            lambda arrays: arrays.update({"dense_8/dense_8/bias:0": np.zeros(5)}),
            "no released generator",
        ),
        (dict.clear, "no released generator"),
    ],
)
def test_other_keras_files_are_refused(tmp_path, change, message):
    arrays = aisp_arrays()
    change(arrays)
    file = saved_by_keras(tmp_path, arrays)
    with pytest.raises(InputError, match=r"model_isp_final\.h5: .*" + message):
        port_checkpoint.port(file, tmp_path / "preset")
    assert not (tmp_path / "preset").exists()
    file.write_bytes(file.read_bytes()[:700])
    with pytest.raises(InputError, match=r"model_isp_final\.h5: not a readable HDF5 file"):
        port_checkpoint.port(file, tmp_path / "preset")


def test_the_preset_says_where_it_comes_from(tmp_path):
    file = saved(tmp_path, rmfa_state(2))
    port_checkpoint.port(file, tmp_path / "preset", sensor="ultraisp")
    preset = models.read_preset(tmp_path / "preset")
    assert preset.contract == models.create("rmfa_net_tiny").contract
    assert preset.sensor == SENSORS["ultraisp"]
    card = (tmp_path / "preset" / presets.CARD).read_text()
    for part in ("29,223 parameters", "Licence: none stated", "some_step_1.pth", "ultraisp"):
        assert part in card
    port_checkpoint.port(file, tmp_path / "other")
    assert models.read_preset(tmp_path / "other").sensor is None
    assert "the file does not say" in (tmp_path / "other" / presets.CARD).read_text()


def without(state, name):
    return {key: tensor for key, tensor in state.items() if key != name}


@pytest.mark.parametrize(
    "content, message",
    [
        ({"conv1.weight": torch.zeros(12, 4, 3, 3)}, "holds no released generator"),
        (plain_state(8, 8), "holds no released generator"),
        (without(plain_state(12, 12), "conv3.bias"), "holds no released generator"),
        ({**plain_state(12, 12), "conv4.weight": torch.zeros(1)}, "holds no released generator"),
        ({**plain_state(12, 12), "conv2.bias": torch.zeros(4)}, "holds no released generator"),
        (rmfa_state(3), "holds no released generator"),
        ({**rmfa_state(2), "input_module.0.weight": torch.zeros(5, 3, 3, 3)}, "no released"),
        ({"a": plain_state(12, 12), "b": plain_state(16, 4)}, "holds 2 generators, expected one"),
        ({**plain_state(12, 12), "conv1.bias": torch.full((12,), torch.nan)}, "not finite"),
        ({"epoch": 3}, "holds no named tensors"),
        ([torch.zeros(3)], "holds no named tensors"),
        ({"code": Path("/")}, "not readable as weights alone"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_other_files_are_refused_and_nothing_is_written(tmp_path, content, message):
    with pytest.raises(InputError, match=r"some_step_1\.pth: .*" + message):
        port_checkpoint.port(saved(tmp_path, content), tmp_path / "preset")
    assert not (tmp_path / "preset").exists()


def test_missing_and_damaged_files_are_refused(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        port_checkpoint.port(tmp_path / "gone.pth", tmp_path / "preset")
    path = saved(tmp_path, plain_state(12, 12))
    path.write_bytes(path.read_bytes()[:900])
    with pytest.raises(InputError, match="not readable as weights alone"):
        port_checkpoint.port(path, tmp_path / "preset")


def test_a_network_that_came_out_differently_is_not_written(tmp_path, monkeypatch):
    copy = port_checkpoint._copy_weights

    def wrongly(layers, state, shuffled):
        copy(layers, state, shuffled)
        layers["conv3"].bias.assign_add(np.full(12, 2e-5, np.float32))

    monkeypatch.setattr(port_checkpoint, "_copy_weights", wrongly)
    with pytest.raises(InputError, match="differs from PyTorch's by 2"):
        port_checkpoint.port(saved(tmp_path, plain_state(12, 12)), tmp_path / "preset")
    assert not (tmp_path / "preset").exists()


def test_without_pytorch_it_says_what_to_install(tmp_path, monkeypatch):
    file = saved(tmp_path, plain_state(12, 12))
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(InputError, match=r'pip install "tfisp\[port\]"'):
        port_checkpoint.port(file, tmp_path / "preset")


def run_main(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["port_checkpoint.py", *map(str, arguments)])
    port_checkpoint.main()


def test_the_program_ends_with_one_line(tmp_path, monkeypatch, capsys):
    file, output = saved(tmp_path, plain_state(12, 12)), tmp_path / "preset"
    run_main(monkeypatch, file, f"--output={output}")
    assert capsys.readouterr().out.endswith(f"; written to {output}\n")
    with pytest.raises(SystemExit) as stop:  # the folder is there now
        run_main(monkeypatch, file, f"--output={output}")
    error = capsys.readouterr().err
    assert stop.value.code == 1
    assert error.startswith("port_checkpoint: ") and error.count("\n") == 1
    assert "already exists" in error


def test_an_unknown_sensor_is_answered_with_the_right_one(tmp_path):
    with pytest.raises(InputError, match="ultraisp"):
        port_checkpoint.port(saved(tmp_path, plain_state(12, 12)), tmp_path / "p", "ultraips")


def test_help_needs_neither_tensorflow_nor_pytorch():
    code = (
        "import runpy, sys; sys.argv = ['port_checkpoint.py', '--help']\n"
        f"sys.path.insert(0, {str(SCRIPT.parent)!r})\n"
        f"try: runpy.run_path({str(SCRIPT)!r}, run_name='__main__')\n"
        "except SystemExit as stop: print(stop.code, {'torch', 'tensorflow'} & set(sys.modules))"
    )
    root = SCRIPT.parents[1]
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root
    )
    assert result.stdout.endswith("0 set()\n") and "--output DIR" in result.stdout


@pytest.mark.slow
@pytest.mark.parametrize("name, file", RELEASED)
def test_the_released_files_render_as_in_pytorch(tmp_path, name, file):
    path = shared(f"official/{file}")
    assert port_checkpoint.port(path, tmp_path / "preset") <= 1e-5
    generator = models.from_preset(tmp_path / "preset")
    assert models.read_preset(tmp_path / "preset").model == name
    state = torch.load(path, weights_only=True, map_location="cpu")
    ours, theirs = rendered(generator, state, size=(96, 64))
    np.testing.assert_allclose(ours, theirs, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("file, decibels", [(RELEASED[1][1], 14.59), (RELEASED[2][1], 16.46)])
def test_the_released_networks_render_a_real_photograph(tmp_path, file, decibels):
    mosaic = cv2.imread(str(shared("samples/ultraisp/mediatek_raw_100.png")), cv2.IMREAD_UNCHANGED)
    truth = cv2.imread(str(shared("samples/ultraisp/fujifilm_100.png")))[..., ::-1] / 255.0
    port_checkpoint.port(shared(f"official/{file}"), tmp_path / "preset", "ultraisp")
    renderer = Renderer(models.from_preset(tmp_path / "preset"))
    picture = renderer.render_8bit(mosaic, SENSORS["ultraisp"]) / 255.0
    psnr = -10 * np.log10(np.mean((picture - truth) ** 2))
    # The pair is an outlier in exposure: the truth is far darker. Structure and colour are right.
    assert psnr == pytest.approx(decibels, abs=0.1)
    for channel in range(3):
        likeness = np.corrcoef(picture[..., channel].ravel(), truth[..., channel].ravel())[0, 1]
        assert likeness > 0.9
    differences = [image[..., 0] - image[..., 2] for image in (picture, truth)]
    assert np.corrcoef(*(d.ravel() for d in differences))[0, 1] > 0.85
