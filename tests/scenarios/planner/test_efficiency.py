"""What theory says of markets that the planner can be held against."""

import math

import numpy as np
import pytest

from market import physical_welfare
from scenarios.planner import all_figures, planner_figures
from tests.scenarios.planner.planned import cents, run_world, series, world, write_world

HOURS = 168
hours = np.arange(HOURS)
COLUMNS = {
    "demand": np.round(40 + 12 * np.sin(hours / 3.8) + hours % 5, 3),
    "sun": np.round(np.maximum(0, np.sin(math.pi * (hours % 24 - 6) / 12)), 4),
    "wind": np.round(0.5 + 0.45 * np.sin(1.7 * hours), 4),
    "price": np.round(260 + 120 * np.cos(hours / 3.9) + 15 * (hours % 7), 3),
}
TOWN = (
    "[[load]]",
    {
        **{"name": "town", "demand_mw": series("demand"), "voll": 3000},
        "steps": "[{share = 0.2, price = 290}, {share = 0.1, price = 415}]",
    },
)
LINE = (
    "[[external]]",
    {"name": "line", "price": series("price"), "fee": 5.0, "import_mw": 8, "export_mw": 6},
)


def plant(kind, name, capacity, **more):
    return "[[generator]]", {"kind": kind, "name": name, "capacity_mw": capacity, **more}


PLANTS = (
    plant("pv", "sun", 50, availability=series("sun"), marginal_cost=1.0),
    plant("wind", "wind", 20, availability=series("wind"), marginal_cost=2.0),
    plant("hydro", "river", 6, inflow=series("wind")),
    plant("thermal", "coal", 18, marginal_cost=285.0, min_stable_mw=2.0),
    plant("thermal", "gas", 15, marginal_cost=420.0),
    plant("thermal", "oil", 20, marginal_cost=800.0),
)


def values(figures):
    return {figure.name: figure.value for figure in figures}


@pytest.mark.parametrize("mechanism", ["uniform", "pay-as-bid", "vcg"])
def test_truthful_bids_without_storage_are_efficient(tmp_path, mechanism):
    text = world(72, TOWN, LINE, *PLANTS, mechanism=mechanism)
    columns = {name: column[:72] for name, column in COLUMNS.items()}
    results, loaded = run_world(write_world(tmp_path, text, **columns))
    found = values(planner_figures(results, loaded))
    # Money of each unit is rounded to cents, and energy to whole Wh.
    slack = 1e-9 + cents(results) / found["planner_welfare_amount"]
    assert found["efficiency"] == pytest.approx(1.0, abs=slack)
    assert found["efficiency"] <= 1 + slack
    assert found["price_of_anarchy"] == pytest.approx(1.0, abs=2 * slack)
    assert found["planner_gap_amount"] == pytest.approx(0.0, abs=2 * cents(results))


def test_withheld_energy_costs_what_replaces_it(tmp_path):
    """Coal asks three times its cost, 855, so that gas and oil run; worked out hour by hour."""
    dear = plant(
        *("thermal", "coal", 18),
        **{"marginal_cost": 285.0, "strategy": '{name = "markup", factor = 3.0}'},
    )
    flat = ("[[load]]", {"name": "town", "demand_mw": 30.0, "voll": 3000})
    gas, oil = (plant("thermal", n, 15, marginal_cost=c) for n, c in (("gas", 420), ("oil", 800)))
    results, loaded = run_world(write_world(tmp_path, world(24, flat, dear, gas, oil)))
    found = values(planner_figures(results, loaded))
    # Gas 15 and oil 15 serve what coal 18 and gas 12 would: per hour 18,300 against 10,170.
    assert found["planner_gap_amount"] == pytest.approx(24 * (18_300 - 10_170), abs=0.02)
    assert found["planner_gap_per_mwh"] == pytest.approx((18_300 - 10_170) / 30, abs=1e-6)
    welfare = 24 * (30 * 3000 - 10_170)
    assert found["planner_welfare_amount"] == pytest.approx(welfare, rel=1e-9)
    assert physical_welfare(results) == pytest.approx(24 * (30 * 3000 - 18_300), abs=0.01)


def test_a_small_battery_that_knows_its_prices_is_nearly_optimal(tmp_path):
    """A week on one bus; prices outside are known to it, and they are those of the market."""
    battery = (
        "[[storage]]",
        {
            **{"name": "battery", "power_mw": 1, "energy_mwh": 2, "soc_start": 0.5},
            **{"efficiency_charge": 0.93, "efficiency_discharge": 0.93},
            **{"strategy": "opportunity_value", "forecast": "perfect"},
        },
    )
    deep = (LINE[0], LINE[1] | {"import_mw": 80, "export_mw": 80, "fee": 0.0})
    text = world(HOURS, TOWN, deep, *PLANTS, battery)
    results, loaded = run_world(write_world(tmp_path, text, **COLUMNS))
    found = values(all_figures(results, loaded))
    assert 0.98 <= found["efficiency"] <= 1 + 1e-9
    # Against what the battery can add at all, which is the sharper question.
    assert 97 <= found["storage_captured_pct"] <= 100 + 1e-6
    assert found["planner_storage_value_amount"] > 1000


def test_storage_that_does_nothing_captures_nothing(tmp_path):
    idle = (
        "[[storage]]",
        {
            **{"name": "battery", "power_mw": 2, "energy_mwh": 8, "soc_start": 0.0},
            "strategy": '{name = "threshold", buy_below = -1, sell_above = 9000}',
        },
    )
    text = world(48, TOWN, *PLANTS, idle)
    columns = {name: column[:48] for name, column in COLUMNS.items()}
    results, loaded = run_world(write_world(tmp_path, text, **columns))
    found = values(all_figures(results, loaded))
    assert found["storage_captured_pct"] == pytest.approx(0.0, abs=1e-4)
    # All that is lost is what storage could have added.
    gap = pytest.approx(found["planner_gap_amount"], abs=cents(results))
    assert found["planner_storage_value_amount"] == gap
    assert found["planner_storage_discharged_mwh"] > 1
