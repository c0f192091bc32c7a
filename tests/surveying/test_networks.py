"""Costs of networks against counts by hand; what cannot be done says why in its place."""

import os

import keras
import pytest
import tensorflow as tf

from tests.helpers.network_cases import BY_NAME
from tfisp import models
from tfisp.errors import InputError
from tfisp.exporting import memory
from tfisp.models import registry
from tfisp.surveying import networks
from tfisp.surveying.options import Options
from tfisp.surveying.results import Results
from tfisp.surveying.survey import Row, survey

NOTHING = Results({}, {}, {}, {})


def surveyed(name, *, results=NOTHING, **options):
    (row,) = survey([name], Options(**options), results, lambda *told: None)
    assert Row.from_dict(row.to_dict()) == row
    return row


def test_costs_at_full_size_are_those_counted_by_hand():
    row = surveyed("efficient_isp", size=(1088, 1920))
    assert row.declared == networks.Declared(3_060, 3_060, "packed", 2 * (1 + 2 * 3))
    found, places = row.converted, 544 * 960
    assert found.macs == places * 9 * (4 * 12 + 12 * 12 + 12 * 12)
    assert found.activations == places * (12 + 12 + 12)
    # The packed RAW, which stays, and two of three tensors of 12 channels, or the last and its
    # shuffled copy, at a time.
    assert found.memory == places * 4 * (4 + 12 + 12)
    assert found.operations == {"CONV_2D": 3, "TANH": 1, "DEPTH_TO_SPACE": 1}
    assert found.off_gpu == []
    assert 4 * 3_060 < found.bytes < 4 * 3_060 + 5_000


def test_the_form_that_ships_is_counted():
    declared = networks.declared(models.create("syenet"))
    assert declared.parameters == BY_NAME["syenet"].parameters
    assert declared.trained == 101_799  # docs/NETWORKS.md


class Repeating(models.Generator):
    """Enlarges by repeating pixels, which becomes a 5-D reshape and a TILE."""

    halo = None

    def __init__(self, **settings):
        super().__init__(**settings)
        self.last = keras.layers.Conv2D(3, 1)
        self.enlarge = keras.layers.UpSampling2D(2)
        self.build(self.input_shape_any)

    def build(self, input_shape):
        self.last.build(input_shape)
        self.built = True

    def call(self, raw):
        return self.enlarge(self.last(raw))


def test_what_keeps_a_network_off_the_gpu_names_layer_and_operation(monkeypatch):
    monkeypatch.setitem(registry.GENERATORS, "repeating", Repeating)
    row = surveyed("repeating", size=(32, 64))
    assert row.declared.field is None
    assert any("TILE: repeats by copying" in reason for reason in row.converted.off_gpu)


def test_a_size_that_a_network_cannot_give_is_said_in_its_place():
    row = surveyed("lan", size=(1090, 1920))
    assert "lan needs sides divisible by 4" in row.converted
    assert row.to_dict()["converted"] == {"why_not": row.converted}


def test_too_little_memory_is_said_instead_of_being_killed(monkeypatch):
    monkeypatch.setattr(memory, "available", lambda: 100_000)
    row = surveyed("efficient_isp", size=(32, 64))
    assert row.converted == "converting it takes some 0.0 GB, 0.0 GB are free"
    monkeypatch.setattr(memory, "available", lambda: None)  # not known: tried
    networks.require_memory(10**15, "that")
    monkeypatch.undo()
    assert 0 < memory.available() <= os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    with pytest.raises(InputError, match=r"that takes some 1000000\.0 GB"):
        networks.require_memory(10**15, "that")


def test_what_the_converter_refuses_is_said(monkeypatch, tmp_path):
    class Unknown(Repeating):
        def call(self, raw):
            return tf.numpy_function(lambda x: x, [super().call(raw)], tf.float32)

    monkeypatch.setitem(registry.GENERATORS, "unknown", Unknown)
    with pytest.raises(InputError, match=r"^cannot be converted: ."):
        networks.convert(Unknown(), (32, 64), tmp_path / "m.tflite")


def test_quality_comes_from_the_results():
    results = Results({}, {"srcnn": {"psnr": 20.0}}, {}, {})
    assert surveyed("srcnn", size=(32, 64), export="none", results=results).quality["psnr"] == 20
    assert surveyed("dh_isp", size=(32, 64), export="none", results=results).quality == "not run"
