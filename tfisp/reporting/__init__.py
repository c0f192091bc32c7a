"""The page of a training run, made from what lies in its folder: `RUN/report.html`.

`record.py` reads the folder, `curves.py` says which curves there are, `svg.py` draws them,
`scenes.py` finds the pictures, `page.py` puts the page together. No TensorFlow is needed.
"""

from tfisp.reporting.page import write_report

__all__ = ["write_report"]
