"""One zone, interval by interval, as the table of intervals keeps it."""

from typing import Any

import numpy as np

from market.block import Block
from market.storage_service.rules import MODES
from market.table_columns import PRICES, RENEWABLE_COLUMNS, SURPLUSES
from market.units import WH_PER_MWH, BoolArray, FloatArray, IntArray


def zone_numbers(
    block: Block, columns: dict[str, IntArray], renewable: BoolArray, index: int
) -> dict[str, Any]:
    """Return one zone's columns of intervals.parquet, shape (m,)."""
    zone = block.layout.zones[index]
    units = zone.units
    green = np.zeros_like(renewable)
    green[units] = renewable[units]
    numbers: dict[str, Any] = {name: block.zone[name][:, index] for name in (*PRICES, *SURPLUSES)}
    numbers["buy_price"] = block.zone["mean_buy_price"][:, index]
    numbers["sell_price"] = block.zone["mean_sell_price"][:, index]
    numbers["volume_mwh"] = block.volume[:, index] / WH_PER_MWH
    for name in ("offered", "bid", "unserved"):
        numbers[f"{name}_mwh"] = columns[name][:, units].sum(axis=1) / WH_PER_MWH
    for name in (*RENEWABLE_COLUMNS, "delivered", "recovered"):
        numbers[f"{name}_mwh"] = columns[name][:, green].sum(axis=1) / WH_PER_MWH
    for mode in MODES:
        stored = block.recovered.get(mode)
        wh = np.zeros(block.m) if stored is None else stored[:, green].sum(axis=1)
        numbers[f"recovered_{mode}_mwh"] = wh / WH_PER_MWH
    numbers["imbalance_mwh"] = np.abs(columns["imbalance"][:, units]).sum(axis=1) / WH_PER_MWH
    numbers["imbalance_short_price"] = block.zone["short_price"][:, index]
    numbers["imbalance_long_price"] = block.zone["long_price"][:, index]
    numbers["largest_offered_mwh"] = (
        largest_by_owner(columns["offered"][:, units], block.layout.owner_of[units]) / WH_PER_MWH
    )
    numbers["marginal_cost_price"] = costliest(
        block.marginal_cost[:, units], columns["sold"][:, units] > 0
    )
    numbers["n_orders"] = np.count_nonzero(
        block.ask_quantity[:, zone.asks], axis=1
    ) + np.count_nonzero(block.bid_quantity[:, zone.bids], axis=1)
    return numbers


def largest_by_owner(energy: IntArray, owner: IntArray) -> IntArray:
    """Return the most that the units of one owner have together, per interval, shape (m,).

    >>> largest_by_owner(np.array([[3, 4, 2]]), np.array([0, 1, 0])).tolist()
    [5]
    """
    rank = np.argsort(owner, kind="stable")
    starts = np.flatnonzero(np.diff(owner[rank], prepend=-1))
    sums: IntArray = np.add.reduceat(energy[:, rank], starts, axis=1).max(axis=1)
    return sums


def costliest(cost: FloatArray, running: BoolArray) -> FloatArray:
    """Return the highest cost of those that run and have one, NaN where nobody does, shape (m,).

    >>> costliest(np.array([[5.0, 9.0, np.nan]]), np.array([[True, False, True]])).tolist()
    [5.0]
    """
    highest: FloatArray = np.fmax.reduce(np.where(running, cost, np.nan), axis=1)
    return highest
