"""Kinds of RAW file, one module each, behind `tfisp.raw.read_raw`.

`camerafile.py` decodes what cameras write, by LibRaw under the guards of `libraw_guard.py`;
`dng.py`, `tiff.py` and `gainmap.py` read the tags that LibRaw does not hand out; `plainfile.py`
reads PNG, `.npy` (by `npy.py`) and headerless files. All give a `frame.Frame`, checked there.
`diagnosis.py` describes a frame for `tfisp.inspect_raw`.
"""
