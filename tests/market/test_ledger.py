"""Double entry: whatever is posted, and however it is summed, the accounts add up to zero."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.errors import ConservationError
from market.ledger import COUNTERPARTIES, Ledger

CENTS = st.integers(-(10**12), 10**12)
UNITS = 3
ROWS = st.lists(st.lists(CENTS, min_size=UNITS, max_size=UNITS), min_size=1, max_size=4)


ENDS = st.lists(st.integers(0, 8), min_size=4, max_size=4)  # counterparties too, and oneself


@st.composite
def posting(draw):
    if draw(st.booleans()):
        cents = np.array(draw(st.lists(CENTS, min_size=4, max_size=4)), np.int64)
        ends = np.array(draw(ENDS)), np.array(draw(ENDS))
        return ("pairs", ends, draw(st.sampled_from("ab")), np.abs(cents) + 7, cents)
    if draw(st.booleans()):
        cents = np.array(draw(ROWS), np.int64)
        who = draw(st.sampled_from(COUNTERPARTIES))
        return ("post", who, draw(st.sampled_from("ab")), np.abs(cents) + 7, cents)
    cents = np.array(draw(st.lists(CENTS, min_size=1, max_size=4)), np.int64)
    pair = draw(st.sampled_from([(0, 1), (1, 0)]))
    return ("between", pair, draw(st.sampled_from("ab")), np.abs(cents) + 7, cents)


def book(ledger, first, item):
    kind, who, category, wh, cents = item
    if kind == "post":
        ledger.post(first, who, category, wh, cents)
    elif kind == "pairs":
        ledger.post_pairs(np.full_like(cents, first), who, category, wh, cents)
    else:
        ledger.post_between(first, who, category, wh, cents)


def sums(postings):
    """Return {(payer, payee, category): (Wh, cents)}."""
    found = {}
    for p in postings:
        for payer, payee, wh, cents in zip(p.payer, p.payee, p.quantity_wh, p.cents, strict=True):
            before = found.get((payer, payee, p.category), (0, 0))
            found[(payer, payee, p.category)] = before[0] + int(wh), before[1] + int(cents)
    return found


@pytest.mark.parametrize("owner_of", [[0, 1, 2], [2, 0, 1], [0, 1, 0], [1, 1, 0]])
@settings(max_examples=40)
@given(st.lists(posting(), max_size=8), st.data())
def test_periods_give_the_same_totals_and_nothing_is_lost(owner_of, items, data):
    owners = ["x", "y", "z"][: max(owner_of) + 1]
    ledgers = [Ledger(owners, np.array(owner_of), per) for per in (True, False, False)]
    found = [[], [], []]
    for first, item in enumerate(items):
        for ledger in ledgers:
            book(ledger, first, item)
        found[0] += list(ledgers[0].close_period(first))
        if data.draw(st.booleans()):
            found[1] += list(ledgers[1].close_period(first))
    for ledger, rows in zip(ledgers, found, strict=True):
        rows += list(ledger.close_period(99))
        ledger.check()
        assert int(ledger.balances.sum()) == 0
        assert not list(ledger.close_period(100))
    assert sums(found[0]) == sums(found[1]) == sums(found[2])
    for ledger in ledgers[1:]:
        assert np.array_equal(ledger.balances, ledgers[0].balances)
    expected = np.zeros(len(ledgers[0].accounts), np.int64)
    for (payer, payee, _), (_, cents) in sums(found[0]).items():
        expected[payer] -= cents
        expected[payee] += cents
    assert np.array_equal(expected, ledgers[0].balances)


@settings(max_examples=40)
@given(st.lists(posting(), max_size=8))
def test_the_running_totals_are_the_sum_of_the_rows(items):
    ledger = Ledger(["x", "y"], np.array([0, 1, 0]), True)
    for first, item in enumerate(items):
        book(ledger, first, item)
    rows = sums(ledger.close_period(0))
    totals = {}
    for (other, category, pays), (wh, cents) in ledger.totals.items():
        for owner in np.flatnonzero(cents):
            ends = (owner, other) if pays else (other, owner)
            totals[(*ends, category)] = int(wh[owner]), int(cents[owner])
    for key, pair in ledger.pair_totals.items():
        before = totals.get(key, (0, 0))
        totals[key] = before[0] + int(pair[0]), before[1] + int(pair[1])
    assert totals == rows


def test_signs_say_who_pays():
    ledger = Ledger(["x", "y"], np.array([0, 1]), True)
    ledger.post(5, "grid", "fee", np.array([[10, 20], [0, 30]]), np.array([[100, -40], [0, 7]]))
    ledger.post_between(5, (0, 1), "contract", np.array([3, 4, 5]), np.array([9, 0, -8]))
    balance = dict(zip(ledger.accounts, ledger.balances.tolist(), strict=True))
    assert (balance["x"], balance["y"], balance["grid"]) == (-100 - 9 + 8, 40 - 7 + 9 - 8, 67)
    rows = [
        (int(i), ledger.accounts[a], ledger.accounts[b], p.category, int(q), int(c))
        for p in ledger.close_period(0)
        for i, a, b, q, c in zip(p.period, p.payer, p.payee, p.quantity_wh, p.cents, strict=True)
    ]
    assert sorted(rows) == [
        (5, "grid", "y", "fee", 20, 40),
        (5, "x", "grid", "fee", 10, 100),
        (5, "x", "y", "contract", 3, 9),
        (6, "y", "grid", "fee", 30, 7),
        (7, "y", "x", "contract", 5, 8),
    ]


def test_pairs_are_posted_like_one_by_one():
    one, other = (Ledger(["x", "y"], np.array([0, 1]), True) for _ in range(2))
    period, wh, cents = np.array([3, 3, 4]), np.array([10, 20, 30]), np.array([5, -6, 5])
    ends = np.array([0, 0, 0]), np.array([1, 1, one.account("grid")])
    one.post_pairs(period, ends, "lease", wh, cents)
    for row in range(3):
        pair = int(ends[0][row]), int(ends[1][row])
        other.post_between(int(period[row]), pair, "lease", wh[row : row + 1], cents[row : row + 1])
    assert np.array_equal(one.balances, other.balances)
    assert one.balances[:2].tolist() == [-5 + 6 - 5, 5 - 6]
    assert sums(one.close_period(0)) == sums(other.close_period(0))
    assert one.pair_totals == {
        (0, 1, "lease"): (10, 5),
        (1, 0, "lease"): (20, 6),
        (0, one.account("grid"), "lease"): (30, 5),
    }


def test_what_energy_and_capacity_earn_is_known_by_unit():
    ledger = Ledger(["x", "y"], np.array([0, 1, 0]))
    wh = np.ones(3, np.int64)
    ledger.post(0, "market", "energy", np.stack([wh, wh]), np.array([[-50, 20, 7], [0, 0, 3]]))
    ledger.post(0, "grid", "grid_fee", wh, np.array([0, 4, 0]))
    ledger.post(0, "government", "subsidy", wh, np.array([-99, -99, -99]))
    ledger.post(0, "system", "capacity_payment", wh, np.array([6, 0, -6]))
    known = ledger.unit_cents()
    assert known.pop("energy").tolist() == [50, -24, -10]
    assert known.pop("capacity").tolist() == [-6, 0, 6]
    assert {name: cents.tolist() for name, cents in known.items()} == {
        name: [0, 0, 0] for name in ("bilateral", "auction", "call", "rent", "handed", "own_use")
    }


def test_units_can_be_named_for_what_accounts_pay_each_other():
    ledger = Ledger(["x", "y"], np.array([0, 1, 0]))
    cents = np.array([70, 5, -8])
    for category, name in (("lease", "rent"), ("lease_energy", "handed")):
        ledger.post_between(0, (1, 0), category, np.zeros_like(cents), cents)
        assert not ledger.unit_cents()[name].any()
        ledger.note_units(category, np.array([2, 0, 2]), cents)
        assert ledger.unit_cents()[name].tolist() == [5, 0, 62]
    assert ledger.balances[:2].tolist() == [134, -134]


def test_counterparties_can_pay_each_other():
    ledger = Ledger(["x"], np.array([0]))
    pair = ledger.account("market"), ledger.account("grid")
    ledger.post_between(0, pair, "returned_energy", np.array([7, 8]), np.array([100, -30]))
    assert ledger.balances[list(pair)].tolist() == [-70, 70]
    rows = sums(ledger.close_period(0))
    assert rows == {
        (*pair, "returned_energy"): (7, 100),
        (*pair[::-1], "returned_energy"): (8, 30),
    }


def test_accounts_are_the_owners_and_then_the_counterparties():
    ledger = Ledger(["x"], np.array([0, 0]))
    assert ledger.accounts == ("x", *COUNTERPARTIES)
    assert ledger.balances.tolist() == [0] * (1 + len(COUNTERPARTIES))


def test_a_period_is_dated_by_its_first_interval():
    ledger = Ledger(["x"], np.array([0]))
    ledger.post(40, "grid", "fee", np.array([1]), np.array([2]))
    ledger.post_between(41, (0, 3), "contract", np.array([1]), np.array([2]))
    assert [p.period.tolist() for p in ledger.close_period(24)] == [[24], [24]]


def test_a_lost_cent_is_found():
    ledger = Ledger(["x"], np.array([0]))
    ledger.check()
    ledger.balances[0] += 1
    with pytest.raises(ConservationError, match="1 cents"):
        ledger.check()
