"""The planner equals a program written from the physics, unit by unit and second by second."""

import math

import numpy as np
import pytest

from scenarios.planner import plan
from tests.oracles.planner import System
from tests.scenarios.planner.planned import run_world, series, world, write_world

N = 36
CLOSE = 1e-7
hours = np.arange(N)
DEMAND = np.round(40 + 15 * np.sin(hours / 3.8) + (hours % 5), 3)
SUN = np.round(np.maximum(0, np.sin(math.pi * (hours % 24 - 6) / 12)), 4)
WIND = np.round(0.5 + 0.45 * np.sin(1.7 * hours), 4)
WATER = np.round(0.35 + 0.3 * np.cos(hours / 5), 4)
PRICE = np.round(260 + 180 * np.cos(hours / 4.1) - 20 * (hours % 7), 3)
SERIES = {"demand": DEMAND, "sun": SUN, "wind": WIND, "water": WATER, "price": PRICE}

TOWN = ("[[load]]", {"name": "town", "demand_mw": series("demand"), "voll": 2000})


def ends(results):
    units = results.participants.set_index(results.participants["unit"].astype(str))
    return units["soc_end_mwh"]


def planned(place, text, interval=60, **columns):
    results, loaded = run_world(write_world(place, text, interval, **(columns or SERIES)))
    return plan(results, loaded), results


def generator(kind, name, capacity, **more):
    return "[[generator]]", {"kind": kind, "name": name, "capacity_mw": capacity, **more}


def test_batteries_ramps_and_elastic_demand(tmp_path):
    steps = "[{share = 0.25, price = 280}, {share = 0.125, price = 410}]"
    text = world(
        N,
        (TOWN[0], TOWN[1] | {"steps": steps}),
        generator("pv", "sun", 60, availability=series("sun"), marginal_cost=1.0),
        generator("wind", "wind", 16, availability=series("wind"), marginal_cost=2.0),
        generator(
            *("thermal", "coal", 40),
            **{"marginal_cost": 300.0, "min_stable_mw": 10.0, "ramp_mw_per_hour": 4.0},
        ),
        generator("thermal", "gas", 30, marginal_cost=420.0),
        (
            "[[storage]]",
            {
                **{"name": "battery", "power_mw": 9, "power_charge_mw": 6, "energy_mwh": 30},
                **{"efficiency_charge": 0.9, "efficiency_discharge": 0.9, "cycle_cost": 15},
                **{"self_discharge_per_hour": 0.01, "soc_min": 0.1, "soc_max": 0.9},
                "soc_start": 0.2,
            },
        ),
    )
    found, results = planned(tmp_path, text)
    system = System(N)
    town = np.round(DEMAND * 1e6)
    low, middle = np.floor(town * 0.25) / 1e6, np.floor(town * 0.125) / 1e6
    for most, worth in ((low, 280), (middle, 410), (town / 1e6 - low - middle, 2000)):
        system.load(most, worth)
    system.plant(60 * SUN, 1.0)
    system.plant(16 * WIND, 2.0)
    system.plant(40.0, 300.0, low=10.0, ramp=4.0, start=10.0)
    system.plant(30.0, 420.0)
    charge = (3.0, 27.0), (6.0, float(ends(results)["battery"]))
    charged, given = system.battery(6.0, *charge, 0.9, loss=0.01, cost=15.0, floor=3.0)
    # Discharging takes 9 MW.
    for place in given:
        system.bounds[place] = (0.0, 9.0)
    assert found.bound == pytest.approx(system.best(), rel=CLOSE)
    assert found.welfare == pytest.approx(found.bound, rel=1e-9)
    assert len(charged) == N


def test_water_heat_and_a_plant_that_may_stop(tmp_path):
    text = world(
        N,
        TOWN,
        generator("wind", "wind", 20, availability=series("wind")),
        generator(
            *("hydro", "dam", 25),
            **{"inflow": series("water"), "reservoir_mwh": 200, "reservoir_start": 0.6},
            **{"min_release_mw": 3.0, "marginal_cost": 4.0, "water_value_empty": 900},
        ),
        generator(
            *("csp", "tower", 10),
            **{"solar": series("sun"), "storage_hours": 6.0, "storage_start": 0.5},
            **{"loss_per_hour": 0.02, "min_stable_mw": 2.0, "water_value_empty": 350},
        ),
        generator(
            *("thermal", "coal", 45),
            **{"marginal_cost": 310.0, "min_stable_mw": 12.0, "must_run": False},
        ),
        generator("thermal", "oil", 30, marginal_cost=700.0),
    )
    found, results = planned(tmp_path, text)
    left = ends(results)
    assert left["dam"] > 5  # what the market left, the planner has to leave
    system = System(N)
    system.load(DEMAND, 2000)
    system.plant(20 * WIND, 0.0)
    water = 25 * WATER
    system.reservoir(25, 200, (120, float(left["dam"])), water, release=3.0, cost=4.0)
    heat = 20 * SUN
    system.reservoir(10, 60, (30, float(left["tower"])), heat, loss=0.02)
    system.plant(45.0, 310.0)
    system.plant(30.0, 700.0)
    assert found.bound == pytest.approx(system.best(), rel=CLOSE)


JOBS = [  # submit_s, work_s, gpus, class, deadline_s of the run
    (100, 9000, 300, "strict", 100 + 9000 + 7200),
    (5000, 4000, 500, "strict", 5000 + 4500),
    (7000, 20000, 200, "soft", 7000 + 20500),
    (11000, 3600, 700, "soft", 11000 + 5000),
    (20000, 30000, 300, "best_effort", None),
    (40000, 2500, 900, "strict", 40000 + 2600),
    (60000, 12000, 400, "soft", 60000 + 16000),
    (100000, 9000, 250, "strict", 100000 + 60000),
]


def test_a_data_centre_beside_an_outside_market(tmp_path):
    rows = ["submit_s,duration_s,gpus,class,deadline_s"]
    rows += [f"{s},{w},{g},{k},{'' if d is None else d - s}" for s, w, g, k, d in JOBS]
    tmp_path.mkdir(exist_ok=True)
    (tmp_path / "jobs.csv").write_text("\n".join(rows) + "\n")
    text = world(
        N,
        TOWN,
        generator("pv", "sun", 80, availability=series("sun")),
        generator("thermal", "coal", 60, marginal_cost=330.0),
        (
            "[[external]]",
            {
                **{"name": "line", "price": series("price"), "fee": 12.0},
                **{"import_mw": 14, "export_mw": 9},
            },
        ),
        (
            "[[data_center]]",
            {
                **{"name": "site", "gpus": 1200, "inference_gpus": 200, "pue": 1.25},
                **{"value_per_gpu_hour": 0.4, "sla_penalty_per_gpu_hour": 0.7},
                "jobs": '{file = "jobs.csv"}',
            },
        ),
    )
    found, results = planned(tmp_path, text)
    assert results.participants["jobs_unreachable"].sum() == 2  # due soon after the next hour
    system = System(N)
    system.load(DEMAND, 2000)
    system.plant(80 * SUN, 0.0)
    system.plant(60.0, 330.0)
    system.plant(14.0, PRICE + 12.0)
    system.load(9.0, PRICE - 12.0)
    energy = 0.8 * 1.25 / 1000  # active less idle, kW, times PUE
    firm = (1200 * 0.25 + 200 * 0.8) * 1.25 / 1000
    jobs = [
        (s, w, g, "best" if k == "best_effort" else k, d if d is not None else 2**40)
        for s, w, g, k, d in JOBS
    ]
    system.site(1000, energy, 0.4, 0.7, jobs, firm=firm, worth=200 * 1.1 / firm)
    assert found.bound == pytest.approx(system.best(), rel=CLOSE)


def test_units_of_several_sizes_are_as_good_apart(tmp_path):
    """What the planner puts together is, when proportional, the same as unit by unit."""
    stores = {
        **{"efficiency_charge": 0.92, "efficiency_discharge": 0.92, "soc_start": 0.5},
        "cycle_cost": 10,
    }
    coal = {"marginal_cost": 280.0}
    text = world(
        N,
        TOWN,
        generator("pv", "sun", 30, availability=series("sun")),
        generator("pv", "roof", 25, availability=series("sun")),
        generator("thermal", "one", 12, min_stable_mw=3.0, ramp_mw_per_hour=1.5, **coal),
        generator("thermal", "two", 24, min_stable_mw=6.0, ramp_mw_per_hour=3.0, **coal),
        generator("thermal", "gas", 40, marginal_cost=600.0),
        ("[[storage]]", {"name": "small", "power_mw": 2, "energy_mwh": 8, "count": 2, **stores}),
        ("[[storage]]", {"name": "large", "power_mw": 5, "energy_mwh": 20, **stores}),
    )
    found, results = planned(tmp_path, text)
    assert set(found.schedule["group"]) >= {"one + two", "large + small"}
    left = ends(results)
    whole = sum(float(left[name]) for name in ("small-001", "small-002", "large"))
    system = System(N)
    system.load(DEMAND, 2000)
    system.plant(55 * SUN, 0.0)
    for size in (12, 24):
        system.plant(size, 280.0, low=size / 4, ramp=size / 8, start=size / 4)
    system.plant(40.0, 600.0)
    for power in (2, 2, 5):
        share = power / 9 * whole
        limits = (0.0, 4.0 * power), (2.0 * power, share)
        system.battery(power, *limits, 0.92, cost=10.0)
    assert found.bound == pytest.approx(system.best(), rel=CLOSE)


NEGATIVE = np.array([-180.0, 90.0, -240.0, -30.0, 400.0, -60.0])


def test_one_battery_cannot_burn_power_at_negative_prices(tmp_path):
    """Six hours: every way to charge or discharge is tried, 64 programs."""
    n = NEGATIVE.size
    text = world(
        n,
        (
            "[[external]]",
            {"name": "line", "price": series("price"), "import_mw": 30, "export_mw": 30},
        ),
        (
            "[[storage]]",
            {
                **{"name": "battery", "power_mw": 10, "energy_mwh": 18, "soc_start": 0.5},
                **{"efficiency_charge": 0.8, "efficiency_discharge": 0.8},
            },
        ),
        price_floor=-500.0,
    )
    found, results = planned(tmp_path, text, price=NEGATIVE)
    system = System(n)
    system.plant(30.0, NEGATIVE)
    system.load(30.0, NEGATIVE)
    end = float(ends(results)["battery"])
    ways = system.battery(10.0, (0.0, 18.0), (9.0, end), 0.8)
    burning, honest = system.best(), system.best_by_enumeration(*ways)
    assert burning > honest + 1  # a linear program would burn
    assert found.bound == pytest.approx(honest, rel=1e-6)
    battery = found.schedule[found.schedule["group"] == "battery"]
    assert (np.minimum(battery["delivered_mwh"], battery["consumed_mwh"]) < 1e-6).all()


def test_two_batteries_can_burn_power_one_against_the_other(tmp_path):
    """Put together, they share their power between both directions."""
    n = NEGATIVE.size
    battery = {
        **{"power_mw": 5, "energy_mwh": 9, "soc_start": 0.5, "count": 2},
        **{"efficiency_charge": 0.8, "efficiency_discharge": 0.8},
    }
    line = {"name": "line", "price": series("price"), "import_mw": 30, "export_mw": 30}
    text = world(
        n,
        ("[[external]]", line),
        ("[[storage]]", {"name": "battery", **battery}),
        price_floor=-500.0,
    )
    found, results = planned(tmp_path, text, price=NEGATIVE)
    system = System(n)
    system.plant(30.0, NEGATIVE)
    system.load(30.0, NEGATIVE)
    end = float(ends(results)[["battery-001", "battery-002"]].sum())
    charge, discharge = system.battery(10.0, (0.0, 18.0), (9.0, end), 0.8)
    shared = [({charge[t]: 1, discharge[t]: 1}, 10.0) for t in range(n)]
    assert found.bound == pytest.approx(system.best(shared), rel=1e-7)


def test_what_was_out_of_order_is_out_for_the_planner(tmp_path):
    n = 12
    outages = {"coal": (1, 3), "line": (3, 2), "battery": (6, 2), "town": (9, 1.5), "sun": (7, 1)}
    events = [
        ("[[event]]", {"at": f"2023-06-01T{at:02d}:00:00+08:00", "outage": name, "hours": hours})
        for name, (at, hours) in outages.items()
    ]
    text = world(
        n,
        TOWN,
        generator("pv", "sun", 30, availability=0.5, marginal_cost=1.0),
        generator("thermal", "coal", 40, marginal_cost=200.0),
        generator("thermal", "oil", 45, marginal_cost=900.0),
        (
            "[[external]]",
            {"name": "line", "price": series("price"), "import_mw": 15, "export_mw": 15},
        ),
        (
            "[[storage]]",
            {
                **{"name": "battery", "power_mw": 6, "energy_mwh": 12, "soc_start": 0.5},
                **{"efficiency_charge": 0.9, "efficiency_discharge": 0.9},
            },
        ),
        *events,
    )
    columns = {"demand": DEMAND[:n], "price": PRICE[:n]}
    found, results = planned(tmp_path, text, **columns)
    up = {name: np.ones(n) for name in outages}
    for name, (at, lasting) in outages.items():
        for t in range(n):
            up[name][t] -= max(0.0, min(t + 1, at + lasting) - max(t, at))
    system = System(n)
    system.load(DEMAND[:n] * up["town"], 2000)
    system.plant(15 * up["sun"], 1.0)
    system.plant(40 * up["coal"], 200.0)
    system.plant(45.0, 900.0)
    system.plant(15 * up["line"], PRICE[:n])
    system.load(15 * up["line"], PRICE[:n])
    end = float(ends(results)["battery"])
    system.battery(6.0 * up["battery"], (0.0, 12.0), (6.0, end), 0.9)
    assert found.bound == pytest.approx(system.best(), rel=CLOSE)
