"""Whole watt-hours and cents: nothing is lost at the border."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.units import round_rows, share_out, to_mwh, to_wh

WEIGHTS = st.lists(st.integers(0, 10**12), min_size=1, max_size=30).map(
    lambda values: np.array(values, np.int64)
)


@given(st.integers(0, 10**12))
def test_whole_watt_hours_survive_the_way_there_and_back(wh):
    assert to_wh(to_mwh(wh)) == wh


@given(st.floats(0, 1e5))
def test_rounding_never_promises_more_than_there_is(mwh):
    wh = to_wh(mwh)
    assert wh <= mwh * 1e6 + 1e-4
    assert wh > mwh * 1e6 - 1


@settings(max_examples=500)
@given(WEIGHTS, st.floats(0, 1))
def test_shares_add_up_and_stay_close_to_proportion(weights, fraction):
    whole = int(weights.sum())
    total = int(fraction * whole)
    parts = share_out(total, weights)
    assert int(parts.sum()) == total
    assert ((parts >= 0) & (parts <= weights)).all()
    if whole:
        # Exact to one unit, but for the last bits of a float.
        exact = [int(w) * total / whole for w in weights]
        assert np.abs(parts - exact).max() <= 1 + 1e-15 * whole


@given(WEIGHTS)
def test_shares_of_everything_and_of_nothing(weights):
    assert np.array_equal(share_out(int(weights.sum()), weights), weights)
    assert not share_out(0, weights).any()


@given(st.integers(1, 10**9), st.integers(1, 20), st.data())
def test_equal_weights_get_equal_shares_but_for_one_unit(weight, n, draw):
    total = draw.draw(st.integers(0, weight * n))
    parts = share_out(total, np.full(n, weight))
    assert parts.max() - parts.min() <= 1
    assert (np.diff(parts) <= 0).all()


@pytest.mark.parametrize("whole", [9 * 10**18, 2**60])
def test_shares_of_huge_numbers_are_exact(whole):
    weights = np.array([whole // 3, whole // 7, whole // 2], np.int64)
    total = whole // 5
    parts = share_out(total, weights)
    assert int(parts.sum()) == total
    assert (parts <= weights).all()


@given(st.lists(st.lists(st.floats(-1e9, 1e9), min_size=3, max_size=3), min_size=1, max_size=8))
def test_rows_round_to_their_totals(rows):
    amounts = np.array(rows)
    # Between the sum of the parts rounded down and that of the parts rounded up.
    totals = np.floor(amounts).sum(axis=1).astype(np.int64) + (amounts != 0).any(axis=1)
    parts = round_rows(amounts, totals)
    assert np.array_equal(parts.sum(axis=1), totals)
    assert (np.abs(parts - amounts) <= 1).all()
    assert not parts[amounts == 0].any()
