"""What each of several stations of one owner received in a run, worked on paper.

Store A: 2 MW, 12 MWh, listed; B: 2 MW, 4 MWh, not listed; P: 1 MW, 2 MWh, listed, not shared.
Half of A and of B stores for others, a quarter of each is leased; all are half full.

Scarce: 4 MW of wind for 5 MW of load, so coal sets the price at 200. For ten days:

- capacity: A has the 6 hours of the peak: 2000 kW x 330 x 10/365 = 18082.19; P has 2 of them:
  1000 x 330 x 2/6 x 10/365 = 3013.70; B has none;
- leases, 500 kW at 365 a kW and year, 500 a day: A's for 10 days 5000, B's for 4 days 2000;
- handed over: half of A's 3 MWh, of which 0.95 reaches the grid, at 200: 285; of B's 1 MWh: 95. The
  tenant has sold it when B's lease ends.

Windy: 12 MW of wind, of which 7 would be curtailed. Room in A: 3 / 0.95 = 3.157895 MWh charged, in
B 1 / 0.95 = 1.052632. By contract 2 MWh at 150 into A, 0.5 at 100 into B: 300 and 50. What room is
left is called at 600: 694.74 and 331.58.
"""

import pytest

from market import investment
from tests.scenarios.running import received_less_paid, run

WORLD = """
[scenario]
name = "stores"
[time]
start = "2023-06-01T00:00:00+08:00"
days = {days}
interval = 60
[market.storage_service]
modes = ["bilateral", "call"]
call_price = 600.0
call_payer = "curtailed"
share = 0.5
merchant = false
[market.capacity_payment]
price = 330.0
payer = "government"
[[load]]
name = "town"
demand_mw = 5.0
[[generator]]
kind = "wind"
name = "w"
owner = "co"
capacity_mw = {wind}
availability = 1.0
[[generator]]
kind = "thermal"
name = "coal"
capacity_mw = 20
marginal_cost = 200.0
[[storage]]
name = "A"
owner = "stores"
power_mw = 2
energy_mwh = 12
listed = true
[[storage]]
name = "B"
owner = "stores"
power_mw = 2
energy_mwh = 4
listed = false
[[storage]]
name = "P"
owner = "stores"
power_mw = 1
energy_mwh = 2
service_share = 0.0
listed = true
"""
LEASES = """
[[contract]]
kind = "lease"
name = "la"
station = "A"
tenant = "co"
mw = 0.5
price = 365.0
start = "2023-06-01T00:00:00+08:00"
end = "2023-06-11T00:00:00+08:00"
[[contract]]
kind = "lease"
name = "lb"
station = "B"
tenant = "co"
mw = 0.5
price = 365.0
start = "2023-06-01T00:00:00+08:00"
end = "2023-06-05T00:00:00+08:00"
"""
SERVICE = """
[[contract]]
kind = "service"
name = "sa"
station = "A"
buyer = "co"
mw = 1.0
mwh = 2.0
price = 150.0
[[contract]]
kind = "service"
name = "sb"
station = "B"
buyer = "co"
mw = 1.0
mwh = 0.5
price = 100.0
"""


def received(results, column):
    """A column of participants, by storage unit; without zeros."""
    units = results.participants.astype({"unit": str}).set_index("unit")
    money = units.loc[units["kind"] == "storage", f"{column}_amount"]
    return money[money != 0].to_dict()


def test_capacity_rents_and_energy_handed_over(tmp_path):
    results = run(WORLD.format(days=10, wind=4) + LEASES, tmp_path / "run")
    assert received(results, "capacity") == {"A": 18082.19, "P": 3013.70}
    assert received(results, "rent") == {"A": 5000.0, "B": 2000.0}
    handed = {"A": 285.0, "A/la": -285.0, "B": 95.0, "B/lb": -95.0}
    assert received(results, "handed") == handed
    assert received_less_paid(results.ledger, "stores")["lease_energy"] == 285.0 + 95.0
    table = investment(results, 1000)
    year = 365 / 10
    assert table["capacity_per_mw_year_amount"].to_dict() == pytest.approx(
        {"A": 18082.19 / 2 * year, "B": 0.0, "P": 3013.70 * year}
    )
    assert table["lease_per_mw_year_amount"].to_dict() == {"A": 91_250.0, "B": 36_500.0, "P": 0.0}


def test_fees_for_storage_service(tmp_path):
    results = run(WORLD.format(days=1, wind=12) + SERVICE, tmp_path / "run")
    assert received(results, "bilateral") == {"A/service": 300.0, "B/service": 50.0}
    assert received(results, "call") == {"A/service": 694.74, "B/service": 331.58}
    table = investment(results, 1000)
    for kind, in_a, in_b in (("bilateral", 300.0, 50.0), ("call", 694.74, 331.58)):
        earned = table[f"{kind}_per_mw_year_amount"] / 365
        assert earned.to_dict() == pytest.approx({"A": in_a / 2, "B": in_b / 2, "P": 0.0}), kind
