"""Balancing: cheapest first, within limits, and to the watt-hour."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.dispatch import Flexibility, balance_zone
from tests.market.blocks import Shape, block, layout

PLANTS = ("a", "b", "c")


def case(ask_price, offered, fill, delivered, consumed, up=None, down=None, shed=None, cut=None):
    """Loads x and y, then plants a, b, c with one offer each."""
    places = layout(Shape("load", ["x", "y"], ask_slots=0), Shape("pv", list(PLANTS), bid_slots=0))
    made = block(places)
    made.ask_price[0], made.ask_quantity[0], made.ask_fill[0] = ask_price, offered, fill
    made.sold[0] = [0, 0, *fill]
    made.delivered[0], made.consumed[0] = [0, 0, *delivered], [*consumed, 0, 0, 0]
    flexibility = Flexibility(
        np.array([0, 0, *(up or (99, 99, 99))]),
        np.array([0, 0, *(down or delivered)]),
        np.array([*(cut or (0, 0)), 0, 0, 0]),
        np.array([*(shed or (1000.0, 1000.0)), np.inf, np.inf, np.inf]),
    )
    return made, balance_zone(made, 0, places.zones[0], flexibility)


def test_short_is_covered_by_the_cheapest_unused_offers():
    made, price = case([30, 20, 10], [50, 50, 50], [0, 0, 50], [0, 0, 20], [50, 0])
    assert made.delivered[0, 2:].tolist() == [0, 30, 20]
    assert made.instructed[0].tolist() == [0, 0, 0, 30, 0]
    assert price == 20


def test_the_room_of_a_unit_limits_it():
    made, price = case([30, 20, 10], [50, 50, 50], [0, 0, 50], [0, 0, 20], [50, 0], (99, 12, 0))
    assert made.delivered[0, 2:].tolist() == [18, 12, 20]
    assert price == 30


NONE = (0, 0, 0)


def test_what_is_there_beyond_an_offer_is_called_before_anybody_is_cut():
    made, price = case([30, 20, 10], [0, 5, 50], [0, 0, 50], [0, 0, 20], [50, 0], up=(99, 25, 0))
    assert made.delivered[0, 2:].tolist() == [0, 25, 20]
    assert made.unserved[0, :2].tolist() == [5, 0]
    made, price = case([30, 20, 10], [0, 5, 50], [0, 0, 50], [0, 0, 20], [45, 0], up=(99, 40, 0))
    assert made.delivered[0, 2:].tolist() == [0, 25, 20]
    assert not made.unserved.any()
    assert price == 20


def test_an_offer_that_was_not_made_is_not_called():
    made, price = case([30, 20, 10], [0, 5, 50], [0, 0, 50], [0, 0, 20], [50, 0], up=(99, 5, 0))
    assert made.delivered[0, 2:].tolist() == [0, 5, 20]
    assert made.consumed[0, :2].tolist() == [25, 0]
    assert made.unserved[0, :2].tolist() == [25, 0]
    assert price == np.inf


def test_the_least_valued_load_is_shed_first_and_equals_share():
    nothing = ([30, 20, 10], [0, 0, 50], [0, 0, 50], [0, 0, 20])
    made, _ = case(*nothing, [20, 30], up=NONE, shed=(900.0, 800.0))
    assert made.unserved[0, :2].tolist() == [0, 30]
    made, _ = case(*nothing, [10, 40], up=NONE, shed=(900.0, 800.0))
    assert made.unserved[0, :2].tolist() == [0, 30]
    made, _ = case(*nothing, [30, 20], up=NONE, shed=(900.0, 800.0))
    assert made.unserved[0, :2].tolist() == [10, 20]
    made, _ = case(*nothing, [30, 20], up=NONE)
    assert made.unserved[0, :2].tolist() == [18, 12]
    assert made.consumed[0, :2].tolist() == [12, 8]


def test_charging_is_interrupted_before_any_load_and_is_no_unserved_demand():
    nothing = ([30, 20, 10], [0, 0, 50], [0, 0, 50], [0, 0, 20])
    made, price = case(*nothing, [15, 35], up=NONE, cut=(0, 35))
    assert made.consumed[0, :2].tolist() == [15, 5]
    assert not made.unserved.any()
    assert np.isnan(price)
    made, price = case(*nothing, [30, 20], up=NONE, cut=(0, 20))
    assert made.consumed[0, :2].tolist() == [20, 0]
    assert made.unserved[0, :2].tolist() == [10, 0]
    assert price == np.inf


def test_long_turns_down_the_dearest_first():
    made, price = case([30, 20, 10], [50] * 3, [50, 50, 50], [50, 50, 50], [70, 0])
    assert made.delivered[0, 2:].tolist() == [0, 20, 50]
    assert made.instructed[0, 2:].tolist() == [-50, -30, 0]
    assert price == 20


def test_must_run_output_goes_last_and_shares():
    made, price = case([30, 20, 10], [50] * 3, [50, 50, 50], [50, 50, 50], [20, 0], down=(10, 5, 0))
    # 15 turned down by order, the other 115 of 135 left in proportion.
    assert made.delivered[0, 2:].tolist() == [6, 7, 7]
    assert made.instructed[0, 2:].tolist() == [-44, -43, -43]
    assert price == 20


def test_balanced_is_left_alone():
    made, price = case([30, 20, 10], [50] * 3, [50, 0, 0], [50, 0, 0], [50, 0])
    assert not made.instructed.any()
    assert np.isnan(price)


def left_alone(unserved, prices, cap=np.inf, delivered=0, shed=(500.0, 900.0)):
    """Plants a, b, c offered 10 each and sold nothing; x and y could not buy."""
    places = layout(Shape("load", ["x", "y"], ask_slots=0), Shape("pv", list(PLANTS), bid_slots=0))
    made = block(places)
    made.ask_price[0], made.ask_quantity[0] = prices, 10
    made.unserved[0, :2] = unserved
    made.delivered[0, 2] = delivered
    ten = np.array([0, 0, 10, 10, 10])
    flexibility = Flexibility(ten, ten, np.zeros(5, np.int64), np.array([*shed, *[np.inf] * 3]))
    return made, balance_zone(made, 0, places.zones[0], flexibility, cap)


def test_demand_that_found_no_seller_is_served_from_offers_left_over():
    made, price = left_alone([8, 4], [30, 20, 40])
    assert made.delivered[0].tolist() == [0, 0, 2, 10, 0]
    assert made.consumed[0, :2].tolist() == [8, 4]
    assert made.instructed[0].tolist() == [0, 0, 2, 10, 0]
    assert not made.unserved.any()
    assert price == 30
    # Most valued load first; offers above the cap serve nobody.
    made, price = left_alone([8, 4], [30, 20, 40], cap=20)
    assert made.consumed[0, :2].tolist() == [6, 4]
    assert made.unserved[0, :2].tolist() == [2, 0]
    assert price == 20


def test_output_without_a_buyer_serves_such_demand_first():
    made, _ = left_alone([3, 0], [30, 20, 40], delivered=5)
    assert made.consumed[0, 0] == 3
    assert made.delivered[0].tolist() == [0, 0, 5 - 2, 0, 0]
    assert not made.unserved.any()


SIZES = st.lists(st.integers(0, 1000), min_size=3, max_size=3)


@settings(max_examples=300)
@given(SIZES, SIZES, SIZES, SIZES, SIZES, st.data())
def test_a_zone_always_balances_to_the_watt_hour(price, offered, up, down, delivered, data):
    down = np.minimum(down, delivered).tolist()
    fill = [data.draw(st.integers(0, most)) for most in offered]
    consumed = data.draw(st.lists(st.integers(0, 1500), min_size=2, max_size=2))
    made, _ = case(
        price, offered, fill, delivered, consumed, up, down, (500.0, 500.0), (consumed[0], 0)
    )
    change = made.delivered[0, 2:] - delivered
    assert made.delivered.sum() == made.consumed.sum()
    assert (made.delivered >= 0).all()
    assert (made.consumed >= 0).all()
    assert (change <= np.where(np.array(offered) > 0, up, 0)).all()
    assert np.array_equal(made.instructed[0, 2:], change)
    assert np.array_equal(made.unserved[0, 1], consumed[1] - made.consumed[0, 1])
    assert made.unserved[0, 0] == 0
    assert np.array_equal(made.instructed[0, :2], np.array(consumed) - made.consumed[0, :2])


@pytest.mark.parametrize("need", [1, 10])
def test_ties_are_called_in_row_order(need):
    made, _ = case([20, 20, 20], [50] * 3, [0, 0, 0], [0, 0, 0], [need, 0], (5, 5, 5))
    assert made.delivered[0, 2:].tolist() == ([1, 0, 0] if need == 1 else [5, 5, 0])
