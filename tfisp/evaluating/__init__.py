"""Measuring systems that make pictures, side by side, and a page on which to look at the results.

`cases.py` says which images there are, `systems.py` what is measured on them: networks, classical
renderings (`baselines.py`), folders of finished pictures (`picture_folders.py`); `plans.py` finds
both. `without_pairs.py` holds photographs for measures that need no truth; `measure_flags.py` has
the flags of measures. `measuring.py` goes through the images one at a time, `kept.py` holds what is
done, so that an interrupted evaluation goes on. `results.py` writes the report, `page.py` its page.
"""
