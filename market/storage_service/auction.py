"""The service auction: plants bid for charging, stations ask, any mechanism clears it."""

from dataclasses import dataclass
from math import isnan

import numpy as np

from market.auction import hold
from market.clearing import AuctionRules, ClearingResult
from market.orders import OrderBook
from market.pairs import side_by_side
from market.storage_service.claims import Awards
from market.storage_service.rules import ServiceRules
from market.units import FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class ServiceBook:
    """Bids of plants and asks of stations for charging in one interval.

    Attributes
    ----------
    plants, pools : array of int, shape (n,), (P,)
        Units of the orders, in either block.
    bid_price, ask_price : array
        Currency/MWh charged.
    bid_wh, ask_wh : array of int
        Wh charged; zero means no order.
    """

    plants: IntArray
    bid_price: FloatArray
    bid_wh: IntArray
    pools: IntArray
    ask_price: FloatArray
    ask_wh: IntArray


@dataclass(frozen=True, slots=True)
class ServiceDay:
    """Bids and asks for the intervals of a day, or for what is left of it.

    Attributes
    ----------
    plants, pools : array of int, shape (n,), (P,)
        Units.
    bid_price, ask_price : array, shape (n,) or (m, n), (P,) or (m, P)
        Currency/MWh charged; one row where prices stay the same all day.
    bid_wh : array of int, shape (m, n)
        Wh charged.
    power_wh : array of int, shape (m, P)
        What each pool can still charge in each interval, Wh.
    room_wh : array of int, shape (P,)
        What each pool takes over all intervals, Wh charged.
    """

    plants: IntArray
    bid_price: FloatArray
    bid_wh: IntArray
    pools: IntArray
    ask_price: FloatArray
    power_wh: IntArray
    room_wh: IntArray


def hold_service(
    rules: ServiceRules,
    book: ServiceBook,
    owner_of: IntArray,
    rng: np.random.Generator | None = None,
) -> Awards:
    """Clear the service auction of one interval and return who stores how much where.

    The price is at least 0 and at most the ceiling. Mechanisms that make pairs say who stores
    with whom; otherwise accepted orders are laid side by side, the highest bid beside the lowest
    ask. Each plant pays and each station receives what the mechanism says of its order.

    Parameters
    ----------
    rules : ServiceRules
    book : ServiceBook
    owner_of : array of int, shape (U,)
        Owner of each unit: for mechanisms that look at all orders of an owner.
    rng : numpy Generator, optional
        For mechanisms and tie-breaks that draw.

    Examples
    --------
    Plants 0 and 1 want 5 MWh each, pool 2 has room for 6 MWh.

    >>> from market.mechanisms.uniform import Uniform
    >>> book = ServiceBook(
    ...     np.array([0, 1]), np.array([250.0, 200.0]), np.array([5, 5]),
    ...     np.array([2]), np.array([90.0]), np.array([6]),
    ... )
    >>> awards = hold_service(ServiceRules(mechanism=Uniform()), book, np.arange(3))
    >>> awards.plant, awards.pool, awards.wh, awards.buy_price
    (array([0, 1]), array([2, 2]), array([5, 1]), array([200., 200.]))
    """
    bids, asks = book.bid_wh.nonzero()[0], book.ask_wh.nonzero()[0]
    if not bids.size or not asks.size:
        return Awards.none()
    plants, pools = book.plants[bids], book.pools[asks]
    orders = OrderBook(
        book.ask_price[asks],
        book.ask_wh[asks],
        book.bid_price[bids],
        book.bid_wh[bids],
        ask_owner=owner_of[pools],
        bid_owner=owner_of[plants],
    )
    limits = AuctionRules(0.0, rules.ceiling, rules.tie_break)
    ask, bid, wh, buy, sell = _pairs(orders, hold(rules.mechanism, orders, limits, rng))
    return Awards(plants[bid], pools[ask], wh, buy, sell)


def hold_day(
    rules: ServiceRules,
    day: ServiceDay,
    owner_of: IntArray,
    rng: np.random.Generator | None = None,
) -> dict[int, Awards]:
    """Hold the auctions of a day one after another and return the awards of each row with any.

    A pool asks for what it can charge in the interval, as far as it has room after the awards of
    the intervals before.

    Examples
    --------
    Two intervals of 4 MWh each; the pool has room for 6.

    >>> from market.mechanisms.uniform import Uniform
    >>> day = ServiceDay(
    ...     np.array([0]), np.array([250.0]), np.array([[4], [4]]),
    ...     np.array([1]), np.array([90.0]), np.array([[4], [4]]), np.array([6]),
    ... )
    >>> awards = hold_day(ServiceRules(mechanism=Uniform()), day, np.arange(2))
    >>> awards[0].wh, awards[1].wh
    (array([4]), array([2]))
    """
    bid_price = np.broadcast_to(day.bid_price, day.bid_wh.shape)
    ask_price = np.broadcast_to(day.ask_price, day.power_wh.shape)
    room, found = day.room_wh.copy(), {}
    wanted = np.logical_and(day.bid_wh.any(axis=1), day.power_wh.any(axis=1))
    for row in np.flatnonzero(wanted).tolist():
        ask_wh = np.minimum(day.power_wh[row], room)
        book = ServiceBook(
            day.plants, bid_price[row], day.bid_wh[row], day.pools, ask_price[row], ask_wh
        )
        awards = hold_service(rules, book, owner_of, rng)
        if awards.wh.size:
            found[row] = awards
            room -= _awarded(awards, day.pools, owner_of.size)
    return found


def _awarded(awards: Awards, pools: IntArray, units: int) -> IntArray:
    """Return what each pool was awarded, Wh."""
    sums = np.zeros(units, np.int64)
    np.add.at(sums, awards.pool, awards.wh)
    return sums[pools]


Priced = tuple[IntArray, IntArray, IntArray, FloatArray, FloatArray]


def _pairs(book: OrderBook, result: ClearingResult) -> Priced:
    """Return offer, bid, quantity, buyer's and seller's price of each pair."""
    if result.trades is None:
        asks = _queue(book.ask_price, result.ask_fill)
        bids = _queue(-book.bid_price, result.bid_fill)
        ask, bid, wh = side_by_side(asks, result.ask_fill[asks], bids, result.bid_fill[bids])
        buy = _of_orders(result.bid_pay, result.buy_price, bid)
        return ask, bid, wh, buy, _of_orders(result.ask_pay, result.sell_price, ask)
    ask, bid, wh, price = result.trades
    if isnan(result.buy_price):
        return ask, bid, wh, price, price
    # Prices for all: where the two sides differ, the operator keeps the difference.
    return ask, bid, wh, np.full(wh.size, result.buy_price), np.full(wh.size, result.sell_price)


def _queue(rank: FloatArray, fill: IntArray) -> IntArray:
    """Return the accepted rows, best first."""
    rows = fill.nonzero()[0]
    return rows[rank[rows].argsort(kind="stable")]


def _of_orders(own: FloatArray | None, common: float, rows: IntArray) -> FloatArray:
    """Return the price of each of `rows`: its own, or the one for all."""
    return np.full(rows.size, common) if own is None else own[rows]
