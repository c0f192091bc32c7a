"""What the logged numbers mean, and which of them TensorBoard shows in one chart.

A tag's first part is its group. The same tags stand in `metrics.jsonl`.
"""

import fnmatch

# The first pattern that fits a tag tells what it is.
_MEANINGS = {
    "loss/*": "A loss of the generator as it is, before its gradient is scaled to its weight.",
    "grad_norm/*": "Norm of the gradient of this loss over all weights of the generator, before it"
    " is scaled. 0: it has nothing to say.",
    "weight/*": "The factor by which the gradient of this loss was scaled.",
    "critic/*/margin": "How much higher this critic scores photographs than generated pictures. 0:"
    " it cannot tell them apart, or has not learnt to yet.",
    "critic/*/accuracy": "Share of the batch in which the photograph has a higher score than the"
    " generated picture beside it. 0.5: this critic cannot tell them apart.",
    "critic/*/adversarial": "The critic's own loss. 0.693 for the logistic games: it cannot tell"
    " photographs and generated pictures apart.",
    "critic/*/r1": "Penalty on the critic's gradient at photographs, before its factor gamma.",
    "critic/*/r2": "Penalty on the critic's gradient at generated pictures, before its factor.",
    "critic/*/real_scores": "Mean score of photographs.",
    "critic/*/fake_scores": "Mean score of generated pictures.",
    "critic/*/grad_norm": "Norm of the gradient of the critic's loss, before it is clipped.",
    "color/generated_*": "Mean of this channel over the generated pictures of a batch, 0..1; drift"
    " shows where it leaves the targets'.",
    "color/target_*": "Mean of this channel over the targets of a batch, 0..1.",
    "val_raw/*": "Measured on held-out pairs, with the weights of the step.",
    "val_ema/*": "Measured on held-out pairs, with the averaged weights, which are published.",
    "picture/spread_*": "Spread of this channel over the scenes that are drawn, as a share of the"
    " reference's. Near 0: the channel is dead.",
    "picture/clipped_*": "Share of this channel's values at the ends of the range, beyond the"
    " reference's share.",
    "picture/grid": "Strength of a pattern with the period of the network's upsampling, in units"
    " of full scale.",
    "weights/*": "The weights of a layer, of the step and not averaged.",
    "lr/*": "The learning rate.",
    "overflow/*": "1 where a step was skipped because this loss overflowed in float16.",
    "scale/*": "The factor by which this loss is scaled in float16.",
    "perf/images_per_second": "Over this stage so far, in this start of the run.",
    "perf/wait_share": "Share of the time, 0..1, that was spent waiting for batches.",
}

# Heading -> title -> patterns of the tags that are drawn over each other.
LAYOUT: dict[str, dict[str, tuple[str, ...]]] = {
    "colour: generated over target": {
        name: (f"color/generated_{channel}", f"color/target_{channel}")
        for channel, name in (("r", "red"), ("g", "green"), ("b", "blue"))
    },
    "critics": {"margins": ("critic/.*/margin",), "accuracy": ("critic/.*/accuracy",)},
    "validation: averaged weights over those of the step": {
        name: (f"val_ema/{name}", f"val_raw/{name}") for name in ("psnr", "ssim", "color_error")
    },
}


def meaning(tag: str) -> str:
    """What a logged number is, in a sentence; empty for tags that are not known here."""
    found = (text for pattern, text in _MEANINGS.items() if fnmatch.fnmatchcase(tag, pattern))
    return next(found, "")


def layout() -> bytes:
    """The charts of `LAYOUT` for TensorBoard's plugin of custom scalars: a serialised `Summary`."""
    from tensorboard.plugins.custom_scalar import layout_pb2, summary

    categories = [
        layout_pb2.Category(
            title=heading,
            chart=[
                layout_pb2.Chart(title=title, multiline=layout_pb2.MultilineChartContent(tag=tags))
                for title, tags in charts.items()
            ],
        )
        for heading, charts in LAYOUT.items()
    ]
    return summary.pb(layout_pb2.Layout(category=categories)).SerializeToString()
