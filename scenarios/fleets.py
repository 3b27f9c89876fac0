"""From unit specifications to fleets: which units act together, and with which physics."""

from collections.abc import Callable
from itertools import groupby
from typing import Any

import numpy as np

from agents import (
    FORECASTERS,
    AgeingLaw,
    ArrivalProcess,
    ComputeFleet,
    DataCenterFleet,
    DataCenterSite,
    ExternalFleet,
    Fleet,
    FleetUnits,
    FreeThermalFleet,
    JobTrace,
    LoadFleet,
    PlantNoise,
    PueTable,
    RenewableFleet,
    ReservoirFleet,
    ReservoirPlant,
    Resource,
    ResourceForecaster,
    ServiceBids,
    StorageFleet,
    StoragePlant,
    ThermalFleet,
    ThermalPlant,
    poisson_jobs,
    read_jobs,
    strategies,
)
from market import WH_PER_MWH, FloatArray, InputError, IntArray, to_wh
from scenarios.expand import UnitSpec
from scenarios.loader import LoadedScenario
from scenarios.schema_demand import JobFile, Pue
from scenarios.schema_units import Weather
from scenarios.station_fleets import station_fleet
from scenarios.stations import service_stations
from scenarios.surroundings import Specs, Surroundings, named, price_forecasts

Priced = dict[str, FloatArray]


def build_fleets(loaded: LoadedScenario, specs: Specs, lead_s: int) -> list[Fleet]:
    """Return the fleets of a run, ordered by zone, kind, strategy and forecaster.

    Units with the same of these four, and the same physics, form one fleet; within it they
    are sorted by name. The order of entries in the file does not matter.
    """
    stations = {station.name: station for station in service_stations(loaded.scenario)}
    around = Surroundings(loaded, lead_s, {}, stations)
    problems = around.problems(specs)
    if problems:
        raise InputError(problems)
    around.prices = _outside_prices(around, specs)
    fleets = []

    def group(spec: UnitSpec) -> tuple[str, ...]:
        return _group(spec, spec.name in stations)

    for key, members in groupby(sorted(specs, key=group), key=group):
        try:
            fleets.append(_BUILDERS[key[2]](around, list(members)))
        except InputError as error:
            problems += [text for text in error.problems if text not in problems]
    if problems:
        raise InputError(problems)
    return fleets


def _group(spec: UnitSpec, shared: bool) -> tuple[str, ...]:
    """Return what units of one fleet have in common; all stations of a zone are one fleet."""
    if shared:
        ageing = getattr(spec.model, "ageing", None) is not None
        return spec.zone, spec.kind, "ageing stations" if ageing else "stations"
    physics = spec.kind
    if spec.kind == "hydro" and spec.params["reservoir_mwh"] > 0:
        physics = "reservoir"
    if spec.kind == "thermal" and _is_free(spec):
        physics = "free thermal"
    if spec.kind == "storage" and getattr(spec.model, "ageing", None) is not None:
        physics = "ageing storage"
    segments = str(getattr(spec.model, "segments", ""))
    return spec.zone, spec.kind, physics, repr(spec.strategy), repr(spec.forecast), segments


def _is_free(spec: UnitSpec) -> bool:
    """Tell thermal plants whose offers do not depend on what they ran at before."""
    always_on = getattr(spec.model, "must_run", False) or not spec.params["min_stable_mw"]
    return bool(always_on) and bool(np.isinf(spec.params["ramp_mw_per_hour"]))


def _outside_prices(around: Surroundings, specs: Specs) -> Priced:
    depth: dict[str, float] = {}
    prices: Priced = {}
    for spec in sorted((s for s in specs if s.kind == "external"), key=lambda s: s.name):
        both = around.series(spec, "import_mw") + around.series(spec, "export_mw")
        if (mean := float(both.mean())) > depth.get(spec.zone, -1.0):
            depth[spec.zone] = mean
            prices[spec.zone] = around.series(spec, "price")
    return prices


def _units(around: Surroundings, specs: Specs, needs_prices: bool = False) -> FleetUnits:
    first = specs[0]
    name, params = first.strategy
    forecaster = None
    if needs_prices:
        where = f'{first.kind} "{first.entry}"'
        forecaster = price_forecasts(around, first.forecast, (first.zone, first.kind), where)
    return FleetUnits(
        kind=first.kind,
        zone=first.zone,
        names=[spec.name for spec in specs],
        owners=[spec.owner for spec in specs],
        strategy=strategies.get(name)(**dict(params)),
        calendar=around.calendar,
        seed=around.seed,
        forecaster=forecaster,
        green_only=[getattr(spec.model, "green_only", False) for spec in specs],
    )


def _expectation(around: Surroundings, specs: Specs) -> ResourceForecaster:
    name, params = specs[0].forecast
    names = [spec.name for spec in specs]
    forecast = FORECASTERS[name](**dict(params))
    return ResourceForecaster(forecast, names, around.calendar, around.seed, around.lead_s)


def _bid_cost(around: Surroundings, specs: Specs) -> FloatArray:
    """Return marginal cost less what each MWh delivered earns outside the market."""
    cost, subsidy = around.column(specs, "marginal_cost"), around.column(specs, "subsidy")
    return cost - subsidy - around.column(specs, "certificate")


def _profiles(around: Surroundings, specs: Specs, name: str) -> tuple[FloatArray, IntArray]:
    entries = sorted({spec.entry for spec in specs})
    first = {spec.entry: spec for spec in specs}
    rows = np.stack([around.series(first[entry], name) for entry in entries])
    return rows, np.array([entries.index(spec.entry) for spec in specs], np.int64)


def _weather(around: Surroundings, specs: Specs) -> Fleet:
    rows, index = _profiles(around, specs, "availability")
    spread = around.column(specs, "diversity")
    names = [spec.name for spec in specs]
    noise = PlantNoise(around.seed, names, spread, around.calendar) if spread.any() else None
    capacity = around.column(specs, "capacity_mw") * around.column(specs, "derate")
    return _renewable(around, specs, Resource(rows, index, capacity, noise))


def _river(around: Surroundings, specs: Specs) -> Fleet:
    rows, index = _profiles(around, specs, "inflow")
    capacity = around.column(specs, "capacity_mw")
    return _renewable(around, specs, Resource(np.minimum(rows, 1.0), index, capacity))


def _renewable(around: Surroundings, specs: Specs, resource: Resource) -> Fleet:
    return RenewableFleet(
        _units(around, specs),
        resource,
        _expectation(around, specs),
        _bid_cost(around, specs),
        around.column(specs, "marginal_cost"),
        _service_bids(around, specs),
    )


def _service_bids(around: Surroundings, specs: Specs) -> ServiceBids | None:
    """Return what wind and solar plants bid for storage service; others want none."""
    if not any(isinstance(spec.model, Weather) for spec in specs):
        return None
    tariff = [spec.params.get("tariff", np.nan) for spec in specs]
    return ServiceBids(np.array(tariff, np.float64), around.column(specs, "service_bid"))


def _reservoir(around: Surroundings, specs: Specs) -> Fleet:
    capacity, hours = around.column(specs, "capacity_mw"), around.calendar.hours
    size = around.column(specs, "reservoir_mwh") * WH_PER_MWH
    zero = np.zeros(len(specs))
    plant = ReservoirPlant(
        capacity_wh=to_wh(capacity * hours),
        release_wh=to_wh(around.column(specs, "min_release_mw") * hours),
        minimum_wh=zero.astype(np.int64),
        size_wh=size,
        start_wh=size * around.column(specs, "reservoir_start"),
        loss=zero,
        marginal_cost=_bid_cost(around, specs),
        value_empty=around.column(specs, "water_value_empty"),
        value_full=around.column(specs, "water_value_full"),
    )
    inflow = around.stacked(specs, "inflow") * (capacity * hours * WH_PER_MWH)[:, None]
    return ReservoirFleet(
        _units(around, specs), plant, inflow, around.column(specs, "marginal_cost")
    )


def _csp(around: Surroundings, specs: Specs) -> Fleet:
    capacity, hours = around.column(specs, "capacity_mw"), around.calendar.hours
    size = around.column(specs, "storage_hours") * capacity * WH_PER_MWH
    plant = ReservoirPlant(
        capacity_wh=to_wh(capacity * hours),
        release_wh=np.zeros(len(specs), np.int64),
        minimum_wh=to_wh(around.column(specs, "min_stable_mw") * hours),
        size_wh=size,
        start_wh=size * around.column(specs, "storage_start"),
        loss=around.column(specs, "loss_per_hour") * hours,
        marginal_cost=_bid_cost(around, specs),
        value_empty=around.column(specs, "water_value_empty"),
        value_full=around.column(specs, "water_value_full"),
    )
    field = capacity * around.column(specs, "solar_multiple") * hours * WH_PER_MWH
    inflow = around.stacked(specs, "solar") * field[:, None]
    return ReservoirFleet(
        _units(around, specs), plant, inflow, around.column(specs, "marginal_cost")
    )


def _thermal(around: Surroundings, specs: Specs) -> Fleet:
    hours = around.calendar.hours
    plant = ThermalPlant(
        capacity_wh=to_wh(around.column(specs, "capacity_mw") * hours),
        minimum_wh=to_wh(around.column(specs, "min_stable_mw") * hours),
        ramp_wh=around.column(specs, "ramp_mw_per_hour") * hours * hours * WH_PER_MWH,
        marginal_cost=_bid_cost(around, specs),
        must_run=np.array([getattr(spec.model, "must_run", True) for spec in specs]),
    )
    fleet = FreeThermalFleet if _is_free(specs[0]) else ThermalFleet
    return fleet(_units(around, specs), plant, around.column(specs, "marginal_cost"))


def _storage(around: Surroundings, specs: Specs) -> Fleet:
    units = _units(around, specs, needs_prices=True)
    return StorageFleet(units, _storage_plant(around, specs), _ageing_law(specs))


def _stations(around: Surroundings, specs: Specs) -> Fleet:
    return station_fleet(around, specs, _storage_plant(around, specs), _ageing_law(specs))


def _storage_plant(around: Surroundings, specs: Specs) -> StoragePlant:
    hours = around.calendar.hours
    energy = around.column(specs, "energy_mwh") * WH_PER_MWH
    return StoragePlant(
        charge_wh=around.column(specs, "power_charge_mw") * hours * WH_PER_MWH,
        discharge_wh=around.column(specs, "power_mw") * hours * WH_PER_MWH,
        energy_wh=energy,
        soc_min_wh=energy * around.column(specs, "soc_min"),
        soc_max_wh=energy * around.column(specs, "soc_max"),
        soc_start_wh=energy * around.column(specs, "soc_start"),
        soc_end_wh=energy * around.column(specs, "soc_end"),
        efficiency_charge=around.column(specs, "efficiency_charge"),
        efficiency_discharge=around.column(specs, "efficiency_discharge"),
        self_discharge=around.column(specs, "self_discharge_per_hour") * hours,
        cycle_cost=around.column(specs, "cycle_cost"),
        segments=np.array([getattr(spec.model, "segments", 5) for spec in specs], np.int64),
    )


def _ageing_law(specs: Specs) -> AgeingLaw | None:
    models = [getattr(spec.model, "ageing", None) for spec in specs]
    if models[0] is None:  # then so are all of the fleet
        return None
    names = AgeingLaw.__dataclass_fields__
    return AgeingLaw(
        **{name: np.array([getattr(model, name) for model in models]) for name in names}
    )


def _load(around: Surroundings, specs: Specs) -> Fleet:
    steps = [getattr(spec.model, "steps", ()) for spec in specs]
    width = max((len(own) for own in steps), default=0)
    share, price = np.zeros((len(specs), width)), np.zeros((len(specs), width))
    for row, own in enumerate(steps):
        for column, step in enumerate(own):
            share[row, column], price[row, column] = step.share, step.price
    return LoadFleet(
        _units(around, specs),
        around.stacked(specs, "demand_mw"),
        (share, price),
        around.column(specs, "voll"),
        _expectation(around, specs),
    )


def _external(around: Surroundings, specs: Specs) -> Fleet:
    depth = [_depth(around.stacked(specs, f"{way}_mw"), around) for way in ("import", "export")]
    fee = around.column(specs, "fee")
    price = around.stacked(specs, "price")
    return ExternalFleet(_units(around, specs), price, (depth[0], depth[1]), fee)


DEEP_MW = 1e6  # an unlimited depth: a thousand gigawatts, more than any grid


def _depth(mw: FloatArray, around: Surroundings) -> IntArray:
    return to_wh(np.minimum(mw, DEEP_MW) * around.calendar.hours)


def _data_center(around: Surroundings, specs: Specs) -> Fleet:
    sites = [_site(around, spec) for spec in specs]
    traces = [_jobs(around, spec) for spec in specs]
    segments = int(getattr(specs[0].model, "segments", 24))
    units = _units(around, specs, needs_prices=True)
    return ComputeFleet(units, DataCenterFleet(sites, around.calendar, traces, segments))


def _site(around: Surroundings, spec: UnitSpec) -> DataCenterSite:
    model: Any = spec.model
    pue = model.pue
    return DataCenterSite(
        gpus=round(spec.params["gpus"]),
        inference_gpus=round(spec.params["inference_gpus"]),
        p_active_kw=spec.params["p_active_kw"],
        p_idle_kw=spec.params["p_idle_kw"],
        pue=PueTable(**pue.model_dump()) if isinstance(pue, Pue) else float(pue),
        temperature=around.series(spec, "temperature"),
        sla_penalty_per_gpu_hour=spec.params["sla_penalty_per_gpu_hour"],
        value_per_gpu_hour=spec.params["value_per_gpu_hour"],
    )


def _jobs(around: Surroundings, spec: UnitSpec) -> JobTrace | None:
    model: Any = spec.model
    if model.jobs is None:
        return None
    room = round(spec.params["gpus"]) - round(spec.params["inference_gpus"])
    with named(spec, "jobs"):
        trace = _trace(around, spec, room)
        largest = int(trace.gpus.max(initial=0))
        if largest > room:
            raise InputError(f"a job needs {largest} GPUs at once, the site leaves {room} to jobs")
        return trace


def _trace(around: Surroundings, spec: UnitSpec, most_gpus: int) -> JobTrace:
    model: Any = spec.model
    value = spec.params["value_per_gpu_hour"]
    if isinstance(model.jobs, JobFile):
        return read_jobs(around.path(model.jobs.file), value)
    process = ArrivalProcess(**model.jobs.model_dump(), value_per_gpu_hour=value)
    return poisson_jobs(around.seed, spec.name, around.calendar, process, max(most_gpus, 1))


_BUILDERS: dict[str, Callable[[Surroundings, list[UnitSpec]], Fleet]] = {
    "pv": _weather,
    "wind": _weather,
    "hydro": _river,
    "reservoir": _reservoir,
    "csp": _csp,
    "thermal": _thermal,
    "free thermal": _thermal,
    "storage": _storage,
    "ageing storage": _storage,
    "stations": _stations,
    "ageing stations": _stations,
    "data_center": _data_center,
    "load": _load,
    "external": _external,
}
