"""What can be told to be wrong with a command line before TensorFlow is loaded or data opened."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from tfisp.cli.flags import FlagValues, refuse_idle
from tfisp.data import flags as data_flags
from tfisp.data.config import DataConfig
from tfisp.data.listing import require_folder
from tfisp.data.skimage_scenes import SKIMAGE
from tfisp.errors import InputError, UsageError
from tfisp.files import read_json
from tfisp.models import names, preset_names, read_preset
from tfisp.naming import choose, is_module
from tfisp.perceptual import backbones, weights
from tfisp.training import run_lock
from tfisp.training.config import Stage, require_contract
from tfisp.training.recipes import get_recipe
from tfisp.training.specification import Recipe


def check_imports(work_dir: str, modules: Sequence[str]) -> None:
    """Sees that a run to continue finds the modules that it was begun with.

    To be called before its names are looked up: most of them mean nothing without.

    Args:
        work_dir: The run's folder, whether there yet or not.
        modules: What `--imports` names; imported already.

    Raises:
        InputError: the run was begun with others, naming them.
    """
    file = Path(work_dir, "run.json")
    record = read_json(file) if file.is_file() else {}
    # A record of other types is damaged; `RunFolder.require_same` tells.
    found = record.get("imports") if isinstance(record, dict) else None
    wanted = found if isinstance(found, list) and all(map(is_module, found)) else []
    if any(name not in modules for name in wanted):
        flag = f"--imports={','.join(wanted)}"
        raise InputError(
            f"--work_dir={work_dir}: its run was begun with {flag}, says run.json; give it again if"
            " you trust that code"
        )


def check(values: FlagValues, stages: Sequence[Stage], data: DataConfig) -> list[str]:
    """Looks at all that needs neither TensorFlow nor the content of a data set.

    Args:
        values: The parsed flags of `tfisp.train`.
        stages: What they ask for.
        data: The data that they describe.

    Returns:
        Warnings for the user.

    Raises:
        UsageError: a name is unknown, flags contradict each other, or one has no effect.
        InputError: a file or folder that is named is not there, or weights are missing.
    """
    recipes = [stage.recipe for stage in stages]
    try:
        _check_names(recipes)
        _check_model(values.model)
        _check_data_serves(recipes, data)
    except InputError as error:
        raise UsageError(str(error)) from None
    if any(side % 2 for side in values.export_size):
        height, width = values.export_size
        raise UsageError(
            f"--export_size={height}x{width}: a picture is made of whole 2x2 cells of the mosaic;"
            " give even sides"
        )
    _check_xla(values, recipes)
    warnings = refuse_idle(values, data_flags.idle(values) | dict(_idle(values, recipes)))
    if not values.dry_run and values.strategy != "multiworker":
        # Of several workers the first holds the lock while the others start.
        run_lock.require_free(Path(values.work_dir))
    _check_folders(data)
    if os.path.exists(values.model):
        contract = read_preset(values.model).contract
        # Data for another form of input is made to fit, and compared, once TensorFlow is loaded.
        if contract.form == data.resolved_contract().form:
            require_contract(values.model, contract, data)
    weights.require({key: values[f"{key}_weights"].value for key in _weight_keys(recipes)})
    return warnings


def _check_names(recipes: Sequence[Recipe]) -> None:
    """Sees that every frozen network has a name that is known."""
    for recipe in recipes:
        for name in recipe.content_networks():
            backbones.require(name, "content")
        for role in {critic.role for critic in recipe.all_critics} & dict(recipe.backbones).keys():
            backbones.require(recipe.backbone(role), f"{role}_backbone")


def _check_model(model: str) -> None:
    """Sees that `--model` names a generator, a preset, or a folder."""
    if not os.path.exists(model):
        if os.sep in model:
            raise InputError(f"--model={model}: no such folder")
        choose("--model", model, [*names(), *preset_names()])


def _check_data_serves(recipes: Sequence[Recipe], data: DataConfig) -> None:
    """Sees that the kind of data set has what the recipes need."""
    flag, folder = data.source
    if not folder and not (data.name == "unprocessed" and data.splits):
        raise InputError(f"--{flag}: not given")
    for recipe in recipes:
        if recipe.needs_pairs and not data.kind.paired:
            raise InputError(
                f"--recipe={recipe.name}: needs pairs, which --data={data.name} does not have"
            )
        if recipe.needs_photographs and not (data.kind.own_targets or data.target_dir):
            raise InputError(
                f"--recipe={recipe.name}: needs photographs of the look wanted; give --target_dir"
            )


def _check_xla(values: FlagValues, recipes: Sequence[Recipe]) -> None:
    """Sees that XLA has what the steps need.

    As of TensorFlow 2.21 the gradient of a maximum over windows has no deterministic form there,
    and VGG and AlexNet have such layers.
    """
    if values.xla and values.deterministic and any(r.frozen_networks() for r in recipes):
        raise UsageError(
            "--xla: cannot give the same bits each time where a step looks through frozen"
            " networks; add --nodeterministic"
        )


def _check_folders(data: DataConfig) -> None:
    """Sees that folders and files of the data are there."""
    flag, folder = data.source
    if folder and folder != SKIMAGE:
        require_folder(flag, folder)
    if data.target_dir:
        require_folder("target_dir", data.target_dir)
    if data.val_pairs:
        require_folder("val_pairs", data.val_pairs)
    if data.splits and not Path(data.splits).is_file():
        raise InputError(f"--splits={data.splits}: no such file")
    data.resolved_sensor()


def _weight_keys(recipes: Sequence[Recipe]) -> set[str]:
    """Which published weights are taken."""
    keys = {backbones.weights_key(name) for recipe in recipes for name in recipe.frozen_networks()}
    keys |= {weights.DISTANCES[name] for recipe in recipes for name in recipe.distances()}
    return keys - {""}


def _idle(values: FlagValues, recipes: Sequence[Recipe]) -> Iterator[tuple[str, str]]:
    """The flags that change nothing for these recipes, and why."""
    called = ",".join(values.recipe)
    if not any(get_recipe(name).critics for name in values.recipe):
        yield "critics", f"with --recipe={called}, which has no critics"
    critics = [critic for recipe in recipes for critic in recipe.all_critics]
    if not critics:
        for name in ("adversarial", "gamma", "critic_learning_rate", "critic_interval"):
            yield name, f"with --recipe={called} as no critic learns"
    if not any(recipe.way_back for recipe in recipes):
        yield "way_back", f"with --recipe={called}, which has no way back"
    for role, _ in Recipe.backbones:
        if all(critic.role != role for critic in critics):
            yield f"{role}_backbone", f"with --recipe={called} as no critic looks through it"
    if not any(recipe.content_networks() for recipe in recipes):
        yield "content", f"with --recipe={called}, which has no content loss"
    for key in weights.PUBLISHED.keys() - _weight_keys(recipes):
        yield f"{key}_weights", f"with --recipe={called}, which does not look through it"
    if values.feature_cache is None:
        yield "feature_cache_gb", "without --feature_cache"
    if not values.validate_every:
        for name in ("validation_split", "validation_images"):
            yield name, "with --validate_every=0"
