"""The score of the Mobile AI 2022 learned smartphone ISP challenge, for a PSNR and a runtime.

    mai22_score(psnr=23.33, milliseconds=6.8)

The challenge ranked its entries by

    score = 2^(2 PSNR) / (C runtime)

with the PSNR in dB on its hidden test pictures and the runtime of `model.tflite`, one picture of
1088x1920 pixels, on the GPU of a Snapdragon 8 Gen 1 (Ignatov et al., "Learned Smartphone ISP on
Mobile GPUs with Deep Learning, Mobile AI & AIM 2022 Challenge: Report",
https://arxiv.org/abs/2211.03885). One dB more is worth as much as a quarter of the runtime.

How sure this is: C is a normalising constant that was not published; a team that took part does not
know it either (https://github.com/sanechips-multimedia/syenet/issues/8). Solved for C, nine triples
of PSNR, runtime and score that circulate give between 1.093e12 and 1.100e12 for runtimes in
milliseconds. That they agree supports both formula and constant, but neither could be checked
against the text of the report. So a score comes as the range that these two constants span. A PSNR
of other pictures, or a runtime of another phone, gives a number that cannot be placed in the
challenge's ranking.
"""

import math
from dataclasses import dataclass

from tfisp.errors import InputError

# Least and greatest constant that fit the known triples, for runtimes in milliseconds.
CONSTANTS = (1.093e12, 1.100e12)


@dataclass(frozen=True)
class ScoreRange:
    """Where a score lies, without unit; more is better.

    Attributes:
        low: With the greatest constant that fits.
        high: With the least.
    """

    low: float
    high: float


def mai22_score(psnr: float, milliseconds: float) -> ScoreRange:
    """The MAI'22 score; see the module for its source and for how sure it is.

    Args:
        psnr: In dB.
        milliseconds: Runtime of one picture, above 0.

    Returns:
        The range of scores that the unpublished constant leaves open, 0.6 % wide.

    Raises:
        InputError: one of them is not finite, or the runtime is not above 0.
    """
    if not math.isfinite(psnr):
        raise InputError(f"MAI score: a PSNR of {psnr} dB, expected a finite number")
    if not (math.isfinite(milliseconds) and milliseconds > 0):
        raise InputError(
            f"MAI score: a runtime of {milliseconds} ms, expected a finite number above 0"
        )
    try:
        quality = 2.0 ** (2.0 * psnr)
    except OverflowError:
        raise InputError(f"MAI score: a PSNR of {psnr} dB is beyond any picture's") from None
    return ScoreRange(*(quality / (constant * milliseconds) for constant in reversed(CONSTANTS)))
