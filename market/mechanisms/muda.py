"""MUDA: two random halves of the traders, each trading at a price of the other."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from math import isnan
from typing import Literal, NamedTuple, get_args

import numpy as np

from market.clearing import NAN, AuctionRules, ClearingResult, at_own_prices, mechanisms
from market.crossing import cross, ration
from market.mechanisms.uniform import check_k, k_point
from market.mechanisms.vcg import displaced, number_owners, paid, total_by_owner
from market.orders import OrderBook, owners, part
from market.units import FloatArray, IntArray

Variant = Literal["lottery", "vickrey"]

IN_ORDER = AuctionRules(tie_break="time")


class Lots(NamedTuple):
    """The random part: for each owner the half, 0 or 1, and the place in the queue."""

    half: IntArray
    turn: IntArray


class Side(NamedTuple):
    """What one side of a half trades: the quantity of each order and its fee, currency/MWh."""

    fill: IntArray
    fee: FloatArray


LongSide = Callable[[IntArray, FloatArray, IntArray, int], Side]
"""Who trades on the long side: from quantity, gain per unit and owner of its orders, and volume."""


@mechanisms.register("muda")
@dataclass(frozen=True, slots=True)
class Muda:
    """MUDA: owners are split at random into two halves, each trades at the other's price.

    A fair coin puts every owner into one half. The price of a half is a clearing price of the
    *other* half's orders, so nobody can move the price that concerns him. In each half bids at
    or above that price meet offers at or below it. The short side trades in full; on the long
    side either owners trade in random order until the short side is exhausted (``lottery``;
    the operator keeps nothing), or the best-priced orders trade, and each owner pays a fee of
    what the others of his side and half lose by him (``vickrey``; the fees are the operator's).
    A half with legal orders of one side only names no price, and the other half does not trade.

    Parameters
    ----------
    variant : str
        ``lottery`` or ``vickrey``: who trades on the long side.
    k : float
        Position of a half's price between the ends of its set of clearing prices.

    References
    ----------
    Segal-Halevi, Hassidim and Aumann (2018), MUDA: A Truthful Multi-Unit Double-Auction
    Mechanism, AAAI Conference on Artificial Intelligence 32.

    Examples
    --------
    Four sellers of 1 Wh at 10, four buyers at 30. The coins make a half with one seller more,
    which names 10, and one with one buyer more, which names 30; so one pair is lost.

    >>> from market.streams import stream
    >>> book = OrderBook(*[np.full(4, x) for x in (10.0, 1, 30.0, 1)])
    >>> result = Muda().clear(book, AuctionRules(), stream(10, "coins"))
    >>> result.volume, result.ask_fill, result.ask_pay
    (3, array([0, 1, 1, 1]), array([10., 10., 30., 30.]))
    """

    variant: Variant = "lottery"
    k: float = 0.5

    def __post_init__(self) -> None:
        check_k(self.k)
        if self.variant not in get_args(Variant):
            known = ", ".join(get_args(Variant))
            raise ValueError(f"variant must be one of {known}, not {self.variant!r}")

    def clear(
        self, book: OrderBook, rules: AuctionRules, rng: np.random.Generator | None = None
    ) -> ClearingResult:
        """Return the accepted quantities and each order's price."""
        if rng is None:
            raise ValueError("the random halves need a random generator")
        asks, bids = book.ask_quantity > 0, book.bid_quantity > 0
        sellers, buyers, count = number_owners(book, np.flatnonzero(asks), np.flatnonzero(bids))
        live = replace(part(book, asks, bids), ask_owner=sellers, bid_owner=buyers)
        ask_fill, bid_fill = np.zeros_like(book.ask_quantity), np.zeros_like(book.bid_quantity)
        ask_pay, bid_pay = book.ask_price.copy(), book.bid_price.copy()
        traded = self.trade(live, draw_lots(count, rng), rules, rng)
        ask_fill[asks], bid_fill[bids], ask_pay[asks], bid_pay[bids] = traded
        ends = cross(live, replace(rules, tie_break="time"))
        return at_own_prices((ends.low, ends.high), (ask_fill, bid_fill), (ask_pay, bid_pay))

    def trade(
        self, book: OrderBook, lots: Lots, rules: AuctionRules, rng: np.random.Generator
    ) -> tuple[IntArray, IntArray, FloatArray, FloatArray]:
        """Return fills, then prices, of offers and bids where the lots are drawn.

        The book names its owners by whole numbers from 0 and has no empty rows.
        """
        sellers, buyers = owners(book)
        ask_fill, bid_fill = np.zeros_like(book.ask_quantity), np.zeros_like(book.bid_quantity)
        ask_pay, bid_pay = book.ask_price.copy(), book.bid_price.copy()
        rows = [(lots.half[sellers] == half, lots.half[buyers] == half) for half in (0, 1)]
        halves = [part(book, *chosen) for chosen in rows]
        prices = [price_of(half, rules, self.k) for half in halves]
        long_side = self._long_side(lots, rules, rng)
        for (asks, bids), half, price in zip(rows, halves, reversed(prices), strict=True):
            if isnan(price):
                continue
            sells, buys = trade_at(half, price, long_side)
            ask_fill[asks], bid_fill[bids] = sells.fill, buys.fill
            less, more = price - sells.fee, price + buys.fee
            ask_pay[asks] = paid(half.ask_price, sells.fill, less, rules, np.maximum)
            bid_pay[bids] = paid(half.bid_price, buys.fill, more, rules, np.minimum)
        return ask_fill, bid_fill, ask_pay, bid_pay

    def _long_side(self, lots: Lots, rules: AuctionRules, rng: np.random.Generator) -> LongSide:
        if self.variant == "lottery":
            return partial(by_lot, turn=lots.turn)
        return partial(by_price, count=lots.turn.size, rules=rules, rng=rng)


def draw_lots(count: int, rng: np.random.Generator) -> Lots:
    """Return a fair coin and a random place for each of `count` owners.

    >>> from market.streams import stream
    >>> draw_lots(4, stream(1, "coins"))
    Lots(half=array([1, 0, 1, 0]), turn=array([2, 3, 1, 0]))
    """
    return Lots(rng.integers(0, 2, count), rng.permutation(count))


def price_of(half: OrderBook, rules: AuctionRules, k: float) -> float:
    """Return the price that a half names; NaN if its legal orders are of one side only.

    >>> one = np.array([1])
    >>> half = OrderBook(np.array([10.0]), one, np.array([30.0]), one)
    >>> price_of(half, AuctionRules(), 0.5), price_of(half, AuctionRules(price_cap=5.0), 0.5)
    (20.0, nan)
    """
    offered = (half.ask_price <= rules.price_cap).any()
    wanted = (half.bid_price >= rules.price_floor).any()
    if not offered or not wanted:
        return NAN
    found = cross(half, replace(rules, tie_break="time"))
    return k_point(found.low, found.high, k)


def trade_at(book: OrderBook, price: float, long_side: LongSide) -> tuple[Side, Side]:
    """Return what sellers and buyers trade at a given price; an order at the price takes part.

    Two offers of 1 Wh for one bid: the better one sells and pays what the other would gain.

    >>> book = OrderBook(np.array([10.0, 40.0]), np.array([1, 1]), np.array([90.0]), np.array([1]))
    >>> trade_at(book, 50.0, partial(by_price, count=3, rules=AuctionRules(), rng=None))
    (Side(fill=array([1, 0]), fee=array([10.,  0.])), Side(fill=array([1]), fee=array([0.])))
    """
    sellers, buyers = owners(book)
    offered = book.ask_quantity * (book.ask_price <= price)
    wanted = book.bid_quantity * (book.bid_price >= price)
    supply, demand = int(np.add.reduce(offered)), int(np.add.reduce(wanted))
    volume = min(supply, demand)
    sells, buys = Side(offered, np.zeros(offered.size)), Side(wanted, np.zeros(wanted.size))
    if supply > volume:
        sells = long_side(offered, price - book.ask_price, sellers, volume)
    if demand > volume:
        buys = long_side(wanted, book.bid_price - price, buyers, volume)
    return sells, buys


def by_lot(
    quantity: IntArray, gain: FloatArray, owner: IntArray, volume: int, turn: IntArray
) -> Side:
    """Let owners trade in random turn, each his best orders first; nobody pays a fee.

    >>> by_lot(np.array([3, 3]), np.array([5.0, 1.0]), np.array([0, 1]), 4, turn=np.array([1, 0]))
    Side(fill=array([1, 3]), fee=array([0., 0.]))
    """
    rows = np.lexsort((-gain, turn[owner]))
    fill = np.empty_like(quantity)
    fill[rows] = ration(quantity[rows], volume, IN_ORDER, None)
    return Side(fill, np.zeros(quantity.size))


def by_price(
    quantity: IntArray,
    gain: FloatArray,
    owner: IntArray,
    volume: int,
    count: int,
    rules: AuctionRules,
    rng: np.random.Generator | None,
) -> Side:
    """Let the best orders trade; each owner's fee is what the next ones of the others would gain.

    He pays it in equal parts on all he trades. That leaves no order worse off: each unit that
    he displaces would gain no more than any unit of his that trades.
    """
    if not volume:
        return Side(np.zeros_like(quantity), np.zeros(quantity.size))
    rows = (-gain).argsort()
    margin = gain[rows[quantity[rows].cumsum().searchsorted(volume)]]
    fill = quantity * (gain > margin)
    tied = np.flatnonzero((gain == margin) & (quantity > 0))
    fill[tied] = ration(quantity[tied], volume - int(np.add.reduce(fill)), rules, rng)
    traded = total_by_owner(owner, fill, count)
    fee = displaced(-gain, gain, quantity - fill, owner, traded)
    return Side(fill, (fee / np.maximum(traded, 1))[owner])
