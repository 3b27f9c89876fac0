"""Storage rights: auctions of slices of stations for a term, and their resale within it.

A bundle is 1 MW with so many MWh for so many days. Bundles of different hours or terms are
different goods, each with a book of its own; within a book only the price counts, so any double
auction of the registry clears it. What comes out is who holds how much of which station.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from market.auction import hold
from market.calendar import DAY_SECONDS
from market.clearing import AuctionRules, ClearingResult, TieBreak
from market.orders import OrderBook
from market.pairs import side_by_side
from market.storage_service.leases import WATTS_PER_KW, energy_of
from market.units import FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class Product:
    """What is auctioned: power with energy for a time.

    Attributes
    ----------
    hours : float or None
        MWh that come with each MW; None: what each station has, so that bundles differ.
    term_days : int
        Length of the term; terms follow each other from the start of the run.
    """

    hours: float | None = None
    term_days: int = 30

    @property
    def term_s(self) -> int:
        """Length of the term in seconds."""
        return self.term_days * DAY_SECONDS


@dataclass(frozen=True, slots=True)
class RightsRules:
    """The market for storage rights.

    Attributes
    ----------
    mechanism : Mechanism
        Of the auctions and of the resale.
    products : tuple of Product
        In the order in which they are cleared on the same day; what a station has sold in one
        it cannot offer in the next.
    reserve : float
        Lowest price, currency per kW and year; a station that asks more is asked for no less.
    ceiling : float
        Highest price, currency per kW and year.
    tie_break : str
        Who gets what at the margin.
    resale_days : int
        Every so many days within a term holders may sell; 0: they may not.
    experience : float
        Weight of realised income in what rights are worth to a tenant at a resale, 0 to 1.
    """

    mechanism: Any
    products: tuple[Product, ...]
    reserve: float = 0.0
    ceiling: float = float("inf")
    tie_break: TieBreak = "pro-rata"
    resale_days: int = 0
    experience: float = 0.5


@dataclass(frozen=True, slots=True)
class Tenants:
    """Who wants storage rights, as columns.

    Attributes
    ----------
    names, owners : tuple of str
        Owners are account holders.
    watts : array of int
        Power each wants to hold.
    value : array
        What it is worth to him, currency per kW and year, as he states it.
    product : array of int
        Row of the product.
    """

    names: tuple[str, ...]
    owners: tuple[str, ...]
    watts: IntArray
    value: FloatArray
    product: IntArray


class Side(NamedTuple):
    """Offers or bids for one bundle: whole watts, currency per kW and year, and whose they are."""

    watts: IntArray
    price: FloatArray
    party: IntArray


class Awards(NamedTuple):
    """Who gets how much from whom: rows of offers and bids, watts, and the price of either side."""

    ask: IntArray
    bid: IntArray
    watts: IntArray
    buy_price: FloatArray
    sell_price: FloatArray


class Round(NamedTuple):
    """An auction of a product at a second of the run, from stations or among tenants."""

    date_s: int
    product: int
    resale: bool


def rounds(rules: RightsRules, end_s: int) -> list[Round]:
    """Return all auctions of a run of so many seconds, in order.

    >>> rules = RightsRules(None, (Product(2.0, 30),), resale_days=20)
    >>> [(each.date_s // 86_400, each.resale) for each in rounds(rules, 45 * 86_400)]
    [(0, False), (20, True), (30, False)]
    """
    found = []
    for index, product in enumerate(rules.products):
        step = rules.resale_days * DAY_SECONDS or product.term_s
        for start in range(0, end_s, product.term_s):
            dates = range(start, min(start + product.term_s, end_s), step)
            found += [Round(date, index, date > start) for date in dates]
    return sorted(found)


def trade(
    rules: RightsRules, asks: Side, bids: Side, rng: np.random.Generator | None = None
) -> Awards:
    """Return who gets rights from whom; nobody gets any from himself.

    Where the mechanism makes no pairs, what is sold and what is bought are laid side by side in
    the order of the rows: whose rights they are makes no difference to the price.

    >>> from market.mechanisms.uniform import Uniform
    >>> asks = Side(np.array([3, 4]), np.array([100.0, 200.0]), np.array([0, 1]))
    >>> bids = Side(np.array([5]), np.array([300.0]), np.array([2]))
    >>> awards = trade(RightsRules(Uniform(), ()), asks, bids)
    >>> awards.ask, awards.watts, awards.buy_price
    (array([0, 1]), array([3, 2]), array([200., 200.]))
    """
    book = OrderBook(
        asks.price,
        asks.watts,
        bids.price,
        bids.watts,
        quantum=1 / WATTS_PER_KW,
        ask_owner=asks.party,
        bid_owner=bids.party,
        ask_party=asks.party,
        bid_party=bids.party,
    )
    limits = AuctionRules(0.0, rules.ceiling, rules.tie_break)
    return _pairs(hold(rules.mechanism, book, limits, rng))


def _pairs(result: ClearingResult) -> Awards:
    if result.trades is not None:
        return Awards(*result.trades, result.trades.price)
    asks, bids = result.ask_fill.nonzero()[0], result.bid_fill.nonzero()[0]
    ask, bid, watts = side_by_side(asks, result.ask_fill[asks], bids, result.bid_fill[bids])
    buy = result.buy_price if result.bid_pay is None else result.bid_pay[bid]
    sell = result.sell_price if result.ask_pay is None else result.ask_pay[ask]
    return Awards(ask, bid, watts, np.full(watts.size, buy), np.full(watts.size, sell))


def lettable(watts: IntArray, wh: IntArray, hours: FloatArray) -> IntArray:
    """Return the power that can be let with so many hours out of what is left, whole watts.

    >>> lettable(np.array([5000, 5000]), np.array([8000, 99_000]), np.array([2.0, 2.0]))
    array([4000, 5000])
    """
    fits = np.floor(wh / hours + 1e-4).astype(np.int64)
    fits -= energy_of(fits, hours) > wh
    return np.minimum(watts, fits)


def energies(awards: Awards, hours: FloatArray) -> IntArray:
    """Return the energy of each award, Wh; those of one station add up to what it lets, exactly.

    >>> price = np.zeros(2)
    >>> awards = Awards(np.array([0, 0]), np.array([0, 1]), np.array([3, 3]), price, price)
    >>> energies(awards, np.array([1.5]))
    array([4, 5])
    """
    wh = np.zeros_like(awards.watts)
    for ask in np.unique(awards.ask):
        rows = awards.ask == ask
        wh[rows] = np.diff(energy_of(awards.watts[rows].cumsum(), hours[ask]), prepend=0)
    return wh
