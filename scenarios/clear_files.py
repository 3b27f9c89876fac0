"""Order books from a CSV or Parquet file, cleared one by one (`talatan clear`)."""

from collections.abc import Callable, Sequence
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from market import (
    ORDER_COLUMNS,
    AuctionRules,
    BoolArray,
    ClearingResult,
    FloatArray,
    InputError,
    IntArray,
    Mechanism,
    OrderBook,
    OrderTable,
    Origin,
    auction_of,
    check_conditions,
    mwh,
    order_table,
    stream,
    surpluses,
)

if TYPE_CHECKING:
    import pyarrow as pa

T = TypeVar("T")
Column = float | IntArray | FloatArray

PARQUET_MAGIC = b"PAR1"


def clear_file(
    path: str | Path,
    mechanism: str = "uniform",
    *,
    price_floor: float | None = None,
    price_cap: float | None = None,
    tie_break: str = "pro-rata",
    seed: int = 0,
    **params: float | str | None,
) -> list[dict[str, Any]]:
    """Clear every book of a file.

    Parameters
    ----------
    path : path
        CSV (comma, UTF-8, header) or Parquet with the columns `side`, `price`, `quantity` and,
        if wanted, `order_id` (default: row number in the file, from 0), `participant` and
        `interval`. Books are cleared in order of first appearance.
    mechanism, price_floor, price_cap, tie_break, seed, **params
        As in `market.clear`; with random ties each book draws from its own stream. A parameter
        that is None counts as not given.

    Returns
    -------
    list of dict
        One per book, ready for JSON: null (None) where there is no number, `accepted` and
        `volume` in MWh, `payment` positive when the order's owner pays. Orders are in the
        file's row order; `price` of an order that does not trade is null.

    Raises
    ------
    InputError
        Lists every problem with the rules and with the file.
    """
    given = {key: value for key, value in params.items() if value is not None}
    problems: list[str] = []
    auction = _collect(
        lambda: auction_of(mechanism, given, price_floor, price_cap, tie_break), problems
    )
    table = _collect(lambda: read_orders(path), problems)
    if auction is None or table is None:
        raise InputError(problems)
    entry, rules = auction
    found = []
    for interval, rows, bids, book in table.books():
        check_conditions(entry, mechanism, book, str(path))
        result = entry.clear(book, rules, _draws(entry, rules, seed, interval))
        found.append(
            {"interval": interval, "mechanism": mechanism}
            | _totals(book, result)
            | {"orders": _orders(table.order_id, rows, bids, result, book)}
            | _trades(table.order_id, rows, bids, result, book)
        )
    return found


def _collect(action: Callable[[], T], problems: list[str]) -> T | None:
    """Return what `action` returns; note its problems instead of raising them."""
    try:
        return action()
    except InputError as error:
        problems += error.problems
        return None


def _draws(
    entry: Mechanism, rules: AuctionRules, seed: int, interval: object
) -> np.random.Generator | None:
    """Return the book's own stream where anything draws; without intervals that of `clear`."""
    if rules.tie_break != "random" and not getattr(entry, "draws", True):
        return None
    return stream(seed, "clear") if interval is None else stream(seed, "clear", str(interval))


def _totals(book: OrderBook, result: ClearingResult) -> dict[str, Any]:
    """Return the figures of a whole book."""
    buyers, sellers, operator = surpluses(book, result)
    prices = ("price", "price_low", "price_high", "buy_price", "sell_price")
    return {name: _or_null(getattr(result, name)) for name in prices} | {
        "volume": mwh(book, result.volume),
        "buyer_surplus": buyers,
        "seller_surplus": sellers,
        "operator_surplus": operator,
        "welfare": buyers + sellers + operator,
    }


def _or_null(number: float) -> float | None:
    return None if isnan(number) else number


def _orders(
    names: list[Any], rows: IntArray, bids: BoolArray, result: ClearingResult, book: OrderBook
) -> list[dict[str, Any]]:
    """Return what each order of a book got and pays, in row order."""
    fill = _by_row(bids, result.bid_fill, result.ask_fill)
    price = _by_row(
        bids,
        result.buy_price if result.bid_pay is None else result.bid_pay,
        result.sell_price if result.ask_pay is None else result.ask_pay,
    )
    traded = fill > 0
    accepted = mwh(book, fill)
    # Adding zero turns the minus zero of a seller who sells nothing into zero.
    payment = np.where(traded, price, 0.0) * np.where(bids, accepted, -accepted) + 0.0
    columns = zip(
        rows.tolist(),
        accepted.tolist(),
        price.tolist(),
        payment.tolist(),
        traded.tolist(),
        strict=True,
    )
    return [
        {
            "order_id": names[row],
            "accepted": quantity,
            "price": each if trades else None,
            "payment": amount,
        }
        for row, quantity, each, amount, trades in columns
    ]


def _trades(
    names: list[Any], rows: IntArray, bids: BoolArray, result: ClearingResult, book: OrderBook
) -> dict[str, Any]:
    """Return the pairs of a mechanism that makes pairs, in the order of trading."""
    if result.trades is None:
        return {}
    sellers, buyers = rows[~bids][result.trades.ask], rows[bids][result.trades.bid]
    columns = zip(
        sellers.tolist(),
        buyers.tolist(),
        mwh(book, result.trades.quantity).tolist(),
        result.trades.price.tolist(),
        strict=True,
    )
    return {
        "trades": [
            {"sell": names[ask], "buy": names[bid], "quantity": quantity, "price": price}
            for ask, bid, quantity, price in columns
        ]
    }


def _by_row(bids: BoolArray, of_bids: Column, of_asks: Column) -> NDArray[Any]:
    """Return the book's two blocks as one column in row order."""
    column = np.empty(bids.size, np.result_type(of_bids, of_asks))
    column[bids] = of_bids
    column[~bids] = of_asks
    return column


def read_orders(path: str | Path) -> OrderTable:
    """Return the checked orders of a CSV or Parquet file; `InputError` lists its problems."""
    content = _content(path)
    is_parquet = content.startswith(PARQUET_MAGIC)
    kind = "Parquet" if is_parquet or str(path).endswith((".parquet", ".pq")) else "CSV"
    try:
        table = _parquet(content) if kind == "Parquet" else _csv(content)
    except (ValueError, OSError) as error:  # pyarrow's own errors are ValueErrors
        reason = str(error).strip().splitlines()[0]
        raise InputError(f"{path}: cannot be read as {kind}: {reason}") from None
    names = [name for name in table.column_names if not name.startswith("__index_level_")]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise InputError(f"{path}: column {repeated[0]!r} appears more than once.")
    nested = [name for name in names if _is_nested(table.column(name))]
    if nested:
        raise InputError(f"{path}: column {nested[0]!r} holds lists or records, not single values.")
    lines = content.count(b"\n") + (not content.endswith(b"\n"))
    in_step = kind == "CSV" and lines == table.num_rows + 1
    origin = Origin(str(path), 2 if in_step else None)
    return order_table({name: _column(name, table.column(name)) for name in names}, origin)


def _content(path: str | Path) -> bytes:
    """Return the bytes of a file that must hold something."""
    try:
        content = Path(path).read_bytes()
    except FileNotFoundError:
        raise InputError(f"{path}: no such file.") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}.") from None
    if not content.strip():
        raise InputError(f"{path}: the file is empty.")
    return content


def _csv(content: bytes) -> "pa.Table":
    """Return the table of a CSV file with all known columns as text."""
    from pyarrow import BufferReader, csv, string

    options = csv.ConvertOptions(
        column_types=dict.fromkeys(ORDER_COLUMNS, string()), strings_can_be_null=False
    )
    # One thread: its messages name the row.
    reading = csv.ReadOptions(use_threads=False)
    return csv.read_csv(BufferReader(content), read_options=reading, convert_options=options)


def _parquet(content: bytes) -> "pa.Table":
    from pyarrow import BufferReader, parquet

    return parquet.read_table(BufferReader(content))


def _is_nested(column: "pa.ChunkedArray") -> bool:
    import pyarrow as pa

    return bool(pa.types.is_nested(column.type))


def _column(name: str, column: "pa.ChunkedArray") -> Sequence[Any] | FloatArray:
    """Return a column as floats or whole numbers where all of it is, else as it is."""
    import pyarrow as pa

    cells: Sequence[Any] = column.to_pylist()
    if name == "side" or pa.types.is_boolean(column.type):
        return cells
    try:
        if name in ("price", "quantity"):
            numbers: FloatArray = column.cast(pa.float64()).to_numpy()
            return numbers
        return _whole(column) if pa.types.is_string(column.type) else cells
    except (ValueError, NotImplementedError):  # pyarrow's own errors are among these
        return cells


def _whole(column: "pa.ChunkedArray") -> list[Any]:
    """Return names that are written like whole numbers as such; `007` stays text."""
    import pyarrow as pa

    numbers = column.cast(pa.int64())
    names: list[Any] = (numbers if numbers.cast(column.type).equals(column) else column).to_pylist()
    return names
