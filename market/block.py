"""A block: the columns of a day of delivery intervals, from the first gate to settlement.

All energy is in whole Wh on the grid side. Shapes: m intervals, U units, A offers, B bids,
Z zones.
"""

from dataclasses import dataclass

import numpy as np

from market.layout import FleetRows, Layout
from market.rules import MarketRules
from market.storage_service.flows import Journal
from market.units import FloatArray, IntArray

UNIT_COLUMNS = ("sold", "bought", "delivered", "consumed", "instructed", "unserved")
RESOURCE_COLUMNS = ("resource", "available", "forecast", "spilled")
ZONE_COLUMNS = (
    "price",
    "price_low",
    "price_high",
    "buy_price",
    "sell_price",
    "mean_buy_price",
    "mean_sell_price",
    "buyer_surplus",
    "seller_surplus",
    "operator_surplus",
    "short_price",
    "long_price",
    "balancing_price",
)


class Block:
    """Columns of `m` consecutive delivery intervals.

    Attributes
    ----------
    first, m : int
        First interval and number of intervals.
    ask_price, ask_quantity, ask_fill : array, shape (m, A)
    bid_price, bid_quantity, bid_fill : array, shape (m, B)
    sold, bought : array of int, shape (m, U)
        Market position after clearing.
    delivered, consumed : array of int, shape (m, U)
        Metered injection and withdrawal.
    instructed : array of int, shape (m, U)
        Balancing energy: part of (delivered - consumed) that the system operator asked for.
    unserved : array of int, shape (m, U)
        Demand that was not met.
    resource, available, forecast : array of int, shape (m, U)
        What sun, wind or water would give; the same less outages; what the owner expected.
    spilled : array of int, shape (m, U)
        Water or heat that left a full reservoir unused.
    soc : array, shape (m, U)
        Stored energy at the end of the interval, Wh; NaN where there is no store.
    stored : array of int, shape (m, U)
        Storage service: what of a plant's delivery went into a store, and, below zero, what a
        store took of it.
    moved : array, shape (m, U)
        Stored energy that a slice of a station got from others, or from netting, Wh.
    taken_over : array, shape (m, U)
        The part of it that came from other slices with their capacity, Wh.
    soc_floor : array, shape (m, U)
        Stored energy of a slice of a station at which its self-discharge ends, Wh; 0 for all
        others, whose limits do not change with the date.
    recovered : dict of array of int, shape (m, U)
        By mode of storage service: would-be curtailment of each plant that was stored.
    service : Journal
        Who stored what where, and on whose behalf it was given back.
    marginal_cost : array, shape (m, U)
        True cost of one more MWh, currency; NaN for units that have none of their own.
    capacity_left : array, shape (U,)
        Share of a store's capacity that ageing has left; 1 for all others.
    receipts, payments : array or None, shape (m, U)
        Money of sellers and buyers, currency, for mechanisms with individual prices.
    """

    def __init__(self, layout: Layout, first: int, m: int) -> None:
        units, asks, bids = len(layout.units), layout.ask_unit.size, layout.bid_unit.size
        self.layout, self.first, self.m = layout, first, m
        self.ask_price, self.bid_price = np.zeros((m, asks)), np.zeros((m, bids))
        self.ask_quantity, self.bid_quantity = _whole(m, asks), _whole(m, bids)
        self.ask_fill, self.bid_fill = _whole(m, asks), _whole(m, bids)
        self.sold, self.bought = _whole(m, units), _whole(m, units)
        self.delivered, self.consumed = _whole(m, units), _whole(m, units)
        self.instructed, self.unserved = _whole(m, units), _whole(m, units)
        self.resource, self.available = _whole(m, units), _whole(m, units)
        self.forecast, self.spilled = _whole(m, units), _whole(m, units)
        self.soc = np.full((m, units), np.nan)
        self.stored, self.moved = _whole(m, units), np.zeros((m, units))
        self.soc_floor = np.zeros((m, units))
        self.taken_over = np.zeros((m, units))
        self.recovered: dict[str, IntArray] = {}
        self.service = Journal()
        self.marginal_cost = np.full((m, units), np.nan)
        self.capacity_left = np.ones(units)
        self.penalty = np.zeros((m, units))
        self.receipts: FloatArray | None = None
        self.payments: FloatArray | None = None
        self.zone: dict[str, FloatArray] = {
            name: np.full((m, len(layout.zones)), np.nan) for name in ZONE_COLUMNS
        }
        self.volume = _whole(m, len(layout.zones))
        self.rules: list[MarketRules | None] = [None] * m
        self.contracts: list[FloatArray | None] = [None] * m

    def rows(self, fleet: FleetRows) -> "FleetBlock":
        """Return the views of one fleet."""
        u, a, b = fleet.units, fleet.asks, fleet.bids
        shape_a = (self.m, fleet.n, fleet.ask_slots)
        shape_b = (self.m, fleet.n, fleet.bid_slots)
        return FleetBlock(
            self.first,
            self.m,
            self.ask_price[:, a].reshape(shape_a),
            self.ask_quantity[:, a].reshape(shape_a),
            self.bid_price[:, b].reshape(shape_b),
            self.bid_quantity[:, b].reshape(shape_b),
            self.ask_fill[:, a].reshape(shape_a),
            self.bid_fill[:, b].reshape(shape_b),
            **{name: getattr(self, name)[:, u] for name in UNIT_COLUMNS + RESOURCE_COLUMNS},
            soc=self.soc[:, u],
            moved=self.moved[:, u],
            taken_over=self.taken_over[:, u],
            soc_floor=self.soc_floor[:, u],
            stored=self.stored[:, u],
            capacity_left=self.capacity_left[u],
            penalty=self.penalty[:, u],
        )


def _whole(rows: int, columns: int) -> IntArray:
    return np.zeros((rows, columns), dtype=np.int64)


@dataclass(frozen=True, slots=True)
class FleetBlock:
    """One fleet's window on a block; writing to it writes to the block."""

    first: int
    m: int
    ask_price: FloatArray
    ask_quantity: IntArray
    bid_price: FloatArray
    bid_quantity: IntArray
    ask_fill: IntArray
    bid_fill: IntArray
    sold: IntArray
    bought: IntArray
    delivered: IntArray
    consumed: IntArray
    instructed: IntArray
    unserved: IntArray
    resource: IntArray
    available: IntArray
    forecast: IntArray
    spilled: IntArray
    soc: FloatArray
    moved: FloatArray
    taken_over: FloatArray
    soc_floor: FloatArray
    stored: IntArray
    capacity_left: FloatArray
    penalty: FloatArray
