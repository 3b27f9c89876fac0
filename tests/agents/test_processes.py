"""The players on the clock: rule changes, contracts, outages and the budget of events."""

from collections import Counter

import numpy as np
import pytest
import simpy

from scenarios.loader import load_text
from scenarios.simulation import build

BASE = """
[scenario]
name = "small"
[time]
start = "2023-06-01T00:00:00+08:00"
days = 2
interval = 60
[market.energy]
gate_closure = {closure}
gate_opening = {opening}
[fees]
grid = 1
[[load]]
name = "town"
count = {count}
demand_mw = 3
[[generator]]
name = "coal"
kind = "thermal"
capacity_mw = 40
marginal_cost = 300
[[generator]]
name = "sun"
kind = "pv"
capacity_mw = 4
count = {count}
availability = 0.5
[[storage]]
name = "battery"
count = {count}
power_mw = 1
energy_mwh = 2
"""


def simulated(directory, extra="", closure=45, ahead=15, count=1):
    text = BASE.format(closure=closure, opening=closure + ahead, count=count) + extra
    return build(load_text(text, directory), directory)


def blocks(simulation):
    """Run and return the settled blocks' columns stacked: rules, price, volume, contracts."""
    found = []
    settle = simulation.session._settle

    def note(block):
        found.append(block)
        settle(block)

    simulation.session._settle = note
    simulation.run()
    return found


@pytest.mark.parametrize("closure", [0, 45, 300, 24 * 60, 40 * 60])
@pytest.mark.parametrize(
    ("at", "first"),
    [
        ("2023-06-01T00:00:00", 0),
        ("2023-06-01T05:00:00", 5),
        ("2023-06-01T05:00:01", 6),
        ("2023-06-02T00:00:00", 24),
    ],
)
def test_a_rule_change_holds_from_its_date_at_any_lead(closure, at, first, tmp_path):
    change = f'[[event]]\nat = "{at}+08:00"\nset = {{"market.energy.price_cap" = 250}}'
    caps = [
        r.auction.price_cap for b in blocks(simulated(tmp_path, change, closure)) for r in b.rules
    ]
    assert caps == [1500.0] * first + [250.0] * (48 - first)


def test_units_asked_for_a_day_bid_anew_under_new_rules(tmp_path):
    change = '[[event]]\nat = "2023-06-01T05:00:00+08:00"\nset = {"market.energy.price_cap" = 250}'
    block = blocks(simulated(tmp_path, change))[0]
    bids = block.bid_price[:, block.layout.units.index("town")]
    town = [block.layout.units[u] for u in block.layout.bid_unit].index("town")
    bids = block.bid_price[:, town]
    assert bids.tolist() == [1500.0] * 5 + [250.0] * 19


def test_a_mechanism_changes_and_changes_back(tmp_path):
    changes = "".join(
        f'[[event]]\nat = "2023-06-01T{hour:02d}:00:00+08:00"\n'
        f'set = {{"market.energy.mechanism" = "{name}"}}\n'
        for hour, name in ((6, "pay-as-bid"), (9, "uniform"))
    )
    price = blocks(simulated(tmp_path, changes))[0].zone["price"][:, 0]
    assert np.isnan(price).tolist() == [6 <= hour < 9 for hour in range(24)]


@pytest.mark.parametrize("closure", [0, 45, 26 * 60])
def test_contracts_hold_for_the_intervals_between_their_dates(closure, tmp_path):
    contract = (
        '[[contract]]\nname = "a"\nseller = "coal"\nbuyer = "town"\nmw = 2\nprice = 310\n'
        'start = "2023-06-01T03:00:00+08:00"\nend = "2023-06-01T07:00:00+08:00"\n'
        '[[contract]]\nname = "b"\nseller = "coal"\nbuyer = "town"\nmw = 5\nprice = 310\n'
        'start = "2023-05-01T00:00:00+08:00"\n'
    )
    rows = np.array(
        [r for b in blocks(simulated(tmp_path, contract, closure)) for r in b.contracts]
    )
    assert rows[:, 0].tolist() == [2.0 if 3 <= hour < 7 else 0.0 for hour in range(48)]
    assert (rows[:, 1] == 5).all()


@pytest.mark.parametrize("closure", [0, 26 * 60])
def test_a_dated_outage_takes_its_share_of_delivery(closure, tmp_path):
    event = '[[event]]\nat = "2023-06-01T09:20:00+08:00"\noutage = "sun"\nhours = 1'
    block = blocks(simulated(tmp_path, event, closure))[0]
    sun = block.layout.units.index("sun")
    share = block.available[:, sun] / block.resource[:, sun]
    expected = np.ones(24)
    expected[9], expected[10] = 1 / 3, 2 / 3
    assert share == pytest.approx(expected, abs=1e-6)


def noted(name, call, env, log):
    def method(*args):
        log.append((name, env.now))
        return call(*args)

    return method


def test_quotes_are_made_when_the_gate_opens_and_awards_known_when_it_closes(tmp_path):
    simulation = simulated(tmp_path, closure=90, ahead=20)
    fleet = next(f for f in simulation.fleets if f.kind == "storage")
    env, log = simulation.env, []
    for name in ("quote", "award", "meter", "commit"):
        setattr(fleet, name, noted(name, getattr(fleet, name), env, log))
    simulation.run()
    hour = 3600 * np.arange(48)
    for name, shift in (("quote", -6600), ("award", -5400), ("meter", 3600)):
        assert [now for what, now in log if what == name] == (hour + shift).tolist()
    commits = np.array([now for what, now in log if what == "commit"]) - hour - 3600
    assert ((commits > 0) & (commits < 10)).all()


class Counting(simpy.Environment):
    """Counts events."""

    steps = 0

    def step(self):
        self.steps += 1
        super().step()


@pytest.mark.parametrize("closure", [15, 26 * 60])
def test_the_budget_of_events_does_not_depend_on_the_number_of_units(
    closure, tmp_path, monkeypatch
):
    monkeypatch.setattr("scenarios.simulation.simpy.Environment", Counting)
    steps = []
    for count in (1, 30):
        directory = tmp_path / str(count)
        directory.mkdir()
        simulation = simulated(directory, closure=closure, count=count)
        simulation.run()
        steps.append(simulation.env.steps)
    assert steps[0] == steps[1]
    assert steps[0] <= 10 * 48 + 40


def test_processes_are_few(tmp_path, monkeypatch):
    started = Counter()
    process = simpy.Environment.process

    def counted(self, generator):
        started[generator.__qualname__] += 1
        return process(self, generator)

    monkeypatch.setattr(simpy.Environment, "process", counted)
    simulated(tmp_path, count=30)
    assert started["Role._bidding"] == started["Role._delivering"] == 3
    assert sum(started.values()) <= 16


def test_another_rule_changes_nobody_s_draws(tmp_path):
    """Common random numbers: weather, outages and random bids are those of the other arm."""
    extra = (
        '[[generator]]\nname = "wild"\nkind = "wind"\ncapacity_mw = 5\navailability = 0.5\n'
        "diversity = 0.3\noutages = {mtbf_hours = 9, mttr_hours = 3}\n"
        'strategy = "zero_intelligence"\nforecast = {name = "noisy", sd = 0.4}\n'
    )
    change = (
        '[[event]]\nat = "2023-06-01T05:00:00+08:00"\nset = {"market.imbalance.rule" = "dual"}\n'
    )
    found = []
    for arm, text in enumerate((extra, extra + change)):
        directory = tmp_path / str(arm)
        directory.mkdir()
        own = blocks(simulated(directory, text))
        wild = own[0].layout.units.index("wild")
        slot = own[0].layout.ask_unit.tolist().index(wild)
        columns = ("resource", "available", "forecast")
        found.append([np.concatenate([getattr(b, c)[:, wild] for b in own]) for c in columns])
        found[-1].append(np.concatenate([b.ask_price[:, slot] for b in own]))
    for one, two in zip(*found, strict=True):
        assert np.array_equal(one, two)
    assert np.unique(found[0][0]).size > 40
