"""Kinds of RAW file, one module each, behind `tfisp.raw.read_raw`.

    camerafile     what cameras write: a DNG by its tags, the rest by LibRaw under `libraw_guard`
    dng            a DNG: which frame, its sensor and capture, from
      tiff           directories and tags as they stand
      layout         strips and tiles, checked; samples, lossless_jpeg: put together, decoded
      dng_sites      Bayer samples, or what they are made of (by remosaic, as conversions says)
      levels         black, white, CFA; whitebalance: gains and matrix
      opcodes        lens shading, by gainmap, and what is not applied
    plainfile      PNG, `.npy` (by `npy`) and headerless files

All give a `frame.Frame`, checked there; `plausibility` looks for frames that cannot be right though
they decode, and `diagnosis` describes one for `tfisp.inspect_raw`.
"""
