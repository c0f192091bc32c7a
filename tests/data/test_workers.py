"""Reading ahead in a thread changes neither order nor errors, and ends when nobody listens."""

import itertools
import threading

import pytest

from tfisp.data.workers import ahead


def test_results_come_in_order_and_no_more_than_asked_for_wait():
    made = []
    results = ahead(lambda item: made.append(item) or item**2, range(6), 2)
    for expected in range(6):
        assert next(results) == expected**2
        # `expected` is out; two may wait for the next call to fetch them.
        assert len(made) <= expected + 3
    assert list(results) == []


@pytest.mark.parametrize("where", ["items", "function"])
def test_an_error_is_raised_as_it_is_in_its_place(where):
    error = ZeroDivisionError("a defect")

    def fail_at(number, kind):
        if (number, kind) == (2, where):
            raise error
        return number

    items = (fail_at(number, "items") for number in range(5))
    results = ahead(lambda item: fail_at(item, "function"), items, 2)
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(ZeroDivisionError) as caught:
        next(results)
    assert caught.value is error


def test_stopping_early_ends_the_thread():
    before = threading.active_count()
    results = ahead(lambda item: item, itertools.count(), 3)
    next(results)
    assert threading.active_count() == before + 1
    results.close()
    assert threading.active_count() == before
