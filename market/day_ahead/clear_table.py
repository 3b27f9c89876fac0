"""A table with block orders: all its intervals cleared together, as the columns of `clear_many`."""

from dataclasses import replace
from typing import Any

import numpy as np

from market.clearing import AuctionRules, ClearingResult
from market.day_ahead.auction import DayAheadResult, clear_day_ahead
from market.day_ahead.blocks import NONE
from market.day_ahead.table import RowBlocks
from market.errors import InputError
from market.mechanisms.uniform import Uniform
from market.order_table import OrderTable
from market.orders import OrderBook
from market.streams import stream
from market.units import IntArray


def day_auction(
    table: OrderTable, auction: Any, name: str, self_trade: bool, where: str = ""
) -> Uniform:
    """Return the auction; `InputError` where a rule or condition does not go with block orders."""
    place = f"{where}: " if where else ""
    problems = []
    if not isinstance(auction, Uniform):
        problems.append(f"mechanism {name!r} takes no block orders; 'uniform' does.")
    elif auction.price_rule != "k":
        problems.append(f"price_rule {auction.price_rule!r} knows no block orders; 'k' does.")
    if table.green is not None:
        problems.append("bids for clean energy only cannot stand beside block orders.")
    if not self_trade and table.participant is not None:
        problems.append("self-trade prevention does not go with block orders.")
    if problems:
        raise InputError([place + problem for problem in problems])
    found: Uniform = auction
    return found


def day_of_table(
    table: OrderTable, blocks: RowBlocks, auction: Uniform, rules: AuctionRules, seed: int
) -> tuple[list[tuple[IntArray, IntArray, OrderBook, ClearingResult]], list[str | None]]:
    """Return each book's rows, orders and result, and what became of each row's block."""
    signed = np.where(table.is_buy, table.parts, -table.parts)
    orders = blocks.orders(table.price, signed, table.book, len(table.intervals))
    books = [(rows[~bids], rows[bids], book) for _, rows, bids, book in table.books()]
    steps = [_without(book, blocks.of_row[asks], blocks.of_row[bids]) for asks, bids, book in books]
    draws = stream(seed, "clear") if rules.tie_break == "random" else None
    day = clear_day_ahead(steps, orders, rules, auction.k, draws)
    results = [
        (asks, bids, book, _result(day, at, blocks, asks, bids))
        for at, (asks, bids, book) in enumerate(books)
    ]
    status = [None if at == NONE else day.block_status[at] for at in blocks.of_row.tolist()]
    return results, status


def _without(book: OrderBook, ask_block: IntArray, bid_block: IntArray) -> OrderBook:
    """Return the book with quantity zero in the rows of blocks."""
    return replace(
        book,
        ask_quantity=np.where(ask_block == NONE, book.ask_quantity, 0),
        bid_quantity=np.where(bid_block == NONE, book.bid_quantity, 0),
    )


def _result(
    day: DayAheadResult, at: int, blocks: RowBlocks, asks: IntArray, bids: IntArray
) -> ClearingResult:
    """Return one interval with the rows of blocks filled."""
    price = float(day.price[at])
    return ClearingResult(
        price=price,
        price_low=float(day.price_low[at]),
        price_high=float(day.price_high[at]),
        buy_price=price,
        sell_price=price,
        volume=int(day.volume[at]),
        ask_fill=_filled(day.ask_fill[at], blocks.of_row[asks], day.block_fill[at]),
        bid_fill=_filled(day.bid_fill[at], blocks.of_row[bids], day.block_fill[at]),
    )


def _filled(fill: IntArray, block: IntArray, of_block: IntArray) -> IntArray:
    return np.where(block == NONE, fill, np.abs(of_block[block]))
