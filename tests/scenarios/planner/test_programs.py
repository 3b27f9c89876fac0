"""Any prices give a bound, the solver's prices the best one; whole numbers keep theirs."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from scenarios.planner import programs
from scenarios.planner.programs import Extra, LinearProgram

PRICES = st.floats(-50, 50)


@st.composite
def small_programs(draw):
    """Up to six unknowns and four sums, which zero satisfies."""
    columns, rows = draw(st.integers(1, 6)), draw(st.integers(1, 4))
    numbers = draw(arrays(float, (rows, columns), elements=st.sampled_from([-2.0, -1, 0, 1, 3])))
    row, column = np.nonzero(numbers)
    high = draw(arrays(float, columns, elements=st.floats(0, 9)))
    above = draw(arrays(float, rows, elements=st.sampled_from([0.0, 1.5, 4, np.inf])))
    below = draw(arrays(float, rows, elements=st.sampled_from([0.0, -2, -np.inf])))
    return LinearProgram(
        low=-draw(arrays(float, columns, elements=st.sampled_from([0.0, 3]))),
        high=high,
        value=draw(arrays(float, columns, elements=st.floats(-9, 9))),
        row_low=below,
        row_high=above,
        start=np.searchsorted(row, np.arange(rows + 1)),
        index=column,
        number=numbers[row, column],
        unit=draw(st.sampled_from([0.25, 1.0, 8.0])),
    )


@settings(deadline=None, max_examples=80)
@given(small_programs(), st.data())
def test_any_prices_bound_the_best_choice(program, data):
    solved = program.solve()
    assert solved is not None
    worth = float((program.value * solved.unknowns).sum())
    assert solved.bound == pytest.approx(worth, abs=1e-6)
    others = data.draw(arrays(float, program.row_low.size, elements=PRICES))
    assert program.bound(others) >= worth - 1e-6


def knapsack(weights, worth, room):
    """Whole pieces of given weight within a room, as extra unknowns."""
    n = len(weights)
    empty = np.empty(0)
    base = LinearProgram(
        *(empty, empty, empty, empty, empty),
        start=np.zeros(1, np.int64),
        index=np.empty(0, np.int64),
        number=empty,
    )
    row = Extra(-np.inf, room, tuple(range(n)), tuple(map(float, weights)))
    program = base.extended([row], n, whole=True)
    program.value[:] = worth
    return program


def test_whole_numbers_are_chosen_and_bounded():
    solved = knapsack([5, 4, 3], [8.0, 7.0, 4.0], 8).solve()
    assert solved is not None
    assert solved.unknowns.tolist() == [1.0, 0.0, 1.0]
    assert solved.bound == pytest.approx(12.0)


def test_a_search_that_is_broken_off_still_has_a_bound(monkeypatch):
    weights = [3121.0, 4567.0, 2893.0, 7001.0, 5119.0, 6203.0, 1999.0, 8123.0, 4441.0, 3307.0] * 4
    worth = [weight + 7 * place % 61 for place, weight in enumerate(weights)]
    program = knapsack(weights, worth, sum(weights) / 2 + 0.5)
    best = program.solve(gap=0.0)
    monkeypatch.setitem(programs._SETTINGS, "mip_max_nodes", 1)
    rough = program.solve(gap=0.0)
    assert best is not None
    assert rough is not None
    found = float((program.value * rough.unknowns).sum())
    assert found <= best.bound + 1e-6 <= rough.bound + 2e-6
    assert set(np.round(rough.unknowns, 6)) <= {0.0, 1.0}


def test_what_is_impossible_has_no_solution():
    program = LinearProgram(
        *(np.zeros(1), np.ones(1), np.ones(1)),
        *(np.array([2.0]), np.array([3.0])),
        start=np.array([0, 1]),
        index=np.array([0]),
        number=np.ones(1),
    )
    assert program.solve() is None
