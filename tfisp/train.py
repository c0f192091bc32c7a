"""Trains a learned ISP from RAW files and photographs, without paired data.

    python -m tfisp.train --flagfile=unpaired.flags --raw_dir=RAW --target_dir=PHOTOGRAPHS
    --work_dir=RUN

A run lives in its --work_dir: started again with the same flags it continues from its last
checkpoint, and Ctrl-C leaves one behind. Watch it with `tensorboard --logdir RUN/events`,
or look at RUN/pictures. At its end RUN/report.html shows how it went; the trained network is
RUN/model, and RUN/export holds it as SavedModel and TFLite files.
"""

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tfisp import cli, compat
from tfisp.backend import load_tensorflow
from tfisp.cli import flagfile, flags, imports
from tfisp.cli.progress import Progress
from tfisp.data import flags as data_flags
from tfisp.errors import InputError, UsageError
from tfisp.models import registry
from tfisp.perceptual import backbones
from tfisp.perceptual import flags as weight_flags
from tfisp.training.config import PRECISIONS, STRATEGIES
from tfisp.training.recipes import RECIPES
from tfisp.training.specification import CRITICS, GAMES, WAYS_BACK

if TYPE_CHECKING:
    from tfisp.training.config import Stage, TrainConfig


def define(values: flags.FlagValues) -> None:
    """Registers the flags."""
    flags.heading(values, "the run")
    flags.path(
        values, "work_dir", None, "Folder of the run: a new one, or one to continue.", required=True
    )
    flags.names(
        values, "recipe", ("pretrain", "unpaired"), "Stages to run, in order.", known=RECIPES
    )
    flags.integers(
        values, "steps", (20000, 60000), "Steps of each stage; one number serves all.", minimum=1
    )
    flags.text(
        values,
        "model",
        "efficient_isp",
        "Generator: a name, or a preset or run folder to start from.",
        known=registry.names(),
    )
    data_flags.define(values)
    flags.heading(values, "learning")
    flags.integer(values, "batch_size", 32, "Images per step.", minimum=1)
    flags.integer(
        values, "accumulate", 1, "Work through a batch in so many parts, to save memory.", minimum=1
    )
    flags.integer(values, "seed", 0, "Of first weights and of the order of batches.", minimum=0)
    flags.number(values, "learning_rate", None, "Of the generator; unset: the recipe's.", minimum=0)
    flags.number(
        values, "critic_learning_rate", None, "Of the critics; unset: the recipe's.", minimum=0
    )
    flags.number(
        values,
        "beta_1",
        None,
        "Adam's momentum, below 1, of the generator and the critics; unset: the recipe's.",
        minimum=0,
    )
    flags.integer(
        values,
        "critic_interval",
        None,
        "Critics learn at every step whose number it divides; unset: the recipe's.",
        minimum=1,
    )
    flags.number(
        values,
        "gamma",
        None,
        "Strength of the penalties R1 and R2; unset: the recipe's.",
        minimum=0,
    )
    flags.choice(
        values,
        "adversarial",
        None,
        GAMES,
        "The game that critics and generator play; unset: the recipe's.",
    )
    flags.text(
        values,
        "critics",
        None,
        "Comma list of critics to take instead of the recipe's, or none; unset: the recipe's.",
        known=CRITICS,
    )
    flags.choice(
        values,
        "way_back",
        None,
        WAYS_BACK,
        "Network from pictures back to RAW or reference, of recipes that train one beside the"
        " generator; unset: the recipe's.",
    )
    flags.heading(values, "frozen networks")
    flags.text(values, "content", None, "Content features, backbone:tap,...; unset: vgg19:relu5_4.")
    flags.text(
        values,
        "color_backbone",
        None,
        "Frozen network of the colour critic: a name, saved_model:PATH, tfhub:HANDLE or "
        "keras_cv:NAME; unset: vit_b16. The first two are programs that run with your rights: give "
        "only what you trust.",
        known=backbones.names(),
    )
    flags.text(
        values, "texture_backbone", None, "Frozen network of the texture critics; unset: alexnet."
    )
    flags.choice(
        values,
        "backbone_dtype",
        "float32",
        backbones.DTYPES,
        "What gradients are computed in on their way through the frozen networks.",
    )
    flags.heading(values, "speed and memory")
    flags.choice(
        values,
        "precision",
        "float32",
        PRECISIONS,
        "What the generator computes in; mixed_float16 is trained with loss scaling.",
    )
    flags.choice(
        values,
        "strategy",
        "single",
        STRATEGIES,
        "One device, every GPU of this machine, or several machines (docs/SCALE.md).",
    )
    flags.path(
        values,
        "feature_cache",
        None,
        "Folder in which to keep the frozen features of patches that come again.",
    )
    flags.number(
        values, "feature_cache_gb", None, "How many gigabytes of them; unset: all.", minimum=0
    )
    flags.boolean(values, "xla", False, "Compile steps with XLA, but for those that it gets wrong.")
    flags.heading(values, "the paper's code")
    flags.names(
        values,
        "compat",
        (),
        "Things in which to follow the paper's published code, or published for all of them; "
        + "; ".join(
            f"{item.name}: {item.does}"
            for item in compat.ITEMS.values()
            if item.program == compat.TRAINING
        )
        + ".",
    )
    weight_flags.define(values)
    flags.heading(values, "what is logged, kept and exported")
    flags.integer(
        values,
        "log_every",
        10,
        "Steps between lines of metrics.jsonl and TensorBoard points.",
        minimum=1,
    )
    flags.integer(
        values, "validate_every", 500, "Steps between validations; 0 for none.", minimum=0
    )
    flags.choice(
        values, "validation_split", "val", ("val", "test"), "Pairs that validation measures."
    )
    flags.integer(values, "validation_images", 16, "How many of them at the most.", minimum=1)
    flags.integer(
        values,
        "image_every",
        500,
        "Steps between pictures of the same scenes, in RUN/pictures and TensorBoard; 0 for none.",
        minimum=0,
    )
    flags.integers(
        values,
        "profile",
        None,
        "FROM,TO: record where the time of these steps goes, counted from 0 through all stages, in"
        " RUN/profile. The first steps of a stage compile.",
        minimum=0,
    )
    flags.integer(values, "save_every", 500, "Steps between checkpoints.", minimum=1)
    flags.boolean(
        values,
        "keep_if_worse",
        False,
        "Publish the end of an unpaired stage even if the verdict without pairs is against it.",
    )
    flags.integer(values, "max_to_keep", 3, "Checkpoints kept of each stage.", minimum=1)
    flags.size(
        values, "export_size", (1088, 1920), "Size of the pictures that the exported files make."
    )
    flags.boolean(
        values, "deterministic", True, "The same bits each time, at some cost of speed on a GPU."
    )
    flags.boolean(values, "dry_run", False, "Print plan, memory and time estimate; keep nothing.")
    imports.define(values)


def main(values: flags.FlagValues, arguments: Sequence[str]) -> int:
    """Trains and exports, or tells what training would do and cost."""
    from tfisp.training import preflight

    profile = values.profile
    if profile and (len(profile) != 2 or profile[0] >= profile[1]):
        raise UsageError("--profile: expected FROM,TO, as in 10,20 for steps 10 to 19")
    preflight.check_imports(values.work_dir, values.imports)
    for warning in preflight.check(values, make_stages(values), data_flags.make_config(values)):
        cli.warn(main, warning)
    load_tensorflow()
    import tensorflow as tf

    from tfisp.exporting import conversion
    from tfisp.models import from_preset
    from tfisp.reporting import write_report
    from tfisp.training import dry_run, launch, strategies
    from tfisp.training.loop import RunOptions
    from tfisp.training.run_folder import RunFolder

    config = make_config(values)
    _check_export_size(values.export_size, config)
    # A dry run waits for nobody.
    workers = strategies.create("single" if values.dry_run else values.strategy)
    print(f"device: {strategies.devices()}", flush=True)
    if config.deterministic:
        tf.config.experimental.enable_op_determinism()
    if values.dry_run:
        for line in dry_run.dry_run(config, Progress()):
            print(line, flush=True)
        return 0
    options = RunOptions(
        save_every=values.save_every,
        max_to_keep=values.max_to_keep,
        image_every=values.image_every,
        xla=values.xla,
        feature_cache=values.feature_cache,
        feature_cache_gb=values.feature_cache_gb,
        keep_if_worse=values.keep_if_worse,
        profile=profile,
    )

    def export(folder: RunFolder) -> None:
        print(f"exporting to {folder.export}: each file is compared with the trained model")
        conversion.export(
            from_preset(folder.model), values.export_size, folder.export, progress=Progress()
        )

    folder = launch.train(
        config,
        values.work_dir,
        options,
        flagfile.write(values),
        Progress(),
        workers,
        export,
        lambda folder: write_report(folder.path),
    )
    workers.barrier()  # who leaves before the others looks lost to them
    if not workers.is_chief:
        print(f"worker {workers.index} is done; worker 0 has written {folder.path}")
        return 0
    print(f"trained model: {folder.model}")
    print(f"how it went: {folder.report}")
    print(f"TensorBoard: tensorboard --logdir {folder.events}")
    if folder.profile.is_dir():
        print(f"profile: tensorboard --logdir {folder.profile} (pip install xprof)")
    print(f"SavedModel and TFLite files: {folder.export}")
    return 0


def _check_export_size(size: tuple[int, int], config: "TrainConfig") -> None:
    """Sees that the trained generator can be exported for a size, before it is trained.

    Raises:
        UsageError: it cannot.
    """
    from tfisp.exporting.artifacts import check_size
    from tfisp.models import presets
    from tfisp.rendering import ModelMetadata

    new = config.model in registry.names() and not os.path.exists(config.model)
    if new:
        name, kind = config.model, registry.generator_class(config.model)
    else:
        preset = presets.read_preset(config.model)
        name, kind = preset.model, presets.generator_class(preset)
    contract = config.data.resolved_contract()
    try:
        check_size(ModelMetadata(name, contract, None, kind.multiple, kind.minimum), size)
    except InputError as error:
        raise UsageError(str(error).replace("--size=", "--export_size=", 1)) from None


def make_config(values: flags.FlagValues) -> "TrainConfig":
    """The run that the flags describe.

    Raises:
        UsageError: for a name or number that makes no sense.
    """
    from tfisp.training.compat import follow
    from tfisp.training.config import TrainConfig, fit_to_generator

    stages = make_stages(values)
    data = fit_to_generator(data_flags.make_config(values), values.model)
    same = (
        "model",
        "batch_size",
        "accumulate",
        "seed",
        "log_every",
        "validate_every",
        "validation_split",
        "validation_images",
        "backbone_dtype",
        "precision",
        "deterministic",
        "imports",
    )
    given: dict[str, Any] = {name: values[name].value for name in same}
    try:
        items, stages, data = follow(values.compat, stages, data)
        return TrainConfig(
            stages=stages,
            data=data,
            compat=items,
            weights=weight_flags.chosen(values),
            **given,
        )
    except InputError as error:
        raise UsageError(str(error)) from None


def make_stages(values: flags.FlagValues) -> tuple["Stage", ...]:
    """The stages that the flags describe; loads no TensorFlow.

    Raises:
        UsageError: for a name or number that makes no sense.
    """
    from tfisp.training import config
    from tfisp.training.recipes import parse_content
    from tfisp.training.specification import Recipe

    roles = {"color": values.color_backbone, "texture": values.texture_backbone}
    try:
        return config.make_stages(
            values.recipe,
            values.steps,
            values.model,
            critics=None if values.critics is None else _names(values.critics),
            adversarial=values.adversarial,
            way_back=values.way_back,
            content=None if values.content is None else parse_content(values.content),
            backbones=tuple((role, roles[role] or name) for role, name in Recipe.backbones),
            learning_rate=values.learning_rate,
            critic_learning_rate=values.critic_learning_rate,
            critic_interval=values.critic_interval,
            beta_1=values.beta_1,
            gamma=values.gamma,
        )
    except InputError as error:
        raise UsageError(str(error)) from None


def _names(text: str) -> tuple[str, ...]:
    """The members of a comma list; `none` has none."""
    return () if text == "none" else tuple(name.strip() for name in text.split(","))


def run(argv: Sequence[str] | None = None) -> int:
    """The program, from its command line to its exit code."""
    return cli.run(define, main, __doc__, argv, tensorflow=False)


if __name__ == "__main__":
    sys.exit(run())
