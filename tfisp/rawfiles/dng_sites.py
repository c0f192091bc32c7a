"""What stands at the sites of a DNG's frame: Bayer samples, or what Bayer samples are made of."""

from pathlib import Path
from typing import NamedTuple

from tfisp.conversions import Conversions, Quad, quad_of
from tfisp.rawfiles import levels
from tfisp.rawfiles.frame import require_bayer
from tfisp.rawfiles.remosaic import LINEAR_PATTERN
from tfisp.rawfiles.tiff import Directory

# PhotometricInterpretation, and its values for a mosaic and a demosaicked frame.
PHOTOMETRIC, CFA, LINEAR_RAW = 262, 32803, 34892


class Sites(NamedTuple):
    """What stands at the sites of a frame as stored.

    Attributes:
        pattern: The Bayer pattern that the frame has, or that is made of it.
        colours: Samples at a site: 1, or 3 of a demosaicked frame.
        quad: Its blocks, of a quad-Bayer frame; None of others.
    """

    pattern: str
    colours: int = 1
    quad: Quad | None = None

    @property
    def is_bayer(self) -> bool:
        """Whether the frame has that pattern itself."""
        return self.colours == 1 and self.quad is None

    @property
    def kind(self) -> str:
        """How the file stores it."""
        return "DNG" if self.is_bayer else "quad-Bayer DNG" if self.quad else "LinearDNG"


def sites_of_frame(raw: Directory, path: Path, convert: Conversions) -> Sites:
    """What a directory says of its sites, once it is clear that it is taken."""
    if raw.first(PHOTOMETRIC) != CFA:
        return Sites(LINEAR_PATTERN, colours=3)
    pattern, repeat = levels.cfa_tile(raw)
    quad = quad_of(pattern, repeat) if convert.quad_bayer else None
    if quad is None:
        require_bayer(pattern, repeat, path)
        return Sites(pattern)
    return Sites(quad.pattern, quad=quad)
