"""MicroISP, CSANet, PyNET-V2 Mobile, SYENet and AISP against PyTorch; folding; their input."""

import numpy as np
import pytest
import tensorflow as tf
from check_generators import enliven

from tests.helpers.network_cases import raw_input
from tfisp import models
from tfisp.errors import InputError
from tfisp.exporting import conversion, gpu_compatibility
from tfisp.packing import prepare
from tfisp.rendering import Renderer
from tfisp.sensor import SENSORS, Capture

torch = pytest.importorskip("torch")
from tests.helpers import torch_mobile_networks as written_again  # noqa: E402
from tests.helpers.torch_networks import nchw, nhwc  # noqa: E402


def lively(name, **settings):
    generator = models.create(name, **settings)
    enliven(generator, largest=1.2)
    return generator


def branches_of(layer):
    """The weights of a layer that is trained in branches, as PyTorch orders them."""

    def ordered(variable):
        value = torch.tensor(variable.numpy())
        return value.permute(3, 2, 0, 1) if value.ndim == 4 else value

    several = ("kernels", "biases", "gains", "offsets")
    found = {name: [ordered(each) for each in getattr(layer, name)] for name in several}
    single = ("join_kernel", "join_bias")
    return found | {name: ordered(getattr(layer, name)) for name in single}


def in_branches(generator):
    def conv(x, name):
        layer = getattr(generator, name)
        return written_again.branches(x, branches_of(layer), layer.size)

    return conv


RENDERINGS = {
    "micro_isp": lambda x, generator, state: written_again.micro_isp(x, state, 2),
    "micro_isp_half": lambda x, generator, state: written_again.micro_isp(x, state, 1),
    "csanet": lambda x, generator, state: written_again.csanet(x, state),
    "pynet_v2_mobile": lambda x, generator, state: written_again.pynet_v2(x, state),
    "syenet": lambda x, generator, state: written_again.syenet(x, state, in_branches(generator)),
    "aisp": lambda x, generator, state: written_again.aisp(x, state),
}


@pytest.mark.parametrize("name", RENDERINGS)
def test_output_equals_the_pytorch_rendering(name):
    settings = {"width": 8} if name == "pynet_v2_mobile" else {}
    generator = lively(name, **settings)
    side = 84 if name.startswith("micro") else 32
    x = raw_input(generator, side, side + 16, batch=2)
    state = written_again.state_of(generator)
    expected = nhwc(RENDERINGS[name](nchw(x), generator, state))
    assert expected.std() > 0.02  # or the comparison would say little
    scale = max(1, np.abs(expected).max())
    np.testing.assert_allclose(generator(x) / scale, expected / scale, atol=1e-5)


@pytest.fixture(scope="module")
def syenet():
    return lively("syenet")


def test_the_folded_form_gives_the_same_picture_with_plain_convolutions(syenet):
    folded = syenet.folded()
    x = raw_input(syenet, 24, 40)
    rgb = syenet(x)
    assert np.abs(rgb).max() > 0.1
    np.testing.assert_allclose(folded(x), rgb, atol=1e-5 * max(1, np.abs(rgb).max()))
    assert folded.folded() is folded and folded.copy().get_config() != syenet.get_config()
    # Folded by hand: one branch after the other, placed into the middle of the largest kernel.
    weights = branches_of(syenet.head_factor)
    kernel, bias = 0, weights["join_bias"]
    gains = [torch.ones(48)] * 5 + weights["gains"]
    offsets = [torch.zeros(48)] * 5 + weights["offsets"]
    for index, part in enumerate(weights["join_kernel"][:, :, 0, 0].split(48, 1)):
        branch = weights["kernels"][index] * gains[index].view(-1, 1, 1, 1)
        rows, columns = branch.shape[2:]
        margins = (5 - columns) // 2, (5 - columns) // 2, (5 - rows) // 2, (5 - rows) // 2
        placed = torch.nn.functional.pad(branch, margins)
        kernel = kernel + torch.einsum("om,mihw->oihw", part, placed)
        bias = bias + part @ (weights["biases"][index] * gains[index] + offsets[index])
    found = folded.head_factor.get_weights()
    np.testing.assert_allclose(found[0], 0.1 * kernel.permute(2, 3, 1, 0), atol=1e-5)
    np.testing.assert_allclose(found[1], 0.1 * bias, atol=1e-5)


def test_gradients_are_those_of_the_branches(syenet):
    x = raw_input(syenet, 8, 8)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(syenet.exit(x[..., :3]) ** 2)
    ours = tape.gradient(loss, [variable.value for variable in syenet.exit.weights])
    weights = branches_of(syenet.exit)
    leaves = [*weights["kernels"], *weights["biases"], *weights["gains"], *weights["offsets"]]
    leaves += [weights["join_kernel"], weights["join_bias"]]
    for leaf in leaves:
        leaf.requires_grad_()
    written_again.branches(nchw(x[..., :3]), weights, 3).square().sum().backward()
    paired = zip(syenet.exit.weights, ours, strict=True)
    found = {id(variable): gradient.numpy() for variable, gradient in paired}
    layer = syenet.exit
    order = [*layer.kernels, *layer.biases, *layer.gains, *layer.offsets]
    for variable, leaf in zip([*order, layer.join_kernel, layer.join_bias], leaves, strict=True):
        gradient = leaf.grad.permute(2, 3, 1, 0) if leaf.ndim == 4 else leaf.grad
        scale = max(1, float(gradient.abs().max()))
        np.testing.assert_allclose(found[id(variable)] / scale, gradient / scale, atol=1e-5)


@pytest.mark.slow
def test_the_folded_form_is_exported(syenet, tmp_path):
    report = conversion.build(syenet, (32, 48), tmp_path)  # compared with Keras
    assert report["parameters"] == 5_640
    count = gpu_compatibility.operations(tmp_path / "model.tflite").count("CONV_2D")
    assert count == 8  # the published form's


def test_the_renderer_shows_the_picture_of_the_form_that_is_trained(syenet):
    mosaic = np.random.default_rng(0).integers(0, 4096, (48, 64)).astype(np.uint16)
    given = prepare(mosaic, SENSORS["zrr"], Capture(), syenet.contract)
    np.testing.assert_allclose(
        Renderer(syenet).render(mosaic, SENSORS["zrr"]), syenet(given[None])[0], atol=1e-4
    )


@pytest.mark.parametrize(
    ("name", "white"),
    [("csanet", 1020), ("micro_isp", 1020), ("pynet_v2_mobile", 1020), ("syenet", 4095)],
)
def test_their_input_is_the_published_one(name, white):
    mosaic = np.random.default_rng(0).integers(0, 4093, (8, 12)).astype(np.uint16)
    contract = models.registry.generator_class(name).published
    given = prepare(mosaic, SENSORS["ultraisp"], Capture(), contract)
    blue, red = mosaic[1::2, 1::2] / white, mosaic[::2, ::2] / white
    np.testing.assert_allclose(given[..., 0], blue, rtol=1e-6)
    np.testing.assert_allclose(given[..., 2], red, rtol=1e-6)


def test_a_frame_is_rendered_whole_and_one_that_is_too_small_is_refused():
    generator = lively("micro_isp_half")
    renderer = Renderer(generator, tile=64)
    mosaic = np.random.default_rng(0).integers(0, 1024, (200, 262)).astype(np.uint16)
    whole = generator(prepare(mosaic, SENSORS["zrr"], Capture(), generator.contract)[None])[0]
    np.testing.assert_allclose(renderer.render(mosaic, SENSORS["zrr"]), whole, atol=1e-5)
    with pytest.raises(InputError, match="needs at least 158 pixels"):
        renderer.render(mosaic[:156], SENSORS["zrr"])


@pytest.mark.parametrize("width", [0, 6, "8"])
def test_a_width_that_groups_cannot_share_is_refused(width):
    with pytest.raises(InputError, match="multiple of 4"):
        models.create("pynet_v2_mobile", width=width)
