"""Whether data is worth training on, and what will fail: what `tfisp.doctor` finds.

`picture.py` measures one picture, by `spectrum.py`, `blocking.py` and `likeness.py`; `capture.py`
one RAW file; `survey.py` goes through a data set. `raw_checks.py`, `photograph_checks.py` and
`set_checks.py` make findings of it, `report.py` writes them, `page.py` their page.

Each threshold stands beside the check that uses it, with what photographs and RAW files measure:
those of the Kodak suite (24), of twelve cameras (12) and of the Berkeley segmentation data set
(440, "BSDS"), whole and damaged on purpose (`docs/DOCTOR.md`).
"""
