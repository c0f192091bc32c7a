"""Every generator as a row: what the tests of all of them expect, and how to make one for them.

A network is added by its line in `tfisp.models.registry` and a row here. Sizes that take long are
made narrower or shallower for all tests but the one of the count: `reduced` says by which settings.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from tfisp import models


@dataclass(frozen=True)
class NetworkCase:
    """What is expected of a network.

    Attributes:
        name: In the registry.
        parameters: Of the form that ships (`Generator.folded`), at full size.
        source: Of that number.
        operations: Kinds of operations of its float32 `.tflite` file.
        reduced: Settings of the same network at a size that is quick to test; its operations are
            those of the full size.
        parts_of: Another network of which it is only a larger size: it is then counted and saved,
            and all else is tested with that one.
        side: The least side of its input, in samples, at which all of its operations do something.
        on_gpu: Whether the slow suite runs it on the software GPU, whose shaders take minutes to
            compile where there are many layers.
    """

    name: str
    parameters: int
    source: str
    operations: frozenset[str]
    reduced: Mapping[str, Any] = field(default_factory=dict)
    parts_of: str = ""
    side: int = 8
    on_gpu: bool = True

    def create(self, **settings):
        """The network at the size for tests."""
        return models.create(self.name, **(self.reduced | settings))

    def __str__(self):
        return self.name


def operations(words):
    """The kinds of operations in a line of words."""
    return frozenset(words.split())


_PLAIN = operations("CONV_2D TANH DEPTH_TO_SPACE")
_RMFA = operations(
    "CONV_2D TANH AVERAGE_POOL_2D RESIZE_BILINEAR ADD SUB CONCATENATION REDUCE_MAX MEAN LOGISTIC"
    " MUL"
)
_MICRO_ISP = operations("CONV_2D PRELU MEAN LOGISTIC MUL ADD TANH DEPTH_TO_SPACE CONCATENATION")
_RELEASED = "released code of arXiv 2505.10420"


def _by_3x3(filters, *channels):
    """Parameters of 3x3 convolutions with biases, from each of these widths."""
    return sum(9 * width * (filters or width) + (filters or width) for width in channels)


# PyNET and PyNET-CA show three colours of levels 1 to 5.
_SHOWN = _by_3x3(3, 32, 64, 128, 256, 512)
# Biases in front of PyNET's normalisations: two per branch; branches of levels 2 to 5, with the
# encoder's.
_CANCELLED = 2 * (64 * (1 + 2 + 4 * 3 + 2 + 1) + 128 * (1 + 4 * 2 + 1) + 256 * (1 + 5) + 512 * 4)
_AWNET_OPERATIONS = (
    "CONV_2D MEAN LOGISTIC MUL ADD CONCATENATION REDUCE_MAX SUB EXP SUM DIV NEG"
    " SQUARED_DIFFERENCE RSQRT RELU PAD STRIDED_SLICE DEPTH_TO_SPACE RESIZE_BILINEAR"
)
_AWNET = "https://github.com/Charlie0215/AWNet-Attentive-Wavelet-Network-for-Image-ISP"
# `conv_down` of each of AWNet's four steps down.
_UNUSED = _by_3x3(None, 64, 128, 256, 512)

CASES = [
    NetworkCase("efficient_isp", 3_060, _RELEASED, _PLAIN),
    NetworkCase("robust_isp", 1_616, _RELEASED, _PLAIN),
    NetworkCase("dh_isp", 4_652, "4-16-16-12 by 3x3 with biases", _PLAIN),
    NetworkCase("rmfa_net_tiny", 29_223, _RELEASED, _RMFA),
    NetworkCase("rmfa_net_medium", 107_283, _RELEASED, _RMFA, parts_of="rmfa_net_tiny"),
    NetworkCase("rmfa_net_large", 263_403, _RELEASED, _RMFA, parts_of="rmfa_net_tiny"),
    NetworkCase(
        "rmfa_net_large_w32",
        1_042_731,
        "the released code at another width",
        _RMFA,
        reduced={"width": 16},
        parts_of="rmfa_net_large",
    ),
    NetworkCase(
        "rmfa_net_large_w64",
        4_155_051,
        "the released code at another width",
        _RMFA,
        reduced={"width": 16},
        parts_of="rmfa_net_large",
    ),
    NetworkCase(
        "lan",
        46_847,
        "https://github.com/draimundo/LAN",
        operations(
            "CONV_2D LEAKY_RELU MEAN TANH MUL ADD DEPTHWISE_CONV_2D CONCATENATION TRANSPOSE_CONV"
            " DEPTH_TO_SPACE"
        ),
    ),
    NetworkCase(
        "srcnn",
        9 * 9 * 4 * 64 + 64 + 64 * 32 + 32 + 5 * 5 * 32 * 12 + 12,
        "9-1-5 by 64, 32, 12",
        operations("CONV_2D DEPTH_TO_SPACE"),
    ),
    NetworkCase(
        "csanet",
        # 3x3: 4-16, 16-16 (five), 4-3; 2 of 3x3 16-32 and 64-16, 1x1 32-32, 32-8, 8-32, 5x5 32
        592 + 5 * 2_320 + 111 + 2 * (4_640 + 9_232 + 1_056 + 264 + 288 + 800),
        "none published; by its layers",
        operations(
            "CONV_2D LEAKY_RELU MEAN LOGISTIC MUL ADD DEPTHWISE_CONV_2D CONCATENATION"
            " TRANSPOSE_CONV DEPTH_TO_SPACE"
        ),
    ),
    NetworkCase(
        "micro_isp",
        13_560,
        "https://github.com/aiff22/MicroISP",
        _MICRO_ISP,
        parts_of="micro_isp_half",
    ),
    NetworkCase(
        "micro_isp_half", 13_560 // 2, "half of the published", _MICRO_ISP, side=160, on_gpu=False
    ),
    NetworkCase(
        "pynet_v2_mobile",
        930_255,
        "https://github.com/gmalivenko/PyNET-v2",
        operations(
            "MIRROR_PAD CONV_2D PRELU STRIDED_SLICE ADD MEAN SUB SQUARED_DIFFERENCE RSQRT MUL"
            " CONCATENATION DEPTHWISE_CONV_2D LOGISTIC RESIZE_BILINEAR DEPTH_TO_SPACE TANH"
        ),
        reduced={"width": 8},
        on_gpu=False,
    ),
    NetworkCase(
        "syenet",
        5_640,
        "https://github.com/sanechips-multimedia/syenet, folded",
        operations("CONV_2D PRELU MUL ADD MEAN LOGISTIC DEPTH_TO_SPACE"),
    ),
    NetworkCase(
        "aisp",
        6_805,
        "https://github.com/mv-lab/AISP",
        operations(
            "CONV_2D TANH DEPTH_TO_SPACE ADD POW MUL SUB MEAN REDUCE_MAX LOGISTIC CONCATENATION"
            " RELU MINIMUM"
        ),
    ),
    NetworkCase(
        "punet",
        5_725_199,
        "https://github.com/MediaTek-NeuroPilot/mai21-learned-smartphone-isp",
        operations("CONV_2D LEAKY_RELU MAX_POOL_2D ADD TRANSPOSE_CONV CONCATENATION TANH MUL"),
        reduced={"width": 4},
        on_gpu=False,
    ),
    NetworkCase(
        "pynet",
        47_548_170 - _SHOWN - _CANCELLED,
        "https://github.com/aiff22/PyNET, less what shows levels 1 to 5 and biases without effect",
        operations(
            "CONV_2D LEAKY_RELU MAX_POOL_2D MEAN SUB SQUARED_DIFFERENCE ADD RSQRT"
            " MUL TRANSPOSE_CONV CONCATENATION TANH"
        ),
        reduced={"width": 4, "depth": 2},
        on_gpu=False,
    ),
    NetworkCase(
        "pynet_ca",
        51_303_515 - _SHOWN,
        "https://github.com/egyptdj/skyb-aim2020-public, less what shows levels 1 to 5",
        operations(
            "MUL SUB MIRROR_PAD CONV_2D LEAKY_RELU MEAN LOGISTIC MAX_POOL_2D"
            " SQUARED_DIFFERENCE ADD RSQRT RESIZE_BILINEAR CONCATENATION TANH"
            " DEPTH_TO_SPACE"
        ),
        reduced={"width": 4, "depth": 2},
        on_gpu=False,
    ),
    NetworkCase(
        "mw_ispnet",
        29_219_249,
        "https://github.com/cszhilu1998/MW-ISPNet",
        operations(
            "STRIDED_SLICE ADD SUB MUL CONCATENATION CONV_2D RELU MEAN LOGISTIC DEPTH_TO_SPACE"
        ),
        reduced={"width": 8, "depth": 1},
        on_gpu=False,
    ),
    NetworkCase(
        "lite_ispnet",
        11_930_633 - 2 * 16 * (64 + 64 + 128),
        "https://github.com/cszhilu1998/RAW-to-sRGB, less 2x2 kernels of six wavelet transforms",
        operations(
            "RELU POW CONV_2D RESIZE_BILINEAR ADD"
            " CONCATENATION MEAN LOGISTIC MUL STRIDED_SLICE SUB DEPTH_TO_SPACE"
        ),
        reduced={"width": 8, "depth": 1},
        on_gpu=False,
    ),
    NetworkCase(
        "awnet_raw",
        50_618_596 - 13 - _UNUSED - _by_3x3(3, 64, 128, 256, 512, 1024),
        f"{_AWNET}, less what it does not use, what a softmax cancels and what shows five levels",
        operations(_AWNET_OPERATIONS),
        reduced={"width": 16, "blocks": [1, 1]},
        on_gpu=False,
    ),
    NetworkCase(
        "awnet_demosaiced",
        48_542_813 - 13 - _UNUSED - _by_3x3(3, 128, 256, 512, 1024),
        f"{_AWNET}, less what it does not use, what a softmax cancels and what shows four levels",
        operations(_AWNET_OPERATIONS + " MINIMUM"),
        reduced={"width": 16, "blocks": [1, 1]},
        on_gpu=False,
    ),
]

BY_NAME = {case.name: case for case in CASES}

# Those with parts of their own.
DISTINCT = [case for case in CASES if not case.parts_of]

# All, those of which only the size is their own in the slow suite.
WITH_SIZES = [
    pytest.param(case, marks=pytest.mark.slow) if case.parts_of else case for case in CASES
]


def least_side(generator, least=8):
    """The smallest side of an input, in samples, that is allowed and at least `least`."""
    multiple = generator.multiple
    return -(-max(generator.minimum, least) // multiple) * multiple


def raw_input(generator, *size, batch=1, seed=0):
    """Input `[batch, h, w, C]` from below black to above white; `size` defaults to the least."""
    height, width = size or 2 * (least_side(generator),)
    shape = (batch, height, width, generator.input_shape_any[-1])
    return np.random.default_rng(seed).uniform(-0.02, 1.2, shape).astype(np.float32)
