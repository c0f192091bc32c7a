"""The flags that say what is measured, and how pictures are measured without any truth."""

from absl.flags import FlagValues

from tfisp.cli import flags
from tfisp.errors import InputError, UsageError
from tfisp.metrics.protocols import PROTOCOLS
from tfisp.metrics.registry import METRICS, OF_SETS, WITHOUT_TRUTH
from tfisp.perceptual import backbones
from tfisp.perceptual import flags as weight_flags

# What is measured unless --metrics says so: where the truth is known, and where it is not.
_PAIRED, _UNPAIRED = ("psnr", "ssim", "ciede2000"), ("niqe", "kid", "frechet")


def define(values: FlagValues) -> None:
    """Registers the flags."""
    every = {**METRICS, **WITHOUT_TRUTH, **OF_SETS}
    protocols = "; ".join(f"{name}: {metric.protocol}" for name, metric in every.items())
    flags.names(
        values,
        "metrics",
        _PAIRED,
        f"What to compute; without any truth {', '.join(_UNPAIRED)} are the default. {protocols}.",
        choices=every,
    )
    about = "; ".join(f"{name}: {one.about}" for name, one in PROTOCOLS.items())
    flags.choice(
        values,
        "protocol",
        None,
        PROTOCOLS,
        f"Measures and border that go by a name, instead of --metrics and --border. {about}.",
    )
    flags.integer(
        values,
        "border",
        0,
        "So many pixels at each side of a picture do not count.",
        minimum=0,
    )
    flags.heading(values, "measures without truth")
    flags.path(
        values,
        "photographs",
        None,
        "Folder of photographs, of any scenes, that niqe, kid and frechet hold pictures against.",
    )
    flags.text(
        values,
        "set_backbone",
        "alexnet_imagenet",
        "Frozen network whose features kid and frechet compare.",
        known=backbones.names(),
    )
    flags.path(
        values,
        "niqe_model",
        None,
        "The authors' parameters of niqe, modelparameters.mat; unset: fitted to --photographs.",
    )
    weight_flags.define(values)


def has_no_truth(values: FlagValues) -> bool:
    """Whether pictures are held against photographs of other scenes alone."""
    needs_data = values.model or values.baselines or values.raw_dir
    return bool(values.photographs or values.niqe_model) and not (values.truth or needs_data)


def border(values: FlagValues) -> int:
    """Pixels at each side that do not count."""
    return PROTOCOLS[values.protocol].border if values.protocol else values.border


def wanted(values: FlagValues) -> tuple[str, ...]:
    """What to compute."""
    if values.protocol:
        return PROTOCOLS[values.protocol].measures
    if values["metrics"].present or not has_no_truth(values):
        return values.metrics
    return _UNPAIRED if values.photographs else ("niqe",)


def check(values: FlagValues) -> list[str]:
    """Sees that measures without truth have what they need, before any work.

    Returns:
        Warnings, a line each.

    Raises:
        UsageError: they have not.
    """
    names = wanted(values)
    sets = [name for name in names if name in OF_SETS]
    others = [name for name in names if name in METRICS]
    if others and has_no_truth(values):
        raise UsageError(f"--metrics={others[0]}: needs the truth: give --truth or --data")
    if not values.photographs and (sets or ("niqe" in names and not values.niqe_model)):
        name = sets[0] if sets else "niqe"
        raise UsageError(f"--metrics={name}: needs --photographs, a folder of them to compare with")
    if sets:
        try:
            backbones.require(values.set_backbone, "set_backbone")
        except InputError as error:
            raise UsageError(str(error)) from None
    idle = {} if sets else {"set_backbone": "without kid or frechet"}
    if "niqe" not in names:
        idle["niqe_model"] = "without --metrics=niqe"
    if not sets and ("niqe" not in names or values.niqe_model):
        idle["photographs"] = "without a measure that looks at them (niqe, kid, frechet)"
    if values.protocol:
        idle |= dict.fromkeys(("metrics", "border"), f"with --protocol={values.protocol}")
    elif not others:
        idle["border"] = "without a measure that needs the truth"
    return flags.refuse_idle(values, idle)
