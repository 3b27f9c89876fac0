"""Orders as people write them, checked row by row, and the books they make.

Columns: `side`, `price`, `quantity` (MWh in the interval); optional `order_id` (default: row
number from 0), `participant` (default: the order itself), `interval` (several books), `minimum`
(least MWh the order accepts if it trades at all), `green` (true: an offer of clean energy, a bid
that takes nothing else); for block orders over several intervals `block` (rows with the same name
are one order), `minimum_ratio` (0 to 1, default 1), `linked_to` (a block) and `exclusive_group`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from market.cells import Origin, bad_rows, labels_of, numbers_of
from market.day_ahead.table import BLOCK_COLUMNS, RowBlocks, Rows, row_blocks
from market.errors import InputError
from market.orders import OrderBook
from market.table_conditions import CONDITION_COLUMNS, green_of, minimum_of
from market.units import BoolArray, FloatArray, IntArray

if TYPE_CHECKING:
    import pandas as pd

REQUIRED = ("side", "price", "quantity")
NAMES = ("order_id", "participant", "interval")
ORDER_COLUMNS = (*REQUIRED, *NAMES, *CONDITION_COLUMNS, *BLOCK_COLUMNS)
PARTS_PER_MWH = 1_000_000_000  # nine decimals of a MWh survive
QUANTUM = 1 / PARTS_PER_MWH
LARGEST_PRICE = 1e12
LARGEST_ORDER = 1e9  # MWh; keeps every sum of a book inside int64
LARGEST_BOOK = 9e9


@dataclass(frozen=True, slots=True)
class OrderTable:
    """Checked orders of one or several books, in row order.

    Attributes
    ----------
    is_buy : array of bool
    price : array
        Currency/MWh.
    parts : array of int
        Quantity in billionths of a MWh, never more than was written.
    order_id : list
    participant : list or None
        Whose order each is; None without the column: everyone has one order.
    intervals : list
        The books' names in order of first appearance; ``[None]`` without the column.
    book : array of int
        Each row's position in `intervals`.
    minimum : array of int or None
        Least quantity each order accepts if it trades at all; None: nobody asks for one.
    green : array of bool or None
        Offers of clean energy, and bids that take nothing else; None: nobody asks.
    blocks : RowBlocks or None
        Which rows are parts of block orders; None: there are none.
    """

    is_buy: BoolArray
    price: FloatArray
    parts: IntArray
    order_id: list[Any]
    participant: list[Any] | None
    intervals: list[Any]
    book: IntArray
    minimum: IntArray | None = None
    green: BoolArray | None = None
    blocks: RowBlocks | None = None

    def books(self) -> Iterator[tuple[Any, IntArray, BoolArray, OrderBook]]:
        """Yield each book: its interval, its rows, which of them buy, and the book itself."""
        order = self.book.argsort(kind="stable")
        edges = self.book[order].searchsorted(np.arange(len(self.intervals) + 1)).tolist()
        owner = None if self.participant is None else _coded(self.participant)[1]
        for interval, first, last in zip(self.intervals, edges, edges[1:], strict=False):
            rows = order[first:last]
            yield interval, rows, self.is_buy[rows], self._book(rows, owner)

    def one(self) -> OrderBook:
        """Return all rows as one book."""
        owner = None if self.participant is None else _coded(self.participant)[1]
        return self._book(np.arange(self.price.size), owner)

    def _book(self, rows: IntArray, owner: IntArray | None) -> OrderBook:
        buys = self.is_buy[rows]
        asks, bids = rows[~buys], rows[buys]
        owner = None if owner is None else _by_appearance(owner[rows])
        return OrderBook(
            self.price[asks],
            self.parts[asks],
            self.price[bids],
            self.parts[bids],
            QUANTUM,
            ask_owner=None if owner is None else owner[~buys],
            bid_owner=None if owner is None else owner[buys],
            ask_turn=asks,
            bid_turn=bids,
            ask_minimum=None if self.minimum is None else self.minimum[asks],
            bid_minimum=None if self.minimum is None else self.minimum[bids],
            ask_green=None if self.green is None else self.green[asks],
            bid_green=None if self.green is None else self.green[bids],
        )


def book_from_frame(frame: "pd.DataFrame") -> OrderBook:
    """Return one order book from a table of limit orders.

    Parameters
    ----------
    frame : DataFrame
        Columns as in the module's first lines; at most one interval.

    Returns
    -------
    OrderBook
        Rows with side ``sell``, then rows with side ``buy``, each in the frame's order;
        quantities in billionths of a MWh.

    Raises
    ------
    InputError
        Lists everything that is wrong, by row from 0.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = [("sell", 10.0, 5.0), ("buy", 30.0, 2.5)]
    >>> book_from_frame(pd.DataFrame(rows, columns=["side", "price", "quantity"])).bid_quantity
    array([2500000000])
    """
    names = [str(name) for name in frame.columns]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise InputError(f"column {repeated[0]!r} appears more than once.")
    table = order_table({name: frame[key].tolist() for name, key in zip(names, frame, strict=True)})
    if len(table.intervals) > 1:
        raise InputError(
            f"one book at a time: column 'interval' holds {len(table.intervals)} values, "
            f"{table.intervals[0]!r} and {table.intervals[1]!r} among them."
        )
    return table.one()


def book_from_arrays(side: Sequence[str], price: ArrayLike, quantity: ArrayLike) -> OrderBook:
    """Return one order book from three columns, checked like `book_from_frame`.

    >>> book_from_arrays(["sell", "buy"], [10, 30], [5, 2.5]).ask_price
    array([10.])
    """
    columns = {"side": list(side), "price": np.asarray(price), "quantity": np.asarray(quantity)}
    table = order_table(columns)
    return table.one()


def order_table(columns: Mapping[str, Any], origin: Origin | None = None) -> OrderTable:
    """Return the checked orders; `InputError` lists every problem of every row.

    Parameters
    ----------
    columns : mapping of str to sequence
        Columns of one length, under the names of the contract.
    origin : Origin, optional
        Where the rows come from, for messages.
    """
    origin = origin or Origin()
    problems = _column_problems(columns, origin)
    if problems:
        raise InputError(problems)
    is_buy, problems = _sides(columns["side"], origin)
    price, bad_price = numbers_of(columns["price"], origin, "price", LARGEST_PRICE)
    quantity, bad_quantity = numbers_of(columns["quantity"], origin, "quantity", LARGEST_ORDER)
    problems += bad_price + bad_quantity
    problems += bad_rows(origin, quantity < 0, quantity, "quantity", "must not be negative")
    order_id, interval = (
        labels_of(columns.get("order_id", ())),
        labels_of(columns.get("interval", ())),
    )
    intervals, book = _coded(interval) if interval else ([None], np.zeros(is_buy.size, np.int64))
    problems += _empty_labels(order_id, origin, "order_id")
    problems += _empty_labels(interval, origin, "interval")
    problems += _repeated(order_id, book, origin)
    problems += _too_large(quantity, book, intervals, origin)
    minimum, bad_minimum = minimum_of(columns, quantity, origin)
    green, bad_green = green_of(columns, is_buy, origin)
    rows = Rows(is_buy, price, quantity, book)
    blocks, bad_blocks = (None, []) if _is_plain(columns) else row_blocks(columns, rows, origin)
    problems += bad_minimum + bad_green + bad_blocks
    if problems:
        raise InputError(problems)
    order_id = order_id or list(range(is_buy.size))
    owner = _owners(labels_of(columns.get("participant", ())), order_id)
    parts = _parts(quantity)
    least = None if minimum is None else np.minimum(_parts(minimum), parts)
    return OrderTable(is_buy, price, parts, order_id, owner, intervals, book, least, green, blocks)


def _is_plain(columns: Mapping[str, Any]) -> bool:
    """Whether no column says anything about blocks."""
    return not any(name in columns for name in BLOCK_COLUMNS)


def _sides(values: Sequence[Any], origin: Origin) -> tuple[BoolArray, list[str]]:
    """Return which rows buy, and the rows that neither buy nor sell."""
    side = np.asarray(values, object)
    is_buy = (side == "buy").astype(np.bool_)
    bad = ~is_buy & (side != "sell").astype(np.bool_)
    return is_buy, bad_rows(origin, bad, side, "side", "must be 'buy' or 'sell'")


def _owners(participant: list[Any], order_id: list[Any]) -> list[Any] | None:
    """Return whose order each is; a row without a name stands for itself."""
    if not participant:
        return None
    pairs = zip(participant, order_id, strict=True)
    return [("order", order) if owner is None else owner for owner, order in pairs]


def _column_problems(columns: Mapping[str, Any], origin: Origin) -> list[str]:
    """Return what is wrong with the columns as such."""
    known = ", ".join(ORDER_COLUMNS)
    problems = []
    for name in columns:
        if name not in ORDER_COLUMNS:
            close = get_close_matches(name.strip().lower(), ORDER_COLUMNS, 1, 0.5)
            hint = f" (did you mean {close[0]!r}?)" if close else ""
            problems.append(origin(f"unknown column {name!r}{hint}; known are {known}."))
    problems += [origin(f"column {name!r} is missing.") for name in REQUIRED if name not in columns]
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        problems.append(origin(f"columns differ in length: {lengths}."))
    elif columns and not problems and 0 in lengths.values():
        problems.append(origin("there are no orders."))
    return problems


def _empty_labels(labels: list[Any], origin: Origin, name: str) -> list[str]:
    if None not in labels:
        return []
    empty = np.array([label is None for label in labels], np.bool_)
    return bad_rows(origin, empty, labels, name, "must be given in every row or in none")


def _coded(labels: list[Any]) -> tuple[list[Any], IntArray]:
    """Return the distinct labels in order of first appearance, and each row's position there."""
    place = {label: code for code, label in enumerate(dict.fromkeys(labels))}
    codes = np.fromiter(map(place.__getitem__, labels), np.int64, len(labels))
    return list(place), codes


def _by_appearance(code: IntArray) -> IntArray:
    """Return codes numbered as they appear, so that other books do not matter."""
    _, first, place = np.unique(code, return_index=True, return_inverse=True)
    number: IntArray = first.argsort().argsort()[place]
    return number


def _repeated(order_id: list[Any], book: IntArray, origin: Origin) -> list[str]:
    """Return the orders whose name occurred before in the same book."""
    if len(set(order_id)) == len(order_id):
        return []
    keys = list(zip(book.tolist(), order_id, strict=False))
    if len(set(keys)) == len(keys):
        return []
    first: dict[Any, int] = {}
    again = np.array([first.setdefault(key, row) != row for row, key in enumerate(keys)], np.bool_)
    return bad_rows(origin, again, order_id, "order_id", "appears twice in one book")


def _too_large(
    quantity: FloatArray, book: IntArray, intervals: Iterable[Any], origin: Origin
) -> list[str]:
    total = np.bincount(book, weights=quantity)
    return [
        origin(f"interval {name!r}: {size:g} MWh in one book; at most {LARGEST_BOOK:g} fit.")
        for name, size in zip(intervals, total, strict=False)
        if isfinite(size) and size > LARGEST_BOOK
    ]


def _parts(quantity: FloatArray) -> IntArray:
    """Return MWh in billionths: exact for nine decimals, else rounded down."""
    parts = np.rint(quantity * PARTS_PER_MWH).astype(np.int64)
    # Beyond 2**53 parts the next float below is several parts away.
    step = np.maximum(np.spacing(quantity * PARTS_PER_MWH), 1).astype(np.int64)
    return parts - (parts / PARTS_PER_MWH > quantity) * step
