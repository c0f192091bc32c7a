"""How good a picture is, in numbers.

tfisp.metrics.names()                                          # psnr, ssim, lpips, ...
tfisp.metrics.compute(["psnr", "ssim"], quantise8(image), reference)
"""

from tfisp.metrics.measures import METRICS, Metric, compute, create, names, quantise8

__all__ = ["METRICS", "Metric", "compute", "create", "names", "quantise8"]
