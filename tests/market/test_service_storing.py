"""What is stored of would-be curtailment: against a slow program, and never a watt-hour twice."""

from dataclasses import dataclass
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market import MODES, ServiceRules, lay_out
from market.storage_service.claims import UNLIMITED, Awards, Claims, ServiceContracts, Slices
from market.storage_service.storing import store
from tests.market.blocks import Shape
from tests.oracles import service as oracle

# Two zones: a plant and a pool elsewhere, then four plants, three pools, two leases, a load.
PLANTS, POOLS, LEASES, UNITS, START = [2, 3, 4, 5], [6, 7, 8], [9, 10], 12, 2
OWNERS = 4
WHOLE_DAY = 86_400


def whole(values):
    return np.array(values, np.int64)


@dataclass(frozen=True)
class World:
    owner: list
    by_efficiency: list
    unused: list
    headroom: list
    contracts: list  # pool, buyer, most, price
    awards: list  # plant, pool, wh, buying, selling price
    charge: list

    @property
    def slices(self):
        return Slices(
            slice(START, UNITS),
            whole(self.owner),
            OWNERS,
            whole(POOLS),
            whole(self.by_efficiency),
            whole(LEASES),
        )

    @property
    def claims(self):
        columns = zip(*self.awards, strict=True) if self.awards else [[]] * 5
        plant, pool, wh, buy, sell = columns
        awards = Awards(whole(plant), whole(pool), whole(wh), np.array(buy), np.array(sell))
        limits = whole([most for _, _, most, _ in self.contracts])
        return Claims(contracts_of(self.contracts), limits, awards, np.array(self.charge))

    def store(self, rules, claims=None):
        claims = claims or self.claims
        return store(rules, self.slices, claims, whole(self.unused), whole(self.headroom))


def contracts_of(rows):
    """Contracts (pool, buyer, most, price) of the whole day, with that most as their total."""
    pool, buyer, most, price = zip(*rows, strict=True) if rows else [[]] * 4
    n = len(rows)
    mw, zero, end = np.full(n, 1e6), np.zeros(n, np.int64), np.full(n, WHOLE_DAY)
    columns = whole(pool), whole(buyer), mw, zero, zero, np.array(price), whole(most)
    return ServiceContracts(*columns, zero, end)


# Few watt-hours, where rounding matters, or many.
WH = st.one_of(st.integers(0, 12), st.integers(0, 10**9))
PRICE = st.integers(0, 9).map(float)
POOL, PLANT, OWNER = st.sampled_from(POOLS), st.sampled_from(PLANTS), st.integers(0, OWNERS - 1)


@st.composite
def worlds(draw):
    unused, headroom = [0] * UNITS, [0] * UNITS
    for unit in (0, *PLANTS):
        unused[unit] = draw(WH)
    for unit in (1, *POOLS, *LEASES):
        headroom[unit] = draw(WH)
    return World(
        draw(st.lists(OWNER, min_size=UNITS, max_size=UNITS)),
        draw(st.permutations(POOLS)),
        unused,
        headroom,
        # Now and then of a pool or a plant of the other zone, who may not take part.
        draw(st.lists(st.tuples(st.sampled_from([1, *POOLS]), OWNER, WH, PRICE), max_size=5)),
        draw(
            st.lists(st.tuples(st.sampled_from([0, *PLANTS]), POOL, WH, PRICE, PRICE), max_size=8)
        ),
        draw(st.lists(st.integers(0, 2).map(float), min_size=UNITS, max_size=UNITS)),
    )


MODE_ORDERS = [order for n in range(5) for order in permutations(MODES[1:], n)]
RULES = st.builds(
    ServiceRules,
    modes=st.sampled_from(MODE_ORDERS),
    call_price=PRICE,
    call_payer=st.sampled_from(["curtailed", "others"]),
    call_order=st.sampled_from(["efficiency", "charge", "name"]),
    call_paid=st.booleans(),
    access=st.sampled_from(["all", "all", "owner"]),
)


def expected(world, rules):
    """What the slow program stores, and what it takes of each contract."""
    zone = range(START, UNITS)
    unused = {unit: world.unused[unit] for unit in zone if unit in PLANTS}
    slow = oracle.Store(world.owner, unused, {u: world.headroom[u] for u in (*POOLS, *LEASES)})
    taken = [0] * len(world.contracts)
    modes = rules.modes
    if rules.access == "owner":
        modes = ["own", *(mode for mode in modes if mode == "lease")]
    sell = rules.call_price if rules.call_paid else 0.0
    for mode in modes:
        if mode in ("own", "lease"):
            slow.of_owners(mode, POOLS if mode == "own" else LEASES)
        elif mode == "bilateral":
            taken = slow.bilateral(world.contracts)
        elif mode == "auction":
            slow.auction(world.awards)
        else:
            called = {
                "efficiency": world.by_efficiency,
                "name": POOLS,
                "charge": sorted(POOLS, key=lambda pool: world.charge[pool]),
            }[rules.call_order]
            slow.call(called, sell if rules.call_payer == "curtailed" else 0.0, sell)
    return slow.flows, taken


def listed(flows):
    """Flows as a dict, as the slow program writes them."""
    found = {}
    columns = (flows.plant, flows.store, flows.wh, flows.mode, flows.buy_price, flows.sell_price)
    for plant, place, wh, mode, buy, sell in zip(*(x.tolist() for x in columns), strict=True):
        key = MODES[mode], plant, place, buy, sell
        found[key] = found.get(key, 0) + wh
    return found


def check_nothing_is_stored_twice(world, rules, flows, claims):
    given_away = np.bincount(flows.plant, flows.wh, UNITS)
    taken = np.bincount(flows.store, flows.wh, UNITS)
    outside = np.arange(UNITS) < START
    assert (given_away <= np.where(outside, 0, world.unused)).all()
    assert (taken <= np.where(outside, 0, world.headroom)).all()
    assert (flows.wh > 0).all()
    assert {column.dtype for column in (flows.plant, flows.store, flows.wh, flows.mode)} == {
        np.dtype(np.int64)
    }
    assert (claims.contracts.wh_left >= 0).all()
    bought = int(flows.wh[flows.mode == MODES.index("bilateral")].sum())
    assert bought == sum(most for _, _, most, _ in world.contracts) - claims.contracts.wh_left.sum()
    for pair in {(plant, pool) for plant, pool, *_ in world.awards}:
        rows = (flows.plant == pair[0]) & (flows.store == pair[1])
        stored = flows.wh[rows & (flows.mode == MODES.index("auction"))].sum()
        assert stored <= sum(wh for plant, pool, wh, *_ in world.awards if (plant, pool) == pair)
    if "call" in rules.modes and rules.access == "all":
        # After a call either nothing is left to be stored or no pool has room.
        left = [world.unused[x] - given_away[x] for x in PLANTS]
        room = [world.headroom[x] - taken[x] for x in POOLS]
        assert not any(left) or not any(room)


@settings(max_examples=2000, deadline=None)
@given(worlds(), RULES)
def test_what_is_stored_is_what_the_rules_say(world, rules):
    claims = world.claims
    flows = world.store(rules, claims)
    found, taken = expected(world, rules)
    assert listed(flows) == found
    left = [most - part for (_, _, most, _), part in zip(world.contracts, taken, strict=True)]
    assert claims.contracts.wh_left.tolist() == left
    check_nothing_is_stored_twice(world, rules, flows, claims)


RICH = World(
    owner=[0, 1, 0, 1, 1, 2, 3, 3, 2, 0, 1, 3],
    by_efficiency=[8, 6, 7],
    unused=[99, 0, 70, 80, 41, 33, 0, 0, 0, 0, 0, 0],
    headroom=[0, 99, 0, 0, 0, 0, 50, 40, 61, 7, 20, 0],
    contracts=[(6, 1, 30, 250.0), (7, 1, 25, 240.0), (6, 0, 30, 260.0), (8, 2, 5, 200.0)],
    awards=[(2, 7, 30, 210.0, 190.0), (3, 6, 60, 230.0, 230.0), (5, 8, 40, 280.0, 270.0)],
    charge=[0.0] * UNITS,
)


@pytest.mark.parametrize("modes", MODE_ORDERS, ids="-".join)
def test_every_order_of_modes(modes):
    rules = ServiceRules(modes=modes, call_price=300.0)
    claims = RICH.claims
    flows = RICH.store(rules, claims)
    assert listed(flows) == expected(RICH, rules)[0]
    check_nothing_is_stored_twice(RICH, rules, flows, claims)
    assert {MODES[mode] for mode in flows.mode} <= set(modes)
    if modes:  # who comes first gets all he would get alone
        alone = listed(RICH.store(ServiceRules(modes=modes[:1], call_price=300.0)))
        assert {key: wh for key, wh in listed(flows).items() if key[0] == modes[0]} == alone
        assert alone


def test_a_day_worked_by_hand():
    # Owner 0 has the plants of 70 and 30 Wh, owner 1 that of 50; a pool of 60 Wh, one of 45.
    world = World(
        owner=[3, 3, 0, 1, 0, 2, 3, 3, 3, 0, 0, 3],
        by_efficiency=[7, 6, 8],
        unused=[0, 0, 70, 50, 30, 0, 0, 0, 0, 0, 0, 0],
        headroom=[0, 0, 0, 0, 0, 0, 60, 45, 0, 0, 0, 0],
        contracts=[(6, 0, 40, 250.0)],
        awards=[(2, 6, 50, 200.0, 180.0), (3, 7, 20, 200.0, 180.0)],
        charge=[0.5] * UNITS,
    )
    rules = ServiceRules(modes=("bilateral", "auction", "call"), call_price=300.0)
    flows = world.store(rules)
    assert listed(flows) == {
        # The contract's 40 Wh come from both plants of owner 0, 70 to 30.
        ("bilateral", 2, 6, 250.0, 250.0): 28,
        ("bilateral", 4, 6, 250.0, 250.0): 12,
        # Plant 2 still has 42 of its 50, pool 6 still has room for 20; plant 3 gets all its 20.
        ("auction", 2, 6, 200.0, 180.0): 20,
        ("auction", 3, 7, 200.0, 180.0): 20,
        # 22, 30 and 18 Wh are left for the 25 Wh in pool 7: 7.86, 10.71 and 6.43.
        ("call", 2, 7, 0.0, 300.0): 8,
        ("call", 3, 7, 0.0, 300.0): 11,
        ("call", 4, 7, 0.0, 300.0): 6,
    }


@pytest.mark.parametrize(
    ("order", "called"), [("efficiency", [8, 6, 7]), ("charge", [7, 6, 8]), ("name", [6, 7, 8])]
)
def test_calls_take_stations_in_their_order(order, called):
    world = World(
        owner=[0] * UNITS,
        by_efficiency=[8, 6, 7],
        unused=[0, 0, 25, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        headroom=[0, 0, 0, 0, 0, 0, 10, 10, 10, 0, 0, 0],
        contracts=[],
        awards=[],
        charge=[0, 0, 0, 0, 0, 0, 0.5, 0.1, 0.5, 0, 0, 0],
    )
    flows = world.store(ServiceRules(modes=("call",), call_order=order))
    assert dict(zip(flows.store.tolist(), flows.wh.tolist(), strict=True)) == dict(
        zip(called, (10, 10, 5), strict=True)
    )


@pytest.mark.parametrize(
    ("payer", "paid", "buy", "sell"),
    [
        ("others", True, 0.0, 324.7),
        ("curtailed", True, 324.7, 324.7),
        ("others", False, 0.0, 0.0),
        ("curtailed", False, 0.0, 0.0),
    ],
)
def test_who_pays_for_a_call_is_a_rule(payer, paid, buy, sell):
    rules = ServiceRules(modes=("call",), call_price=324.7, call_payer=payer, call_paid=paid)
    flows = RICH.store(rules)
    assert set(flows.buy_price) == {buy}
    assert set(flows.sell_price) == {sell}


def test_where_nothing_is_curtailed_or_no_room_is_left_nothing_is_stored():
    rules = ServiceRules(modes=MODES[1:])
    nothing = np.zeros(UNITS, np.int64)
    for unused, headroom in ((nothing, whole(RICH.headroom)), (whole(RICH.unused), nothing)):
        assert store(rules, RICH.slices, RICH.claims, unused, headroom).total == 0
    assert RICH.store(ServiceRules()).total == 0
    own = RICH.store(ServiceRules(access="owner"))
    assert (own.mode == MODES.index("own")).all()
    assert own.total == 33


def test_what_is_given_stays_as_it_is():
    world, claims = RICH, RICH.claims
    unused, headroom = whole(world.unused), whole(world.headroom)
    store(ServiceRules(modes=MODES[1:]), world.slices, claims, unused, headroom)
    assert unused.tolist() == world.unused
    assert headroom.tolist() == world.headroom
    assert claims.limits.tolist() == [most for _, _, most, _ in world.contracts]


def test_many_plants_share_one_pool_to_the_watt_hour():
    n = 366
    unused = whole([*range(1, n + 1), 0])
    pool, nobody = whole([n]), whole([])
    slices = Slices(slice(0, n + 1), np.zeros(n + 1, np.int64), 1, pool, pool, nobody)
    claims = Claims(ServiceContracts.none(), nobody, Awards.none(), np.zeros(n + 1))
    headroom = whole([*[0] * n, 10_000])
    flows = store(ServiceRules(modes=("call",)), slices, claims, unused, headroom)
    assert flows.total == 10_000
    fair = unused[flows.plant] * (10_000 / unused.sum())
    assert np.abs(flows.wh - fair).max() < 1


# --- contracts -------------------------------------------------------------------------------

MOMENT = st.integers(0, 95).map(lambda quarter: quarter * 900)
TERM = st.integers(0, 300).map(lambda quarter: quarter * 900)


@settings(max_examples=500, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([0.0, 0.3, 1.1, 25.0, 82.0]),
            MOMENT,
            st.one_of(MOMENT, st.just(WHOLE_DAY)),
            st.one_of(st.none(), st.integers(0, 3_000_000)),
            TERM,
            TERM,
        ),
        max_size=5,
    ),
    st.sampled_from([0.25, 0.5, 1.0]),
    MOMENT,
    TERM,
)
def test_limits_of_contracts(rows, hours, clock_s, second):
    mw, opens, closes, left, start, end = zip(*rows, strict=True) if rows else [[]] * 6
    zero = np.zeros(len(rows), np.int64)
    wh_left = whole([UNLIMITED if x is None else x for x in left])
    columns = np.array(mw), whole(opens), whole(closes), zero.astype(float), wh_left
    contracts = ServiceContracts(zero, zero, *columns, whole(start), whole(end))
    found = contracts.limits(hours, clock_s, second)
    assert found.tolist() == [oracle.limit(row, hours, clock_s, second) for row in rows]


@pytest.mark.parametrize(
    ("opens", "closes", "inside", "outside"),
    [
        ("10:00", "16:00", ["10:00", "15:45"], ["09:45", "16:00", "00:00"]),
        ("22:00", "02:00", ["22:00", "23:45", "00:00", "01:45"], ["21:45", "02:00", "12:00"]),
        ("00:00", "24:00", ["00:00", "12:00", "23:45"], []),
        ("00:00", "00:00", ["00:00", "12:00", "23:45"], []),
        ("16:00", "24:00", ["16:00", "23:45"], ["00:00", "15:45"]),
    ],
)
def test_windows_are_open_at_their_start_and_shut_at_their_end(opens, closes, inside, outside):
    def seconds(clock):
        hour, minute = clock.split(":")
        return int(hour) * 3600 + int(minute) * 60

    zero = whole([0])
    ends = whole([seconds(opens)]), whole([seconds(closes)])
    contract = ServiceContracts(
        zero, zero, np.array([4.0]), *ends, np.zeros(1), whole([UNLIMITED]), zero, whole([10**9])
    )
    assert [contract.limits(0.25, seconds(x), 0).item() for x in inside] == [1_000_000] * len(
        inside
    )
    assert [contract.limits(0.25, seconds(x), 0).item() for x in outside] == [0] * len(outside)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 5_000), st.lists(st.integers(0, 900), min_size=30, max_size=30))
def test_the_total_of_a_contract_is_used_up_exactly(total, curtailed):
    zero, pool, nobody = whole([0]), whole([1]), whole([])
    contracts = ServiceContracts(
        pool, zero, np.array([0.002]), zero, zero, np.zeros(1), whole([total]), zero, whole([10**9])
    )
    slices = Slices(slice(0, 2), zero.repeat(2), 1, pool, pool, nobody)
    rules, stored = ServiceRules(modes=("bilateral",)), []
    for wh in curtailed:
        claims = Claims(contracts, contracts.limits(0.25, 0, 0), Awards.none(), np.zeros(2))
        stored.append(store(rules, slices, claims, whole([wh, 0]), whole([0, 10**6])).total)
    # At most 500 Wh in an interval, and what is curtailed, until the total is reached.
    wanted = np.cumsum([min(wh, 500) for wh in curtailed])
    assert np.cumsum(stored).tolist() == np.minimum(wanted, total).tolist()
    assert contracts.wh_left.item() == total - sum(stored)


def test_contracts_without_a_total_never_run_out():
    claims = RICH.claims
    claims.contracts.wh_left[:] = UNLIMITED
    assert RICH.store(ServiceRules(modes=("bilateral",)), claims).total > 0
    assert set(claims.contracts.wh_left) == {UNLIMITED}


# --- slices ----------------------------------------------------------------------------------


def test_slices_are_found_by_zone_and_use_in_the_order_of_their_stations():
    names = ["b-2/service", "b/service", "a/service", "a/tenant", "a"]
    uses = ["service", "service", "service", "lease", "own"]
    layout = lay_out(
        [
            Shape("pv", ["sun"], zone="east"),
            Shape("storage", names, "east", stations=["b-2", "b", "a", "a", "a"], uses=uses),
            Shape("storage", ["c/service"], "west", stations=["c"], uses=["service"]),
        ]
    )
    round_trip = np.array([np.nan, 0.8, 0.9, 0.8, 0.9, 0.9, 1.0])
    east = Slices.of_zone(layout, layout.zones[0], round_trip)
    assert [layout.units[x] for x in east.pools] == ["a/service", "b/service", "b-2/service"]
    assert [layout.units[x] for x in east.by_efficiency] == [
        "b/service",
        "a/service",
        "b-2/service",
    ]
    assert [layout.units[x] for x in east.leases] == ["a/tenant"]
    west = Slices.of_zone(layout, layout.zones[1], round_trip)
    assert (west.pools.tolist(), west.leases.size) == ([6], 0)
    assert west.owners == len(layout.owners)
