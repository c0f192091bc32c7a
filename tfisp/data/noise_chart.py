"""Charts of noise that was measured by photon transfer, beside what files state."""

from collections.abc import Mapping, Sequence

import numpy as np

from tfisp.charts.chart import Chart, Curve
from tfisp.data.photon_transfer import Channel
from tfisp.data.unprocess import Noise

# Dots of the cloud, at the most.
_CLOUD = 1500
_COLOURS = {"R": "--red", "G": "--green", "B": "--blue"}


def noise_charts(kinds: Mapping[str, Sequence[Channel]]) -> list[Chart]:
    """A chart for each channel of each kind of file that has patches to show.

    Args:
        kinds: What the files have in common -> their channels.
    """
    return [
        _chart(kind, channel)
        for kind, channels in kinds.items()
        for channel in channels
        if channel.noise is not None and _shown(channel).any()
    ]


def _chart(kind: str, channel: Channel) -> Chart:
    shown = np.flatnonzero(_shown(channel))
    shown = shown[:: -(-len(shown) // _CLOUD)]
    x, y = channel.points
    visible = (x > 0) & (y > 0)
    colour = _COLOURS[channel.name[0]]
    curves = [
        Curve(
            f"{len(channel.mean)} patches",
            channel.mean[shown],
            channel.variance[shown],
            "--line",
            dots=1.2,
        ),
        Curve("the flattest", x[visible], y[visible], colour, dots=3.5),
    ]
    span = np.geomspace(channel.mean[shown].min(), 1, 64)
    fits = [("fit", channel.noise, "--accent", False)]
    fits += [("NoiseProfile", channel.stated, "--violet", True)] if channel.stated else []
    for name, noise, paint, dashed in fits:
        if noise is not None and noise.shot + noise.read > 0:
            line = noise.shot * span + noise.read
            curves.append(Curve(f"{name} {_formula(noise)}", span, line, paint, dashed))
    about = "variance of noise over brightness, both as shares of white"
    return Chart(
        f"{channel.name}, {kind}",
        about,
        tuple(c for c in curves if len(c.x)),
        True,
        True,
        last=False,
    )


def _shown(channel: Channel) -> np.ndarray:
    """Which patches a logarithmic chart can show."""
    return (channel.mean > 0) & (channel.variance > 0)


def _formula(noise: Noise) -> str:
    return f"{noise.shot:.3g} x + {noise.read:.3g}"
