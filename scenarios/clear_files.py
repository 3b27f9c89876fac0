"""Order books from a CSV or Parquet file, cleared one by one (`talatan clear`)."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np

from market import (
    ORDER_COLUMNS,
    PARTS_PER_MWH,
    FloatArray,
    InputError,
    OrderTable,
    Origin,
    RowBlocks,
    TableResult,
    Trades,
    auction_of,
    clear_table,
    order_table,
)

if TYPE_CHECKING:
    import pyarrow as pa

T = TypeVar("T")

NUMBERS = ("price", "quantity", "minimum", "minimum_ratio")
PRICES = ("price", "price_low", "price_high", "buy_price", "sell_price")
SURPLUSES = ("buyer_surplus", "seller_surplus", "operator_surplus")
PARQUET_MAGIC = b"PAR1"


def clear_file(
    path: str | Path,
    mechanism: str = "uniform",
    *,
    price_floor: float | None = None,
    price_cap: float | None = None,
    tie_break: str = "pro-rata",
    self_trade: bool = True,
    seed: int = 0,
    **params: float | str | None,
) -> list[dict[str, Any]]:
    """Clear every book of a file.

    Parameters
    ----------
    path : path
        CSV (comma, UTF-8, header) or Parquet with the columns `side`, `price`, `quantity` and,
        if wanted, `order_id` (default: row number in the file, from 0), `participant` and
        `interval`. Books are cleared in order of first appearance, all together where the file
        has block orders. Conditions: `minimum`, `green`, `block`, `minimum_ratio`, `linked_to`,
        `exclusive_group`, see `market.order_table`.
    mechanism, price_floor, price_cap, tie_break, self_trade, seed, **params
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
    found = clear_table(
        table, *auction, mechanism, self_trade=self_trade, seed=seed, where=str(path)
    )
    return [
        {"interval": interval, "mechanism": mechanism} | figures | {"orders": orders} | trades
        for interval, figures, orders, trades in zip(
            table.intervals,
            _figures(found),
            _orders(table, found),
            _trades(table, found),
            strict=True,
        )
    ]


def _collect(action: Callable[[], T], problems: list[str]) -> T | None:
    """Return what `action` returns; note its problems instead of raising them."""
    try:
        return action()
    except InputError as error:
        problems += error.problems
        return None


def _figures(found: TableResult) -> list[dict[str, Any]]:
    """Return the figures of each book, in MWh and currency."""
    welfare = found.buyer_surplus + found.seller_surplus + found.operator_surplus
    columns = {name: _or_none(getattr(found, name)) for name in PRICES}
    columns["volume"] = (found.volume / PARTS_PER_MWH).tolist()
    columns |= {name: getattr(found, name).tolist() for name in SURPLUSES}
    columns["welfare"] = welfare.tolist()
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _or_none(numbers: FloatArray) -> list[float | None]:
    """Return the numbers, None where there is none."""
    cells = numbers.astype(object)
    cells[np.isnan(numbers)] = None
    return cast(list[float | None], cells.tolist())


def _orders(table: OrderTable, found: TableResult) -> list[list[dict[str, Any]]]:
    """Return what each order of each book got and pays, in row order."""
    rows = table.book.argsort(kind="stable")
    accepted = found.accepted / PARTS_PER_MWH
    traded = found.accepted > 0
    # Adding zero turns the minus zero of a seller who sells nothing into zero.
    payment = np.where(traded, found.paid, 0.0) * np.where(table.is_buy, accepted, -accepted) + 0.0
    orders = [
        {"order_id": name, "accepted": quantity, "price": price, "payment": amount}
        for name, quantity, price, amount in zip(
            map(table.order_id.__getitem__, rows.tolist()),
            accepted[rows].tolist(),
            _or_none(found.paid[rows]),
            payment[rows].tolist(),
            strict=True,
        )
    ]
    if table.blocks is not None:
        for order, row in zip(orders, rows.tolist(), strict=True):
            order |= _of_block(table.blocks, row, found.block_status[row])
    edge = np.concatenate(([0], np.bincount(table.book).cumsum())).tolist()
    return [orders[first:last] for first, last in pairwise(edge)]


def _of_block(blocks: RowBlocks, row: int, status: str | None) -> dict[str, Any]:
    """Return the name of a row's block and what became of it."""
    block = int(blocks.of_row[row])
    return {} if status is None else {"block": blocks.name[block], "status": status}


def _trades(table: OrderTable, found: TableResult) -> list[dict[str, Any]]:
    """Return each book's pairs, of a mechanism that makes pairs, in the order of trading."""
    if not found.trades:
        return [{}] * len(table.intervals)
    return [{"trades": _pairs(table.order_id, trades)} for trades in found.trades]


def _pairs(names: list[Any], trades: Trades) -> list[dict[str, Any]]:
    columns = zip(
        trades.ask.tolist(),
        trades.bid.tolist(),
        (trades.quantity / PARTS_PER_MWH).tolist(),
        trades.price.tolist(),
        strict=True,
    )
    return [
        {"sell": names[ask], "buy": names[bid], "quantity": quantity, "price": price}
        for ask, bid, quantity, price in columns
    ]


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

    if name == "side" or pa.types.is_boolean(column.type):
        return _cells(column)
    try:
        if name in NUMBERS:
            numbers: FloatArray = column.cast(pa.float64()).to_numpy()
            return numbers
        if pa.types.is_string(column.type):
            return _whole(column)
    except (ValueError, NotImplementedError):  # pyarrow's own errors are among these
        pass  # The cells as they are: their check names the row that is no number.
    return _cells(column)


def _cells(column: "pa.ChunkedArray") -> Sequence[Any]:
    """Return a column as it is; each text that repeats is made once."""
    import pyarrow as pa

    if not pa.types.is_string(column.type):
        cells: Sequence[Any] = column.to_pylist()
        return cells
    coded = column.combine_chunks().dictionary_encode()
    texts = np.array([*coded.dictionary.to_pylist(), None], object)
    place = coded.indices.fill_null(texts.size - 1).to_numpy()
    return cast(Sequence[Any], texts[place].tolist())


def _whole(column: "pa.ChunkedArray") -> Sequence[Any]:
    """Return names that are written like whole numbers as such; `007` stays text."""
    import pyarrow as pa

    numbers = column.cast(pa.int64())
    if not numbers.cast(column.type).equals(column):
        return _cells(column)
    return cast(Sequence[Any], numbers.to_pylist())
