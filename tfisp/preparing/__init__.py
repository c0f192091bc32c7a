"""Patches prepared once for many trainings: what `tfisp.prepare` does.

`survey.py` looks at each file, `choice.py` says which photographs are left out and how many patches
each file gives, `plan.py` makes shards of that; `patches.py` turns a file into records. `job.py`
goes through it all, `processes.py` runs its steps on this machine, `beam.py` on an engine of Apache
Beam. Each step is a function of one file or one shard that leaves its result on disk, whole or not
at all: nothing depends on who runs it, when, or how often it was interrupted.
"""
