"""What the table of intervals says about sellers, against the plain way to say it."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from market.zone_numbers import costliest, largest_by_owner

SHAPES = st.tuples(st.integers(1, 4), st.integers(1, 6))


@given(SHAPES, st.data())
def test_the_largest_owner_is_the_one_with_the_largest_sum(shape, data):
    m, n = shape
    owner = data.draw(st.lists(st.integers(0, 3), min_size=n, max_size=n))
    energy = data.draw(st.lists(st.integers(0, 9), min_size=m * n, max_size=m * n))
    rows = np.array(energy).reshape(m, n)
    found = largest_by_owner(rows, np.array(owner))
    for row, largest in zip(rows.tolist(), found.tolist(), strict=True):
        sums = {who: sum(wh for wh, o in zip(row, owner, strict=True) if o == who) for who in owner}
        assert largest == max(sums.values())


@given(SHAPES, st.data())
def test_the_costliest_is_among_those_that_run_and_have_a_cost(shape, data):
    m, n = shape
    costs = st.one_of(st.just(math.nan), st.floats(-300, 900))
    cost = data.draw(st.lists(costs, min_size=m * n, max_size=m * n))
    runs = data.draw(st.lists(st.booleans(), min_size=m * n, max_size=m * n))
    found = costliest(np.array(cost).reshape(m, n), np.array(runs).reshape(m, n))
    for row in range(m):
        each = range(row * n, row * n + n)
        own = [cost[i] for i in each if runs[i] and not math.isnan(cost[i])]
        assert found[row] == max(own) if own else math.isnan(found[row])
