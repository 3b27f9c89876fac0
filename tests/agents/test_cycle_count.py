"""Rainflow counting: the standard's example, and pieces against the whole."""

from collections import Counter
from itertools import pairwise

import pytest
import rainflow
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.cycle_count import CycleCount

FIGURE_6 = [-2, 1, -3, 5, -1, 3, -4, 4, -2]
PUBLISHED = {3: 0.5, 4: 1.5, 6: 0.5, 8: 1.0, 9: 0.5}  # ASTM E1049-85, table of figure 6


def counted(pieces):
    """Count of each width after all pieces, the residue included."""
    count, total = CycleCount(), Counter()
    for piece in pieces:
        for width, times in count.add(piece):
            total[width] += times
    for width, times in count.open():
        total[width] += times
    return {width: times for width, times in total.items() if width}


def cut(series, places):
    """Cut a series into pieces at places."""
    ends = sorted({place % len(series) for place in places} | {0, len(series)})
    return [series[a:b] for a, b in pairwise(ends)]


@pytest.mark.parametrize("size", range(1, 10))
def test_the_example_of_the_standard_in_pieces_of_any_size(size):
    pieces = [FIGURE_6[at : at + size] for at in range(0, len(FIGURE_6), size)]
    assert counted(pieces) == PUBLISHED


def test_points_on_a_slope_and_pauses_count_nothing():
    slow = [-2, -1, 0, 1, 1, 1, -3, -3, 5, 2, -1, 3, 3, 0, -4, 4, 4, 1, -2, -2]
    assert counted([slow]) == counted([[x] for x in slow]) == PUBLISHED


@pytest.mark.parametrize("series", [[4.0], [4.0, 4.0], [4.0] * 9])
def test_a_series_that_stands_still_has_no_cycles(series):
    assert counted([series]) == {}


def test_two_points_are_half_a_cycle():
    assert counted([[1.0, 3.0]]) == counted([[1.0], [3.0]]) == {2.0: 0.5}


LEVELS = st.lists(st.integers(0, 6), min_size=3, max_size=40)
PLACES = st.lists(st.integers(0, 1000), max_size=12)


@settings(max_examples=2000, deadline=None)
@given(LEVELS, PLACES)
def test_pieces_count_as_the_whole(series, places):
    whole = {width: times for width, times in rainflow.count_cycles(series) if width}
    assert counted(cut(series, places)) == whole


@settings(max_examples=500, deadline=None)
@given(LEVELS, PLACES)
def test_half_cycles_make_up_all_that_moved(series, places):
    moved = sum(abs(b - a) for a, b in pairwise(series))
    found = counted(cut(series, places))
    assert sum(2 * times * width for width, times in found.items()) == moved
