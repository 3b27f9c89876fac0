"""What leases are made of: stations, their slices, who holds what when, and who pays for it."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from market.units import BoolArray, FloatArray, IntArray

DEALS = ("lease", "rights", "resale")
"""How a lease comes about: agreed on bilaterally, bought in the auction, sublet."""
CATEGORIES = ("lease", "lease_auction", "lease_resale")
"""Ledger categories of their rents, in the same order."""
CONTRACT = -1
"""In the place of a product: a lease agreed on bilaterally."""


@dataclass(frozen=True, slots=True)
class Stations:
    """Storage stations that can be leased, as columns.

    Attributes
    ----------
    names, owners : tuple of str
        Owners are account holders.
    watts, wh : array of int
        Power and energy of the whole station.
    service_share : array
        Part of both that serves the pool of the service market; fixed for the run.
    rights_share : array
        Part of both that is offered as storage rights, all products together.
    lease_ask : array
        Lowest rent the owner accepts, currency per kW and year.
    """

    names: tuple[str, ...]
    owners: tuple[str, ...]
    watts: IntArray
    wh: IntArray
    service_share: FloatArray
    rights_share: FloatArray
    lease_ask: FloatArray


@dataclass(frozen=True, slots=True)
class Slices:
    """The units that stations are split into, in any order.

    Attributes
    ----------
    names : tuple of str
    uses : tuple of str
        ``own`` (one of each station), ``service`` (at most one), ``lease``.
    station : array of int
        Row of the station.
    """

    names: tuple[str, ...]
    uses: tuple[str, ...]
    station: IntArray

    def used(self, use: str) -> IntArray:
        """Return the rows of the slices of one use."""
        return np.flatnonzero([known == use for known in self.uses])


class Leases(NamedTuple):
    """Who holds how much of a station when, as columns.

    Attributes
    ----------
    slice_row : array of int
    product : array of int
        Of the rights auction; `CONTRACT` for a bilateral lease.
    watts, wh : array of int
    start_s, end_s : array of int
        Seconds since the start of the run; the end is not part of it.
    """

    slice_row: IntArray
    product: IntArray
    watts: IntArray
    wh: IntArray
    start_s: IntArray
    end_s: IntArray

    def live(self, now: int) -> BoolArray:
        """Return which of them hold at second `now`."""
        return (self.start_s <= now) & (self.end_s > now) & (self.watts > 0)


class Rents(NamedTuple):
    """Who pays whom for a lease, as columns.

    Attributes
    ----------
    payer, payee : array of int
        Accounts of the ledger.
    category : array of int
        Index into `CATEGORIES`.
    per_day : array
        Currency per day.
    start_s, end_s : array of int
        Seconds since the start of the run.
    station : array of int
        Row of the station whose income it is; -1: none's, since the market or a tenant is paid.
    """

    payer: IntArray
    payee: IntArray
    category: IntArray
    per_day: FloatArray
    start_s: IntArray
    end_s: IntArray
    station: IntArray


class Deal(NamedTuple):
    """One lease as it was agreed on, for the table of trades.

    Attributes
    ----------
    start_s, end_s : int
        Seconds since the start of the run.
    product : str
        One of `DEALS`.
    buyer, seller : str
        Account holders.
    station : str
    watts, wh : int
    buy_price, sell_price : float
        What the buyer pays and the seller receives, currency per kW and year.
    """

    start_s: int
    end_s: int
    product: str
    buyer: str
    seller: str
    station: str
    watts: int
    wh: int
    buy_price: float
    sell_price: float


@dataclass(frozen=True, slots=True)
class LeaseContract:
    """A lease agreed on bilaterally, at a fixed rent.

    Attributes
    ----------
    slice_row : int
        The slice that is leased.
    tenant : str
        Account that pays the station's owner.
    watts, wh : int
    price : float
        Currency per kW and year.
    start_s, end_s : int
        Seconds since the start of the run; the start may lie before it.
    """

    slice_row: int
    tenant: str
    watts: int
    wh: int
    price: float
    start_s: int
    end_s: int
