"""The session on its clock: gates, auctions, deliveries, with roles made of two lines."""

from dataclasses import replace

import numpy as np
import pytest
import simpy
from hypothesis import given, settings
from hypothesis import strategies as st

from market import DailyDraws, MarketRules, MarketSession, stream
from market.mechanisms.continuous import Continuous
from market.mechanisms.high_low import HighLow
from market.mechanisms.pay_as_bid import PayAsBid
from market.mechanisms.uniform import Uniform
from market.rules import GateTimes
from market.settlement import note_surpluses
from tests.market.blocks import MWH, Shape, calendar, layout, rules


class Market:
    """A session with a pen for every gate and a note of every message."""

    def __init__(
        self, places, n=4, gates=(1200, 900), minutes=60, write=None, in_force=None, instants=None
    ):
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
            instants
            or DailyDraws(1, [("arrival", name) for name in places.units], self.calendar.per_day),
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


@settings(max_examples=150, deadline=None)
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


# --- continuous trading ------------------------------------------------------------------------


class Exchange(Market):
    """A market that trades while its gates are open, with a role that may look and revise."""

    def __init__(self, places, write, mechanism, revise=None, **options):
        self.revise, self.shown = revise, []
        in_force = options.pop("in_force", None) or rules(mechanism=mechanism)
        super().__init__(places, write=write, in_force=in_force, **options)

    def _gates(self):
        if self.revise is not None:
            self.env.process(self._looks())
        return super()._gates()

    def _looks(self):
        while True:
            trading = yield self.session.trading.wait()
            self.shown.append((self.env.now, trading.step, trading.books))
            self.revise(trading)


def crowd(n=12):
    """Stores that offer and bid at random, as far apart as the row says."""
    places = layout(Shape("storage", [f"s{i}" for i in range(n)], ask_slots=2, bid_slots=2))

    def write(gate):
        rng = np.random.default_rng(gate.interval)
        block, row = gate.block, gate.row
        block.ask_price[row] = rng.integers(100, 200, 2 * n)
        block.bid_price[row] = rng.integers(80, 180, 2 * n)
        block.ask_quantity[row] = rng.integers(0, 4, 2 * n) * MWH
        block.bid_quantity[row] = rng.integers(0, 4, 2 * n) * MWH

    return places, write


COLUMNS = ("ask_price", "ask_quantity", "ask_fill", "bid_price", "bid_quantity", "bid_fill")
RESULTS = (*COLUMNS, "sold", "bought", "volume", "receipts", "payments")


def same(one, two):
    return all(np.array_equal(getattr(one, name), getattr(two, name)) for name in RESULTS)


@pytest.mark.parametrize("gates", [(60, 0), (3600, 0), (1200, 900)])
@pytest.mark.parametrize("share", [0.0, 0.4])
def test_looking_at_the_book_changes_nothing(gates, share):
    places, write = crowd()
    found = [
        Exchange(places, write, Continuous(share, steps), revise, n=4, gates=gates).settled[0][1]
        for steps, revise in ((6, None), (6, lambda trading: None), (17, lambda trading: None))
    ]
    assert found[0].volume.sum() > 0
    assert same(found[0], found[1])
    assert same(found[0], found[2])


def test_the_book_is_shown_between_opening_and_closure():
    places, write = crowd()
    market = Exchange(places, write, Continuous(steps=4), lambda trading: None, n=2, gates=(60, 0))
    moments = [(now, step) for now, step, _ in market.shown]
    first = [(-45, 0), (-30, 1), (-15, 2)]
    assert moments == first + [(now + 3600, step) for now, step in first]
    assert market.times("clear") == [(0, 0), (1, 3600)]


def test_no_showing_falls_into_the_seconds_of_a_delivery():
    places, write = crowd()
    # The middle of each window is the very second at which an hour begins.
    looks = {"n": 3, "gates": (3660, 3540)}
    market = Exchange(places, write, Continuous(steps=2), lambda trading: None, **looks)
    assert [now for now, _, _ in market.shown] == [-3597, 3, 3603]
    assert market.times("meter")[0] == (0, 3600)


def test_units_come_at_instants_of_their_own_and_each_ends_on_one_side():
    places, write = crowd(30)
    seen = []
    market = Exchange(places, write, Continuous(steps=30), seen.append, n=1, gates=(3600, 0))
    waiting = [books[0] for _, _, books in market.shown]
    assert len(waiting) == 29
    assert len({(top.bid, top.bid_quantity, top.ask, top.ask_quantity) for top in waiting}) > 10
    assert np.isnan(waiting[0].last)
    assert waiting[-1].last > 0
    block = market.settled[0][1]
    note_surpluses(block)
    assert not ((block.sold > 0) & (block.bought > 0)).any()
    assert block.volume[0, 0] == block.sold.sum() == block.bought.sum() > 0
    assert block.zone["operator_surplus"][0, 0] == pytest.approx(0)
    assert block.zone["buyer_surplus"][0, 0] >= 0
    assert block.zone["seller_surplus"][0, 0] >= 0


def test_the_reference_is_the_mean_price_of_the_trades():
    places, write = crowd(30)
    for mechanism in (Continuous(), Continuous(0.5), HighLow()):
        market = Exchange(places, write, mechanism, n=3)
        block = market.settled[0][1]
        mean = block.payments.sum(axis=1) / (block.volume[:, 0] / MWH)
        assert market.session.reference[0] == pytest.approx(mean)
        assert np.isnan(block.zone["price"]).all()


def test_gathered_to_the_end_it_is_the_call_auction():
    places, write = crowd()
    call = Market(places, 4, write=write, in_force=rules()).settled[0][1]
    gathered = Exchange(places, write, Continuous(closing_share=1.0)).settled[0][1]
    assert np.array_equal(call.ask_fill, gathered.ask_fill)
    assert np.array_equal(call.bid_fill, gathered.bid_fill)
    paid = gathered.payments.sum(axis=1) / (gathered.volume[:, 0] / MWH)
    assert paid == pytest.approx(call.zone["price"][:, 0])


def two_offers(gate):
    """Sun offers 2 MWh at 400 and nobody has bid more than 300 yet."""
    block, row = gate.block, gate.row
    block.ask_price[row], block.ask_quantity[row] = 400.0, 2 * MWH
    block.bid_price[row], block.bid_quantity[row] = 300.0, MWH


def at_step(number, change):
    def revise(trading):
        if trading.step == number:
            change(trading.gate.block, trading.gate.row)

    return revise


def test_a_new_price_trades_with_what_waits():
    def cheaper(block, row):
        block.ask_price[row] = 250.0

    market = Exchange(layout(*pair()), two_offers, Continuous(), at_step(4, cheaper), n=1)
    block = market.settled[0][1]
    assert market.shown[4][2][0] == (300.0, MWH, 400.0, 2 * MWH, pytest.approx(np.nan, nan_ok=True))
    assert block.volume[0, 0] == MWH
    assert block.receipts.sum() == block.payments.sum() == 300.0
    assert block.ask_price[0].tolist() == [250.0]


class Fixed:
    """Each unit's orders reach the book at the same share of every gate's time."""

    def __init__(self, *shares):
        self.shares = np.array(shares)

    def of(self, day):
        return np.tile(self.shares, (24, 1))


def test_a_withdrawn_order_trades_no_more():
    def gone(block, row):
        block.bid_quantity[row] = 0

    def crossing(gate):
        two_offers(gate)
        gate.block.ask_price[gate.row] = 300.0

    # The town comes first and withdraws at one third or two thirds; the sun comes at half time.
    for step, volume in ((0, 0), (1, MWH)):
        options = {"n": 1, "gates": (3600, 0), "instants": Fixed(0.2, 0.5)}
        mechanism = Continuous(steps=3)
        market = Exchange(layout(*pair()), crossing, mechanism, at_step(step, gone), **options)
        assert market.settled[0][1].volume[0, 0] == volume


@pytest.mark.parametrize("share", [0.0, 0.3])
def test_an_order_at_several_limits_is_shown_at_their_mean(share):
    """2 of 3 MWh trade at a limit of 100, the last one at a limit of 200."""
    loads = Shape("load", ["early", "late"], ask_slots=0)

    def write(gate):
        block, row = gate.block, gate.row
        block.ask_price[row], block.ask_quantity[row] = 100.0, 3 * MWH
        block.bid_price[row] = [150.0, 300.0]
        block.bid_quantity[row] = [2 * MWH, MWH]

    def dearer(block, row):
        assert block.ask_fill[row].tolist() == [2 * MWH]
        assert block.bid_fill[row].tolist() == [2 * MWH, 0]
        block.ask_price[row] = 200.0

    options = {"n": 1, "gates": (3600, 0), "instants": Fixed(0.1, 0.9, 0.2)}
    places = layout(loads, Shape("pv", ["sun"], bid_slots=0))
    market = Exchange(places, write, Continuous(share, 2), at_step(0, dearer), **options)
    block = market.settled[0][1]
    assert block.ask_price[0] == pytest.approx([400 / 3])
    assert block.ask_quantity[0].tolist() == block.ask_fill[0].tolist() == [3 * MWH]
    # At the price of who waited; in the closing auction halfway from 200 to 300.
    last = 250 if share else 200
    assert block.payments[0] == pytest.approx([2 * 150, last, 0])
    note_surpluses(block)
    assert block.zone["seller_surplus"][0, 0] == pytest.approx(2 * 50 + last - 200)


def test_another_unit_changes_nobody_s_instant():
    def late(names):
        draws = DailyDraws(1, [("arrival", name) for name in names], 24)
        return dict(zip(names, draws.of(0).T.tolist(), strict=True))

    few, many = late(["a", "c"]), late(["a", "b", "c"])
    assert few["a"] == many["a"]
    assert few["c"] == many["c"]
    assert many["a"] != many["b"]


@pytest.mark.parametrize("looks", [False, True])
def test_continuous_trading_needs_few_events_and_no_more_for_more_units(looks, monkeypatch):
    monkeypatch.setattr(simpy, "Environment", Counting)
    steps = []
    for n in (2, 40):
        places, write = crowd(n)
        revise = (lambda trading: None) if looks else None
        steps.append(Exchange(places, write, Continuous(steps=6), revise, n=96).env.steps)
    assert steps[0] == steps[1]
    # Five looks of two events each; without anybody who looks as for any other auction.
    assert steps[0] <= (9 + (10 if looks else 0)) * 96 + 12


class Spy:
    """Keeps the books it is given."""

    def __init__(self):
        self.books = []

    def clear(self, book, rules, rng=None):
        self.books.append(book)
        return Uniform().clear(book, rules, rng)


@pytest.mark.parametrize("prevention", ["unit", "owner"])
def test_books_say_whose_the_orders_are(prevention):
    spy = Spy()
    places = layout(
        Shape("load", ["l1", "l2"], owners=["zed", "ann"], ask_slots=0),
        Shape("pv", ["p1", "p2"], owners=["ann", "bob"], bid_slots=0),
    )
    in_force = replace(rules(mechanism=spy), self_trade_prevention=prevention)
    market = Market(places, 1, write=simple, in_force=in_force)
    (book,) = spy.books
    assert book.ask_owner.tolist() == [0, 1]
    assert book.bid_owner.tolist() == [2, 0]
    block = market.settled[0][1]
    # Ann's plant would serve Ann's load; without it only Bob's energy is left for Zed's.
    assert block.volume[0, 0] == (2 * MWH if prevention == "unit" else MWH)


def test_an_owner_s_plants_do_not_meet_but_trade_with_others():
    places = layout(
        Shape("load", ["l", "m"], owners=["ann", "bob"], ask_slots=0),
        Shape("pv", ["p", "q"], owners=["ann", "bob"], bid_slots=0),
    )
    for prevention, served in (("unit", [2, 1]), ("owner", [1, 2])):
        in_force = replace(rules(mechanism=Continuous()), self_trade_prevention=prevention)

        def write(gate):
            block, row = gate.block, gate.row
            block.ask_price[row], block.ask_quantity[row] = [100.0, 200.0], [2 * MWH, MWH]
            block.bid_price[row], block.bid_quantity[row] = 300.0, 2 * MWH

        instants = Fixed(0.3, 0.4, 0.1, 0.2)
        market = Exchange(places, write, None, n=1, in_force=in_force, instants=instants)
        block = market.settled[0][1]
        assert (block.bought[0, :2] // MWH).tolist() == served
        assert block.volume[0, 0] == 3 * MWH
