"""The session on its clock: gates, auctions, deliveries, with roles made of two lines."""

import numpy as np
import pytest
import simpy
from hypothesis import given, settings
from hypothesis import strategies as st

from market import MarketRules, MarketSession, stream
from market.mechanisms.high_low import HighLow
from market.mechanisms.pay_as_bid import PayAsBid
from market.mechanisms.uniform import Uniform
from market.rules import GateTimes
from market.settlement import note_surpluses
from tests.market.blocks import MWH, Shape, calendar, layout, rules


class Market:
    """A session with a pen for every gate and a note of every message."""

    def __init__(self, places, n=4, gates=(1200, 900), minutes=60, write=None, in_force=None):
        self.env = simpy.Environment(initial_time=-gates[0] - 2)
        self.calendar = calendar(n, minutes)
        self.settled, self.log = [], []
        self.write = write or (lambda gate: None)
        self.session = MarketSession(
            self.env,
            self.calendar,
            places,
            GateTimes(*gates),
            in_force or rules(),
            lambda block: self.settled.append((self.env.now, block)),
            [stream(1, "market", zone.name) for zone in places.zones],
        )
        for process in (self._gates(), self._results(), self._deliveries()):
            self.env.process(process)
        self.session.start()
        self.env.run(until=self.calendar.second(n) + 10)

    def _gates(self):
        while True:
            gate = yield self.session.opened.wait()
            self.log.append(("open", gate.interval, self.env.now, self.session.known))
            self.write(gate)

    def _results(self):
        while True:
            gate = yield self.session.published.wait()
            self.log.append(("clear", gate.interval, self.env.now, self.session.known))

    def _deliveries(self):
        while True:
            delivery = yield self.session.delivery.wait()
            self.log.append((delivery.phase, delivery.interval, self.env.now, self.session.known))

    def times(self, kind):
        return [(interval, now) for what, interval, now, _ in self.log if what == kind]


def pair(zone="main"):
    return (
        Shape("load", [f"town-{zone}"], zone, ask_slots=0),
        Shape("pv", [f"sun-{zone}"], zone, bid_slots=0),
    )


def simple(gate):
    gate.block.ask_price[gate.row], gate.block.ask_quantity[gate.row] = 100.0, 2 * MWH
    gate.block.bid_price[gate.row], gate.block.bid_quantity[gate.row] = 300.0, MWH


@pytest.mark.parametrize("gates", [(60, 0), (1200, 900), (3600, 0), (90_000, 86_400), (5400, 1800)])
def test_gates_open_and_close_on_time_and_deliveries_follow(gates):
    market = Market(layout(*pair()), 30, gates, write=simple)
    n = range(30)
    assert market.times("open") == [(i, 3600 * i - gates[0]) for i in n]
    assert market.times("clear") == [(i, 3600 * i - gates[1]) for i in n]
    assert market.times("meter") == [(i, 3600 * (i + 1)) for i in n]
    assert market.times("commit") == [(i, 3600 * (i + 1) + 1) for i in n]
    # What is known at a gate: the results of all earlier gates, and no more.
    assert all(known == interval for what, interval, _, known in market.log if what == "open")
    assert [block.m for _, block in market.settled] == [24, 6]
    assert [block.first for _, block in market.settled] == [0, 24]


def test_gates_days_ahead_keep_several_blocks_apart():
    def write(gate):
        simple(gate)
        gate.block.bid_quantity[gate.row] = gate.interval + 1

    market = Market(layout(*pair()), 100, (2 * 86_400 + 600, 2 * 86_400), write=write)
    bought = np.concatenate([block.bought[:, 0] for _, block in market.settled])
    assert bought.tolist() == list(range(1, 101))
    delivered = np.concatenate([block.delivered[:, 1] for _, block in market.settled])
    assert delivered.tolist() == list(range(1, 101))


def test_two_zones_clear_apart():
    def write(gate):
        gate.block.ask_price[gate.row] = [100.0, 200.0]
        gate.block.ask_quantity[gate.row] = [2 * MWH, 3 * MWH]
        gate.block.bid_price[gate.row] = [300.0, 150.0]
        gate.block.bid_quantity[gate.row] = [MWH, MWH]

    market = Market(layout(*pair("east"), *pair("west")), 1, write=write)
    block = market.settled[0][1]
    assert block.volume.tolist() == [[MWH, 0]]
    assert block.zone["price"][0, 0] == 100.0
    assert np.isnan(block.zone["price"][0, 1])
    assert block.zone["price_low"][0, 1] == 150.0
    assert block.zone["price_high"][0, 1] == 200.0
    assert block.sold.tolist() == [[0, MWH, 0, 0]]
    # Imbalances and forecasts still have a price: the middle of the set.
    assert market.session.reference[:, 0].tolist() == [100.0, 175.0]


def test_without_any_order_the_last_price_stays_the_reference():
    def write(gate):
        if gate.interval == 1:
            simple(gate)

    market = Market(layout(*pair()), 3, write=write, in_force=MarketRules(Uniform()))
    assert market.session.reference[0].tolist() == [0.0, 100.0, 100.0]


def test_rules_are_those_of_the_gate_s_opening():
    first, second = rules(), rules(cap=50.0)

    class Changing(Market):
        def _results(self):
            while True:
                gate = yield self.session.published.wait()
                if gate.interval == 1:
                    self.session.rules = second

    market = Changing(layout(*pair()), 4, write=simple, in_force=first)
    block = market.settled[0][1]
    assert [r is second for r in block.rules] == [False, False, True, True]
    assert block.volume[:, 0].tolist() == [MWH, MWH, 0, 0]


class Counting(simpy.Environment):
    """Counts events."""

    steps = 0

    def step(self):
        self.steps += 1
        super().step()


@pytest.mark.parametrize("units", [1, 50])
def test_the_session_needs_few_events_and_no_more_for_more_units(units):
    places = layout(
        Shape("load", [f"l{i}" for i in range(units)], ask_slots=0),
        Shape("pv", [f"s{i}" for i in range(units)], bid_slots=0),
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(simpy, "Environment", Counting)
        market = Market(places, 96, write=simple)
    # 2 timeouts and 2 broadcasts per auction, 3 and 2 per delivery.
    assert market.env.steps <= 9 * 96 + 10


# --- surplus and individual prices -------------------------------------------------------------


def outside(fee=0.0):
    """Sun and town, and an outside market that offers and bids 3 MWh at 200."""
    places = layout(
        Shape("external", ["line"]),
        Shape("load", ["town"], ask_slots=0),
        Shape("pv", ["sun"], bid_slots=0),
    )

    def write(gate):
        block, row = gate.block, gate.row
        block.ask_price[row], block.ask_quantity[row] = [200.0 + fee, 0.0], [3 * MWH, MWH]
        block.bid_price[row], block.bid_quantity[row] = [200.0 - fee, 900.0], [3 * MWH, MWH]

    return places, write


@pytest.mark.parametrize("mechanism", [None, PayAsBid(), HighLow(), HighLow(k=0.0)])
def test_nobody_trades_with_himself_and_the_money_still_adds_up(mechanism):
    places, write = outside()
    block = Market(places, 1, write=write, in_force=rules(mechanism=mechanism)).settled[0][1]
    note_surpluses(block)
    assert not ((block.sold > 0) & (block.bought > 0)).any()
    assert block.sold.sum() == block.bought.sum() == block.volume[0, 0]
    assert (block.sold[0, 2], block.bought[0, 1]) == (MWH, MWH)
    assert block.zone["operator_surplus"][0, 0] >= -1e-9
    if isinstance(mechanism, HighLow):
        assert block.payments[0].sum() == pytest.approx(block.receipts[0].sum())
        assert block.zone["operator_surplus"][0, 0] == pytest.approx(0)
    if block.payments is not None:
        assert block.payments[0, 0] == 0 or block.bought[0, 0] > 0
        assert block.receipts[0, 0] == 0 or block.sold[0, 0] > 0


ORDERS = st.lists(st.tuples(st.integers(-5, 20), st.integers(0, 9)), min_size=4, max_size=4)


@settings(max_examples=150)
@given(ORDERS, ORDERS, st.sampled_from(["uniform", "pay-as-bid", "high-low"]))
def test_surpluses_add_up_to_the_gains_from_trade(asks, bids, name):
    mechanism = {"uniform": None, "pay-as-bid": PayAsBid(), "high-low": HighLow()}[name]
    places = layout(Shape("storage", ["a", "b"], ask_slots=2, bid_slots=2))

    def write(gate):
        for side, orders in (("ask", asks), ("bid", bids)):
            getattr(gate.block, f"{side}_price")[0] = [p for p, _ in orders]
            getattr(gate.block, f"{side}_quantity")[0] = [q * MWH for _, q in orders]

    block = Market(places, 1, write=write, in_force=rules(mechanism=mechanism)).settled[0][1]
    note_surpluses(block)
    assert not ((block.sold > 0) & (block.bought > 0)).any()
    assert block.sold.sum() == block.bought.sum() == block.volume[0, 0]
    assert block.ask_fill.sum() == block.bid_fill.sum() == block.volume[0, 0]
    value = block.bid_fill @ block.bid_price.T - block.ask_fill @ block.ask_price.T
    parts = {side: block.zone[f"{side}_surplus"][0, 0] for side in ("buyer", "seller", "operator")}
    assert sum(parts.values()) == pytest.approx(value[0, 0] / MWH)
    assert parts["buyer"] >= -1e-9
    assert parts["seller"] >= -1e-9
    if name != "pay-as-bid":
        assert parts["operator"] == pytest.approx(0, abs=1e-9)
