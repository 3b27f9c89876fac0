"""Service auctions by every mechanism, days of them, and what everybody expects before."""

from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market import AuctionRules, OrderBook, ServiceRules, Trades, hold, mechanisms, stream
from market.clearing import ClearingResult
from market.mechanisms.high_low import HighLow
from market.mechanisms.pay_as_bid import PayAsBid
from market.mechanisms.uniform import Uniform
from market.mechanisms.vcg import Vcg
from market.storage_service.auction import ServiceBook, ServiceDay, hold_day, hold_service
from market.storage_service.expectation import CurtailmentRecord, ReturnedPrice
from tests.oracles import service as oracle
from tests.oracles.books import TIES

PARAMS = {
    "uniform": [{}, {"k": 0.0}, {"price_rule": "midpoint"}],
    "high-low": [{}, {"k": 1.0}],
    "posted": [{"posted_price": 4.0}, {"posted_price": 5.0, "margin": 2.0}],
    "continuous": [{}, {"closing_share": 0.5}, {"closing_share": 1.0}],
    "muda": [{}, {"variant": "vickrey"}],
}
AUCTIONS = [
    pytest.param(mechanisms.get(name)(**params), id="-".join(map(str, (name, *params.values()))))
    for name in mechanisms.names()
    for params in PARAMS.get(name, [{}])
]
UNITS = 20
PLANTS, POOLS = np.arange(3, 15), np.arange(15, 19)
OWNER_OF = np.arange(UNITS) % 6

every = pytest.mark.parametrize("mechanism", AUCTIONS)


def test_no_mechanism_of_the_registry_is_left_out():
    assert len(mechanisms.names()) >= 10
    assert set(PARAMS) <= set(mechanisms.names())


def whole(values):
    return np.array(values, np.int64)


ORDER = st.tuples(
    st.integers(-3, 9).map(float), st.one_of(st.integers(0, 7), st.integers(0, 10**9))
)


@st.composite
def books(draw):
    bids = draw(st.lists(ORDER, max_size=PLANTS.size))
    asks = draw(st.lists(ORDER, max_size=POOLS.size))
    return ServiceBook(
        PLANTS[: len(bids)],
        np.array([price for price, _ in bids]),
        whole([wh for _, wh in bids]),
        POOLS[: len(asks)],
        np.array([price for price, _ in asks]),
        whole([wh for _, wh in asks]),
    )


def whole_book(book):
    """The service book as any other auction has it, empty orders included."""
    return OrderBook(
        book.ask_price,
        book.ask_wh,
        book.bid_price,
        book.bid_wh,
        ask_owner=OWNER_OF[book.pools],
        bid_owner=OWNER_OF[book.plants],
    )


def sums(units, wh):
    found = np.zeros(UNITS, np.int64)
    np.add.at(found, units, wh)
    return found


def prices_by_unit(units, prices):
    found = np.full(UNITS, np.nan)
    found[units] = prices
    return found


@every
@settings(max_examples=100, deadline=None)
@given(books(), st.sampled_from([4.0, 7.0, np.inf]), TIES)
def test_pairs_are_the_fills_within_orders_and_ceiling(mechanism, book, ceiling, ties):
    rules = ServiceRules(mechanism=mechanism, ceiling=ceiling, tie_break=ties)
    awards = hold_service(rules, book, OWNER_OF, stream(1, "service"))
    bought, sold = sums(awards.plant, awards.wh), sums(awards.pool, awards.wh)
    assert (bought[book.plants] <= book.bid_wh).all()
    assert (sold[book.pools] <= book.ask_wh).all()
    assert bought.sum() == bought[book.plants].sum() == sold.sum() == sold[book.pools].sum()
    assert (awards.wh > 0).all()
    bid, ask = (
        prices_by_unit(book.plants, book.bid_price),
        prices_by_unit(book.pools, book.ask_price),
    )
    assert (awards.buy_price <= bid[awards.plant] + 1e-9).all()
    assert (awards.sell_price >= ask[awards.pool] - 1e-9).all()
    for price in (awards.buy_price, awards.sell_price):
        assert ((price >= 0) & (price <= ceiling)).all()


@every
@settings(max_examples=60, deadline=None)
@given(books())
def test_pairs_carry_the_quantities_and_the_money_of_the_auction(mechanism, book):
    # Without empty orders, so that lots fall alike.
    bids, asks = book.bid_wh > 0, book.ask_wh > 0
    book = ServiceBook(
        *(x[bids] for x in (book.plants, book.bid_price, book.bid_wh)),
        *(x[asks] for x in (book.pools, book.ask_price, book.ask_wh)),
    )
    rules = ServiceRules(mechanism=mechanism, ceiling=8.0)
    awards = hold_service(rules, book, OWNER_OF, stream(2, "service"))
    if not (bids.any() and asks.any()):
        assert not awards.wh.size
        return
    result = hold(mechanism, whole_book(book), AuctionRules(0.0, 8.0), stream(2, "service"))
    assert sums(awards.plant, awards.wh)[book.plants].tolist() == result.bid_fill.tolist()
    assert sums(awards.pool, awards.wh)[book.pools].tolist() == result.ask_fill.tolist()
    for units, fill, price, own, common in (
        (book.plants, result.bid_fill, awards.buy_price, result.bid_pay, result.buy_price),
        (book.pools, result.ask_fill, awards.sell_price, result.ask_pay, result.sell_price),
    ):
        paid = np.bincount(
            awards.plant if units is book.plants else awards.pool, price * awards.wh, UNITS
        )[units]
        each = np.full(units.size, common) if own is None else own
        assert paid == pytest.approx(np.where(fill > 0, each, 0.0) * fill, rel=1e-9)


def book_of(bids, asks):
    """Bids and asks (price, wh) of the first plants and pools."""
    return ServiceBook(
        PLANTS[: len(bids)],
        np.array([price for price, _ in bids], float),
        whole([wh for _, wh in bids]),
        POOLS[: len(asks)],
        np.array([price for price, _ in asks], float),
        whole([wh for _, wh in asks]),
    )


def rows(awards):
    columns = awards.plant, awards.pool, awards.wh, awards.buy_price, awards.sell_price
    return list(zip(*(column.tolist() for column in columns), strict=True))


BOOK = book_of([(200, 4), (300, 5)], [(120, 4), (100, 2)])


def test_without_pairs_of_the_mechanism_the_best_bids_meet_the_best_asks():
    assert rows(hold_service(ServiceRules(mechanism=PayAsBid()), BOOK, OWNER_OF)) == [
        (4, 16, 2, 300.0, 100.0),
        (4, 15, 3, 300.0, 120.0),
        (3, 15, 1, 200.0, 120.0),
    ]


def test_pairs_of_the_mechanism_keep_their_own_prices():
    assert rows(hold_service(ServiceRules(mechanism=HighLow()), BOOK, OWNER_OF)) == [
        (4, 16, 2, 200.0, 200.0),
        (4, 15, 3, 210.0, 210.0),
        (3, 15, 1, 160.0, 160.0),
    ]


def test_the_ceiling_bounds_what_is_paid_and_who_may_ask():
    rules = ServiceRules(mechanism=PayAsBid(), ceiling=110.0)
    assert rows(hold_service(rules, BOOK, OWNER_OF)) == [(4, 16, 2, 110.0, 100.0)]


@pytest.mark.parametrize(
    ("ties", "served"), [("pro-rata", {3: 3, 4: 2}), ("time", {3: 5})], ids=["pro-rata", "time"]
)
def test_the_tie_break_is_that_of_the_service_market(ties, served):
    book = book_of([(200, 6), (200, 4)], [(100, 5)])
    awards = hold_service(ServiceRules(mechanism=Uniform(), tie_break=ties), book, OWNER_OF)
    assert dict(zip(awards.plant.tolist(), awards.wh.tolist(), strict=True)) == served


def test_bids_below_zero_are_never_served():
    book = book_of([(-1, 5)], [(-9, 5)])
    assert not hold_service(ServiceRules(mechanism=Uniform()), book, OWNER_OF).wh.size


def test_a_mechanism_sees_who_owns_the_orders():
    # Both bids are of owner 0 or of two owners: what the others lose by them differs.
    book = book_of([(200, 2), (200, 2)], [(100, 2), (150, 2), (180, 2)])
    rules = ServiceRules(mechanism=Vcg())
    alone, together = np.arange(UNITS), np.arange(UNITS)
    together[PLANTS[:2]] = 3
    apart, one = (hold_service(rules, book, owners) for owners in (alone, together))
    assert apart.wh.tolist() == one.wh.tolist() == [2, 2]
    assert apart.sell_price.tolist() == one.sell_price.tolist() == [180.0, 180.0]
    together[POOLS[:2]] = 4
    joint = hold_service(rules, book, together)
    assert joint.sell_price.tolist() == [190.0, 190.0]


@dataclass(frozen=True)
class TwoPrices:
    """Makes pairs, but buyers pay 7 and sellers get 3."""

    def clear(self, book, rules, rng=None):
        trades = Trades(whole([0]), whole([0]), whole([2]), np.array([5.0]))
        return ClearingResult(np.nan, 0.0, 9.0, 7.0, 3.0, 2, whole([2]), whole([2]), trades=trades)


def test_where_prices_differ_by_side_the_operator_keeps_the_difference():
    book = book_of([(9, 2)], [(1, 2)])
    assert rows(hold_service(ServiceRules(mechanism=TwoPrices()), book, OWNER_OF)) == [
        (3, 15, 2, 7.0, 3.0)
    ]


# --- a day -----------------------------------------------------------------------------------


@st.composite
def days(draw):
    m, n, count = draw(st.tuples(st.integers(1, 5), st.integers(0, 5), st.integers(0, 3)))
    seed = draw(st.integers(0, 10**6))
    rng = stream(seed, "day")
    return ServiceDay(
        PLANTS[:n],
        rng.integers(0, 9, n).astype(float),
        rng.integers(0, 8, (m, n)) * rng.integers(0, 2, (m, n)),
        POOLS[:count],
        rng.integers(0, 9, (m, count)).astype(float),
        rng.integers(0, 8, (m, count)),
        rng.integers(0, 15, count),
    )


@every
@settings(max_examples=40, deadline=None)
@given(days())
def test_a_day_is_its_intervals_one_after_another(mechanism, day):
    rules = ServiceRules(mechanism=mechanism, ceiling=8.0)
    found = hold_day(rules, day, OWNER_OF, stream(3, "day"))
    room, rng = day.room_wh.tolist(), stream(3, "day")
    for row in range(day.bid_wh.shape[0]):
        ask_wh = whole([min(x, y) for x, y in zip(day.power_wh[row].tolist(), room, strict=True)])
        book = ServiceBook(
            day.plants, day.bid_price, day.bid_wh[row], day.pools, day.ask_price[row], ask_wh
        )
        awards = hold_service(rules, book, OWNER_OF, rng)
        assert rows(found[row]) == rows(awards) if awards.wh.size else row not in found
        for pool, wh in zip(awards.pool.tolist(), awards.wh.tolist(), strict=True):
            room[pool - POOLS[0]] -= wh
    assert min(room, default=0) >= 0


@dataclass
class Counting:
    held: list = field(default_factory=list)

    def clear(self, book, rules, rng=None):
        self.held.append(int(book.bid_quantity.sum()))
        return Uniform().clear(book, rules, rng)


def test_no_auction_is_held_without_bids_or_without_room():
    counting = Counting()
    day = ServiceDay(
        PLANTS[:1],
        np.array([9.0]),
        whole([[0], [3], [4], [5], [6]]),
        POOLS[:2],
        np.array([1.0, 2.0]),
        whole([[9, 9], [9, 9], [0, 0], [9, 9], [9, 9]]),
        whole([5, 2]),
    )
    found = hold_day(ServiceRules(mechanism=counting), day, OWNER_OF)
    # The first row has no bid, the third no power; before the last all room is given away.
    assert counting.held == [3, 5]
    assert {row: awards.wh.sum() for row, awards in found.items()} == {1: 3, 3: 4}
    assert day.room_wh.tolist() == [5, 2]


# --- what is expected ------------------------------------------------------------------------

NOTED = st.lists(
    st.integers(0, 20).flatmap(lambda all_: st.tuples(st.integers(0, all_), st.just(all_))),
    max_size=40,
)


@settings(max_examples=200, deadline=None)
@given(NOTED, st.integers(1, 6), st.integers(1, 4))
def test_the_expected_share_is_that_of_the_last_days_at_that_time(noted, per_day, days):
    record = CurtailmentRecord(per_day, days)
    for interval, (curtailed, available) in enumerate(noted):
        record.note(interval, curtailed, available)
    found = record.expected_share(len(noted), 2 * per_day)
    expected = [
        oracle.mean_share(noted, (len(noted) + i) % per_day, per_day, days)
        for i in range(2 * per_day)
    ]
    assert found.tolist() == expected
    assert ((found >= 0) & (found <= 1)).all()


def test_only_what_was_delivered_is_known():
    # At the gate before midnight the last quarter of the day is not over yet.
    record = CurtailmentRecord(per_day=4, days=2)
    for interval in range(7):
        record.note(interval, interval % 4 * 10 + interval // 4, 100)
    assert record.expected_share(8, 4).tolist() == [0.005, 0.105, 0.205, 0.30]
    record.note(7, 50, 100)
    assert record.expected_share(8, 4).tolist() == [0.005, 0.105, 0.205, 0.40]
    assert CurtailmentRecord(96).expected_share(0, 96).tolist() == [0.0] * 96


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.one_of(st.just(0), st.integers(1, 10**7)),
            st.one_of(st.just(float("nan")), st.integers(-50, 900).map(float)),
        ),
        max_size=30,
    ),
    st.integers(1, 4),
    st.integers(1, 4),
)
def test_the_returned_price_is_that_of_the_last_days(noted, per_day, days):
    record = ReturnedPrice(per_day, days)
    published = [price for _, price in noted]
    for interval, (wh, price) in enumerate(noted):
        record.note(interval, wh, price)
        so_far = published[: interval + 1]
        expected = oracle.mean_price(noted[: interval + 1], so_far, per_day * days)
        assert record.expected(np.array(so_far)) == pytest.approx(expected, rel=1e-12)


def test_before_any_price_a_stored_mwh_is_worth_nothing():
    assert ReturnedPrice(96).expected(np.empty(0)) == 0.0
    assert ReturnedPrice(96).expected(np.full(10, np.nan)) == 0.0
