"""Summaries where a measure is not defined for all pictures, and of pictures of like ISO speed."""

import math

import pytest

from tfisp.metrics.report import Score, by_iso, plain, summarise

NAN = math.nan


def scores(**columns):
    return [
        Score(system, str(index), {"highlight_color": value})
        for system, column in columns.items()
        for index, value in enumerate(column)
    ]


def test_undefined_values_are_left_out_of_means_and_differences():
    summary = summarise(scores(a=[1.0, NAN, 3.0], b=[2.0, NAN, 4.0], c=[NAN, NAN, NAN]))
    cells = {system: measures["highlight_color"] for system, measures in summary.items()}
    assert cells["a"] == {
        "mean": 2.0,
        "interval": [1.0, 3.0],
        "least": 1.0,
        "greatest": 3.0,
        "to_best": None,
    }
    assert cells["b"]["to_best"] == {"mean": 1.0, "interval": [1.0, 1.0]}
    assert math.isnan(cells["c"]["mean"]) and cells["c"]["interval"] is None
    assert plain(cells["c"])["least"] == "nan"


def test_pictures_of_like_speed_stand_together():
    found = by_iso(
        scores(a=[1.0, 2.0, 3.0, 4.0], b=[5.0, 6.0, 7.0, 9.0]),
        {"0": 100.0, "1": 101.0, "2": 400.0, "3": None},
    )
    means = [
        (
            group.title,
            group.images,
            *(of["highlight_color"]["mean"] for of in group.summary.values()),
        )
        for group in found
    ]
    assert means == [
        ("ISO to 100", 1, 1.0, 5.0),
        ("ISO 101 to 400", 2, 2.5, 6.5),
        ("ISO unknown", 1, 4.0, 9.0),
    ]


@pytest.mark.parametrize("speed, title", [(6400, "ISO 1601 to 6400"), (25600, "ISO above 6400")])
def test_high_speeds(speed, title):
    assert by_iso(scores(a=[1.0]), {"0": speed})[0].title == title


def test_without_any_speed_there_are_no_groups():
    assert by_iso(scores(a=[1.0, 2.0]), {"0": None, "1": None}) == []
