"""Stations that are split: nothing is promised twice, netting and handovers conserve."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import simpy
from hypothesis import example, given, settings
from hypothesis import strategies as st

from agents.outages import DatedOutage, FailureRates, Outages
from agents.slices import Redivision
from agents.storage import StorageFleet
from agents.strategies.opportunity_value import OpportunityValue
from agents.strategies.threshold import Threshold
from agents.strategies.virtual_battery import VirtualBattery
from market import NETTING_RULES, Calendar, ConservationError, InputError, ServiceRules
from tests.agents.fleets import MWH, Greedy, calendar, units
from tests.agents.station_world import StationDesk, World, sizes, stations
from tests.agents.storage_stand_in import Foresight
from tests.agents.test_ageing import QUICK, law

HOUR = 3600
ALONE = ("own",)
SHARED = ("own", "service", "lease")
EFFICIENCY = st.sampled_from([1.0, 0.95, 0.6])
CONSTANTS = st.fixed_dictionaries(
    {
        "efficiency_charge": EFFICIENCY,
        "efficiency_discharge": EFFICIENCY,
        "self_discharge": st.sampled_from([0.0, 0.02, 0.3]),
        "soc_min_wh": st.sampled_from([0.0, 1.0 * MWH]),
        "soc_start_wh": st.floats(1 * MWH, 10 * MWH),
        "charge_wh": st.sampled_from([4.0 * MWH, 20.0 * MWH, 1_234_567.8]),
        "discharge_wh": st.sampled_from([4.0 * MWH, 20.0 * MWH]),
        "netting": st.sampled_from(["proportional", "equal", "owner", "shapley"]),
    }
)
USES = st.lists(
    st.sampled_from(
        [ALONE, ("own", "service"), SHARED, ("own", "lease", "lease"), (*SHARED, "lease")]
    ),
    min_size=1,
    max_size=3,
)
WAYS = st.fixed_dictionaries(
    {
        "lead": st.sampled_from([0, 1, 2, 6]),
        "open_gate": st.booleans(),
        "serves": st.booleans(),
        "resizes": st.booleans(),
        "m": st.sampled_from([6, 24]),
    }
)
SEED = st.integers(0, 2**32 - 1)


def traded(desk, row, sold=None, bought=None):
    """Quote and award a row of a fleet; quantities by slice."""
    n = desk.fleet.n
    desk.quote(row)
    desk.award(row, [0] * n if sold is None else sold, [0] * n if bought is None else bought)


# --- random mixes of slices, sizes, awards, service and mishaps ------------------------------


@settings(max_examples=60, deadline=None)
@given(USES, CONSTANTS, WAYS, SEED)
def test_every_promise_is_kept_whatever_else_slices_do(uses, constants, ways, seed):
    """Without outages and balancing all awards are delivered; service never disturbs them.

    The world holds each interval against its own integral of the physical flows, and each block
    against the market's laws.
    """
    fleet = stations(uses, when=calendar(60), **constants)
    World(fleet, np.random.default_rng(seed), **ways).run(48)


@settings(max_examples=60, deadline=None)
@given(USES, CONSTANTS, WAYS, SEED, st.booleans(), st.booleans())
def test_energy_is_conserved_through_outages_and_balancing(
    uses, constants, ways, seed, mishaps, fails
):
    fleet = stations(uses, when=calendar(60), **constants)
    World(fleet, np.random.default_rng(seed), mishaps=mishaps, fails=fails, **ways).run(48)


@settings(max_examples=25, deadline=None)
@given(USES, CONSTANTS, WAYS, SEED, st.booleans())
def test_the_same_with_limits_that_shrink_every_day(uses, constants, ways, seed, mishaps):
    when = Calendar(calendar().start, 4 * HOUR, 60)
    how = law(len(uses), **QUICK)
    fleet = stations(uses, when=when, law=how, **constants)
    ways = ways | {"m": 6}
    World(fleet, np.random.default_rng(seed), mishaps=mishaps, **ways).run(48)
    assert (fleet.soc_max_wh < fleet.energy_wh).any()


def test_the_random_worlds_have_all_of_it():
    """What the properties above are about does happen, and does so in a long run."""
    fleet = stations((SHARED, (*SHARED, "lease")), when=calendar(24 * 40))
    world = World(fleet, np.random.default_rng(1), lead=2, m=24)
    world.run(24 * 39)
    assert world.served > 100 * MWH
    assert world.gained > 10 * MWH
    assert len(fleet.handed) > 100


# --- by hand -------------------------------------------------------------------------------


def two_slices(**given):
    """A (the owner's) and B (leased), each with half of 10 MWh and 4 MWh an interval."""
    return stations((("own", "lease"),), **given)


@pytest.mark.parametrize("netting", NETTING_RULES)
def test_a_netting_interval_on_paper(netting):
    """A charges 1.0, B discharges 0.4: 0.6 pass the inverter, 0.4 (1 / 0.9 - 0.9) is saved."""
    fleet = two_slices(netting=netting)
    desk = StationDesk(fleet)
    traded(desk, 0, [0, 400_000], [1_000_000, 0])
    gain = 400_000 * (1 / 0.9 - 0.9)
    part = np.array([gain, 0] if netting == "owner" else [gain / 2, gain / 2])
    expected = np.array([2.5 * MWH + 900_000, 2.5 * MWH - 400_000 / 0.9]) + part
    assert fleet.committed_soc == pytest.approx(expected)
    assert not desk.deliver(0)
    assert desk.block.soc[0] == pytest.approx(expected)
    assert desk.block.moved[0] == pytest.approx(part)
    assert desk.block.soc[0].sum() == pytest.approx(5 * MWH + 0.9 * 600_000)


def test_credits_are_part_of_what_can_be_sold_next():
    fleet = two_slices(soc_start_wh=1 * MWH)
    desk = StationDesk(fleet)
    traded(desk, 0, [0, 450_000], [1_000_000, 0])  # B sells all it has
    desk.quote(1)
    assert fleet.discharge_limit()[1] == int(225_000 * (1 / 0.9 - 0.9) * 0.9)


class PlainWorld(World):
    """A world that notes what any storage fleet did, and keeps no other books."""

    def __post_init__(self):
        self.fleet.outages.possible = self.fails
        self.fleet.uses = ["own"] * self.fleet.n
        self.now, self.seen = None, []

    def _book(self, block, row, step, before):
        for name in ("soc", "delivered", "consumed", "ask_quantity", "bid_quantity"):
            self.seen.append(getattr(block, name)[row].tolist())

    def _close(self, desk):
        self.seen.append(desk.whole.capacity_left.tolist())


@pytest.mark.parametrize("how", [None, law(2, **QUICK)])
def test_stations_that_are_not_split_are_plain_storage(how):
    """Bit by bit, whatever happens."""
    when = Calendar(calendar().start, 4 * HOUR, 60)
    given_ = {"charge_wh": 3.0 * MWH, "discharge_wh": 2.0 * MWH, "soc_min_wh": 0.3 * MWH}
    split = stations((ALONE, ALONE), shares=[1.0, 1.0], when=when, law=how, **given_)
    plain = StorageFleet(units("storage", 2, when, Greedy()), split.plant, how)
    ways = {"lead": 2, "m": 6, "mishaps": True, "fails": True, "serves": False, "resizes": False}
    worlds = [PlainWorld(fleet, np.random.default_rng(5), **ways) for fleet in (split, plain)]
    for world in worlds:
        world.run(48)
    assert worlds[0].seen == worlds[1].seen
    assert len(worlds[0].seen) > 240


# --- sizes -----------------------------------------------------------------------------------


def test_what_a_slice_leaves_goes_to_those_who_grow_in_proportion():
    change = Redivision(
        np.array([0.5, 0.3, 0.2, 1.0]), np.array([0.6, 0.0, 0.4, 1.0]), np.array([0, 0, 0, 1]), 2
    )
    moved = change.moved(np.array([100.0, 90.0, 10.0, 50.0]))
    assert moved == pytest.approx([30, -90, 60, 0])
    assert change.pairs(np.array([100.0, 90.0, 10.0, 50.0])) == [
        (1, 0, pytest.approx(30)),
        (1, 2, pytest.approx(60)),
    ]


def test_a_lease_begins_and_ends():
    """The owner hands over a quarter with its charge; what the tenant leaves comes back."""
    fleet = two_slices(shares=[1.0, 0.0], efficiency_charge=1.0, efficiency_discharge=1.0)
    desk = StationDesk(fleet)
    desk.quote(0)
    assert desk.block.ask_quantity[0].sum(axis=1).tolist() == [4 * MWH, 0]
    desk.award(0, [0, 0], [0, 0])
    fleet.resize([0.75, 0.25], [0.75, 0.25])
    desk.quote(1)
    assert fleet.discharge_limit().tolist() == [3 * MWH, 1 * MWH]
    assert fleet.charge_limit().tolist() == [3 * MWH, 1 * MWH]
    desk.award(1, [0, MWH], [0, 0])
    traded(desk, 2)
    fleet.resize([1.0, 0.0], [1.0, 0.0])
    traded(desk, 3)
    assert not any(desk.deliver(row) for row in range(4))
    assert desk.block.soc[:4].tolist() == [
        [5 * MWH, 0],
        [3.75 * MWH, 0.25 * MWH],
        [3.75 * MWH, 0.25 * MWH],
        [4 * MWH, 0],
    ]
    assert desk.block.moved[:4].tolist() == [
        [0, 0],
        [-1.25 * MWH, 1.25 * MWH],
        [0, 0],
        [0.25 * MWH, -0.25 * MWH],
    ]
    first, second = fleet.handed
    assert (first[0], second[0]) == (1, 3)
    assert (first[1].giver, first[1].receiver, first[1].stored_wh) == (0, 1, 1.25 * MWH)
    assert (second[1].giver, second[1].receiver, second[1].stored_wh) == (1, 0, 0.25 * MWH)
    assert first[1].efficiency == 1.0


def test_promises_from_before_keep_their_limits():
    """Four gates have closed when a tenant leaves; he still delivers what he has sold."""
    fleet = two_slices()
    desk = StationDesk(fleet)
    for row in range(4):
        traded(desk, row, [0, 500_000])
    fleet.resize([1.0, 0.0], [1.0, 0.0])
    desk.quote(4)
    left = 2.5 * MWH - 4 * 500_000 / 0.9
    assert fleet.discharge_limit().tolist() == [int((2.5 * MWH + left) * 0.9), 0]
    desk.award(4, [0, 0], [0, 0])
    assert not any(desk.deliver(row) for row in range(5))
    assert desk.block.delivered[:4, 1].tolist() == [500_000] * 4
    assert desk.block.soc[4] == pytest.approx([2.5 * MWH + left, 0])


def test_what_is_handed_over_is_reckoned_anew_when_plans_fail():
    fleet = two_slices(efficiency_charge=1.0, efficiency_discharge=1.0)
    desk = StationDesk(fleet)
    traded(desk, 0, bought=[0, MWH])
    fleet.resize([1.0, 0.0], [1.0, 0.0])
    traded(desk, 1, sold=[4 * MWH, 0])
    desk.meter(0)
    desk.block.consumed[0] = [0, 200_000]  # charging is interrupted
    desk.commit(0)
    assert not desk.deliver(1)
    assert desk.block.moved[1].tolist() == [2.7 * MWH, -2.7 * MWH]
    assert desk.block.soc[1].tolist() == [1.2 * MWH, 0]


@pytest.mark.parametrize(
    ("power", "energy", "what"),
    [
        ([0.8, 0.3], [0.5, 0.5], "0.8, 0.3 are not parts of its power"),
        ([0.5, 0.5], [0.8, 0.3], "0.8, 0.3 are not parts of its energy"),
        ([1.2, -0.2], [0.5, 0.5], "1.2, -0.2 are not parts of its power"),
        ([0.5, 0.5], [0.5, 0.4], "0.5, 0.4 are not parts of its energy"),
        ([0.5, np.nan], [0.5, 0.5], "0.5, nan are not parts of its power"),
    ],
)
def test_nobody_gets_more_than_there_is(power, energy, what):
    fleet = two_slices()
    traded(StationDesk(fleet), 0)
    with pytest.raises(
        ConservationError, match=f"2023-06-01T01:00:00.*station s0: slices of {what}"
    ):
        fleet.resize(np.array(power), np.array(energy))
    with pytest.raises(ConservationError, match="at the start, station s0: slices of"):
        two_slices(shares=sizes(power, energy))
    fleet.resize([0.5 + 4e-10, 0.5], [0.5, 0.5 - 4e-10])  # rounding


def test_a_slice_beyond_its_part_is_found_at_once():
    fleet = two_slices()
    desk = StationDesk(fleet)
    for row in range(3):
        traded(desk, row)
    desk.deliver(0)
    fleet._pending[0] = replace(fleet._pending[0], soc=np.array([6 * MWH, 0.0]))
    with pytest.raises(ConservationError, match=r"2023-06-01T01:00:00.*unit s0: state of"):
        desk.deliver(1)
    fleet.soc = np.array([2.5 * MWH, 2.5 * MWH])
    desk.meter(2)
    desk.block.delivered[2] = [0, 2_000_001]
    with pytest.raises(ConservationError, match="unit s0/lease-1: power is not within"):
        desk.commit(2)


def test_stations_are_divided_as_they_should_be():
    with pytest.raises(ValueError, match="exactly one slice of its own"):
        stations((("own", "own"),))
    with pytest.raises(ValueError, match="exactly one slice of its own"):
        stations((("lease",),))
    with pytest.raises(InputError, match=r"netting: unknown rule 'fair'\. Known: prop"):
        two_slices(netting="fair")
    many = (("own", *["lease"] * 12),)
    with pytest.raises(
        InputError, match='"nucleolus" is for up to 12 slices, and station "s0" has 13'
    ):
        stations(many, netting="nucleolus")
    stations(many, netting="shapley")
    revising = SimpleNamespace(revise=None)
    with pytest.raises(ValueError, match="do not revise"):
        two_slices(strategies={"lease": revising})


def test_drawn_credits_are_the_same_at_award_and_delivery():
    fleet = stations((("own", *["lease"] * 13),), netting="shapley")
    desk = StationDesk(fleet)
    flows = np.array([30_000, 20_000, *[10_000 + row for row in range(12)]])
    sold = flows * (np.arange(14) % 2)
    traded(desk, 0, sold, flows - sold)
    promised = fleet.committed_soc
    fleet._doubtful = 1  # reckon anew
    desk.deliver(0)
    assert np.array_equal(fleet.soc, promised)
    assert desk.block.moved[0].sum() == pytest.approx(sold.sum() * (1 / 0.9 - 0.9), rel=1e-2)


# --- storage service ---------------------------------------------------------------------------


def room(fleet, desk, row=0):
    desk.meter(row)
    return fleet.headroom(desk.block, row).tolist()


def test_service_fills_what_power_and_room_leave():
    fleet = stations((SHARED,), shares=[0.2, 0.5, 0.3], soc_start_wh=9 * MWH)
    desk = StationDesk(fleet)
    traded(desk, 0)
    assert room(fleet, desk) == [0, int((0.5 * MWH - 1) / 0.9), int((0.3 * MWH - 1) / 0.9)]
    empty = stations((SHARED,), shares=[0.2, 0.5, 0.3], soc_start_wh=0.0)
    desk = StationDesk(empty)
    traded(desk, 0, bought=[0, 0, 200_000])
    assert room(empty, desk) == [0, 2 * MWH, 1_000_000]
    desk.serve(0, [0, 2 * MWH, 0])
    desk.commit(0)
    assert empty.soc.tolist() == [0, 1.8 * MWH, 180_000]
    assert empty._doubtful == 0
    desk.quote(1)
    assert empty.discharge_limit().tolist() == [0, int(1.8 * MWH * 0.9), int(180_000 * 0.9)]


def test_later_purchases_keep_their_room_and_later_sales_make_none():
    fleet = two_slices(soc_start_wh=8 * MWH, efficiency_charge=1.0, efficiency_discharge=1.0)
    desk = StationDesk(fleet)
    traded(desk, 0)
    traded(desk, 1, bought=[0, 700_000])
    traded(desk, 2, sold=[0, MWH])
    assert room(fleet, desk) == [0, 299_999]  # of 1,000,000: 700,000 will be bought
    desk.serve(0, [0, 299_999])
    desk.commit(0)
    assert not desk.deliver(1)
    assert room(fleet, desk, 2) == [0, 0]  # who discharges does not charge
    desk.commit(2)
    assert desk.block.soc[:3, 1].tolist() == [4_299_999, 4_999_999, 3_999_999]


def test_bids_at_an_open_gate_keep_their_room():
    fleet = two_slices(soc_start_wh=8 * MWH, efficiency_charge=1.0, efficiency_discharge=1.0)
    desk = StationDesk(fleet)
    traded(desk, 0)
    desk.quote(1)
    assert room(fleet, desk) == [0, 0]  # Greedy bids for all the room
    desk.block.bid_quantity[1] = 0
    desk.block.bid_quantity[1, 1, 0] = 400_000
    assert room(fleet, desk) == [0, 599_999]


def test_who_hands_over_soon_is_not_filled_before():
    fleet = two_slices(soc_start_wh=2 * MWH)
    desk = StationDesk(fleet)
    traded(desk, 0)
    fleet.resize([0.6, 0.4], [0.6, 0.4])
    traded(desk, 1)
    assert room(fleet, desk) == [0, 0]
    desk.commit(0)
    assert room(fleet, desk, 1)[1] == 1_600_000


def test_service_nets_with_what_others_discharge_and_leaves_their_credits_alone():
    """A charges 0.2, B sells 1.0; service charges 0.5 in C: 0.7 are netted, 0.5 of them with C."""
    fleet = stations((("own", "lease", "lease"),), soc_start_wh=3 * MWH)
    desk = StationDesk(fleet)
    traded(desk, 0, [0, 700_000, 0], [200_000, 0, 0])
    promised = fleet.committed_soc.copy()
    desk.meter(0)
    assert fleet.headroom(desk.block, 0)[2] == int(4 * MWH / 3)
    desk.serve(0, [0, 0, 500_000])
    desk.commit(0)
    rate = 1 / 0.9 - 0.9
    more = fleet.soc - promised
    assert more == pytest.approx([0, 250_000 * rate, 450_000 + 250_000 * rate])
    assert desk.block.moved[0].sum() == pytest.approx(700_000 * rate)
    assert fleet._doubtful == 0


def test_a_broken_station_stores_for_the_time_it_is_up():
    fleet = stations((SHARED,), shares=[0.2, 0.5, 0.3], soc_start_wh=0.0)
    desk = StationDesk(fleet)
    traded(desk, 0)
    desk.outage(0, 900, HOUR)  # three quarters of the first hour
    assert room(fleet, desk) == [0, MWH // 2, 300_000]


def test_energy_that_service_stores_is_not_interruptible():
    """Balancing comes first, so what can be interrupted is what was bought."""
    fleet = two_slices()
    desk = StationDesk(fleet)
    traded(desk, 0, bought=[300_000, 100_000])
    desk.meter(0)
    assert fleet.interruptible(desk.block, 0).tolist() == [300_000, 100_000]


def test_what_the_operator_calls_does_not_count_on_credits():
    """B sells all it has and is credited for netting: called on top it could fall below zero."""
    fleet = two_slices(soc_start_wh=1 * MWH)
    desk = StationDesk(fleet)
    traded(desk, 0, [0, 450_000], [1_000_000, 0])
    desk.meter(0)
    up, down = fleet.flexibility(desk.block, 0)
    assert up.tolist() == [0, 0]
    assert down.tolist() == [0, 450_000]


def test_who_is_called_by_the_operator_takes_no_credit_from_others():
    """A charges 0.4, B sells 0.8, so all of A is netted with B; C is called for 0.2."""
    fleet = stations((("own", "lease", "lease"),), soc_start_wh=3 * MWH)
    desk = StationDesk(fleet)
    traded(desk, 0, [0, 800_000, 0], [400_000, 0, 0])
    promised = fleet.committed_soc.copy()
    desk.meter(0)
    desk.block.delivered[0] += [0, 0, 200_000]
    desk.commit(0)
    assert fleet.soc - promised == pytest.approx([0, 0, -200_000 / 0.9])
    assert desk.block.moved[0].sum() == pytest.approx(400_000 * (1 / 0.9 - 0.9))


@pytest.mark.parametrize("late", ["award", "quote"])
def test_a_gate_between_storing_and_the_end_of_the_interval(late):
    """It has not seen what was stored, so what it promised is checked when it is due."""
    fleet = two_slices(soc_start_wh=8 * MWH, efficiency_charge=1.0, efficiency_discharge=1.0)
    desk = StationDesk(fleet)
    traded(desk, 0)
    if late == "award":
        desk.quote(1)
        desk.block.bid_quantity[1] = 0  # withdrawn, and back again
    assert room(fleet, desk) == [0, 999_999]
    if late == "quote":
        desk.quote(1)
    desk.award(1, [0, 0], [0, 700_000])
    desk.serve(0, [0, 999_999])
    desk.commit(0)
    assert desk.deliver(1)
    assert desk.block.consumed[1].tolist() == [0, 1]
    assert fleet.soc.tolist() == [4 * MWH, 5 * MWH]


# --- orders ------------------------------------------------------------------------------------


def orders(desk, row=0):
    return [
        getattr(desk.block, f"{side}_quantity")[row].sum(axis=1).tolist() for side in ("ask", "bid")
    ]


def test_pools_sell_and_never_buy():
    desk = StationDesk(stations((SHARED,), shares=[0.25, 0.5, 0.25]))
    desk.quote(0)
    assert orders(desk) == [[MWH, 2 * MWH, MWH], [MWH, 0, MWH]]


def test_rules_may_exclude_the_owners_of_stations_that_serve():
    fleet = stations((SHARED, ("own", "lease")), shares=[0.25, 0.5, 0.5, 0.25, 0.5])
    assert fleet.names == ["s0", "s1", "s0/service-1", "s0/lease-2", "s1/lease-1"]
    desk = StationDesk(fleet)
    for merchant, asked in ((True, MWH), (False, 0), (True, MWH)):
        rules = SimpleNamespace(service=ServiceRules(("call",), merchant=merchant))
        fleet.quote(desk.block, replace(desk.view(0), rules=rules))
        assert orders(desk)[0] == [asked, 2 * MWH, 2 * MWH, MWH, 2 * MWH]
        assert orders(desk)[1][:2] == [asked, 2 * MWH]


def test_owners_without_orders_are_not_asked():
    class Dumb(Greedy):
        def quote(self, view, fleet):
            raise AssertionError("asked")

    fleet = stations((SHARED,), strategies={"own": Dumb()})
    desk = StationDesk(fleet)
    rules = SimpleNamespace(service=ServiceRules(("call",), merchant=False))
    fleet.quote(desk.block, replace(desk.view(0), rules=rules))
    with pytest.raises(AssertionError, match="asked"):
        desk.quote(0)


def test_each_part_has_its_own_forecaster():
    class Told(Greedy):
        def quote(self, view, fleet):
            seen[fleet.names[0]] = view.price_forecast(1).tolist()
            return super().quote(view, fleet)

    seen = {}
    uses = ("own", "lease")
    prices = zip(uses, (100.0, 200.0), strict=True)
    fleet = stations(
        (uses,),
        strategies={use: Told() for use in uses},
        forecasters={use: Foresight(np.full(30, price)) for use, price in prices},
    )
    StationDesk(fleet).quote(0)
    assert seen == {"s0": [100.0], "s0/lease-1": [200.0]}


@pytest.mark.parametrize("make", [OpportunityValue, Threshold, VirtualBattery])
def test_strategies_live_with_slices_that_come_and_go(make):
    """Shares of every slice, nothing included, change every few hours for ten days."""
    rng, when = np.random.default_rng(3), calendar(24 * 12)
    prices = 250 + 140 * np.sin(np.arange(when.n) / 3.3) + rng.normal(0, 10, when.n)
    fleet = stations(
        ((*SHARED, "lease"),),
        when=when,
        strategies={use: make() for use in SHARED},
        forecasters=dict.fromkeys(SHARED, Foresight(prices)),
    )
    world = PricedWorld(fleet, rng, lead=1, prices=prices)
    world.run(24 * 10)
    assert world.traded > 20 * MWH


class PricedWorld(World):
    """Orders trade at given prices."""

    def __init__(self, fleet, rng, lead, prices):
        super().__init__(fleet, rng, lead)
        self.prices, self.traded = prices, 0

    def ask(self, desk, row, step):
        desk.quote(row, published=self.prices[:step])

    def award(self, step):
        desk, row = self.desk(step)
        block, price = desk.block, self.prices[step]
        sold = (block.ask_quantity[row] * (block.ask_price[row] <= price)).sum(axis=1)
        bought = (block.bid_quantity[row] * (block.bid_price[row] >= price)).sum(axis=1)
        assert not ((sold > 0) & (bought > 0)).any()
        gone = (self.now.power == 0) | (self.now.energy == 0)
        assert not (sold + bought)[gone].any()
        self.traded += int(sold.sum())
        desk.award(row, sold, bought)
        self.awards.append((sold, bought))


def test_plans_are_made_anew_for_a_new_size():
    strategy = OpportunityValue()
    fleet = two_slices(
        when=calendar(24 * 4),
        strategies={"lease": strategy},
        forecasters={"lease": Foresight(np.tile([100.0, 400.0], 48))},
    )
    desk = StationDesk(fleet)
    desk.quote(0)
    assert strategy._units.usable.tolist() == [5 * MWH]
    plan = strategy._plan
    for row, energy in ((1, [0.5, 0.5]), (2, [0.8, 0.2])):
        assert strategy._plan is plan
        desk.award(row - 1, [0, 0], [0, 0])
        fleet.resize([0.5, 0.5], energy)
        desk.quote(row)
    assert strategy._units.usable.tolist() == [2 * MWH]
    assert strategy._plan is not plan


def test_a_tenant_is_shown_when_its_lease_ends():
    fleet = two_slices()
    assert fleet._parts._parts[1].lease_end.tolist() == [np.inf]


# --- outages, ageing, facts ----------------------------------------------------------------------


def test_all_slices_of_a_station_fail_together():
    fleet = stations((SHARED, ("own", "lease")), when=calendar(200))
    env = simpy.Environment()
    rates = [FailureRates(20.0, 5.0), None, None, None, None]
    dated = [DatedOutage(1, 600, 1500)]
    assert fleet.names[:2] == ["s0", "s1"]
    env.process(Outages(fleet, rates, dated, 1).process(env))
    found = []
    for interval in range(200):
        end = HOUR * (interval + 1)
        env.run(until=end)
        found.append(fleet.outages.share_up(end, HOUR))
        assert (fleet.up[[2, 3]] == fleet.up[0]).all()
    found = np.array(found)
    assert fleet.outages.possible
    assert (found[:, [2, 3]] == found[:, [0]]).all()
    assert found[:, 0].mean() == pytest.approx(0.8, abs=0.1)
    assert (found[:, 4] == found[:, 1]).all()
    assert found[0, 4] == 0.75
    assert found[1:, 4].tolist() == [1] * 199


def test_what_slices_exchange_wears_nothing():
    """Two slices swap a MWh back and forth for days: the station does nothing."""
    when = Calendar(calendar().start, HOUR, 48)
    fleet = two_slices(when=when, law=law(**QUICK), efficiency_charge=0.8, efficiency_discharge=0.8)
    for day in range(2):
        desk = StationDesk(fleet, 24 * day, 24)
        for row in range(24):
            way = [MWH, 0] if row % 2 else [0, MWH]
            traded(desk, row, way, way[::-1])
            desk.deliver(row)
    facts = fleet.facts()
    assert facts["equivalent_cycles"] == pytest.approx([0, 0], abs=1e-9)
    assert facts["fade_cycles_mwh"] == pytest.approx([0, 0], abs=1e-9)
    assert facts["fade_calendar_mwh"] == pytest.approx([5 * 0.8 * 2 / 365] * 2)
    assert facts["capacity_remaining_mwh"].sum() == pytest.approx(10 * (1 - 0.8 * 2 / 365))
    assert desk.whole.capacity_left[:2] == pytest.approx([1 - 0.8 / 365] * 2)


def test_a_station_ages_by_what_it_does_as_a_whole():
    """Half of it makes a full cycle: half a cycle of the station."""
    when = Calendar(calendar().start, HOUR, 48)
    how = {"efficiency_charge": 1.0, "efficiency_discharge": 1.0, "soc_start_wh": 0.0}
    fleet = two_slices(
        when=when, law=law(calendar_years=1e9), charge_wh=10 * MWH, discharge_wh=10 * MWH, **how
    )
    desk = StationDesk(fleet, 0, 24)
    traded(desk, 0, bought=[5 * MWH, 0])
    traded(desk, 1, sold=[5 * MWH, 0])
    desk.deliver(0)
    desk.deliver(1)
    assert fleet.facts()["equivalent_cycles"].tolist() == [0.5, 0.5]
    assert fleet.facts()["wear_amount"].sum() == pytest.approx(1e6 * 10 * 0.5 / 6000)


def test_stations_that_do_not_age_beside_one_that_does():
    how = law(2)
    how = replace(how, cycles=np.array([5.0, np.inf]), calendar_years=np.array([1.0, np.inf]))
    fleet = stations((ALONE, ALONE), shares=[1.0, 1.0], law=how)
    StationDesk(fleet)
    assert fleet.cycle_cost[0] > 0 == fleet.cycle_cost[1]
    left = fleet.facts()["capacity_remaining_mwh"].tolist()
    assert left[0] < 10 == left[1]


def test_a_full_aged_station_takes_no_more_in_any_slice():
    """A holds more than fits since midnight, B has room: only what the station has left."""
    when = Calendar(calendar().start, 12 * HOUR, 8)
    how = law(cycles=np.inf, calendar_years=1.0, end_of_life=0.2, replacement_cost=0.0)
    lost = 10 * MWH * 0.8 / 365  # 21,918 Wh a day
    for sold, room in ((10_000, 0), (100_000, int(100_000 - lost))):
        fleet = two_slices(
            when=when,
            law=how,
            soc_start_wh=10 * MWH,
            efficiency_charge=1.0,
            efficiency_discharge=1.0,
        )
        today = StationDesk(fleet, 0, 2)
        traded(today, 0, sold=[0, sold])
        traded(today, 1)
        for row in range(2):
            today.deliver(row)
        StationDesk(fleet, 2, 2).quote(0)
        assert fleet.charge_limit().tolist() == [0, room]


def test_facts_and_limits():
    fleet = stations((SHARED, ALONE), shares=sizes([0.25, 1, 0.5, 0.25], [0.5, 1, 0.25, 0.25]))
    facts = fleet.facts()
    assert fleet.names == ["s0", "s1", "s0/service-1", "s0/lease-2"]
    assert facts["capacity_mw"].tolist() == [1, 4, 2, 1]
    assert facts["energy_capacity_mwh"].tolist() == [5, 10, 2.5, 2.5]
    assert facts["soc_start_mwh"].tolist() == [2.5, 5, 1.25, 1.25]
    limits = fleet.limits()
    assert limits["minimum"].tolist() == [0] * 4
    assert limits["maximum"].tolist() == [10 * MWH] * 4
    assert limits["before"].tolist() == [2.5 * MWH, 5 * MWH, 1.25 * MWH, 1.25 * MWH]
    whole = fleet.station_limits()
    assert whole.names == ("s0", "s1")
    assert whole.charge_wh.tolist() == [4 * MWH] * 2
    assert whole.before is not limits["before"]
    assert fleet.stations == ["s0", "s1", "s0", "s0"]
    assert fleet.uses == ["own", "own", "service", "lease"]
    assert np.isinf(fleet.shed_order()).all()


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.floats(0, 1), min_size=4, max_size=4),
    st.lists(st.floats(0, 1), min_size=4, max_size=4),
    SEED,
)
@example([0.0, 0.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0], 1)
def test_redivision_conserves_and_keeps_everybody_within_his_limits(before, after, seed):
    station = np.zeros(4, np.int64)
    old, new = (np.array(shares) + np.array([0.01, 0, 0, 0]) for shares in (before, after))
    old, new = old / old.sum(), new / new.sum()
    charge = np.random.default_rng(seed).random(4) * old * 1e9
    moved = Redivision(old, new, station, 1).moved(charge)
    assert abs(moved.sum()) < 1e-5
    assert (charge + moved >= -1e-6).all()
    assert (charge + moved <= new * 1e9 * (1 + 1e-12) + 1e-5).all()
