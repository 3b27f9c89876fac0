"""Capacity payment: what a station gets for power that it can keep up through the evening peak."""

from dataclasses import dataclass, field

import numpy as np

from market.block import Block
from market.cents import shared_cents
from market.errors import InputError
from market.layout import Layout
from market.ledger import Ledger
from market.storage_service.rules import CapacityRules
from market.storage_service.settlement import GENERATORS
from market.units import CENTS, BoolArray, FloatArray, IntArray

HOURS_PER_YEAR = 8760


def capacity_price(rules: CapacityRules, hours: FloatArray) -> FloatArray:
    """Return what stations of so many hours get, currency per kW and year.

    Parameters
    ----------
    rules : CapacityRules
    hours : array
        Energy over power: how long a station gives full power.

    Examples
    --------
    A third of the coal plants' price for two hours of a peak of six, two thirds for four.

    >>> capacity_price(CapacityRules(price=165.0, peak_hours=6.0), np.array([2.0, 4.0, 8.0]))
    array([ 55., 110., 165.])

    References
    ----------
    National Development and Reform Commission and National Energy Administration, document 114
    of 2026 (30 January 2026).
    """
    price: FloatArray = rules.price * np.minimum(1.0, hours / rules.peak_hours)
    return price


@dataclass(frozen=True, slots=True)
class ListedStations:
    """Storage stations and whether they are on the list for the capacity payment.

    Attributes
    ----------
    unit : array of int, shape (S,)
        The unit whose owner is paid: the owner's own slice.
    power_kw, hours : array, shape (S,)
        Of the whole station.
    listed : array of bool, shape (S,)
    """

    unit: IntArray = field(default_factory=lambda: np.empty(0, np.int64))
    power_kw: FloatArray = field(default_factory=lambda: np.empty(0))
    hours: FloatArray = field(default_factory=lambda: np.empty(0))
    listed: BoolArray = field(default_factory=lambda: np.empty(0, np.bool_))


class CapacityPayments:
    """Pays listed stations and collects the same to the cent from those whom the rule names.

    A station is owed power x `capacity_price` / 8760 per hour; what is owed is rounded as a sum
    since the start of the run, so that a year of 365 days is exact to the cent. Consumers (loads
    and data centres) pay by energy consumed in the block, generators by energy delivered; when
    none of them had any, all of them pay the same, since the payment is for being there.

    Parameters
    ----------
    layout : Layout
    ledger : Ledger
    stations : ListedStations
    hours : float
        Length of an interval.
    """

    def __init__(
        self, layout: Layout, ledger: Ledger, stations: ListedStations, hours: float
    ) -> None:
        self._layout, self._ledger, self._stations = layout, ledger, stations
        self._hours = hours
        self._owed = np.zeros(stations.unit.size)
        self._paid = np.zeros(stations.unit.size, np.int64)

    def settle(self, block: Block, rules: CapacityRules, rows: IntArray) -> None:
        """Post the payment for some intervals of a block with the rules in force."""
        stations = self._stations
        if not rules.price or not stations.listed.any():
            return
        rate = stations.power_kw * capacity_price(rules, stations.hours) * stations.listed
        self._owed += rate * (rows.size * self._hours / HOURS_PER_YEAR) * CENTS
        cents = np.rint(self._owed).astype(np.int64) - self._paid
        self._paid += cents
        got = np.zeros(len(self._layout.units), np.int64)
        np.add.at(got, stations.unit, cents)
        self._post(block.first + int(rows[0]), -got)
        self._collect(block, rules, rows, int(cents.sum()))

    def _collect(self, block: Block, rules: CapacityRules, rows: IntArray, cents: int) -> None:
        first = block.first + int(rows[0])
        if rules.payer == "government":
            pair = self._ledger.account("government"), self._ledger.account("system")
            none, whole = np.zeros(1, np.int64), np.array([cents])
            self._ledger.post_between(first, pair, "capacity_payment", none, whole)
            return
        weights = self._weights(block, rules, rows)
        self._post(first, shared_cents(np.array([cents]), weights[None, :])[0])

    def _post(self, first: int, cents: IntArray) -> None:
        self._ledger.post(first, "system", "capacity_payment", np.zeros_like(cents), cents)

    def _weights(self, block: Block, rules: CapacityRules, rows: IntArray) -> IntArray:
        consumers = rules.payer == "consumers"
        kinds = ("load", "data_center") if consumers else GENERATORS
        group = self._layout.of_kind(*kinds)
        if not group.any():
            raise InputError(
                f"market.capacity_payment.payer = {rules.payer!r}: the scenario has no unit of "
                f"kind {', '.join(kinds)} to pay; name another payer"
            )
        energy = block.consumed if consumers else block.delivered
        weights = np.where(group, energy[rows].sum(axis=0), 0)
        return weights if weights.any() else group.astype(np.int64)
