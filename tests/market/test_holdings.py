"""Whose energy is in a pool: nothing is lost over long runs, and what is lost is noticed."""

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market import ConservationError, Flows, stream
from market.storage_service.holdings import Holdings
from tests.oracles import service as oracle

MOMENT = datetime(2019, 6, 1, 12, tzinfo=UTC)
NAMES = ["a", "b", "c", "d", "one/service", "two/service", "two/tenant", "two"]
UNITS, POOLS = len(NAMES), [4, 5]
EFFICIENCY = np.array([np.nan] * 4 + [0.9, 0.85, 0.85, 0.85])


def flows_of(rows):
    """Flows (plant, store, wh) by a call."""
    columns = zip(*rows, strict=True) if rows else [[]] * 3
    plant, store, wh = (np.array(column, np.int64) for column in columns)
    return Flows(plant, store, wh, np.full(wh.size, 4), np.zeros(wh.size), np.zeros(wh.size))


def soc_of(one, two):
    """States of charge by unit; the rest of the second station has some as well."""
    return np.array([np.nan] * 4 + [one, two, 77.0, 99.0])


def holdings_of(one=0.0, two=0.0):
    return Holdings(NAMES, np.array(POOLS), EFFICIENCY, soc_of(one, two))


NOTHING = flows_of([])

DEPOSIT = st.tuples(st.integers(0, 3), st.sampled_from([4, 5, 6]), st.integers(1, 10**6))
STEP = st.tuples(
    st.lists(DEPOSIT, max_size=4),
    # What self-discharge, deliveries and handovers leave; what netting and others add.
    st.tuples(*[st.one_of(st.just(1.0), st.just(0.0), st.floats(0, 1))] * 2),
    st.tuples(*[st.one_of(st.just(0.0), st.floats(0, 1e6))] * 2),
    st.tuples(*[st.one_of(st.just(0.0), st.floats(0, 1e6))] * 2),
)


@settings(max_examples=300, deadline=None)
@given(st.tuples(*[st.floats(0, 1e6)] * 2), st.lists(STEP, max_size=25))
def test_every_holding_is_what_the_slow_program_says(start, steps):
    holdings = holdings_of(*start)
    slow = {pool: oracle.Holdings(pool, soc) for pool, soc in zip(POOLS, start, strict=True)}
    soc = dict(zip(POOLS, start, strict=True))
    for rows, kept, gained, own in steps:
        put = np.zeros(UNITS)
        for i, pool in enumerate(POOLS):
            put[pool] = own[i]
            deposits = [(plant, wh * EFFICIENCY[pool]) for plant, to, wh in rows if to == pool]
            deposits.append((pool, own[i]))
            soc[pool] = soc[pool] * kept[i] + gained[i] + sum(x for _, x in deposits)
            slow[pool].after(soc[pool], deposits)
        now = soc_of(*soc.values())
        holdings.after(now, flows_of(rows), put)
        holdings.check(now, MOMENT)
        for pool in POOLS:
            expected = [slow[pool].held.get(unit, 0.0) for unit in range(UNITS)]
            assert holdings.of(pool) == pytest.approx(expected, rel=1e-9, abs=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_nothing_is_lost_in_a_year_of_quarters(seed):
    """Charge by day, sell by night, leak always; no sum is ever a milliwatt-hour off."""
    rng, holdings = stream(seed, "year"), holdings_of(5e6, 1e6)
    soc, worst = np.array([5e6, 1e6]), 0.0
    for step in range(35_000):
        rows = []
        soc = soc * (1 - 1e-5)
        if step % 96 in range(40, 56):
            stores = rng.integers(4, 6, 3)
            wh = rng.integers(0, 300_000, 3)
            rows = list(
                zip(rng.integers(0, 4, 3).tolist(), stores.tolist(), wh.tolist(), strict=True)
            )
            for _, store, charged in rows:
                soc[store - 4] += charged * EFFICIENCY[store]
        elif step % 96 in range(72, 88):
            sold = np.minimum(rng.integers(0, 1_500_000, 2) * (step % 3 > 0), soc * 0.9).astype(int)
            for store, wh in zip(POOLS, sold.tolist(), strict=True):
                assert holdings.give_back(store, wh).wh.sum() == wh
            soc = np.maximum(soc - sold / 0.9, 0.0)
        now = soc_of(*soc)
        holdings.after(now, flows_of(rows))
        holdings.check(now, MOMENT)
        worst = max(worst, *(abs(holdings.of(pool).sum() - now[pool]) for pool in POOLS))
    assert worst < 1e-3
    assert all((holdings.of(pool) >= 0).all() for pool in POOLS)
    # The charge of the start is long gone, or next to nothing.
    assert holdings.of(4)[4] < 0.01 * 5e6


def test_a_deposit_belongs_to_the_plant_and_the_start_to_the_station():
    holdings = holdings_of(100.0, 50.0)
    holdings.after(soc_of(100 + 90 + 45.0, 50.0), flows_of([(0, 4, 100), (2, 4, 50)]))
    assert holdings.of(4).tolist() == [90, 0, 45, 0, 100, 0, 0, 0]
    assert holdings.of(5).tolist() == [0, 0, 0, 0, 0, 50, 0, 0]
    # Half of it is sold or lost, on everybody's behalf.
    holdings.after(soc_of(117.5, 50.0), NOTHING)
    assert holdings.of(4).tolist() == [45, 0, 22.5, 0, 50, 0, 0, 0]


def test_two_deposits_of_one_plant_in_one_pool_add_up():
    holdings = holdings_of()
    holdings.after(soc_of(27.0, 0.0), flows_of([(1, 4, 10), (1, 4, 20)]))
    assert holdings.of(4)[1] == pytest.approx(27.0)


def test_what_a_lease_takes_is_nobodys_deposit_in_the_pool():
    holdings = holdings_of(10.0, 20.0)
    holdings.after(soc_of(10.0, 20.0), flows_of([(1, 6, 1000)]))
    assert holdings.of(5).tolist() == [0, 0, 0, 0, 0, 20, 0, 0]


def test_what_an_empty_pool_gains_is_the_stations():
    holdings = holdings_of()
    holdings.after(soc_of(90.0, 0.0), flows_of([(0, 4, 100)]))
    holdings.after(soc_of(0.0, 0.0), NOTHING)
    holdings.after(soc_of(30.0, 0.0), NOTHING)
    assert holdings.of(4).tolist() == [0, 0, 0, 0, 30, 0, 0, 0]
    # With something in it, a credit is everybody's.
    holdings.after(soc_of(30.0 + 90, 0.0), flows_of([(0, 4, 100)]))
    holdings.after(soc_of(240.0, 0.0), NOTHING)
    assert holdings.of(4)[[0, 4]] == pytest.approx([180.0, 60.0])


def test_a_trace_that_is_left_earns_nobody_the_next_credit():
    holdings = holdings_of()
    holdings.after(soc_of(90.0, 0.0), flows_of([(0, 4, 100)]))
    holdings.after(soc_of(1e-9, 0.0), NOTHING)
    holdings.after(soc_of(1000.0, 0.0), NOTHING)
    assert holdings.of(4)[[0, 4]] == pytest.approx([0.0, 1000.0], abs=1e-6)


def test_what_a_station_puts_in_itself_is_its_own():
    holdings = holdings_of()
    put = np.zeros(UNITS)
    put[4] = 60.0
    holdings.after(soc_of(90.0 + 60, 0.0), flows_of([(3, 4, 100)]), put)
    assert holdings.of(4).tolist() == [0, 0, 0, 90, 60, 0, 0, 0]


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.integers(0, 10**6), min_size=4, max_size=4),
    st.floats(0, 1e6),
    st.integers(0, 3_000_000),
)
def test_what_is_given_back_is_shared_to_the_watt_hour(wh, own, delivered):
    holdings = holdings_of(own)
    total = own + sum(wh) * 0.9
    holdings.after(soc_of(total, 0.0), flows_of([(i, 4, x) for i, x in enumerate(wh)]))
    before = holdings.of(4)
    back = holdings.give_back(4, delivered)
    assert (back.store, int(back.wh.sum())) == (4, delivered)
    assert back.wh.dtype == back.holder.dtype == np.int64
    assert (back.wh > 0).all()
    assert np.unique(back.holder).size == back.holder.size
    if before.sum() < 0.5:
        assert set(back.holder) <= {4}
    else:
        assert (before[back.holder] > 0).all()
        given = np.bincount(back.holder, back.wh, UNITS)
        assert np.abs(given - before / before.sum() * delivered).max() < 1 + 1e-6
    # The holdings change with the state of charge only.
    assert holdings.of(4).tolist() == before.tolist()


def test_what_an_empty_pool_delivers_is_its_own():
    back = holdings_of().give_back(5, 12)
    assert (back.holder.tolist(), back.wh.tolist()) == ([5], [12])


def test_the_check_names_interval_and_pool():
    holdings = holdings_of(100.0, 50.0)
    holdings.check(soc_of(100.4, 50.0), MOMENT)
    for wrong in (soc_of(100.0, 50.6), soc_of(100.0, 49.4), soc_of(100.0, np.nan)):
        with pytest.raises(ConservationError) as caught:
            holdings.check(wrong, MOMENT)
        assert str(caught.value) == (
            "2019-06-01T12:00:00+00:00, unit two/service: holdings do not add up to the state of "
            "charge"
        )


def test_deposits_beyond_the_state_of_charge_are_noticed():
    holdings = holdings_of()
    soc = soc_of(80.0, 0.0)
    holdings.after(soc, flows_of([(0, 4, 100)]))
    with pytest.raises(ConservationError, match="unit one/service: holdings do not add up"):
        holdings.check(soc, MOMENT)


def test_what_rounding_takes_too_much_leaves_nobody_below_zero():
    holdings = holdings_of(10.0)
    soc = soc_of(90.0 - 1e-10, 0.0)
    holdings.after(soc, flows_of([(0, 4, 100)]))
    holdings.check(soc, MOMENT)
    assert holdings.of(4).tolist() == [90, 0, 0, 0, 0, 0, 0, 0]


def test_a_negative_holding_is_noticed():
    holdings = holdings_of(100.0)
    put = np.zeros(UNITS)
    put[4] = -30.0
    soc = soc_of(90.0, 0.0)
    holdings.after(soc, flows_of([(0, 4, 100)]), put)
    holdings.check(soc, MOMENT)
    put[4] = -100.0
    soc = soc_of(-10.0, 0.0)
    holdings.after(soc, NOTHING, put)
    with pytest.raises(ConservationError, match="unit one/service: a holding is negative"):
        holdings.check(soc, MOMENT)


def test_without_pools_there_is_nothing_to_hold():
    holdings = Holdings(NAMES, np.empty(0, np.int64), EFFICIENCY, soc_of(1.0, 2.0))
    holdings.after(soc_of(3.0, 4.0), flows_of([(0, 6, 100)]))
    holdings.check(soc_of(3.0, 4.0), MOMENT)


def test_what_comes_with_capacity_belongs_to_the_store_and_may_be_sold_at_once():
    holdings = holdings_of(one=0.0)
    holdings.after(soc_of(90.0, 0.0), flows_of([(0, 4, 100)]))
    taken = np.zeros(UNITS)
    taken[4] = 30.0
    holdings.take_over(taken)
    assert holdings.of(4)[[0, 4]].tolist() == [90.0, 30.0]
    # In the same interval 40 of the 120 Wh stored are sold: three quarters are of plant 0.
    given = holdings.give_back(4, 36)
    assert dict(zip(given.holder.tolist(), given.wh.tolist(), strict=True)) == {0: 27, 4: 9}
    holdings.after(soc_of(80.0, 0.0), NOTHING)
    assert holdings.of(4)[[0, 4]] == pytest.approx([60.0, 20.0])
    holdings.check(soc_of(80.0, 0.0), MOMENT)
