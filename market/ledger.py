"""Double entry in whole cents: every posting has a payer and a payee, the sum is zero.

Accounts are the owners of units and the seven counterparties below. Postings are added up per
interval, day or month for the table; the balances see every cent either way.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from market.errors import ConservationError
from market.units import IntArray

Period = Literal["interval", "day", "month"]

COUNTERPARTIES = (
    "market",  # the exchange, counterparty of every trade
    "system",  # imbalance and balancing energy
    "grid",  # transmission tariff
    "operator",  # transaction fees
    "government",  # subsidies
    "certificates",  # buyers of green certificates
    "customers",  # those whom a data centre failed
)

OWN_USE = "own_use"
"""What plants of a store's owner received for energy that the store gave back; no posting."""

UNIT_AMOUNTS = {
    "energy": (
        *("energy", "imbalance", "balancing", "returned_energy"),
        *("transaction_fee", "grid_fee", "grid_fee_refund"),
    ),
    "bilateral": ("service_bilateral",),
    "auction": ("service_auction",),
    "call": ("service_call",),
    "rent": ("lease", "lease_auction"),
    "handed": ("lease_energy",),
    "capacity": ("capacity_payment",),
    "own_use": (OWN_USE,),
}
"""What the ledger knows by unit, too, and the categories of each."""

_AMOUNT_OF = {category: name for name, each in UNIT_AMOUNTS.items() for category in each}


@dataclass(frozen=True, slots=True)
class Postings:
    """Columns of postings that go to the table; `period` is the interval that dates them."""

    period: IntArray
    payer: IntArray
    payee: IntArray
    category: str
    quantity_wh: IntArray
    cents: IntArray


class Ledger:
    """The accounts of a run.

    Parameters
    ----------
    owners : sequence of str
        Account holders; counterparties come after them.
    owner_of : array of int, shape (U,)
        Account of each unit.
    per_interval : bool
        Keep a row per posting instead of sums per period.
    """

    def __init__(
        self, owners: Sequence[str], owner_of: IntArray, per_interval: bool = False
    ) -> None:
        self.accounts = (*owners, *COUNTERPARTIES)
        self.balances = np.zeros(len(self.accounts), np.int64)
        self._owner_of, self._owners = owner_of, len(owners)
        self._place = {name: len(owners) + i for i, name in enumerate(COUNTERPARTIES)}
        self._one_each = bool(np.array_equal(np.sort(owner_of), np.arange(len(owners))))
        self.totals: dict[tuple[int, str, bool], tuple[IntArray, IntArray]] = {}
        self.pair_totals: dict[tuple[int, int, str], tuple[int, int]] = {}
        self._open: dict[tuple[int, str, bool], tuple[IntArray, IntArray]] = {}
        self._open_pairs: dict[tuple[int, int, str], tuple[int, int]] = {}
        self._by_unit = {name: np.zeros(owner_of.size, np.int64) for name in UNIT_AMOUNTS}
        self._per_interval = per_interval
        self._rows: list[Postings] = []

    def post(
        self, first: int, counterparty: str, category: str, wh: IntArray, cents: IntArray
    ) -> None:
        """Post amounts between units and one counterparty.

        Parameters
        ----------
        first : int
            Interval of the first row.
        counterparty, category : str
        wh : array of int, shape (m, U) or (U,)
            Energy the amounts are for.
        cents : array of int, same shape
            Positive: the unit's owner pays; negative: the owner receives.
        """
        other = self._place[counterparty]
        wh, cents = np.atleast_2d(wh), np.atleast_2d(cents)
        if category in _AMOUNT_OF:
            self._by_unit[_AMOUNT_OF[category]] -= cents.sum(axis=0)
        for pays in (True, False):
            chosen = cents > 0 if pays else cents < 0
            if chosen.any():
                amount = np.where(chosen, np.abs(cents), 0)
                energy = np.where(chosen, wh, 0)
                self._book(first, other, category, pays, energy, amount)

    def account(self, counterparty: str) -> int:
        """Return the account of a counterparty, for `post_between` and `post_pairs`."""
        return self._place[counterparty]

    def post_between(
        self, first: int, pair: tuple[int, int], category: str, wh: IntArray, cents: IntArray
    ) -> None:
        """Post amounts per interval from one account to another.

        A negative amount goes the other way.
        """
        rows = np.flatnonzero(cents)
        ends = np.full((2, rows.size), [[pair[0]], [pair[1]]], np.int64)
        self.post_pairs(first + rows, (ends[0], ends[1]), category, wh[rows], cents[rows])

    def post_pairs(
        self,
        period: IntArray,
        ends: tuple[IntArray, IntArray],
        category: str,
        wh: IntArray,
        cents: IntArray,
    ) -> None:
        """Post amounts between accounts, in columns of equal length.

        Parameters
        ----------
        period : array of int
            Interval of each amount.
        ends : pair of arrays of int
            Account that pays, account that receives; a negative amount goes the other way.
        category : str
        wh, cents : array of int
        """
        some = np.flatnonzero(cents)
        if some.size == 0:
            return
        back, amount, energy = cents[some] < 0, np.abs(cents[some]), wh[some]
        payer = np.where(back, ends[1][some], ends[0][some])
        payee = np.where(back, ends[0][some], ends[1][some])
        np.subtract.at(self.balances, payer, amount)
        np.add.at(self.balances, payee, amount)
        pairs, place = np.unique(payer * len(self.accounts) + payee, return_inverse=True)
        sums = np.zeros((2, pairs.size), np.int64)
        np.add.at(sums[0], place, energy)
        np.add.at(sums[1], place, amount)
        for pair, more, money in zip(pairs.tolist(), *sums.tolist(), strict=True):
            key = (*divmod(pair, len(self.accounts)), category)
            for book in (self.pair_totals, self._open_pairs):
                before = book.get(key, (0, 0))
                book[key] = before[0] + more, before[1] + money
        if self._per_interval:
            self._rows.append(Postings(period[some], payer, payee, category, energy, amount))

    def note_units(self, category: str, unit: IntArray, cents: IntArray) -> None:
        """Note for which units accounts received amounts, or paid those below zero.

        For amounts of `post_between` and `post_pairs`, which know accounts only.
        """
        np.add.at(self._by_unit[_AMOUNT_OF[category]], unit, cents)

    def unit_cents(self) -> dict[str, IntArray]:
        """Return each of `UNIT_AMOUNTS`: received less paid by unit, shape (U,).

        Of what goes from account to account only those units have a part that are noted.
        """
        return {name: cents.copy() for name, cents in self._by_unit.items()}

    def close_period(self, start: int) -> Iterator[Postings]:
        """Yield the postings of the period that began at interval `start`, and forget them."""
        if self._per_interval:
            yield from self._rows
        else:
            yield from self._sums(start)
        self._rows.clear()
        self._open.clear()
        self._open_pairs.clear()

    def _sums(self, start: int) -> Iterator[Postings]:
        for (other, category, pays), (energy, amount) in sorted(self._open.items()):
            who = np.flatnonzero(amount)
            period = np.full(who.size, start, np.int64)
            yield self._columns(period, who, other, (category, pays), energy[who], amount[who])
        for category in sorted({key[2] for key in self._open_pairs}):
            found = [
                (*key[:2], *sums) for key, sums in self._open_pairs.items() if key[2] == category
            ]
            payer, payee, wh, cents = np.array(sorted(found), np.int64).T
            yield Postings(np.full(payer.size, start, np.int64), payer, payee, category, wh, cents)

    def check(self) -> None:
        """Raise `ConservationError` unless all accounts add up to exactly zero."""
        if int(self.balances.sum()) != 0:
            raise ConservationError(f"the ledger is off by {int(self.balances.sum())} cents")

    def _book(
        self, first: int, other: int, category: str, pays: bool, wh: IntArray, cents: IntArray
    ) -> None:
        energy, amount = self._by_owner(wh.sum(axis=0)), self._by_owner(cents.sum(axis=0))
        total = int(amount.sum())
        self.balances[: self._owners] += -amount if pays else amount
        self.balances[other] += total if pays else -total
        key = (other, category, pays)
        for book in (self.totals, self._open):
            if key in book:
                book[key][0][:] += energy
                book[key][1][:] += amount
            else:
                book[key] = (energy.copy(), amount.copy())
        if self._per_interval:
            self._keep(first, other, (category, pays), wh, cents)

    def _keep(
        self, first: int, other: int, kind: tuple[str, bool], wh: IntArray, cents: IntArray
    ) -> None:
        row, unit = np.nonzero(cents)
        self._rows.append(
            self._columns(
                first + row, self._owner_of[unit], other, kind, wh[row, unit], cents[row, unit]
            )
        )

    @staticmethod
    def _columns(
        period: IntArray,
        owner: IntArray,
        other: int,
        kind: tuple[str, bool],
        wh: IntArray,
        cents: IntArray,
    ) -> Postings:
        counter = np.full(owner.size, other, np.int64)
        category, pays = kind
        payer, payee = (owner, counter) if pays else (counter, owner)
        return Postings(period, payer, payee, category, wh, cents)

    def _by_owner(self, columns: IntArray) -> IntArray:
        if self._one_each:
            ordered = np.empty_like(columns)
            ordered[self._owner_of] = columns
            return ordered
        sums = np.zeros(self._owners, np.int64)
        np.add.at(sums, self._owner_of, columns)
        return sums
