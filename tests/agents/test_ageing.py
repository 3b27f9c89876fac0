"""Ageing: damage by hand, ten years of days, promises and charge under shrinking limits."""

from collections import deque
from dataclasses import replace

import numpy as np
import pytest
import rainflow
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.ageing import YEAR_S, Ageing, AgeingLaw, cycle_damage, wear_cost
from agents.storage import StorageFleet
from agents.strategies.opportunity_value import OpportunityValue
from agents.strategies.threshold import Threshold
from market import Calendar
from tests.agents.fleets import MWH, Desk, Greedy, calendar, column, storage, units
from tests.agents.storage_stand_in import Foresight

DAY = 24


def law(n=1, **given):
    values = {
        "cycles": 6000.0,
        "depth_exponent": 1.0,
        "calendar_years": 15.0,
        "calendar_exponent": 1.0,
        "end_of_life": 0.8,
        "replacement_cost": 1000.0,
    } | given
    return AgeingLaw(**{name: column(value, n) for name, value in values.items()})


QUICK = {"cycles": 5.0, "calendar_years": 1.0, "end_of_life": 0.2}


def ageing_fleet(how, n=1, when=None, strategy=None, **constants):
    plant = storage(n, **constants).plant
    who = units("storage", n, when or calendar(10 * DAY), strategy or Greedy())
    return StorageFleet(who, plant, how)


def worn(series, how, second=0, size=4.0):
    """The ageing of one unit whose charge, MWh, went through `series`."""
    one = Ageing(how, np.array([size]), np.ones(1), np.array(series[:1]))
    for value in series[1:]:
        one.note(np.array([value]))
    one.count(second)
    return one


def quote_with_foresight(desk, row, prices):
    desk.fleet.quote(desk.block, replace(desk.view(row), forecaster=Foresight(prices)))


def test_damage_adds_up_by_hand():
    # 4 MWh: down to 0 and up again (depth 1), with a cycle of 1 MWh (depth 1/4) on the way up.
    series = [4.0, 0.0, 2.0, 1.0, 4.0]
    one = worn(series, law(cycles=100.0, depth_exponent=2.0))
    assert one.equivalent_cycles.tolist() == [1.25]
    assert one.life_used.tolist() == [pytest.approx((1 + 1 / 16) / 100)]
    assert one.by_cycles.tolist() == [pytest.approx(0.2 * 0.010625)]
    assert worn(series, law(cycles=100.0)).life_used.tolist() == [pytest.approx(0.0125)]
    assert one.remaining.tolist() == [pytest.approx(1 - 0.2 * 0.010625)]


def test_as_many_cycles_as_the_curve_allows_end_the_life():
    for depth in (1.0, 0.5, 0.1):
        lasting = 6000 * depth**-1.5
        assert lasting * cycle_damage(depth, 6000, 1.5) == pytest.approx(1)


def test_time_alone():
    still = [2.0, 2.0]
    assert worn(still, law(), 15 * YEAR_S).remaining.tolist() == [pytest.approx(0.8)]
    assert worn(still, law(), 3 * YEAR_S).by_time.tolist() == [pytest.approx(0.04)]
    root = law(calendar_exponent=0.5)
    assert worn(still, root, 3.75 * YEAR_S).by_time.tolist() == [pytest.approx(0.1)]
    assert worn(still, root, 15 * YEAR_S).by_time.tolist() == [pytest.approx(0.2)]
    assert worn(still, law(), 200 * YEAR_S).remaining.tolist() == [0.0]


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.integers(0, 4000).map(lambda wh: wh / 1000), min_size=3, max_size=60),
    st.lists(st.integers(0, 60), max_size=8),
    st.sampled_from([1.0, 1.4, 2.0]),
)
def test_wear_of_the_days_is_that_of_the_whole_series(series, days, exponent):
    how = law(depth_exponent=exponent)
    fleet = Ageing(how, np.array([4.0]), np.ones(1), np.array(series[:1]))
    before = 0.0
    for step, value in enumerate(series[1:]):
        fleet.note(np.array([value]))
        if step in days:
            fleet.count(0)
            assert fleet.by_cycles[0] >= before - 1e-15  # capacity never comes back
            before = fleet.by_cycles[0]
    fleet.count(0)
    whole = rainflow.count_cycles(series)
    miner = sum(times * (width / 4) ** exponent for width, times in whole) / 6000
    assert fleet.life_used[0] == pytest.approx(miner, rel=1e-9, abs=1e-12)
    assert fleet.equivalent_cycles[0] == pytest.approx(sum(t * w / 4 for w, t in whole))


@pytest.mark.parametrize(
    ("exponent", "fade"),
    # 3,650 cycles of depth 1/4: 912.5 full ones, or 228.125 by the square of their depth.
    [(1.0, 0.2 * 912.5 / 6000 + 0.2 * 10 / 15), (2.0, 0.2 * 228.125 / 6000 + 0.2 * 10 / 15)],
)
def test_ten_years_of_a_cycle_a_day(exponent, fade):
    when = Calendar(calendar().start, 12 * 3600, 2 * 3650)
    fleet = ageing_fleet(
        law(depth_exponent=exponent),
        when=when,
        soc_start_wh=0.0,
        efficiency_charge=1.0,
        efficiency_discharge=1.0,
    )
    for day in range(3650):
        desk = Desk(fleet, 2 * day, 2)
        for row, (sold, bought) in enumerate([(0, MWH), (MWH, 0)]):
            desk.quote(row)
            desk.award(row, [sold], [bought])
            assert not desk.deliver(row)
    facts = {name: float(values[0]) for name, values in fleet.facts().items()}
    assert facts["capacity_remaining_mwh"] == pytest.approx(4 * (1 - fade), rel=1e-12)
    assert facts["equivalent_cycles"] == pytest.approx(912.5)
    assert facts["fade_calendar_mwh"] == pytest.approx(4 * 2 / 15)
    assert facts["energy_capacity_mwh"] == 4
    used = (fade - 2 / 15) / 0.2
    assert facts["wear_amount"] == pytest.approx(4 * 1_000_000 * used)
    # The limit of the last day: all but the last day's wear.
    assert fleet.soc_max_wh[0] == pytest.approx(4 * MWH * (1 - fade), rel=1e-4)


def test_charge_that_no_longer_fits_stays_until_it_is_sold():
    fleet = ageing_fleet(
        law(**QUICK), soc_start_wh=4 * MWH, efficiency_charge=1.0, efficiency_discharge=1.0
    )
    first = Desk(fleet, 0, DAY)
    for row in range(DAY):
        first.quote(row)
        first.award(row, [0], [0])
        first.deliver(row)
    second = Desk(fleet, DAY, DAY)
    fits = 4 * MWH * (1 - 0.8 / 365)
    assert fleet.soc_max_wh[0] == pytest.approx(fits)
    assert second.whole.capacity_left[0] == pytest.approx(1 - 0.8 / 365)
    assert fleet.soc[0] == 4 * MWH  # nothing is destroyed
    second.quote(0)
    assert second.block.bid_quantity[0].sum() == 0
    assert fleet.discharge_limit()[0] == MWH
    second.award(0, [5_000], [0])
    second.deliver(0)
    assert second.block.soc[0, 0] == 4 * MWH - 5_000  # above the limit still, and falling
    second.quote(1)
    assert second.block.bid_quantity[1].sum() == 0
    second.award(1, [MWH], [0])
    second.deliver(1)
    second.quote(2)
    assert fleet.charge_limit()[0] == int(fits - fleet.soc[0])


@pytest.mark.parametrize("outages", [False, True])
def test_awards_from_before_a_new_limit_are_kept(outages):
    """Four gates close before the day ends, one day's wear comes between award and delivery."""
    fleet = ageing_fleet(
        law(**QUICK), soc_start_wh=0.0, efficiency_charge=1.0, efficiency_discharge=1.0
    )
    fleet.outages.possible = outages
    today = Desk(fleet, 0, DAY)
    for row in range(DAY):
        today.quote(row)
        today.award(row, [0], [MWH if row >= 20 else 0])
        if row < 20:
            today.deliver(row)
    tomorrow = Desk(fleet, DAY, DAY)
    tomorrow.quote(0)
    assert fleet.charge_limit()[0] == 0  # it will be full, and more
    for row in range(20, DAY):
        assert not today.deliver(row)
    assert fleet.soc[0] == 4 * MWH > fleet.soc_max_wh[0]


def four_awards_across_midnight(bought, **constants):
    """A desk with the last four hours of a day awarded and not delivered, after midnight."""
    fleet = ageing_fleet(law(**QUICK), efficiency_charge=1.0, efficiency_discharge=1.0, **constants)
    today = Desk(fleet, 0, DAY)
    for row in range(DAY):
        today.quote(row)
        today.award(row, [0], [bought[row - 20] if row >= 20 else 0])
        if row < 20:
            today.deliver(row)
    Desk(fleet, DAY, DAY)
    return today


def test_awards_are_reckoned_anew_under_the_limits_they_were_made_under():
    today = four_awards_across_midnight([MWH, MWH, MWH, MWH // 2], soc_start_wh=MWH / 2)
    today.meter(20)
    today.block.consumed[20] = MWH - 5_000  # the operator interrupts charging
    today.commit(20)
    assert today.fleet.soc_max_wh[0] < today.fleet.committed_soc[0] == 4 * MWH - 5_000
    for row in (21, 22, 23):
        assert not today.deliver(row)
    assert today.fleet.soc[0] == 4 * MWH - 5_000


def test_self_discharge_ends_at_the_limit_of_the_day():
    constants = {"soc_min_wh": 0.9 * MWH, "soc_start_wh": MWH, "self_discharge": 0.5}
    today = four_awards_across_midnight([1_000, 0, 0, 0], **constants)
    today.meter(20)
    today.block.consumed[20] = 0
    today.commit(20)
    assert today.fleet.soc_min_wh[0] < 0.9 * MWH == today.fleet.soc[0]
    today.deliver(21)
    assert today.fleet.soc[0] == 0.9 * MWH


def test_the_charge_to_end_with_shrinks_too():
    fleet = ageing_fleet(law(**QUICK), soc_end_wh=3 * MWH)
    Desk(fleet, DAY, DAY)
    assert fleet.soc_end_wh[0] == pytest.approx(3 * MWH * (1 - 0.8 / 365))


MOVES = st.lists(st.tuples(st.sampled_from([-1, 1]), st.floats(0, 1)), min_size=8, max_size=40)


@pytest.mark.parametrize("lead", [0, 3, 9])
@settings(max_examples=60, deadline=None)
@given(MOVES, st.sampled_from([0.0, 0.02]), st.sampled_from([0.0, 0.4]), st.booleans())
def test_charge_is_exact_and_every_award_is_delivered(lead, moves, leak, least, outages):
    """Days of four intervals whose limits fall fast; gates close `lead` intervals ahead."""
    when = Calendar(calendar().start, 6 * 3600, 4 * 20)
    constants = {"soc_min_wh": least * MWH, "self_discharge": leak, "energy_wh": 4 * MWH}
    fleet = ageing_fleet(law(**QUICK), when=when, **constants)
    fleet.outages.possible = outages
    desks, awarded, soc = {}, deque(), 2.0 * MWH
    for step in range(len(moves) + lead):
        if step < len(moves):
            day, row = divmod(step, 4)
            if row == 0:
                desks[day] = Desk(fleet, 4 * day, 4)
            desks[day].quote(row)
            way, share = moves[step]
            sold = int(fleet.discharge_limit()[0] * share) if way > 0 else 0
            bought = int(fleet.charge_limit()[0] * share) if way < 0 else 0
            desks[day].award(row, [sold], [bought])
            awarded.append((sold, bought))
        if step < lead:
            continue
        day, row = divmod(step - lead, 4)
        assert not desks[day].deliver(row)
        sold, bought = awarded.popleft()
        left = desks[day].whole.capacity_left[0]
        low, high = constants["soc_min_wh"] * left, 4 * MWH * left
        before = soc
        soc -= max(min(soc * leak, soc - low), 0.0)
        soc += bought * 0.9 - sold / 0.8
        assert desks[day].block.soc[row, 0] == pytest.approx(soc, abs=1e-3)
        assert low - 0.01 <= soc <= max(high, before) + 0.01


def test_marginal_cost_by_hand():
    # 1,000 per kWh is 1,000,000 per MWh; over 6,000 cycles and 0.8 MWh out of each MWh.
    assert wear_cost(law(), np.array([0.8]), 1.0).tolist() == [pytest.approx(208.3333333)]
    # Exponent 2, all cycles half as deep: 2 x 0.5.
    steep = wear_cost(law(depth_exponent=2.0), np.array([0.8]), 0.5)
    assert steep.tolist() == [pytest.approx(208.3333333)]


def test_marginal_cost_is_the_derivative_of_the_damage():
    size, out, step, depth = 4.0, 0.8, 1e-6, 0.3
    more = cycle_damage(depth + step, 6000, 1.7) - cycle_damage(depth, 6000, 1.7)
    by_hand = more * 1000 * 1000 * size / (step * size * out)
    how = law(depth_exponent=1.7)
    assert wear_cost(how, np.array([out]), depth**0.7)[0] == pytest.approx(by_hand, rel=1e-4)


def test_marginal_cost_follows_the_depth_of_the_cycles():
    out, how = np.array([1.0]), law(depth_exponent=2.0)
    assert worn([2.0, 2.0], how).cost(out).tolist() == [pytest.approx(2 * 166.6666667)]
    # One cycle of a quarter and the full one to begin with: (1 + 1/16) / (1 + 1/4) = 0.85.
    shallow = worn([2.0, 3.0, 2.0], how)
    assert shallow.cost(out).tolist() == [pytest.approx(2 * 166.6666667 * 0.85)]
    assert worn([2.0, 3.0, 2.0], law()).cost(out).tolist() == [pytest.approx(166.6666667)]


def test_asks_of_threshold_rise_by_the_cost_of_wear():
    # Quantiles 200 and 400; 200 / 0.81 + 20 + 1,000,000 / (6,000 x 0.9) = 452.10.
    constants = {"efficiency_charge": 0.9, "efficiency_discharge": 0.9, "cycle_cost": 20.0}
    prices = (100, 200, 300, 400, 500)
    asks = []
    for how in (None, law(replacement_cost=0.0), law()):
        desk = Desk(ageing_fleet(how, strategy=Threshold(), **constants), 0, DAY)
        desk.quote(0, published=prices)
        asks.append(desk.asks(0)[0][0][0])
        assert desk.bids(0)[0][0][0] == 200
    assert asks[:2] == [400, 400]
    assert asks[2] == pytest.approx(200 / 0.81 + 20 + 1e6 / 5400)


def test_opportunity_value_bids_wear_like_a_cycle_cost():
    prices = 250 + 140 * np.sin(np.arange(10 * DAY) / 3.3)
    wear = 1e5 / (6000 * 0.8)

    def orders(how, **constants):
        desk = Desk(ageing_fleet(how, strategy=OpportunityValue(), **constants), 0, DAY)
        quote_with_foresight(desk, 0, prices)
        return desk.asks(0), desk.bids(0)

    aged = orders(law(replacement_cost=100.0), cycle_cost=7.0)
    assert sum(quantity for unit in aged[0] for _, quantity in unit) > 0
    assert aged == orders(None, cycle_cost=7.0 + wear)
    assert aged != orders(None, cycle_cost=7.0)


def test_opportunity_value_plans_with_the_capacity_that_is_left():
    prices = 250 + 140 * np.sin(np.arange(10 * DAY) / 3.3)
    fleet = ageing_fleet(law(**QUICK, replacement_cost=0.0), strategy=OpportunityValue())
    for first in (0, DAY):
        desk = Desk(fleet, first, DAY)
        for row in range(DAY):
            quote_with_foresight(desk, row, prices)
            desk.award(row, [int(desk.block.ask_quantity[row].sum())], [0])
            desk.deliver(row)
    planned = fleet.strategy._units.usable[0]
    assert planned == pytest.approx(fleet.soc_max_wh[0], rel=6e-4)
    assert planned < 4 * MWH * (1 - 0.8 / 365)  # time alone takes that much
    assert planned / (4 * MWH / 1000) == pytest.approx(round(planned / (4 * MWH / 1000)))


def test_a_dead_battery_neither_buys_nor_sells():
    when = Calendar(calendar().start, 12 * 3600, 2 * 365 * 3)
    for strategy in (Greedy(), OpportunityValue()):
        fleet = ageing_fleet(
            law(calendar_years=1.0, end_of_life=0.2), when=when, strategy=strategy, soc_start_wh=0.0
        )
        desk = Desk(fleet, 2 * 730, 2)
        quote_with_foresight(desk, 0, np.tile([10.0, 400.0], 365 * 3))
        assert fleet.soc_max_wh.tolist() == [0.0]
        assert desk.block.ask_quantity[0].sum() == desk.block.bid_quantity[0].sum() == 0
