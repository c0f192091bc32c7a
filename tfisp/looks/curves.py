"""A look's curves as a picture: what it makes of greys, channel by channel."""

import cv2
import numpy as np

from tfisp.looks.look import Look

SIDE = 256
_GRID = 4


def draw_curves(look: Look) -> np.ndarray:
    """Draws what a look makes of the greys from black (left) to white (right).

    Args:
        look: To be shown.

    Returns:
        float32 `[SIDE, SIDE, 3]`, 0..1: red, green and blue curves, output upwards, over a diagonal
        that changes nothing.
    """
    canvas = np.full((SIDE, SIDE, 3), 255, np.uint8)
    for line in np.linspace(0, SIDE - 1, _GRID + 1).astype(int).tolist():
        cv2.line(canvas, (line, 0), (line, SIDE - 1), (225, 225, 225))
        cv2.line(canvas, (0, line), (SIDE - 1, line), (225, 225, 225))
    cv2.line(canvas, (0, SIDE - 1), (SIDE - 1, 0), (150, 150, 150))
    greys = np.linspace(0, 1, SIDE, dtype=np.float32)[:, None].repeat(3, 1)
    heights = np.rint((1 - look.apply(greys)) * (SIDE - 1)).astype(np.int32)
    for channel, colour in enumerate(((220, 40, 40), (40, 160, 40), (50, 70, 220))):
        points = np.stack([np.arange(SIDE, dtype=np.int32), heights[:, channel]], axis=1)
        cv2.polylines(canvas, [points], False, colour, 2, cv2.LINE_AA)
    return canvas.astype(np.float32) / 255
