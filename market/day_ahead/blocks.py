"""Block orders as columns: one price for a quantity in several intervals at once."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from market.errors import InputError
from market.units import BoolArray, FloatArray, IntArray

NONE = -1
LARGEST_PRICE = 1e12


@dataclass(frozen=True, slots=True)
class BlockOrders:
    """The block orders of one auction over several intervals.

    A block is accepted at one ratio y in all its intervals: y = 0, or `minimum_ratio` <= y <= 1.

    Attributes
    ----------
    price : array, shape (n,)
        Limit of the quantity-weighted average price, currency/MWh.
    quantity : array of int, shape (intervals, n)
        Units of the books' quantum; positive buys, negative sells, one sign in each block.
    minimum_ratio : array, shape (n,), or None
        From 0 to 1; 1, all or nothing, unless given.
    parent : array of int or None
        The block each one hangs on, accepted at no lower ratio than its children; -1: none.
    group : array of int or None
        Exclusive group: ratios of one group add up to 1 at most; -1: none.

    Examples
    --------
    A seller of 10 units in both of two intervals, and one of 5 that needs the first.

    >>> blocks = BlockOrders(
    ...     price=np.array([40.0, 20.0]),
    ...     quantity=np.array([[-10, -5], [-10, 0]]),
    ...     parent=np.array([-1, 0]),
    ... )
    >>> completed(blocks, 2).minimum_ratio
    array([1., 1.])
    """

    price: FloatArray
    quantity: IntArray
    minimum_ratio: FloatArray | None = None
    parent: IntArray | None = None
    group: IntArray | None = None


@dataclass(frozen=True, slots=True)
class CheckedBlocks:
    """Block orders with every column given and every rule kept; columns as in `BlockOrders`."""

    price: FloatArray
    quantity: IntArray
    minimum_ratio: FloatArray
    parent: IntArray
    group: IntArray

    def least(self) -> IntArray:
        """Return the least quantity of each block in each interval, without sign."""
        # The ratio of a whole minimum to a whole quantity may be a last bit too high.
        return np.ceil(np.abs(self.quantity) * self.minimum_ratio * (1 - 1e-12)).astype(np.int64)


def completed(blocks: BlockOrders | None, intervals: int) -> CheckedBlocks:
    """Return the blocks with defaults filled in; `InputError` lists everything wrong with them."""
    if blocks is None:
        blocks = BlockOrders(np.empty(0), np.empty((intervals, 0), np.int64))
    n = np.size(blocks.price)
    found = CheckedBlocks(
        np.asarray(blocks.price, np.float64),
        np.asarray(blocks.quantity),
        np.ones(n) if blocks.minimum_ratio is None else np.asarray(blocks.minimum_ratio, float),
        np.full(n, NONE) if blocks.parent is None else np.asarray(blocks.parent),
        np.full(n, NONE) if blocks.group is None else np.asarray(blocks.group),
    )
    problems = _shape_problems(found, intervals) or [*_block_problems(found)]
    if problems:
        raise InputError(problems)
    return found


def _shape_problems(blocks: CheckedBlocks, intervals: int) -> list[str]:
    """Return the columns that do not fit the blocks and intervals."""
    n = blocks.price.size
    shapes = dict.fromkeys(("price", "minimum_ratio", "parent", "group"), f"({n},)")
    shapes["quantity"] = f"({intervals}, {n})"
    columns = {name: getattr(blocks, name) for name in shapes}
    problems = [
        f"blocks: {name} has shape {columns[name].shape}, not {shape}."
        for name, shape in shapes.items()
        if str(columns[name].shape) != shape
    ]
    return problems + [
        f"blocks: {name} must be whole numbers, not {columns[name].dtype}."
        for name in ("quantity", "parent", "group")
        if columns[name].dtype.kind not in "iu"
    ]


def _block_problems(blocks: CheckedBlocks) -> Iterator[str]:
    """Yield what is wrong with each block."""
    n = blocks.price.size
    buys = np.any(blocks.quantity > 0, axis=0)
    sells = np.any(blocks.quantity < 0, axis=0)
    for block in range(n):
        price, ratio = blocks.price[block], blocks.minimum_ratio[block]
        if not abs(price) <= LARGEST_PRICE:
            yield f"block {block}: price {price} must lie within {LARGEST_PRICE:g}."
        if not 0 <= ratio <= 1:
            yield f"block {block}: minimum_ratio {ratio} must lie from 0 to 1."
        if buys[block] and sells[block]:
            yield f"block {block}: buys and sells; a block does one of the two in all intervals."
        if not buys[block] and not sells[block]:
            yield f"block {block}: has no quantity in any interval."
        if not NONE <= blocks.parent[block] < n:
            yield f"block {block}: parent {blocks.parent[block]} is no block; -1 means none."
        elif in_circle(blocks.parent, block):
            yield f"block {block}: hangs on itself; links must end at a block without a parent."
        if blocks.group[block] < NONE:
            yield f"block {block}: group {blocks.group[block]} must be from 0, or -1 for none."


def in_circle(parent: IntArray, block: int) -> bool:
    """Whether following the links from a block leads back to it.

    >>> in_circle(np.array([1, 0, -1]), 0), in_circle(np.array([2, 0, -1]), 1)
    (True, False)
    """
    above = int(parent[block])
    for _ in range(parent.size):
        if above == block:
            return True
        if not 0 <= above < parent.size:
            return False
        above = int(parent[above])
    return False


def subtree_sums(own: FloatArray, parent: IntArray, counted: BoolArray) -> FloatArray:
    """Return for each block what it and all counted blocks below it have together.

    >>> subtree_sums(np.array([-5.0, 8.0]), np.array([-1, 0]), np.array([True, True]))
    array([3., 8.])
    """
    total = np.where(counted, own, 0.0)
    for block in range(own.size):
        above = int(parent[block])
        while counted[block] and above != NONE:
            total[above] += own[block]
            above = int(parent[above])
    return total
