"""A folder of DNGs and one of photographs in which a checkup finds nothing."""

import cv2
import numpy as np

from tests.helpers.dngs import write_dng
from tests.helpers.pair_files import BLACK, GAINS, WHITE, mosaic_of

COUNT, SIDE = 26, 64

# Of a camera whose colours are those of sRGB (IEC 61966-2-1): from XYZ to linear R, G, B.
SRGB = ((3.2406, -1.5372, -0.4986), (-0.9689, 1.8758, 0.0415), (0.0557, -0.2040, 1.0570))


def natural(seed, side=SIDE):
    """A picture uint8 `[side, side, 3]` whose amplitudes fall as those of scenes do, by 1/f."""
    random = np.random.default_rng(seed)
    frequency = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None])
    frequency[0, 0] = np.inf
    planes = []
    for _ in range(3):
        phases = np.exp(2j * np.pi * random.random(frequency.shape))
        plane = np.fft.irfft2(phases / frequency, (side, side))
        planes.append(plane / plane.std())
    light, red, blue = planes
    picture = 0.45 + 0.22 * light[..., None] + 0.06 * np.stack([red, -red / 2, blue], axis=-1)
    return np.rint(255 * np.clip(picture, 0, 1)).astype(np.uint8)


def write_raw(folder, name, picture, *, light=1.0, black=BLACK, white=WHITE, **tags):
    """A DNG of a picture; `light` multiplies the samples, the levels are those that it states."""
    folder.mkdir(parents=True, exist_ok=True)
    mosaic = np.clip(BLACK + light * (mosaic_of(picture) - float(BLACK)), 0, WHITE)
    tags = {"neutral": 1 / np.array(GAINS), "matrices": {21: SRGB}} | tags
    levels = {"black": ((black, black), (black, black)), "white": white}
    write_dng(folder / f"{name}.dng", np.rint(mosaic).astype(np.uint16), **levels, **tags)


def write_raws(folder, change=lambda picture, number: picture, first=0, **options):
    """The clean RAW files, but for what is changed."""
    for number in range(COUNT):
        write_raw(folder, number, change(natural(first + number), number), **options)
    return folder


def write_photographs(folder, change=lambda picture, number: picture, first=1000):
    """The clean photographs, but for what is changed."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(COUNT):
        picture = change(natural(first + number), number)
        assert cv2.imwrite(str(folder / f"{number}.png"), picture[..., ::-1])
    return folder
