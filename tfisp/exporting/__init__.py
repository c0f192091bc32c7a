"""From a trained generator to proven files: what each costs, and whether a GPU runs it.

`conversion.export` is the way in: `artifacts` lists the files, `kinds` says how each is made and
compared, by `writers`, `quantisation` and `whole_isp`; `comparison` and `gpu_compatibility` let it
pass or not, and `report` tells about it.
"""
