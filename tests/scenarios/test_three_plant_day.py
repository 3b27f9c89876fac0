"""Six hours of three plants and two stations, worked on paper, to the cent.

Wind plants A, B, C have 10 MW each, all the time; river plant H has 2 MW, coal plant G 60 MW. In
the first two hours 7 MW are consumed: H (asks -300) and half of B (2 less its subsidy of 200) serve
them at the floor price of 0. A and C would curtail 10 MWh an hour, B 5 MWh. Then 50 MW are
consumed, and coal sets the price: 300.

Station S: 8 MW, 12 MWh; T: 2 MW, 3.6 MWh; both empty, efficiencies 0.9 and 0.9, so 0.81 comes back.
Break-even fees: A 0.81 x 320 = 259.2, B 0.81 x (300 + 200) = 405, C 0.81 x 300 = 243.

Hour 0. Bilateral: A 3 MWh at 150 = 450. Auction: S offers the other 5 MWh at 100; B's 5 MWh at 405
take them all; any price from A's 259.2 to the ceiling of 400 clears, half-way is 329.6: 1648.
T asks 500, above the ceiling. Call: T takes 2 MWh of the 7 of A and the 10 of C that are left,
14/17 and 20/17, for 1200, paid by the others in proportion to output: B (10 MWh) 1000, H (2) 200.

Hour 1. S has room for 12 / 0.9 - 8 = 5 1/3 MWh: A's 3 again, and 2 1/3 by auction. B wants more
than that, so the price is the ceiling: 933.33. Call: T takes 2 MWh of 7 (A), 2 2/3 (B), 10 (C):
42/59, 16/59 and 60/59 MWh. All three are called, so H pays the 1200.

Whose energy it is: S holds 5.4 of A and 6.6 of B; T holds, x 0.9, A 14/17 + 42/59, B 16/59,
C 20/17 + 60/59.

Hours 2 and 3. When orders for hour 2 are due, hour 1 is not over yet: S sells 0.9 x 7.2 = 6.48, T
1.62, and the rest, 4.32 and 1.62, in hour 3. The market pays 300 for it to the grid company, which
pays each holder his own tariff: A 320, B and C 300.

A: hour 2: (6.48 x 5.4/12 + 1.62 x 1.381855/3.6) x 320 = (2.916 + 0.621835) x 320 = 1132.11;
   hour 3: (1.944 + 0.621835) x 320 = 821.07
B: hour 2: (3.564 + 0.109831) x 300 = 1102.15; hour 3: (2.376 + 0.109831) x 300 = 745.75
C: 0.888335 x 300 = 266.50 in both

Subsidy of B: 5 + 5 + 4 x 10 sold, 3.673831 + 2.485831 given back: 56.159662 x 200 = 11231.93.
"""

import pytest

from scenarios.loader import load
from scenarios.runs import execute, prepare

DAY = """
[scenario]
name = "three-plants"
[time]
start = "2023-06-01T00:00:00+00:00"
days = 0.25
interval = 60
[market.energy]
price_cap = 1000.0
[market.storage_service]
modes = ["bilateral", "auction", "call"]
ceiling = 400.0
call_price = 600.0
call_payer = "others"
returned_price = "tariff"
merchant = false
[[generator]]
kind = "wind"
name = "A"
capacity_mw = 10
availability = 1.0
marginal_cost = 1.0
tariff = 320.0
[[generator]]
kind = "wind"
name = "B"
capacity_mw = 10
availability = 1.0
marginal_cost = 2.0
subsidy = 200.0
tariff = 300.0
[[generator]]
kind = "wind"
name = "C"
capacity_mw = 10
availability = 1.0
marginal_cost = 3.0
tariff = 300.0
[[generator]]
kind = "hydro"
name = "H"
capacity_mw = 2
inflow = 1.0
marginal_cost = -300.0
[[generator]]
kind = "thermal"
name = "G"
capacity_mw = 60
marginal_cost = 300.0
[[storage]]
name = "S"
power_mw = 8
energy_mwh = 12
efficiency_charge = 0.9
efficiency_discharge = 0.9
soc_start = 0.0
service_ask = 100.0
service_strategy = {name = "threshold", buy_below = 0.5, sell_above = 200.0}
[[storage]]
name = "T"
power_mw = 2
energy_mwh = 3.6
efficiency_charge = 0.9
efficiency_discharge = 0.9
soc_start = 0.0
service_ask = 500.0
service_strategy = {name = "threshold", buy_below = 0.5, sell_above = 200.0}
[[load]]
name = "town"
demand_mw = {file = "demand.csv", column = "mw"}
[[contract]]
kind = "service"
name = "A-S"
station = "S"
buyer = "A"
mw = 3
window = ["00:00", "02:00"]
price = 150.0
[recording]
ledger = "interval"
"""

ON_PAPER = {
    (0, "A", "S", "service_bilateral"): 450.00,
    (1, "A", "S", "service_bilateral"): 450.00,
    (0, "B", "market", "service_auction"): 1648.00,
    (0, "market", "S", "service_auction"): 1648.00,
    (1, "B", "market", "service_auction"): 933.33,
    (1, "market", "S", "service_auction"): 933.33,
    (0, "B", "system", "service_call"): 1000.00,
    (0, "H", "system", "service_call"): 200.00,
    (0, "system", "T", "service_call"): 1200.00,
    (1, "H", "system", "service_call"): 1200.00,
    (1, "system", "T", "service_call"): 1200.00,
    (2, "market", "grid", "returned_energy"): 2430.00,
    (2, "grid", "A", "returned_energy"): 1132.11,
    (2, "grid", "B", "returned_energy"): 1102.15,
    (2, "grid", "C", "returned_energy"): 266.50,
    (3, "market", "grid", "returned_energy"): 1782.00,
    (3, "grid", "A", "returned_energy"): 821.07,
    (3, "grid", "B", "returned_energy"): 745.75,
    (3, "grid", "C", "returned_energy"): 266.50,
    (0, "government", "B", "subsidy"): 11231.93,
}


@pytest.fixture(scope="module")
def day(tmp_path_factory):
    directory = tmp_path_factory.mktemp("day")
    rows = [f"2023-06-01T0{hour}:00:00+00:00,{7 if hour < 2 else 50}" for hour in range(6)]
    (directory / "demand.csv").write_text("\n".join(["time,mw", *rows]) + "\n")
    (directory / "day.toml").write_text(DAY)
    loaded = load(str(directory / "day.toml"))
    prepare(directory / "run", force=False, resume=False)
    return execute(loaded, directory / "run")


def test_every_posting_of_the_service_to_the_cent(day):
    postings = day.ledger[day.ledger["category"] != "energy"]
    hours = day.local(postings["start"]).dt.hour
    found = {
        (hour, row.payer, row.payee, row.category): row.amount
        for hour, row in zip(hours, postings.itertuples(), strict=True)
    }
    assert found == ON_PAPER


def test_energy_sold_apart_from_what_is_given_back(day):
    energy = day.ledger[day.ledger["category"] == "energy"]
    sold = energy[energy["payer"] == "market"].groupby("payee", observed=True)["amount"].sum()
    # Four hours at 300: 10 MWh of each wind plant, 2 of the river; coal fills up the 50 MWh.
    assert sold["A"] == sold["B"] == sold["C"] == 12_000.00
    assert sold["H"] == 2_400.00
    assert sold["G"] == pytest.approx(300 * (200 - 4 * 32 - 10.8 - 3.24), abs=0.01)
    assert sold.get("S", 0) == sold.get("T", 0) == 0
    assert day.summary.loc["ledger_residual_amount", "value"] == 0


def test_energy_stored_by_mode(day):
    totals = day.intervals[[f"recovered_{mode}_mwh" for mode in ("bilateral", "auction", "call")]]
    assert totals.sum().to_numpy() == pytest.approx([6, 5 + 7 / 3, 4], abs=1e-5)
    before = day.summary.loc["curtailment_before_storage_mwh", "value"]
    assert before == pytest.approx(50)
    assert day.intervals["curtailed_mwh"].sum() == pytest.approx(50 - 17 - 1 / 3, abs=1e-5)
