"""The first two hours of the tutorial, worked by hand in whole MWh and currency."""

import json

import pytest

from tests.scenarios.running import run

# Orders of both hours: who, how much (MWh), at which price (currency/MWh).
COAL = 80, 300
IMPORT, EXPORT = (20, 250 + 150), (10, 250 - 150)
BATTERY_BUYS = 10, 150
TOWN_MUST, TOWN_MAY = (60 - 6, 1000), (6, 250)  # a tenth leaves above 250; the cap is 1000

# Hour 0: 75 MWh of wind at 0 are less than the 54 + 6 + 10 + 10 bid at 100 and above, more than
# the 70 bid above 100; so the neighbour's bid of 100 is at the margin and gets what is left.
WIND_0 = 100 * 75 // 100
LEFT_0 = WIND_0 - TOWN_MUST[0] - TOWN_MAY[0] - BATTERY_BUYS[0]
PAID_0 = {
    "wind-farm": WIND_0 * EXPORT[1],
    "town": -60 * EXPORT[1],
    "battery": -BATTERY_BUYS[0] * EXPORT[1],
    "neighbour": -LEFT_0 * EXPORT[1],
}
# Hour 1: 20 MWh of wind do not cover the town; coal at 300 does, and at 300 the tenth, the
# battery and the neighbour leave.
WIND_1 = 100 * 20 // 100
COAL_1 = TOWN_MUST[0] - WIND_1
PAID_1 = {
    "wind-farm": WIND_1 * COAL[1],
    "coal-plant": COAL_1 * COAL[1],
    "town": -TOWN_MUST[0] * COAL[1],
}


@pytest.fixture(scope="module")
def tutorial(tmp_path_factory):
    return run("tutorial", tmp_path_factory.mktemp("tutorial") / "run")


def test_the_hand_has_reckoned_what_the_readme_says():
    assert LEFT_0 == 5
    assert PAID_0 == {"wind-farm": 7_500, "town": -6_000, "battery": -1_000, "neighbour": -500}
    assert PAID_1 == {"wind-farm": 6_000, "coal-plant": 10_200, "town": -16_200}
    assert COAL_1 == 34


@pytest.mark.parametrize(
    ("hour", "price", "volume"), [(0, EXPORT[1], WIND_0), (1, COAL[1], TOWN_MUST[0])]
)
def test_prices_and_volumes(tutorial, hour, price, volume):
    row = tutorial.intervals.iloc[hour]
    assert (row["price"], row["price_low"], row["price_high"]) == (price, price, price)
    assert row["volume_mwh"] == volume
    assert row["curtailed_mwh"] == row["unserved_mwh"] == row["imbalance_mwh"] == 0


@pytest.mark.parametrize(("hour", "paid"), [(0, PAID_0), (1, PAID_1)])
def test_who_pays_whom(tutorial, hour, paid):
    ledger = tutorial.table("ledger")
    rows = ledger[ledger["start"] == tutorial.intervals["start"][hour]]
    assert set(rows["category"]) == {"energy"}
    received = rows[rows["payer"] == "market"].set_index("payee")["amount"].astype(int)
    given = rows[rows["payee"] == "market"].set_index("payer")["amount"].astype(int)
    assert received.to_dict() | (-given).to_dict() == paid
    assert received.sum() == given.sum() == sum(amount for amount in paid.values() if amount > 0)


def test_the_battery_holds_nine_of_the_ten_it_bought(tutorial):
    units = tutorial.table("units")
    battery = units[units["unit"] == "battery"].set_index("start").sort_index()
    assert battery["bought_mwh"].iloc[:2].tolist() == [10, 0]
    # 10 MWh at an efficiency of 0.9; in hour 1 it neither buys above 150 nor sells below 350
    assert battery["soc_mwh"].iloc[:2].tolist() == pytest.approx([9, 9], abs=1e-12)


def test_surplus_of_the_first_two_hours(tutorial):
    rows = tutorial.intervals.iloc[:2]
    hour_0 = 54 * (1000 - 100) + 6 * (250 - 100) + 10 * (150 - 100)
    hour_1 = 54 * (1000 - 300)
    assert rows["buyer_surplus"].tolist() == [hour_0, hour_1]
    assert rows["seller_surplus"].tolist() == [WIND_0 * 100, WIND_1 * 300]
    assert rows["operator_surplus"].tolist() == [0, 0]


def test_the_day_adds_up_to_nothing(tutorial):
    assert tutorial.balances.to_numpy().sum() == pytest.approx(0, abs=1e-6)
    summary = json.loads((tutorial.path / "summary.json").read_text(encoding="utf-8"))
    for name in ("ledger_residual_amount", "energy_residual_max_mwh"):
        assert summary[name]["value"] == 0
