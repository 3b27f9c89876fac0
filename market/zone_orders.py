"""The orders of one zone at a gate: whose they are, the book they make, what becomes of them."""

import numpy as np

from market.calendar import Calendar
from market.clearing import ClearingResult
from market.errors import ConservationError
from market.gate import Gate
from market.layout import Layout, ZoneRows
from market.metering import PRICE_TOLERANCE
from market.orders import OrderBook
from market.rules import SelfTradePrevention
from market.units import WH_PER_MWH, FloatArray, IntArray

PRICES = ("price", "price_low", "price_high", "buy_price", "sell_price")
Sides = tuple[IntArray, IntArray]


class ZoneOrders:
    """One zone's part of a run's order columns.

    Parameters
    ----------
    layout : Layout
    calendar : Calendar
    index : int
        Place of the zone in the tables.
    """

    def __init__(self, layout: Layout, calendar: Calendar, index: int) -> None:
        self._layout, self._calendar, self._index = layout, calendar, index
        self.rows: ZoneRows = layout.zones[index]
        sellers, buyers = layout.ask_unit[self.rows.asks], layout.bid_unit[self.rows.bids]
        first = self.rows.units.start
        self.units: Sides = sellers - first, buyers - first
        self._owners: Sides = layout.owner_of[sellers], layout.owner_of[buyers]
        self._green = (layout.clean[sellers], layout.green_only[buyers])
        self._asked = bool(self._green[1].any())
        self._n = self.rows.units.stop - first

    def parties(self, prevention: SelfTradePrevention) -> Sides:
        """Return who must not trade with himself, for each offer and each bid."""
        return self._owners if prevention == "owner" else self.units

    def book(self, gate: Gate) -> OrderBook:
        """Return the orders as they stand."""
        block, row, (asks, bids) = gate.block, gate.row, (self.rows.asks, self.rows.bids)
        parties = self.parties(gate.rules.self_trade_prevention)
        return OrderBook(
            block.ask_price[row, asks],
            block.ask_quantity[row, asks],
            block.bid_price[row, bids],
            block.bid_quantity[row, bids],
            ask_owner=self._owners[0],
            bid_owner=self._owners[1],
            ask_party=parties[0],
            bid_party=parties[1],
            ask_green=self._green[0] if self._asked else None,
            bid_green=self._green[1] if self._asked else None,
        )

    def note(self, gate: Gate, result: ClearingResult) -> None:
        """Write what was cleared into the block."""
        block, row = gate.block, gate.row
        sellers, buyers = self.units
        block.sold[row, self.rows.units] = np.bincount(sellers, result.ask_fill, self._n)
        block.bought[row, self.rows.units] = np.bincount(buyers, result.bid_fill, self._n)
        block.ask_fill[row, self.rows.asks] = result.ask_fill
        block.bid_fill[row, self.rows.bids] = result.bid_fill
        block.volume[row, self._index] = result.volume
        for name in PRICES:
            block.zone[name][row, self._index] = getattr(result, name)
        if result.ask_pay is not None and result.bid_pay is not None:
            self._note_individual(gate, result, result.ask_pay, result.bid_pay)

    def _note_individual(
        self, gate: Gate, result: ClearingResult, ask_pay: FloatArray, bid_pay: FloatArray
    ) -> None:
        block, zone = gate.block, self.rows
        if block.receipts is None or block.payments is None:
            block.receipts = np.zeros((block.m, len(self._layout.units)))
            block.payments = np.zeros((block.m, len(self._layout.units)))
        asks, bids = block.ask_price[gate.row, zone.asks], block.bid_price[gate.row, zone.bids]
        low = (result.ask_fill > 0) & (ask_pay < asks - PRICE_TOLERANCE)
        high = (result.bid_fill > 0) & (bid_pay > bids + PRICE_TOLERANCE)
        for bad, units in zip((low, high), self.units, strict=True):
            if bad.any():
                raise self._worse(gate, int(units[np.argmax(bad)]))
        got = result.ask_fill * ask_pay / WH_PER_MWH
        paid = result.bid_fill * bid_pay / WH_PER_MWH
        block.receipts[gate.row, zone.units] += np.bincount(self.units[0], got, self._n)
        block.payments[gate.row, zone.units] += np.bincount(self.units[1], paid, self._n)

    def _worse(self, gate: Gate, unit: int) -> ConservationError:
        name = self._layout.units[self.rows.units.start + unit]
        moment = self._calendar.time(gate.interval).isoformat()
        return ConservationError(f"{moment}, unit {name}: trades at a price worse than its order")

    def reference(self, gate: Gate, result: ClearingResult, before: float) -> float:
        """Return the price that settles imbalances and feeds forecasts, also without trade.

        It is the clearing price; else, where orders traded in pairs, the mean of their prices by
        quantity; else the middle of the set of clearing prices where there were offers and bids;
        else the price `before`; at the start of a run the only side's best order, else 0.
        """
        if result.price == result.price:
            return result.price
        if result.trades is not None and result.volume:
            value = np.add.reduce(result.trades.price * result.trades.quantity)
            return float(value / result.volume)
        asks = gate.block.ask_quantity[gate.row, self.rows.asks].any()
        bids = gate.block.bid_quantity[gate.row, self.rows.bids].any()
        if asks and bids:
            return (result.price_low + result.price_high) / 2
        if np.isfinite(before):
            return before
        only = result.price_high if asks else result.price_low if bids else np.nan
        return float(only) if np.isfinite(only) else max(gate.rules.auction.price_floor, 0.0)
