"""Stations that are split into slices, as wholes: the laws that hold for all slices together."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from market.block import Block
from market.calendar import Calendar
from market.errors import ConservationError
from market.layout import Layout
from market.metering import SOC_TOLERANCE_WH
from market.storage_service.netting import Netting, netted, station_sums
from market.units import BoolArray, FloatArray, IntArray

FINE = 1e-9  # of a station's power: what shares of it differ from one by rounding


@dataclass(frozen=True, slots=True)
class StationLimits:
    """Physical constants of stations that are split into slices.

    Attributes
    ----------
    names : tuple of str, length S
    charge_wh, discharge_wh : array, shape (S,)
        Largest energy charged and discharged in an interval, Wh on the grid side.
    soc_min_wh, soc_max_wh : array, shape (S,)
        Limits of the state of charge when new, Wh.
    efficiency_charge, efficiency_discharge, self_discharge : array, shape (S,)
    before : array, shape (n,)
        State of charge of each slice at the start of the next block, in the order of the layout;
        `check_stations` moves it on.
    """

    names: tuple[str, ...]
    charge_wh: FloatArray
    discharge_wh: FloatArray
    soc_min_wh: FloatArray
    soc_max_wh: FloatArray
    efficiency_charge: FloatArray
    efficiency_discharge: FloatArray
    self_discharge: FloatArray
    before: FloatArray


def check_stations(block: Block, calendar: Calendar, layout: Layout, limits: StationLimits) -> None:
    """Raise `ConservationError`, naming interval and station, unless physics hold for each whole.

    What is left after netting is within the station's power, all slices together are within its
    limits, and their charge changes by what the station itself charges, discharges and loses: so
    netting, its credits and handovers neither make nor destroy energy.
    """
    place = np.array([_place(name, limits.names) for name in layout.stations], np.int64)
    known = layout.station_of >= 0
    rows = np.flatnonzero(known)[place[layout.station_of[known]] >= 0]
    station = place[layout.station_of[rows]]
    complain = _Complaint(block, calendar, limits.names)
    flows = netted(block.consumed[:, rows], block.delivered[:, rows], station, len(limits.names))
    complain(_beyond(flows.charge, limits.charge_wh), "charges more than its power allows")
    complain(_beyond(flows.discharge, limits.discharge_wh), "discharges more than its power allows")
    _check_charge(complain, flows, rows, station, limits)
    limits.before[:] = block.soc[-1, rows]


class _Complaint(NamedTuple):
    """Who raises errors: with names for intervals and stations."""

    block: Block
    calendar: Calendar
    names: tuple[str, ...]

    def __call__(self, bad: BoolArray, what: str) -> None:
        if bad.any():
            row, station = (int(place[0]) for place in np.nonzero(bad))
            moment = self.calendar.time(self.block.first + row).isoformat()
            raise ConservationError(f"{moment}, station {self.names[station]}: {what}")


def _check_charge(
    complain: _Complaint, flows: Netting, rows: IntArray, station: IntArray, limits: StationLimits
) -> None:
    block, count = complain.block, len(limits.names)
    soc, floor = block.soc[:, rows], block.soc_floor[:, rows]
    before = np.vstack([limits.before, soc[:-1]])
    lost = np.maximum(np.minimum(before * limits.self_discharge[station], before - floor), 0.0)
    old, new, lost, floor = (
        station_sums(columns, station, count) for columns in (before, soc, lost, floor)
    )
    left = np.ones(count)
    left[station] = block.capacity_left[rows]
    complain(_outside(old, new, left, limits), "all slices together are outside its limits")
    too_high = floor > limits.soc_min_wh * left + SOC_TOLERANCE_WH
    complain(too_high, "self-discharge of its slices ends too early")
    change = flows.charge * limits.efficiency_charge - flows.discharge / limits.efficiency_discharge
    wrong = ~(np.abs(new - old - (change - lost)) <= SOC_TOLERANCE_WH)
    complain(wrong, "charge of its slices does not follow from what it charges and discharges")


def _beyond(flow: IntArray, limit: FloatArray) -> BoolArray:
    return flow > limit * (1 + FINE) + SOC_TOLERANCE_WH


def _outside(
    before: FloatArray, after: FloatArray, left: FloatArray, limits: StationLimits
) -> BoolArray:
    low = limits.soc_min_wh * left - SOC_TOLERANCE_WH
    high = limits.soc_max_wh * left + SOC_TOLERANCE_WH
    # What no longer fits into an aged store stays until it is used, and never grows.
    stays = (left < 1) & (after <= before + SOC_TOLERANCE_WH)
    outside: BoolArray = ~(after >= low) | (~(after <= high) & ~stays)
    return outside


def _place(name: str, names: tuple[str, ...]) -> int:
    return names.index(name) if name in names else -1
