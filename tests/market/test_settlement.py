"""Who owes whom: worked by hand, in cents."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.imbalance import imbalance_prices
from market.settlement import ContractTerms
from tests.market.blocks import (
    MWH,
    Shape,
    amounts,
    balance,
    block,
    layout,
    rules,
    settlement,
    trade,
)

NO_REFERENCE = np.full((1, 1), 300.0)


def three():
    return layout(Shape("load", ["town"]), Shape("pv", ["sun"]), Shape("storage", ["battery"]))


def settle(made, places, reference=None, **options):
    accounts = settlement(places, per_interval=True, **options)
    accounts[0].settle(made, NO_REFERENCE if reference is None else np.array(reference))
    return accounts[1]


# --- energy --------------------------------------------------------------------------------


@st.composite
def auctions(draw):
    sellers = draw(st.lists(st.integers(0, 10**9), min_size=1, max_size=6))
    cuts = draw(st.lists(st.integers(0, sum(sellers)), min_size=5, max_size=5))
    buyers = np.diff([0, *sorted(cuts), sum(sellers)]).tolist()
    return sellers, buyers, draw(st.floats(-999, 3000))


@settings(max_examples=200)
@given(st.lists(auctions(), min_size=1, max_size=3))
def test_a_uniform_auction_balances_to_the_cent_in_every_interval(books):
    places = layout(
        Shape("load", [f"b{i}" for i in range(6)]), Shape("pv", [f"s{i}" for i in range(6)])
    )
    made = block(places, len(books))
    for row, (sellers, buyers, price) in enumerate(books):
        sold = {f"s{i}": wh for i, wh in enumerate(sellers)}
        trade(made, row, "main", price, sold, {f"b{i}": wh for i, wh in enumerate(buyers)})
    accounts, ledger = settlement(places, per_interval=True)
    accounts.settle(made, np.full((1, len(books)), 1.0))
    assert balance(ledger, "market") == 0
    net = np.zeros(len(books), np.int64)
    for p in ledger.close_period(0):
        sign = np.where(p.payee == ledger.accounts.index("market"), 1, -1)
        np.add.at(net, p.period, sign * p.cents)
        for interval, payer, payee, wh, cents in zip(
            p.period, p.payer, p.payee, p.quantity_wh, p.cents, strict=True
        ):
            price = books[interval][2]
            owner = payer if ledger.accounts[payee] == "market" else payee
            assert ledger.accounts[owner][0] in "bs"
            assert abs(cents - wh * abs(price) / 1e4) <= 1 + 1e-6
    assert not net.any()


@settings(max_examples=200)
@given(st.lists(st.tuples(st.integers(0, 10**8), st.floats(-999, 3000)), min_size=1, max_size=6))
def test_individual_prices_that_balance_leave_the_market_nothing(pairs):
    n = len(pairs)
    places = layout(
        Shape("load", [f"b{i}" for i in range(n)]), Shape("pv", [f"s{i}" for i in range(n)])
    )
    made = block(places)
    wh = np.array([quantity for quantity, _ in pairs])
    amounts_of = wh * np.array([price for _, price in pairs]) / MWH
    none = np.zeros(n)
    made.bought[0], made.sold[0] = np.append(wh, 0 * wh), np.append(0 * wh, wh)
    made.consumed[0], made.delivered[0] = made.bought[0], made.sold[0]
    made.payments = np.append(amounts_of, none)[None, :]
    made.receipts = np.append(none, amounts_of)[None, :]
    ledger = settle(made, places)
    assert balance(ledger, "market") == 0


def test_negative_prices_turn_the_payments_round():
    places = three()
    made = block(places)
    trade(made, 0, "main", -50.0, sold={"sun": 2 * MWH}, bought={"town": MWH, "battery": MWH})
    assert amounts(settle(made, places)) == {
        ("sun", "market", "energy"): 10_000,
        ("market", "town", "energy"): 5_000,
        ("market", "battery", "energy"): 5_000,
    }


def test_the_spread_of_pay_as_bid_stays_with_the_market():
    places = three()
    made = block(places)
    trade(made, 0, "main", np.nan, sold={"sun": 2 * MWH}, bought={"town": 2 * MWH})
    made.receipts, made.payments = np.zeros((1, 3)), np.zeros((1, 3))
    made.receipts[0, 1], made.payments[0, 0] = 2 * 100.0, 2 * 330.25
    ledger = settle(made, places)
    assert balance(ledger, "market") == 46_050
    assert amounts(ledger) == {
        ("town", "market", "energy"): 66_050,
        ("market", "sun", "energy"): 20_000,
    }


def test_uniform_and_individual_prices_within_one_block():
    places = three()
    made = block(places, 2)
    trade(made, 0, "main", 200.0, sold={"sun": MWH}, bought={"town": MWH})
    trade(made, 1, "main", np.nan, sold={"sun": MWH}, bought={"town": MWH})
    made.receipts, made.payments = np.zeros((2, 3)), np.zeros((2, 3))
    made.receipts[1, 1], made.payments[1, 0] = 90.0, 110.0
    ledger = settle(made, places, [[200.0, 100.0]])
    assert balance(ledger, "town") == -(20_000 + 11_000)
    assert balance(ledger, "sun") == 20_000 + 9_000
    assert balance(ledger, "market") == 2_000


# --- imbalance -----------------------------------------------------------------------------


def test_the_three_rules_by_hand():
    market, balancing = np.array([300.0, 300.0]), np.array([420.0, 250.0])
    for rule, spread, short, long in (
        ("single", 0.0, [420, 250], [420, 250]),
        ("dual", 0.0, [420, 300], [300, 250]),
        ("spread", 40.0, [340, 340], [260, 260]),
    ):
        found = imbalance_prices(market, balancing, [rules(rule, spread)] * 2)
        assert [prices.tolist() for prices in found] == [short, long], rule


def short_case(rule, spread=0.0):
    """Sun sold 10 and gives 7; the battery, turned up 2, and town, using 1 less, fill in."""
    places = three()
    made = block(places, in_force=rules(rule, spread))
    trade(made, 0, "main", 300.0, sold={"sun": 10 * MWH}, bought={"town": 10 * MWH})
    made.delivered[0], made.consumed[0] = [0, 7 * MWH, 2 * MWH], [9 * MWH, 0, 0]
    made.instructed[0, 2] = 2 * MWH
    made.zone["balancing_price"][0, 0] = 420.0
    return places, made


@pytest.mark.parametrize(
    ("rule", "spread", "sun", "town"),
    [("single", 0, 3 * 420, 420), ("dual", 0, 3 * 420, 300), ("spread", 40, 3 * 340, 260)],
)
def test_a_short_zone(rule, spread, sun, town):
    places, made = short_case(rule, spread)
    ledger = settle(made, places)
    found = amounts(ledger)
    assert found[("sun", "system", "imbalance")] == sun * 100
    assert found[("system", "town", "imbalance")] == town * 100
    assert found[("system", "battery", "balancing")] == 2 * 420 * 100
    assert made.zone["short_price"][0, 0] == sun / 3
    assert made.zone["long_price"][0, 0] == town
    assert balance(ledger, "system") == 100 * (sun - town - 2 * 420)


@pytest.mark.parametrize(
    ("rule", "spread", "town"), [("single", 0, 120), ("dual", 0, 120), ("spread", 40, 260)]
)
def test_a_long_zone(rule, spread, town):
    places = three()
    made = block(places, in_force=rules(rule, spread))
    trade(made, 0, "main", 300.0, sold={"sun": 10 * MWH}, bought={"town": 10 * MWH})
    made.delivered[0, 1], made.consumed[0, 0] = 8 * MWH, 8 * MWH
    made.instructed[0, 1] = -2 * MWH
    made.zone["balancing_price"][0, 0] = 120.0
    found = amounts(settle(made, places))
    assert found[("system", "town", "imbalance")] == 2 * town * 100
    assert found[("sun", "system", "balancing")] == 2 * 120 * 100


def test_shed_load_is_worth_the_price_cap():
    places = three()
    made = block(places, in_force=rules("single", cap=900.0))
    trade(made, 0, "main", 300.0, sold={"sun": 10 * MWH}, bought={"town": 10 * MWH})
    made.delivered[0, 1] = made.consumed[0, 0] = 9 * MWH
    made.zone["balancing_price"][0, 0] = np.inf
    found = amounts(settle(made, places))
    assert found[("sun", "system", "imbalance")] == 90_000
    assert found[("system", "town", "imbalance")] == 90_000


def test_balanced_deviations_without_a_call_settle_at_the_market_price():
    places = three()
    made = block(places)
    trade(made, 0, "main", 300.0, sold={"sun": 2 * MWH}, bought={"town": 2 * MWH})
    made.delivered[0, 1] = made.consumed[0, 0] = MWH
    found = amounts(settle(made, places))
    assert found[("sun", "system", "imbalance")] == 30_000
    assert found[("system", "town", "imbalance")] == 30_000


def test_an_imbalance_at_a_negative_price_pays_who_is_short():
    places = three()
    made = block(places)
    trade(made, 0, "main", -80.0, sold={"sun": 2 * MWH}, bought={"town": 2 * MWH})
    made.delivered[0, 1] = made.consumed[0, 0] = MWH
    found = amounts(settle(made, places, [[-80.0]]))
    assert found[("system", "sun", "imbalance")] == 8_000
    assert found[("town", "system", "imbalance")] == 8_000


def test_zones_have_their_own_prices():
    places = layout(
        *(Shape(kind, [f"{kind}-{zone}"], zone) for zone in ("e", "w") for kind in ("load", "pv"))
    )
    made = block(places)
    for zone, price in (("e", 100.0), ("w", 200.0)):
        trade(made, 0, zone, price, {f"pv-{zone}": MWH}, {f"load-{zone}": MWH})
    made.delivered[0, [1, 3]] = made.consumed[0, [0, 2]] = 0
    found = amounts(settle(made, places, [[100.0], [200.0]]))
    assert found[("pv-e", "system", "imbalance")] == 10_000
    assert found[("pv-w", "system", "imbalance")] == 20_000
    assert found[("load-w", "market", "energy")] == 20_000


# --- fees, subsidies, contracts, penalties ---------------------------------------------------


def cycle(**fees):
    """Sun gives 10; town takes 6 in hour 0; the battery charges 4 and returns 3 in hour 1."""
    places = three()
    made = block(places, 2, in_force=rules(**fees))
    trade(made, 0, "main", 100.0, {"sun": 10 * MWH}, {"town": 6 * MWH, "battery": 4 * MWH})
    trade(made, 1, "main", 200.0, {"battery": 3 * MWH}, {"town": 3 * MWH})
    return places, made


@pytest.mark.parametrize(("rule", "net"), [("losses", 10 * 1), ("full", 10 * 4), ("none", 0)])
def test_what_storage_pays_for_the_grid(rule, net):
    places, made = cycle(grid=10.0, storage_grid=rule)
    found = amounts(settle(made, places, [[100.0, 200.0]]))
    paid = found.get(("battery", "grid", "grid_fee"), 0)
    back = found.get(("grid", "battery", "grid_fee_refund"), 0)
    assert paid - back == net * 100
    assert found[("town", "grid", "grid_fee")] == 9 * 10 * 100
    assert ("sun", "grid", "grid_fee") not in found
    assert (paid, back) == {"losses": (4000, 3000), "full": (4000, 0), "none": (0, 0)}[rule]


def test_transaction_fees_on_both_sides():
    places, made = cycle(transaction_buyer=2.0, transaction_seller=0.5)
    found = amounts(settle(made, places, [[100.0, 200.0]]))
    assert found[("town", "operator", "transaction_fee")] == 1_800
    assert found[("sun", "operator", "transaction_fee")] == 500
    assert found[("battery", "operator", "transaction_fee")] == 800 + 150


def test_fees_follow_the_rules_of_each_interval():
    places, made = cycle(grid=10.0)
    made.rules[1] = rules(grid=100.0)
    accounts, ledger = settlement(places, per_interval=True)
    accounts.settle(made, np.array([[100.0, 200.0]]))
    paid = {
        int(p.period[row]): int(p.cents[row])
        for p in ledger.close_period(0)
        if p.category == "grid_fee"
        for row in range(p.cents.size)
        if ledger.accounts[p.payer[row]] == "town"
    }
    assert paid == {0: 6 * 10 * 100, 1: 3 * 100 * 100}


def test_rules_that_come_back_settle_like_before():
    places = three()
    old, new = rules(grid=10.0), rules(grid=20.0)
    made = block(places, 3)
    for row in range(3):
        trade(made, row, "main", 100.0, {"sun": MWH}, {"town": MWH})
    made.rules[:] = [old, new, old]
    found = amounts(settle(made, places, [[100.0] * 3]))
    assert found[("town", "grid", "grid_fee")] == (10 + 20 + 10) * 100


def test_subsidies_and_certificates_are_for_delivered_energy():
    places = three()
    made = block(places)
    trade(made, 0, "main", 300.0, {"sun": 10 * MWH}, {"town": 10 * MWH})
    made.delivered[0, 1] = made.consumed[0, 0] = 7 * MWH
    ledger = settle(made, places, subsidy={"sun": 30.0}, certificate={"sun": 5.5})
    found = amounts(ledger)
    assert found[("government", "sun", "subsidy")] == 21_000
    assert found[("certificates", "sun", "certificate")] == 3_850
    assert balance(ledger, "government") == -21_000


@pytest.mark.parametrize(
    ("price", "payer", "payee", "cents"),
    [(250.0, "town", "sun", 75_000), (150.0, "sun", "town", 75_000), (200.0, "", "", 0)],
)
def test_a_contract_for_difference(price, payer, payee, cents):
    places = three()
    made = block(places, 2)
    place = {name: places.owners.index(name) for name in ("sun", "town")}
    terms = ContractTerms(
        np.array([place["sun"]]), np.array([place["town"]]), np.array([price]), np.array([0])
    )
    made.contracts[:] = [np.array([30.0]), np.array([0.0])]
    found = amounts(settle(made, places, [[200.0, 999.0]], hours=0.5, contracts=terms))
    # 30 MW for half an hour at a gap of 50 currency/MWh; not in force in the second interval.
    assert found == ({(payer, payee, "contract"): cents} if cents else {})


def test_penalties_go_to_the_customers():
    places = layout(Shape("data_center", ["site"]), Shape("pv", ["sun"]))
    made = block(places)
    made.penalty[0, 0] = 12.345
    ledger = settle(made, places)
    assert amounts(ledger) == {("site", "customers", "sla_penalty"): 1_234}


def test_a_block_without_anything_posts_nothing():
    places = three()
    ledger = settle(block(places), places)
    assert not amounts(ledger)
    assert not ledger.balances.any()
