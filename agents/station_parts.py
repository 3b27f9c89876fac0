"""Slices of stations by strategy: each part is shown to its own as a fleet of its own."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import TYPE_CHECKING

import numpy as np

from agents.fleet import Fleet, FleetUnits
from agents.forecast_scores import scores_of
from agents.quotes import MarketView
from agents.slices import Sizes
from agents.storage import StoragePlant
from market import FleetBlock, FloatArray, IntArray

if TYPE_CHECKING:
    from agents.stations import StationFleet

POWERS = ("charge_wh", "discharge_wh")
ENERGIES = ("energy_wh", "soc_min_wh", "soc_max_wh", "soc_start_wh", "soc_end_wh")
COLUMNS = (*StoragePlant.__slots__, "plan_scale", "lease_end")


class Part(Fleet):
    """Slices as their strategy sees them: a storage fleet of the sizes they have now.

    Slices that change their size are shown as a new fleet, because plans are made for a size. A
    slice of size zero has no power and no room.

    Parameters
    ----------
    units : FleetUnits
    fleet : StationFleet
    rows : slice
        Where they are in it.
    """

    stateful = True

    def __init__(self, units: FleetUnits, fleet: "StationFleet", rows: slice) -> None:
        super().__init__(units)
        self.units, self.rows, self._fleet = units, rows, fleet
        self.ask_slots = self.bid_slots = fleet.ask_slots
        self.renew()

    def renew(self) -> None:
        """Take over what the fleet's columns are now."""
        for name in COLUMNS:
            setattr(self, name, getattr(self._fleet, name)[self.rows])

    @property
    def committed_soc(self) -> FloatArray:
        """SoC at the start of the quoted interval, after all awards and what changes hands."""
        return self._fleet.quoted_soc[self.rows]

    def charge_limit(self) -> IntArray:
        """Return what can be bought in the quoted interval, whole Wh."""
        return self._fleet.charge_limit()[self.rows]

    def discharge_limit(self) -> IntArray:
        """Return what can be sold in the quoted interval, whole Wh."""
        return self._fleet.discharge_limit()[self.rows]


class Parts:
    """All parts of a fleet of stations, in the order of its slices.

    Parameters
    ----------
    units : sequence of FleetUnits
    fleet : StationFleet
    """

    def __init__(self, units: Sequence[FleetUnits], fleet: "StationFleet") -> None:
        ends = list(accumulate(len(part.names) for part in units))
        rows = [slice(end - len(part.names), end) for part, end in zip(units, ends, strict=True)]
        self._fleet = fleet
        self._parts = [Part(part, fleet, own) for part, own in zip(units, rows, strict=True)]
        self._block: FleetBlock | None = None
        self._windows: list[FleetBlock] = []

    def ask(self, block: FleetBlock, view: MarketView, silent: Collection[int] = ()) -> None:
        """Let the strategy of each part write its orders, unless all its slices are `silent`."""
        if self._block is not block:
            self._block, self._windows = block, [_window(block, part.rows) for part in self._parts]
        for part, window in zip(self._parts, self._windows, strict=True):
            if silent and all(row in silent for row in range(part.rows.start, part.rows.stop)):
                continue
            own = view
            if part.forecaster is not view.forecaster:
                own = replace(view, forecaster=part.forecaster)
            part.quote(window, own)

    def scores(self) -> dict[str, FloatArray]:
        """Return how good the forecasts of each part were (`agents.forecast_scores`)."""
        found: dict[str, FloatArray] = {}
        for part in self._parts:
            for name, values in scores_of(part.forecaster, part.n).items():
                found.setdefault(name, np.full(self._fleet.n, np.nan))[part.rows] = values
        return found

    def renew(self) -> None:
        """Show all parts their present limits; plans follow when they are due."""
        for part in self._parts:
            part.renew()

    def resize(self, before: Sizes, after: Sizes) -> None:
        """Show parts with other sizes than before as new fleets, so that plans are made anew."""
        changed = (before.power != after.power) | (before.energy != after.energy)
        self._parts = [
            Part(part.units, self._fleet, part.rows) if changed[part.rows].any() else part
            for part in self._parts
        ]


def together(parts: Sequence[FleetUnits]) -> FleetUnits:
    """Return the units of all parts as one; the first part's strategy stands for all."""
    if any(hasattr(part.strategy, "revise") for part in parts):
        raise ValueError("slices of stations have strategies that do not revise their orders")
    return replace(
        parts[0],
        names=[name for part in parts for name in part.names],
        owners=[owner for part in parts for owner in part.owners],
        green_only=[
            flag for part in parts for flag in part.green_only or [False] * len(part.names)
        ],
    )


def divided(plant: StoragePlant, station: IntArray, sizes: Sizes) -> StoragePlant:
    """Return the constants of slices: those of their stations, times their sizes."""
    shares = dict.fromkeys(POWERS, sizes.power) | dict.fromkeys(ENERGIES, sizes.energy)
    columns = {name: getattr(plant, name)[station] for name in StoragePlant.__slots__}
    for name, share in shares.items():
        columns[name] = columns[name] * share
    return StoragePlant(**columns)


def _window(block: FleetBlock, rows: slice) -> FleetBlock:
    """Return a block that shows the orders of some units only."""
    names = ("ask_price", "ask_quantity", "bid_price", "bid_quantity")
    return replace(block, **{name: getattr(block, name)[:, rows] for name in names})
