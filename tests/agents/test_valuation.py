import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from agents.shapes import Shapes, lay_grid
from agents.valuation import (
    NEVER,
    Backward,
    final_values,
    reach_max,
    running_max,
    value_functions,
)
from tests.agents.storage_stand_in import shapes

prices = st.floats(-100, 400).map(lambda p: round(p, 2))


def brute_force(level, series, unit, cells, final):
    """Try every whole number of cells up or down in every interval; recursion, no grid tricks."""
    if not series:
        return final(level / cells)
    up, down, eff_c, eff_d, cost = unit
    price, later = series[0], series[1:]
    best = -np.inf
    for move in range(-min(down, level), min(up, cells - level) + 1):
        energy = abs(move) / cells
        gain = -price * energy / eff_c if move > 0 else (price - cost) * energy * eff_d
        best = max(best, gain + brute_force(level + move, later, unit, cells, final))
    return best


@given(arrays(float, st.integers(1, 40), elements=st.floats(-9, 9)), st.integers(0, 50))
def test_running_max_is_the_maximum_of_each_window(values, cells):
    naive = [values[k : k + cells + 1].max() for k in range(len(values))]
    assert running_max(values, cells).tolist() == naive


@given(
    arrays(float, st.integers(2, 20), elements=st.floats(-9, 9)),
    st.integers(0, 25),
    st.floats(0.01, 0.99),
)
def test_reach_max_includes_the_edge_between_grid_points(values, cells, rest):
    found = reach_max(values[:, None], cells, np.array([rest]))[:, 0]
    grid = np.arange(len(values))
    for k, value in enumerate(found):
        window = values[k : k + cells + 1].max()
        edge = k + cells + rest
        if edge < len(values) - 1:
            window = max(window, np.interp(edge, grid, values))
        assert value == pytest.approx(window, abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(prices, min_size=2, max_size=5),
    st.sampled_from([(1, 1), (1, 2), (2, 1), (2, 3), (4, 4)]),
    st.floats(0.6, 1.0),
    st.floats(0.6, 1.0),
    st.sampled_from([0.0, 30.0]),
    st.sampled_from([np.nan, 0.5, 1.0]),
    st.floats(0, 200),
)
def test_values_equal_brute_force(series, moves, eff_c, eff_d, cost, target, worth):
    cells = 4
    unit = shapes(
        moves[0] / cells,
        moves[1] / cells,
        efficiency_charge=eff_c,
        efficiency_discharge=eff_d,
        cycle_cost=cost,
        target=target,
    )
    found = value_functions(unit, np.array(series), np.array([worth]), 1, 5, 5000.0)

    def final(level):
        return worth * level - 5000.0 * max((0 if np.isnan(target) else target) - level, 0)

    assert found.cells.tolist() == [cells]
    exact = [
        brute_force(k, series[1:], (*moves, eff_c, eff_d, cost), cells, final) for k in range(5)
    ]
    gained = found.values[0, :, 0] - found.values[0, 0, 0]
    assert gained == pytest.approx(np.array(exact) - exact[0], rel=1e-9, abs=1e-6)


@settings(max_examples=40, deadline=None)
@given(
    arrays(float, st.integers(2, 30), elements=st.floats(0, 400)),
    st.floats(0.03, 1.5),
    st.floats(0.03, 1.5),
    st.floats(0, 0.02),
)
def test_marginal_values_fall_where_prices_are_not_negative(series, charge, discharge, leak):
    unit = shapes(charge, discharge, self_discharge=leak, cycle_cost=5.0)
    found = value_functions(unit, series, np.array([series.mean()]), len(series), 64, 5000.0)
    assert found.concave.all()
    real = found.values[:, : found.cells[0] + 1, 0]
    assert (np.diff(real, 2, axis=1) <= 1e-6).all()


def test_negative_prices_are_not_taken_for_concave():
    series = np.array([100.0, -80.0, -80.0, 100.0])
    found = value_functions(shapes(0.25, 0.25), series, np.array([0.0]), 4, 64, 1e4)
    assert found.concave.tolist() == [False, False, True, True]


def test_a_unit_is_worth_the_same_alone_and_in_company():
    rng = np.random.default_rng(3)
    many = shapes(rng.uniform(0.02, 1.2, 30), rng.uniform(0.02, 1.2, 30), self_discharge=0.001)
    series = rng.uniform(-80, 400, 30)
    worth = np.full(30, 90.0)
    together = value_functions(many, series, worth, 3, 64, 1e4)
    for k in range(30):
        one = many.take(np.array([k]))
        alone = value_functions(one, series, worth[:1], 3, 64, 1e4)
        points = int(alone.cells[0]) + 1
        assert together.cells[k] == alone.cells[0]
        assert together.values[:, :points, k] == pytest.approx(alone.values[:, :points, 0])
        assert (together.values[:, points:, k] < -1e20).all()


def test_stored_energy_leaks_away():
    series = np.array([0.0, 300.0])
    value = [
        value_functions(shapes(0.5, 2.0, self_discharge=s), series, np.zeros(1), 1, 64, 1e4)
        for s in (0.0, 0.1)
    ]
    full = [v.values[0, v.cells[0], 0] for v in value]
    assert full == pytest.approx([300 * 0.95, 300 * 0.95 * 0.9])


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_slopes_and_values_give_the_same_where_no_price_is_negative(seed: int):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 4))
    shapes = Shapes(
        charge=rng.uniform(0.02, 0.9, n),
        discharge=rng.uniform(0.02, 0.9, n),
        efficiency_charge=rng.uniform(0.7, 1, n),
        efficiency_discharge=rng.uniform(0.7, 1, n),
        cycle_cost=rng.choice([0.0, 30.0], n),
        self_discharge=np.zeros(n),
        dead=np.zeros(n),
        target=np.where(rng.random(n) < 0.5, np.nan, rng.random(n)),
    )
    prices = np.round(rng.uniform(0, 500, int(rng.integers(2, 60))), int(rng.integers(0, 3)))
    keep = int(rng.integers(1, prices.size + 1))
    for block in lay_grid(shapes, int(rng.choice([16, 64, 128]))):
        backward = Backward.of(block)
        worth = rng.uniform(0, 300, len(block.shapes.charge))
        final = final_values(block.shapes, block.levels(), worth, 5000.0)
        general, _ = backward.run(prices, final, keep)
        quick, best = backward.run_concave(prices, final, keep)
        reached = general > NEVER / 2
        assert ((quick > NEVER / 2) == reached).all()
        gained = np.where(reached, general - general[:, :1], 0.0)
        np.testing.assert_allclose(np.where(reached, quick - quick[:, :1], 0.0), gained, atol=1e-7)
        net = quick - prices[:keep, None, None] * backward.stored
        chosen = np.take_along_axis(net, best[:, :1], 1)[:, 0]
        np.testing.assert_allclose(chosen, net.max(axis=1), atol=1e-6)
