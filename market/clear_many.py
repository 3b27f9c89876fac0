"""Many auctions from Python: a table of order books in, columns out."""

from dataclasses import dataclass, field, fields

import numpy as np

from market.auction import hold
from market.batch import Books, ClearedBooks
from market.clear import apart, auction_of, check_conditions, surpluses
from market.clearing import NAN, AuctionRules, ClearingResult, Mechanism, Trades
from market.day_ahead.table import RowBlocks
from market.errors import InputError
from market.order_table import PARTS_PER_MWH, QUANTUM, OrderTable
from market.orders import OrderBook
from market.streams import stream
from market.sums import segment_totals
from market.units import FloatArray, IntArray

# What any other column says, a crossing of many books does not know.
PLAIN_COLUMNS = {"is_buy", "price", "parts", "order_id", "participant", "intervals", "book"}


@dataclass(frozen=True, slots=True)
class TableResult:
    """What many auctions decided, as columns.

    Attributes
    ----------
    price, price_low, price_high, buy_price, sell_price : array, shape (n_books,)
        As in `ClearingResult`.
    volume : array of int, shape (n_books,)
        Traded quantity in billionths of a MWh, as the table's `parts`.
    buyer_surplus, seller_surplus, operator_surplus : array, shape (n_books,)
        Currency, as `surpluses` says.
    accepted : array of int, shape (n_rows,)
        Accepted quantity of each row of the table.
    paid : array, shape (n_rows,)
        What each row pays or receives per MWh; NaN where it does not trade.
    trades : list of Trades
        The pairs of each book by rows of the table; empty where the mechanism makes no pairs.
    block_status : list
        What became of each row's block order, None beside blocks; empty without block orders.
    """

    price: FloatArray
    price_low: FloatArray
    price_high: FloatArray
    buy_price: FloatArray
    sell_price: FloatArray
    volume: IntArray
    buyer_surplus: FloatArray
    seller_surplus: FloatArray
    operator_surplus: FloatArray
    accepted: IntArray
    paid: FloatArray
    trades: list[Trades] = field(default_factory=list)
    block_status: list[str | None] = field(default_factory=list)


def clear_many(
    table: OrderTable,
    mechanism: str = "uniform",
    *,
    price_floor: float | None = None,
    price_cap: float | None = None,
    tie_break: str = "pro-rata",
    self_trade: bool = True,
    seed: int = 0,
    **params: float | str,
) -> TableResult:
    """Clear every book of a table.

    Books are cleared together where the mechanism can (a method `clear_books`) and the orders
    carry no conditions, else one after another; the results are the same.

    Parameters
    ----------
    table : OrderTable
        See `order_table`.
    mechanism, price_floor, price_cap, tie_break, self_trade, seed, **params
        As in `market.clear`; with random ties each book draws from its own stream.

    Examples
    --------
    >>> from market import order_table
    >>> table = order_table(
    ...     {
    ...         "interval": ["noon", "noon", "night", "night"],
    ...         "side": ["sell", "buy", "sell", "buy"],
    ...         "price": [10.0, 30.0, 20.0, 50.0],
    ...         "quantity": [5.0, 4.0, 1.0, 1.0],
    ...     }
    ... )
    >>> clear_many(table).price
    array([10., 35.])
    """
    auction, rules = auction_of(mechanism, params, price_floor, price_cap, tie_break)
    return clear_table(table, auction, rules, mechanism, self_trade=self_trade, seed=seed)


def clear_table(
    table: OrderTable,
    auction: Mechanism,
    rules: AuctionRules,
    name: str,
    *,
    self_trade: bool = True,
    seed: int = 0,
    where: str = "",
) -> TableResult:
    """Clear every book of a table with a mechanism called `name`; `where` begins messages."""
    if not self_trade and table.participant is None:
        place = f"{where}: " if where else ""
        raise InputError(f"{place}self-trade cannot be seen without a column 'participant'.")
    if table.blocks is not None:
        return _clear_day(table, table.blocks, auction, rules, name, self_trade, seed, where)
    together = getattr(auction, "clear_books", None)
    apart_from_itself = not self_trade and table.participant is not None
    if together and rules.tie_break != "random" and not apart_from_itself and _is_plain(table):
        books, rows = _laid_out(table)
        return _by_row(books, rows, together(books, rules))
    found = _empty(table)
    for number, (interval, rows, bids, book) in enumerate(table.books()):
        check_conditions(auction, name, book, where)
        draws = _draws(auction, rules, seed, interval)
        result = hold(auction, book if self_trade else apart(book), rules, draws)
        _note(found, number, (rows[~bids], rows[bids]), book, result)
    return found


def _clear_day(
    table: OrderTable,
    blocks: RowBlocks,
    auction: Mechanism,
    rules: AuctionRules,
    name: str,
    self_trade: bool,
    seed: int,
    where: str,
) -> TableResult:
    """Clear all books of a table together with its block orders."""
    from market.day_ahead.clear_table import day_auction, day_of_table

    day = day_auction(table, auction, name, self_trade, where)
    results, status = day_of_table(table, blocks, day, rules, seed)
    found = _empty(table)
    for number, (asks, bids, book, result) in enumerate(results):
        _note(found, number, (asks, bids), book, result)
    found.block_status.extend(status)
    return found


def _is_plain(table: OrderTable) -> bool:
    """Whether the orders are prices and quantities without conditions."""
    return all(
        getattr(table, column.name) is None
        for column in fields(table)
        if column.name not in PLAIN_COLUMNS
    )


def _draws(
    auction: Mechanism, rules: AuctionRules, seed: int, interval: object
) -> np.random.Generator | None:
    """Return the book's own stream where anything draws; without intervals that of `clear`."""
    if rules.tie_break != "random" and not getattr(auction, "draws", True):
        return None
    return stream(seed, "clear") if interval is None else stream(seed, "clear", str(interval))


def _laid_out(table: OrderTable) -> tuple[Books, IntArray]:
    """Return a table's books side by side, and the row of the table behind each of theirs."""
    n = 2 * len(table.intervals)
    side = 2 * table.book + table.is_buy
    # Small whole numbers are sorted by counting.
    rows = (side.astype(np.uint16) if n <= 1 << 16 else side).argsort(kind="stable")
    edge = np.concatenate(([0], np.bincount(side, minlength=n).cumsum()))
    return Books(table.price[rows], table.parts[rows], edge, QUANTUM), rows


def _by_row(books: Books, rows: IntArray, found: ClearedBooks) -> TableResult:
    """Return cleared books as columns of the table."""
    accepted, paid = np.empty_like(found.fill), np.empty_like(found.pay)
    accepted[rows] = found.fill
    paid[rows] = np.where(found.fill > 0, found.pay, NAN)
    margin = books.price - found.pay
    sellers, buyers = _values(books, found, np.where(books.buys, margin, -margin))
    return TableResult(
        price=found.price,
        price_low=found.price_low,
        price_high=found.price_high,
        buy_price=found.price,
        sell_price=found.price,
        volume=found.volume,
        buyer_surplus=buyers / PARTS_PER_MWH,
        seller_surplus=sellers / PARTS_PER_MWH,
        operator_surplus=_operator(books, found) / PARTS_PER_MWH,
        accepted=accepted,
        paid=paid,
    )


def _operator(books: Books, found: ClearedBooks) -> FloatArray:
    """Return what buyers pay less what sellers receive; exactly nothing at one price."""
    if not (np.isnan(found.price) & (found.volume > 0)).any():
        return np.zeros(len(books))
    received, paid = _values(books, found, found.pay)
    return np.where(np.isnan(found.price), paid - received, 0.0)


def _values(books: Books, found: ClearedBooks, price: FloatArray) -> FloatArray:
    """Return the sums of price times quantity over accepted offers and over accepted bids."""
    value = segment_totals(np.where(found.fill > 0, price, 0.0) * found.fill, books.edge)
    return value.reshape(-1, 2).T


def _note(
    found: TableResult,
    number: int,
    sides: tuple[IntArray, IntArray],
    book: OrderBook,
    result: ClearingResult,
) -> None:
    """Put down the result of a book whose offers and bids are at these rows of the table."""
    asks, bids = sides
    for name in ("price", "price_low", "price_high", "buy_price", "sell_price", "volume"):
        getattr(found, name)[number] = getattr(result, name)
    buyers, sellers, operator = surpluses(book, result)
    found.buyer_surplus[number], found.seller_surplus[number] = buyers, sellers
    found.operator_surplus[number] = operator
    ask_pay = result.sell_price if result.ask_pay is None else result.ask_pay
    bid_pay = result.buy_price if result.bid_pay is None else result.bid_pay
    found.accepted[asks], found.accepted[bids] = result.ask_fill, result.bid_fill
    found.paid[asks] = np.where(result.ask_fill > 0, ask_pay, NAN)
    found.paid[bids] = np.where(result.bid_fill > 0, bid_pay, NAN)
    if result.trades is not None:
        ask, bid, quantity, price = result.trades
        found.trades.append(Trades(asks[ask], bids[bid], quantity, price))


def _empty(table: OrderTable) -> TableResult:
    """Return columns to be filled book by book."""
    n, rows = len(table.intervals), table.price.size
    return TableResult(
        price=np.empty(n),
        price_low=np.empty(n),
        price_high=np.empty(n),
        buy_price=np.empty(n),
        sell_price=np.empty(n),
        volume=np.empty(n, np.int64),
        buyer_surplus=np.empty(n),
        seller_surplus=np.empty(n),
        operator_surplus=np.empty(n),
        accepted=np.empty(rows, np.int64),
        paid=np.empty(rows),
    )
