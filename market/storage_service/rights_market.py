"""The market for storage rights over a run: auctions, resales, and what tenants learn."""

import numpy as np

from market.storage_service.lease_terms import Deal, Stations
from market.storage_service.leases import LeaseBook, Part
from market.storage_service.rights import (
    Awards,
    Product,
    RightsRules,
    Round,
    Side,
    Tenants,
    energies,
    lettable,
    rounds,
    trade,
)
from market.streams import stream
from market.units import FloatArray, IntArray


class RightsMarket:
    """The auctions of a run: they read the lease book and write what they decide into it.

    Parameters
    ----------
    rules : RightsRules
    tenants : Tenants
    book : LeaseBook
    slice_of : array of int, shape (stations, tenants)
        The slice that each tenant has of each station, empty until he gets rights to it; -1 of
        stations that offer none.
    seed : int
    """

    def __init__(
        self, rules: RightsRules, tenants: Tenants, book: LeaseBook, slice_of: IntArray, seed: int
    ) -> None:
        self.rules, self.tenants, self.book = rules, tenants, book
        self._slice_of, self._seed = slice_of, seed
        station, tenant = np.nonzero(slice_of >= 0)
        self._slices, self._tenants = slice_of[station, tenant], tenant
        self._tenant_of = np.full(len(book.slices.names), -1)
        self._tenant_of[self._slices] = tenant
        self._account = _accounts(book, tenants.owners)
        terms = np.array([product.term_s for product in rules.products], np.int64)
        self._term_s = terms[tenants.product]
        # What each tenant earned with his slices in the term that begins at `_since_s`.
        self._income = np.zeros(tenants.watts.size)
        self._since_s = np.zeros(tenants.watts.size, np.int64)
        self._until_s = 0

    def dates(self, end_s: int) -> list[int]:
        """Return the seconds of a run at which auctions are held."""
        return sorted({each.date_s for each in rounds(self.rules, end_s)})

    def hold_all(self, date_s: int) -> None:
        """Hold all auctions of a date, products in their order."""
        for each in rounds(self.rules, date_s + 1):
            if each.date_s == date_s:
                self.hold(each)

    def hold(self, each: Round) -> None:
        """Hold one auction and enter its leases, rents and deals."""
        rng = stream(self._seed, "rights", str(each.product), str(each.date_s))
        if each.resale:
            self._resell(each, rng)
        else:
            self._let(each, rng)

    def note(self, start_s: int, end_s: int, income: FloatArray) -> None:
        """Take up what each slice earned between two instants of one term, in currency."""
        since = start_s // self._term_s * self._term_s
        before = np.where(since == self._since_s, self._income, 0.0)
        self._income = before + self._by_tenant(income)
        self._since_s, self._until_s = since, end_s

    def values(self, now: int) -> FloatArray:
        """Return what rights are worth to each tenant by his experience, currency per kW and year.

        It is (1 - w) x the stated value + w x his income per kW and year held, both since the
        start of the term, with w the rule's `experience`; never below zero. Who has held nothing
        in this term keeps to the stated value.
        """
        stated, weight = self.tenants.value, self.rules.experience
        since = np.zeros(self._tenant_of.size, np.int64)
        since[self._slices] = self._since_s[self._tenants]
        held = self._by_tenant(self.book.kw_years(since, self._until_s))
        running = now // self._term_s * self._term_s == self._since_s
        known = running & (held > 0)
        realised = np.divide(self._income, held, out=stated.astype(np.float64), where=known)
        return np.maximum((1 - weight) * stated + weight * realised, 0.0)

    def _let(self, each: Round, rng: np.random.Generator) -> None:
        """Auction what stations have left for a term."""
        book, stations = self.book, self.book.stations
        product = self.rules.products[each.product]
        term = each.date_s, each.date_s + product.term_s
        hours = _hours(product, stations)
        watts = lettable(*book.room(*term), hours)
        price = np.maximum(stations.lease_ask, self.rules.reserve)
        takers, bids = self._bids(each, self.tenants.value, self.tenants.watts)
        asks = Side(watts, price, _accounts(book, stations.owners))
        awards = trade(self.rules, asks, bids, rng)
        wh, buyers = energies(awards, hours), takers[awards.bid]
        places = self._slice_of[awards.ask, buyers]
        rows = zip(places.tolist(), awards.watts.tolist(), wh.tolist(), strict=True)
        book.enter([(place, each.product, *size, *term) for place, *size in rows])
        deals = []
        for row, station in enumerate(awards.ask):
            pair = self.tenants.owners[buyers[row]], stations.owners[station]
            name, size = stations.names[station], (int(awards.watts[row]), int(wh[row]))
            deals.append(Deal(*term, "rights", *pair, name, *size, *_prices(awards, row)))
        book.agree(*deals)

    def _resell(self, each: Round, rng: np.random.Generator) -> None:
        """Auction what tenants hold among them, for the rest of the term."""
        now, held, value = each.date_s, self.book.leases, self.values(each.date_s)
        rows = np.flatnonzero(held.live(now) & (held.product == each.product))
        holder = self._tenant_of[held.slice_row[rows]]
        lacking = self.tenants.watts.copy()
        np.subtract.at(lacking, holder, held.watts[rows])
        takers, bids = self._bids(each, value, np.maximum(lacking, 0))
        asks = Side(held.watts[rows], value[holder], self._account[holder])
        awards = trade(self.rules, asks, bids, rng)
        self._sublet(now, rows[awards.ask], takers[awards.bid], awards)

    def _sublet(self, now: int, leases: IntArray, buyers: IntArray, awards: Awards) -> None:
        """Hand what of each lease was sold over to its buyers."""
        book, owners = self.book, self.tenants.owners
        place, ends = book.leases.slice_row[leases], book.leases.end_s[leases].tolist()
        station, sellers = book.slices.station[place], self._tenant_of[place]
        watts = awards.watts.tolist()
        parts: dict[int, list[Part]] = {row: [] for row in leases.tolist()}
        takers = zip(self._slice_of[station, buyers].tolist(), watts, strict=True)
        for row, taker in zip(leases.tolist(), takers, strict=True):
            parts[row].append(taker)
        wh = {row: iter(energies) for row, energies in book.sublet(parts, now).items()}
        deals = []
        for row, lease in enumerate(leases.tolist()):
            pair = owners[buyers[row]], owners[sellers[row]]
            name, size = book.stations.names[station[row]], (watts[row], next(wh[lease]))
            term, prices = (now, ends[row]), _prices(awards, row)
            deals.append(Deal(*term, "resale", *pair, name, *size, *prices))
        book.agree(*deals)

    def _by_tenant(self, columns: FloatArray) -> FloatArray:
        """Return the sums over the slices of each tenant."""
        sums = np.zeros(self._account.size)
        np.add.at(sums, self._tenants, columns[self._slices])
        return sums

    def _bids(self, each: Round, value: FloatArray, watts: IntArray) -> tuple[IntArray, Side]:
        """Return the tenants who want the product, and what they bid."""
        takers = np.flatnonzero(self.tenants.product == each.product)
        return takers, Side(watts[takers], value[takers], self._account[takers])


def _hours(product: Product, stations: Stations) -> FloatArray:
    """Return the hours that each station lets."""
    own: FloatArray = stations.wh / stations.watts
    return own if product.hours is None else np.full(own.size, product.hours)


def _prices(awards: Awards, row: int) -> tuple[float, float]:
    return float(awards.buy_price[row]), float(awards.sell_price[row])


def _accounts(book: LeaseBook, owners: tuple[str, ...]) -> IntArray:
    return np.array([book.accounts.index(owner) for owner in owners], np.int64)
