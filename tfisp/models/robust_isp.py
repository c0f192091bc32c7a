"""Robust ISP: the same three convolutions with a narrow waist, 16-4-12."""

from typing import ClassVar

from tfisp.models.plain_isp import PlainISP


class RobustISP(PlainISP):
    """The paper's second generator (arXiv 2505.10420, section 4.3): 1,616 parameters.

    Chosen there among other widths because it is faster and smaller than `EfficientISP` and reaches
    a higher challenge score: 0.83 billion multiply-accumulates for a frame of 1920 x 1088 pixels.
    """

    widths: ClassVar[tuple[int, int]] = (16, 4)
