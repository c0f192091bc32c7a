"""An acceptance test without pairs: a colour chart, whose colours are published, is the truth.

`colorchecker.py` knows the chart, `edge.py` resolution. `capture.py` computes what a camera would
record of the chart in some light, at some ISO speed and exposure; `probes.py` has each system
develop that, or a RAW file of a real chart, and `measures.py` measures the pictures. `report.py`
writes what was found.
"""
