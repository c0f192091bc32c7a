"""The four tables of the paper (arXiv 2505.10420) as data: what each row trains, and on what.

Steps are those of the released checkpoint of the same network, data and method (their files' names
hold them); its authors chose it by pairs, tfisp ends there by plan. Where none is released, those
of Efficient ISP by the same method stand in. Which rows and figures the tables hold is known only
as far as the paper's text tells: rows follow its sections 4.1 and 4.2, and of the published figures
those are given that the text, or another named source, states. docs/FIDELITY.md lists what had to
be decided.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field

from tfisp.training.recipes import get_recipe
from tfisp.training.specification import CRITICS

# Of the stage that teaches to demosaic, in front of every adversarial one (section 3.7).
PRETRAIN_STEPS = 20_000

# Share of UltraISP's training pairs that the paper removed.
MISALIGNED = 0.176

_TEXT = "the paper's text"


@dataclass(frozen=True)
class Figure:
    """A published figure.

    Attributes:
        text: As it is printed.
        source: Who states it.
    """

    text: str
    source: str


@dataclass(frozen=True)
class Row:
    """A row of a table.

    Attributes:
        name: Of its folder and of `--rows`; rows of one name, in any table, are one training.
        title: What the table calls it.
        model: The generator; empty where tfisp does not have it.
        recipe: Of its last stage.
        steps: Of its last stage.
        flags: Of `tfisp.train` for both stages.
        last_flags: For the last stage alone.
        published: (split, measure) -> figure.
        reason: Why it cannot be trained here; empty where it can.
        remark: In what it is not, or may not be, the paper's.
    """

    name: str
    title: str
    model: str = ""
    recipe: str = ""
    steps: int = 0
    flags: tuple[str, ...] = ()
    last_flags: tuple[str, ...] = ()
    published: Mapping[tuple[str, str], Figure] = field(default_factory=dict)
    reason: str = ""
    remark: str = ""

    @property
    def is_pretrained(self) -> bool:
        """Whether a stage that teaches to demosaic comes first."""
        return bool(get_recipe(self.recipe).critics)

    @property
    def start(self) -> str:
        """Name of that stage's folder: rows that begin alike share it."""
        return "-".join(["start", self.model, *(flag.rpartition("=")[2] for flag in self.flags)])


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes:
        number: Its number in the paper.
        title: What it shows.
        data: Kind of data set.
        splits: What it measures.
        rows: Its rows.
        notes: What it leaves out.
    """

    number: int
    title: str
    data: str
    splits: tuple[str, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()

    def data_flags(self) -> list[str]:
        """Flags that say which pairs it trains on and holds out."""
        filtered = [f"--misaligned={MISALIGNED}"] if self.data == "ultraisp" else []
        return [f"--data={self.data}", *filtered]


METHODS = {
    "unpaired": "unpaired",
    "paired_adversarial": "paired",
    "paired": "paired without adversarial losses",
}
_TITLES = {
    "efficient_isp": "Efficient ISP",
    "robust_isp": "Robust ISP",
    "rmfa_net_tiny": "RMFA-Net tiny",
    "lan": "LAN",
    "srcnn": "SRCNN",
}
# (data set, generator) -> recipe -> step of the released checkpoint.
_STEPS = {
    ("zrr", "efficient_isp"): {"unpaired": 30_750, "paired_adversarial": 195_100, "paired": 57_200},
    ("ultraisp", "efficient_isp"): {
        "unpaired": 27_220,
        "paired_adversarial": 37_580,
        "paired": 31_190,
    },
    ("ultraisp", "robust_isp"): {
        "unpaired": 66_090,
        "paired_adversarial": 31_560,
        "paired": 29_030,
    },
    ("ultraisp", "rmfa_net_tiny"): {
        "unpaired": 48_270,
        "paired_adversarial": 31_690,
        "paired": 36_120,
    },
}


def _trained(data: str, model: str, recipe: str) -> Row:
    """A row of one of the paper's three ways of training."""
    steps = _STEPS.get((data, model), _STEPS[data, "efficient_isp"])[recipe]
    return Row(
        name=f"{model}-{recipe}",
        title=f"{_TITLES[model]}, {METHODS[recipe]}",
        model=model,
        recipe=recipe,
        steps=steps,
    )


def _other(model: str, remark: str) -> Row:
    """A network that the paper trained for comparison, with pairs."""
    row = _trained("zrr", model, "paired")
    return dataclasses.replace(row, title=_TITLES[model], remark=remark)


def _absent(name: str, title: str, reason: str, source: str, split: str, **figures: str) -> Row:
    """A row whose network, or training, tfisp does not have."""
    published = {(split, measure): Figure(text, source) for measure, text in figures.items()}
    return Row(name=name, title=title, published=published, reason=reason)


_VAR = 'Table 2 of "Visual Autoregressive Priors for RAW-to-sRGB ISP"'
_NO_NETWORK = "the network is not part of tfisp"

_ZRR = tuple(_trained("zrr", "efficient_isp", recipe) for recipe in METHODS)
_UNPAIRED = _ZRR[0]

TABLE_1 = Table(
    1,
    "Zurich RAW-to-RGB, test pairs",
    "zrr",
    ("test",),
    (
        _absent(
            "pynet", "PyNET", _NO_NETWORK, _VAR, "test", psnr="21.19", ssim="0.747", lpips="0.193"
        ),
        _absent(
            "awnet", "AWNet-R", _NO_NETWORK, _VAR, "test", psnr="21.42", ssim="0.748", lpips="0.198"
        ),
        _absent(
            "mw_ispnet",
            "MW-ISPNet",
            _NO_NETWORK,
            _VAR,
            "test",
            psnr="21.42",
            ssim="0.754",
            lpips="0.213",
        ),
        _absent(
            "lite_ispnet",
            "LiteISPNet",
            _NO_NETWORK,
            _VAR,
            "test",
            psnr="21.55",
            ssim="0.749",
            lpips="0.187",
        ),
        _other("lan", "trained by recipe `paired`; the paper by the losses of LAN's own code"),
        _other("srcnn", "trained by recipe `paired`; the paper does not say which losses"),
        *_ZRR,
    ),
    (
        "Inference times on a phone's GPU, which the table has too, are measured by"
        " tflite/benchmark.sh.",
        "Which further networks the table lists is not known; some that others report on the same"
        " pairs stand first.",
    ),
)

_ABOVE = Figure("above 23", _TEXT)
_FUJI = tuple(
    _trained("ultraisp", model, recipe)
    for model in ("efficient_isp", "robust_isp", "rmfa_net_tiny")
    for recipe in METHODS
)
TABLE_2 = Table(
    2,
    "Fujifilm UltraISP, validation and test pairs drawn from its training pairs",
    "ultraisp",
    ("val", "test"),
    (
        _absent(
            "mialgo",
            "Efficient ISP by its authors (final ranking of Mobile AI 2022)",
            "its authors' training is not published, nor are the challenge's test pairs",
            _TEXT,
            "official",
            psnr="23.33",
        ),
        _absent(
            "rmfa_authors",
            "RMFA-Net tiny by its authors (data of Mobile AI 2022)",
            "their code and split are not published",
            _TEXT,
            "official",
            psnr="24.549",
        ),
        _absent(
            "efficient_isp-official",
            "Efficient ISP, unpaired (validation of Mobile AI 2025)",
            "the photographs of these pairs are not published: the contest's server measured",
            _TEXT,
            "official",
            psnr="23.10",
        ),
        dataclasses.replace(
            _FUJI[0], published={("val", "psnr"): _ABOVE, ("test", "psnr"): _ABOVE}
        ),
        *_FUJI[1:],
    ),
)

_METHODS_OF_TABLE_3 = {"menon2007": "Menon 2007", "opencv": "OpenCV"}
# The published code's own value is 0.5; which others the table has is not known.
BETAS = (0.0, 0.5, 0.9)


def _ablated(method: str, beta: float) -> Row:
    """A row of Table 3; that of the defaults is the unpaired row of Table 1."""
    title = f"{_METHODS_OF_TABLE_3[method]}, Beta1 {beta:g}"
    if (method, beta) == ("menon2007", 0.5):
        return dataclasses.replace(_UNPAIRED, title=title)
    return dataclasses.replace(
        _UNPAIRED,
        name=f"{_UNPAIRED.name}-{method}-{beta:g}",
        title=title,
        flags=() if method == "menon2007" else (f"--reference={method}",),
        last_flags=() if beta == 0.5 else (f"--beta_1={beta:g}",),
    )


TABLE_3 = Table(
    3,
    "Efficient ISP, unpaired, by demosaicking of the reference and by Adam's momentum; test pairs"
    " of Zurich RAW-to-RGB",
    "zrr",
    ("test",),
    tuple(_ablated(method, beta) for method in _METHODS_OF_TABLE_3 for beta in BETAS),
    ("Which values of Beta1 the table compares is not known.",),
)


def _judged(depth: int) -> Row:
    """A row of Table 4: one texture critic, at one depth, beside the colour critic."""
    return dataclasses.replace(
        _UNPAIRED,
        name=f"{_UNPAIRED.name}-lin{depth}",
        title=f"lin{depth}",
        last_flags=(f"--critics=adv_color,adv_lin{depth}",),
    )


_DEPTHS = sum(name.startswith("adv_lin") for name in CRITICS)
TABLE_4 = Table(
    4,
    "Efficient ISP, unpaired, with one texture critic at one depth of AlexNet; test pairs of Zurich"
    " RAW-to-RGB",
    "zrr",
    ("test",),
    (
        *(_judged(depth) for depth in range(_DEPTHS)),
        dataclasses.replace(_UNPAIRED, title="lin0 and lin3 (the method)"),
    ),
)

TABLES = {table.number: table for table in (TABLE_1, TABLE_2, TABLE_3, TABLE_4)}
