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


@st.composite
def posting(draw):
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
    for (payer, payee, category), pair in ledger.pair_totals.items():
        totals[(payer, payee, category)] = int(pair[0]), int(pair[1])
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
