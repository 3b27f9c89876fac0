"""The day-ahead auction: all intervals of a day at once, with block orders.

The rules are those of the European day-ahead auction: one price in each interval; the largest
gains from trade among the outcomes in which no accepted order loses. A block in the money may
stay out, *paradoxically rejected*; one out of the money never gets in. Exact, not a heuristic.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from market.clear import mwh
from market.clearing import AuctionRules
from market.day_ahead.blocks import BlockOrders
from market.day_ahead.book import JointBook, Scale, joint_book, scale_of, steps_of, tradable
from market.day_ahead.fills import NEAR, DayFills, day_fills
from market.day_ahead.outcome import BlockStatus, block_status, check_day
from market.day_ahead.prices import block_surplus, narrowed, supporting_prices
from market.day_ahead.selection import Selection, Selector
from market.errors import ConservationError, InputError
from market.mechanisms.uniform import check_k
from market.orders import OrderBook
from market.units import FloatArray, IntArray

ATTEMPTS = 100


@dataclass(frozen=True, slots=True)
class DayAheadResult:
    """What a day-ahead auction decided; quantities in units of the books' quantum.

    Attributes
    ----------
    price : array, shape (intervals,)
        Currency/MWh; NaN where nothing trades.
    price_low, price_high : array
        Ends of the sets of prices that suit the accepted orders of one interval; NaN where
        nobody ordered.
    volume : array of int
        What is traded in each interval, blocks included.
    ask_fill, bid_fill : tuple of array of int
        Accepted quantity of each order, aligned with the books.
    block_fill : array of int, shape (intervals, n)
        What each block trades; negative sells.
    block_ratio : array, shape (n,)
        Accepted ratio of each block.
    block_surplus : array
        What each block gains at the prices, in currency.
    block_missed : array
        What each rejected block would gain in full at these prices, if anything.
    block_status : tuple of str
        ``accepted``, ``rejected`` or ``paradoxically rejected``: rejected although it, with the
        best of its children, would gain and neither parent nor group stands in the way.
    welfare : float
        Gains from trade, currency.
    """

    price: FloatArray
    price_low: FloatArray
    price_high: FloatArray
    volume: IntArray
    ask_fill: tuple[IntArray, ...]
    bid_fill: tuple[IntArray, ...]
    block_fill: IntArray
    block_ratio: FloatArray
    block_surplus: FloatArray
    block_missed: FloatArray
    block_status: tuple[BlockStatus, ...]
    welfare: float


def clear_day_ahead(
    books: Sequence[OrderBook],
    blocks: BlockOrders | None = None,
    rules: AuctionRules | None = None,
    k: float = 0.5,
    rng: np.random.Generator | None = None,
) -> DayAheadResult:
    """Clear the books of several intervals together with block orders over them.

    Parameters
    ----------
    books : sequence of OrderBook
        One for each interval, all in one quantum. An order with a minimum counts as a block of
        one interval.
    blocks : BlockOrders, optional
    rules : AuctionRules, optional
        Floor, cap and tie-break of the divisible orders. Prices are sought between floor and
        cap, else between the lowest and the highest price of all orders.
    k : float
        Wanted place of each price between the ends of its set.
    rng : Generator, optional
        For random ties only.

    Raises
    ------
    InputError
        Lists what is wrong with the blocks.

    References
    ----------
    Madani and Van Vyve (2015), European Journal of Operational Research 242, 580-593;
    EUPHEMIA public description, "Single price coupling algorithm" (NEMO Committee).

    Examples
    --------
    A bid of 10 at 50, and sellers of 12 and of 10, all or nothing: the second fits.

    >>> book = OrderBook(np.array([]), np.array([], int), np.array([50.0]), np.array([10]), 1.0)
    >>> pair = BlockOrders(np.array([10.0, 30.0]), np.array([[-12, -10]]))
    >>> day = clear_day_ahead([book], pair)
    >>> day.price, day.block_status, day.welfare
    (array([40.]), ('paradoxically rejected', 'accepted'), 200.0)
    """
    if not books:
        raise InputError("a day-ahead auction needs the book of at least one interval.")
    check_k(k)
    rules = rules or AuctionRules()
    joint = joint_book(books, blocks)
    scale = scale_of(steps_of(joint, rules), joint.blocks, rules)
    selector = Selector(joint, rules, scale)
    for _ in range(ATTEMPTS):
        chosen = selector.choose()
        found = _priced(joint, chosen, rules, k, scale, rng)
        if found is not None:
            return _result(books, joint, chosen, *found, rules, scale)
        # Supported within the solver's tolerance, but not in whole quanta.
        selector.exclude(chosen.taken)
    raise ConservationError(f"no prices were found for any of {ATTEMPTS} sets of blocks")


Priced = tuple[DayFills, FloatArray, tuple[FloatArray, FloatArray]]


def _priced(
    joint: JointBook,
    chosen: Selection,
    rules: AuctionRules,
    k: float,
    scale: Scale,
    rng: np.random.Generator | None,
) -> Priced | None:
    """Return fills, prices and the ends of their sets for the chosen blocks, if there are any."""
    fills = day_fills(joint, chosen, rules, scale, rng)
    if fills is None:
        return None
    blocks, limit = joint.blocks, scale.limit(joint.blocks)
    low = np.where(np.isnan(fills.low), scale.floor, fills.low)
    high = np.where(np.isnan(fills.high), scale.cap, fills.high)
    ends = narrowed(low, high, blocks, chosen.ratio, limit)
    price = supporting_prices(ends, k, blocks, chosen.ratio, limit, scale)
    return None if price is None else (fills, price, ends)


def _result(
    books: Sequence[OrderBook],
    joint: JointBook,
    chosen: Selection,
    fills: DayFills,
    price: FloatArray,
    ends: tuple[FloatArray, FloatArray],
    rules: AuctionRules,
    scale: Scale,
) -> DayAheadResult:
    """Return the checked outcome in the shape of the books as they were given."""
    check_day(joint, fills, price, chosen.ratio, scale)
    blocks, n = joint.blocks, joint.given
    asks, bids = _with_minimums(books, joint, fills)
    full = block_surplus(blocks, blocks.price, price)
    rounding = NEAR * scale.span * np.abs(blocks.quantity).sum(axis=0)
    allowed = np.where(tradable(blocks, rules), full, -np.inf)
    status = block_status(blocks, chosen.ratio, allowed, rounding)
    rejected = chosen.ratio[:n] == 0
    return DayAheadResult(
        price=np.where(fills.volume > 0, price, np.nan),
        price_low=np.where(np.isnan(fills.low), np.nan, ends[0]),
        price_high=np.where(np.isnan(fills.high), np.nan, ends[1]),
        volume=fills.volume,
        ask_fill=asks,
        bid_fill=bids,
        block_fill=fills.block[:, :n],
        block_ratio=chosen.ratio[:n],
        block_surplus=mwh(books[0], np.where(rejected, 0.0, full[:n] * chosen.ratio[:n])),
        block_missed=mwh(books[0], np.where(rejected, np.maximum(full[:n], 0.0), 0.0)),
        block_status=status[:n],
        welfare=mwh(books[0], _welfare(joint, fills)),
    )


def _with_minimums(
    books: Sequence[OrderBook], joint: JointBook, fills: DayFills
) -> tuple[tuple[IntArray, ...], tuple[IntArray, ...]]:
    """Return the fills of all orders of the books, those with a minimum included."""
    of_interval = []
    for at, book in enumerate(books):
        column = np.concatenate((fills.ask[at], fills.bid[at]))
        own = np.flatnonzero(joint.interval == at)
        column[joint.row[own]] = np.abs(fills.block[at, joint.given + own])
        of_interval.append(np.split(column, [book.ask_price.size]))
    asks, bids = zip(*of_interval, strict=True)
    return asks, bids


def _welfare(joint: JointBook, fills: DayFills) -> float:
    """Return the value of what is bought less the cost of what is sold, in price times quanta."""
    value = np.add.reduce(fills.block.sum(axis=0) * joint.blocks.price)
    for book, ask, bid in zip(joint.books, fills.ask, fills.bid, strict=True):
        value += np.add.reduce(bid[bid > 0] * book.bid_price[bid > 0])
        value -= np.add.reduce(ask[ask > 0] * book.ask_price[ask > 0])
    return float(value)
