"""The recipe `classical_start` of benchmark_sensor_start.py: regression to the classical rendering.

`pretrain` as far as no file of weights is needed: its mean squared error against the reference at
full size, without its content loss (VGG-19) and total variation. Rate and schedule are
`pretrain_plus`'s, so that the two differ in their pairs alone.
"""

import dataclasses

import tfisp.training
from tfisp.training.recipes import get_recipe

tfisp.training.register_recipe(
    dataclasses.replace(
        get_recipe("pretrain_plus"), name="classical_start", simulated=False, paired=False
    )
)
