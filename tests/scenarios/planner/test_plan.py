"""Plans of runs: tables, like units as one, zones apart, outages, and what cannot be planned."""

import json

import numpy as np
import pandas as pd
import pytest

from market import ConservationError, InputError, talatan_results
from scenarios.appraisals import appraisals
from scenarios.expand import expand
from scenarios.fleets import build_fleets
from scenarios.loader import load
from scenarios.planner import FIGURES, STORAGE_FIGURES, plan, planner_figures, scenario_of
from scenarios.planner.downtime import shares_up
from scenarios.planner.portions import Portion, merged, share
from scenarios.planner.stores import Battery
from tests.scenarios.planner.planned import planner_of, run_world, series, world, write_world
from tests.scenarios.running import run

HOURS = 48
DEMAND = np.round(20 + 6 * np.sin(np.arange(HOURS) / 4), 3)
TOWN = ("[[load]]", {"name": "town", "demand_mw": series("demand"), "voll": 3000})


def plant(name, capacity, cost, **more):
    keys = {"kind": "thermal", "name": name, "capacity_mw": capacity, "marginal_cost": cost}
    return "[[generator]]", keys | more


@pytest.fixture(scope="module")
def tutorial(tmp_path_factory):
    return run("tutorial", tmp_path_factory.mktemp("plan") / "tutorial")


def test_a_plan_has_a_row_for_each_interval_and_group(tutorial):
    found = plan(tutorial)
    groups = ["neighbour", "town", "battery", "coal-plant", "wind-farm"]
    assert found.schedule["group"].tolist()[:5] == groups
    assert len(found.schedule) == 24 * 5
    assert found.schedule["start"].iloc[0] == pd.Timestamp("2025-06-01T00:00:00+08:00")
    flows = found.schedule.groupby("start")[["delivered_mwh", "consumed_mwh"]].sum()
    assert np.allclose(flows["delivered_mwh"], flows["consumed_mwh"], atol=1e-6)
    assert found.market < found.welfare <= found.bound * (1 + 1e-12)
    wind = found.schedule[found.schedule["group"] == "wind-farm"]
    there = tutorial.units[tutorial.units["unit"] == "wind-farm"]["available_mwh"].to_numpy()
    assert np.allclose(wind["delivered_mwh"] + wind["curtailed_mwh"], there, atol=1e-6)


def test_its_prices_are_what_a_megawatt_hour_more_costs(tutorial):
    prices = plan(tutorial).prices
    assert prices.columns.tolist() == ["start", "zone", "price"]
    # The README's first hour: coal is not at its limits and sets the price.
    assert prices["price"].between(0, 400).all()
    assert (prices["price"] == 300).sum() >= 5


def test_the_scenario_is_found_again_from_the_run(tutorial):
    loaded = scenario_of(tutorial)
    assert loaded.seed == tutorial.run["seed"]
    assert list(loaded.scenario.located_units()) == list(load("tutorial").scenario.located_units())
    assert planner_figures(tutorial, loaded)[0].value == plan(tutorial).bound


def test_zones_are_planned_each_for_itself(tmp_path):
    """Cheap coal in the east is of no use to the west."""
    text = world(
        HOURS,
        ("[[zone]]", {"name": "east"}),
        ("[[zone]]", {"name": "west"}),
        (TOWN[0], TOWN[1] | {"zone": "west"}),
        ("[[load]]", {"name": "village", "demand_mw": 1.0, "voll": 3000, "zone": "east"}),
        plant("cheap", 100, 10.0, zone="east"),
        plant("dear", 100, 500.0, zone="west"),
    )
    results, loaded = run_world(write_world(tmp_path, text, demand=DEMAND))
    found = plan(results, loaded)
    welfare = (3000 - 500) * float(DEMAND.sum()) + (3000 - 10) * HOURS
    assert found.bound == pytest.approx(welfare, rel=1e-9)
    by_zone = found.prices.groupby("zone")["price"].first()
    assert by_zone.to_dict() == {"east": 10.0, "west": 500.0}


def test_like_units_are_put_together():
    form, other = (Battery(cost, 0.9, 0.9, 0.0, (share(1, 4),)) for cost in (0.0, 5.0))
    portions = [
        Portion("a-1", "a", form, {"size": 1.0, "course": np.array([1.0, 2.0])}),
        Portion("b-1", "b", other, {"size": 7.0, "course": np.array([0.0, 1.0])}),
        Portion("a-2", "a", form, {"size": 3.0, "course": np.array([0.5, 0.5])}),
    ]
    first, second = merged(portions)
    assert (first.label, first.members) == ("a", ("a-1", "a-2"))
    assert first.sizes["size"] == 4.0
    assert first.sizes["course"].tolist() == [1.5, 2.5]
    assert (second.label, second.members) == ("b-1", ("b-1",))
    assert portions[0].sizes["course"].tolist() == [1.0, 2.0]  # nothing is added in place


OUTAGES = "{mtbf_hours = 9, mttr_hours = 2.5}"


def failing(**more):
    return world(
        HOURS,
        TOWN,
        plant("coal", 12, 200.0, outages=OUTAGES, count=3),
        plant("gas", 30, 500.0),
        (
            "[[storage]]",
            {"name": "battery", "power_mw": 3, "energy_mwh": 6, "outages": OUTAGES},
        ),
        (
            "[[event]]",
            {"at": "2023-06-01T05:10:00+08:00", "outage": "gas", "hours": 2.3},
        ),
        **more,
    )


def test_outages_are_those_of_the_run(tmp_path):
    results, loaded = run_world(write_world(tmp_path, failing(), demand=DEMAND))
    specs = expand(loaded.scenario, loaded.seed)
    fleets = build_fleets(loaded, specs, loaded.scenario.market.energy.opening * 60)
    days = results.participants.set_index("unit")["out_of_order_days"]
    units = results.units.pivot_table(index="start", columns="unit", values="delivered_mwh")
    for fleet, up in zip(fleets, shares_up(loaded, specs, fleets), strict=True):
        for unit, name in enumerate(fleet.names):
            assert (1 - up[unit]).sum() / 24 == pytest.approx(days[name], abs=1e-9)
            if fleet.kind == "thermal":
                most = fleet.plant.capacity_wh[unit] / 1e6 * up[unit]
                assert (units[name].to_numpy() <= most + 1e-6).all()
    assert days["gas"] == pytest.approx(2.3 / 24)
    assert days["coal-001"] > 0
    planner = planner_of(results, loaded)  # which checks that all of it is possible
    assert planner.solve().bound >= planner._reached("main")


def test_a_run_that_another_scenario_made_is_found_out(tmp_path):
    file = write_world(tmp_path, failing(), demand=DEMAND)
    results, _ = run_world(file)
    file.write_text(failing().replace("capacity_mw = 30", "capacity_mw = 3"))
    other = write_world(tmp_path / "other", file.read_text(), demand=DEMAND)
    loaded = run_world(other)[1]
    with pytest.raises(ConservationError, match="gas delivered: the planner's program excludes"):
        planner_of(results, loaded)


@pytest.mark.parametrize("units", ["false", '"daily"'])
def test_without_rows_for_every_interval_it_says_what_to_record(tmp_path, units):
    file = write_world(tmp_path, world(24, TOWN, plant("coal", 40, 200.0)), demand=DEMAND[:24])
    results, loaded = run_world(file, [f"recording.units={units}"])
    with pytest.raises(InputError, match=r"run it again with \[recording\] units = true"):
        planner_figures(results, loaded)


def test_nothing_to_plan_has_a_welfare_of_zero_and_no_efficiency(tmp_path):
    nobody = ("[[load]]", {"name": "town", "demand_mw": 0.0, "voll": 3000})
    results, loaded = run_world(write_world(tmp_path, world(6, nobody, plant("coal", 4, 200.0))))
    found = {figure.name: figure.value for figure in planner_figures(results, loaded)}
    assert found["planner_welfare_amount"] == pytest.approx(0.0, abs=1e-9)
    assert np.isnan(found["efficiency"])
    assert np.isnan(found["price_of_anarchy"])


def test_appraisals_give_the_figures_they_name(tutorial):
    loaded = scenario_of(tutorial)
    for name, figures in (("planner", FIGURES), ("planner_storage", STORAGE_FIGURES)):
        appraisal = appraisals.get(name)
        assert appraisal.recording == {"units": True}
        assert appraisal.figures == figures
        assert tuple(figure.name for figure in appraisal.compute(tutorial, loaded)) == figures


def test_a_run_is_planned_in_a_directory_of_its_own(tutorial, tmp_path, monkeypatch):
    """run.json says where data files are, whatever the working directory."""
    monkeypatch.chdir(tmp_path)
    again = talatan_results(tutorial.path.resolve())
    assert json.loads((tutorial.path / "run.json").read_text())["base_dir"]
    assert plan(again).bound == plan(tutorial).bound
