"""One storage station against measured prices earns what physics allows, and not a cent more.

The optimum comes from a program of its own (`tests.oracles.storage_optimum`): an LP, and a MILP
where prices are negative, of which the proven upper bound is used.
"""

import numpy as np
import pandas as pd
import pytest

from tests.oracles.storage_optimum import optimum
from tests.scenarios.running import measured, received_less_paid, run

# directory, column, unit of the column, hours of an interval
CHINA = ("china_spot_2022_15min", "price_cny_mwh", "mwh", 0.25)
JEPX = ("jepx_spot_fy2024", "system_jpy_kwh", "kwh", 0.5)
KYUSHU = ("jepx_spot_fy2024", "kyushu", "kwh", 0.5)
PER_MWH = {"mwh": 1, "kwh": 1000}
LEAST = 0.995

# Stations of 1 MW side by side; none moves the price of an unlimited outside market.
SIZES = {
    "two-90": (2, 0.90, 0),
    "four-90": (4, 0.90, 0),
    "two-85": (2, 0.85, 0),
    "four-85": (4, 0.85, 0),
    "worn": (2, 0.90, 50),
}
SEVERAL = """
[scenario]
name = "price-takers"
currency = "{currency}"
[time]
series = {{file = "*.csv"}}
[market.energy]
price_floor = -100000
price_cap = 100000
gate_closure = {gate}
[[external]]
name = "outside"
price = {{file = "*.csv", column = "{column}", unit = "{unit}"}}
import_mw = inf
export_mw = inf
{stations}
[recording]
ledger = "month"
"""
STATION = """
[[storage]]
name = "{name}"
power_mw = 1
energy_mwh = {energy}
efficiency_charge = {efficiency}
efficiency_discharge = {efficiency}
cycle_cost = {cycle_cost}
soc_start = 0
forecast = "perfect"
"""


def prices_of(case):
    folder, column, unit, _ = case
    (file,) = measured(folder).glob("*.csv")
    return pd.read_csv(file)[column].to_numpy() * PER_MWH[unit]


def bound_of(case, prices, energy=2, round_trip=0.9, cycle_cost=0):
    """No plan earns more than this; of a MILP, HiGHS's proven bound within 0.1 %."""
    hours = case[-1]
    _, bound = optimum(
        prices,
        charge=hours,
        discharge=hours,
        efficiency_charge=round_trip**0.5,
        efficiency_discharge=round_trip**0.5,
        soc_max=energy,
        soc_start=0.0,
        cycle_cost=cycle_cost,
        gap=1e-3,
        seconds=120,
    )
    return bound


def profit_of(results, name, cycle_cost=0):
    """What the ledger says the station earned, less its wear."""
    flows = received_less_paid(results.ledger, name)
    assert set(flows) == {"energy"}  # it delivered all it sold: no imbalance, no penalty
    parts = results.participants.set_index("unit")
    wear = parts.loc[name, "variable_cost_amount"]
    assert wear == pytest.approx(cycle_cost * parts.loc[name, "discharged_mwh"], abs=0.005)
    return flows["energy"] - wear


def columns_of(results, name):
    columns = ["unit", "sold_mwh", "bought_mwh", "delivered_mwh", "consumed_mwh", "soc_mwh"]
    units = results.table("units", columns=columns)
    return units[units["unit"] == name].drop(columns="unit").to_numpy().T


def check(results, case, name, size=(2, 0.9, 0)):
    """Profit in the ledger against the bound, physics in the units table; returns the ratio."""
    energy, round_trip, cycle_cost = size
    prices, hours = prices_of(case), case[-1]
    sold, bought, delivered, consumed, soc = columns_of(results, name)
    assert len(prices) == len(sold)

    check_physics(sold, bought, soc, hours, energy, round_trip**0.5)
    np.testing.assert_array_equal(sold, delivered)
    np.testing.assert_array_equal(bought, consumed)

    profit = profit_of(results, name, cycle_cost)
    exact = float(prices @ (sold - bought) - cycle_cost * sold.sum())
    postings = np.count_nonzero(sold + bought) + 1
    # Rounding by largest remainder moves a posting by less than a cent.
    assert abs(profit - exact) <= 0.01 * postings

    bound = bound_of(case, prices, *size)
    assert exact <= bound * (1 + 1e-6)
    assert profit >= LEAST * bound
    return profit / bound


def check_physics(sold, bought, soc, hours, energy, efficiency):
    assert ((sold == 0) | (bought == 0)).all()
    assert sold.max() <= hours
    assert bought.max() <= hours
    assert soc.min() >= -1e-9
    assert soc.max() <= energy + 1e-9
    change = np.diff(soc, prepend=0.0)
    np.testing.assert_allclose(change, bought * efficiency - sold / efficiency, atol=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("case", [CHINA, JEPX, KYUSHU], ids=lambda case: case[1])
def test_bundled_price_taker_on_a_measured_year(case, tmp_path):
    folder, column, unit, _ = case
    overrides = []
    if case is KYUSHU:  # the scenario cannot know the name of this column, nor its unit
        chosen = {"column": column, "unit": unit}
        overrides = [f'external.outside.price.{key}="{word}"' for key, word in chosen.items()]
    results = run("price-taker", tmp_path / "run", overrides, measured(folder))
    check(results, case, "station")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("case", "gate"),
    [(CHINA, 15), (JEPX, 60)],
    ids=["china-15", "jepx-60"],
)
def test_sizes_losses_wear_and_gates_on_a_measured_year(case, gate, tmp_path):
    folder, column, unit, _ = case
    stations = "".join(
        STATION.format(name=name, energy=e, efficiency=r**0.5, cycle_cost=c)
        for name, (e, r, c) in SIZES.items()
    )
    currency = "CNY" if case is CHINA else "JPY"
    text = SEVERAL.format(currency=currency, gate=gate, column=column, unit=unit, stations=stations)
    results = run(text, tmp_path / "run", data=measured(folder))
    for name, size in SIZES.items():
        check(results, case, name, size)


@pytest.mark.parametrize("gate", [0, 15, 60])
def test_gate_closure_costs_next_to_nothing_when_the_future_is_known(gate, tmp_path):
    """Two months of measured prices: the lead time alone must not cost profit."""
    folder = measured(CHINA[0])
    (file,) = folder.glob("*.csv")
    head = file.read_text(encoding="utf-8").splitlines()[: 1 + 60 * 96]
    (tmp_path / "part.csv").write_text("\n".join(head) + "\n", encoding="utf-8")
    overrides = [f"market.energy.gate_closure={gate}"]
    results = run("price-taker", tmp_path / "run", overrides, tmp_path)
    prices = prices_of(CHINA)[: 60 * 96]
    assert profit_of(results, "station") >= LEAST * bound_of(CHINA, prices)
