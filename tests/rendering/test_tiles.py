"""Windows cover an axis without a gap, each result being right where it is kept."""

import itertools

import pytest

from tfisp.rendering.tiles import spans


@pytest.mark.parametrize("length", [1, 7, 16, 17, 23, 24, 64, 100, 997])
@pytest.mark.parametrize("window", [16, 17, 40])
@pytest.mark.parametrize("halo, multiple", [(0, 1), (3, 1), (3, 2), (1, 4), (4, 4)])
@pytest.mark.parametrize("exact", [False, True])
def test_windows_are_equal_aligned_and_join(length, window, halo, multiple, exact):
    length = -(-length // multiple) * multiple
    window = window // multiple * multiple
    plan = spans(length, window, halo, multiple, exact=exact)
    assert plan[0].first == 0 and plan[-1].last == length
    for before, after in itertools.pairwise(plan):
        assert before.last == after.first and after.start > before.start
    for span in plan:
        assert span.start % multiple == span.stop % multiple == 0
        assert span.first < span.last
        assert span.start >= 0 and span.stop <= length
        assert span.start == 0 or span.first - span.start >= halo
        assert span.stop == length or span.stop - span.last >= halo
    sizes = {span.stop - span.start for span in plan}
    assert len(sizes) == 1 and max(sizes) <= max(window, 1)
    if exact and length > window:
        assert sizes == {window}


def test_an_axis_that_fits_is_one_window():
    assert spans(100, 100, 3) == [(0, 100, 0, 100)]


def test_windows_are_no_longer_than_their_number_needs():
    # 101 samples do not fit into one window of 100: two of 54, not one of 100 and its neighbour.
    assert [span.stop - span.start for span in spans(101, 100, 3)] == [54, 54]
