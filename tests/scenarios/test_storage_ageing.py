"""Runs in which storage ages: laws, limits, reproducibility, and what the file may say."""

import re
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import rainflow
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from market import InputError
from scenarios.expand import expand
from scenarios.loader import load_text
from scenarios.runs import content_hash
from scenarios.simulation import build
from tests.scenarios import test_conservation as laws
from tests.scenarios.running import run
from tests.scenarios.small_worlds import Tables, scenarios

YEAR_HOURS = 8760
QUICK = "{ cycles = 4, calendar_years = 1, end_of_life = 0.3, depth_exponent = 1.5 }"
PRICED = (
    "{ cycles = 9, calendar_years = 2, end_of_life = 0.5, calendar_exponent = 0.5, "
    "replacement_cost = 0.4 }"
)


def aged(text: str, how: str) -> str:
    """Let storage age, over two and a half days."""
    text = re.sub(r"^days = .*$", "days = 2.5", text, flags=re.MULTILINE)
    return text.replace("[[storage]]\n", f"[[storage]]\nageing = {how}\n")


def play(text: str, base: Path, place: Path) -> tuple[Tables, np.ndarray, list[str]]:
    """Run; return its tables, the capacity left by day and unit, and the units' names."""
    loaded = load_text(text, base)
    place.mkdir(parents=True)
    simulation = build(loaded, place)
    left = []

    def note(block):
        left.append(block.capacity_left.copy())
        simulation.settle(block)

    simulation.session._settle = note
    simulation.run()
    simulation.recorder.finish()
    names = ("intervals", "units", "ledger", "orders")
    frames = {name: pd.read_parquet(place / f"{name}.parquet") for name in names}
    return Tables(loaded, **frames), np.array(left), list(simulation.layout.units)


@settings(
    max_examples=40,
    phases=[Phase.generate, Phase.shrink],
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(
    text=scenarios().filter(lambda text: "[[storage]]" in text),
    how=st.sampled_from([QUICK, PRICED]),
)
def test_the_laws_hold_while_capacity_falls(base: Path, text: str, how: str) -> None:
    with tempfile.TemporaryDirectory() as place:
        tables, left, units = play(aged(text, how), base, Path(place) / "run")
    for check in (
        laws.energy,
        laws.curtailment,
        laws.limits,
        laws.trades,
        laws.merit,
        laws.prices,
        laws.accounts,
        laws.totals,
    ):
        check(tables)
    specs = {spec.name: spec for spec in expand(tables.loaded.scenario, tables.loaded.seed)}
    rows = tables.units[tables.units.kind == "storage"]
    for name, own in rows.groupby("unit", observed=True):
        storage(tables, specs[name], own, left[:, units.index(name)])


def storage(tables: Tables, spec, own: pd.DataFrame, left: np.ndarray) -> None:
    """Check one unit's charge against its limits of the day, and these against its cycles."""
    calendar, p = tables.loaded.calendar, spec.params
    size = p["energy_mwh"]
    share = np.repeat(left, calendar.per_day)[: len(own)]
    low, high = p["soc_min"] * size * share, p["soc_max"] * size * share
    soc = own.soc_mwh.to_numpy()
    before = np.concatenate(([p["soc_start"] * size], soc[:-1]))
    lost = np.minimum(before * p["self_discharge_per_hour"] * calendar.hours, before - low)
    gain = own.consumed_mwh * p["efficiency_charge"]
    gain = gain - own.delivered_mwh / p["efficiency_discharge"]
    assert np.allclose(soc, before - lost + gain, rtol=0, atol=1e-7)
    assert (soc >= low - 1e-7).all()
    assert (soc <= np.maximum(high, before) + 1e-7).all()
    assert (np.diff(left) <= 1e-12).all()
    # Wear counts up to the first gate of the day, which opens so many intervals before it.
    lead = -(-tables.loaded.scenario.market.energy.opening * 60 // calendar.interval_s)
    for day, share in enumerate(left):
        first = day * calendar.per_day
        moments = range(max(first - lead - 1, 0), max(first - lead, 0) + 2)
        hours = first * calendar.hours
        known = [capacity(spec.model.ageing, size, before[: k + 1], hours) for k in moments]
        assert np.abs(np.array(known) - share).min() < 1e-9


def capacity(model, size: float, soc: np.ndarray, hours: float) -> float:
    """Share of capacity left after a series of charge, from the definition."""
    cycles = rainflow.count_cycles([*soc, soc[-1], soc[-1]])
    used = sum(n * (width / size) ** model.depth_exponent for width, n in cycles) / model.cycles
    time = (hours / YEAR_HOURS / model.calendar_years) ** model.calendar_exponent
    return max(1 - (1 - model.end_of_life) * (used + time), 0.0)


TOWN = """
[scenario]
name = "aged"
seed = 3
[time]
start = "2023-06-01T00:00:00+08:00"
interval = 60
days = 4
[recording]
units = true
[[generator]]
kind = "pv"
name = "sun"
capacity_mw = 20
availability = "qinghai-pv"
[[generator]]
kind = "thermal"
name = "coal"
capacity_mw = 20
marginal_cost = 300
[[storage]]
name = "old"
power_mw = 2
energy_mwh = 8
ageing = { cycles = 6000, calendar_years = 15, replacement_cost = 100 }
[[storage]]
name = "young"
power_mw = 2
energy_mwh = 8
cycle_cost = 10
[[load]]
name = "town"
demand_mw = 6
"""


def test_participants_say_what_is_left(tmp_path: Path) -> None:
    results = run(TOWN, tmp_path / "run")
    units = results.participants.set_index("unit")
    old, young = units.loc["old"], units.loc["young"]
    soc = results.units[results.units.unit == "old"].soc_mwh.to_numpy()
    cycles = rainflow.count_cycles([4.0, *soc, soc[-1]])
    full = sum(count * width / 8 for width, count in cycles)
    assert full > 1
    assert old.equivalent_cycles == pytest.approx(full)
    assert old.fade_cycles_mwh == pytest.approx(8 * 0.2 * full / 6000)
    assert old.fade_calendar_mwh == pytest.approx(8 * 0.2 * 4 / 365 / 15)
    lost = old.fade_cycles_mwh + old.fade_calendar_mwh
    assert old.capacity_remaining_mwh == pytest.approx(8 - lost)
    assert old.energy_capacity_mwh == 8
    assert old.wear_amount == pytest.approx(100_000 * 8 * full / 6000)
    assert old.variable_cost_amount == pytest.approx(old.wear_amount, abs=0.005)
    assert np.isnan(young.capacity_remaining_mwh)
    assert young.variable_cost_amount == pytest.approx(10 * young.discharged_mwh, abs=0.005)
    assert results.summary["value"]["storage_fade_pct"] == pytest.approx(100 * lost / 8)


def test_without_ageing_no_column_is_added(tmp_path: Path) -> None:
    plain = "\n".join(line for line in TOWN.splitlines() if not line.startswith("ageing")) + "\n"
    results = run(plain, tmp_path / "run")
    assert not {"capacity_remaining_mwh", "wear_amount"} & set(results.participants.columns)


def test_same_seed_same_results_whatever_is_recorded(base: Path, tmp_path: Path) -> None:
    def digest(text: str) -> str:
        place = tmp_path / str(len(list(tmp_path.iterdir())))
        place.mkdir()
        simulation = build(load_text(text, base), place)
        simulation.run()
        simulation.recorder.finish()
        return content_hash(simulation)

    first = digest(TOWN)
    assert digest(TOWN) == first
    assert digest(TOWN.replace("units = true", "units = false")) == first
    assert digest(TOWN.replace("cycles = 6000", "cycles = 600")) != first


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("cycles = 6000", "cycles = 0", ["ageing.cycles", "1"]),
        ("cycles = 6000, ", "", ["ageing.cycles", "is required"]),
        ("calendar_years = 15, ", "", ["ageing.calendar_years", "is required"]),
        ("calendar_years = 15", "calendar_years = 0.5", ["ageing.calendar_years", "1"]),
        ("cycles = 6000", 'cycles = "many"', ["ageing.cycles", "number"]),
        ("cycles = 6000", "cycles = inf", ["ageing.cycles"]),
        ("cycles = 6000", "cycles = 6000, depth_exponent = 0.5", ["ageing.depth_exponent"]),
        ("cycles = 6000", "cycles = 6000, calendar_exponent = 2", ["ageing.calendar_exponent"]),
        ("cycles = 6000", "cycles = 6000, end_of_life = 1", ["ageing.end_of_life", "1"]),
        ("cycles = 6000", "cycles = 6000, end_of_life = 0", ["ageing.end_of_life", "0"]),
        ("replacement_cost = 100", "replacement_cost = -1", ["ageing.replacement_cost", "0"]),
        ("cycles = 6000", "cycle = 6000, cycles = 1", ["ageing", "cycle"]),
        (
            "ageing = { cycles = 6000, calendar_years = 15, replacement_cost = 100 }",
            "ageing = true",
            ["ageing"],
        ),
    ],
)
def test_bad_values_are_named(old: str, new: str, words: list[str], tmp_path: Path) -> None:
    assert old in TOWN
    with pytest.raises(InputError) as caught:
        load_text(TOWN.replace(old, new, 1), tmp_path)
    assert len(caught.value.problems) == 1
    for word in words:
        assert word in caught.value.problems[0]
