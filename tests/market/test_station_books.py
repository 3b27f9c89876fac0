"""Netting between slices by hand and by every rule, and the laws of stations as wholes."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from market import (
    NETTING_RULES,
    ConservationError,
    Exchange,
    StationLimits,
    check_stations,
    credit,
    gain_rate,
    netted,
    sharing_rules,
    stream,
)
from market.storage_service.netting import fill_up
from tests.market.blocks import MWH, Shape, block, calendar, layout

RATE = 1 / 0.9 - 0.9
each_rule = pytest.mark.parametrize("rule", NETTING_RULES)


def exchange(charge, discharge, room=1e9, last=None, own=0):
    charge, discharge = np.array(charge), np.array(discharge)
    room = np.broadcast_to(np.asarray(room, float), charge.shape).copy()
    return Exchange(charge, discharge, own, room, discharge if last is None else np.array(last))


# --- netting -------------------------------------------------------------------------------


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 10**15), st.booleans()), min_size=1, max_size=12
    )
)
def test_virtual_flows_are_physical_flows_plus_what_is_netted(slices):
    station, wh, charges = (np.array(column) for column in zip(*slices, strict=True))
    flows = netted(wh * charges, wh * ~charges, station, 4)
    for s in range(4):
        own = [one for one in slices if one[0] == s]
        charged = sum(size for _, size, up in own if up)
        given_ = sum(size for _, size, up in own if not up)
        both = int(flows.netted[s])
        assert (int(flows.charge[s]) + both, int(flows.discharge[s]) + both) == (charged, given_)
        assert int(flows.charge[s] - flows.discharge[s]) == charged - given_
        assert min(int(flows.charge[s]), int(flows.discharge[s])) == 0


def test_many_intervals_are_netted_one_by_one():
    charge, discharge = np.array([[10, 0, 7], [1, 2, 0]]), np.array([[0, 4, 0], [0, 0, 5]])
    flows = netted(charge, discharge, np.array([0, 0, 1]), 2)
    assert flows.netted.tolist() == [[4, 0], [0, 0]]
    assert flows.charge.tolist() == [[6, 7], [3, 0]]
    assert flows.discharge.tolist() == [[0, 0], [0, 5]]
    assert flows.netted.dtype == np.int64


def test_an_interval_on_paper():
    """A charges 10, B discharges 4, both ways 0.9: 6 pass the inverter."""
    flows = netted(np.array([10, 0]), np.array([0, 4]), np.zeros(2, np.int64), 1)
    assert (flows.charge[0], flows.discharge[0], flows.netted[0]) == (6, 0, 4)
    gain = 4 * gain_rate(0.9, 0.9)
    assert gain == pytest.approx(4 * (1 / 0.9 - 0.9)) == pytest.approx(0.84444444)
    # A stores 9, B takes 4.444 out; the station stores 5.4, which is 0.844 more.
    assert 10 * 0.9 - 4 / 0.9 + gain == pytest.approx(6 * 0.9)
    parts = {rule: credit(rule, gain, exchange([10, 0], [0, 4])) for rule in NETTING_RULES}
    assert parts["owner"] == pytest.approx([gain, 0])
    for rule in ("proportional", "equal", "shapley", "nucleolus"):
        assert parts[rule] == pytest.approx([gain / 2, gain / 2])


# --- credits -------------------------------------------------------------------------------


def test_three_slices_on_paper():
    """A charges 10, B 5, C discharges 6: 6 are netted, 2/3 and 1/3 of them with A and B."""
    three = exchange([10, 5, 0], [0, 0, 6])
    assert credit("proportional", 6.0, three) == pytest.approx([2, 1, 3])
    assert credit("equal", 6.0, three) == pytest.approx([2, 2, 2])
    assert credit("owner", 6.0, three) == pytest.approx([6, 0, 0])
    # Orders of joining: A adds 6 when he comes after C and before B, 1 when he is the last; B
    # adds 5 between C and A, none after both; all else is C's.
    assert credit("shapley", 6.0, three) == pytest.approx([8 / 6, 5 / 6, 23 / 6])
    # Without B as much is netted, without A one less: B gets 0 and A at most 1, in the middle 0.5.
    assert credit("nucleolus", 6.0, three) == pytest.approx([0.5, 0, 5.5], abs=1e-5)


def test_rules_on_games_are_those_of_the_registry():
    three = exchange([3, 4, 0, 0], [0, 0, 5, 1])
    for rule in ("shapley", "nucleolus"):
        shares = sharing_rules.get(rule)().shares(three.game())
        assert credit(rule, 6.0, three) == pytest.approx(shares.amounts, abs=1e-6)
        assert shares.total == 6
    assert three.game().of(np.array([[1, 0, 0, 1], [1, 1, 1, 0], [1, 1, 0, 0]], bool)).tolist() == [
        1,
        5,
        0,
    ]


@each_rule
def test_who_does_not_take_part_gets_nothing_but_the_owner(rule):
    parts = credit(rule, 2.0, exchange([0, 3, 0, 5], [0, 0, 4, 0]))
    assert parts[0] == (2.0 if rule == "owner" else 0.0)


@st.composite
def crowds(draw):
    """Slices that charge, discharge or rest, and room as it is left after that."""
    flows = draw(st.lists(st.integers(-(10**6), 10**6), min_size=2, max_size=5))
    flows = [*flows, draw(st.integers(1, 10**6)), draw(st.integers(-(10**6), -1))]
    full = draw(st.lists(st.floats(0, 1), min_size=len(flows), max_size=len(flows)))
    own = draw(st.integers(0, len(flows) - 1))
    return np.array(flows), np.array(full), own


@each_rule
@settings(max_examples=40, deadline=None)
@given(crowds())
def test_credits_add_up_to_the_gain_and_nobody_gets_more_than_he_has_room_for(rule, crowd):
    flows, full, own = crowd
    charge, discharge = np.maximum(flows, 0), np.maximum(-flows, 0)
    room = discharge / 0.9 + full * np.where(full > 0.5, 1e6, 0.0)
    one = exchange(charge, discharge, room, own=own)
    gain = one.netted * RATE
    parts = credit(rule, gain, one)
    assert np.add.reduce(parts) == pytest.approx(gain, abs=1e-6)
    assert (parts >= -1e-6).all()
    assert (parts <= room + 1e-6).all()


def test_what_nobody_has_room_for_goes_to_those_who_discharge():
    full = exchange([10, 0, 0], [0, 4, 2], room=[0.1, 4.4, 2.2])
    assert credit("owner", 1.2, full) == pytest.approx([0.1, 1.1 * 4 / 6, 1.1 * 2 / 6])
    assert credit("proportional", 1.2, full) == pytest.approx([0.1, 1.1 * 4 / 6, 1.1 * 2 / 6])
    with pytest.raises(ConservationError, match=r"no slice has room for 2\.2 Wh"):
        credit("equal", 2.5, exchange([10, 0], [0, 4], room=[0.1, 0.2]))


def test_many_slices_have_shapley_values_from_a_stream():
    charge, discharge = np.zeros(14, np.int64), np.zeros(14, np.int64)
    charge[:7], discharge[7:] = 1000 + np.arange(7), 900 + np.arange(7)
    crowd = exchange(charge, discharge)
    gain = crowd.netted * RATE
    drawn = [credit("shapley", gain, crowd, stream(1, "netting", "s", "7")) for _ in range(2)]
    assert np.array_equal(*drawn)
    assert drawn[0].sum() == pytest.approx(gain)
    # Who discharges is scarce: all alike, a little more for more.
    assert drawn[0][7:].sum() > drawn[0][:7].sum()
    with pytest.raises(ValueError, match="give a stream"):
        credit("shapley", gain, crowd)


@given(
    st.floats(0, 1e9),
    st.lists(st.tuples(st.floats(0, 1e6), st.floats(0, 1e9)), min_size=1, max_size=8),
)
@example(1.0, [(0.0, 5.0)])
def test_filling_up(total, slots):
    weights, room = (np.array(column) for column in zip(*slots, strict=True))
    parts = fill_up(total, weights, room)
    assert (parts >= 0).all()
    assert (parts <= room * (1 + 1e-12)).all()
    able = float(room[weights > 0].sum())
    assert parts.sum() == pytest.approx(min(total, able), rel=1e-9, abs=1e-6)
    # In proportion among those who are not full, and nobody without weight gets anything.
    free = (parts < room * (1 - 1e-9)) & (weights > 1e-3)
    rates = parts[free] / weights[free]
    assert rates.size == 0 or rates.max() - rates.min() <= 1e-6 * max(rates.max(), 1.0)
    assert not parts[weights == 0].any()


# --- stations as wholes ----------------------------------------------------------------------


def whole(**changes):
    """A station of 4 MWh, 1 MWh per interval each way, and what its two slices do in a row."""
    given = {
        "charged": (600_000, 0),
        "given": (0, 300_000),
        "soc": None,
        "before": (MWH, MWH),
        "left": 1.0,
        "leak": 0.0,
        "low": 0.0,
        "floor": (0.0, 0.0),
        "m": 1,
    } | changes
    slices = Shape("storage", ["s", "s/t"], stations=["s", "s"], uses=["own", "lease"])
    places = layout(Shape("load", ["town"]), slices)
    made = block(places, given["m"])
    before = np.array(given["before"], float)
    made.consumed[0, 1:], made.delivered[0, 1:] = given["charged"], given["given"]
    gain = min(made.consumed[0].sum(), made.delivered[0].sum()) * RATE
    own = before + 0.9 * made.consumed[0, 1:] - made.delivered[0, 1:] / 0.9 + gain / 2
    made.soc[:, 1:] = own if given["soc"] is None else given["soc"]
    made.capacity_left[1:] = given["left"]
    made.soc_floor[:, 1:] = given["floor"]
    one = np.ones(1)
    limits = StationLimits(
        ("s",),
        *(size * one for size in (MWH, MWH, given["low"] * MWH, 4.0 * MWH)),
        *(value * one for value in (0.9, 0.9, given["leak"])),
        before,
    )
    return made, places, limits


def check(**changes):
    made, places, limits = whole(**changes)
    check_stations(made, calendar(8), places, limits)
    return made, limits


def test_a_station_that_nets_passes_and_the_next_block_starts_where_this_one_ends():
    made, limits = check()
    assert limits.before.tolist() == made.soc[0, 1:].tolist()
    assert made.soc[0].sum() != made.soc[0].sum()  # a load has no charge


def test_handovers_and_credits_of_any_kind_conserve():
    total = 2 * MWH + 0.9 * 300_000  # 600,000 less 300,000 pass the inverter
    check(soc=(total, 0.0))
    check(soc=(0.0, total))


@pytest.mark.parametrize("extra", [1.0, -1.0])
def test_charge_that_comes_from_nowhere(extra):
    total = 2 * MWH + 0.9 * 300_000
    with pytest.raises(ConservationError, match=r"01T00:00:00.*station s: charge of"):
        check(soc=(total + extra, 0.0))
    with pytest.raises(ConservationError, match="all slices together are outside"):
        check(soc=(np.nan, 0.0))


def test_netting_without_a_credit():
    lost = (MWH + 0.9 * 600_000, MWH - 300_000 / 0.9)
    with pytest.raises(ConservationError, match="does not follow from what it charges"):
        check(soc=lost)


def test_power_counts_after_netting():
    check(charged=(1_300_000, 0))
    with pytest.raises(ConservationError, match="station s: charges more than its power"):
        check(charged=(1_300_001, 0))
    check(charged=(0, 200_000), given=(1_200_000, 0), before=(2 * MWH, MWH))
    with pytest.raises(ConservationError, match="station s: discharges more than its power"):
        check(charged=(0, 200_000), given=(1_200_001, 0), before=(2 * MWH, MWH))


def test_all_slices_together_fit_into_the_station():
    idle = {"charged": (0, 0), "given": (0, 0)}
    check(**idle, before=(3 * MWH, MWH))
    for start, low in (((3 * MWH, MWH + 1), 0.0), ((MWH, MWH), 2.1)):
        with pytest.raises(ConservationError, match="station s: all slices together are outside"):
            check(**idle, before=start, low=low)


def test_what_no_longer_fits_into_an_aged_station_stays_and_never_grows():
    idle = {"charged": (0, 0), "given": (0, 0), "left": 0.9}
    check(**idle, before=(3 * MWH, 0.7 * MWH))
    check(**idle, before=(3 * MWH, 0.7 * MWH), soc=(0.7 * MWH, 3 * MWH))
    with pytest.raises(ConservationError, match="all slices together are outside"):
        check(charged=(10, 0), given=(0, 0), left=0.9, before=(3 * MWH, 0.7 * MWH))


def test_slices_lose_charge_down_to_their_floors():
    idle = {"charged": (0, 0), "given": (0, 0), "leak": 0.1, "low": 0.5}
    floors = 0.2 * MWH, 0.3 * MWH
    check(**idle, before=(MWH, 0.3 * MWH), floor=floors, soc=(0.9 * MWH, 0.3 * MWH))
    with pytest.raises(ConservationError, match="does not follow"):
        check(**idle, before=(MWH, 0.3 * MWH), floor=floors, soc=(0.9 * MWH, 0.3 * MWH - 1))
    with pytest.raises(ConservationError, match="self-discharge of its slices ends too early"):
        check(**idle, before=(MWH, MWH), floor=(0.3 * MWH, 0.3 * MWH), soc=(0.9 * MWH,) * 2)


def test_the_first_wrong_interval_is_named():
    made, places, limits = whole(m=3)
    made.soc[2, 1] += 5
    with pytest.raises(ConservationError, match=r"2023-06-01T02:00:00.*, station s"):
        check_stations(made, calendar(8), places, limits)


def test_stations_of_several_fleets_are_checked_apart():
    """Two zones, each with its fleet; each fleet's limits concern its own stations only."""
    west = Shape("storage", ["b", "b/x"], "west", stations=["b", "b"], uses=["own", "lease"])
    east = Shape("storage", ["a", "a/x"], "east", stations=["a", "a"], uses=["own", "lease"])
    places = layout(east, west)
    made = block(places)
    made.soc[0] = [MWH, 0, 2 * MWH, 0]
    one = np.ones(1)
    constants = [size * one for size in (MWH, MWH, 0, 4.0 * MWH, 0.9, 0.9, 0.0)]
    fine = StationLimits(("a",), *constants, np.array([0.0, MWH]))
    check_stations(made, calendar(8), places, fine)
    wrong = StationLimits(("b",), *constants, np.array([0.0, MWH]))
    with pytest.raises(ConservationError, match="station b: charge of its slices"):
        check_stations(made, calendar(8), places, wrong)
