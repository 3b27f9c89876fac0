"""Stores as the planner sees them: batteries, stations with all their slices, water and heat.

All start where the run's did, and end with at least what the market left; so what is stored at
the end needs no price.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from agents import ReservoirFleet, StationFleet, StorageFleet
from market import WH_PER_MWH, FloatArray
from scenarios.planner.portions import Entry, Portion, Sizes, shape_of, share
from scenarios.planner.record import Record
from scenarios.planner.stages import Pair


@dataclass(frozen=True, slots=True)
class Battery:
    """Charging, discharging and the charge between.

    Attributes
    ----------
    cost : float
        Currency per MWh discharged.
    efficiency_charge, efficiency_discharge, self_discharge : float
        The last is the share of the charge lost per interval.
    shape : tuple of float
        Ratios of power, limits and start to size; equal where stations differ in size only.
    """

    cost: float
    efficiency_charge: float
    efficiency_discharge: float
    self_discharge: float
    shape: tuple[float, ...]

    def enter(self, into: Entry, sizes: Sizes) -> None:
        """Enter stations as one store."""
        charge = into.consumed(sizes["charge"], 0.0, recorded=sizes["charged"])
        discharge = into.delivered(0.0, sizes["discharge"], self.cost, recorded=sizes["discharged"])
        start = float(sizes["start"])
        soc = into.unknown(
            *("soc", sizes["low"], sizes["high"]), recorded=sizes["soc"], before=(start, start)
        )
        law = into.builder.sum(0.0, 0.0, "law")
        into.builder.put(law, soc, 1.0)
        into.builder.put(law, soc, -(1 - self.self_discharge), lagged=True)
        into.builder.put(law, charge, -self.efficiency_charge)
        into.builder.put(law, discharge, 1 / self.efficiency_discharge)
        if self.self_discharge and float(sizes["floor"]):
            self._enter_kept(into, sizes, soc, law)
        if self.efficiency_charge * self.efficiency_discharge < 1 or self.cost:
            into.builder.pair(Pair(charge, discharge, into.single))

    def _enter_kept(self, into: Entry, sizes: Sizes, soc: int, law: int) -> None:
        """Enter what self-discharge leaves because it ends at the least charge.

        The charge left is max((1 - loss) s, s_min), which is convex in s: between that and its
        chord from the least to the largest charge everything is allowed.
        """
        low, high = float(sizes["floor"]), float(sizes["ceiling"])
        lost, held = self.self_discharge * low, 1 - self.self_discharge
        at_full = max(low - held * high, 0.0)
        recorded = _kept(self, sizes)
        kept = into.unknown("kept", 0.0, np.maximum(lost, recorded), recorded=recorded)
        into.builder.put(law, kept, -1.0)
        slope = (lost - at_full) / (high - low)
        before = np.concatenate(([float(sizes["start"])], sizes["soc"][:-1]))
        most = np.maximum(lost + slope * low, recorded + slope * before)
        chord = into.builder.sum(-np.inf, most, "drop")
        into.builder.put(chord, kept, 1.0)
        into.builder.put(chord, soc, slope, lagged=True)


def _kept(form: Battery, sizes: Sizes) -> FloatArray:
    """Return what self-discharge left to the market in each interval, MWh."""
    soc = sizes["soc"]
    before = np.concatenate(([float(sizes["start"])], soc[:-1])) * (1 - form.self_discharge)
    stored = sizes["charged"] * form.efficiency_charge
    given = sizes["discharged"] / form.efficiency_discharge
    kept: FloatArray = np.maximum(soc - before - stored + given, 0.0)
    return kept


def battery_portions(
    fleet: StorageFleet, up: FloatArray, record: Record, entries: dict[str, str]
) -> Iterator[Portion]:
    """Yield stations that are not divided, as new: ageing is left out."""
    plant, cost = fleet.plant, fleet.unit_cost()
    flows = [record.of(fleet, name) for name in ("consumed", "delivered", "soc")]
    for unit, name in enumerate(fleet.names):
        limits = {
            "charge": plant.charge_wh[unit],
            "discharge": plant.discharge_wh[unit],
            "floor": plant.soc_min_wh[unit],
            "ceiling": plant.soc_max_wh[unit],
            "start": plant.soc_start_wh[unit],
        }
        laws = (
            float(plant.efficiency_charge[unit]),
            float(plant.efficiency_discharge[unit]),
            float(plant.self_discharge[unit]),
        )
        charged, discharged, soc = (flow[unit] for flow in flows)
        did = {"charged": charged, "discharged": discharged, "soc": soc}
        yield _portion((name, entries[name]), (float(cost[unit]), *laws), limits, up[unit], did)


def station_portions(
    fleet: StationFleet, up: FloatArray, record: Record, entries: dict[str, str]
) -> Iterator[Portion]:
    """Yield stations as wholes: what their slices trade with each other never leaves them."""
    whole, cost = fleet.station_limits(), fleet.unit_cost()
    flows = [record.of(fleet, name) for name in ("consumed", "delivered", "soc")]
    for place, name in enumerate(whole.names):
        members = [unit for unit, station in enumerate(fleet.stations) if station == name]
        bought, sold, soc = (np.add.reduce(flow[members], axis=0) for flow in flows)
        limits = {
            "charge": whole.charge_wh[place],
            "discharge": whole.discharge_wh[place],
            "floor": whole.soc_min_wh[place],
            "ceiling": whole.soc_max_wh[place],
            "start": np.add.reduce(whole.before[members]),
        }
        laws = (
            float(whole.efficiency_charge[place]),
            float(whole.efficiency_discharge[place]),
            float(whole.self_discharge[place]),
        )
        net = bought - sold
        did = {"charged": np.maximum(net, 0.0), "discharged": np.maximum(-net, 0.0), "soc": soc}
        first = members[0]
        yield _portion((name, entries[name]), (float(cost[first]), *laws), limits, up[first], did)


def _portion(
    names: tuple[str, str],
    laws: tuple[float, float, float, float],
    limits: dict[str, float],
    up: FloatArray,
    did: dict[str, FloatArray],
) -> Portion:
    """Return a store from its limits in Wh and what it did in MWh."""
    mwh = {name: float(value) / WH_PER_MWH for name, value in limits.items()}
    shape = tuple(share(value, mwh["ceiling"]) for value in mwh.values())
    # An aged store may be used below what was its least charge when it was new.
    low = np.minimum(mwh["floor"], did["soc"])
    low[-1] = did["soc"][-1]
    powers = {name: mwh[name] * up for name in ("charge", "discharge")}
    ends = {name: mwh[name] for name in ("floor", "ceiling", "start")}
    sizes = {**powers, **ends, "low": low, "high": np.full(up.size, mwh["ceiling"]), **did}
    return Portion(*names, Battery(*laws, shape), sizes)


@dataclass(frozen=True, slots=True)
class Reservoir:
    """An inflow, a store and a turbine: water, or the heat of a solar tower.

    Attributes
    ----------
    kind : str
    cost : float
    loss : float
        Share of the level lost per interval.
    released : bool
        Some water must be let out at all times, through the turbine or past it.
    shape : tuple of float
    inflow : bytes
        Its course.
    """

    kind: str
    cost: float
    loss: float
    released: bool
    shape: tuple[float, ...]
    inflow: bytes

    def enter(self, into: Entry, sizes: Sizes) -> None:
        """Enter plants as one store; water may be spilt at any time."""
        start = float(sizes["start"])
        given = into.delivered(0.0, sizes["capacity"], self.cost, recorded=sizes["delivered"])
        level = into.unknown(
            *("soc", sizes["low"], sizes["high"]), recorded=sizes["soc"], before=(start, start)
        )
        spilt = into.unknown(
            *("spilt", 0.0, sizes["high"] + sizes["inflow"]), recorded=sizes["spilt"]
        )
        law = into.builder.sum(sizes["inflow"], sizes["inflow"], "law")
        into.builder.put(law, level, 1.0)
        into.builder.put(law, level, -(1 - self.loss), lagged=True)
        into.builder.put(law, given, 1.0)
        into.builder.put(law, spilt, 1.0)
        if self.released:
            release = into.builder.sum(sizes["release"], np.inf)
            into.builder.put(release, given, 1.0)
            into.builder.put(release, spilt, 1.0)


def reservoir_portions(
    fleet: ReservoirFleet, up: FloatArray, record: Record, entries: dict[str, str]
) -> Iterator[Portion]:
    """Yield plants with a reservoir or a store of heat.

    A least output while running is left out: the turbine may run at any output, a relaxation.
    """
    plant, cost = fleet.plant, fleet.unit_cost()
    inflow = fleet.inflow / WH_PER_MWH
    given, soc = record.of(fleet, "delivered"), record.of(fleet, "soc")
    for unit, name in enumerate(fleet.names):
        size, start = plant.size_wh[unit] / WH_PER_MWH, plant.start_wh[unit] / WH_PER_MWH
        capacity = plant.capacity_wh[unit] / WH_PER_MWH
        least = plant.release_wh[unit] / WH_PER_MWH
        held = np.concatenate(([start], soc[unit, :-1])) * (1 - plant.loss[unit])
        spilt = np.maximum(held + inflow[unit] - given[unit] - soc[unit], 0.0)
        low = np.zeros(soc.shape[1])
        low[-1] = soc[unit, -1]
        shape = tuple(share(value, capacity) for value in (size, start, least))
        form = Reservoir(
            *(fleet.kind, float(cost[unit]), float(plant.loss[unit]), bool(least)),
            *(shape, shape_of(inflow[unit], capacity)),
        )
        sizes = {
            "capacity": np.floor(plant.capacity_wh[unit] * up[unit]) / WH_PER_MWH,
            "low": low,
            "high": np.full(low.size, size),
            "start": start,
            "inflow": inflow[unit],
            "release": np.minimum(least, given[unit] + spilt),
            "delivered": given[unit],
            "spilt": spilt,
            "soc": soc[unit],
        }
        yield Portion(name, entries[name], form, sizes)
