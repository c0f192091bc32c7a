"""From a trained generator to proven files: every form, what it costs, and whether a GPU runs it.

`conversion.export` is the way in: `forms` says what is written, `writers`, `quantisation` and
`whole_isp` write it, `comparison` and `gate` let it pass or not, and `report` tells about it.
"""
