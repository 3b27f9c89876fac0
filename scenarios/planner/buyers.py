"""Loads and outside markets as the planner sees them."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from agents import ExternalFleet, LoadFleet
from market import WH_PER_MWH, FloatArray
from scenarios.planner.portions import Entry, Portion, Sizes
from scenarios.planner.record import Record


@dataclass(frozen=True, slots=True)
class Demand:
    """Demand with a value, in steps that fall.

    Attributes
    ----------
    worth : tuple of float
        Value of each part, currency/MWh; the inelastic part comes first.
    """

    worth: tuple[float, ...]

    def enter(self, into: Entry, sizes: Sizes) -> None:
        """Enter loads; each part is served or not."""
        for place, worth in enumerate(self.worth):
            into.consumed(sizes[f"part {place}"], worth, recorded=sizes[f"served {place}"])


def load_portions(
    fleet: LoadFleet, up: FloatArray, record: Record, entries: dict[str, str]
) -> Iterator[Portion]:
    """Yield loads, with what an outage cuts off taken from the least valued end."""
    consumed = np.rint(record.of(fleet, "consumed") * WH_PER_MWH)
    for unit, name in enumerate(fleet.names):
        demand = fleet.demand[unit]
        order = np.argsort(-fleet.value[unit, 1:], kind="stable")
        elastic = np.floor(demand * fleet.share[unit, order, None])
        parts = np.vstack([demand - np.add.reduce(elastic, axis=0), elastic])
        connected = np.floor(demand * up[unit])
        most, served = _filled(parts, connected), _filled(parts, consumed[unit])
        worth = (float(fleet.voll[unit]), *fleet.value[unit, 1:][order].tolist())
        sizes = {
            f"{what} {place}": row / WH_PER_MWH
            for what, rows in (("part", most), ("served", served))
            for place, row in enumerate(rows)
        }
        yield Portion(name, entries[name], Demand(worth), sizes)


def _filled(parts: FloatArray, total: FloatArray) -> FloatArray:
    """Return what of each part is within a total, filled from the first part on."""
    before = np.cumsum(parts, axis=0) - parts
    return np.clip(total - before, 0.0, parts)


@dataclass(frozen=True, slots=True)
class Outside:
    """A market beyond a line.

    Attributes
    ----------
    price : bytes
        Its price in each interval, currency/MWh, as the bytes of an array.
    fee : float
        On top of imports and off exports.
    """

    price: bytes
    fee: float

    def enter(self, into: Entry, sizes: Sizes) -> None:
        """Enter lines to the same market."""
        price = np.frombuffer(self.price, np.float64)
        bought, sold = sizes["imported"], sizes["exported"]
        into.delivered(0.0, sizes["imports"], price + self.fee, recorded=bought)
        into.consumed(sizes["exports"], price - self.fee, recorded=sold)


def external_portions(
    fleet: ExternalFleet, up: FloatArray, record: Record, entries: dict[str, str]
) -> Iterator[Portion]:
    """Yield outside markets with the depth that was not out of order."""
    imported, exported = record.of(fleet, "delivered"), record.of(fleet, "consumed")
    for unit, name in enumerate(fleet.names):
        form = Outside(fleet.price[unit].tobytes(), float(fleet.fee[unit]))
        sizes = {
            "imports": np.floor(fleet.imports[unit] * up[unit]) / WH_PER_MWH,
            "exports": np.floor(fleet.exports[unit] * up[unit]) / WH_PER_MWH,
            "imported": imported[unit],
            "exported": exported[unit],
        }
        yield Portion(name, entries[name], form, sizes)
