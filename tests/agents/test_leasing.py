"""Leases on the clock: when slices change their sizes, and what tenants learn from deliveries."""

from types import SimpleNamespace

import numpy as np
import pytest
import simpy

from agents.leasing import Leasing
from market import CENTS, GateTimes, lay_out
from market.mechanisms.uniform import Uniform
from market.storage_service.lease_terms import Slices, Stations
from market.storage_service.leases import LeaseBook
from market.storage_service.rights import Product, RightsRules, Tenants
from market.storage_service.rights_market import RightsMarket
from scenarios.loader import load_text
from scenarios.simulation import build
from tests.agents.fleets import storage
from tests.market.leasehold import DAY, MW, a_book, a_market, calendar, contract, stations


class StationsAlone:
    """Slices that note when they got which size."""

    def __init__(self, names, env):
        self.names, self.env, self.sizes = list(names), env, []
        self.lease_end = np.full(len(self.names), np.inf)

    def resize(self, power_share, energy_share):
        self.sizes.append((self.env.now, power_share.round(6).tolist(), energy_share.tolist()))


def session_of(names, opening_s, days=60):
    fleet = storage(len(names))
    fleet.names = list(names)
    layout = lay_out([fleet])
    return SimpleNamespace(
        layout=layout,
        calendar=calendar(days),
        gates=GateTimes(opening_s, 0),
        zone_index=[zone.name for zone in layout.zones].index,
    )


def played(book, opening_s=960, market=None, days=60, split=1, until=None):
    """Run a leasing process on its own; return the fleets and the process."""
    env = simpy.Environment(initial_time=-opening_s - 2)
    names = book.slices.names
    fleets = [StationsAlone(names[part::split], env) for part in range(split)]
    leasing = Leasing(session_of(names, opening_s, days), book, fleets, market)
    env.process(leasing.process(env))
    env.run(until=(until or days) * DAY)
    return fleets, leasing


@pytest.mark.parametrize("opening_s", [0, 960, 26 * 3600])
def test_sizes_change_just_before_the_first_gate_of_a_date(opening_s):
    book, _ = a_book(stations([10], [20], service=[0.5]), ("t",))
    book.sign(contract(book, "A/t", 4, 4, 300, 2.25, 20))
    book.sign(contract(book, "A/t", 1, 1, 300, 10, 30))
    (fleet,), _ = played(book, opening_s)
    assert fleet.names == ["A", "A/service", "A/t"]
    wakes = [round(day * DAY) - opening_s - 1 for day in (2.25, 10, 20, 30)]
    power = [[0.1, 0.5, 0.4], [0.0, 0.5, 0.5], [0.4, 0.5, 0.1], [0.5, 0.5, 0.0]]
    energy = [[0.3, 0.5, 0.2], [0.25, 0.5, 0.25], [0.45, 0.5, 0.05], [0.5, 0.5, 0.0]]
    assert fleet.sizes == list(zip(wakes, power, energy, strict=True))


@pytest.mark.parametrize(("days", "end"), [(5, np.inf), (15, 20), (25, 30), (35, np.inf)])
def test_slices_know_when_their_lease_ends(days, end):
    book, _ = a_book(stations([10], [20]), ("t",))
    book.sign(contract(book, "A/t", 4, 4, 300, 10, 20))
    book.sign(contract(book, "A/t", 4, 4, 300, 20, 30))
    (fleet,), _ = played(book, days=60, until=days)
    assert fleet.lease_end.tolist() == [np.inf, np.inf, end * 24]


def test_a_lease_that_runs_from_the_start_is_in_force_at_the_first_gate():
    book, _ = a_book(stations([10], [20]), ("t",))
    book.sign(contract(book, "A/t", 4, 8, 300, -5, 90))
    (fleet,), leasing = played(book)
    assert leasing.dates == [0]
    assert [(now, power) for now, power, _ in fleet.sizes] == [(-961, [0.6, 0.0, 0.4])]


def test_each_fleet_gets_the_sizes_of_its_own_slices():
    book, _ = a_book(stations([10, 20], [20, 40]), ("t",))
    book.sign(contract(book, "A/t", 4, 8, 300, 0, 90))
    book.sign(contract(book, "B/t", 5, 10, 300, 0, 90))
    fleets, _ = played(book, split=4)
    found = {}
    for fleet in fleets:
        ((_, power, _),) = fleet.sizes
        found |= dict(zip(fleet.names, power, strict=True))
    assert found == {"A": 0.6, "A/service": 0, "A/t": 0.4, "B": 0.75, "B/service": 0, "B/t": 0.25}


def rights(resale_days=0):
    wanted = [("t", 4, 320), ("u", 6, 280)]
    products = [Product(2.0, 20)]
    built = stations([6], [12], asks=[100])
    return a_market(built, wanted, Uniform(), products, resale_days=resale_days)


def test_auctions_are_held_when_their_term_is_due():
    market = rights()
    (fleet,), leasing = played(market.book, market=market, days=50)
    assert leasing.dates == [0, 20 * DAY, 40 * DAY]
    assert [deal.start_s // DAY for deal in market.book.deals] == [0, 0, 20, 20, 40, 40]
    # t gets 4 and u 2 MW every time, so nothing changes hands after the first auction.
    assert [(now, power) for now, power, _ in fleet.sizes] == [
        (-961, [0.0, 0.0, 0.666667, 0.333333])
    ]


def test_a_resale_changes_sizes_within_the_term():
    market = rights(resale_days=10)
    market.note(0, DAY, np.array([0.0, 0.0, -90_000.0, 0.0]))
    (fleet,), _ = played(market.book, market=market, days=20)
    assert [deal.product for deal in market.book.deals] == ["rights", "rights", "resale"]
    assert [(now, power) for now, power, _ in fleet.sizes] == [
        (-961, [0.0, 0.0, 0.666667, 0.333333]),
        (10 * DAY - 961, [0.0, 0.0, 0.0, 1.0]),
    ]


def test_a_process_costs_an_event_per_date():
    market = rights(resale_days=5)
    steps = 0

    class Counting(simpy.Environment):
        def step(self):
            nonlocal steps
            steps += 1
            super().step()

    env = Counting(initial_time=-962)
    leasing = Leasing(session_of(market.book.slices.names, 960), market.book, [], market)
    env.process(leasing.process(env))
    env.run(until=60 * DAY)
    assert len(leasing.dates) == 12
    assert steps <= len(leasing.dates) + 3


# --- in a run ------------------------------------------------------------------------------------

SMALL = """
[scenario]
name = "leased"
[time]
start = "2023-06-01T00:00:00+08:00"
days = 4
interval = 60
[market.energy]
gate_closure = 15
[[load]]
name = "town"
demand_mw = 30
[[generator]]
name = "coal"
kind = "thermal"
capacity_mw = 40
marginal_cost = 300
[[generator]]
name = "sun"
kind = "pv"
capacity_mw = 60
availability = {profile = "qinghai-pv"}
[[storage]]
name = "S"
owner = "o"
power_mw = 4
energy_mwh = 8
strategy = {name = "threshold", buy_below = 100, sell_above = 200}
[[storage]]
name = "S-t"
owner = "t"
power_mw = 2
energy_mwh = 4
strategy = {name = "threshold", buy_below = 100, sell_above = 200}
"""


def simulated(directory):
    """A run whose two batteries stand for a station's own part and a tenant's slice."""
    simulation = build(load_text(SMALL, directory), directory)
    layout = simulation.layout
    station = Stations(
        ("S",), ("o",), np.array([6 * MW]), np.array([12 * MW]), *np.array([[0], [1], [0]])
    )
    slices = Slices(("S", "S-t"), ("own", "lease"), np.array([0, 0]))
    book = LeaseBook(station, slices, simulation.ledger.accounts, simulation.loaded.calendar)
    tenants = Tenants(("t",), ("t",), np.array([2 * MW]), np.array([320.0]), np.array([0]))
    rules = RightsRules(Uniform(), (Product(2.0, 3),), resale_days=2, experience=1.0)
    market = RightsMarket(rules, tenants, book, np.array([[1]]), simulation.loaded.seed)
    fleet = StationsAlone(["S", "S-t"], simulation.env)
    leasing = Leasing(simulation.session, book, [fleet], market)
    simulation.env.process(leasing.process(simulation.env))
    assert [layout.units[unit] for unit in leasing._units] == ["S", "S-t"]
    return simulation, leasing, fleet


def earned_by(ledger, owner):
    """What an owner has received for energy less what he paid for it, cents."""
    place, cents = ledger.accounts.index(owner), 0
    for (_, category, pays), (_, amount) in ledger.totals.items():
        if category == "energy":
            cents += (-1 if pays else 1) * int(amount[place])
    return cents


def test_tenants_learn_what_their_slices_earned(tmp_path):
    simulation, leasing, fleet = simulated(tmp_path)
    opened, incomes, gates = simulation.session.opened, [], []
    settle = simulation.session._settle

    def noted(block):
        settle(block)
        reference = simulation.session.reference[:, block.first : block.first + block.m]
        incomes.append(leasing.income(block, reference))
        leasing.note(block, reference)

    def watching():
        while True:
            gate = yield opened.wait()
            gates.append((simulation.env.now, gate.interval))

    simulation.session._settle = noted
    simulation.env.process(watching())
    simulation.run()
    assert len(incomes) == 4
    for row, owner in ((0, "o"), (1, "t")):
        cents = sum(income[row] for income in incomes) * CENTS
        assert cents == pytest.approx(earned_by(simulation.ledger, owner), abs=0.51 * 96)
    assert incomes[0][1] > 0
    # Just before the gate of day 2 one day has been settled; the second is being delivered.
    market = leasing._market
    assert [deal.product for deal in market.book.deals] == ["rights", "rights"]
    assert fleet.sizes[0][1] == [0.666667, 0.333333]
    assert fleet.sizes[0][0] < gates[0][0] == -960
    assert market.values(3 * DAY)[0] == pytest.approx(incomes[3][1] / (2000 / 365))


def test_what_was_stored_for_own_plants_came_for_nothing(tmp_path):
    simulation, leasing, _ = simulated(tmp_path)
    layout = simulation.layout
    slice_row, plant = layout.units.index("S-t"), layout.units.index("sun")
    zero = np.zeros((2, len(layout.units)), np.int64)
    block = SimpleNamespace(first=0, m=2, delivered=zero.copy(), consumed=zero.copy(), stored=zero)
    block.stored = zero.copy()
    # 3 MWh charged in the first hour, 2 of them its own plant's; 2 MWh sold in the second.
    block.consumed[0, slice_row], block.delivered[1, slice_row] = 3 * MW, 2 * MW
    block.stored[0, plant], block.stored[0, slice_row] = 2 * MW, -2 * MW
    income = leasing.income(block, np.array([[100.0, 400.0]]))
    assert income.tolist() == [0, 2 * 400 - 1 * 100]


def test_without_rights_there_is_nothing_to_learn():
    book, _ = a_book(stations([10], [20]), ("t",))
    _, leasing = played(book)
    leasing.note(None, None)
    assert leasing.dates == []
