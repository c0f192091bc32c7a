"""Draws README's picture: one RAW capture by LibRaw, by the shipped preset, and in a trained look.

    python scripts/demo.py --output=demo
    python scripts/draw_strip.py --demo=demo --output=docs/images/strip.jpg

The capture is the demo's held-out scene, which its training never saw.
"""

import argparse
from pathlib import Path

from tfisp import data
from tfisp.evaluating.baselines import by_libraw
from tfisp.models.presets import DEFAULT_PRESET
from tfisp.rendering import load
from tfisp.rendering.pictures import strip, write_picture
from tfisp.rendering.runtime import to_8bit


def main() -> None:
    """Draws it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--demo", type=Path, required=True, help="what scripts/demo.py has left")
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args()
    config = data.DataConfig("unprocessed", raw_dir="skimage:", illuminant="default", patch_size=64)
    mosaic, sensor, capture, _ = data.open_dataset(config).pairs["test"].read_mosaic(0)
    columns = {
        "LibRaw": [to_8bit(by_libraw(mosaic, sensor, capture))],
        "tfisp, shipped preset": [load(DEFAULT_PRESET).render_8bit(mosaic, sensor, capture)],
        "after unpaired training": [
            load(options.demo / "run").render_8bit(mosaic, sensor, capture)
        ],
    }
    options.output.parent.mkdir(parents=True, exist_ok=True)
    write_picture(options.output, strip(columns), quality=88)


if __name__ == "__main__":
    main()
