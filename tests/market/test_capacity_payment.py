"""The capacity payment: the formula on paper, and both sides of it to the cent."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market import InputError, capacity_price
from market.rules import CapacityRules
from market.storage_service.capacity import ListedStations
from tests.market.blocks import MWH, Shape, amounts, balance, layout, trade
from tests.market.service_blocks import accounts, in_force, service_block, settled, unit, world


@pytest.mark.parametrize(
    ("hours", "peak", "expected"), [(2, 6, 55), (4, 6, 110), (6, 6, 165), (9, 6, 165), (2, 4, 82.5)]
)
def test_the_formula_of_document_114(hours, peak, expected):
    rules = CapacityRules(165.0, peak)
    assert capacity_price(rules, np.array([hours])).tolist() == [expected]


def listed(places, power_kw=(50_000.0, 32_000.0), hours=(2.0, 4.0), on=(True, True)):
    units = np.array([places.units.index(name) for name in ("A", "B")])
    return ListedStations(units, np.array(power_kw), np.array(hours), np.array(on))


def a_day(first=0, payer="consumers", price=165.0, places=None, m=24):
    made = service_block(m, first, places)
    made.rules[:] = [in_force(CapacityRules(price, 6.0, payer))] * m
    return made


def run_of(days, payer="consumers", **stations):
    """Return the ledger of days on which town takes 3 MWh of sun 1 and coal 2 MWh."""
    places = world()
    settlement, ledger = accounts(places, listed=listed(places, **stations), per_interval=False)
    for first in range(0, 24 * days, 24):
        made = a_day(first, payer, places=places)
        trade(made, 0, "main", 0.0, {"sun": MWH, "coal": 2 * MWH}, {"town": 3 * MWH})
        settlement.settle(made, np.zeros((1, 24)))
    return ledger


def test_a_year_of_days_pays_the_year_to_the_cent():
    ledger = run_of(365)
    assert balance(ledger, "ess") == 50_000 * 55 * 100
    assert balance(ledger, "tee") == 32_000 * 110 * 100
    assert balance(ledger, "town") == -(50_000 * 55 + 32_000 * 110) * 100
    assert balance(ledger, "system") == 0


def test_only_listed_stations_are_paid():
    ledger = run_of(1, on=(False, True))
    assert amounts(ledger) == {
        ("town", "system", "capacity_payment"): round(32_000 * 110 * 100 / 365),
        ("system", "tee", "capacity_payment"): round(32_000 * 110 * 100 / 365),
    }


def test_generators_pay_by_what_they_deliver():
    found = amounts(run_of(1, "generators", on=(False, True)))
    whole = round(32_000 * 110 * 100 / 365)
    assert found[("system", "tee", "capacity_payment")] == whole
    assert found[("coal", "system", "capacity_payment")] == round(whole * 2 / 3)
    assert found[("green", "system", "capacity_payment")] == round(whole / 3)


def test_the_government_pays():
    found = amounts(run_of(1, "government"))
    whole = found[("government", "system", "capacity_payment")]
    assert whole == sum(cents for (payer, _, _), cents in found.items() if payer == "system")


@pytest.mark.parametrize(("payer", "who"), [("consumers", 2), ("generators", 4)])
def test_when_nobody_has_energy_all_pay_the_same(payer, who):
    places = layout(
        Shape("load", ["town", "village"]),
        Shape("pv", ["s1", "s2"]),
        Shape("storage", ["A", "B"]),
        Shape("wind", ["w1", "w2"]),
    )
    found = amounts(settled(a_day(payer=payer, places=places), listed=listed(places)))
    paid = [cents for (_, payee, _), cents in found.items() if payee == "system"]
    assert len(paid) == who
    assert max(paid) - min(paid) <= 1


def test_a_scenario_without_payers_is_refused():
    places = layout(Shape("storage", ["A", "B"]))
    with pytest.raises(InputError, match=r"payer = 'consumers': .* load, data_center"):
        settled(a_day(places=places), listed=listed(places))


def test_rules_that_change_within_a_day():
    places = world()
    made = a_day(places=places)
    made.rules[6:] = [in_force(CapacityRules(0.0))] * 18
    made.consumed[:, unit(made, "town")] = MWH
    made.bought[:], made.delivered[:, unit(made, "coal")] = made.consumed, MWH
    made.sold[:] = made.delivered
    found = amounts(settled(made, 0.0, listed=listed(places, on=(True, False))))
    assert found == {
        ("system", "ess", "capacity_payment"): round(50_000 * 55 * 100 / 365 / 4),
        ("town", "system", "capacity_payment"): round(50_000 * 55 * 100 / 365 / 4),
    }


def test_no_price_no_payment():
    places = world()
    assert amounts(settled(a_day(price=0.0, places=places), listed=listed(places))) == {}
    assert amounts(settled(a_day(places=places))) == {}


@settings(max_examples=60)
@given(
    st.sampled_from(["consumers", "generators", "government"]),
    st.lists(st.floats(0, 400), min_size=1, max_size=5),
    st.lists(st.integers(0, 10**9), min_size=3, max_size=3),
    st.floats(0, 10**6),
)
def test_what_is_collected_is_what_is_paid(payer, prices, energy, power_kw):
    places = world()
    stations = listed(places, (power_kw, 777.7), (1.7, 3.0))
    settlement, ledger = accounts(places, listed=stations)
    for day, price in enumerate(prices):
        made = a_day(day * 24, payer, price, places)
        sold = dict(zip(("sun", "coal", "gale"), energy, strict=True))
        trade(made, 3, "main", 0.0, sold, {"town": sum(energy)})
        settlement.settle(made, np.zeros((1, 24)))
    owed = np.array([power_kw * min(1, 1.7 / 6), 777.7 * 0.5]) * sum(prices) / 365 * 100
    paid = [balance(ledger, name) for name in ("ess", "tee")]
    assert np.abs(paid - owed).max() <= 0.5 + 1e-6 * owed.max()
    assert balance(ledger, "system") == 0
    assert int(ledger.balances.sum()) == 0
