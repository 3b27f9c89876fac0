"""True values in real runs: who gained, what the market was worth, whatever was bid."""

import re
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from market import benefits, physical_welfare, talatan_results
from scenarios.loader import load_text
from scenarios.runs import execute, prepare
from tests.scenarios.running import run
from tests.scenarios.shared_worlds import shared
from tests.scenarios.small_worlds import scenarios, series

QUICK = settings(
    max_examples=6,
    phases=[Phase.generate],
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
HEAD = """
[scenario]
name = "true"
seed = 3
[time]
start = "2023-06-01T00:00:00+08:00"
days = 2
interval = 60
[market.energy]
price_floor = -500
price_cap = 30000
"""
STEPS = st.lists(
    st.tuples(st.sampled_from([0.1, 0.2]), st.sampled_from([-50, 120, 240, 333])), max_size=3
)


def results_of(text: str, base: Path, place: str):
    out = Path(place) / "run"
    prepare(out, force=False, resume=False)
    return execute(load_text(text, base), out)


def cents(amounts) -> int:
    return int(np.rint(amounts * 100).sum())


@QUICK
@given(text=st.one_of(scenarios(), shared()))
def test_benefits_of_all_accounts_are_the_physical_welfare(base, text):
    with tempfile.TemporaryDirectory() as place:
        results = results_of(text, base, place)
        table, units = benefits(results), results.participants
        assert cents(table["benefit_amount"]) == round(100 * physical_welfare(results))
        assert cents(table["balance_amount"]) == 0
        uses = units["kind"].isin(["load", "data_center", "external"])
        assert units["value_amount"].notna().equals(uses)


@st.composite
def truthful(draw):
    """Plants, a load and an outside market that bid the truth, within floor and cap."""
    steps = ", ".join(f"{{share = {share}, price = {price}}}" for share, price in draw(STEPS))
    texts = [
        HEAD,
        f'[[load]]\nname = "town"\ndemand_mw = {series("demand")}\nsteps = [{steps}]\nvoll = 25000',
        '[[generator]]\nkind = "wind"\nname = "wind"\ncapacity_mw = 8\nmarginal_cost = 2\n'
        f"availability = {series('wind')}\ndiversity = 0.2\ncount = 2",
    ]
    for number in range(draw(st.integers(0, 2))):
        cost, size = draw(st.sampled_from([90, 240, 410.5])), draw(st.sampled_from([1.5, 6]))
        texts.append(
            f'[[generator]]\nkind = "thermal"\nname = "coal{number}"\ncapacity_mw = {size}\n'
            f"marginal_cost = {cost}"
        )
    if draw(st.booleans()):
        fee = draw(st.sampled_from([0, 12]))
        texts.append(
            f'[[external]]\nname = "outside"\nprice = {series("price")}\nfee = {fee}\n'
            "import_mw = 3\nexport_mw = 4"
        )
    return "\n".join(texts)


@QUICK
@given(text=truthful())
def test_with_true_bids_physical_welfare_is_the_surplus_of_the_auctions(base, text):
    with tempfile.TemporaryDirectory() as place:
        results = results_of(text, base, place)
        surplus = results.summary["value"]["welfare_amount"]
        # Each unit's value and cost is rounded to a cent.
        slack = 0.01 * len(results.participants) + 1e-9 * abs(surplus)
        assert physical_welfare(results) == pytest.approx(surplus, abs=slack)


PLAIN = (
    HEAD
    + """
[[load]]
name = "town"
demand_mw = 8
steps = [{share = 0.25, price = 300}]
[[generator]]
name = "coal"
kind = "thermal"
capacity_mw = 10
marginal_cost = 200
"""
)


def test_a_markup_moves_money_and_costs_what_is_no_longer_served(tmp_path):
    honest = run(PLAIN, tmp_path / "honest")
    marked = PLAIN + 'strategy = {name = "markup", factor = 1.4}\n'
    above = run(marked, tmp_path / "above")
    dear = run(marked.replace("1.4", "1.6"), tmp_path / "dear")
    hours = 48
    # At 280 the elastic step still buys; at 320 it does not, and 2 MWh are lost each hour.
    assert physical_welfare(honest) == hours * (6 * 20_000 + 2 * 300 - 8 * 200)
    assert physical_welfare(above) == physical_welfare(honest)
    assert physical_welfare(honest) - physical_welfare(dear) == hours * 2 * (300 - 200)
    gain = [benefits(each).set_index("account")["benefit_amount"] for each in (honest, above)]
    assert gain[1]["coal"] > gain[0]["coal"]
    assert gain[1].sum() == gain[0].sum()
    assert honest.intervals["marginal_cost_price"].eq(200).all()
    assert above.intervals["marginal_cost_price"].eq(200).all()
    assert above.intervals["largest_offered_mwh"].eq(10).all()
    figures = above.summary["value"]
    price = figures["mean_price"]
    assert figures["lerner_index"] == pytest.approx((price - 200) / price)
    assert (figures["residual_supply_index"], figures["pivotal_seller_pct"]) == (0, 100)


CENTRE = """
[scenario]
name = "centre"
[time]
start = "2023-06-01T00:00:00+08:00"
days = 2
[market.energy]
price_cap = 1500
[[generator]]
name = "wind"
kind = "wind"
capacity_mw = 1.0
availability = "qinghai-wind"
[[data_center]]
name = "site"
gpus = 400
inference_gpus = 40
jobs = {arrivals_per_hour = 3, duration_hours = 2, slack = 1.2}
"""


def test_data_centres_compute_for_money_and_pay_for_strict_jobs_missed(tmp_path):
    results = run(CENTRE, tmp_path / "centre")
    site = results.participants.set_index("unit").loc["site"]
    table = benefits(results).set_index("account")
    fines = table.loc["customers", "balance_amount"]
    assert fines > 0
    # Soft jobs that are late are worth less, and nothing is worth more than all of it.
    most = 5 * site["gpu_hours"] + 25 * 40 * 48 - fines
    assert 0.8 * most < site["value_amount"] + 0.01 < most
    assert table.loc["customers", "benefit_amount"] == 0
    assert table.loc["site", "value_amount"] == pytest.approx(site["value_amount"] + fines)


def test_owners_of_many_units_are_one_seller(tmp_path):
    text = PLAIN + '[[generator]]\nname = "gas"\nkind = "thermal"\ncapacity_mw = 4\n'
    apart = run(text + "marginal_cost = 250\n", tmp_path / "apart")
    owned = re.sub(r'(?m)^(name = "(coal|gas)")', r'\1\nowner = "both"', text)
    together = run(owned, tmp_path / "together")
    assert apart.intervals["largest_offered_mwh"].eq(10).all()
    assert together.intervals["largest_offered_mwh"].eq(14).all()
    again = talatan_results(together.path)
    assert again.summary["value"]["residual_supply_index"] == 0
