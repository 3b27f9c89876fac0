"""The outcome of a day-ahead auction: what became of each block, and whether every rule is kept.

The fills come from a solver that works with floating-point numbers, so each of them is checked
against the rules in whole quanta before anybody sees it.
"""

from typing import Literal

import numpy as np

from market.day_ahead.blocks import NONE, CheckedBlocks, subtree_sums
from market.day_ahead.book import JointBook, Scale
from market.day_ahead.fills import NEAR, DayFills
from market.day_ahead.prices import block_surplus
from market.day_ahead.selection import FULL
from market.errors import ConservationError
from market.orders import OrderBook
from market.units import FloatArray

BlockStatus = Literal["accepted", "rejected", "paradoxically rejected"]


def block_status(
    blocks: CheckedBlocks, ratio: FloatArray, gain: FloatArray, worth: FloatArray
) -> tuple[BlockStatus, ...]:
    """Return what became of each block.

    Parameters
    ----------
    ratio : array, shape (n,)
        Accepted ratios.
    gain : array
        What each block would gain in full at the prices; minus infinity if it has no legal price.
    worth : array
        Gains up to this much are rounding.
    """
    best = _with_best_children(blocks, gain)
    used = [float(ratio[blocks.group == group].sum()) for group in blocks.group]
    needed = np.maximum(blocks.minimum_ratio, FULL)
    room = (blocks.group == NONE) | (np.array(used) + needed <= 1 + FULL)
    passed_over = (ratio == 0) & (best > worth) & room
    found: list[BlockStatus] = ["rejected"] * ratio.size
    for block in _parents_first(blocks):
        above = int(blocks.parent[block])
        if ratio[block] > 0:
            found[block] = "accepted"
        elif passed_over[block] and (above == NONE or found[above] != "rejected"):
            found[block] = "paradoxically rejected"
    return tuple(found)


def _parents_first(blocks: CheckedBlocks) -> list[int]:
    """Return the blocks in an order in which none comes before its parent."""
    depth = [0] * blocks.price.size
    for block in range(len(depth)):
        above = int(blocks.parent[block])
        while above != NONE:
            depth[block] += 1
            above = int(blocks.parent[above])
    return sorted(range(len(depth)), key=depth.__getitem__)


def _with_best_children(blocks: CheckedBlocks, gain: FloatArray) -> FloatArray:
    """Return what each block would gain with those of its children that add to it."""
    best = gain.copy()
    for block in reversed(_parents_first(blocks)):
        above = int(blocks.parent[block])
        if above != NONE:
            best[above] += max(best[block], 0.0)
    return best


def check_day(
    joint: JointBook, fills: DayFills, price: FloatArray, ratio: FloatArray, scale: Scale
) -> None:
    """Raise `ConservationError` unless energy balances and all orders are kept.

    Divisible orders: no fill beyond the quantity, none at a price worse than the limit, none cut
    short at a better one. Blocks: within their limits, and no accepted block loses, together
    with the blocks accepted below it.
    """
    for at, book in enumerate(joint.books):
        _check_interval(book, fills, at, float(price[at]), scale)
    _check_blocks(joint.blocks, fills, ratio)
    _check_no_loss(joint.blocks, price, ratio, scale)


def _check_interval(book: OrderBook, fills: DayFills, at: int, price: float, scale: Scale) -> None:
    """Check the balance of one interval and its divisible orders."""
    ask, bid, block = fills.ask[at], fills.bid[at], fills.block[at]
    sold = int(ask.sum()) - int(block[block < 0].sum())
    bought = int(bid.sum()) + int(block[block > 0].sum())
    _demand(sold == bought == fills.volume[at], f"interval {at}: {sold} sold, {bought} bought")
    _demand(
        bool(((ask >= 0) & (ask <= book.ask_quantity)).all())
        and bool(((bid >= 0) & (bid <= book.bid_quantity)).all()),
        f"interval {at}: an order trades more than its quantity",
    )
    loses = (book.ask_price[ask > 0] > price).any() or (book.bid_price[bid > 0] < price).any()
    _demand(not loses, f"interval {at}: an order trades at a price worse than its limit")
    asked, wanted = book.ask_price.clip(scale.floor), book.bid_price.clip(None, scale.cap)
    cut = (asked[ask < book.ask_quantity] < price).any()
    cut = cut or (wanted[bid < book.bid_quantity] > price).any()
    _demand(not cut, f"interval {at}: an order is cut short at a price better than its limit")


def _check_blocks(blocks: CheckedBlocks, fills: DayFills, ratio: FloatArray) -> None:
    """Check that each block trades within its quantities, its parent's ratio and its group."""
    size, traded = np.abs(blocks.quantity), np.abs(fills.block)
    right = (
        (traded <= size) & (traded >= blocks.least() * (ratio > 0)) & (traded <= size * (ratio > 0))
    )
    right &= (fills.block == 0) | (np.sign(fills.block) == np.sign(blocks.quantity))
    for block in np.flatnonzero(~right.all(axis=0)):
        _demand(False, f"block {block} trades more or less than it may")
    child = np.flatnonzero(blocks.parent != NONE)
    for block in child[ratio[child] > ratio[blocks.parent[child]] + FULL]:
        _demand(False, f"block {block} is accepted beyond its parent")
    for group in np.unique(blocks.group[blocks.group != NONE]):
        total = float(ratio[blocks.group == group].sum())
        _demand(total <= 1 + FULL, f"exclusive group {group} is accepted {total} times")


def _check_no_loss(
    blocks: CheckedBlocks, price: FloatArray, ratio: FloatArray, scale: Scale
) -> None:
    """Check that no accepted block loses, what its accepted children leave it included."""
    accepted = ratio > 0
    own = block_surplus(blocks, blocks.price, price) * ratio
    rounding = NEAR * scale.span * np.abs(blocks.quantity).sum(axis=0)
    together = subtree_sums(own, blocks.parent, accepted)
    allowed = subtree_sums(rounding, blocks.parent, accepted)
    for block in np.flatnonzero(accepted & (together < -allowed)):
        _demand(False, f"block {block} is accepted and loses {-together[block]}")


def _demand(kept: bool, text: str) -> None:
    if not kept:
        raise ConservationError(f"day-ahead auction: {text}.")
