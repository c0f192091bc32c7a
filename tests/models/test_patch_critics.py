"""Critics of patches: sizes and the spectral norm. Scores: tests/parity/test_methods.py."""

import keras
import numpy as np
import tensorflow as tf

from tfisp.models.patch_critics import PatchGAN, SpectralConv2D, UNetCritic


def test_parameter_counts_are_those_of_the_published_networks():
    # pytorch-CycleGAN-and-pix2pix prints 2.765 M, Real-ESRGAN's U-Net has 4,376,897.
    assert PatchGAN((256, 256, 3)).count_params() == 2_764_737
    assert UNetCritic((128, 128, 3)).count_params() == 4_376_897


def test_scores_are_of_patches_or_of_pixels():
    assert PatchGAN((256, 256, 3))(tf.zeros([1, 256, 256, 3])).shape == (1, 30, 30)
    assert UNetCritic((24, 32, 3), width=4)(tf.zeros([1, 24, 32, 3])).shape == (1, 24, 32)


def test_the_kernel_is_applied_with_a_spectral_norm_of_one():
    start = keras.initializers.GlorotUniform(seed=3)
    layer = SpectralConv2D(24, 3, use_bias=False, kernel_initializer=start)
    layer.build((None, None, None, 16))
    # An impulse shows the kernel, turned by 180 degrees.
    impulse = np.zeros((16, 5, 5, 16), np.float32)
    impulse[np.arange(16), 2, 2, np.arange(16)] = 1
    kernel = layer(impulse).numpy()[:, ::-1, ::-1].transpose(1, 2, 0, 3)
    norm = np.linalg.svd(kernel.reshape(-1, 24), compute_uv=False)[0]
    assert 0.999 < norm < 1.05
    np.testing.assert_allclose(
        kernel / norm,
        layer.kernel / np.linalg.norm(layer.kernel.numpy().reshape(-1, 24), 2),
        rtol=1e-4,
        atol=1e-6,
    )
