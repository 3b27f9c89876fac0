"""Which row is whose: units, owners and order slots of a run, as contiguous ranges.

Fleets are laid out zone by zone, so everything that belongs to a zone, a fleet or a kind
is a slice, never a search.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby
from typing import Protocol

import numpy as np

from market.units import BoolArray, FloatArray, IntArray


class FleetShape(Protocol):
    """What the market must know of a fleet to give it rows."""

    kind: str
    zone: str
    names: list[str]
    owners: list[str]
    ask_slots: int
    bid_slots: int
    clean: bool
    green_only: list[bool]
    stations: list[str]
    uses: list[str]


@dataclass(frozen=True, slots=True)
class FleetRows:
    """The rows of one fleet: its units, its offers and its bids."""

    units: slice
    asks: slice
    bids: slice
    ask_slots: int
    bid_slots: int

    @property
    def n(self) -> int:
        """Number of units."""
        return int(self.units.stop - self.units.start)


@dataclass(frozen=True, slots=True)
class ZoneRows:
    """The rows of one zone."""

    name: str
    units: slice
    asks: slice
    bids: slice


@dataclass(frozen=True, slots=True)
class Layout:
    """The rows of a run.

    Attributes
    ----------
    units, kinds, zone_names : tuple of str, length U
        Name, kind and zone of each unit.
    owners : tuple of str
        Account holders, sorted; `owner_of` maps units to them, shape (U,).
    ask_unit, bid_unit : array of int
        Unit of each order slot.
    clean, green_only : array of bool, shape (U,)
        Who sells clean energy, and who buys nothing else.
    stations : tuple of str
        Storage stations that are split into slices; `station_of` maps units to them, shape (U,),
        -1 for all other units.
    uses : tuple of str, length U
        What a slice is for: ``own``, ``service``, ``lease``; empty for other units.
    fleets : tuple of FleetRows
        In the order of the fleets given.
    zones : tuple of ZoneRows
    groups : tuple of (zone, kind, slice)
        Runs of units of one kind in one zone.
    """

    units: tuple[str, ...]
    kinds: tuple[str, ...]
    zone_names: tuple[str, ...]
    owners: tuple[str, ...]
    owner_of: IntArray
    ask_unit: IntArray
    bid_unit: IntArray
    clean: BoolArray
    green_only: BoolArray
    stations: tuple[str, ...]
    station_of: IntArray
    uses: tuple[str, ...]
    fleets: tuple[FleetRows, ...]
    zones: tuple[ZoneRows, ...]
    groups: tuple[tuple[str, str, slice], ...]

    def of_kind(self, *kinds: str) -> BoolArray:
        """Return which units are of one of `kinds`, shape (U,)."""
        return np.array([kind in kinds for kind in self.kinds], dtype=bool)


def lay_out(fleets: Sequence[FleetShape]) -> Layout:
    """Return the rows of `fleets`, which must be ordered by zone and then kind."""
    sizes = [len(fleet.names) for fleet in fleets]
    unit_slices = _ranges(sizes)
    ask_slices = _ranges([n * f.ask_slots for n, f in zip(sizes, fleets, strict=True)])
    bid_slices = _ranges([n * f.bid_slots for n, f in zip(sizes, fleets, strict=True)])
    rows = tuple(
        FleetRows(u, a, b, f.ask_slots, f.bid_slots)
        for u, a, b, f in zip(unit_slices, ask_slices, bid_slices, fleets, strict=True)
    )
    owner_names = [owner for fleet in fleets for owner in fleet.owners]
    owners = tuple(sorted(set(owner_names)))
    place = {owner: index for index, owner in enumerate(owners)}
    station_names = [name for fleet in fleets for name in fleet.stations]
    stations = tuple(sorted(set(station_names) - {""}))
    return Layout(
        units=tuple(name for fleet in fleets for name in fleet.names),
        kinds=tuple(fleet.kind for fleet in fleets for _ in fleet.names),
        zone_names=tuple(fleet.zone for fleet in fleets for _ in fleet.names),
        owners=owners,
        owner_of=np.array([place[name] for name in owner_names], dtype=np.int64),
        ask_unit=_slot_units(sizes, [fleet.ask_slots for fleet in fleets]),
        bid_unit=_slot_units(sizes, [fleet.bid_slots for fleet in fleets]),
        clean=np.repeat([fleet.clean for fleet in fleets], sizes).astype(np.bool_),
        green_only=np.array([flag for fleet in fleets for flag in fleet.green_only], np.bool_),
        stations=stations,
        station_of=np.array(
            [stations.index(name) if name else -1 for name in station_names], np.int64
        ),
        uses=tuple(use for fleet in fleets for use in fleet.uses),
        fleets=rows,
        zones=_zones(fleets, rows),
        groups=_groups(fleets, rows),
    )


def _ranges(sizes: Sequence[int]) -> list[slice]:
    ends = list(accumulate(sizes))
    return [slice(end - size, end) for size, end in zip(sizes, ends, strict=True)]


def _slot_units(sizes: Sequence[int], slots: Sequence[int]) -> IntArray:
    per_unit = np.repeat(np.array(slots, np.int64), sizes)
    return np.repeat(np.arange(sum(sizes), dtype=np.int64), per_unit)


def _zones(fleets: Sequence[FleetShape], rows: Sequence[FleetRows]) -> tuple[ZoneRows, ...]:
    zones = []
    for name, members in groupby(zip(fleets, rows, strict=True), key=lambda pair: pair[0].zone):
        own = [row for _, row in members]
        first, last = own[0], own[-1]
        zones.append(
            ZoneRows(
                name,
                slice(first.units.start, last.units.stop),
                slice(first.asks.start, last.asks.stop),
                slice(first.bids.start, last.bids.stop),
            )
        )
    return tuple(zones)


def _groups(
    fleets: Sequence[FleetShape], rows: Sequence[FleetRows]
) -> tuple[tuple[str, str, slice], ...]:
    groups = []
    pairs = zip(fleets, rows, strict=True)
    for (zone, kind), members in groupby(pairs, key=lambda pair: (pair[0].zone, pair[0].kind)):
        own = [row for _, row in members]
        groups.append((zone, kind, slice(own[0].units.start, own[-1].units.stop)))
    return tuple(groups)


def group_sums(layout: Layout, columns: IntArray | FloatArray) -> IntArray | FloatArray:
    """Return the sums over each group of `columns` of shape (m, U), as (m, groups)."""
    starts = [group.start for _, _, group in layout.groups]
    return np.add.reduceat(columns, starts, axis=1)
