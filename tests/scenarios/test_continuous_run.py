"""Runs in which the energy market trades continuously while the gate is open."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from market import trading
from market.limit_book import LimitOrderBook
from scenarios.loader import load_text
from scenarios.simulation import build
from tests.scenarios import test_conservation as laws
from tests.scenarios.running import run
from tests.scenarios.small_worlds import run_text, scenarios

WORLD = """
[scenario]
name = "exchange"
seed = 3
[time]
start = "2023-06-01T00:00:00+08:00"
days = 2
interval = 30
[market.energy]
mechanism = "continuous"
gate_closure = {closure}
gate_opening = {opening}
{rules}
[recording]
orders = true
[[zone]]
name = "main"
[[generator]]
kind = "wind"
name = "wind"
total_capacity_mw = 60
count = 6
availability = 0.5
diversity = 0.3
strategy = "{selling}"
forecast = {{name = "noisy", sd = 0.2}}
[[generator]]
kind = "thermal"
name = "coal"
capacity_mw = 20
count = 3
marginal_cost = 300
strategy = "{selling}"
[[storage]]
name = "battery"
power_mw = 5
energy_mwh = 15
[[load]]
name = "town"
count = 6
demand_mw = 8
strategy = "{selling}"
[[external]]
name = "line"
price = 250
import_mw = 4
export_mw = 4
"""


def world(closure=0, ahead=30, selling="zero_intelligence", rules="", extra=""):
    opening = closure + ahead
    text = WORLD.format(closure=closure, opening=opening, selling=selling, rules=rules)
    return text + extra


MECHANISMS = st.sampled_from(
    ["", "steps = 1", "steps = 13", "closing_share = 0.5", "closing_share = 1.0\nsteps = 2"]
)


@settings(
    max_examples=30,
    phases=[Phase.generate, Phase.shrink],
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(text=scenarios(), params=MECHANISMS)
def test_every_exchange_conserves_energy_and_money(base, text, params):
    for name in ("uniform", "pay-as-bid", "high-low"):
        text = text.replace(f'mechanism = "{name}"', f'mechanism = "continuous"\n{params}')
    with tempfile.TemporaryDirectory() as place:
        tables = run_text(text, base, Path(place) / "run")
    checks = (laws.energy, laws.curtailment, laws.storage, laws.limits, laws.trades, laws.prices)
    for check in (*checks, laws.accounts, laws.totals):
        check(tables)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    directory = tmp_path_factory.mktemp("runs")
    found = {}

    def of(name, text, **options):
        if name not in found:
            found[name] = run(text, directory / name, **options)
        return found[name]

    return of


def hashed(results):
    return results.run["content_hash"]


def test_the_same_seed_gives_the_same_trades_whatever_is_recorded(runs):
    plain = hashed(runs("plain", world()))
    assert hashed(runs("again", world())) == plain
    fewer = ("recording.orders=false", "recording.units=false")
    assert hashed(runs("fewer", world(), overrides=fewer)) == plain
    assert hashed(runs("other", world(), seed=4)) != plain


def test_the_order_of_the_file_changes_nothing(runs):
    head, *entries = world().split("[[generator]]")
    moved = "[[generator]]".join([head, entries[1], entries[0]])
    # The second entry of the file carries the rest of the sections with it.
    assert hashed(runs("moved", moved)) == hashed(runs("plain", world()))


def test_traders_that_go_on_quoting_trade_more(runs):
    once = runs("once", world(rules="steps = 1")).intervals.volume_mwh.sum()
    often = runs("plain", world()).intervals.volume_mwh.sum()
    assert often > 1.05 * once


def test_it_makes_no_difference_to_others_whether_someone_looks(runs):
    """Truthful plants stay put, so showing the book more often changes nothing."""
    calm = world(selling="truthful")
    found = {
        steps: hashed(runs(f"calm-{steps}", world(selling="truthful", rules=f"steps = {steps}")))
        for steps in (1, 5)
    }
    assert set(found.values()) == {hashed(runs("calm", calm))}


def test_a_closing_auction_brings_one_price_and_more_trade(runs):
    none = runs("calm", world(selling="truthful"))
    half = runs("half", world(selling="truthful", rules="closing_share = 0.5"))
    whole = runs("whole", world(selling="truthful", rules="closing_share = 1.0"))
    call = runs("call", world(selling="truthful").replace('"continuous"', '"uniform"'))
    gains = [
        run.intervals[["buyer_surplus", "seller_surplus"]].sum().sum()
        for run in (none, half, whole, call)
    ]
    assert gains[0] < gains[2]
    assert gains[1] < gains[2]
    assert gains[2] == pytest.approx(gains[3], rel=1e-3)


def simulated(text, directory):
    simulation = build(load_text(text, directory), directory)
    blocks = []
    settle = simulation.session._settle
    simulation.session._settle = lambda block: blocks.append(block) or settle(block)
    return simulation, blocks


def test_revised_orders_are_amendments_within_cost_and_value(tmp_path, monkeypatch):
    taken_back = []
    amend = LimitOrderBook.amend

    def noted(book, order, price, quantity):
        if book.left[order] and quantity == 0:
            taken_back.append(price)
        amend(book, order, price, quantity)

    monkeypatch.setattr(LimitOrderBook, "amend", noted)
    simulation, blocks = simulated(world(), tmp_path)
    simulation.run()
    assert len(taken_back) > 1000
    coal = [i for i, name in enumerate(simulation.layout.units) if name.startswith("coal")]
    slots = np.isin(simulation.layout.ask_unit, coal)
    for block in blocks:
        second = block.ask_price[:, slots][:, 1::2]
        assert (second >= 300).all()
        assert np.unique(second).size > 100


@pytest.mark.parametrize(("minute", "left"), [(5, 0), (40, 1)])
def test_a_plant_that_fails_while_the_gate_is_open_withdraws(minute, left, tmp_path):
    """The gate for 02:00 is open from 01:00 to 01:30; the wind comes after 01:05 here."""
    event = (
        f'[[event]]\nat = "2023-06-01T01:{minute:02d}:00+08:00"\noutage = "wind"\nhours = 0.25\n'
    )
    text = world(closure=30, selling="truthful", rules="steps = 30", extra=event)
    simulation, blocks = simulated(text, tmp_path)
    cancelled = []

    class Watched(LimitOrderBook):
        def amend(self, order, price, quantity):
            cancelled.append((simulation.env.now, quantity))
            super().amend(order, price, quantity)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trading, "LimitOrderBook", Watched)
        simulation.run()
    block = blocks[0]
    wind = np.array([name.startswith("wind") for name in simulation.layout.units])
    slots = wind[simulation.layout.ask_unit]
    offered, sold = block.ask_quantity[4, slots], block.ask_fill[4, slots]
    if left:
        assert (offered > 0).all()
        assert not cancelled or min(now for now, _ in cancelled) >= 3600 + 60 * 40
    else:
        assert (offered == sold).all()
        assert all(quantity <= 0 for _, quantity in cancelled)
        assert any(3900 < now <= 5400 for now, _ in cancelled)


def test_the_middle_of_a_gate_of_one_minute_is_enough_to_revise(runs):
    short = runs("short", world(closure=15, ahead=1))
    once = runs("short-once", world(closure=15, ahead=1, rules="steps = 1"))
    assert short.intervals.volume_mwh.sum() > once.intervals.volume_mwh.sum()


def test_a_change_to_continuous_trading_draws_the_instants_of_that_day(tmp_path):
    change = (
        '[[event]]\nat = "2023-06-02T00:00:00+08:00"\n'
        'set = {"market.energy.mechanism" = "continuous"}\n'
    )
    found = []
    for arm, text in enumerate(
        (
            world(selling="truthful"),
            world(selling="truthful").replace('"continuous"', '"uniform"') + change,
        )
    ):
        directory = tmp_path / str(arm)
        directory.mkdir()
        simulation, blocks = simulated(text, directory)
        instants = []
        of = simulation.session._instants.of
        simulation.session._instants.of = lambda day, of=of, seen=instants: (
            seen.append((day, of(day))) or of(day)
        )
        simulation.run()
        found.append({day: draws.tolist() for day, draws in instants})
        assert np.isfinite(blocks[1].zone["price"]).sum() == 0
    assert found[0][1] == found[1][1]
    assert list(found[1]) == [1]
