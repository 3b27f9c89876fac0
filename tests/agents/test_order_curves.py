import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from agents.order_curves import Curve, admit, best_moves, slice_edges, slice_slopes, uncross

SLOTS = np.arange(6)


@given(
    arrays(float, 9, elements=st.floats(-50, 50)),
    st.floats(0, 8),
    st.floats(0, 1),
    st.floats(0, 1),
    st.floats(-20, 20),
    st.floats(-20, 20),
)
def test_best_moves_beat_every_other_move(values, place, up, down, cost, revenue):
    reach = np.array([[up * (8 - place)], [down * place]])
    curve = Curve(values[:, None], np.array([[0]]), np.array([[7]]))
    rate = np.array([[cost], [revenue]])
    best = best_moves(curve, np.array([place]), reach, rate)
    assert ((best >= 0) & (best <= reach)).all()
    for side, sign in ((0, 1), (1, -1)):

        def gain(move, side=side, sign=sign):
            return np.interp(place + sign * move, np.arange(9), values) - sign * rate[side] * move

        tried = gain(np.linspace(0, reach[side, 0], 200))
        assert gain(best[side, 0]) >= tried.max() - 1e-9


@given(
    st.floats(0.01, 40), st.floats(0, 1), st.integers(1, 5), st.floats(0.01, 40), st.floats(0, 1)
)
def test_the_best_move_is_a_cut(up, up_share, segments, down, down_share):
    reach = np.array([[up], [down]])
    best = reach * np.array([[up_share], [down_share]])
    edges = slice_edges(reach, best, np.array([segments]), SLOTS)
    assert edges.shape == (2, 1, 6)
    assert (edges[:, :, 0] == 0).all()
    assert (np.diff(edges) >= -1e-12).all()
    assert (np.abs(edges - best[:, :, None]).min(axis=2) <= 2e-6).all()
    assert (edges[:, 0, segments:] == edges[:, 0, segments:][:, :1]).all()
    if segments > 1:
        assert edges[:, :, -1] == pytest.approx(reach)


def test_slopes_of_a_dent_are_those_of_its_hull():
    gain = np.array([[[0.0, 1.0, 6.0, 7.0]]])
    edges = np.array([[[0.0, 1.0, 2.0, 3.0]]])
    assert slice_slopes(gain, edges, False).tolist() == [[[3.0, 3.0, 1.0]]]


def test_empty_slices_have_no_price():
    gain = np.array([[[0.0, 4.0, 4.0]]])
    edges = np.array([[[0.0, 2.0, 2.0]]])
    assert slice_slopes(gain, edges, True).tolist() == [[[2.0, -np.inf]]]


def test_crossed_orders_change_sides_where_both_gain_the_same():
    """Buying 10 at 100 or selling 30 at 20 gain the same at 40: 10 x 60 = 30 x 20."""
    price = np.array([[[100.0]], [[20.0]]])
    uncross(price, np.array([[[10]], [[30]]]))
    assert price[0, 0, 0] == pytest.approx(40.0)
    assert price[0, 0, 0] < price[1, 0, 0] == np.nextafter(price[0, 0, 0], np.inf)


@given(
    arrays(float, (2, 3, 5), elements=st.floats(-100, 100)),
    arrays(np.int64, (2, 3, 5), elements=st.integers(1, 1000)),
)
def test_the_turning_price_separates_the_better_sides(raw, quantity):
    price = np.stack((-np.sort(-raw[0], axis=1), np.sort(raw[1], axis=1)))
    before = price.copy()
    uncross(price, quantity)
    assert (price[0, :, 0] < price[1, :, 0]).all()
    for unit in range(3):
        for at in np.linspace(-110, 110, 45):
            bought = (quantity[0] * np.maximum(before[0] - at, 0)).sum(axis=1)[unit]
            sold = (quantity[1] * np.maximum(at - before[1], 0)).sum(axis=1)[unit]
            if bought > sold + 1e-6 * 1000:
                wanted = before[0, unit] >= at
                assert (price[0, unit][wanted] >= at - 1e-9).all()
            if sold > bought + 1e-6 * 1000:
                wanted = before[1, unit] <= at
                assert (price[1, unit][wanted] <= at + 1e-9).all()


def test_limits_move_orders_only_to_the_good_side():
    price = np.array([[[900.0, 50.0, -20.0]], [[-30.0, 60.0, 700.0]]])
    quantity = np.ones((2, 1, 3), np.int64)
    admit(price, quantity, 0.0, 500.0)
    assert quantity.tolist() == [[[1, 1, 0]], [[1, 1, 0]]]
    assert price.tolist() == [[[500.0, 50.0, 0.0]], [[0.0, 60.0, 0.0]]]
