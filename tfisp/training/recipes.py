"""Training stages as data: which losses compare what, which critics judge, how fast all learn.

A recipe names things and holds numbers; `objectives.py` and `critics.py` turn it into working
parts. The numbers are those of section 4.3 of the paper (arXiv 2505.10420) and, where the paper is
silent, of its published code.
"""

import dataclasses
from dataclasses import dataclass

from tfisp.errors import InputError
from tfisp.naming import choose


@dataclass(frozen=True)
class ObjectiveSpec:
    """One term of the generator's loss.

    Attributes:
        name: what it is called in logs, unique within a recipe.
        loss: `content`, `mse` or `tv`.
        compares: the member of the batch that the generated image is held against: `reference`,
            `target`, or `""` for a loss of the generated image alone.
        view: how both are shown to the backbone (`content` only).
        weight: factor of this term's normalised gradient.
    """

    name: str
    loss: str
    compares: str = ""
    view: str = ""
    weight: float = 1.0


@dataclass(frozen=True)
class CriticSpec:
    """One adversary of the generator.

    Attributes:
        name: what it is called in logs and flags, unique within a recipe.
        role: which of the recipe's backbones it looks through: `color` or `texture`.
        view: how images are shown to that backbone.
        tap: the layer it judges.
        network: `token_mlp` or `texture_cnn` (Fig. 3 of the paper).
        weight: factor of the normalised gradient that it sends to the generator.
    """

    name: str
    role: str
    view: str
    tap: str
    network: str
    weight: float = 1.0


@dataclass(frozen=True)
class Recipe:
    """A training stage.

    Attributes:
        name: what `--recipe` calls it.
        objectives: terms of the generator's loss.
        critics: adversaries; each adds one more term.
        content: `(backbone, tap)` pairs whose feature differences add up to the content loss.
        backbones: which frozen network plays which critic's role.
        paired: the batch's target shows the scene of its RAW.
        learning_rate: the generator's, for Adam.
        critic_learning_rate: the critics'.
        critic_interval: critics learn at every step whose number this divides.
        betas: Adam's decay rates, for all networks.
        epsilon: Adam's constant, added to the root of the bias-corrected second moment (Keras' own
            default is 1e-7).
        gamma: strength of R1 and R2; 10 times a factor 100 in the published code.
        critic_clip: largest norm of a critic's gradient, all its weights together.
    """

    name: str
    objectives: tuple[ObjectiveSpec, ...]
    critics: tuple[CriticSpec, ...] = ()
    content: tuple[tuple[str, str], ...] = (("vgg19", "relu5_4"),)
    backbones: tuple[tuple[str, str], ...] = (("color", "vit_b16"), ("texture", "alexnet"))
    paired: bool = False
    learning_rate: float = 5e-4
    critic_learning_rate: float = 1e-5
    critic_interval: int = 10
    betas: tuple[float, float] = (0.5, 0.9)
    epsilon: float = 1e-8
    gamma: float = 1000.0
    critic_clip: float = 1.0

    def backbone(self, role: str) -> str:
        """The name of the frozen network in a critic's role."""
        return dict(self.backbones)[role]

    def frozen_networks(self) -> list[str]:
        """Names of the frozen networks that this recipe looks through, each once."""
        names = [
            name for name, _ in self.content if any(o.loss == "content" for o in self.objectives)
        ]
        names += [self.backbone(critic.role) for critic in self.critics]
        return list(dict.fromkeys(names))

    def with_critics(self, names: tuple[str, ...]) -> "Recipe":
        """This recipe with only the named critics, in its own order; `()` trains without any.

        Raises:
            InputError: for a critic that the recipe does not have.
        """
        known = [critic.name for critic in self.critics]
        for name in names:
            choose("--critics", name, known)
        return dataclasses.replace(
            self, critics=tuple(critic for critic in self.critics if critic.name in names)
        )


_TV = ObjectiveSpec("tv", "tv")
_ADV_COLOR = CriticSpec("adv_color", "color", "blur224", "tokens", "token_mlp")
_ADV_LIN0 = CriticSpec("adv_lin0", "texture", "gray", "relu1", "texture_cnn")
_ADV_LIN3 = CriticSpec("adv_lin3", "texture", "gray", "relu4", "texture_cnn")

RECIPES: dict[str, Recipe] = {
    # Eq. 12: learn to demosaic, so that the adversarial stage starts from sound structure.
    "pretrain": Recipe(
        name="pretrain",
        objectives=(
            ObjectiveSpec("content", "content", compares="reference", view="rgb"),
            ObjectiveSpec("mse", "mse", compares="reference"),
            _TV,
        ),
    ),
    # Eq. 11: content from the RAW itself, look from photographs of other scenes.
    "unpaired": Recipe(
        name="unpaired",
        objectives=(
            ObjectiveSpec("content", "content", compares="reference", view="luminance"),
            _TV,
        ),
        critics=(_ADV_COLOR, _ADV_LIN0, _ADV_LIN3),
    ),
}


def get_recipe(name: str) -> Recipe:
    """The recipe of that name.

    Raises:
        InputError: if there is none, naming the closest.
    """
    return RECIPES[choose("--recipe", name, RECIPES)]


def parse_content(text: str) -> tuple[tuple[str, str], ...]:
    """Reads `vgg19:relu5_4,alexnet_imagenet:relu2` into `(backbone, tap)` pairs.

    Raises:
        InputError: if a part is not of the form `backbone:tap`.
    """
    pairs = []
    for part in text.split(","):
        backbone, colon, tap = part.strip().partition(":")
        if not (backbone and colon and tap):
            raise InputError(
                f"--content={text}: {part!r} is not of the form backbone:tap, as in vgg19:relu5_4"
            )
        pairs.append((backbone, tap))
    return tuple(pairs)
