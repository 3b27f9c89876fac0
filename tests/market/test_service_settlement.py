"""Who pays whom for storage service: worked on paper, in cents."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market import ConservationError
from market.cents import shared_each
from market.storage_service.lease_terms import Deal, LeaseContract
from market.units import share_out
from tests.market.blocks import MWH, Shape, amounts, balance, layout, rules, trade
from tests.market.service_blocks import (
    accounts,
    give_back,
    hand_over,
    in_force,
    lease_book,
    service_block,
    settled,
    store,
    unit,
    world,
)

ALL = ("lease", "bilateral", "auction", "call")


# --- imbalance


def test_energy_that_is_stored_is_no_imbalance():
    made = service_block(modes=ALL)
    trade(made, 0, "main", 100.0, {"sun": 2 * MWH}, {"town": 2 * MWH})
    store(made, 0, "lease", ("sun", "A/green", MWH, 0, 0))
    ledger = settled(made)
    assert amounts(ledger) == {
        ("town", "market", "energy"): 20_000,
        ("market", "green", "energy"): 20_000,
    }


def test_what_is_missing_beside_it_still_is_one():
    made = service_block(modes=ALL)
    trade(made, 0, "main", 100.0, {"sun": 2 * MWH}, {"town": 2 * MWH})
    store(made, 0, "lease", ("sun", "A/green", MWH, 0, 0))
    made.delivered[0, unit(made, "sun")] -= MWH // 2
    made.delivered[0, unit(made, "coal")] += MWH // 2
    made.zone["balancing_price"][0, 0] = 400.0
    made.instructed[0, unit(made, "coal")] = MWH // 2
    found = amounts(settled(made))
    assert found[("green", "system", "imbalance")] == 20_000
    assert found[("system", "coal", "balancing")] == 20_000
    assert len(found) == 4


# --- fees by mode


def test_own_and_leased_storage_is_free():
    made = service_block(modes=ALL)
    store(made, 0, "own", ("gale", "A/service", MWH, 0, 0))
    store(made, 0, "lease", ("sun", "A/green", MWH, 0, 0))
    assert amounts(settled(made)) == {}


def test_a_bilateral_contract_is_paid_by_owner_and_interval():
    made = service_block(2, modes=ALL)
    # 15 Wh at 400 per MWh are 0.6 cents: 1.2 of green's two plants together, 0.6 in row 1.
    flows = [(name, "A/service", 15, 400, 400) for name in ("sun", "dune")]
    store(made, 0, "bilateral", *flows)
    store(made, 1, "bilateral", flows[0], ("gale", "B/service", 2 * MWH, 300.5, 300.5))
    ledger = settled(made)
    assert balance(ledger, "market") == balance(ledger, "system") == 0
    assert amounts(ledger) == {
        ("green", "ess", "service_bilateral"): 1 + 1,
        ("breeze", "tee", "service_bilateral"): 60_100,
    }


def test_contracts_with_two_pools_of_one_owner_are_rounded_each():
    made = service_block(places=world("tee"), modes=ALL)
    flows = [("sun", pool, 15, 400, 400) for pool in ("A/service", "B/service")]
    store(made, 0, "bilateral", *flows)  # 0.6 cents each
    ledger = settled(made)
    assert amounts(ledger) == {("green", "tee", "service_bilateral"): 2}
    known = dict(zip(made.layout.units, ledger.unit_cents()["bilateral"].tolist(), strict=True))
    assert {name: cents for name, cents in known.items() if cents} == dict.fromkeys(
        ("A/service", "B/service"), 1
    )


def test_nobody_pays_himself_for_a_contract():
    made = service_block(modes=ALL)
    made.layout.owner_of[unit(made, "A/service")] = made.layout.owners.index("green")
    store(made, 0, "bilateral", ("sun", "A/service", MWH, 400, 400))
    assert amounts(settled(made)) == {}


def test_one_price_leaves_the_market_nothing():
    made = service_block(modes=ALL)
    # Three times 0.5 cents are paid, 1.5 are received: 2 each way, and nothing stays.
    store(
        made,
        0,
        "auction",
        *((name, "A/service", 10, 500, 500) for name in ("sun", "dune", "gale")),
    )
    ledger = settled(made)
    assert balance(ledger, "market") == 0
    assert amounts(ledger) == {
        ("green", "market", "service_auction"): 2,
        ("market", "ess", "service_auction"): 2,
    }


def test_the_market_keeps_what_the_mechanism_keeps():
    made = service_block(modes=ALL)
    store(
        made,
        0,
        "auction",
        ("sun", "A/service", MWH, 310.0, 250.0),
        ("gale", "B/service", 2 * MWH, 280.0, 260.0),
    )
    ledger = settled(made)
    assert amounts(ledger) == {
        ("green", "market", "service_auction"): 31_000,
        ("breeze", "market", "service_auction"): 56_000,
        ("market", "ess", "service_auction"): 25_000,
        ("market", "tee", "service_auction"): 52_000,
    }
    assert balance(ledger, "market") == 6_000 + 4_000


def called(payer, sell=700.0, **delivered):
    """Return a block in which 2 MWh of sun go into A and 1 into B by call."""
    buy = sell if payer == "curtailed" else 0.0
    made = service_block(modes=ALL, call_payer=payer)
    for name, mwh in delivered.items():
        made.delivered[0, unit(made, name)] = mwh * MWH
        made.sold[0, unit(made, name)] = mwh * MWH
    store(
        made,
        0,
        "call",
        ("sun", "A/service", 2 * MWH, buy, sell),
        ("sun", "B/service", MWH, buy, sell),
    )
    return made


def test_all_other_generators_pay_a_call_by_their_output():
    found = amounts(settled(called("others", sun=9, dune=3, coal=1, gale=2)))
    assert found == {
        ("system", "ess", "service_call"): 140_000,
        ("system", "tee", "service_call"): 70_000,
        ("green", "system", "service_call"): 105_000,  # dune: 3 of 6
        ("coal", "system", "service_call"): 35_000,
        ("breeze", "system", "service_call"): 70_000,
    }


def test_the_cents_of_a_call_add_up_whoever_pays():
    found = amounts(settled(called("others", 333.3333, dune=1, coal=1, gale=1)))
    stations = [cents for (payer, _, _), cents in found.items() if payer == "system"]
    others = [cents for (_, payee, _), cents in found.items() if payee == "system"]
    assert stations == [66_667, 33_333]
    assert sorted(others) == [33_333, 33_333, 33_334]


@pytest.mark.parametrize(
    ("payer", "delivered"), [("curtailed", {"coal": 5}), ("others", {}), ("others", {"sun": 4})]
)
def test_the_plant_pays_its_call_itself(payer, delivered):
    found = amounts(settled(called(payer, **delivered)))
    assert found == {
        ("system", "ess", "service_call"): 140_000,
        ("system", "tee", "service_call"): 70_000,
        ("green", "system", "service_call"): 210_000,
    }


def test_an_unpaid_call_costs_nobody_anything():
    assert amounts(settled(called("others", 0.0, coal=5))) == {}


def test_each_interval_has_its_own_payer():
    made = service_block(2, modes=ALL)
    made.rules[1] = in_force(modes=ALL, call_payer="curtailed")
    for row in (0, 1):
        made.delivered[row, unit(made, "coal")] = made.sold[row, unit(made, "coal")] = MWH
        store(made, row, "call", ("gale", "A/service", MWH, 0, 100))
    found = amounts(settled(made))
    assert found[("coal", "system", "service_call")] == 10_000
    assert found[("breeze", "system", "service_call")] == 10_000


def test_a_call_is_paid_in_its_own_zone():
    places = layout(
        Shape("pv", ["sun"], "e"),
        Shape("storage", ["S"], "e", stations=["S"], uses=["service"]),
        Shape("thermal", ["east coal"], "e"),
        Shape("thermal", ["west coal"], "w"),
    )
    made = service_block(modes=ALL, places=places)
    for name in ("east coal", "west coal"):
        made.delivered[0, unit(made, name)] = made.sold[0, unit(made, name)] = MWH
    store(made, 0, "call", ("sun", "S", MWH, 0, 100))
    assert set(amounts(settled(made))) == {
        ("system", "S", "service_call"),
        ("east coal", "system", "service_call"),
    }


# --- energy given back


def discharged(**service):
    """Return a block in which pool A sells 4 MWh at 200: 1 its own, 2 of sun, 1 of gale."""
    made = service_block(modes=ALL, **service)
    trade(made, 0, "main", 200.0, {"A/service": 4 * MWH}, {"town": 4 * MWH})
    give_back(made, 0, "A/service", own=MWH, sun=2 * MWH, gale=MWH)
    return made


def test_a_pool_s_revenue_belongs_to_the_holders():
    assert amounts(settled(discharged())) == {
        ("town", "market", "energy"): 80_000,
        ("market", "ess", "energy"): 20_000,
        ("market", "green", "returned_energy"): 40_000,
        ("market", "breeze", "returned_energy"): 20_000,
    }


def test_energies_are_shared_like_the_money():
    ledger = settled(discharged())
    found = {
        (ledger.accounts[payee], p.category): int(wh)
        for p in ledger.close_period(0)
        for payee, wh in zip(p.payee, p.quantity_wh, strict=True)
    }
    assert found[("ess", "energy")] == MWH
    assert found[("green", "returned_energy")] == 2 * MWH
    assert found[("breeze", "returned_energy")] == MWH


def test_the_grid_company_buys_at_the_holders_tariffs():
    made = discharged(returned_price="tariff")
    ledger = settled(made, on_grid={"sun": 324.7, "A/service": 999.0})
    assert amounts(ledger) == {
        ("town", "market", "energy"): 80_000,
        ("market", "ess", "energy"): 20_000,
        ("market", "grid", "returned_energy"): 40_000,
        ("grid", "green", "returned_energy"): 64_940,
        ("market", "breeze", "returned_energy"): 20_000,  # it has no tariff
    }
    assert balance(ledger, "market") == 0
    assert balance(ledger, "grid") == -24_940


def test_who_sold_and_did_not_deliver_keeps_that_and_pays_for_it():
    made = service_block(modes=ALL)
    trade(made, 0, "main", 200.0, {"A/service": 4 * MWH}, {"town": 4 * MWH})
    made.delivered[0, unit(made, "A/service")] = 3 * MWH
    made.delivered[0, unit(made, "coal")] = made.instructed[0, unit(made, "coal")] = MWH
    made.zone["balancing_price"][0, 0] = 500.0
    give_back(made, 0, "A/service", sun=3 * MWH)
    found = amounts(settled(made))
    assert found[("market", "green", "returned_energy")] == 60_000
    assert found[("market", "ess", "energy")] == 20_000
    assert found[("ess", "system", "imbalance")] == 50_000


def test_a_pool_that_delivers_nothing_keeps_its_position():
    made = service_block(modes=ALL)
    trade(made, 0, "main", 200.0, {"A/service": MWH}, {"town": MWH})
    made.delivered[0, unit(made, "A/service")] = made.consumed[0, unit(made, "town")] = 0
    give_back(made, 0, "A/service", sun=0)
    found = amounts(settled(made))
    assert found[("market", "ess", "energy")] == 20_000
    assert not [key for key in found if key[2] == "returned_energy"]


@pytest.mark.parametrize("rule", ["market", "tariff"])
def test_what_the_operator_asked_a_pool_for_is_the_holders_too(rule):
    made = service_block(modes=ALL, returned_price=rule)
    trade(made, 0, "main", 200.0, {"A/service": MWH}, {"town": MWH})
    made.delivered[0, unit(made, "A/service")] += MWH
    made.instructed[0, unit(made, "A/service")] = MWH
    made.consumed[0, unit(made, "town")] += MWH
    made.zone["balancing_price"][0, 0] = 500.0
    give_back(made, 0, "A/service", sun=MWH, own=MWH)
    found = amounts(settled(made, on_grid={"sun": 300.0}))
    assert found[("market", "ess", "energy")] == 10_000
    assert found[("system", "ess", "balancing")] == 25_000
    if rule == "market":
        assert found[("market", "green", "returned_energy")] == 10_000
        assert found[("system", "green", "returned_energy")] == 25_000
    else:
        assert found[("grid", "green", "returned_energy")] == 15_000 + 15_000
        assert found[("market", "grid", "returned_energy")] == 10_000
        assert found[("system", "grid", "returned_energy")] == 25_000


def test_of_what_the_operator_asked_for_only_what_came_is_the_holders():
    made = service_block(modes=ALL)
    trade(made, 0, "main", 200.0, {"A/service": 2 * MWH}, {"town": 2 * MWH})
    made.delivered[0, unit(made, "A/service")] += MWH // 2
    made.consumed[0, unit(made, "town")] += MWH // 2
    made.instructed[0, unit(made, "A/service")] = MWH
    made.zone["balancing_price"][0, 0] = 500.0
    give_back(made, 0, "A/service", sun=5 * MWH // 2)
    found = amounts(settled(made))
    assert found[("market", "green", "returned_energy")] == 40_000
    assert found[("system", "green", "returned_energy")] == 25_000
    assert found[("system", "ess", "balancing")] == 25_000
    assert found[("ess", "system", "imbalance")] == 25_000


def test_a_negative_price_is_the_holders_as_well():
    made = discharged()
    for name in ("price", "buy_price", "sell_price"):
        made.zone[name][0, 0] = -50.0
    found = amounts(settled(made))
    assert found[("green", "market", "returned_energy")] == 10_000
    assert found[("ess", "market", "energy")] == 5_000


def test_odd_cents_go_to_the_largest_remainders():
    made = service_block(modes=ALL)
    trade(made, 0, "main", 100.0, {"A/service": 100}, {"town": 100})  # 1 cent
    give_back(made, 0, "A/service", sun=34, gale=33, own=33)
    assert amounts(settled(made)) == {
        ("town", "market", "energy"): 1,
        ("market", "green", "returned_energy"): 1,
    }


def test_subsidies_are_for_what_reaches_the_grid():
    made = discharged()
    trade(made, 0, "main", 200.0, {"A/service": 4 * MWH, "sun": 5 * MWH}, {"town": 9 * MWH})
    store(made, 0, "auction", ("sun", "B/service", 3 * MWH, 0, 0))
    ledger = settled(
        made, subsidy={"sun": 30.0, "A/service": 7.0}, certificate={"sun": 5.0, "gale": 5.0}
    )
    found = amounts(ledger)
    assert found[("government", "green", "subsidy")] == (5 + 2) * 30 * 100
    assert found[("government", "ess", "subsidy")] == 700
    assert found[("certificates", "green", "certificate")] == (5 + 2) * 500
    assert found[("certificates", "breeze", "certificate")] == 500


# --- leases


def test_energy_handed_over_is_paid_at_the_reference_price():
    made = service_block(2, modes=ALL)
    hand_over(made, 1, "A", "A/green", 2.5e6, 0.9)
    hand_over(made, 1, "A", "A/service", 1e6, 0.9)  # one owner
    assert amounts(settled(made, 320.0)) == {("green", "ess", "lease_energy"): 72_000}


def test_energy_handed_over_at_a_negative_price_is_paid_for_taking_it():
    made = service_block(modes=ALL)
    hand_over(made, 0, "A/green", "A", 1e6, 0.5)
    assert amounts(settled(made, -20.0)) == {("green", "ess", "lease_energy"): 1_000}


def test_rents_add_up_to_the_cent_over_their_term():
    made = service_block(24)
    book = lease_book(made.layout, 40)
    day = 86_400
    # 4 MW at 300 a kW and year for 36.5 days: 4000 x 300 / 10 = 120,000; 3287.67 a day.
    book.sign(LeaseContract(1, "green", 4 * 10**6, 8 * 10**6, 300.0, day // 2, 37 * day))
    settlement, ledger = accounts(made.layout, leases=book)
    paid = []
    for first in range(0, 40 * 24, 24):
        today = service_block(24, first, made.layout)
        settlement.settle(today, np.full((1, 24), 300.0))
        paid.append(amounts(ledger).get(("green", "ess", "lease"), 0))
    assert sum(paid) == 12_000_000
    assert paid[0] == round(12_000_000 / 36.5 / 2)
    assert {cents - 328_767 for cents in paid[1:37]} == {0, 1}
    assert paid[37:] == [0, 0, 0]


def test_rents_of_an_auction_go_through_the_market():
    made = service_block(24)
    book = lease_book(made.layout, 1)
    for product, buyer, seller, paid, got in (
        ("rights", "green", "ess", 365.0, 292.0),
        ("resale", "breeze", "green", 73.0, 73.0),
        ("lease", "ess", "ess", 73.0, 73.0),
    ):
        book.agree(Deal(0, 86_400, product, buyer, seller, "A", 10**6, 10**6, paid, got))
    ledger = settled(made, leases=book)
    assert amounts(ledger) == {
        ("green", "market", "lease_auction"): 100_000,
        ("market", "ess", "lease_auction"): 80_000,
        ("breeze", "green", "lease_resale"): 20_000,
    }
    assert balance(ledger, "market") == 20_000
    rents = ledger.unit_cents()["rent"]
    assert rents[unit(made, "A")] == rents.sum() == 80_000  # what is paid for a resale is not A's


# --- a day on paper


def test_three_plants_and_two_stations_on_a_day_of_three_hours():
    """Noon: all modes store. Afternoon: nothing. Evening: pool A gives back."""
    made = service_block(3, modes=ALL, call_payer="others")
    trade(made, 0, "main", 0.0, {"sun": 6 * MWH, "gale": 2 * MWH}, {"town": 8 * MWH})
    store(made, 0, "lease", ("sun", "A/green", MWH, 0, 0))
    store(made, 0, "bilateral", ("dune", "A/service", 2 * MWH, 300.0, 300.0))
    store(made, 0, "auction", ("gale", "A/service", MWH, 324.7, 280.0))
    store(made, 0, "call", ("gale", "B/service", MWH, 0.0, 700.0))
    trade(made, 1, "main", 150.0, {"coal": 5 * MWH}, {"town": 5 * MWH})
    # 3 MWh charged at 0.9 are 2.7 stored and 2.43 given at 0.9: 1.62 of dune, 0.81 of gale.
    evening = 2_430_000
    trade(made, 2, "main", 400.0, {"A/service": evening}, {"town": evening})
    give_back(made, 2, "A/service", dune=1_620_000, gale=810_000)
    ledger = settled(made, subsidy={"dune": 100.0}, certificate={"gale": 5.66})
    assert amounts(ledger) == {
        ("town", "market", "energy"): 75_000 + 97_200,
        ("market", "coal", "energy"): 75_000,
        ("market", "green", "returned_energy"): 64_800,
        ("market", "breeze", "returned_energy"): 32_400,
        ("green", "ess", "service_bilateral"): 60_000,
        ("breeze", "market", "service_auction"): 32_470,
        ("market", "ess", "service_auction"): 28_000,
        # Sun delivered 7 with what it stored, dune 2; gale's own call is not its to pay.
        ("green", "system", "service_call"): 70_000,
        ("system", "tee", "service_call"): 70_000,
        ("government", "green", "subsidy"): 16_200,
        ("certificates", "breeze", "certificate"): round((2 + 0.81) * 566),
    }
    assert balance(ledger, "market") == 4_470
    assert balance(ledger, "ess") == 88_000


# --- laws


@st.composite
def journals(draw):
    made = service_block(
        2,
        modes=ALL,
        call_payer=draw(st.sampled_from(["others", "curtailed"])),
        returned_price=draw(st.sampled_from(["market", "tariff"])),
    )
    price = draw(st.floats(-100, 1500))
    plants, pools = ["sun", "dune", "gale"], ["A/service", "B/service"]
    energy, fee = st.integers(0, 10**8), st.floats(0, 1500)
    for row in range(2):
        sold = {name: draw(energy) for name in ("sun", "coal", *pools)}
        trade(made, row, "main", price, sold, {"town": sum(sold.values())})
        for mode in ("own", "lease", "bilateral", "auction", "call"):
            some = st.tuples(st.sampled_from(plants), st.sampled_from(pools), energy, fee, fee)
            flows = draw(st.lists(some, max_size=4))
            if flows:
                store(made, row, mode, *flows)
        for pool in pools:
            place = row, unit(made, pool)
            asked = draw(st.integers(-(10**7), 10**7))
            made.instructed[place] = max(asked, -int(made.delivered[place]))
            made.delivered[place] += made.instructed[place]
            made.delivered[place] -= draw(st.integers(0, int(made.delivered[place])))
            weights = np.array(draw(st.lists(energy, min_size=4, max_size=4)))
            whole, given_wh = int(weights.sum()), int(made.delivered[place])
            scaled = share_out(given_wh, weights + given_wh) if whole or given_wh else weights
            names = ("own", *plants)
            give_back(made, row, pool, **dict(zip(names, scaled.tolist(), strict=True)))
        made.zone["balancing_price"][row, 0] = draw(st.sampled_from([np.nan, 420.0, -5.0]))
    return made


@settings(max_examples=150)
@given(journals(), st.booleans())
def test_the_ledger_is_zero_to_the_cent_whatever_was_stored(made, per_interval):
    options = {
        "subsidy": {"sun": 33.3, "gale": 12.34},
        "certificate": {"dune": 5.66},
        "on_grid": {"sun": 324.7},
        "per_interval": per_interval,
    }
    ledger = settled(made, **options)
    assert int(ledger.balances.sum()) == 0
    expected = np.zeros_like(ledger.balances)
    kept = 0
    for (payer, payee, category), cents in amounts(ledger).items():
        assert cents > 0
        assert category != "service_call" or "system" in (payer, payee)
        expected[ledger.accounts.index(payer)] -= cents
        expected[ledger.accounts.index(payee)] += cents
        kept += cents * ((payee == "system") - (payer == "system")) * (category == "service_call")
    assert np.array_equal(expected, ledger.balances)
    assert kept == 0


@settings(max_examples=150)
@given(journals())
def test_an_auction_keeps_its_spread_to_the_cent_in_each_interval(made):
    ledger = settled(made)
    exact, kept = np.zeros(2), np.zeros(2)
    market = ledger.accounts.index("market")
    rows, flows = made.service.flows()
    of_auction = flows.mode == 3
    spread = flows.wh * (flows.buy_price - flows.sell_price) / 1e4
    np.add.at(exact, rows[of_auction], spread[of_auction])
    for p in ledger.close_period(0):
        if p.category == "service_auction":
            np.add.at(kept, p.period, np.where(p.payee == market, p.cents, -p.cents))
    assert np.abs(kept - exact).max() <= 0.5 + 1e-6


@settings(max_examples=200)
@given(
    st.lists(
        st.tuples(st.integers(-(10**10), 10**10), st.lists(st.integers(0, 10**9), min_size=1)),
        min_size=1,
        max_size=5,
    )
)
def test_shares_of_segments_add_up_and_are_within_a_cent(segments):
    segments = [(total, parts) for total, parts in segments if any(parts)]
    weights = np.array([part for _, parts in segments for part in parts], np.int64)
    edge = np.cumsum([0, *(len(parts) for _, parts in segments)])
    found = shared_each(np.array([t for t, _ in segments], np.int64), weights, edge)
    for index, (total, parts) in enumerate(segments):
        mine = found[edge[index] : edge[index + 1]]
        assert mine.sum() == total
        exact = np.array(parts) * (total / sum(parts))
        assert (np.abs(mine - exact) < 1 + 1e-6).all()
        assert not mine[np.array(parts) == 0].any()


def test_energy_that_was_stored_and_is_not_accounted_for_is_found():
    made = service_block(modes=ALL)
    store(made, 0, "call", ("sun", "A/service", MWH, 0, 100))
    made.stored[0, unit(made, "sun")] += 1
    with pytest.raises(ConservationError, match=r"interval 0, unit sun: 1000001 Wh were stored"):
        settled(made)


@pytest.mark.parametrize("wrong", [{"sun": MWH - 1}, {}])
def test_energy_that_a_pool_gave_and_is_nobody_s_is_found(wrong):
    made = service_block(modes=ALL)
    trade(made, 0, "main", 200.0, {"A/service": MWH}, {"town": MWH})
    if wrong:
        give_back(made, 0, "A/service", **wrong)
    with pytest.raises(ConservationError, match=r"interval 0, unit A/service: .* 1000000 Wh"):
        settled(made)


def test_a_block_without_stations_knows_no_service():
    places = layout(Shape("load", ["town"]), Shape("pv", ["sun"]))
    made = service_block(places=places)
    made.rules[:] = [rules()]
    trade(made, 0, "main", 200.0, {"sun": MWH}, {"town": MWH})
    assert set(amounts(settled(made))) == {
        ("town", "market", "energy"),
        ("market", "sun", "energy"),
    }
