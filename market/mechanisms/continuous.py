"""The continuous double auction: orders trade as they arrive."""

from dataclasses import dataclass, replace
from typing import ClassVar, NamedTuple

import numpy as np

from market import compiled_matching
from market.clearing import AuctionRules, ClearingResult, Trades, at_own_prices, mechanisms
from market.crossing import cross
from market.limit_book import LimitOrderBook
from market.mechanisms.uniform import Uniform
from market.orders import OrderBook, turns
from market.pairs import joined, paired, side_by_side
from market.units import BoolArray, FloatArray, IntArray

# Loading machine code takes as long as matching some 200,000 orders without it, but only once.
COMPILED_FROM = 50_000
MOST_STEPS = 60


@mechanisms.register("continuous")
@dataclass(frozen=True, slots=True)
class Continuous:
    """Continuous double auction: orders match as they arrive, at the price of the one that waited.

    An order that arrives trades with the best standing order of the other side, equal prices first
    come first served, at the standing order's price within floor and cap, for as long as the limits
    meet; the rest waits. Each order pays or receives the mean of its trades.

    Parameters
    ----------
    closing_share : float
        The last share of the orders (in a run: of the time the gate is open) is gathered and meets
        all that still waits in one call auction at the middle of its clearing prices; 0: none.
    steps : int
        In a run: how often the book is shown while the gate is open, so that traders may revise.

    References
    ----------
    Smith (1962), Journal of Political Economy 70, 111-137; Friedman (1993), "The double auction
    market institution: a survey", in Friedman and Rust (eds), The Double Auction Market, 3-25.

    Examples
    --------
    Offers of 4 Wh at 10 and at 20 wait; a bid of 6 Wh at 30 takes the first, then half the second.

    >>> book = OrderBook(np.array([20.0, 10.0]), np.array([4, 4]), np.array([30.0]), np.array([6]))
    >>> result = Continuous().clear(book, AuctionRules())
    >>> result.ask_fill, result.ask_pay, result.bid_pay.round(2)
    (array([2, 4]), array([20., 10.]), array([13.33]))
    >>> Continuous(closing_share=1).clear(book, AuctionRules()).bid_pay
    array([20.])
    """

    draws: ClassVar[bool] = False
    conditions: ClassVar[frozenset[str]] = frozenset({"minimum"})
    closing_share: float = 0.0
    steps: int = 6

    def __post_init__(self) -> None:
        share, steps = self.closing_share, self.steps
        if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= 1:
            raise ValueError(f"closing_share must be a number from 0 to 1, not {share!r}")
        whole = isinstance(steps, int) and not isinstance(steps, bool)
        if not whole or not 1 <= steps <= MOST_STEPS:
            raise ValueError(f"steps must be a whole number from 1 to {MOST_STEPS}, not {steps!r}")

    def clear(
        self, book: OrderBook, rules: AuctionRules, rng: np.random.Generator | None = None
    ) -> ClearingResult:
        """Return the trades in the order of arrival, and each order's mean price."""
        queue = _in_turn(book, rules)
        last = queue.row.size - round(self.closing_share * queue.row.size)
        rest, trades = _matched(book, queue, last, rules)
        found = [trades]
        if self.closing_share:
            found.append(call_auction(Uniform().clear(rest, rules, rng)))
        return outcome(book, rules, joined(*found))


class Queue(NamedTuple):
    """Orders that may trade, in the order of arrival: row in its side's block and columns."""

    row: IntArray
    is_bid: BoolArray
    price: FloatArray
    quantity: IntArray
    minimum: IntArray | None


def _in_turn(book: OrderBook, rules: AuctionRules) -> Queue:
    """Return the orders that have a quantity and a legal price as they arrive."""
    asks = ((book.ask_quantity > 0) & (book.ask_price <= rules.price_cap)).nonzero()[0]
    bids = ((book.bid_quantity > 0) & (book.bid_price >= rules.price_floor)).nonzero()[0]
    ask_turn, bid_turn = turns(book)
    order = np.concatenate((ask_turn[asks], bid_turn[bids])).argsort(kind="stable")
    is_bid = np.zeros(order.size, bool)
    is_bid[asks.size :] = True
    return Queue(
        np.concatenate((asks, bids))[order],
        is_bid[order],
        np.concatenate((book.ask_price[asks], book.bid_price[bids]))[order],
        np.concatenate((book.ask_quantity[asks], book.bid_quantity[bids]))[order],
        _minima(book, asks, bids, order),
    )


def _minima(book: OrderBook, asks: IntArray, bids: IntArray, order: IntArray) -> IntArray | None:
    """Return the least quantities in the order of arrival; None where nobody asks for one."""
    parts = [
        np.zeros(rows.size, np.int64) if least is None else least[rows]
        for rows, least in ((asks, book.ask_minimum), (bids, book.bid_minimum))
    ]
    least = np.concatenate(parts)[order]
    return least if least.any() else None


def _matched(
    book: OrderBook, queue: Queue, last: int, rules: AuctionRules
) -> tuple[OrderBook, Trades]:
    """Match the first `last` orders; return what waits, later orders included, and the trades."""
    if queue.minimum is None and last >= COMPILED_FROM and compiled_matching.available():
        left, arrived, waited, part, paid = _by_machine(queue, last, rules)
    else:
        left, arrived, waited, part, paid = _one_by_one(queue, last, rules)
    buyer = queue.is_bid[arrived]
    ask = queue.row[np.where(buyer, waited, arrived)]
    bid = queue.row[np.where(buyer, arrived, waited)]
    still = queue.quantity.copy()
    still[:last] = left
    if queue.minimum is not None:
        still[last:][queue.minimum[last:] > 0] = 0  # a call auction knows no such condition
    ask_left, bid_left = np.zeros_like(book.ask_quantity), np.zeros_like(book.bid_quantity)
    ask_left[queue.row[~queue.is_bid]] = still[~queue.is_bid]
    bid_left[queue.row[queue.is_bid]] = still[queue.is_bid]
    # Who asks for a minimum and still waits has had it.
    left_over = replace(book, ask_quantity=ask_left, bid_quantity=bid_left)
    rest = replace(left_over, ask_minimum=None, bid_minimum=None)
    return rest, Trades(ask, bid, part, paid)


def _by_machine(queue: Queue, last: int, rules: AuctionRules) -> compiled_matching.Matched:
    columns = queue.is_bid[:last], queue.price[:last], queue.quantity[:last]
    return compiled_matching.compiled()(*columns, rules.price_floor, rules.price_cap)


def _one_by_one(queue: Queue, last: int, rules: AuctionRules) -> compiled_matching.Matched:
    book = LimitOrderBook(rules.price_floor, rules.price_cap)
    submit = book.submit
    columns = (queue.is_bid, queue.price, queue.quantity)
    lists = [column[:last].tolist() for column in columns]
    if queue.minimum is None:
        for side, price, quantity in zip(*lists, strict=True):
            submit(side, price, quantity)
    else:
        for side, price, quantity, least in zip(*lists, queue.minimum[:last].tolist(), strict=True):
            submit(side, price, quantity, least)
    return np.array(book.left, np.int64), *trade_columns(book)


def trade_columns(book: LimitOrderBook) -> tuple[IntArray, IntArray, IntArray, FloatArray]:
    """Return the trades of a book as columns: order that arrived, that waited, quantity, price."""
    columns = zip(*book.trades, strict=True) if book.trades else ((), (), (), ())
    arrived, waited, part, paid = columns
    return (
        np.array(arrived, np.int64),
        np.array(waited, np.int64),
        np.array(part, np.int64),
        np.array(paid, np.float64),
    )


def call_auction(result: ClearingResult) -> Trades:
    """Return who trades with whom in an auction at one price: both sides side by side."""
    asks, bids = result.ask_fill.nonzero()[0], result.bid_fill.nonzero()[0]
    pairs = side_by_side(asks, result.ask_fill[asks], bids, result.bid_fill[bids])
    return Trades(*pairs, np.full(pairs[0].size, result.price))


def outcome(book: OrderBook, rules: AuctionRules, trades: Trades) -> ClearingResult:
    """Return fills and mean prices of all trades, and the clearing prices of the whole book."""
    # Fills do not matter here, so ties need no draw.
    found = cross(book, replace(rules, tie_break="time"))
    return at_own_prices((found.low, found.high), *paired(book, rules, trades), trades)
