"""Which block orders are accepted: the welfare maximum in which no accepted block loses.

Divisible orders and blocks are sold and bought at one price in each interval. With the set of
accepted blocks fixed, welfare is a linear program, and prices that support its optimum are its
dual solution. So both programs are written side by side, the two objectives are made equal
(strong duality), and the rows of rejected blocks are switched off: such a block may be in the
money. The lower bound of an accepted block gets no dual variable; so none is kept at a loss.

    primal   largest sum P Q x + sum P Q y,   0 <= x <= 1,  r u <= y <= u,  u in {0, 1}
             sum Q x + sum Q y = 0 in each interval
             y <= y of the parent,   sum y <= 1 in an exclusive group
    dual     s + Q p >= P Q                                       each divisible order
             s + sum Q p + l - sum l of children + g >= P Q - M (1 - u)      each block
             s, l, g >= 0
    equal    sum P Q x + sum P Q y >= sum s + sum g

Q is positive for bids and negative for offers; s is the surplus of an order, l what a block
leaves to its parent, g the value of a place in its exclusive group. The program is made small
and tight: prices stay in the window in which an interval can clear at all, orders that every
price there fills or leaves out are constants, and that no accepted block loses, which follows
from the rest, is a row of its own.

References
----------
Madani and Van Vyve (2015), "Computationally efficient MIP formulation and algorithms for European
day-ahead electricity market auctions", European Journal of Operational Research 242, 580-593.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from market.clearing import AuctionRules
from market.day_ahead.blocks import NONE, CheckedBlocks
from market.day_ahead.book import JointBook, Scale, price_window, steps_of, tradable
from market.day_ahead.programs import Program
from market.units import BoolArray, FloatArray, IntArray

FULL = 1e-7  # a ratio this close to an end counts as that end


@dataclass(frozen=True, slots=True)
class Selection:
    """What the solver found: which blocks may trade, at which ratios, and prices."""

    taken: BoolArray
    ratio: FloatArray
    price: FloatArray


class Columns(NamedTuple):
    """Where choices and ratios of the blocks, and the prices, stand in the program."""

    taken: IntArray
    ratio: IntArray
    price: IntArray


MOST_TRIED = 10  # blocks of which every set is tried


class Selector:
    """The program in which the accepted blocks are chosen.

    `choose` may be called again after `exclude`: sets of blocks that turn out not to be
    supported by prices, once fills are whole numbers, are ruled out one by one.
    """

    def __init__(self, joint: JointBook, rules: AuctionRules, scale: Scale) -> None:
        self._blocks, self._scale = joint.blocks, scale
        self._quantity = joint.blocks.quantity / scale.unit
        self._size = np.abs(self._quantity).max(axis=0, initial=0.0)
        self._able, low, high = _able(joint, rules, scale)
        self._low, self._high = scale.price(low), scale.price(high)
        self._steps = steps_of(joint, rules)
        self._excluded: list[BoolArray] = []

    def exclude(self, taken: BoolArray) -> None:
        """Never choose exactly these blocks again."""
        self._excluded.append(taken)

    def choose(self) -> Selection:
        """Return the best set of blocks with their ratios, and prices that support them."""
        program, columns = self._program(np.zeros(self._able.size), self._able)
        solved = program.solve()
        if solved is None:
            return self._one_by_one()
        # Again with the set fixed: a plain linear program ends at an exact corner.
        taken = np.rint(solved[columns.taken])
        again = self._program(taken, taken)[0].solve()
        return self._selection(taken, solved if again is None else again, columns)

    def _selection(self, taken: FloatArray, solved: FloatArray, columns: Columns) -> Selection:
        ratio = solved[columns.ratio]
        ratio = np.where(ratio > 1 - FULL, 1.0, np.where(ratio < FULL, 0.0, ratio)) * taken
        price = self._scale.floor + solved[columns.price] * self._scale.span
        return Selection(taken > 0, ratio, price)

    def _one_by_one(self) -> Selection:
        """Try every set where the search stops; to accept no block is always possible."""
        free = np.flatnonzero(self._able)
        if free.size > MOST_TRIED:
            raise ArithmeticError("the solver found no set of blocks that prices support")
        none = np.zeros(self._able.size)
        best, found = -np.inf, Selection(none > 0, none, np.full(self._low.size, self._scale.floor))
        for number in range(1, 2**free.size):
            taken = none.copy()
            taken[free] = (number >> np.arange(free.size)) & 1
            if any(np.array_equal(taken > 0, other) for other in self._excluded):
                continue
            program, columns = self._program(taken, taken)
            solved = program.solve()
            if solved is not None and program.value(solved) > best:
                best, found = program.value(solved), self._selection(taken, solved, columns)
        return found

    def _program(self, low: FloatArray, high: ArrayLike) -> tuple[Program, Columns]:
        """Return the program with the choices between `low` and `high`, and its columns."""
        program = Program()
        columns = self._columns(program, low, np.asarray(high, np.float64))
        balance = program.rows(columns.price.size, 0.0, 0.0)
        equal = program.rows(1, 0.0, np.inf)
        # The long sum in parts, one for each interval, which keeps the program sparse.
        parts = program.rows(balance.size, 0.0, np.inf)
        part = program.columns(balance.size, -np.inf, np.inf)
        program.put(equal, part, 1.0)
        program.put(parts, part, -1.0)
        self._put_steps(program, columns, balance, parts)
        program.put(balance[:, None], columns.ratio, self._quantity)
        self._put_choices(program, columns)
        self._put_surplus(program, columns, equal)
        return program, columns

    def _columns(self, program: Program, low: FloatArray, high: FloatArray) -> Columns:
        """Enter choices, ratios and prices; all or nothing, the choice is the ratio."""
        worth = self._scale.price(self._scale.worth(self._blocks.price))
        value = (self._quantity * worth).sum(axis=0)
        part = self._blocks.minimum_ratio < 1
        taken = program.columns(
            part.size, low, high, value=np.where(part, 0.0, value), whole=bool((low < high).any())
        )
        ratio = taken.copy()
        ratio[part] = program.columns(int(part.sum()), 0.0, 1.0, value=value[part])
        return Columns(taken, ratio, program.columns(self._low.size, self._low, self._high))

    def _put_steps(
        self, program: Program, columns: Columns, balance: IntArray, parts: IntArray
    ) -> None:
        """Enter the divisible orders: what they trade, and their surplus at the price."""
        at, quantity = self._steps.interval, self._steps.quantity / self._scale.unit
        # A limit beyond floor or cap counts for the welfare, but the price cannot follow it.
        value = quantity * self._scale.price(self._scale.worth(self._steps.price))
        limit = self._scale.price(self._scale.reached(self._steps.price))
        buys = quantity > 0
        never = np.where(buys, limit < self._low[at], limit > self._high[at])
        always = np.where(buys, limit > self._high[at], limit < self._low[at])
        free = ~never & ~always
        constant = np.bincount(at[always], quantity[always], balance.size)
        whole = program.columns(balance.size, 1.0, 1.0)
        program.put(balance, whole, constant)
        # Value less surplus of an order that trades in full is what it pays.
        program.put(parts, columns.price, constant)
        at, quantity, limit = at[free], quantity[free], limit[free]
        share = program.columns(quantity.size, 0.0, 1.0, value=value[free])
        program.put(balance[at], share, quantity)
        program.put(parts[at], share, quantity * limit)
        surplus = program.columns(quantity.size, 0.0, 1.0)
        rows = program.rows(quantity.size, np.sign(quantity) * limit, np.inf)
        program.put(rows, surplus, 1.0)
        program.put(rows, columns.price[at], np.sign(quantity))
        program.put(parts[at], surplus, -np.abs(quantity))

    def _put_choices(self, program: Program, columns: Columns) -> None:
        """Enter what blocks may do: least ratio, parents, groups, and sets that are ruled out."""
        blocks, taken, ratio = self._blocks, columns.taken, columns.ratio
        part = np.flatnonzero(blocks.minimum_ratio < 1)
        most = program.rows(part.size, -np.inf, 0.0)
        least = program.rows(part.size, 0.0, np.inf)
        for rows, share in ((most, 1.0), (least, blocks.minimum_ratio[part])):
            program.put(rows, ratio[part], 1.0)
            program.put(rows, taken[part], -share)
        child = np.flatnonzero(blocks.parent != NONE)
        for column in (ratio, taken):
            hangs = program.rows(child.size, -np.inf, 0.0)
            program.put(hangs, column[child], 1.0)
            program.put(hangs, column[blocks.parent[child]], -1.0)
        member, group = grouped(blocks)
        places = program.rows(group.max(initial=-1) + 1, -np.inf, 1.0)
        program.put(places[group], ratio[member], 1.0)
        for gone in self._excluded:
            # At least one choice differs.
            row = program.rows(1, 1.0 - gone.sum(), np.inf)
            program.put(row, taken, np.where(gone, -1.0, 1.0))

    def _put_surplus(self, program: Program, columns: Columns, equal: IntArray) -> None:
        """Enter the surplus of the blocks at the prices, and what it must add up to."""
        blocks, size, n = self._blocks, self._size, self._able.size
        quantity = self._quantity / size
        reached = (quantity * self._scale.price(self._scale.limit(blocks))).sum(axis=0)
        ends = quantity * self._low[:, None], quantity * self._high[:, None]
        # The most a block could gain and lose at any price: its rows bind only when accepted.
        most = np.maximum(reached - np.minimum(*ends).sum(axis=0), 0.0)
        loss = np.maximum(np.maximum(*ends).sum(axis=0) - reached, 0.0)
        surplus = program.columns(n, 0.0, most)
        rows = program.rows(n, reached - most, np.inf)
        gains = program.rows(n, -np.inf, reached + loss)
        program.put(rows, surplus, 1.0)
        for sums, bound in ((rows, -most), (gains, loss)):
            program.put(sums, columns.price[:, None], quantity)
            program.put(sums, columns.taken, bound)
        program.put(equal, columns.ratio, reached * size)
        program.put(equal, surplus, -size)
        whole = float((most * size).sum())
        put_passed_on(program, rows, blocks, size, whole, gains=gains)
        put_places(program, rows, blocks, size, whole, equal)


def _able(
    joint: JointBook, rules: AuctionRules, scale: Scale
) -> tuple[BoolArray, FloatArray, FloatArray]:
    """Return which blocks can gain at some price of the window, and the ends of the window.

    A block that never gains, nor has children to carry it, is out; without it the window may be
    narrower, and so on.
    """
    blocks = joint.blocks
    limit = scale.limit(blocks)
    able = tradable(blocks, rules)
    while True:
        low, high = price_window(joint, rules, scale, able)
        bought, sold = np.maximum(blocks.quantity, 0), np.minimum(blocks.quantity, 0)
        best = (bought * (limit - low[:, None]) + sold * (limit - high[:, None])).sum(axis=0)
        carried = np.zeros(able.size, np.bool_)
        carried[blocks.parent[able & (blocks.parent != NONE)]] = True
        out = able & ~carried & (best < 0)
        if not out.any():
            return able, low, high
        able = able & ~out


def put_passed_on(
    program: Program,
    rows: IntArray,
    blocks: CheckedBlocks,
    size: FloatArray,
    most: float,
    *,
    gains: IntArray | None = None,
    ratio: FloatArray | None = None,
) -> None:
    """Enter into the surplus rows what blocks leave to their parents, per unit of their size.

    In the rows `gains`, too, what a block has from its children counts. With `ratio` given, only
    blocks accepted at their parent's ratio leave anything.
    """
    child = np.flatnonzero(blocks.parent != NONE)
    above = blocks.parent[child]
    binding = np.ones(child.size, np.bool_)
    if ratio is not None:
        binding = (ratio[child] > 0) & (ratio[child] >= ratio[above] - FULL)
    passed = program.columns(child.size, 0.0, np.where(binding, most / size[child], 0.0))
    program.put(rows[child], passed, 1.0)
    program.put(rows[above], passed, -size[child] / size[above])
    if gains is not None:
        program.put(gains[above], passed, -size[child] / size[above])


def put_places(
    program: Program,
    rows: IntArray,
    blocks: CheckedBlocks,
    size: FloatArray,
    most: float,
    equal: IntArray | None = None,
    ratio: FloatArray | None = None,
) -> None:
    """Enter into the surplus rows the value of a place in each exclusive group.

    With `ratio` given, only a group that is used up gives its places a value.
    """
    member, group = grouped(blocks)
    binding = np.ones(int(group.max(initial=-1)) + 1, np.bool_)
    if ratio is not None:
        binding = np.bincount(group, ratio[member], binding.size) > 1 - FULL
    largest = np.zeros(binding.size)
    np.maximum.at(largest, group, size[member])
    place = program.columns(binding.size, 0.0, np.where(binding, most / largest, 0.0))
    program.put(rows[member], place[group], largest[group] / size[member])
    if equal is not None:
        program.put(equal, place, -largest)


def grouped(blocks: CheckedBlocks) -> tuple[IntArray, IntArray]:
    """Return the blocks that stand in an exclusive group, and each one's group from 0."""
    member = np.flatnonzero(blocks.group != NONE)
    return member, np.unique(blocks.group[member], return_inverse=True)[1]
