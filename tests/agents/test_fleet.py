"""What every fleet does with the orders of a strategy."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.fleet import Downtime, cut_to
from agents.quotes import Quotes
from market import BookTop
from tests.agents.fleets import Desk, calendar, load, weather


@dataclass
class Sends:
    """Sends what it was given."""

    quotes: Quotes
    reactive: bool = False

    def quote(self, view, fleet):
        return self.quotes


def sent(quotes, n=2, count=3, reactive=False):
    desk = Desk(weather(1.0, n=n, when=calendar(3), strategy=Sends(quotes, reactive)), m=3)
    desk.quote(0, count=count)
    return desk.block.ask_price[:, :, 0], desk.block.ask_quantity[:, :, 0]


def test_prices_and_quantities_spread_over_intervals_and_slots():
    for price, quantity in (
        (7.0, np.array([1, 2])),
        (np.array([7.0, 7.0]), np.array([[1, 2], [1, 2], [1, 2]])),
        (np.full((3, 2), 7.0), np.array([[[1], [2]]] * 3)),
        (np.full((3, 2, 1), 7.0), np.array([1, 2])),
    ):
        prices, quantities = sent(Quotes(price, quantity))
        assert (prices == 7).all()
        assert (quantities == [1, 2]).all()


def test_one_interval_may_come_without_its_axis():
    prices, quantities = sent(Quotes(np.array([[3.0], [4.0]]), np.array([[1], [2]])), count=1)
    assert prices[0].tolist() == [3, 4]
    assert quantities[0].tolist() == [1, 2]
    assert not quantities[1:].any()


@pytest.mark.parametrize(
    ("price", "quantity"),
    [(np.nan, 5), (np.inf, 5), (-np.inf, 5), (10.0, -5)],
)
def test_an_order_that_breaks_the_form_is_no_order(price, quantity):
    given_ = Quotes(np.array([price, 1.0]), np.array([quantity, 5]))
    prices, quantities = sent(given_)
    assert quantities.tolist() == [[0, 5]] * 3
    assert np.isfinite(prices).all()


def test_no_quantity_is_no_order_and_takes_the_last_one_away():
    desk = Desk(weather(1.0, when=calendar(3), strategy=Sends(Quotes(1.0, np.array([9])))), m=3)
    desk.quote(0, count=3)
    desk.fleet.strategy.quotes = Quotes()
    desk.quote(1, count=2)
    assert desk.block.ask_quantity[:, 0, 0].tolist() == [9, 0, 0]


def test_a_side_that_a_kind_does_not_have_is_left_out():
    everything = Quotes(1.0, np.array([[5]]), 2.0, np.array([[6]]))
    desk = Desk(load(1.0, strategy=Sends(everything)))
    desk.quote(0, count=24)
    assert desk.block.ask_quantity.size == 0
    assert (desk.block.bid_quantity == 6).all()


@given(st.lists(st.lists(st.integers(0, 50), min_size=3, max_size=3), min_size=2, max_size=2))
def test_cutting_keeps_the_first_slots(rows):
    quantity, limit = np.array(rows), np.array([40, 5])
    cut_to(quantity, limit)
    for row, given_, most in zip(quantity.tolist(), rows, limit.tolist(), strict=True):
        left = most
        for after, before in zip(row, given_, strict=True):
            assert after == min(before, left)
            left -= after


def test_draws_belong_to_the_interval_however_often_it_is_quoted():
    def draws(asks):
        desk = Desk(weather(1.0, n=2, when=calendar(72)))
        return {
            first: desk.fleet.uniform(desk.view(first, count), 1).tolist() for first, count in asks
        }

    whole = draws([(0, 24), (24, 24), (48, 24)])
    pieces = draws([(0, 24), (5, 19), (24, 24), (30, 18), (48, 24)])
    assert pieces[24] == whole[24]
    assert pieces[48] == whole[48]
    assert pieces[5] == whole[0][5:]
    assert pieces[30] == whole[24][6:]


def test_downtime_over_several_intervals():
    down = Downtime(2)
    down.fail(0, 1000)
    assert down.share_up(3600, 3600).tolist() == [1000 / 3600, 1]
    assert down.share_up(7200, 3600).tolist() == [0, 1]
    down.repair(0, 9000)
    assert down.share_up(10_800, 3600).tolist() == [0.5, 1]
    assert down.share_up(14_400, 3600).tolist() == [1, 1]


# --- while a continuous market trades ----------------------------------------------------------

TOP = BookTop(90.0, 5, 110.0, 5, np.nan)


@dataclass
class Revises(Sends):
    """Sends one thing when the gate opens and another while it is open."""

    later: Quotes | None = None

    def revise(self, view, fleet, standing):
        self.standing = standing
        return self.later


def revised(later, filled, up=(1.0, 1.0)):
    first = Quotes(np.array([100.0, 200.0]), np.array([5, 5]))
    strategy = Revises(first, True, later)
    desk = Desk(weather(1.0, n=2, when=calendar(3), strategy=strategy), m=3)
    desk.quote(1)
    desk.block.ask_fill[1, :, 0] = filled
    desk.fleet.up[:] = up
    desk.fleet.revise(desk.block, desk.view(1), TOP, 2)
    return desk, strategy


def test_a_revision_changes_prices_and_takes_quantity_back_but_adds_none():
    later = Quotes(np.array([90.0, 190.0]), np.array([1, 9]))
    desk, strategy = revised(later, [3, 1])
    assert strategy.standing.ask_open.tolist() == [[2], [4]]
    assert (strategy.standing.step, strategy.standing.book) == (2, TOP)
    assert desk.asks(1) == [[(90.0, 4)], [(190.0, 5)]]
    assert desk.asks(0) == [[(0.0, 0)], [(0.0, 0)]]


def test_what_has_traded_keeps_its_price():
    desk, _ = revised(Quotes(np.array([90.0, 190.0]), np.array([1, 9])), [5, 1])
    assert desk.asks(1) == [[(100.0, 5)], [(190.0, 5)]]


@pytest.mark.parametrize("later", [Quotes(), Quotes(np.nan, np.array([2, 4])), Quotes(1.0, None)])
def test_no_orders_or_bad_ones_withdraw_what_is_left(later):
    desk, _ = revised(later, [3, 0])
    assert [quantity for ((_, quantity),) in desk.asks(1)] == [3, 0]


def test_failed_units_withdraw_whatever_their_strategy():
    desk, _ = revised(Quotes(90.0, np.array([2, 4])), [3, 1], up=(0.0, 1.0))
    assert [quantity for ((_, quantity),) in desk.asks(1)] == [3, 5]


def test_who_revises():
    quiet = weather(1.0, n=2, when=calendar(3), strategy=Sends(Quotes()))
    assert not quiet.revises
    quiet.outages.possible = True
    assert quiet.revises
    assert weather(1.0, n=2, when=calendar(3), strategy=Revises(Quotes())).revises
