"""Published PyNET checkpoints: the picture that PyTorch makes of them; what is none is refused."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import port_pynet
import pytest
import tensorflow as tf

from tests.helpers.network_cases import raw_input
from tests.helpers.torch_networks import nchw, nhwc
from tfisp import models
from tfisp.errors import InputError

torch = pytest.importorskip("torch")
from tests.helpers import torch_large_networks as theirs  # noqa: E402

SCRIPT = Path(port_pynet.__file__)


def written(path, arrays):
    """A checkpoint with the names that TensorFlow gives to variables without any."""
    names = [port_pynet._name(number) for number in range(len(arrays))]
    tf.raw_ops.SaveV2(
        prefix=str(path), tensor_names=names, shape_and_slices=[""] * len(names), tensors=arrays
    )
    return path


def drawn(network, x, width):
    """A PyTorch rendering, and its weights as TensorFlow has them."""
    weights = theirs.Weights()
    with torch.no_grad():
        rgb = nhwc(network(nchw(x).double(), weights, width))
    kept = [w.transpose(2, 3, 1, 0) if w.ndim == 4 else w for w in weights.kept]
    return rgb, kept


@pytest.mark.parametrize("name", ["punet", pytest.param("pynet", marks=pytest.mark.slow)])
def test_a_checkpoint_gives_the_picture_of_the_pytorch_rendering(name, tmp_path):
    x = raw_input(models.create(name, width=4), 32, 16)
    expected, arrays = drawn(getattr(theirs, name), x, 4)
    path = written(tmp_path / f"{name}_level_0.ckpt", arrays)
    port_pynet.port(name, path, tmp_path / "preset", "zrr")
    generator = models.from_preset(tmp_path / "preset")
    assert generator.width == 4 and generator.sensor.name == "zrr"
    assert expected.std() > 0.02  # or the comparison would say little
    # The slope of a leaky ReLU is in float32 even so, and normalisation enlarges what that changes.
    np.testing.assert_allclose(generator.computing_in("float64")(x), expected, atol=5e-5)


@pytest.fixture(scope="module")
def arrays():
    """A small PUNET's."""
    return drawn(theirs.punet, np.zeros((1, 16, 16, 4), np.float32), 4)[1]


def changed(arrays, index, array):
    return [*arrays[:index], array, *arrays[index + 1 :]]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda a: a[:-1], "holds 62 variables, expected 63 of punet"),
        (lambda a: [*a, a[-1]], "holds 64 variables, expected 63 of punet"),
        (lambda a: changed(a, 0, a[0][:, :, :3]), r"its first variable has shape \(3, 3, 3, 4\)"),
        (lambda a: changed(a, 4, a[2]), r"Variable_4 has shape \(3, 3, 4, 4\), expected \(3, 3, 4"),
        (lambda a: changed(a, 3, a[3] * np.nan), "Variable_3 holds numbers that are not finite"),
    ],
)
def test_a_checkpoint_of_something_else_is_refused(arrays, tmp_path, change, message):
    path = written(tmp_path / "some.ckpt", change(arrays))
    with pytest.raises(InputError, match=message):
        port_pynet.port("punet", path, tmp_path / "preset")
    assert not (tmp_path / "preset").exists()


def test_other_names_and_damage_are_refused(arrays, tmp_path):
    path = tmp_path / "other.ckpt"
    tf.raw_ops.SaveV2(
        prefix=str(path), tensor_names=["w"], shape_and_slices=[""], tensors=arrays[:1]
    )
    with pytest.raises(InputError, match="holds w, expected generator/Variable"):
        port_pynet.read(path)
    path = written(tmp_path / "cut.ckpt", arrays)
    data = tmp_path / "cut.ckpt.data-00000-of-00001"
    data.write_bytes(data.read_bytes()[:100])
    with pytest.raises(InputError, match=r"cut\.ckpt: not readable"):
        port_pynet.read(path)


def test_the_command_says_what_is_missing(tmp_path):
    command = [sys.executable, str(SCRIPT), "pynet", str(tmp_path / "no.ckpt"), "--output=x"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith(
        "no.ckpt.index: no such file; give its name without .index"
    )
