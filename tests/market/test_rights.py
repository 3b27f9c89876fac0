"""Rights auctions and resales: worked by hand, and their laws with every mechanism."""

from collections import Counter, defaultdict
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from market import mechanisms, stream
from market.mechanisms.high_low import HighLow
from market.mechanisms.huang import Huang
from market.mechanisms.pay_as_bid import PayAsBid
from market.mechanisms.uniform import Uniform
from market.mechanisms.vcg import Vcg
from market.storage_service.lease_terms import CATEGORIES
from market.storage_service.rights import (
    Awards,
    Product,
    RightsRules,
    Side,
    energies,
    lettable,
    rounds,
    trade,
)
from market.storage_service.rights_market import RightsMarket
from tests.market.leasehold import (
    DAY,
    MW,
    a_market,
    contract,
    deals,
    held_mw,
    run,
    stations,
)

TENANTS = [("t", 4, 320), ("u", 3, 280), ("v", 2, 230)]


def two_stations(**other):
    """A: 10 MW with 20 MWh, asks 200; B: 5 MW with 20 MWh, asks 250."""
    return stations([10, 5], [20, 20], asks=[200, 250], share=0.5, **other)


def cents(book, payer, payee, first_day, last_day):
    rents, names = book.rents, book.accounts
    due = book.due(first_day * DAY, last_day * DAY).tolist()
    ends = zip(rents.payer, rents.payee, due, strict=True)
    return sum(part for a, b, part in ends if (names[a], names[b]) == (payer, payee))


# --- an auction by hand ------------------------------------------------------------------------


def test_an_auction_by_hand():
    """Half of the stations with 2 h: A offers 5 MW at 200, B 2.5 MW at 250.

    4 + 3 MW are wanted at 250 or more; the third bid of 230 is too low for B. So 7 MW trade at
    250, the only price at which offers meet bids; B lets 2 of its 2.5 MW.
    """
    market = a_market(two_stations(), TENANTS, Uniform(), [Product(2.0, 73)])
    run(market, 73)
    book = market.book
    term = 0, 73 * DAY, "rights"
    assert deals(book, "start_s", "end_s", "product", "buyer", "seller", "watts", "wh") == [
        (*term, "t", "a", 4 * MW, 8 * MW),
        (*term, "u", "a", 1 * MW, 2 * MW),
        (*term, "u", "b", 2 * MW, 4 * MW),
    ]
    assert set(deals(book, "buy_price", "sell_price")) == {(250, 250)}
    assert held_mw(book, 0) == {"A/t": 4, "A/u": 1, "B/u": 2}
    # 73 days are a fifth of a year: 4000 kW x 250 / 5 = 200,000.
    assert cents(book, "t", "market", 0, 73) == 20_000_000
    assert cents(book, "u", "market", 0, 73) == 15_000_000
    assert cents(book, "market", "a", 0, 73) == 25_000_000
    assert cents(book, "market", "b", 0, 73) == 10_000_000
    assert {CATEGORIES[index] for index in book.rents.category} == {"lease_auction"}


def test_individual_prices_reach_the_rents_of_both_sides():
    market = a_market(two_stations(), TENANTS, PayAsBid(), [Product(2.0, 73)])
    run(market, 73)
    assert deals(market.book, "buyer", "seller", "buy_price", "sell_price") == [
        ("t", "a", 320, 200),
        ("u", "a", 280, 200),
        ("u", "b", 280, 250),
    ]
    assert cents(market.book, "t", "market", 0, 73) == 25_600_000
    assert cents(market.book, "market", "a", 0, 73) == 20_000_000


def test_pairs_of_the_mechanism_are_kept():
    market = a_market(two_stations(), TENANTS, HighLow(), [Product(2.0, 73)])
    run(market, 73)
    assert deals(market.book, "buyer", "seller", "buy_price", "sell_price") == [
        ("t", "a", 260, 260),
        ("u", "a", 240, 240),
        ("u", "b", 265, 265),
    ]


def test_the_market_keeps_what_a_trade_reduction_leaves():
    """The last accepted bid (280) and offer (250) stay out and set the prices."""
    market = a_market(two_stations(), TENANTS, Huang(), [Product(2.0, 73)])
    run(market, 73)
    assert deals(market.book, "buyer", "seller", "watts", "buy_price", "sell_price") == [
        ("t", "a", 4 * MW, 280, 250)
    ]
    kept = cents(market.book, "t", "market", 0, 73) - cents(market.book, "market", "a", 0, 73)
    assert kept == 4000 * 30 // 5 * 100


def test_vickrey_prices_are_paid_and_the_market_bears_the_deficit():
    market = a_market(stations([1], [2], asks=[100]), [("t", 1, 300)], Vcg(), [Product(2.0, 73)])
    run(market, 73)
    assert deals(market.book, "buy_price", "sell_price") == [(100, 300)]


@pytest.mark.parametrize(("reserve", "sold"), [(0, 7), (260, 7), (281, 4), (330, 0)])
def test_no_station_lets_below_the_reserve(reserve, sold):
    market = a_market(two_stations(), TENANTS, Uniform(), [Product(2.0, 73)], reserve=reserve)
    run(market, 73)
    assert sum(size for (size,) in deals(market.book, "watts")) == sold * MW
    assert all(price >= max(reserve, 250) for (price,) in deals(market.book, "sell_price"))


def test_no_price_is_above_the_ceiling():
    market = a_market(two_stations(), TENANTS, HighLow(), [Product(2.0, 73)], ceiling=255)
    run(market, 73)
    assert deals(market.book, "buy_price") == [(255,), (240,), (255,)]


def test_an_owner_does_not_rent_from_himself():
    """What t would rent from his own station is taken off his offer and off his bid."""
    built = stations([5, 10], [10, 20], asks=[100, 200], owners=["t", "b"])
    wanted = [("t", 4, 300), ("u", 3, 290)]
    market = a_market(built, wanted, HighLow(), [Product(2.0)])
    run(market, 30)
    assert deals(market.book, "buyer", "seller", "watts") == [
        ("u", "t", 1 * MW),
        ("u", "b", 2 * MW),
    ]


# --- products and terms --------------------------------------------------------------------------


def test_what_one_product_took_the_next_cannot_have():
    """4 MW with 4 h take 16 of 20 MWh; of the 6 MW left only 4 come with an hour each."""
    wanted = [("t", 4, 300, 0), ("u", 9, 300, 1)]
    products = [Product(4.0, 30), Product(1.0, 20)]
    market = a_market(stations([10], [20]), wanted, HighLow(), products)
    run(market, 60)
    assert held_mw(market.book, 0) == {"A/t": 4, "A/u": 4}
    energy = market.book.sizes(0)[1]
    assert energy[market.book.slices.names.index("A")] == 0
    # On day 20 the second product is let anew, on day 30 the first, each what the other leaves.
    starts = deals(market.book, "start_s", "buyer", "watts")
    assert starts == [
        (day * DAY, who, 4 * MW)
        for day, who in ((0, "t"), (0, "u"), (20, "u"), (30, "t"), (40, "u"))
    ]


def test_the_order_of_products_is_that_of_the_list():
    wanted = [("t", 4, 300, 1), ("u", 9, 300, 0)]
    products = [Product(1.0, 30), Product(4.0, 30)]
    market = a_market(stations([10], [20]), wanted, HighLow(), products)
    run(market, 30)
    assert held_mw(market.book, 0) == {"A/u": 9, "A/t": 1}


def test_without_hours_each_station_lets_its_own():
    built = stations([10, 5], [20, 20], share=0.3)
    market = a_market(built, [("t", 15, 300)], HighLow(), [Product(None, 30)])
    run(market, 30)
    assert deals(market.book, "seller", "watts", "wh") == [
        ("a", 3 * MW, 6 * MW),
        ("b", 1.5 * MW, 6 * MW),
    ]


def test_a_station_that_offers_no_rights_needs_no_slices_for_tenants():
    built = replace(two_stations(), rights_share=np.array([0.0, 0.5]))
    first = a_market(built, TENANTS, HighLow(), [Product(2.0, 30)])
    slice_of = np.array([[-1] * 3, first._slice_of[1]])
    market = RightsMarket(first.rules, first.tenants, first.book, slice_of, 1)
    market.hold(rounds(market.rules, DAY)[0])
    market.note(0, DAY, np.full(10, 2500.0))
    assert held_mw(market.book, 0) == {"B/t": 2.5}
    assert market.values(2 * DAY).tolist() == [pytest.approx((320 + 365) / 2), 280, 230]


def test_a_bilateral_lease_later_in_the_term_is_kept_free():
    market = a_market(stations([10], [20]), [("t", 9, 300)], HighLow(), [Product(2.0, 30)])
    market.book.sign(contract(market.book, "A/t", 4, 8, 300, 25, 28))
    run(market, 60)
    assert [held_mw(market.book, day)["A/t"] for day in (0, 25, 28, 30)] == [6, 10, 6, 9]


def test_dates_of_auctions():
    rules = RightsRules(None, (Product(2.0, 30), Product(4.0, 12)), resale_days=5)
    found = [(each.date_s / DAY, each.product, each.resale) for each in rounds(rules, 31 * DAY)]
    first, second = [0, 30], [0, 12, 24]
    expected = [(day, 0, day not in first) for day in (0, 5, 10, 15, 20, 25, 30)]
    expected += [(day, 1, day not in second) for day in (0, 5, 10, 12, 17, 22, 24, 29)]
    assert found == sorted(expected)
    assert [each.resale for each in rounds(RightsRules(None, (Product(2.0, 30),)), 31 * DAY)] == [
        False,
        False,
    ]


# --- a resale by hand ----------------------------------------------------------------------------


def resold(mechanism=None, earned=20_000.0, experience=0.5):
    """One station of 4 MW with 8 MWh; t gets all of it for 30 days, and u wants 2 MW of it.

    In ten days t earns 20,000 on 4000 kW: 20,000 / (4000 x 10 / 365) = 182.50 per kW and year. His
    stated value is 320, so his rights are worth (320 + 182.5) / 2 = 251.25 to him; 280 to u, who
    has learnt nothing yet. 2 MW move on at 251.25, the only clearing price.
    """
    built = stations([4], [8], asks=[100])
    rules = {"resale_days": 10, "experience": experience}
    wanted = [("t", 4, 320), ("u", 2, 280)]
    market = a_market(built, wanted, mechanism or Uniform(), [Product(2.0, 30)], **rules)
    first, second = rounds(market.rules, 11 * DAY)
    market.hold(first)
    income = np.zeros(4)
    income[market.book.slices.names.index("A/t")] = earned / 10
    for day in range(10):
        market.note(day * DAY, (day + 1) * DAY, income)
    values = market.values(10 * DAY).tolist()
    market.hold(second)
    return market, values


def test_a_resale_by_hand():
    market, values = resold()
    book = market.book
    assert values == [pytest.approx(251.25), 280]
    assert deals(book, "start_s", "end_s", "product", "buyer", "seller", "watts", "wh")[1:] == [
        (10 * DAY, 30 * DAY, "resale", "u", "t", 2 * MW, 4 * MW)
    ]
    assert book.deals[1].buy_price == book.deals[1].sell_price == pytest.approx(251.25)
    assert held_mw(book, 9) == {"A/t": 4}
    assert held_mw(book, 10) == held_mw(book, 29) == {"A/t": 2, "A/u": 2}
    assert held_mw(book, 30) == {}
    # t goes on paying the auction's price of 300 for all 4 MW; u pays t, 2000 x 251.25 x 20 / 365.
    assert book.deals[0].buy_price == 300
    assert cents(book, "t", "market", 0, 30) == round(4000 * 300 * 30 / 365 * 100)
    assert cents(book, "u", "t", 0, 30) == 2_753_425
    assert cents(book, "u", "t", 0, 10) == cents(book, "u", "market", 0, 30) == 0
    assert CATEGORIES[book.rents.category[-1]] == "lease_resale"


@pytest.mark.parametrize(
    ("earned", "experience", "value"),
    [
        (20_000.0, 0.0, 320),
        (20_000.0, 1.0, 182.5),
        (0.0, 0.25, 240),
        (-200_000.0, 0.5, 0),  # nobody pays to be rid of his rights
    ],
)
def test_what_rights_are_worth_by_experience(earned, experience, value):
    assert resold(None, earned, experience)[1] == [pytest.approx(value), 280]


def test_who_holds_what_is_worth_most_to_him_sells_nothing():
    market, values = resold(None, earned=60_000.0)
    assert values[0] > 280
    assert len(market.book.deals) == 1


def test_experience_begins_anew_with_the_term():
    market, _ = resold()
    assert market.values(29 * DAY)[0] == pytest.approx(251.25)
    assert market.values(30 * DAY).tolist() == [320, 280]
    market.hold(rounds(market.rules, 31 * DAY)[3])
    market.note(30 * DAY, 31 * DAY, np.array([0, 0, 4000 * 365 / 365, 0]))
    assert market.values(31 * DAY)[0] == pytest.approx((320 + 365) / 2)


def test_only_time_that_was_settled_counts():
    """A gate opens before the last day is settled: neither its income nor its time is known."""
    market, _ = resold()
    assert market.values(12 * DAY)[0] == pytest.approx(251.25)
    market.note(10 * DAY, 11 * DAY, np.zeros(4))
    # 4 MW for ten days, then 2 MW for one.
    realised = 20_000 / ((4000 * 10 + 2000) / 365)
    assert market.values(12 * DAY)[0] == pytest.approx((320 + realised) / 2)


def test_a_reduced_resale_is_paid_through_the_market():
    """Three holders and three buyers; Huang leaves the last pair out and keeps the difference."""
    wanted = [(name, 1, value) for name, value in zip("pqrxyz", (9, 8, 7, 30, 20, 10), strict=True)]
    market = a_market(stations([6], [6]), wanted, Huang(), [Product(1.0, 30)], resale_days=10)
    slices = market.book.slices.names
    market.book.enter([(slices.index(f"A/{who}"), 0, MW, MW, 0, 30 * DAY) for who in "pqr"])
    market.hold(rounds(market.rules, 11 * DAY)[1])
    assert deals(market.book, "buyer", "seller", "buy_price", "sell_price") == [
        ("x", "q", 10, 9),
        ("y", "r", 10, 9),
    ]
    rents, names = market.book.rents, market.book.accounts
    ends = [(names[a], names[b]) for a, b in zip(rents.payer, rents.payee, strict=True)]
    assert ends == [("x", "market"), ("market", "q"), ("y", "market"), ("market", "r")]
    assert {CATEGORIES[index] for index in rents.category} == {"lease_resale"}


def test_a_holder_who_wants_more_does_not_buy_from_himself():
    wanted = [("t", 4, 300), ("u", 1, 100)]
    market = a_market(stations([2], [2]), wanted, Uniform(), [Product(1.0, 30)], resale_days=10)
    run(market, 30)
    assert deals(market.book, "product", "buyer", "watts") == [("rights", "t", 2 * MW)]


def test_only_the_same_product_is_resold():
    """t would sell for less than v bids, but v wants two hours and t holds one."""
    wanted = [("t", 4, 320, 0), ("v", 2, 280, 1)]
    products = [Product(1.0, 30), Product(2.0, 30)]
    market = a_market(stations([4], [8]), wanted, Uniform(), products, resale_days=10)
    market.note(0, DAY, np.array([0, 0, -50_000.0, 0]))
    run(market, 30)
    assert market.values(10 * DAY).tolist() == [0, 280]
    assert deals(market.book, "product", "buyer") == [("rights", "t")]


# --- parts ---------------------------------------------------------------------------------------


SIZES = st.integers(0, 10**10), st.integers(0, 10**11), st.floats(0.01, 1e5)


@settings(max_examples=300, deadline=None)
@given(*SIZES, st.lists(st.floats(0, 1), max_size=6))
@example(10, 49_996, 50_000.0, [])
def test_bundles_fit_into_what_is_left_however_they_are_cut(watts, wh, hours, shares):
    hour = np.array([hours])
    most = int(lettable(np.array([watts]), np.array([wh]), hour)[0])
    assert 0 <= most <= watts
    # One more watt would not fit, but for rounding.
    assert most == watts or (most + 1) * hours > wh - 0.001
    cuts = sorted(int(share * most) for share in shares)
    parts = np.diff(np.array([0, *cuts, most]))
    parts = parts[parts > 0]
    price = np.zeros(parts.size)
    awards = Awards(np.zeros(parts.size, np.int64), np.arange(parts.size), parts, price, price)
    found = energies(awards, hour)
    assert found.sum() <= wh
    assert (np.abs(found - parts * hours) <= 1.001).all()


def test_no_price_is_below_zero():
    asks = Side(np.array([5]), np.array([-5.0]), np.array([0]))
    bids = Side(np.array([5]), np.array([3.0]), np.array([1]))
    assert trade(RightsRules(Uniform(), ()), asks, bids).sell_price.tolist() == [1.5]


def test_trading_without_offers_or_bids():
    none = Side(np.empty(0, np.int64), np.empty(0), np.empty(0, np.int64))
    some = Side(np.array([5]), np.array([100.0]), np.array([0]))
    for name in mechanisms.names():
        rules = RightsRules(mechanisms.get(name)(), ())
        for asks, bids in ((none, none), (none, some), (some, none), (some, some)):
            assert trade(rules, asks, bids, stream(1)).watts.size == 0


# --- laws, with every mechanism ------------------------------------------------------------------

MWS = st.integers(0, 8)
HOURS = st.sampled_from([None, 0.5, 1.0, 2.0, 2.7])
LAST = 9


@st.composite
def worlds(draw):
    """Stations, tenants, products and rules for nine days."""
    n = draw(st.integers(1, 3))
    products = [
        Product(draw(HOURS), draw(st.integers(1, 5))) for _ in range(draw(st.integers(1, 2)))
    ]
    built = stations(
        [draw(st.integers(1, 9)) for _ in range(n)],
        [draw(st.integers(1, 20)) for _ in range(n)],
        asks=[draw(st.integers(0, 300)) for _ in range(n)],
        service=[draw(st.sampled_from([0.0, 0.2, 0.5])) for _ in range(n)],
        owners=[draw(st.sampled_from("abt")) for _ in range(n)],
        share=draw(st.sampled_from([0.3, 0.5, 0.9, 1.0])),
    )
    wanted = [
        (name, draw(MWS), draw(st.integers(0, 500)), draw(st.integers(0, len(products) - 1)))
        for name in "tuvwx"[: draw(st.integers(1, 5))]
    ]
    rules = {
        "reserve": draw(st.sampled_from([0.0, 120.0])),
        "ceiling": draw(st.sampled_from([200.0, np.inf])),
        "tie_break": draw(st.sampled_from(["pro-rata", "time", "random"])),
        "resale_days": draw(st.integers(0, 3)),
        "experience": draw(st.sampled_from([0.0, 0.5, 1.0])),
    }
    return built, wanted, products, rules, draw(st.integers(0, 99))


@pytest.mark.parametrize("name", mechanisms.names())
@settings(max_examples=60, deadline=None)
@given(world=worlds(), data=st.data())
def test_nobody_gets_what_is_not_there_and_nobody_pays_more_than_he_bids(name, world, data):
    built, wanted, products, rules, seed = world
    parameters = {"posted_price": 150.0} if name == "posted" else {}
    mechanism = mechanisms.get(name)(**parameters)
    market = a_market(built, wanted, mechanism, products, seed, **rules)
    book, draws = market.book, stream(seed, "incomes")
    if data.draw(st.booleans()):
        book.sign(
            contract(book, "A/t", 0.5, 0.5, 300, 2, 6, tenant="u" if len(wanted) > 1 else "t")
        )
    noted, before = 0, Counter()
    for each in rounds(market.rules, LAST * DAY):
        while (noted + 1) * DAY < each.date_s:
            income = draws.normal(0, 2000, len(book.slices.names))
            market.note(noted * DAY, (noted + 1) * DAY, income)
            noted += 1
        values, first = market.values(each.date_s), len(book.deals)
        market.hold(each)
        new = book.deals[first:]
        check_limits(market, each, new, values)
        if each.resale:
            assert held_by_station(book, each) == before[each.product]
            assert {deal.product for deal in new} <= {"resale"}
        before[each.product] = held_by_station(book, each)
    check_commitments(market, built)
    check_rents(book)


def check_limits(market, each, new, values):
    rules, tenants, built = market.rules, market.tenants, market.book.stations
    limit = dict(zip(tenants.owners, values if each.resale else tenants.value, strict=True))
    asks = dict(zip(built.names, built.lease_ask, strict=True))
    wants = dict(zip(tenants.names, tenants.product.tolist(), strict=True))
    for deal in new:
        assert deal.buyer != deal.seller
        assert 0 <= deal.buy_price <= min(limit[deal.buyer], rules.ceiling)
        least = limit[deal.seller] if each.resale else max(asks[deal.station], rules.reserve)
        assert least <= deal.sell_price <= rules.ceiling
        assert deal.start_s == each.date_s
        traders = {deal.buyer} | ({deal.seller} if each.resale else set())
        assert {wants[who] for who in traders} == {each.product}
        assert deal.watts > 0
    bought = Counter()
    for deal in new:
        bought[deal.buyer] += deal.watts
    assert all(bought[who] <= most for who, most in zip(tenants.names, tenants.watts, strict=True))


def held_by_station(book, each):
    leases = book.leases
    live = leases.live(each.date_s) & (leases.product == each.product)
    station = book.slices.station[leases.slice_row[live]]
    return [
        (int(leases.watts[live][station == s].sum()), int(leases.wh[live][station == s].sum()))
        for s in range(len(book.stations.names))
    ]


def check_commitments(market, built):
    book, leases = market.book, market.book.leases
    for quarter in range(0, (LAST + 6) * 4):
        now = quarter * DAY // 4
        for index, size in enumerate((built.watts, built.wh)):
            shares = book.sizes(now)[index]
            assert shares.min() >= 0
            assert np.bincount(book.slices.station, shares) == pytest.approx(np.ones(size.size))
            column = (leases.watts, leases.wh)[index]
            for station in range(size.size):
                rows = book.slices.station[leases.slice_row] == station
                rows &= (leases.start_s <= now) & (now < leases.end_s)
                service = round(built.service_share[station] * size[station])
                assert column[rows].sum() + service <= size[station]
                offered = built.rights_share[station] * size[station] + 0.5
                assert column[rows & (leases.product >= 0)].sum() <= offered
        holds = Counter()
        live = leases.live(now) & (leases.product >= 0)
        for row in np.flatnonzero(live):
            holds[book.slices.names[leases.slice_row[row]].partition("/")[2]] += leases.watts[row]
        wanted = dict(zip(market.tenants.names, market.tenants.watts, strict=True))
        assert all(held <= wanted[who] for who, held in holds.items())


def check_rents(book):
    """What each account pays and receives follows from the deals, to a cent a rent."""
    expected = defaultdict(list)
    for deal in book.deals:
        term = (deal.end_s - deal.start_s) / (365 * DAY)
        paid, got = (deal.watts / 1000 * p * term * 100 for p in (deal.buy_price, deal.sell_price))
        expected[deal.buyer].append(-paid)
        expected[deal.seller].append(got)
        expected["market"].append(paid - got)
    balance = Counter()
    parts = sum(book.due(day * DAY, (day + 1) * DAY) for day in range(LAST + 6))
    assert np.array_equal(parts, book.due(0, (LAST + 6) * DAY))
    for payer, payee, amount in zip(book.rents.payer, book.rents.payee, parts, strict=True):
        balance[book.accounts[payer]] -= int(amount)
        balance[book.accounts[payee]] += int(amount)
    assert sum(balance.values()) == 0
    for account in {*expected, *balance}:
        assert abs(balance[account] - sum(expected[account])) <= 0.5001 * 2 * len(book.deals)


@pytest.mark.parametrize("name", mechanisms.names())
def test_an_auction_depends_on_seed_and_date_only(name):
    parameters = {"posted_price": 260.0} if name == "posted" else {}

    def after(days):
        mechanism = mechanisms.get(name)(**parameters)
        market = a_market(two_stations(), TENANTS, mechanism, [Product(2.0, 3)])
        for each in rounds(market.rules, 9 * DAY):
            if each.date_s >= days * DAY:
                market.hold(each)
        return [deal for deal in market.book.deals if deal.start_s == 6 * DAY]

    assert after(0) == after(6)


def test_mechanisms_trade_at_all():
    """The laws above would hold for a market without trades."""
    volumes = {}
    for name in mechanisms.names():
        parameters = {"posted_price": 260.0} if name == "posted" else {}
        wanted = [(who, 1, 300 + 10 * i) for i, who in enumerate("pqrstuvw")]
        built = stations([2] * 6, [4] * 6, asks=[200 + 5 * i for i in range(6)])
        market = a_market(
            built, wanted, mechanisms.get(name)(**parameters), [Product(2.0, 30)], resale_days=10
        )
        market.hold(rounds(market.rules, DAY)[0])
        volumes[name] = sum(size for (size,) in deals(market.book, "watts"))
    efficient = {"continuous", "high-low", "pay-as-bid", "posted", "uniform", "vcg"}
    assert {name for name, volume in volumes.items() if volume == 8 * MW} >= efficient
    assert min(volumes.values()) >= 4 * MW
