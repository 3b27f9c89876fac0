"""A continuous market between gate opening and closure: orders arrive, trade and are revised.

Roles write orders into the block when the gate opens; each unit's orders reach the book at an
instant of its own. What a role changes in the block afterwards is an amendment of a standing
order, quantities counting what has traded already.
"""

from typing import NamedTuple

import numpy as np

from market.clearing import ClearingResult, Trades
from market.gate import BookTop, Gate
from market.limit_book import ASK, BID, LimitOrderBook
from market.mechanisms.continuous import call_auction, outcome, trade_columns
from market.mechanisms.uniform import Uniform
from market.orders import OrderBook
from market.own_trades import clear_apart
from market.pairs import joined
from market.units import FloatArray, IntArray
from market.zone_orders import ZoneOrders


class Window(NamedTuple):
    """Seconds at which a gate opens, stops trading and gathers orders only, and closes."""

    opens: int
    gathers: float
    closes: int


class ZoneTrading:
    """One zone's book while a gate is open.

    Parameters
    ----------
    orders : ZoneOrders
    gate : Gate
    window : Window
    instants : array, shape (units of the zone,)
        When each unit's orders arrive: 0 at opening, 1 at closure.
    """

    def __init__(
        self, orders: ZoneOrders, gate: Gate, window: Window, instants: FloatArray
    ) -> None:
        self._orders, self._gate, self._window = orders, gate, window
        auction = gate.rules.auction
        self._book = LimitOrderBook(auction.price_floor, auction.price_cap)
        sellers, buyers = orders.units
        self._asks = sellers.size
        # Rows of both sides in one column: offers, then bids.
        length = window.closes - window.opens
        when = window.opens + length * instants[np.concatenate((sellers, buyers))]
        self._turn = when.argsort(kind="stable")
        self._rank = np.empty_like(self._turn)
        self._rank[self._turn] = np.arange(self._turn.size)
        self._when = when[self._turn]
        self._unit = np.concatenate((sellers, buyers)).tolist()
        self._party = np.concatenate(orders.parties(gate.rules.self_trade_prevention)).tolist()
        self._entered = 0
        self._halted = False
        self._row: list[int] = []
        self._number = np.full(when.size, -1)
        self._price, self._quantity = np.zeros(when.size), np.zeros(when.size, np.int64)
        # What traded at limits that were given up since, and its value at those.
        self._earlier, self._value = np.zeros(when.size, np.int64), np.zeros(when.size)
        self._seen = 0
        self.fill = np.zeros(when.size, np.int64)

    def advance(self, now: float) -> None:
        """Take up what was revised, then what arrived up to second `now`."""
        self._revise()
        self._enter(min(now, self._window.gathers))
        if now >= self._window.gathers and not self._halted:
            self._book.halt()
            self._halted = True
        self._enter(now)
        for arrived, waited, part, _ in self._book.trades[self._seen :]:
            self.fill[self._row[arrived]] += part
            self.fill[self._row[waited]] += part
        self._seen = len(self._book.trades)

    def top(self) -> BookTop:
        """Return what everybody sees."""
        book = self._book
        return BookTop(*book.best(BID), *book.best(ASK), book.last_price)

    def show_fills(self) -> None:
        """Let owners see in the block what of their orders has traded."""
        block, row, rows = self._gate.block, self._gate.row, self._orders.rows
        block.ask_fill[row, rows.asks] = self.fill[: self._asks]
        block.bid_fill[row, rows.bids] = self.fill[self._asks :]

    def close(self, rng: np.random.Generator) -> ClearingResult:
        """Trade what is left to trade and return the outcome."""
        self.advance(self._window.closes)
        rules = self._gate.rules
        parts = [self._trades()]
        if self._window.gathers < self._window.closes:
            parties = self._orders.parties(rules.self_trade_prevention)
            closing = clear_apart(Uniform(), self._rest(), rules.auction, rng, parties)
            self.fill += np.concatenate((closing.ask_fill, closing.bid_fill))
            parts.append(call_auction(closing))
        self._note_limits()
        return outcome(self._orders.book(self._gate), rules.auction, joined(*parts))

    def _columns(self) -> tuple[FloatArray, IntArray]:
        block, row, rows = self._gate.block, self._gate.row, self._orders.rows
        price = np.concatenate((block.ask_price[row, rows.asks], block.bid_price[row, rows.bids]))
        quantity = (block.ask_quantity[row, rows.asks], block.bid_quantity[row, rows.bids])
        return price, np.concatenate(quantity)

    def _revise(self) -> None:
        """Take up what the block shows differently from the book.

        A smaller quantity keeps its place. Who names another price takes the old order back; when
        all have done so the new ones come in, in the order in which their owners first came.
        """
        if not self._row:
            return
        price, quantity = self._columns()
        other = (price != self._price) | (quantity != self._quantity)
        rows = np.flatnonzero(other & (self._number >= 0))
        rows = rows[self._rank[rows].argsort()]
        orders = self._number[rows].tolist()
        left = np.array([self._book.left[order] for order in orders], np.int64)
        wanted = left + quantity[rows] - self._quantity[rows]
        again = (price[rows] != self._price[rows]) | (wanted > left)
        stays = np.where(again, 0, wanted).tolist()
        for order, limit, part in zip(orders, self._price[rows].tolist(), stays, strict=True):
            self._book.amend(order, limit, part)
        self._value[rows] += (self.fill[rows] - self._earlier[rows]) * self._price[rows]
        self._earlier[rows] = self.fill[rows]
        self._price[rows], self._quantity[rows] = price[rows], quantity[rows]
        # What is gone, because it traded or its unit has chosen the other side, stays gone.
        self._submit(rows[again & (left > 0)], wanted[again & (left > 0)])

    def _enter(self, until: float) -> None:
        """Submit the orders of units that arrived by `until`; empty slots are no orders."""
        last = int(self._when.searchsorted(until, "right"))
        if last <= self._entered:
            return
        rows, self._entered = self._turn[self._entered : last], last
        price, quantity = self._columns()
        rows = rows[quantity[rows] > 0]
        self._price[rows], self._quantity[rows] = price[rows], quantity[rows]
        self._submit(rows, quantity[rows])

    def _submit(self, rows: IntArray, wanted: IntArray) -> None:
        self._number[rows] = np.arange(len(self._row), len(self._row) + rows.size)
        limits = self._price[rows].tolist()
        self._row += rows.tolist()
        for row, limit, quantity in zip(rows.tolist(), limits, wanted.tolist(), strict=True):
            side = ASK if row < self._asks else BID
            self._book.submit(side, limit, quantity, 0, self._party[row], self._unit[row])

    def _trades(self) -> Trades:
        arrived, waited, part, paid = trade_columns(self._book)
        row = np.array(self._row, np.int64)
        one, other = row[arrived], row[waited]
        return Trades(np.minimum(one, other), np.maximum(one, other) - self._asks, part, paid)

    def _rest(self) -> OrderBook:
        """Return what waits in the book."""
        left = np.zeros_like(self.fill)
        np.add.at(left, self._row, self._book.left)
        asks = self._asks
        return OrderBook(self._price[:asks], left[:asks], self._price[asks:], left[asks:])

    def _note_limits(self) -> None:
        """Show an order that traded at several limits at their mean."""
        rows = np.flatnonzero(self._earlier)
        if not rows.size:
            return
        fill = self.fill[rows]
        value = self._value[rows] + (fill - self._earlier[rows]) * self._price[rows]
        limits, _ = self._columns()
        limits[rows] = value / fill
        block, row, zone = self._gate.block, self._gate.row, self._orders.rows
        block.ask_price[row, zone.asks] = limits[: self._asks]
        block.bid_price[row, zone.bids] = limits[self._asks :]
