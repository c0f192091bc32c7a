"""A step of each method against PyTorch: every loss and every gradient, in double precision."""

import dataclasses
import functools

import keras
import numpy as np
import pytest

from tfisp import models
from tfisp.models.patch_critics import UNetCritic
from tfisp.perceptual import backbones
from tfisp.perceptual.bank import FeatureBank
from tfisp.training import critics
from tfisp.training.recipes import RECIPES
from tfisp.training.trainer import Trainer

torch = pytest.importorskip("torch")
import torch.nn.functional as nn  # noqa: E402

from tests.helpers import torch_methods, torch_networks, torch_step  # noqa: E402
from tests.helpers.parity import both_batches, copied, leaves, relative  # noqa: E402

SIZE, COUNT, TOLERANCE = 48, 2, 1e-8


@pytest.fixture(scope="module", autouse=True)
def double():
    """Double precision for all that is built meanwhile, a U-Net of 8 channels; one thread."""
    narrow = functools.partial(UNetCritic, width=8)
    patch = pytest.MonkeyPatch()
    patch.setitem(critics.NETWORKS, "unet_spectral", narrow)
    before = keras.config.floatx(), keras.config.dtype_policy(), torch.get_num_threads()
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    torch.set_num_threads(1)
    yield
    patch.undo()
    torch.set_num_threads(before[2])
    keras.config.set_floatx(before[0])
    keras.config.set_dtype_policy(before[1])


@pytest.fixture(scope="module")
def vgg():
    """A narrow VGG-19, and its weights for PyTorch."""
    network = backbones.create("vgg19_narrow", "random")
    return network, copied(network, "float64", np.random.default_rng(5))


def make_trainer(name, vgg):
    recipe = RECIPES[name]
    taps = [tap for _, tap in recipe.content]
    recipe = dataclasses.replace(recipe, content=tuple(("vgg19_narrow", tap) for tap in taps))
    if recipe.way_back:
        recipe = recipe.with_way_back(f"{recipe.way_back.network}_narrow")
    bank = FeatureBank({"vgg19_narrow": vgg, "pixels": backbones.create("pixels")})
    trainer = Trainer(models.create("efficient_isp", seed=1), recipe, bank, (SIZE, SIZE), seed=3)
    rng = np.random.default_rng(11)
    networks = [trainer.generator, *(critic.network for critic in trainer.critics)]
    networks += [trainer.way_back] if trainer.way_back else []
    for variable in (v for network in networks for v in network.trainable_variables):
        if len(variable.shape) == 1:
            variable.assign(variable + rng.normal(0, 0.05, variable.shape))
    return trainer


class Theirs:
    """A step's losses in PyTorch, each from the images down.

    Attributes:
        losses: name -> scalar.
        critics: critic -> its own loss.
    """

    def __init__(self, trainer, batch, vgg_weights):
        self.batch, self.vgg_weights, self.losses, self.critics = batch, vgg_weights, {}, {}
        self.generator = leaves(trainer.generator)
        back = trainer.way_back
        self.back = leaves(back) if back else []
        self.paths = [v.path for v in back.trainable_variables] if back else []
        self.nets = {critic.name: leaves(critic.network) for critic in trainer.critics}
        self.made = self.render(batch["raw"])
        getattr(self, trainer.recipe.name)()

    @property
    def variables(self):
        return [*self.generator, *self.back]

    def render(self, raw):
        return torch_step.generated(raw, self.generator)

    def features(self, x, *indices):
        taps = torch_networks.vgg19(x, *self.vgg_weights)
        return [taps[index] for index in indices]

    def wespe_cycle(self):
        named = list(zip(self.paths, self.back, strict=True))
        gains, offsets = (
            [leaf for path, leaf in named if path.split("/")[-1].startswith(kind)]
            for kind in ("scale", "shift")
        )
        convs = [leaf for path, leaf in named if path.endswith(("kernel", "bias"))]
        restored = torch_methods.dped(self.made, convs, gains, offsets, packs=False)
        seen = [self.features(x, 15)[0] for x in (restored, self.batch["reference"])]
        self.losses["tv"] = torch_step.total_variation(self.made)
        self.losses["cycle_content"] = torch_step.mean_square(*seen).mean()
        for name, view in (
            ("adv_color_pixels", torch_step.blurred),
            ("adv_texture_pixels", torch_step.gray),
        ):
            state = torch_step.layered(self.nets[name])
            real, fake = (
                torch_networks.pixel_critic(view(x), state)
                for x in (self.batch["target"], self.made)
            )
            ones, zeros = torch.ones_like(real), torch.zeros_like(real)
            entropy = nn.binary_cross_entropy_with_logits
            self.losses[name] = entropy(fake, ones)
            self.critics[name] = entropy(real, ones) + entropy(fake, zeros)

    def cyclegan(self):
        raw, target = self.batch["raw"], self.batch["target"]

        def back(pictures):
            return torch_methods.resnet(pictures, self.back, packs=True)

        captured = back(target)
        self.losses = {
            "cycle_raw": nn.l1_loss(back(self.made), raw),
            "cycle_target": nn.l1_loss(self.render(captured), target),
            "same_target": nn.l1_loss(self.render(torch_methods.mosaic(target)), target),
            "same_raw": nn.l1_loss(back(torch_methods.picture(raw)), raw),
        }
        for name, real, fake in (
            ("adv_patches", target, self.made),
            ("adv_raw_patches", raw, captured),
        ):
            scores = [torch_methods.patch_gan(x, self.nets[name]) for x in (real, fake)]
            # Halved here, and doubled by the critic's weight: CycleGAN's generator has the whole.
            self.losses[name] = 0.5 * nn.mse_loss(scores[1], torch.ones_like(scores[1]))
            self.critics[name] = 0.5 * (
                nn.mse_loss(scores[0], torch.ones_like(scores[0]))
                + nn.mse_loss(scores[1], torch.zeros_like(scores[1]))
            )

    def statistics_adversarial(self):
        made, target = self.made, self.batch["target"]
        grams = zip(
            *(
                map(torch_methods.gram, self.features(x.clamp(0, 1), 0, 2, 4, 8, 12))
                for x in (made, target)
            ),
            strict=True,
        )
        self.losses = {
            "moments": torch_methods.moments(made, target),
            "luma": nn.mse_loss(*map(torch_methods.luma_histogram, (made, target))),
            "chroma": nn.mse_loss(*map(torch_methods.chroma_histogram, (made, target))),
            "gram": sum(nn.mse_loss(a, b) for a, b in grams),
            "tv_l1": torch_methods.absolute_variation(made),
        }
        real, fake = (torch_methods.unet(x, self.nets["adv_unet"]) for x in (target, made))
        self.losses["adv_unet"] = -fake.mean()
        self.critics["adv_unet"] = 0.5 * (nn.relu(1 - real).mean() + nn.relu(1 + fake).mean())


@pytest.fixture(scope="module", params=["wespe_cycle", "cyclegan", "statistics_adversarial"])
def sides(request, vgg):
    network, weights = vgg
    trainer = make_trainer(request.param, network)
    ours, theirs = both_batches(SIZE, COUNT, "float64", seed=2)
    return trainer.gradients(ours, critics_learn=True), Theirs(trainer, theirs, weights)


def test_every_loss(sides):
    found, expected = sides
    # SSIM has its own comparison, tests/losses/test_similarity.py.
    assert found.generator.keys() - {"structure"} == expected.losses.keys()
    for name, loss in expected.losses.items():
        assert relative(found.logs[f"loss/{name}"], loss.detach()) < TOLERANCE, name
    for name, loss in expected.critics.items():
        adversarial = found.logs[f"critic/{name}/adversarial"]
        assert relative(adversarial, loss.detach()) < TOLERANCE, name


def test_every_gradient(sides):
    found, expected = sides
    for name, loss in expected.losses.items():
        gradient = torch_step.derivatives(loss, expected.variables)
        assert torch_step.norm(gradient) > 0, name
        # Of a bias in front of an instance norm the gradient is rounding errors on both sides.
        scale = 1e-6 * float(torch_step.norm(gradient))
        for ours, theirs in zip(found.generator[name], gradient, strict=True):
            if np.linalg.norm(theirs) > scale:
                assert relative(ours, theirs) < TOLERANCE, name
            else:
                assert np.linalg.norm(ours) <= 2 * scale, name
    for name, loss in expected.critics.items():
        gradient = torch_step.derivatives(loss, expected.nets[name])
        scale = 1e-6 * float(torch_step.norm(gradient))
        for ours, theirs in zip(found.critics[name], gradient, strict=True):
            assert np.linalg.norm(ours - theirs.numpy()) < max(
                TOLERANCE * float(theirs.norm()), 1e-3 * scale
            ), name
