"""Benefits, welfare and the Gini coefficient."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.distribution import BENEFIT_COLUMNS, benefits, gini, physical_welfare
from market.errors import InputError
from market.key_figures import summary
from market.ledger import COUNTERPARTIES
from market.results import Results
from tests.plots.fake_run import FakeRun, write_run

AMOUNTS = st.lists(st.integers(-1000, 1000), min_size=2, max_size=9)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return write_run(tmp_path / "run", FakeRun(days=2))


def cents(amounts: pd.Series) -> int:
    return int((amounts * 100).round().sum())


def test_benefits_on_paper(place):
    results = Results(place)
    table = benefits(results).set_index("account")
    units = results.participants.set_index("owner")
    assert tuple(benefits(results).columns) == BENEFIT_COLUMNS
    assert list(table.index) == [*sorted(units.index.astype(str)), *COUNTERPARTIES]
    load = table.loc["load owner"]
    assert load["role"] == "load"
    assert load["value_amount"] == pytest.approx(500 * units.loc["load owner", "consumed_mwh"])
    assert load["cost_amount"] == 0
    assert load["balance_amount"] == pytest.approx(results.balances.loc["load owner"].sum())
    assert load["benefit_amount"] == pytest.approx(load["value_amount"] + load["balance_amount"])
    assert table.loc["grid", "role"] == "grid"
    assert table.loc["customers", "benefit_amount"] == 0


def test_benefits_add_up_to_physical_welfare(place):
    results = Results(place)
    units = results.participants
    expected = cents(units["value_amount"].fillna(0)) - cents(units["variable_cost_amount"])
    assert round(physical_welfare(results) * 100) == expected
    assert cents(benefits(results)["benefit_amount"]) == expected
    found = {name: figure["value"] for name, figure in summary(results).items()}
    assert found["physical_welfare_amount"] == expected / 100
    by_role = [value for name, value in found.items() if name.endswith("_benefit_amount")]
    assert round(sum(by_role) * 100) == expected


def test_the_harm_of_a_job_missed_is_the_customers(place):
    before = benefits(Results(place)).set_index("account")
    file = place / "ledger.parquet"
    ledger = pd.read_parquet(file).astype({"payer": str, "payee": str, "category": str})
    fine = ledger.iloc[:1].assign(
        payer="data_center owner", payee="customers", category="sla_penalty", amount=70.0
    )
    pd.concat([ledger, fine]).to_parquet(file)
    units = pd.read_parquet(place / "participants.parquet")
    missed = units["kind"] == "data_center"
    units["value_amount"] = units["value_amount"].mask(missed, 1_000.0 - 70.0)
    units.to_parquet(place / "participants.parquet")
    after = benefits(Results(place)).set_index("account")
    amounts = ["value_amount", "balance_amount", "benefit_amount"]
    change = after[amounts] - before[amounts]
    assert change.loc["data_center owner"].tolist() == pytest.approx([1_000, -70, 930])
    assert change.loc["customers"].tolist() == [-70, 70, 0]
    assert cents(after["benefit_amount"]) == round(100 * physical_welfare(Results(place)))


def test_the_gini_of_the_figures_is_that_of_owners(place):
    results = Results(place)
    table = benefits(results)
    own = table["account"].isin(list(results.roles))
    assert summary(results)["benefit_gini"]["value"] == gini(table.loc[own, "benefit_amount"])


def test_support_is_told_by_category(place):
    found = summary(Results(place))
    paid = Results(place).ledger.query("category == 'subsidy'")["amount"].sum()
    assert found["subsidy_amount"]["value"] == pytest.approx(paid)
    assert found["government_benefit_amount"]["value"] == pytest.approx(-paid)
    assert "certificate_amount" not in found


def test_a_run_of_an_older_version_is_refused(place):
    file = place / "participants.parquet"
    pd.read_parquet(file).drop(columns="value_amount").to_parquet(file)
    with pytest.raises(InputError, match=r"no column value_amount: the run is of an older version"):
        benefits(Results(place))
    assert "physical_welfare_amount" not in summary(Results(place))


@given(AMOUNTS)
def test_gini_is_the_mean_difference_over_the_mean_of_sizes(values):
    differences = sum(abs(a - b) for a in values for b in values) / len(values) ** 2
    size = sum(map(abs, values)) / len(values)
    if size == 0:
        assert math.isnan(gini(values))
    else:
        assert gini(values) == pytest.approx(differences / (2 * size), abs=1e-12)


@given(AMOUNTS.filter(any), st.floats(0.1, 10))
def test_gini_is_bounded_and_knows_no_currency(values, rate):
    found = gini(values)
    assert -1e-12 <= found <= 1 - 1 / len(values) + 1e-12
    assert gini(np.array(values) * rate) == pytest.approx(found, abs=1e-9)
    assert gini(values[::-1]) == found


def test_gini_of_the_ends():
    assert gini([3, 3, 3]) == 0
    assert gini([0, 0, 5]) == gini([-2, 0, 5]) == gini([-5, 0, 0]) == pytest.approx(2 / 3)
    assert gini([1, 2, 3, 4]) == 0.25
    assert math.isnan(gini([7]))
    with pytest.raises(InputError, match="not defined"):
        gini([1.0, math.nan])
