"""Each item of `--compat` does what the published code does: against PyTorch, NumPy, hand values.

A table says which test shows an item; an item without one fails.
"""

import json
import sys
from dataclasses import replace
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import tensorflow as tf
from skimage.metrics import peak_signal_noise_ratio

from tests.helpers.images import images
from tfisp import evaluate, models, train
from tfisp.cli import flags
from tfisp.compat import ITEMS
from tfisp.data import DataConfig, batches, open_dataset
from tfisp.demosaic import published_reference, reference
from tfisp.errors import InputError
from tfisp.perceptual import DISTS, LPIPS, backbones, vgg, views, vit, vit_weights
from tfisp.perceptual.bank import FeatureBank
from tfisp.perceptual.convolutional import narrowed, random_arrays
from tfisp.perceptual.vit_weights import Architecture
from tfisp.rendering.runtime import to_8bit
from tfisp.sensor import SENSORS, Capture
from tfisp.training.compat import follow
from tfisp.training.config import TrainConfig, make_stages
from tfisp.training.critics import make_critics
from tfisp.training.launch import remarks
from tfisp.training.networks import FrozenNetworks
from tfisp.training.objectives import Sides, make_objectives
from tfisp.training.run_folder import RunFolder
from tfisp.training.trainer import Trainer

SHOWN_BY = {
    "frozen_fc1": "test_a_frozen_first_dense_layer_never_changes",
    "vgg_transposed": "test_a_transposed_vgg_equals_pytorch_with_transposed_kernels",
    "vit_unnormalised": "test_an_unscaled_vit_equals_pytorch_on_pictures_of_0_to_1",
    "zero_padded_blur": "test_a_zero_padded_blur_darkens_edges_and_corners",
    "fixed_permutation": "test_a_raw_patch_meets_the_same_photograph_in_all_epochs_and_stages",
    "swapped_lpips_plus": "test_the_generated_image_weighs_the_positions_of_a_swapped_lpips_plus",
    "clamped_distances": "test_clamped_distances_see_pictures_cut_off_to_0_to_1",
    "published_reference": "test_the_published_reference_equals_its_formula",
    "luminance_paired_content": "test_paired_content_is_blind_to_colour",
    "truncated_uint8": "test_truncation_cuts_off_and_lowers_the_measured_picture",
}
DATA = DataConfig("zrr", raw_dir="raw")
NARROW = {
    "content": (("vgg19_narrow", "relu3_4"),),
    "backbones": (("color", "vit_narrow"), ("texture", "alexnet_narrow")),
}


def following(item, recipe):
    """A recipe of narrow networks with an item, and the data."""
    _, (stage,), data = follow((item,), make_stages((recipe,), (1,), **NARROW), DATA)
    return stage.recipe, data


def test_every_item_is_shown_by_a_test():
    assert set(SHOWN_BY) == set(ITEMS)
    assert all(hasattr(sys.modules[__name__], name) for name in SHOWN_BY.values())


# Networks ----------------------------------------------------------------------------------------


def test_a_frozen_first_dense_layer_never_changes():
    bank = FeatureBank(
        {name: backbones.create(name, "random") for name in ("alexnet_narrow", "vit_narrow")}
    )
    # Of the last bias only scores that are not compared with others depend.
    (stage,) = make_stages(("unpaired",), (1,), **NARROW, adversarial="standard")
    _, (frozen_stage,), _ = follow(("frozen_fc1",), (stage,), DATA)
    _, critic, _ = make_critics(frozen_stage.recipe, bank, (64, 64), seed=0)
    _, usual, _ = make_critics(stage.recipe, bank, (64, 64), seed=0)
    shape = bank.shape(critic.feature, (64, 64))
    real, fake = (tf.constant(images(2, *shape, seed=seed)) for seed in (0, 1))
    np.testing.assert_array_equal(critic.network(real), usual.network(real))

    # Five convolutions and the last dense layer, a kernel and a bias each; Adam keeps two moments
    # of each, the step and the rate.
    assert len(critic.network.trainable_variables) == 12
    assert len(critic.optimizer.variables) == 2 * 12 + 2
    frozen = {id(v) for v in critic.network.dense.variables}
    before = [v.numpy() for v in critic.network.variables]
    gradients, _ = critic.gradients(real, fake)
    all_gradients, _ = usual.gradients(real, fake)
    kept = [
        g
        for g, v in zip(all_gradients, usual.network.trainable_variables, strict=True)
        if not v.path.startswith(usual.network.dense.path)
    ]
    for found, expected in zip(gradients, kept, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-7)
    critic.apply(gradients)
    for variable, old in zip(critic.network.variables, before, strict=True):
        assert np.array_equal(variable, old) == (id(variable) in frozen), variable.path


def test_a_transposed_vgg_equals_pytorch_with_transposed_kernels(monkeypatch, tmp_path):
    torch = pytest.importorskip("torch")
    from tests.helpers import torch_networks

    network = vgg.NETWORKS["vgg19"]
    chain = narrowed(network.chain, 8)
    monkeypatch.setitem(vgg.NETWORKS, "vgg19", network._replace(chain=chain))
    arrays = random_arrays(chain, seed=1)
    np.savez(tmp_path / "vgg.npz", **arrays)
    backbone = backbones.create("transposed_vgg19", tmp_path / "vgg.npz")
    # HWIO read as if width came first: OIWH instead of OIHW.
    kernels = [
        torch.from_numpy(a.transpose(3, 2, 1, 0).copy()) for a in arrays.values() if a.ndim == 4
    ]
    biases = [torch.from_numpy(a) for a in arrays.values() if a.ndim == 1]
    x = images(1, 36, 52, 3)
    expected = torch_networks.vgg19(torch_networks.nchw(x), kernels, biases)[-1]
    expected = torch_networks.nhwc(expected)
    found = backbone(x, ["relu5_4"])["relu5_4"]
    assert np.abs(found - expected).max() <= 1e-5 * expected.max()
    straight = backbones.create("vgg19", tmp_path / "vgg.npz")(x, ["relu5_4"])["relu5_4"]
    assert np.abs(found - straight).max() > 0.01 * expected.max()
    recipe = follow(("vgg_transposed",), make_stages(("unpaired",), (1,)), DATA)[1][0].recipe
    assert recipe.content == (("transposed_vgg19", "relu5_4"),)
    assert backbones.weights_key("transposed_vgg19") == "vgg19"


def test_an_unscaled_vit_equals_pytorch_on_pictures_of_0_to_1(monkeypatch, tmp_path):
    pytest.importorskip("torch")
    from tests.helpers import torch_networks

    built = Architecture(blocks=2, heads=2, width=16, mlp=24, patch=56)
    monkeypatch.setitem(
        vit._MEMBERS, "vit_b16", replace(vit._MEMBERS["vit_b16"], architecture=built)
    )
    rng = np.random.default_rng(1)
    arrays = {
        name: np.float32(rng.normal(1.0 if "norm" in name else 0.0, 0.2, shape))
        for name, shape in vit_weights.timm_shapes(built).items()
    }
    np.savez(tmp_path / "vit.npz", **arrays)
    x = images(1, 224, 224, 3)
    found = backbones.create("unscaled_vit_b16", tmp_path / "vit.npz")(x, ["tokens"])["tokens"]
    for scaled, equal in ((x, True), ((x - 0.5) / 0.5, False)):
        expected = torch_networks.vision_transformer(
            torch_networks.nchw(scaled), arrays, built.blocks, built.heads, 1e-12
        )
        assert np.allclose(found, expected.detach().numpy(), atol=1e-5) == equal
    recipe = follow(("vit_unnormalised",), make_stages(("unpaired",), (1,)), DATA)[1][0].recipe
    assert dict(recipe.backbones) == {"color": "unscaled_vit_b16", "texture": "alexnet"}


def test_a_zero_padded_blur_darkens_edges_and_corners():
    white = tf.ones([1, 64, 80, 3])
    found = views.view("blur_zero", white)[0, :, :, 0].numpy()
    assert found[32, 40] == pytest.approx(1.0, abs=1e-6)
    # Half of the kernel and half of its middle weight, and the square of that.
    assert found[0, 40] == pytest.approx(0.543, abs=5e-4)
    assert found[32, 79] == pytest.approx(0.543, abs=5e-4)
    assert found[0, 0] == pytest.approx(0.295, abs=5e-4)
    small = views.view("blur224_zero", white)[0, :, :, 0].numpy()
    assert small.shape == (224, 224) == views.view_size("blur224_zero", (64, 80))
    assert small[0, 0] == pytest.approx(found[0, 0], abs=1e-6)
    np.testing.assert_allclose(views.view("blur", white), white, atol=1e-6)

    assert following("zero_padded_blur", "unpaired")[0].critics[0].view == "blur224_zero"
    assert following("zero_padded_blur", "wespe")[0].critics[0].view == "blur_zero"
    paired, _ = following("zero_padded_blur", "paired")
    spec = next(o for o in paired.objectives if o.name == "blur_mse")
    (objective,) = make_objectives(replace(paired, objectives=(spec,)))
    value = objective.loss(Sides(white, {}, tf.zeros_like(white), {}))
    assert float(value[0]) == pytest.approx((found**2).mean(), rel=1e-5)


# Losses ------------------------------------------------------------------------------------------


def test_the_generated_image_weighs_the_positions_of_a_swapped_lpips_plus():
    lpips = LPIPS("lpips+", weights="random")
    bank = FeatureBank({"alexnet_imagenet": lpips.backbone})
    x, y = images(1, 48, 48, 3), images(1, 48, 48, 3, seed=1)
    y[:, :, 24:] = 0.0

    def loss(recipe):
        assert recipe.distances()["lpips+"] == "alexnet_imagenet"
        spec = next(o for o in recipe.objectives if o.name == "lpips_plus")
        (objective,) = make_objectives(replace(recipe, objectives=(spec,)), {"lpips+": lpips})
        seen, other = (bank(image, objective.features) for image in (x, y))
        return float(objective.loss(Sides(x, seen, y, other))[0])

    swapped, _ = following("swapped_lpips_plus", "paired")
    usual = make_stages(("paired",), (1,))[0].recipe
    assert loss(swapped) == pytest.approx(float(lpips(y, x)[0]), rel=1e-5)
    assert loss(usual) == pytest.approx(float(lpips(x, y)[0]), rel=1e-5)
    assert abs(loss(swapped) / loss(usual) - 1) > 1e-3


def test_clamped_distances_see_pictures_cut_off_to_0_to_1():
    lpips, dists = LPIPS("lpips+", weights="random"), DISTS(weights="random")
    distances = {"lpips+": lpips, "dists": dists}
    bank = FeatureBank({"alexnet_imagenet": lpips.backbone, "vgg16_torchvision_l2": dists.backbone})
    x = 1.4 * images(1, 48, 48, 3) - 0.2
    y = 0.5 * x + 0.5 * images(1, 48, 48, 3, seed=1)

    def loss(recipe, name):
        spec = next(o for o in recipe.objectives if o.name == name)
        (objective,) = make_objectives(replace(recipe, objectives=(spec,)), distances)
        with tf.GradientTape() as tape:
            generated = tf.constant(x)
            tape.watch(generated)
            seen, other = (bank(image, objective.features) for image in (generated, y))
            value = objective.loss(Sides(generated, seen, tf.constant(y), other))
        return float(value[0]), tape.gradient(value, generated).numpy()

    clamped, _ = following("clamped_distances", "paired")
    usual = make_stages(("paired",), (1,))[0].recipe
    cut = [np.clip(image, 0, 1) for image in (x, y)]
    beyond = (x < 0) | (x > 1)
    for name, distance in (("lpips_plus", lpips), ("dists", dists)):
        value, gradient = loss(clamped, name)
        assert value == pytest.approx(float(distance(*cut)[0]), rel=1e-5)
        assert not gradient[beyond].any()
        assert gradient[~beyond].any()
        value, gradient = loss(usual, name)
        assert value == pytest.approx(float(distance(x, y)[0]), rel=1e-5)
        assert value != pytest.approx(float(distance(*cut)[0]), rel=1e-3)
        assert gradient[beyond].any()
    both, _ = follow(
        ("clamped_distances", "swapped_lpips_plus"), make_stages(("paired",), (1,)), DATA
    )[1:]
    assert {(o.loss, o.view) for o in both[0].recipe.objectives} >= {
        ("lpips+_swapped", "clipped"),
        ("dists", "clipped"),
    }


def test_paired_content_is_blind_to_colour():
    bank = FeatureBank({"vgg19_narrow": backbones.create("vgg19_narrow")})
    # Two colours of the same L: luminances .212671 r = .715160 g, both linear and above the root's
    # threshold.
    red, green = (((1.055 * v ** (1 / 2.4)) - 0.055) for v in (0.5, 0.5 * 0.212671 / 0.715160))
    x, y = np.zeros((2, 1, 32, 32, 3), np.float32)
    x[..., 0], y[..., 1] = red, green

    def loss(recipe):
        spec = next(o for o in recipe.objectives if o.name == "content")
        (objective,) = make_objectives(replace(recipe, objectives=(spec,)))
        seen, other = (bank(tf.constant(image), objective.features) for image in (x, y))
        return float(objective.loss(Sides(x, seen, y, other))[0])

    recipe, _ = following("luminance_paired_content", "paired")
    usual = loss(make_stages(("paired",), (1,), **NARROW)[0].recipe)
    assert loss(recipe) < 1e-6 * usual
    stages = make_stages(("pretrain", "unpaired"), (1,))
    assert follow(("published",), stages, DATA)[1][0].recipe.objectives == (
        stages[0].recipe.objectives
    )


# Data --------------------------------------------------------------------------------------------


def write_pairs(root, count, split="train", size=32):
    rng = np.random.default_rng([*split.encode()])  # no file plays two roles
    for folder in ("mediatek_raw", "fujifilm"):
        (root / split / folder).mkdir(parents=True)
    for index in range(count):
        mosaic = rng.integers(256, 4092, (size, size)).astype(np.uint16)
        cv2.imwrite(str(root / split / f"mediatek_raw/{index}.png"), mosaic)
        picture = rng.integers(0, 256, (size, size, 3)).astype(np.uint8)
        cv2.imwrite(str(root / split / f"fujifilm/{index}.png"), picture)
    return root


def ultraisp(root, **options):
    return DataConfig(
        "ultraisp", raw_dir=str(root), cache_dir=str(root / "cache"), patch_size=32, **options
    )


def test_a_raw_patch_meets_the_same_photograph_in_all_epochs_and_stages(tmp_path):
    root = write_pairs(write_pairs(tmp_path, 6), 1, "val")
    dataset = open_dataset(ultraisp(root, reference="bilinear"))

    def meetings(stage, seed=0):
        found = batches(
            dataset, batch_size=6, seed=seed, stage=stage, start=0, stop=3, fixed_permutation=True
        )
        pairs = {
            (raw.numpy().tobytes(), target.numpy().tobytes())
            for batch in found
            for raw, target in zip(batch["raw"], batch["target"], strict=True)
        }
        return pairs

    first = meetings(stage=0)
    assert len(first) == len(dict(first)) == len({target for _, target in first}) == 6
    assert meetings(stage=1) == first
    assert any(meetings(stage=0, seed=seed) != first for seed in (1, 2))


def test_more_raw_patches_than_photographs_share_them_evenly(tmp_path):
    root = write_pairs(write_pairs(tmp_path, 6), 1, "val")
    (tmp_path / "look").mkdir()
    for index in range(3):
        flat = np.full((32, 32, 3), 40 * index, np.uint8)
        cv2.imwrite(str(tmp_path / f"look/{index}.png"), flat)
    dataset = open_dataset(ultraisp(root, reference="bilinear", target_dir=str(tmp_path / "look")))
    (batch,) = batches(
        dataset, batch_size=6, seed=0, stage=0, start=0, stop=1, fixed_permutation=True
    )
    found = np.rint(batch["target"][:, 0, 0, 0].numpy() * 255)
    assert sorted(found) == [0, 0, 40, 40, 80, 80]


def published_rendering(mosaic):
    """`custom_rgb` as the fact sheet describes it, in double precision, without its resize."""
    import colour_demosaicing as colour

    rgb = colour.demosaicing_CFA_Bayer_Menon2007(mosaic, "RGGB").astype(np.float32) / 65535.0
    rgb = np.clip(rgb * [1.6, 1.2, 1.4], 0, 1)
    return ((rgb - rgb.min()) / (rgb.max() - rgb.min())) ** (1 / 2.2)


def test_the_published_reference_equals_its_formula(tmp_path):
    import colour_demosaicing as colour

    mosaic = np.random.default_rng(10).integers(58, 1024, (64, 64)).astype(np.uint16)
    expected = published_rendering(mosaic)
    found = reference(mosaic, SENSORS["zrr"], Capture(gains=(3.0, 1.0, 2.0)), "published")
    # Near zero the power is steep.
    np.testing.assert_allclose(found**2.2, expected**2.2, atol=1e-6)
    # Menon's method decides by comparisons: here rounding of counts / 65535 would turn some.
    scaled = colour.demosaicing_CFA_Bayer_Menon2007(np.float32(mosaic) / np.float32(65535), "RGGB")
    counts = colour.demosaicing_CFA_Bayer_Menon2007(mosaic, "RGGB")
    assert np.abs(scaled * 65535 - counts).max() > 100
    assert (found.dtype, found.min(), found.max()) == (np.float32, 0.0, 1.0)
    assert np.abs(found - reference(mosaic, SENSORS["zrr"], Capture())).max() > 0.02
    assert not published_reference(np.zeros((8, 8), np.uint16)).any()

    # Black and white meet the eye with the black level's reddish cast.
    grey = np.full((24, 24), 60, np.uint16)
    grey[:, 12:] = 1000
    red, green, blue = published_reference(grey)[12, 4] ** 2.2 * (1600 - 72) + 72
    assert (red, green, blue) == pytest.approx((60 * 1.6, 60 * 1.2, 60 * 1.4), abs=0.1)

    _, data = following("published_reference", "unpaired")
    assert data.reference == "published"
    root = write_pairs(write_pairs(tmp_path, 1), 1, "val")
    _, shown = open_dataset(ultraisp(root, reference="published")).raw.read(0, (0,))
    stored = cv2.imread(str(root / "train/mediatek_raw/0.png"), cv2.IMREAD_UNCHANGED)
    np.testing.assert_allclose(shown**2.2, published_rendering(stored) ** 2.2, atol=1e-4)


# Evaluation --------------------------------------------------------------------------------------


def test_truncation_cuts_off_and_lowers_the_measured_picture(tmp_path, capsys):
    values = np.float32([-0.1, 0.0, 0.9 / 255, 1.2 / 255, 254.9 / 255, 1.0, 1.3])
    np.testing.assert_array_equal(to_8bit(values, truncate=True), [0, 0, 0, 1, 254, 255, 255])

    root = write_pairs(tmp_path / "data", 1, "test", size=64)
    models.save_to_preset(models.create("efficient_isp", seed=0), tmp_path / "model")
    code = evaluate.run(
        [
            f"--model={tmp_path}/model",
            "--data=ultraisp",
            f"--raw_dir={root}",
            "--shown=0",
            f"--output={tmp_path}/report",
            "--compat=published",
        ]
    )
    assert code == 0, capsys.readouterr().err
    summary = json.loads((tmp_path / "report/summary.json").read_text())
    assert summary["compat"] == ["truncated_uint8"]
    from tfisp.rendering import load

    mosaic = cv2.imread(str(root / "test/mediatek_raw/0.png"), cv2.IMREAD_UNCHANGED)
    truth = cv2.imread(str(root / "test/fujifilm/0.png"))[..., ::-1]
    made = load(tmp_path / "model").render(mosaic, SENSORS["ultraisp"])
    cut_off = np.floor(np.clip(made, 0, 1) * np.float32(255)).astype(np.uint8)
    expected = peak_signal_noise_ratio(truth, cut_off)
    assert summary["results"]["model"]["psnr"]["mean"] == pytest.approx(expected, abs=1e-4)
    rounded = peak_signal_noise_ratio(
        truth, load(tmp_path / "model").render_8bit(mosaic, SENSORS["ultraisp"])
    )
    assert abs(expected - rounded) > 1e-3


# Runs --------------------------------------------------------------------------------------------


def test_without_items_nothing_changes():
    stages = make_stages(("pretrain", "unpaired", "paired_adversarial", "wespe"), (1,))
    assert follow((), stages, DATA) == ((), stages, DATA)


def test_an_item_that_changes_nothing_is_refused_unless_all_are_taken():
    pretrain = make_stages(("pretrain",), (1,))
    for item in ("frozen_fc1", "vit_unnormalised", "fixed_permutation", "swapped_lpips_plus"):
        with pytest.raises(InputError, match=f"--compat={item}: changes nothing in this run"):
            follow((item,), pretrain, DATA)
    items, stages, data = follow(("published",), pretrain, DATA)
    assert stages[0].recipe.content == (("transposed_vgg19", "relu5_4"),)
    assert data.reference == "published"
    assert items == ("vgg_transposed", "published_reference")


@pytest.mark.parametrize(
    ("recipe", "expected"),
    [
        ("pretrain", {"vgg_transposed", "published_reference"}),
        (
            "paired",
            {
                "vgg_transposed",
                "zero_padded_blur",
                "swapped_lpips_plus",
                "clamped_distances",
                "luminance_paired_content",
            },
        ),
        (
            "unpaired",
            {
                "frozen_fc1",
                "vgg_transposed",
                "vit_unnormalised",
                "zero_padded_blur",
                "fixed_permutation",
                "published_reference",
            },
        ),
    ],
)
def test_published_claims_only_what_it_changes(recipe, expected):
    items, _, data = follow(("published",), make_stages((recipe,), (1,)), DATA)
    assert set(items) == expected
    assert (data.reference == "published") == ("published_reference" in expected)


def test_a_step_with_all_items_is_sound():
    names = ("transposed_vgg19_narrow", "unscaled_vit_narrow", "alexnet_narrow")
    _, (stage,), _ = follow(("published",), make_stages(("unpaired",), (1,), **NARROW), DATA)
    bank = FeatureBank({name: backbones.create(name, "random") for name in names})
    trainer = Trainer(models.create("efficient_isp", seed=1), stage.recipe, bank, (64, 64))
    batch = {
        "raw": tf.constant(images(1, 32, 32, 4)),
        "reference": tf.constant(images(1, 64, 64, 3)),
        "target": tf.constant(images(1, 64, 64, 3, seed=1)),
    }
    assert all(np.isfinite(value) for value in trainer.train_step(batch, True).values())


def test_the_items_are_in_run_json_and_others_are_refused_on_resume(tmp_path):
    def config(*chosen):
        items, stages, data = follow(chosen, make_stages(("unpaired",), (1,)), DATA)
        return TrainConfig(stages, data, compat=items)

    RunFolder(tmp_path / "plain").claim(config())
    assert json.loads((tmp_path / "plain/run.json").read_text())["compat"] == []
    RunFolder(tmp_path / "run").claim(config("fixed_permutation"))
    kept = json.loads((tmp_path / "run/run.json").read_text())
    assert kept["compat"] == ["fixed_permutation"]
    RunFolder(tmp_path / "run").claim(config("fixed_permutation"))
    for other in (config(), config("frozen_fc1"), config("published")):
        with pytest.raises(InputError, match=r"compat.*'fixed_permutation'.* before, .* now"):
            RunFolder(tmp_path / "run").require_same(other)


def test_the_flag_reaches_the_configuration_and_the_notes():
    values = flags.FlagValues()
    train.define(values)
    words = ("--recipe=unpaired", "--steps=1", "--data=zrr", "--raw_dir=raw", "--work_dir=run")
    values(["train", *words, "--compat=fixed_permutation,frozen_fc1"])
    config = train.make_config(values)
    assert config.compat == ("frozen_fc1", "fixed_permutation")
    networks = [critic.network for critic in config.stages[0].recipe.critics]
    assert networks == ["token_mlp", "texture_cnn_frozen_fc1", "texture_cnn_frozen_fc1"]
    dataset = SimpleNamespace(notes=["first"], pairs={"val": [None] * 40})
    frozen = FrozenNetworks(FeatureBank({}), {})
    told = ["first", "follows the paper's published code in frozen_fc1, fixed_permutation"]
    assert remarks(config, dataset, frozen) == told
    dataset.pairs["val"] = [None] * 2
    few = "validation: means over 2 pictures only: too few to say which of two systems is better"
    assert remarks(config, dataset, frozen) == [*told, f"{few} on others"]
    unmeasured = replace(config, validate_every=0)
    assert remarks(unmeasured, dataset, frozen) == told
