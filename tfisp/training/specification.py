"""What a recipe is made of: which losses compare what, which critics judge, how fast all learn.

A recipe names things and holds numbers; `objectives.py` and `critics.py` turn it into working
parts. The numbers are those of section 4.3 of the paper (arXiv 2505.10420) and, where the paper is
silent, of its published code.
"""

import dataclasses
from dataclasses import dataclass
from typing import Any

from tfisp.errors import InputError
from tfisp.naming import choose


@dataclass(frozen=True)
class ObjectiveSpec:
    """One term of the generator's loss.

    Attributes:
        name: What it is called in logs, unique within a recipe.
        loss: One of `objectives.LOSSES`: `content`, `lpips+`, `dists`, `blur_mse`, `mse`, `tv` ...
        compares: The member of the batch that the generated image is held against: `reference`,
            `target`, or `""` for a loss of the generated image alone.
        view: How both are shown to the backbone, or to a loss of pixels; `""` is `rgb` but for
            `content`, which needs one.
        weight: Factor of this term's normalised gradient.
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
        name: What it is called in logs and flags, unique within a recipe.
        role: Which of the recipe's backbones it reads: `color` or `texture`; or `pixels`,
            which is a backbone by itself.
        view: How images are shown to that backbone.
        tap: The layer it judges.
        network: `token_mlp` or `texture_cnn` (Fig. 3 of the paper), or `pixel_cnn`;
            `texture_cnn_frozen_fc1` does not train its first dense layer (docs/FIDELITY.md); or one
            that `registration.register_critic` brought.
        weight: Factor of the normalised gradient that it sends to the generator.
    """

    name: str
    role: str
    view: str
    tap: str
    network: str
    weight: float = 1.0


@dataclass(frozen=True)
class CycleSpec(ObjectiveSpec):
    """One term of the loss that needs the way back.

    Attributes:
        of: The image that is held against the other, one of `made.IMAGES`: where `ObjectiveSpec`
            has the generated one.
    """

    of: str = "restored"


@dataclass(frozen=True)
class WayBack:
    """A second network, from pictures back to what they were made of; it does not ship.

    It learns together with the generator, by the same losses and one Adam.

    Attributes:
        network: One of `tfisp.models.ways_back.NETWORKS`.
        to: What it makes: `raw`, packed, or a picture like the batch's `reference`.
        objectives: The terms of the loss that need it.
        critics: They judge what it makes of target photographs against the batch's `to`. Of RAW
            they see the samples themselves, role, view and tap are `pixels`, `rgb`, `pixels`.
    """

    network: str
    to: str
    objectives: tuple[CycleSpec, ...]
    critics: tuple[CriticSpec, ...] = ()


@dataclass(frozen=True)
class Recipe:
    """A training stage.

    Attributes:
        name: What `--recipe` calls it.
        objectives: Terms of the generator's loss.
        critics: adversaries; each adds one more term.
        content: `(backbone, tap)` pairs whose feature differences add up to the content loss, or
            differences of their Gram matrices to the loss `gram`.
        backbones: Which frozen network plays which critic's role.
        paired: The batch's target shows the scene of its RAW.
        simulated: RAW, reference and target are simulated from the RAW files' own references and
            the look of the target photographs (`tfisp.data.simulation`); such a recipe is paired.
        adversarial: The game that critics and generator play, one of `losses.ADVERSARIAL`.
        learning_rate: The generator's, for Adam.
        critic_learning_rate: The critics'.
        critic_interval: Critics learn at every step whose number this divides.
        betas: Adam's decay rates, for all networks.
        epsilon: Adam's constant; `critics.adam` says where it is added (Keras' own default is
            1e-7).
        gamma: Strength of the penalties; for R1 and R2, 10 times a factor 100 in the published
            code.
        critic_clip: Largest norm of a critic's gradient, all its weights together; None for any.
        normalised: Whether each loss's gradient is scaled to its weight (section 3.7), or the
            losses are added up as they are.
        schedule: How the generator's rate goes: `constant`; `cosine` from its first value to 0 at
            the stage's last step (arXiv 1608.03983, without restarts); or `linear`, constant over
            the first half and to 0 over the second, which the critics' rate follows.
        ema_decay: The most that the average of weights keeps of itself at a step.
        way_back: The inverse mapping that is learnt beside the generator, if any.
        look: For a simulated one, what kind of look is fitted to the data set's true pairs (one of
            `paired_look.PAIRED_LOOKS`) instead of the photographs' one; None for that.
        pool: Earlier images of which each critic sees one in the place of every second new one
            (arXiv 1612.07828, section 2.3); None for new ones only.
        level: Where a pyramid stops in this stage (`tfisp.models.pyramid`): the generator is made
            into one that stops there, with the weights that it has already; None leaves it as it
            is.
    """

    name: str
    objectives: tuple[ObjectiveSpec, ...]
    critics: tuple[CriticSpec, ...] = ()
    content: tuple[tuple[str, str], ...] = (("vgg19", "relu5_4"),)
    backbones: tuple[tuple[str, str], ...] = (("color", "vit_b16"), ("texture", "alexnet"))
    paired: bool = False
    adversarial: str = "relativistic"
    learning_rate: float = 5e-4
    critic_learning_rate: float = 1e-5
    critic_interval: int = 10
    betas: tuple[float, float] = (0.5, 0.9)
    epsilon: float = 1e-8
    gamma: float = 1000.0
    critic_clip: float | None = 1.0
    simulated: bool = False
    normalised: bool = True
    schedule: str = "constant"
    ema_decay: float = 0.999
    way_back: WayBack | None = None
    pool: int | None = None
    look: str | None = None
    level: int | None = None

    @property
    def all_objectives(self) -> tuple[ObjectiveSpec, ...]:
        """Its own, then those of the way back."""
        return (*self.objectives, *(self.way_back.objectives if self.way_back else ()))

    @property
    def all_critics(self) -> tuple[CriticSpec, ...]:
        """Its own, then those of the way back."""
        return (*self.critics, *(self.way_back.critics if self.way_back else ()))

    @property
    def needs_photographs(self) -> bool:
        """Whether it learns from photographs of other scenes, or from their look."""
        reads = any(objective.compares == "target" for objective in self.objectives)
        if self.simulated:
            return reads and self.look is None
        return not self.paired and bool(reads or self.critics or self.way_back)

    @property
    def needs_pairs(self) -> bool:
        """Whether it learns from true pairs, or from their look."""
        return (self.paired and not self.simulated) or self.look is not None

    def backbone(self, role: str) -> str:
        """The name of the frozen network in a critic's role; a role that is none is its own."""
        return dict(self.backbones).get(role, role)

    def distances(self) -> dict[str, str]:
        """The trained distances among the losses, each with the frozen network it reads."""
        return dict(_DISTANCES[o.loss] for o in self.all_objectives if o.loss in _DISTANCES)

    def content_networks(self) -> list[str]:
        """Names of the frozen networks of the content loss; none where there is no such loss."""
        has_content = any(o.loss in ("content", "gram") for o in self.all_objectives)
        return [name for name, _ in self.content if has_content]

    def frozen_networks(self) -> list[str]:
        """Names of the frozen networks that this recipe reads, each once."""
        names = [*self.content_networks(), *self.distances().values()]
        names += [name for o in self.all_objectives for name in LOSS_NETWORKS.get(o.loss, ())]
        names += [self.backbone(critic.role) for critic in self.all_critics]
        return list(dict.fromkeys(names))

    def with_critics(self, names: tuple[str, ...]) -> "Recipe":
        """This recipe with the named critics instead of its own; `()` trains without any.

        Those that it has keep their weights.

        Raises:
            InputError: for a critic that there is not.
        """
        for name in names:
            choose("--critics", name, CRITICS)
        known = CRITICS | {critic.name: critic for critic in self.critics}
        return dataclasses.replace(self, critics=tuple(known[n] for n in CRITICS if n in names))

    def with_way_back(self, network: str) -> "Recipe":
        """This recipe with another network for the way back, if it has one.

        Raises:
            InputError: for a network that there is not.
        """
        choose("--way_back", network, WAYS_BACK)
        if self.way_back is None:
            return self
        return dataclasses.replace(
            self, way_back=dataclasses.replace(self.way_back, network=network)
        )

    def require_sides(self, patch_size: int) -> None:
        """Sees that its critics and its way back can take patches of that size.

        Raises:
            InputError: if they cannot.
        """
        back = self.way_back
        halved = 2 if back and back.to == "raw" else 1  # samples of one colour
        asked = [(critic.network, 1) for critic in self.critics]
        asked += [(critic.network, halved) for critic in (back.critics if back else ())]
        asked += [(back.network, halved)] if back else []
        for name, step in asked:
            least, multiple = (step * number for number in SIDES.get(name, (1, 1)))
            if patch_size < least or patch_size % multiple:
                raise InputError(
                    f"--patch_size={patch_size}: the {name} of --recipe={self.name} takes patches"
                    f" of {least} or more, in steps of {multiple}"
                )

    def with_adversarial(self, name: str) -> "Recipe":
        """This recipe with another game, its penalty as strong as that one's paper has it.

        Raises:
            InputError: for a game that there is not.
        """
        choose("--adversarial", name, GAMES)
        gamma = WGAN_GP_GAMMA if name == "wgan_gp" else self.gamma
        return dataclasses.replace(self, adversarial=name, gamma=gamma)

    def for_generator(self, name: str) -> "Recipe":
        """This recipe with the rates that the paper found for a generator, where it names any.

        Recipes that are not the paper's keep their own.
        """
        return dataclasses.replace(self, **RATES.get(name, {})) if self.normalised else self


# The names of `losses.ADVERSARIAL`, which only TensorFlow's users can import.
GAMES = (
    *("relativistic", "relativistic_average", "standard"),
    *("least_squares", "hinge", "wgan_gp"),
)
# The names of `tfisp.models.ways_back.NETWORKS`, likewise.
WAYS_BACK = ("resnet", "resnet_narrow", "dped", "dped_narrow")
# What critics and ways back ask of images: the least side, and what it must be divisible by.
SIDES = {
    "patchgan": (24, 1),
    "unet_spectral": (8, 8),
    "resnet": (8, 4),
    "resnet_narrow": (8, 4),
}
# Strength of its penalty in arXiv 1704.00028.
WGAN_GP_GAMMA = 10.0

# Loss -> the trained distance that it takes, and that one's frozen network.
_DISTANCES = {
    "lpips": ("lpips", "alexnet_imagenet"),
    "lpips+": ("lpips+", "alexnet_imagenet"),
    "lpips+_swapped": ("lpips+", "alexnet_imagenet"),
    "dists": ("dists", "vgg16_torchvision_l2"),
}

# Loss that `registration.register_loss` brought -> the frozen networks that it reads.
LOSS_NETWORKS: dict[str, tuple[str, ...]] = {}

# Section 4.3 of the paper: Efficient and Robust ISP train with the rates of `Recipe`; the tiny
# RMFA-Net's critics learn faster and, "in a ratio of 4:1", at every 4th step.
RATES: dict[str, dict[str, Any]] = {
    "rmfa_net_tiny": {
        "learning_rate": 1e-4,
        "critic_learning_rate": 5e-5,
        "critic_interval": 4,
    },
}

CRITICS: dict[str, CriticSpec] = {
    critic.name: critic
    for critic in (
        # The paper's colour critic, section 3.4.
        CriticSpec("adv_color", "color", "blur224", "tokens", "token_mlp"),
        # Its texture critics, section 3.5, at every depth that Table 4 compares; lin0 and lin3 are
        # what it settles for.
        *(
            CriticSpec(f"adv_lin{depth}", "texture", "gray", f"relu{depth + 1}", "texture_cnn")
            for depth in range(5)
        ),
        # Critics of pixels, as in DPED and WESPE: what section 4.2 compares with.
        CriticSpec("adv_color_pixels", "pixels", "blur", "pixels", "pixel_cnn"),
        CriticSpec("adv_texture_pixels", "pixels", "gray", "pixels", "pixel_cnn"),
        # CycleGAN's, of patches; the weight makes half the square of `least_squares` whole.
        CriticSpec("adv_patches", "pixels", "rgb", "pixels", "patchgan", weight=2.0),
        # That of NTIRE 2026's fourth place, a score per pixel.
        CriticSpec("adv_unet", "pixels", "rgb", "pixels", "unet_spectral", weight=1e-3),
    )
}
