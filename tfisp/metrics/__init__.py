"""How good a picture is, in numbers.

tfisp.metrics.names()                                          # psnr, ssim, lpips, ...
tfisp.metrics.compute(["psnr", "ssim"], quantise8(image), reference)
tfisp.metrics.mai22_score(psnr=23.5, milliseconds=10)          # as a challenge ranks it

Sets of pictures that show different scenes are compared by `tfisp.metrics.distributions`, single
pictures without any truth by `tfisp.metrics.niqe`.
"""

from tfisp.metrics.mai_score import ScoreRange, mai22_score
from tfisp.metrics.measures import compute, create, describe, names, quantise8
from tfisp.metrics.registry import METRICS, Metric, Protocol

__all__ = [
    "METRICS",
    "Metric",
    "Protocol",
    "ScoreRange",
    "compute",
    "create",
    "describe",
    "mai22_score",
    "names",
    "quantise8",
]
