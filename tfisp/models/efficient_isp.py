"""Efficient ISP: the winner of the Mobile AI 2022 learned smartphone ISP challenge, 12-12-12."""

from typing import ClassVar

from tfisp.models.plain_isp import PlainISP


class EfficientISP(PlainISP):
    """The paper's main generator (arXiv 2505.10420, section 4.3): 3,060 parameters.

    By team MiAlgo. Two hidden layers of 12 channels; 1.58 billion multiply-accumulates for a frame
    of 1920 x 1088 pixels.
    """

    widths: ClassVar[tuple[int, int]] = (12, 12)
