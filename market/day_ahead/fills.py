"""What each order of a day trades once the blocks are chosen: whole quanta that balance."""

from typing import NamedTuple

import numpy as np

from market.clearing import AuctionRules
from market.crossing import cross
from market.day_ahead.blocks import CheckedBlocks
from market.day_ahead.book import JointBook, Scale, with_blocks
from market.day_ahead.selection import Selection
from market.orders import OrderBook
from market.units import BoolArray, FloatArray, IntArray

NEAR = 1e-7  # of the price range: prices this close count as equal


class DayFills(NamedTuple):
    """Accepted quantities of a day, and the clearing prices they leave.

    Attributes
    ----------
    block : array of int, shape (intervals, n)
        What each block trades; negative sells.
    ask, bid : list of array of int
        Fills of the divisible orders, a pair for each interval.
    volume : array of int
        What is traded in each interval, blocks included.
    low, high : array
        Ends of the sets of clearing prices; NaN where nobody ordered.
    """

    block: IntArray
    ask: list[IntArray]
    bid: list[IntArray]
    volume: IntArray
    low: FloatArray
    high: FloatArray


def day_fills(
    joint: JointBook,
    chosen: Selection,
    rules: AuctionRules,
    scale: Scale,
    rng: np.random.Generator | None,
) -> DayFills | None:
    """Return the fills with the chosen blocks; None where some interval cannot balance.

    Blocks accepted in full trade all they have. One that is cut short trades its ratio in
    whole quanta, a quantum more or less where an interval needs it to balance.
    """
    traded = _whole(joint, chosen, scale, rules)
    n = len(joint.books)
    day = DayFills(traded, [], [], np.empty(n, np.int64), np.empty(n), np.empty(n))
    for at, book in enumerate(joint.books):
        sold, bought = -traded[at][traded[at] < 0].sum(), traded[at][traded[at] > 0].sum()
        found = cross(with_blocks(book, sold, bought, scale), rules, rng)
        if (found.ask_fill[-1], found.bid_fill[-1]) != (sold, bought):
            return None
        day.ask.append(found.ask_fill[:-1])
        day.bid.append(found.bid_fill[:-1])
        day.volume[at] = found.volume
        day.low[at], day.high[at] = np.clip((found.low, found.high), scale.floor, scale.cap)
    return day


def _whole(joint: JointBook, chosen: Selection, scale: Scale, rules: AuctionRules) -> IntArray:
    """Return what each block trades in whole quanta."""
    blocks = joint.blocks
    size = np.abs(blocks.quantity)
    cut = (chosen.ratio > 0) & (chosen.ratio < 1)
    traded: IntArray = size * (chosen.ratio == 1)
    share = np.rint(chosen.ratio[cut] * size[:, cut]).astype(np.int64)
    traded[:, cut] = np.clip(share, blocks.least()[:, cut], size[:, cut])
    traded *= np.sign(blocks.quantity)
    if cut.any():
        for at, book in enumerate(joint.books):
            wanted = _missing(book, int(traded[at].sum()), chosen.price[at], scale, rules)
            _shift(traded[at], wanted, blocks, at, cut)
    return traded


def _missing(book: OrderBook, blocks: int, price: float, scale: Scale, rules: AuctionRules) -> int:
    """Return how much more blocks must buy (negative: sell) for the interval to balance.

    At the price, better orders trade in full and those at the price any part.
    """
    ask, bid = (
        np.clip(column, scale.floor, scale.cap) for column in (book.ask_price, book.bid_price)
    )
    asked = book.ask_quantity * (book.ask_price <= rules.price_cap)
    wanted = book.bid_quantity * (book.bid_price >= rules.price_floor)
    near = NEAR * scale.span
    sure = int(wanted[bid > price + near].sum() - asked[ask < price - near].sum()) + blocks
    up = int(asked[np.abs(ask - price) <= near].sum())
    down = int(wanted[np.abs(bid - price) <= near].sum())
    return min(max(0, -sure - down), -sure + up)


def _shift(traded: IntArray, wanted: int, blocks: CheckedBlocks, at: int, cut: BoolArray) -> None:
    """Let blocks that are cut short buy `wanted` more in an interval, as far as they may."""
    ends = np.sort([blocks.quantity[at], np.sign(blocks.quantity[at]) * blocks.least()[at]], axis=0)
    for block in np.flatnonzero(cut):
        moved = min(max(traded[block] + wanted, ends[0, block]), ends[1, block])
        wanted -= moved - traded[block]
        traded[block] = moved
