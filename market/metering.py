"""What was available, delivered and lost, and the laws that every block must obey."""

from dataclasses import dataclass

import numpy as np

from market.block import Block
from market.calendar import Calendar
from market.errors import ConservationError
from market.units import BoolArray, FloatArray, IntArray

CAUSES = ("economic", "network", "forecast", "withheld", "outage")
SOC_TOLERANCE_WH = 0.5  # half a watt-hour: SoC is a float, market energy is not
PRICE_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class Stores:
    """Physical constants of units that store energy, by unit; NaN or 0 elsewhere.

    Attributes
    ----------
    minimum, maximum : array, shape (U,)
        Limits of the state of charge when new, Wh; what ageing leaves of them is in the block.
    efficiency_charge, efficiency_discharge, self_discharge : array, shape (U,)
        Batteries only: the last is the share of the charge lost per interval.
    before : array, shape (U,)
        State of charge at the start of the next block; `check_block` moves it on.
    """

    minimum: FloatArray
    maximum: FloatArray
    efficiency_charge: FloatArray
    efficiency_discharge: FloatArray
    self_discharge: FloatArray
    before: FloatArray


def offered(block: Block) -> IntArray:
    """Return energy offered by each unit, Wh, shape (m, U)."""
    return _per_unit(block.ask_quantity, block.layout.ask_unit, len(block.layout.units))


def demanded(block: Block) -> IntArray:
    """Return energy bid for by each unit, Wh, shape (m, U)."""
    return _per_unit(block.bid_quantity, block.layout.bid_unit, len(block.layout.units))


def curtailment(block: Block, offers: IntArray, renewable: BoolArray) -> dict[str, IntArray]:
    """Split what was available and not delivered by cause; the parts add up exactly.

    Parameters
    ----------
    block : Block
    offers : array of int, shape (m, U)
        Energy offered.
    renewable : array of bool, shape (U,)
        Units whose unused resource is curtailment.

    Returns
    -------
    dict of array of int, shape (m, U)
        ``outage``: the plant was out. ``economic``: offered and not taken. ``withheld``: expected
        to be there, and not offered. ``forecast``: more than the owner expected. ``network``:
        taken by the market and not by the grid.
    """
    usable, given = block.available, block.delivered
    taken = np.maximum(offers, given)
    parts = {
        "outage": block.resource - usable,
        "economic": np.maximum(np.minimum(offers, usable) - given, 0),
        "withheld": np.maximum(np.minimum(block.forecast, usable) - taken, 0),
        "network": np.zeros_like(given),
    }
    idle = np.maximum(usable - taken, 0)
    parts["forecast"] = idle - parts["withheld"]
    # Water or heat that left a full reservoir was there to be used whatever was offered.
    spilled = block.spilled > 0
    parts["economic"] = np.where(spilled, block.spilled, parts["economic"])
    parts["withheld"][spilled] = parts["forecast"][spilled] = 0
    return {cause: np.where(renewable, part, 0) for cause, part in parts.items()}


def check_block(block: Block, calendar: Calendar, stores: Stores) -> None:
    """Raise `ConservationError`, naming interval and unit, unless the block obeys the laws.

    Energy balances in each zone to the watt-hour, stores stay within their limits and change by
    what they charge, discharge and lose, and nobody trades at a price worse than its order.
    (Curtailment is checked by `check_curtailment`, money by the ledger.)
    """
    _check_energy(block, calendar)
    _check_stores(block, calendar, stores)
    _check_charge(block, calendar, stores)
    _check_prices(block, calendar)


def check_curtailment(
    block: Block, causes: dict[str, IntArray], renewable: BoolArray, calendar: Calendar
) -> None:
    """Raise unless available = delivered + curtailed causes, per unit and interval."""
    total = sum(causes.values())
    gap = np.where(renewable, block.resource - block.delivered - total, 0)
    _raise_at(gap != 0, block, calendar, "available energy is not delivered plus curtailed")


def _check_energy(block: Block, calendar: Calendar) -> None:
    for zone in block.layout.zones:
        units = zone.units
        injected = block.delivered[:, units].sum(axis=1)
        withdrawn = block.consumed[:, units].sum(axis=1)
        rows = np.flatnonzero(injected != withdrawn)
        if rows.size:
            row = int(rows[0])
            raise ConservationError(
                f"{calendar.time(block.first + row).isoformat()}, zone {zone.name}: injections "
                f"{injected[row]} Wh are not withdrawals {withdrawn[row]} Wh"
            )


def _check_stores(block: Block, calendar: Calendar, stores: Stores) -> None:
    left = block.capacity_left
    low = stores.minimum * left - SOC_TOLERANCE_WH
    high = stores.maximum * left + SOC_TOLERANCE_WH
    with np.errstate(invalid="ignore"):
        outside = (block.soc < low) | (block.soc > high)
    if outside.any() and (left < 1).any():
        # What no longer fits into an aged store stays until it is used, and never grows.
        before = np.vstack([stores.before, block.soc[:-1]])
        outside &= (left == 1) | (block.soc < low) | (block.soc > before)
    _raise_at(outside, block, calendar, "state of charge is outside its limits")
    both = (block.delivered > 0) & (block.consumed > 0)
    _raise_at(both, block, calendar, "a unit injects and withdraws in one interval")


def _check_charge(block: Block, calendar: Calendar, stores: Stores) -> None:
    before = np.vstack([stores.before, block.soc[:-1]])
    with np.errstate(invalid="ignore"):
        lowest = np.maximum(stores.minimum * block.capacity_left, block.soc_floor)
        lost = np.minimum(before * stores.self_discharge, before - lowest)
        change = (
            block.consumed * stores.efficiency_charge
            - block.delivered / stores.efficiency_discharge
            - lost
            + block.moved
        )
        right = np.abs(block.soc - before - change) <= SOC_TOLERANCE_WH
    wrong = ~right & np.isfinite(stores.efficiency_charge)  # a charge that is not a number, too
    _raise_at(wrong, block, calendar, "state of charge does not follow from charge and discharge")
    stores.before[:] = block.soc[-1]


def _check_prices(block: Block, calendar: Calendar) -> None:
    layout = block.layout
    for index, zone in enumerate(layout.zones):
        sell = block.zone["sell_price"][:, index, None]
        buy = block.zone["buy_price"][:, index, None]
        with np.errstate(invalid="ignore"):
            low = (block.ask_fill[:, zone.asks] > 0) & (
                block.ask_price[:, zone.asks] > sell + PRICE_TOLERANCE
            )
            high = (block.bid_fill[:, zone.bids] > 0) & (
                block.bid_price[:, zone.bids] < buy - PRICE_TOLERANCE
            )
        for bad, unit in ((low, layout.ask_unit[zone.asks]), (high, layout.bid_unit[zone.bids])):
            if bad.any():
                row, slot = (int(x[0]) for x in np.nonzero(bad))
                raise ConservationError(
                    f"{calendar.time(block.first + row).isoformat()}, unit "
                    f"{layout.units[unit[slot]]}: trades at a price worse than its order"
                )
    _check_fills(block.ask_fill, block.ask_quantity, layout.ask_unit, block, calendar)
    _check_fills(block.bid_fill, block.bid_quantity, layout.bid_unit, block, calendar)


def _check_fills(
    fill: IntArray, quantity: IntArray, unit: IntArray, block: Block, calendar: Calendar
) -> None:
    bad = (fill < 0) | (fill > quantity)
    if bad.any():
        row, slot = (int(x[0]) for x in np.nonzero(bad))
        raise ConservationError(
            f"{calendar.time(block.first + row).isoformat()}, unit "
            f"{block.layout.units[unit[slot]]}: an order is filled beyond its quantity"
        )


def _raise_at(bad: BoolArray, block: Block, calendar: Calendar, what: str) -> None:
    if bad.any():
        row, unit = (int(x[0]) for x in np.nonzero(bad))
        moment = calendar.time(block.first + row).isoformat()
        raise ConservationError(f"{moment}, unit {block.layout.units[unit]}: {what}")


def _per_unit(columns: IntArray, unit: IntArray, units: int) -> IntArray:
    """Add up slots by unit; a unit's slots are neighbours."""
    sums = np.zeros((columns.shape[0], units), np.int64)
    if unit.size:
        present, starts = np.unique(unit, return_index=True)
        sums[:, present] = np.add.reduceat(columns, starts, axis=1)
    return sums
