"""One zone, interval by interval, as the table of intervals keeps it."""

from typing import Any

import numpy as np

from market.block import Block
from market.storage_service.rules import MODES
from market.table_columns import PRICES, RENEWABLE_COLUMNS, SURPLUSES
from market.units import WH_PER_MWH, BoolArray, IntArray


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
    numbers["n_orders"] = np.count_nonzero(
        block.ask_quantity[:, zone.asks], axis=1
    ) + np.count_nonzero(block.bid_quantity[:, zone.bids], axis=1)
    return numbers
