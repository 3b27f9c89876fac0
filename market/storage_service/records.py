"""What the tables keep of storage service: trades of a day, and stations interval by interval."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from market.block import Block
from market.layout import Layout
from market.storage_service.flows import mode_index
from market.storage_service.lease_terms import Deal
from market.storage_service.rules import MODES
from market.tables import coded
from market.units import WH_PER_MWH, FloatArray, IntArray

WATTS_PER_MW = 1_000_000
PRODUCTS = tuple("lease_service" if mode == "lease" else mode for mode in MODES)
"""Names of service trades; a ``lease`` is the agreement, not what its slice stores."""


class StationRows(NamedTuple):
    """Stations interval by interval, as columns of shape (m, S), Wh.

    Attributes
    ----------
    charged, discharged : array of int
        What passed the station's meter.
    netted : array of int
        What some slices took and others gave in the same interval.
    gain, soc : array
        Stored energy that netting saved; stored energy at the end.
    """

    charged: IntArray
    discharged: IntArray
    netted: IntArray
    gain: FloatArray
    soc: FloatArray


class StationRecord:
    """Reads stations out of blocks.

    Parameters
    ----------
    layout : Layout
    """

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        units = np.flatnonzero(layout.station_of >= 0)
        self._units = units[layout.station_of[units].argsort(kind="stable")]
        station = layout.station_of[self._units]
        self._starts = np.flatnonzero(np.diff(station, prepend=-1))
        self._owner = np.zeros(len(layout.stations), np.int64)
        for unit in self._units[::-1].tolist():
            if layout.uses[unit] != "lease":
                self._owner[layout.station_of[unit]] = layout.owner_of[unit]

    def trade_columns(self, block: Block, start: int) -> list[Any]:
        """Return the service trades of a block, as columns of the table of trades.

        All energy that a station took from one owner in one mode is one row. The price is the
        mean that the buyer pays; of calls it is what the station receives.
        """
        layout = self._layout
        _, flows = block.service.flows()
        paid = np.where(flows.mode == mode_index("call"), flows.sell_price, flows.buy_price)
        owners, stations = len(layout.owners), len(layout.stations)
        key = flows.mode * owners + layout.owner_of[flows.plant]
        key = key * stations + layout.station_of[flows.store]
        # Counting beats sorting: there are many more flows than modes, owners and stations.
        found = np.bincount(key).nonzero()[0]
        wh = np.bincount(key, weights=flows.wh)[found]  # exact: whole numbers below 2 ** 53
        value = np.bincount(key, weights=flows.wh * paid)[found]
        station = found % stations
        return [
            np.full(found.size, start),
            coded(found // stations % owners, layout.owners),
            coded(self._owner[station], layout.owners),
            coded(found // (owners * stations), PRODUCTS),
            wh / WH_PER_MWH,
            value / np.maximum(wh, 1),
            coded(station, layout.stations),
            np.full(found.size, np.nan),
        ]

    def rows(self, block: Block) -> StationRows:
        """Return what the stations did in a block."""
        units, starts = self._units, self._starts
        taken, given, gain, soc = (
            np.add.reduceat(columns[:, units], starts, axis=1)
            for columns in (block.consumed, block.delivered, block.moved, block.soc)
        )
        netted = np.minimum(taken, given)
        return StationRows(taken - netted, given - netted, netted, gain, soc)


def deal_columns(deals: Sequence[Deal], start: int) -> list[Any]:
    """Return leases as columns of the table of trades; the run starts at second `start`.

    Energy and power are what is leased, the price is the buyer's, currency per kW and year.
    """

    def text(name: str) -> Any:
        known = sorted({getattr(deal, name) for deal in deals})
        return coded(np.array([known.index(getattr(deal, name)) for deal in deals]), known)

    return [
        np.array([start + deal.start_s for deal in deals], np.int64),
        *(text(name) for name in ("buyer", "seller", "product")),
        np.array([deal.wh / WH_PER_MWH for deal in deals]),
        np.array([deal.buy_price for deal in deals], np.float64),
        text("station"),
        np.array([deal.watts / WATTS_PER_MW for deal in deals]),
    ]
