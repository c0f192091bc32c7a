"""Every registered loss, critic, game and recipe: a value from elsewhere, and sound gradients.

The tables below say what is expected; a part that is registered and not in its table fails.
"""

import functools

import numpy as np
import pytest
import tensorflow as tf

from tests.helpers.images import generated_images
from tests.helpers.small_trainer import make_trainer
from tfisp import losses, models
from tfisp.errors import InputError
from tfisp.losses import ADVERSARIAL
from tfisp.models import patch_critics
from tfisp.perceptual import DISTS, LPIPS, backbones, distance_registry, views
from tfisp.perceptual.bank import Feature, FeatureBank
from tfisp.training import critics
from tfisp.training.config import make_stages
from tfisp.training.critics import make_critics
from tfisp.training.objectives import LOSSES, Sides, features_of, make_objectives
from tfisp.training.recipes import RECIPES
from tfisp.training.specification import CRITICS, GAMES, RATES, ObjectiveSpec, Recipe

CONTENT = (("vgg19_narrow", "relu3_4"),)
ROLES = (("color", "vit_narrow"), ("texture", "alexnet_narrow"))


@pytest.fixture(scope="module")
def bank():
    """Every network and distance that a recipe can name, with random weights."""
    names = (
        "vgg19_narrow",
        "vit_narrow",
        "alexnet_narrow",
        "alexnet_imagenet",
        "vgg16_torchvision_l2",
        "pixels",
    )
    networks = {
        name: backbones.create(name, None if name == "pixels" else "random") for name in names
    }
    return FeatureBank(networks)


@pytest.fixture(scope="module")
def trained(bank):
    """Every trained distance, on the bank's networks, with random weights."""
    trunks = {
        "lpips": "alexnet_imagenet",
        "lpips+": "alexnet_imagenet",
        "dists": "vgg16_torchvision_l2",
    }
    return {
        name: distance_registry.create(name, bank.backbones[trunk], "random")
        for name, trunk in trunks.items()
    }


@pytest.fixture(autouse=True)
def narrow_unet(monkeypatch):
    """The U-Net of critics with 4 channels where it has 64: here its shape counts, not its size."""
    narrow = functools.partial(patch_critics.UNetCritic, width=4)
    monkeypatch.setitem(critics.NETWORKS, "unet_spectral", narrow)


# Losses ------------------------------------------------------------------------------------------


def blurred(x, mode="mirror"):
    ndimage = pytest.importorskip("scipy.ndimage")
    stats = pytest.importorskip("scipy.stats")
    kernel = np.sqrt(np.diff(stats.norm.cdf(np.linspace(-19 / 6, 19 / 6, 22))))
    for axis in (1, 2):
        x = ndimage.correlate1d(x.astype(float), kernel / kernel.sum(), axis, mode=mode)
    return x


def content(x, y):
    backbone = backbones.create("vgg19_narrow")
    seen = [
        backbone(views.luminance(tf.constant(i)), ["relu3_4"])["relu3_4"].numpy() for i in (x, y)
    ]
    return ((seen[0] - seen[1]) ** 2).mean((1, 2, 3))


def huber(x, y):
    size = np.abs(x - y)
    return np.where(size <= 1, size**2 / 2, size - 0.5).mean((1, 2, 3))


def variation(x, y):
    axes = (1, 2, 3)
    return (np.diff(x, axis=1) ** 2).mean(axes) + (np.diff(x, axis=2) ** 2).mean(axes)


def square(x, y):
    return ((x - y) ** 2).mean((1, 2, 3))


def square_of(statistic, x, y):
    """Mean squared difference of a statistic of each image."""
    return np.array(
        [np.mean((statistic(a) - statistic(b)) ** 2) for a, b in zip(x, y, strict=True)]
    )


def moments(x, y):
    axes = (0, 1, 2)
    return np.abs(x.mean(axes) - y.mean(axes)).mean() + np.abs(x.std(axes) - y.std(axes)).mean()


def gram(image):
    seen = backbones.create("vgg19_narrow")(tf.constant(image.clip(0, 1)[None]), ["relu3_4"])
    places = seen["relu3_4"].numpy()[0].reshape(-1, seen["relu3_4"].shape[-1]).astype(float)
    return places.T @ places / places.size


def membership(values, bins, sigma):
    """Of each value in each bin, a Gaussian of it."""
    return np.exp(-((values.ravel()[:, None] - np.linspace(0, 1, bins)) ** 2) / 2 / sigma**2)


def luma_histogram(image):
    luma = image.clip(0, 1).astype(float) @ (0.299, 0.587, 0.114)
    counts = membership(luma, 64, 0.02).sum(0)
    return counts / counts.sum()


def chroma_histogram(image):
    r, g, b = np.moveaxis(image.clip(0, 1).astype(float), -1, 0)
    luma = 0.299 * r + 0.587 * g + 0.114 * b
    # BT.601: differences from luma, scaled to -0.5..0.5.
    u, v = (0.5 * (x - luma) / (1 - k) + 0.5 for x, k in ((b, 0.114), (r, 0.299)))
    counts = membership(u, 32, 0.03).T @ membership(v, 32, 0.03)
    return counts / counts.sum()


# What each loss is of a generated image x and of another, y.
LOSS_VALUES = {
    "content": content,
    "lpips": lambda x, y: LPIPS("lpips", weights="random")(x, y),
    "lpips+": lambda x, y: LPIPS("lpips+", weights="random")(x, y),
    "dists": lambda x, y: DISTS(weights="random")(x, y),
    "lpips+_swapped": lambda x, y: LPIPS("lpips+", weights="random")(y, x),
    "blur_mse_zero": lambda x, y: square(blurred(x, "constant"), blurred(y, "constant")),
    "blur_mse": lambda x, y: square(blurred(x), blurred(y)),
    "mse": square,
    "l1": lambda x, y: np.abs(x - y).mean((1, 2, 3)),
    "huber": huber,
    "charbonnier": lambda x, y: np.sqrt((x - y) ** 2 + 1e-6).mean((1, 2, 3)),
    "ssim": lambda x, y: 1 - tf.image.ssim(x, y, 1.0),
    "ms_ssim": lambda x, y: 1 - tf.image.ssim_multiscale(x, y, 1.0),
    "tv": variation,
    "tv_l1": lambda x, y: sum(np.abs(np.diff(x, axis=axis)).mean((1, 2, 3)) for axis in (1, 2)),
    "gram": lambda x, y: square_of(gram, x, y),
    "moments": moments,
    "luma_histogram": lambda x, y: square_of(luma_histogram, x, y),
    "chroma_histogram": lambda x, y: square_of(chroma_histogram, x, y),
}


def compute(name, bank, trained, generated, other):
    """A loss as the trainer computes it."""
    compares = "" if name in ("tv", "tv_l1") else "target"
    view = {"content": "luminance", "gram": "clipped"}.get(name, "")
    spec = ObjectiveSpec(name, name, compares, view)
    recipe = Recipe("one", (spec,), content=CONTENT)
    (objective,) = make_objectives(recipe, trained)
    assert objective.features == tuple(features_of(recipe))
    seen, other_seen = (bank(image, objective.features) for image in (generated, other))
    return objective.loss(Sides(generated, seen, other, other_seen))


def alike(name, count=1):
    """A generated image and another that is not too different, of a size that the loss can take."""
    side = 161 if name == "ms_ssim" else 48
    x, y = (generated_images(side, count, seed) for seed in (0, 1))
    return x, 0.7 * x + 0.3 * y


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_has_the_value_it_should(name, bank, trained):
    x, y = alike(name, count=2)
    found = compute(name, bank, trained, tf.constant(x), tf.constant(y))
    assert found.shape == (2,)
    assert np.min(found) > 0
    np.testing.assert_allclose(found, LOSS_VALUES[name](x, y), rtol=1e-4)


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_has_a_gradient_that_is_finite_where_it_could_break(name, bank, trained):
    y = tf.constant(alike(name)[1])
    for value in (0.0, -0.5, 0.7, 1.0, 1.7):
        x = tf.fill(y.shape, value)
        for other in (y, x, tf.zeros_like(x)):
            with tf.GradientTape() as tape:
                tape.watch(x)
                loss = compute(name, bank, trained, x, other)
            assert np.isfinite(loss).all(), value
            assert np.isfinite(tape.gradient(loss, x)).all(), value


@pytest.mark.parametrize("name", LOSSES)
def test_a_step_against_the_gradient_lowers_every_loss(name, bank, trained):
    x, y = (tf.constant(image) for image in alike(name))
    with tf.GradientTape() as tape:
        tape.watch(x)
        before = compute(name, bank, trained, x, y)
    gradient = tape.gradient(before, x)
    after = compute(name, bank, trained, x - 1e-3 / tf.norm(gradient) * gradient, y)
    assert float(after[0]) <= float(before[0])
    assert float(tf.norm(gradient)) > 0


def test_the_features_of_a_content_loss_add_up(bank):
    x, y = (tf.constant(image) for image in alike("content"))
    spec = ObjectiveSpec("content", "content", "target", "rgb")

    def loss(*content):
        (objective,) = make_objectives(Recipe("one", (spec,), content=content))
        seen, other = (bank(image, objective.features) for image in (x, y))
        return float(objective.loss(Sides(x, seen, y, other))[0])

    first, second = ("vgg19_narrow", "relu3_4"), ("alexnet_narrow", "relu1")
    assert min(loss(first), loss(second)) > 0
    assert loss(first, second) == pytest.approx(loss(first) + loss(second), rel=1e-5)
    assert features_of(Recipe("one", (spec,), content=(first, second))) == [
        Feature("vgg19_narrow", "rgb", "relu3_4"),
        Feature("alexnet_narrow", "rgb", "relu1"),
    ]


def test_the_reference_and_not_the_generated_image_weighs_the_positions_of_lpips_plus(
    bank, trained
):
    x, y = generated_images(48), generated_images(48, seed=1)
    y[:, :, 24:] = 0.0
    lpips = LPIPS("lpips+", weights="random")
    found = compute("lpips+", bank, trained, tf.constant(x), tf.constant(y))
    np.testing.assert_allclose(found, lpips(x, y), rtol=1e-5)
    assert abs(float(found[0] / lpips(y, x)[0]) - 1) > 1e-3


def test_the_distances_of_a_recipe_look_through_the_networks_it_names():
    recipe = RECIPES["paired"]
    features = {
        spec.loss: make_objectives(recipe)[i].features for i, spec in enumerate(recipe.objectives)
    }
    for name, trunk in recipe.distances().items():
        assert {feature.backbone for feature in features[name]} == {trunk}
        assert trunk in recipe.frozen_networks()


# Critics -----------------------------------------------------------------------------------------

# What each critic judges: backbone, view, tap; and how torch_networks computes its network.
CRITIC_PARTS = {
    "adv_color": ("vit_narrow", "blur224", "tokens", "token_critic"),
    "adv_lin0": ("alexnet_narrow", "gray", "relu1", "texture_critic"),
    "adv_lin1": ("alexnet_narrow", "gray", "relu2", "texture_critic"),
    "adv_lin2": ("alexnet_narrow", "gray", "relu3", "texture_critic"),
    "adv_lin3": ("alexnet_narrow", "gray", "relu4", "texture_critic"),
    "adv_lin4": ("alexnet_narrow", "gray", "relu5", "texture_critic"),
    "adv_color_pixels": ("pixels", "blur", "pixels", "pixel_critic"),
    "adv_texture_pixels": ("pixels", "gray", "pixels", "pixel_critic"),
    # Their scores and gradients: tests/parity/test_methods.py.
    "adv_patches": ("pixels", "rgb", "pixels", None),
    "adv_unet": ("pixels", "rgb", "pixels", None),
}


def make_critic(name, bank, **changes):
    recipe = Recipe("one", (), (CRITICS[name],), backbones=ROLES, **changes)
    (critic,) = make_critics(recipe, bank, (48, 48), seed=1)
    return critic


@pytest.mark.parametrize("name", [name for name in CRITICS if CRITIC_PARTS[name][-1]])
def test_every_critic_gives_the_scores_of_the_pytorch_rendering(name, bank):
    torch = pytest.importorskip("torch")
    from tests.helpers import torch_networks

    backbone, view, tap, rendering = CRITIC_PARTS[name]
    critic = make_critic(name, bank)
    x = generated_images(48, count=2)
    features = bank.backbones[backbone](views.view(view, tf.constant(x)), [tap])[tap].numpy()
    found = critic.network(bank(x, [critic.feature])[critic.feature])
    state = {}
    for index, (kernel, bias) in enumerate(
        zip(critic.network.weights[::2], critic.network.weights[1::2], strict=True)
    ):
        array = kernel.numpy()
        array = array.transpose(3, 2, 0, 1) if array.ndim == 4 else array.T
        state[f"w{index}"] = torch.from_numpy(array.copy())
        state[f"b{index}"] = torch.from_numpy(bias.numpy())
    layout = torch_networks.nchw if features.ndim == 4 else torch.from_numpy
    expected = getattr(torch_networks, rendering)(layout(features), state)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("name", CRITICS)
def test_every_critic_moves_the_image_and_learns_with_all_its_weights(name, bank):
    critic = make_critic(name, bank)
    real = bank(generated_images(48, count=2, seed=1), [critic.feature])[critic.feature]
    for x in (
        generated_images(48, count=2),
        *(np.full((2, 48, 48, 3), v, "float32") for v in (0, -0.5, 1.7)),
    ):
        x = tf.constant(x)
        with tf.GradientTape() as tape:
            tape.watch(x)
            fake = bank(x, [critic.feature])[critic.feature]
            loss = critic.generator_loss(real, fake)
        at_image = tape.gradient(loss, x)
        gradients, parts = critic.gradients(real, tf.stop_gradient(fake), tf.zeros(2))
        assert np.isfinite(at_image).all()
        assert all(np.isfinite(value) for value in parts.values())
        for variable, gradient in zip(critic.network.trainable_variables, gradients, strict=True):
            assert np.isfinite(gradient).all(), variable.path
            if "kernel" in variable.path and np.ptp(x) > 0:
                assert np.abs(gradient).max() > 0, variable.path
        if np.ptp(x) > 0:
            assert np.abs(at_image).max() > 0


# Games -------------------------------------------------------------------------------------------


def test_the_games_that_can_be_asked_for_are_those_that_there_are():
    assert set(GAMES) == set(ADVERSARIAL)
    assert all(recipe.adversarial in ADVERSARIAL for recipe in RECIPES.values())


@pytest.mark.parametrize("game", GAMES)
def test_a_critic_plays_every_game(game, bank):
    critic = make_critic("adv_lin3", bank, adversarial=game, gamma=3.0)
    real, fake = (
        bank(generated_images(48, count=2, seed=seed), [critic.feature])[critic.feature]
        for seed in (1, 0)
    )
    np.testing.assert_allclose(
        critic.generator_loss(real, fake),
        losses.generator_loss(critic.network(real), critic.network(fake), game),
    )
    interpolation = tf.constant([0.2, 0.7])
    eager, parts = critic.gradients(real, fake, interpolation)
    expected = losses.critic_loss(critic.network, real, fake, 3.0, game, interpolation)
    scores = {"real_scores": expected.real_scores, "fake_scores": expected.fake_scores}
    for name, part in (expected.terms | scores).items():
        np.testing.assert_allclose(parts[name], tf.reduce_mean(part), rtol=1e-5)
    if game == "wgan_gp":  # the others' penalties are those of the default, tested elsewhere
        graph, _ = tf.function(critic.gradients)(real, fake, interpolation)
        for a, b in zip(eager, graph, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-6)


def test_only_wgan_gp_draws_and_only_from_seed_and_step(bank):
    for game in ("wgan_gp", "relativistic"):
        trainer, batch = active_trainer("unpaired", bank, adversarial=game), detailed_batch()
        found = []
        for step in (1, 1, 2):
            trainer.step.assign(step)
            found.append(trainer.gradients(batch, critics_learn=True).critics["adv_lin3"][0])
        np.testing.assert_array_equal(found[0], found[1])
        assert np.array_equal(found[0], found[2]) == (game != "wgan_gp")


def test_a_game_brings_the_strength_of_its_penalty():
    stages = make_stages(("unpaired",), (1,), adversarial="wgan_gp")
    assert (stages[0].recipe.adversarial, stages[0].recipe.gamma) == ("wgan_gp", 10.0)
    stages = make_stages(("unpaired",), (1,), adversarial="wgan_gp", gamma=2.0)
    assert stages[0].recipe.gamma == 2.0
    assert make_stages(("unpaired",), (1,), adversarial="standard")[0].recipe.gamma == 1000.0
    with pytest.raises(InputError, match="--adversarial=wgan: unknown"):
        make_stages(("unpaired",), (1,), adversarial="wgan")


# Recipes -----------------------------------------------------------------------------------------

# Loss -> (what it compares with, view), and critics; sections 3.1 and 3.7 of the paper.
PAIRED = {
    "content": ("target", "rgb"),
    "lpips+": ("target", ""),
    "dists": ("target", ""),
    "tv": ("", ""),
    "blur_mse": ("target", ""),
}
UNPAIRED = {"content": ("reference", "luminance"), "tv": ("", "")}
# arXiv 2605.07495, and the structure that is added here.
STATISTICS = {
    "ssim": ("reference", ""),
    "moments": ("target", ""),
    "luma_histogram": ("target", ""),
    "chroma_histogram": ("target", ""),
    "gram": ("target", "clipped"),
    "tv_l1": ("", ""),
}


def pynet(level):
    """PyNET's `train_model.py`: each level in its size, VGG from level 3 on, SSIM at the end."""
    losses = ["mse"] + ["content"] * (level < 4) + ["ssim"] * (level == 0)
    return dict.fromkeys(losses, ("target", f"mean{2**level}" if level else "rgb"))


# The published weights of the sums that are not normalised; all others are 1.
WEIGHTS = {
    "wespe_cycle": {"tv": 10.0, "adv_color_pixels": 5e-3, "adv_texture_pixels": 5e-3},
    # Of squares that are halved, so the generator's are whole as in CycleGAN.
    "cyclegan": {"adv_patches": 2.0},
    "statistics": {"chroma": 1.5, "tv_l1": 0.05},
    "statistics_adversarial": {"chroma": 1.5, "tv_l1": 0.05, "adv_unet": 1e-3},
    **{f"pynet_{level}": {"mse": 100.0} for level in (5, 4, 3, 2)},
    "pynet_1": {"mse": 50.0},
    "pynet_0": {"mse": 20.0, "ssim": 20.0},
}
RECIPE_TERMS = {
    "pretrain_plus": ({"mse": ("reference", "")}, []),
    "unpaired_plus": ({"mse": ("target", "")}, []),
    "paired_plus": ({"mse": ("target", "")}, []),
    "lut3d_plus": ({"mse": ("target", "")}, []),
    "nilut_plus": ({"mse": ("target", "")}, []),
    "pretrain": (
        {"content": ("reference", "rgb"), "mse": ("reference", ""), "tv": ("", "")},
        [],
    ),
    "paired": (PAIRED, []),
    "paired_adversarial": (PAIRED, ["adv_lin0", "adv_lin3"]),
    "unpaired": (UNPAIRED, ["adv_color", "adv_lin0", "adv_lin3"]),
    "wespe": (UNPAIRED, ["adv_color_pixels", "adv_texture_pixels"]),
    "wespe_cycle": ({"tv": ("", "")}, ["adv_color_pixels", "adv_texture_pixels"]),
    "cyclegan": ({}, ["adv_patches"]),
    "statistics": (STATISTICS, []),
    "statistics_adversarial": (STATISTICS, ["adv_unet"]),
    **{f"pynet_{level}": (pynet(level), []) for level in range(6)},
}


def active_trainer(name, bank, **changes):
    """A trainer whose generator is away from the dead zone of its last ReLU.

    Every loss has a gradient there.
    """
    trainer = make_trainer(name, bank=bank, **changes)
    trainer.generator.weights[-1].assign(tf.fill(trainer.generator.weights[-1].shape, 0.3))
    return trainer


def detailed_batch():
    return {
        "raw": tf.constant(np.random.default_rng(0).uniform(size=(2, 24, 24, 4)).astype("float32")),
        "reference": tf.constant(generated_images(48, count=2, seed=1)),
        "target": tf.constant(generated_images(48, count=2, seed=2)),
    }


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_has_the_terms_of_the_paper(name):
    terms, judges = RECIPE_TERMS[name]
    recipe = RECIPES[name]
    assert {o.loss: (o.compares, o.view) for o in recipe.objectives} == terms
    assert [critic.name for critic in recipe.critics] == judges
    assert recipe.paired == (name.startswith(("paired", "pynet")) or recipe.simulated)
    weights = {part.name: part.weight for part in (*recipe.objectives, *recipe.critics)}
    assert weights == dict.fromkeys(weights, 1.0) | WEIGHTS.get(name, {})


def test_the_ways_back_have_the_published_terms():
    back = RECIPES["wespe_cycle"].way_back
    terms = [(o.loss, o.of, o.compares, o.view, o.weight) for o in back.objectives]
    assert (back.to, terms) == ("reference", [("content", "restored", "reference", "rgb", 1.0)])
    assert back.critics == ()
    back = RECIPES["cyclegan"].way_back
    assert [(o.loss, o.of, o.compares, o.weight) for o in back.objectives] == [
        ("l1", "restored", "raw", 10.0),
        ("l1", "rerendered", "target", 10.0),
        ("l1", "same_target", "target", 5.0),
        ("l1", "same_raw", "raw", 5.0),
    ]
    assert [(c.network, c.weight) for c in back.critics] == [("patchgan", 2.0)]
    recipe = RECIPES["cyclegan"]
    assert (recipe.learning_rate, recipe.betas, recipe.pool) == (2e-4, (0.5, 0.999), 50)
    assert recipe.schedule == "linear"


# Those with a way back: tests/parity/test_methods.py.
ONE_NETWORK = [name for name in RECIPES if RECIPES[name].way_back is None]


@pytest.mark.parametrize("name", ONE_NETWORK)
def test_every_recipe_pulls_at_the_generator_as_one_tape_over_everything_does(name, bank, trained):
    trainer, batch = active_trainer(name, bank, distances=trained), detailed_batch()
    found = trainer.gradients(batch, critics_learn=True)
    variables = [v.value for v in trainer.generator.trainable_variables]
    specs = {spec.name: spec for spec in trainer.recipe.objectives}
    assert list(found.generator) == [*specs, *(critic.name for critic in trainer.critics)]

    def value(part):
        made = trainer.generator(batch["raw"])
        if part in specs:
            (objective,) = (o for o in trainer.objectives if o.name == part)
            other = batch.get(objective.compares)
            other_seen = None if other is None else bank(other, objective.features)
            return objective.loss(Sides(made, bank(made, objective.features), other, other_seen))
        (critic,) = (c for c in trainer.critics if c.name == part)
        real, fake = (bank(x, [critic.feature])[critic.feature] for x in (batch["target"], made))
        return critic.generator_loss(real, fake)

    for part, gradient in found.generator.items():
        with tf.GradientTape() as tape:
            mean = tf.reduce_mean(value(part))
        expected = tape.gradient(mean, variables)
        assert found.logs[f"loss/{part}"].numpy() == pytest.approx(mean.numpy(), rel=1e-4)
        a, b = (np.concatenate([np.ravel(g) for g in side]) for side in (gradient, expected))
        assert np.linalg.norm(b) > 0, part
        assert np.linalg.norm(a - b) < 1e-3 * np.linalg.norm(b), part


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_shows_each_image_once_to_each_network_and_takes_a_step(name, bank, trained):
    calls = []

    def counting(name, network):
        def call(view, taps):
            calls.append((name, tuple(view.shape[1:])))
            return network(view, taps)

        call.tap_shape = network.tap_shape
        return call

    counted = FeatureBank(
        {name: counting(name, network) for name, network in bank.backbones.items()}
    )
    trainer, batch = active_trainer(name, counted, distances=trained), detailed_batch()
    before = trainer.generator.get_weights()
    logs = trainer.train_step(batch, critics_learn=True)
    assert all(np.isfinite(value) for value in logs.values())
    # Two images, for each network and for each view of `pixels`; RAW is another image than RGB.
    seen = {(f.backbone, f.view) for f in features_of(trainer.recipe)}
    back = trainer.recipe.way_back
    assert len(calls) == 2 * (len(seen) + (len(back.critics) if back else 0))
    after = trainer.generator.get_weights()
    assert not all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))


def test_the_rates_of_the_tiny_rmfa_net_are_those_of_section_4_3():
    (stage,) = make_stages(("unpaired",), (1,), "rmfa_net_tiny")
    recipe = stage.recipe
    assert (recipe.learning_rate, recipe.critic_learning_rate) == (1e-4, 5e-5)
    assert recipe.critic_interval == 4
    (stage,) = make_stages(("unpaired",), (1,), "rmfa_net_tiny", learning_rate=1e-3)
    assert stage.recipe.learning_rate == 1e-3
    assert set(RATES) <= set(models.names())
    for name in ("efficient_isp", "robust_isp", "some/folder"):
        assert make_stages(("unpaired",), (1,), name)[0].recipe == RECIPES["unpaired"]
