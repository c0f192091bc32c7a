"""Everything that decides what a run computes: resolved, checked, comparable with another's."""

import copy
import dataclasses
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tfisp.contract import PUBLISHED, Contract
from tfisp.data.cache import tree_digest
from tfisp.data.config import DataConfig
from tfisp.errors import InputError
from tfisp.models import read_preset, registry
from tfisp.training.recipes import get_recipe
from tfisp.training.specification import Recipe


@dataclass(frozen=True)
class Stage:
    """A recipe and for how many steps it is followed."""

    recipe: Recipe
    steps: int


# What the flags --precision and --strategy (`tfisp.training.strategies`) may be.
STRATEGIES = ("single", "mirrored", "multiworker")
PRECISIONS = ("float32", "mixed_float16", "mixed_bfloat16")


@dataclass(frozen=True)
class TrainConfig:
    """A run, complete. Two runs with equal configurations give equal results.

    Attributes:
        stages: What to do, in order; each starts from the raw weights of the one before.
        data: Where batches come from.
        model: Name of the generator, or a preset's folder to start from.
        batch_size: Images per step.
        accumulate: Equal parts that a batch is worked through in; less memory, the same result up
            to rounding.
        seed: Of every random draw.
        weights: Key of a backbone's weights to where they come from: a path or `random`; those not
            named are searched for (`tfisp.perceptual.weights`).
        log_every: Steps between lines of `metrics.jsonl` and points in TensorBoard.
        validate_every: Steps between validations; 0 for none.
        validation_split: Which pairs validation measures: `val` or `test`.
        validation_images: How many of them at the most.
        compat: Things in which the run follows the paper's published code, items of `tfisp.compat`;
            recipes and data are already changed accordingly (`tfisp.training.compat.follow`).
        backbone_dtype: What gradients are computed in on their way through the frozen networks,
            `float32` or `bfloat16`. Features, all that learns, and every loss, penalty and norm are
            in float32 either way.
        precision: What the generator computes in, a Keras dtype policy: `float32`, `mixed_float16`
            or `mixed_bfloat16`. Weights, losses and critics are in float32 either way.
        deterministic: Makes every operation give the same bits each time, at some cost of speed.
        imports: Python modules of the user's own that register what the other names stand for; for
            the record, they are imported already.
    """

    stages: tuple[Stage, ...]
    data: DataConfig
    model: str = "efficient_isp"
    batch_size: int = 32
    accumulate: int = 1
    seed: int = 0
    weights: dict[str, str] = field(default_factory=dict)
    log_every: int = 10
    validate_every: int = 500
    validation_split: str = "val"
    validation_images: int = 16
    backbone_dtype: str = "float32"
    precision: str = "float32"
    deterministic: bool = True
    imports: tuple[str, ...] = ()
    compat: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.stages:
            raise InputError("--recipe: no stage given")
        for flag, value, least in (
            ("batch_size", self.batch_size, 1),
            ("accumulate", self.accumulate, 1),
            ("log_every", self.log_every, 1),
            ("validate_every", self.validate_every, 0),
            ("validation_images", self.validation_images, 1),
            *(("steps", stage.steps, 1) for stage in self.stages),
        ):
            if value < least:
                raise InputError(f"--{flag}={value}: must be at least {least}")
        for stage in self.stages:
            self._require_fit(stage.recipe)
        learnt = [stage.recipe for stage in self.stages if stage.recipe.simulated]
        looks = {r.look or "of photographs" for r in learnt if r.look or r.needs_photographs}
        if len(looks) > 1:
            raise InputError(
                f"--recipe={','.join(recipe.name for recipe in learnt)}: their looks differ; a run"
                " has one"
            )
        if self.batch_size % self.accumulate:
            raise InputError(
                f"--accumulate={self.accumulate}: must divide --batch_size={self.batch_size}"
            )

    def _require_fit(self, recipe: Recipe) -> None:
        """Sees that data and batch are such as a recipe's critics and way back can take."""
        recipe.require_sides(self.data.resolved_patch_size())
        if recipe.pool is not None and self.batch_size > recipe.pool:
            raise InputError(
                f"--batch_size={self.batch_size}: the critics of --recipe={recipe.name} have a pool"
                f" of {recipe.pool} images, which a batch must fit into"
            )
        form = self.data.resolved_contract().form
        if recipe.way_back and recipe.way_back.to == "raw" and form != "packed":
            raise InputError(
                f"--recipe={recipe.name}: its way back makes packed RAW, but --model={self.model}"
                f" takes the form {form!r}"
            )

    def require_parts(self, replicas: int) -> None:
        """Sees that a batch can be cut into the equal parts in which it will be worked through.

        Raises:
            InputError: if it cannot.
        """
        if self.batch_size % (replicas * self.accumulate):
            raise InputError(
                f"--batch_size={self.batch_size}: must be divisible by the {replicas} devices"
                f" times --accumulate={self.accumulate}"
            )
        pooled = [stage.recipe.name for stage in self.stages if stage.recipe.pool is not None]
        if replicas > 1 and pooled:
            raise InputError(
                f"--recipe={pooled[0]}: its critics' pool of images is kept on one device; leave"
                " out --strategy"
            )
        games = {stage.recipe.adversarial for stage in self.stages if stage.recipe.all_critics}
        if replicas > 1 and self.accumulate > 1 and "relativistic_average" in games:
            raise InputError(
                f"--accumulate={self.accumulate}: relativistic_average takes its means over a whole"
                " batch, which several devices cannot do in parts"
            )

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON, of all that decides the result (so without the cache's place)."""
        values = dataclasses.asdict(self)
        del values["data"]["cache_dir"], values["data"]["cache_gb"]
        if not self.imports:
            del values["imports"]  # as it was in runs before there were any
        for stage in values["stages"]:
            if stage["recipe"]["level"] is None:
                del stage["recipe"]["level"]  # likewise
        look = self.data.resolved_look()
        values["data"]["look"] = look and look.sha256  # the table counts, not where it lies
        return values


def make_stages(
    names: tuple[str, ...], steps: tuple[int, ...], generator: str = "", **changes: Any
) -> tuple[Stage, ...]:
    """Stages from recipe names and step counts.

    Args:
        names: Recipe names, in order.
        steps: One count per recipe, or one for all.
        generator: What `--model` says: the network to train, which may have rates of its own.
        **changes: Fields of `Recipe` to replace in every stage; `critics` is a tuple of names of
            those to train with in the stages that have any, `way_back` the network of the way back
            in those that have one, `adversarial` brings the strength of
            its penalty along, unless `gamma` is given, and `beta_1` is the first of `betas`. None
            leaves a field as the recipe has it.

    Raises:
        InputError: for an unknown recipe or critic, a `beta_1` that is not below 1, or if the
            numbers of recipes and step counts do not fit.
    """
    recipes = [get_recipe(name).for_generator(generator_name(generator)) for name in names]
    if len(steps) == 1:
        steps = steps * len(names)
    if len(steps) != len(names):
        raise InputError(
            f"--steps: {len(steps)} counts for {len(names)} recipes; give one each, or one for all"
        )
    critics, adversarial = changes.pop("critics", None), changes.pop("adversarial", None)
    way_back = changes.pop("way_back", None)
    beta_1 = changes.pop("beta_1", None)
    if beta_1 is not None and not 0 <= beta_1 < 1:
        raise InputError(f"--beta_1={beta_1:g}: must be at least 0 and below 1")
    changes = {name: value for name, value in changes.items() if value is not None}
    stages = []
    for recipe, count in zip(recipes, steps, strict=True):
        if adversarial is not None:
            recipe = recipe.with_adversarial(adversarial)
        recipe = dataclasses.replace(recipe, **changes)
        if way_back is not None:
            recipe = recipe.with_way_back(way_back)
        if beta_1 is not None:
            recipe = dataclasses.replace(recipe, betas=(beta_1, recipe.betas[1]))
        if critics is not None and recipe.critics:
            recipe = recipe.with_critics(critics)
        stages.append(Stage(recipe, count))
    return tuple(stages)


def generator_name(model: str) -> str:
    """The name of the network that `--model` stands for: its own, or that of a preset or run.

    What stands for none is returned as it is; whoever opens it says what is wrong.
    """
    if model in registry.names() and not os.path.exists(model):
        return model
    try:
        return read_preset(model).model
    except InputError:
        return model


def fit_to_generator(data: DataConfig, model: str) -> DataConfig:
    """The data as the generator takes it.

    Data sets with the paper's levels get the contract that the generator was published with; others
    keep their own but for the form of the mosaic. What a preset was trained for beyond that is
    compared later (`require_contract`).
    """
    name = generator_name(model)
    if name not in registry.names():
        return data
    kind = registry.generator_class(name)
    contract = data.resolved_contract()
    paper = contract == PUBLISHED
    fitting = kind.published if paper else dataclasses.replace(contract, form=kind.form)
    return data if fitting == contract else data.replace(contract=fitting)


def require_contract(model: str, contract: Contract, data: DataConfig) -> None:
    """Sees that a trained generator takes what the data give.

    Args:
        model: What names it, for the message.
        contract: What it was trained for.
        data: The data.

    Raises:
        InputError: it takes something else.
    """
    given = data.resolved_contract()
    stated, wanted = contract.to_dict(), given.to_dict()
    names = [name for name in {**stated, **wanted} if stated.get(name) != wanted.get(name)]
    if names:
        differing = ", ".join(
            f"{name.replace('_', ' ')} {stated.get(name, 'usual')} instead of"
            f" {wanted.get(name, 'usual')}"
            for name in names
        )
        raise InputError(
            f"--model={model}: was trained for other input than --data={data.name} gives"
            f" ({differing}); its weights would mean nothing here: start from a name,"
            " --model=efficient_isp, or from a run on such data"
        )


# What is told by the files themselves (`tfisp.data.manifest`), and what changes no weight.
_FOLDERS = ("raw_dir", "data_dir", "target_dir", "splits", "on_bad_file")
_WATCHING = ("log_every", "validate_every", "validation_split", "validation_images")


def what_counts(values: dict[str, Any]) -> dict[str, Any]:
    """What a run must agree in with an earlier start of it.

    Args:
        values: Of `TrainConfig.to_dict`, with or without a member `content`: what the files behind
            names of models, weights and sensors hold (`contents`).

    Returns:
        The values without those that decide nothing, and with contents in the place of paths.
    """
    values = copy.deepcopy(values)
    content = values.pop("content", {})
    for name in _WATCHING:
        values.pop(name, None)
    for name in _FOLDERS:
        values["data"].pop(name, None)
    for group in (values, values["data"], values["weights"]):
        for name, value in group.items():
            if isinstance(value, str):
                group[name] = content.get(value, value)
    return values


def contents(config: TrainConfig) -> dict[str, str]:
    """The hash of what lies behind each path that a configuration names, by path.

    Raises:
        InputError: if a file cannot be read.
    """
    paths = (config.model, config.data.sensor, *config.weights.values())
    found = [path for path in paths if path and Path(path).exists()]
    return {path: f"sha256 {tree_digest(Path(path))}" for path in found}


def differences(old: Any, new: Any, path: str = "") -> list[str]:
    """Where nested plain values differ, a line each: `data.patch_size: 128 before, 256 now`."""
    if isinstance(old, dict) and isinstance(new, dict):
        return [
            line
            for key in dict.fromkeys([*old, *new])
            for line in differences(old.get(key), new.get(key), f"{path}.{key}" if path else key)
        ]
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        return [
            line
            for index, pair in enumerate(zip(old, new, strict=True))
            for line in differences(*pair, f"{path}[{index}]")
        ]
    return [] if old == new else [f"{path}: {old!r} before, {new!r} now"]
