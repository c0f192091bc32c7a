"""dh_isp: the winner of the Mobile AI 2021 learned smartphone ISP challenge, 16-16-12."""

from typing import ClassVar

from tfisp.models.plain_isp import PlainISP


class DhISP(PlainISP):
    """The ancestor of `EfficientISP`: 4,652 parameters.

    No code of it was published. The layout follows Fig. 1 of arXiv 2505.10420, where its widths
    read 16-16-16 in front of a pixel shuffle to three colours, which needs 12 channels: so the last
    convolution has 12 here.
    """

    widths: ClassVar[tuple[int, int]] = (16, 16)
