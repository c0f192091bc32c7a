"""What may be wrong with the photographs whose look is to be learnt."""

from collections.abc import Iterator, Sequence

import numpy as np

from tfisp.checkup import spectrum
from tfisp.checkup.findings import Finding
from tfisp.checkup.picture import PictureFacts
from tfisp.checkup.survey import Survey
from tfisp.data.profiles import NOT_APPLIED

# Least share of the photographs that is worth a word: the critics see little of fewer.
_SOME, _FEW = 0.1, 0.02
_MOST = 0.5

# Colour of a photograph (`PictureFacts.colour`). The least of 476 real ones is 0.008, and 0.009
# when they are darkened by 3 EV; greyed ones (BSDS with noise, as JPEG) have at most 0.001, toned
# ones (sepia, Kodak) 0.002.
_COLOURLESS = 0.004

# Fall of the power spectrum from 0.14 to 0.4 cycles a pixel, in dB. Of 476 real photographs none
# falls by more than 22.0, half by less than 12.5. Beyond 23 are 99.8 % of those enlarged twofold
# (cubic) or blurred by a Gaussian of 1 pixel, 50 % blurred by 0.7 pixels, 35 % enlarged by 1.5.
_SMOOTH = 23.0

# Blockiness (`tfisp.checkup.blocking`). Of 476 real photographs none exceeds 0.34; of those stored
# as JPEG again all exceed 0.45 at quality 10, 93 % at 20, 60 % at 30, 17 % at 50.
_BLOCKS = 0.45

# Share of white pixels. Of 476 real photographs none has more than 0.26, 99 % at most 0.14.
_CLIPPED = 0.3

# Mean luminance: half of the real photographs lie within 0.5 EV of 2.3 EV below white, all within
# 0.7 and 4.9.
_TOO_DARK, _TOO_BRIGHT = -6.0, -0.3


def check(survey: Survey) -> Iterator[Finding]:
    """Findings about photographs; none where there are none."""
    photographs = survey.photographs
    if not photographs:
        return
    yield from _colourless(photographs)
    yield from _smooth(photographs)
    yield from _blocks(photographs)
    yield from _exposure(photographs)
    yield from _profiles(survey)


def colourless(photograph: PictureFacts) -> bool:
    """Whether it is black and white, or toned in one hue."""
    return photograph.colour < _COLOURLESS


def smooth(photograph: PictureFacts) -> bool:
    """Whether it was enlarged, blurred or strongly denoised; False of a tiny one."""
    return photograph.spectrum is not None and spectrum.fall(photograph.spectrum) > _SMOOTH


def clipped(photograph: PictureFacts) -> bool:
    """Whether a large part of it is nothing but white."""
    return photograph.white > _CLIPPED


def dark_or_bright(photograph: PictureFacts) -> bool:
    """Whether it is nearly black or nearly white."""
    return not _TOO_DARK < photograph.exposure < _TOO_BRIGHT


def _share(chosen: Sequence[PictureFacts], photographs: Sequence[PictureFacts]) -> str:
    return f"{len(chosen)} of {len(photographs)} photographs"


def _names(photographs: Sequence[PictureFacts]) -> list[str]:
    return [photograph.name for photograph in photographs]


def _colourless(photographs: Sequence[PictureFacts]) -> Iterator[Finding]:
    """Black and white, or toned in one hue."""
    found = [item for item in photographs if colourless(item)]
    if len(found) > _FEW * len(photographs):
        yield Finding.about(
            "monochrome",
            f"{_share(found, photographs)} are black and white or of one tone: the colour critic"
            " takes them for the look",
            "leave them out of --target_dir",
            _names(found),
            pointless=len(found) >= _MOST * len(photographs),
        )


def _smooth(photographs: Sequence[PictureFacts]) -> Iterator[Finding]:
    """Enlarged, blurred or strongly denoised."""
    found = [item for item in photographs if smooth(item)]
    if len(found) >= _SOME * len(photographs):
        falls = [spectrum.fall(item.spectrum) for item in found if item.spectrum is not None]
        yield Finding.about(
            "smooth",
            f"{len(found)} of {len(photographs)} photographs hold hardly any detail at their pixel"
            f" scale (power falls by {np.median(falls):.0f} dB from 0.14"
            " to 0.4 cycles a pixel; sharp pictures by 6 to 22): enlarged, blurred or denoised",
            "put originals into --target_dir, or copies reduced to half their size (with"
            " --data=unprocessed: --reduce)",
            _names(found),
        )


def _blocks(photographs: Sequence[PictureFacts]) -> Iterator[Finding]:
    """Strongly compressed, now or before."""
    found = [item for item in photographs if item.blocks is not None and item.blocks > _BLOCKS]
    if len(found) >= _SOME * len(photographs):
        yield Finding.about(
            "jpeg_blocks",
            f"{_share(found, photographs)} show the blocks of strong JPEG compression, which the"
            " texture critics take for the look",
            "put less compressed ones into --target_dir, or copies reduced to half their size (with"
            " --data=unprocessed: --reduce)",
            _names(found),
        )


def _exposure(photographs: Sequence[PictureFacts]) -> Iterator[Finding]:
    """Nearly black or nearly white ones."""
    found = [item for item in photographs if dark_or_bright(item)]
    if len(found) > _FEW * len(photographs):
        yield Finding.about(
            "dark_or_bright",
            f"{_share(found, photographs)} are nearly black or nearly white",
            "leave them out of --target_dir",
            _names(found),
        )


def _profiles(survey: Survey) -> Iterator[Finding]:
    """Colours of another space that could not be converted."""
    found = [
        item
        for item, colours in zip(survey.photographs, survey.colours, strict=True)
        if colours == NOT_APPLIED
    ]
    if found:
        yield Finding.about(
            "colour_profile",
            f"{_share(found, survey.photographs)} have a colour profile that cannot be applied: "
            "their colours are taken as sRGB, and are wrong if they are Display P3 or Adobe RGB",
            "convert them to sRGB before they go into --target_dir",
            _names(found),
        )
