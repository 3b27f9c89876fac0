"""Who holds which slice when, and what it costs: by hand, and against naive sums."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market import ConservationError
from market.storage_service.lease_terms import CATEGORIES, CONTRACT, Deal
from market.storage_service.leases import energy_of
from tests.market.leasehold import DAY, MW, a_book, contract, held_mw, stations


def one_station(tenants=("t", "u"), share=1.0):
    """10 MW with 40 MWh, a quarter of it for others."""
    return a_book(stations([10], [40], service=[0.25], share=share), tenants)[0]


def named(book, shares):
    return dict(zip(book.slices.names, shares.tolist(), strict=True))


def test_what_nobody_leases_is_left_to_the_owner():
    book = one_station()
    book.sign(contract(book, "A/t", 2, 4, 300, 10, 20))
    book.sign(contract(book, "A/u", 5, 20, 200, 15, 30))
    expected = {
        0: ((0.75, 0.0, 0.0), (0.75, 0.0, 0.0)),
        10: ((0.55, 0.2, 0.0), (0.65, 0.1, 0.0)),
        15: ((0.05, 0.2, 0.5), (0.15, 0.1, 0.5)),
        20: ((0.25, 0.0, 0.5), (0.25, 0.0, 0.5)),
        30: ((0.75, 0.0, 0.0), (0.75, 0.0, 0.0)),
    }
    for day, (power, energy) in expected.items():
        shares = [named(book, share) for share in book.sizes(day * DAY)]
        for share, (own, t, u) in zip(shares, (power, energy), strict=True):
            assert share == {"A": own, "A/service": 0.25, "A/t": t, "A/u": u}
        before = [share.tolist() for share in book.sizes(max(day * DAY - 1, 0))]
        assert not day or before != [list(share.values()) for share in shares]
    assert book.dates() == [day * DAY for day in (10, 15, 20, 30)]


def test_a_lease_that_began_before_the_run_holds_from_its_start():
    book = one_station()
    book.sign(contract(book, "A/t", 2, 4, 365, -10, 20))
    assert book.dates() == [0, 20 * DAY]
    assert held_mw(book, 0) == {"A/t": 2.0}
    assert book.due(0, 20 * DAY).tolist() == [2000 * 20 * 100]


def test_several_leases_of_one_slice_add_up():
    book = one_station()
    for start, end in ((0, 10), (5, 20)):
        book.sign(contract(book, "A/t", 1, 2, 300, start, end))
    assert [held_mw(book, day) for day in (0, 5, 10)] == [{"A/t": mw} for mw in (1.0, 2.0, 1.0)]


def test_a_slice_is_its_tenant_s_until_the_last_of_its_leases_ends():
    book = one_station()
    for start, end in ((0, 10), (5, 20), (5, 8)):
        book.sign(contract(book, "A/t", 1, 2, 300, start, end))
    ends = {0: 10, 5: 20, 9: 20, 20: np.inf}
    for day, end in ends.items():
        assert named(book, book.ends(day * DAY)) == dict.fromkeys(
            ("A", "A/service", "A/u"), np.inf
        ) | {"A/t": end * DAY}


@pytest.mark.parametrize(
    ("mw", "mwh", "what"),
    [
        (5.000001, 1, "10000000 W, of which 2500000 serve others, and leases 7500001 W"),
        (1, 25.5, "40000000 Wh, of which 10000000 serve others, and leases 30500000 Wh"),
    ],
)
def test_a_station_cannot_lease_more_than_it_has(mw, mwh, what):
    book = one_station()
    book.sign(contract(book, "A/t", 2.5, 5, 300, 10, 20))
    with pytest.raises(ConservationError) as error:
        book.sign(contract(book, "A/u", mw, mwh, 300, 0, 11))
    assert str(error.value) == f"station A has {what} at 2024-01-11T00:00:00+00:00"


def test_leases_that_only_touch_do_not_add_up():
    book = one_station()
    for start, end in ((0, 10), (20, 30), (10, 20)):
        book.sign(contract(book, "A/t", 7.5, 30, 300, start, end))
    assert [share[0] for share in book.sizes(10 * DAY)] == [0, 0]


@pytest.mark.parametrize(
    ("start", "end", "share", "mw", "mwh"),
    [
        (0, 10, 1.0, 6.5, 28),  # rights to 1 MW with 2 MWh are sold until day 15
        (0, 10, 0.6, 5, 22),
        (0, 11, 1.0, 4.5, 24),  # a contract of 2 MW begins on day 10
        (15, 20, 1.0, 5.5, 26),
        (15, 21, 1.0, 4.5, 10),  # one of 3 MW with 20 MWh on day 20
        (15, 21, 0.6, 4.5, 10),
        (30, 40, 0.6, 6, 24),
        (0, 10, 0.05, 0, 0),
    ],
)
def test_room_is_what_is_free_all_through_the_term(start, end, share, mw, mwh):
    book = one_station(share=share)
    book.sign(contract(book, "A/t", 2, 4, 300, 10, 20))
    book.sign(contract(book, "A/u", 3, 20, 300, 20, 30))
    book.enter([(3, 0, 1 * MW, 2 * MW, 0, 15 * DAY)])
    room = book.room(start * DAY, end * DAY)
    assert [size.tolist() for size in room] == [[mw * MW], [mwh * MW]]


# --- rents -------------------------------------------------------------------------------------


def test_a_rent_is_paid_by_the_tenant_to_the_owner_day_by_day():
    book = one_station()
    book.sign(contract(book, "A/t", 2, 4, 320, 10, 375))
    rents = book.rents
    assert [book.accounts[who] for who in (rents.payer[0], rents.payee[0])] == ["t", "a"]
    assert CATEGORIES[rents.category[0]] == "lease"
    assert rents.per_day[0] == pytest.approx(2000 * 320 / 365)
    daily = [int(book.due(day * DAY, (day + 1) * DAY)[0]) for day in range(400)]
    assert not any(daily[:10] + daily[375:])
    assert sum(daily) == 2000 * 320 * 100
    assert set(daily[10:375]) == {175_342, 175_343}


@settings(max_examples=300, deadline=None)
@given(
    watts=st.integers(0, 10**9),
    price=st.floats(0, 2000),
    start=st.integers(-40 * DAY, 40 * DAY),
    length=st.integers(0, 400 * DAY),
    cuts=st.lists(st.integers(0, 500 * DAY), max_size=12),
)
def test_the_parts_of_a_term_add_up_to_its_rent_to_the_cent(watts, price, start, length, cuts):
    book = one_station()
    book.agree(Deal(start, start + length, "lease", "t", "a", "A", watts, 0, price, price))
    edges = sorted({-50 * DAY, *cuts, 500 * DAY})
    parts = [int(book.due(*ends)[0]) for ends in pairwise(edges)]
    assert min(parts) >= 0
    exact = watts / 1000 * price * length / (365 * DAY) * 100
    assert abs(sum(parts) - exact) <= 0.5 + 1e-12 * exact


def shown(book):
    names, rents = book.accounts, book.rents
    columns = rents.payer, rents.payee, rents.category, rents.per_day
    return [
        (names[payer], names[payee], CATEGORIES[category], round(per_day * 365))
        for payer, payee, category, per_day in zip(*columns, strict=True)
    ]


def test_auctioned_leases_are_paid_through_the_market_and_others_directly():
    book = one_station()
    for product, buy, sell in (("rights", 300, 250), ("resale", 240, 240), ("resale", 240, 270)):
        book.agree(Deal(0, DAY, product, "t", "a", "A", 1000, 2000, buy, sell))
    assert shown(book) == [
        ("t", "market", "lease_auction", 300),
        ("market", "a", "lease_auction", 250),
        ("t", "a", "lease_resale", 240),
        ("t", "market", "lease_resale", 240),
        ("market", "a", "lease_resale", 270),
    ]


# --- subletting --------------------------------------------------------------------------------


def test_what_is_sublet_moves_until_the_end_of_the_term():
    book = one_station(("t", "u", "v"))
    book.enter([(2, 0, 3_000_001, 7_000_000, 0, 30 * DAY)])
    assert book.sublet({0: [(3, 1_000_000), (4, 2_000_000)]}, 10 * DAY) == {
        0: [2_333_332, 4_666_665]
    }
    assert held_mw(book, 9) == {"A/t": 3.000001}
    assert held_mw(book, 10) == {"A/t": 0.000001, "A/u": 1.0, "A/v": 2.0}
    energy = named(book, book.sizes(10 * DAY)[1])
    assert energy["A/t"] * 40 * MW == pytest.approx(3)
    # What was bought can be sold on.
    book.sublet({1: [(4, 1_000_000)]}, 20 * DAY)
    assert held_mw(book, 20) == {"A/t": 0.000001, "A/v": 3.0}
    assert held_mw(book, 30) == {}
    for day in range(30):
        live = book.leases.live(day * DAY)
        assert book.leases.watts[live].sum() == 3_000_001
        assert book.leases.wh[live].sum() == 7_000_000


def test_nobody_sublets_what_he_does_not_hold():
    book, _ = a_book(stations([10, 10], [20, 20]), ("t", "u"))
    book.enter([(2, 0, MW, 2 * MW, 0, 30 * DAY)])
    for takers in ([(3, MW + 1)], [(7, MW)]):
        with pytest.raises(ConservationError, match=r"A/t sublets at 2024-01-11T00:00:00\+00:00"):
            book.sublet({0: takers}, 10 * DAY)


# --- against naive sums ------------------------------------------------------------------------

ROW = st.tuples(
    st.integers(0, 1),  # tenant
    st.integers(0, 1),  # station
    st.integers(CONTRACT, 1),
    st.integers(0, 4),
    st.integers(0, 4),
    st.integers(0, 20),
    st.integers(1, 20),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(ROW, max_size=6), st.integers(0, 20), st.integers(1, 20), st.floats(0, 1))
def test_the_book_against_sums_day_by_day(rows, start, length, share):
    built = stations([10, 7], [20, 30], service=[0.1, 0.2], share=share)
    book, slice_of = a_book(built, ("t", "u"))
    sizes = {0: (9, 18), 1: (5.6, 24)}
    leases = []
    for tenant, station, product, mw, mwh, begin, days in rows:
        place, term = int(slice_of[station, tenant]), (begin, begin + days)
        leases.append((place, station, product, mw, mwh, *term))
        row = place, product, mw * MW, mwh * MW, *(day * DAY for day in term)
        power, energy = (
            max(sum(each[column] for each in alive(leases, station, day)) for day in range(45))
            for column in (3, 4)
        )
        if power > sizes[station][0] or energy > sizes[station][1]:
            with pytest.raises(ConservationError, match=f"station {'AB'[station]} has"):
                book.enter([row])
            return
        book.enter([row])
    check_room(book, leases, sizes, (start, start + length), share)
    check_kw_years(book, leases, start)


def alive(leases, station, day, least=CONTRACT):
    return [
        each
        for each in leases
        if each[1] == station and each[5] <= day < each[6] and each[2] >= least and each[3]
    ]


def check_room(book, leases, sizes, term, share):
    room = book.room(term[0] * DAY, term[1] * DAY)
    whole = ((10, 20), (7, 30))
    for station in (0, 1):
        for index in (0, 1):
            free = [
                min(
                    sizes[station][index] - total(alive(leases, station, day), index),
                    share * whole[station][index] - total(alive(leases, station, day, 0), index),
                )
                for day in range(*term)
            ]
            assert abs(room[index][station] - max(min(free), 0) * MW) <= 1


def total(rows, index):
    return sum(row[3 + index] for row in rows)


def check_kw_years(book, leases, since):
    held = book.kw_years(np.full(len(book.slices.names), since * DAY), 15 * DAY)
    for place in range(len(book.slices.names)):
        days = [
            mw * max(min(end, 15) - max(begin, since), 0)
            for row, _, _, mw, _, begin, end in leases
            if row == place
        ]
        assert held[place] == pytest.approx(sum(days) * 1000 / 365)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 10**10), st.floats(0.01, 100))
def test_energy_is_rounded_down(watts, hours):
    found = int(energy_of(np.array([watts]), np.array([hours]))[0])
    assert -1.001 <= found - watts * hours <= 0.001
