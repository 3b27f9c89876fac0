"""Capacity leases: who holds which slice of a storage station when, and who pays whom for it.

A lease gives its holder a part of a station's power and of its energy for a time. Watts and
watt-hours are whole, so what is left to the owner is exact; the rent of a lease is rounded on the
sum since its start, so that its days add up to the rent of the term to the cent.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import accumulate, pairwise

import numpy as np

from market.calendar import DAY_SECONDS, Calendar
from market.errors import ConservationError
from market.storage_service.lease_terms import (
    CONTRACT,
    DEALS,
    Deal,
    LeaseContract,
    Leases,
    Rents,
    Slices,
    Stations,
)
from market.units import CENTS, FloatArray, IntArray

DAYS_PER_YEAR = 365
YEAR_S = DAYS_PER_YEAR * DAY_SECONDS
WATTS_PER_KW = 1000

Part = tuple[int, int]
"""What of a lease is handed over: to which slice, and how many watts."""


class LeaseBook:
    """All leases of a run and all rents they cause.

    Parameters
    ----------
    stations : Stations
    slices : Slices
    accounts : tuple of str
        Those of the ledger, ``market`` among them.
    calendar : Calendar

    Examples
    --------
    A station of 10 kW and 20 kWh leases 4 kW and 5 kWh for 73 days at 300 per kW and year: a rent
    of 4 x 300 x 73 / 365 = 240, and 60 % of its power and 75 % of its energy are left to it.

    >>> from datetime import UTC, datetime
    >>> no = np.zeros(1)
    >>> station = Stations(("S",), ("o",), np.array([10_000]), np.array([20_000]), no, no, no)
    >>> slices = Slices(("S", "S/t"), ("own", "lease"), np.array([0, 0]))
    >>> quarter = Calendar(datetime(2024, 1, 1, tzinfo=UTC), 3600, 24 * 90)
    >>> book = LeaseBook(station, slices, ("o", "t", "market"), quarter)
    >>> book.sign(LeaseContract(1, "t", 4_000, 5_000, 300.0, 0, 73 * 86_400))
    >>> [share.tolist() for share in book.sizes(0)]
    [[0.6, 0.4], [0.75, 0.25]]
    >>> book.due(0, 90 * 86_400).tolist(), book.dates()
    ([24000], [0, 6307200])
    """

    def __init__(
        self, stations: Stations, slices: Slices, accounts: tuple[str, ...], calendar: Calendar
    ) -> None:
        self.stations, self.slices, self.accounts = stations, slices, accounts
        self.leases = Leases(*(np.empty(0, np.int64) for _ in Leases._fields))
        whole, real = np.empty(0, np.int64), np.empty(0)
        self.rents = Rents(whole, whole, whole, real, whole, whole, whole)
        self.deals: list[Deal] = []
        self._calendar = calendar
        self._whole = stations.watts, stations.wh
        self._service = [part_of(size, stations.service_share) for size in self._whole]

    # --- leases ----------------------------------------------------------------------------

    def sign(self, contract: LeaseContract) -> None:
        """Enter a bilateral lease with its rent."""
        station = int(self.slices.station[contract.slice_row])
        pair = contract.tenant, self.stations.owners[station]
        term, size = (contract.start_s, contract.end_s), (contract.watts, contract.wh)
        self.enter([(contract.slice_row, CONTRACT, *size, *term)])
        name, prices = self.stations.names[station], (contract.price, contract.price)
        self.agree(Deal(*term, "lease", *pair, name, *size, *prices))

    def enter(self, rows: Sequence[Sequence[int]]) -> None:
        """Enter rows of `Leases`; `ConservationError` where a station has not that much."""
        if rows:
            new = Leases(*np.array(rows, np.int64).T)
            self.leases = Leases(*map(np.append, self.leases, new))
            self._check(int(new.start_s.min()), int(new.end_s.max()))

    def sublet(self, parts: Mapping[int, Sequence[Part]], now: int) -> dict[int, list[int]]:
        """Hand parts of leases over to other slices of their stations until their terms end.

        Parameters
        ----------
        parts : mapping of row to sequence of (slice, watts)
            By lease; it ends now, and what is not handed over begins anew.
        now : int
            Second from which on the takers hold.

        Returns
        -------
        dict of row to list of int
            Energy that goes with each part, Wh.
        """
        energies = {row: self._energies(row, takers, now) for row, takers in parts.items()}
        rows: list[Sequence[int]] = []
        for row, takers in parts.items():
            giver, product, watts, wh, _, end = (int(column[row]) for column in self.leases)
            kept = watts - sum(part for _, part in takers), wh - sum(energies[row])
            sizes = [(*taker, part) for taker, part in zip(takers, energies[row], strict=True)]
            sizes += [(giver, *kept)] if kept[0] else []
            rows += [(taker, product, *size, now, end) for taker, *size in sizes]
        self.leases.end_s[list(parts)] = now
        self.enter(rows)
        return energies

    def _energies(self, row: int, takers: Sequence[Part], now: int) -> list[int]:
        """Return the energy that goes with parts of a lease; all of it with all of the power."""
        giver, watts, wh = (int(self.leases[column][row]) for column in (0, 2, 3))
        stations = self.slices.station[[giver, *(taker for taker, _ in takers)]]
        sold = list(accumulate((part for _, part in takers), initial=0))
        if sold[-1] > watts or (stations != stations[0]).any():
            name, instant = self.slices.names[giver], self._time(now)
            raise ConservationError(f"{name} sublets at {instant} what it does not hold")
        return [wh * after // watts - wh * before // watts for before, after in pairwise(sold)]

    def agree(self, *deals: Deal) -> None:
        """Note deals and their rents.

        What is auctioned is paid to and by the market, which keeps or bears the difference. Who
        takes a lease from another pays him, and through the market only where their prices differ.
        """
        self.deals += deals
        rents = [rent for deal in deals for rent in self._rents_of(deal)]
        if rents:
            columns = map(np.array, zip(*rents, strict=True))
            self.rents = Rents(*map(np.append, self.rents, columns))

    def _rents_of(self, deal: Deal) -> Iterator[tuple[int, int, int, float, int, int, int]]:
        direct = deal.buyer, deal.seller, deal.buy_price
        through = (deal.buyer, "market", deal.buy_price), ("market", deal.seller, deal.sell_price)
        differ = deal.product == "rights" or deal.buy_price != deal.sell_price
        for payer, payee, price in through if differ else (direct,):
            accounts = self.accounts.index(payer), self.accounts.index(payee)
            per_day = deal.watts / WATTS_PER_KW * price / DAYS_PER_YEAR
            earns = payee == deal.seller and deal.product != "resale"
            station = self.stations.names.index(deal.station) if earns else -1
            yield *accounts, DEALS.index(deal.product), per_day, deal.start_s, deal.end_s, station

    # --- what follows from them --------------------------------------------------------------

    def sizes(self, now: int) -> tuple[FloatArray, FloatArray]:
        """Return each slice's share of its station's power and of its energy at second `now`."""
        slices, live = self.slices, self.leases.live(now)
        rows, held = self.leases.slice_row[live], (self.leases.watts, self.leases.wh)
        own, pool = slices.used("own"), slices.used("service")
        shares = []
        for size, service, leased in zip(self._whole, self._service, held, strict=True):
            part = _sums(rows, leased[live], slices.station.size)
            part[pool] = service[slices.station[pool]]
            part[own] = (size - _sums(slices.station, part, size.size))[slices.station[own]]
            shares.append(part / size[slices.station])
        return shares[0], shares[1]

    def dates(self) -> list[int]:
        """Return the instants from the start of the run on at which leases begin or end."""
        dates = np.concatenate((self.leases.start_s, self.leases.end_s))
        return [int(date) for date in np.unique(np.maximum(dates, 0))]

    def ends(self, now: int) -> FloatArray:
        """Return when the last lease of each slice ends of those that hold at second `now`.

        Seconds since the start of the run; infinite for slices that are not leased then.
        """
        live = self.leases.live(now)
        last = np.full(len(self.slices.names), -np.inf)
        np.maximum.at(last, self.leases.slice_row[live], self.leases.end_s[live])
        return np.where(np.isfinite(last), last, np.inf)

    def room(self, start_s: int, end_s: int) -> tuple[IntArray, IntArray]:
        """Return the power and energy of each station left to the rights auction, W and Wh.

        It is what is offered less what rights hold, and what no lease holds, at every instant of
        the term.
        """
        rooms = [size - service for size, service in zip(self._whole, self._service, strict=True)]
        caps = [part_of(size, self.stations.rights_share) for size in self._whole]
        left = [np.minimum(*both) for both in zip(rooms, caps, strict=True)]
        for instant in self._instants(start_s, end_s):
            everything, rights = self._held(instant), self._held(instant, CONTRACT + 1)
            for index in (0, 1):
                free = np.minimum(rooms[index] - everything[index], caps[index] - rights[index])
                np.minimum(left[index], free, out=left[index])
        return np.maximum(left[0], 0), np.maximum(left[1], 0)

    def due(self, first_s: int, last_s: int) -> IntArray:
        """Return the cents of each rent for the time between two instants.

        The days of a term add up to the rounded rent of the term, however it is cut.
        """
        rents = self.rents
        since, until = (np.clip(at, rents.start_s, rents.end_s) for at in (first_s, last_s))
        rate = rents.per_day * (CENTS / DAY_SECONDS)
        before, after = (np.rint(rate * (at - rents.start_s)) for at in (since, until))
        cents: IntArray = (after - before).astype(np.int64)
        return cents

    def kw_years(self, since_s: IntArray, until_s: int) -> FloatArray:
        """Return what each slice held from its second `since_s` up to `until_s`, kW times years."""
        held = self.leases
        begin = np.maximum(held.start_s, since_s[held.slice_row])
        seconds = np.maximum(np.minimum(held.end_s, until_s) - begin, 0)
        sums = _sums(held.slice_row, held.watts * seconds, since_s.size)
        years: FloatArray = sums / (WATTS_PER_KW * YEAR_S)
        return years

    def _instants(self, start_s: int, end_s: int) -> list[int]:
        """Return when leases that run between two instants begin: only then does the total grow."""
        held = self.leases
        concerned = (held.start_s < end_s) & (held.end_s > start_s)
        return [int(at) for at in np.unique(np.maximum(held.start_s[concerned], start_s))]

    def _held(self, now: int, least: int = CONTRACT) -> tuple[IntArray, IntArray]:
        """Return what leases of products from `least` on hold of each station, W and Wh."""
        held, n = self.leases, self.stations.watts.size
        rows = held.live(now) & (held.product >= least)
        station = self.slices.station[held.slice_row[rows]]
        return _sums(station, held.watts[rows], n), _sums(station, held.wh[rows], n)

    def _check(self, start_s: int, end_s: int) -> None:
        for instant in self._instants(start_s, end_s):
            columns = (self._whole, self._service, self._held(instant), ("W", "Wh"))
            for size, service, held, unit in zip(*columns, strict=True):
                for row in np.flatnonzero(held + service > size):
                    raise ConservationError(
                        f"station {self.stations.names[row]} has {size[row]} {unit}, of which "
                        f"{service[row]} serve others, and leases {held[row]} {unit} "
                        f"at {self._time(instant)}"
                    )

    def _time(self, second: int) -> str:
        return (self._calendar.start + timedelta(seconds=second)).isoformat()


def part_of(whole: IntArray, share: FloatArray) -> IntArray:
    """Return shares of watts or watt-hours, rounded down like any order.

    >>> part_of(np.array([3_000_000]), np.array([0.3]))
    array([900000])
    """
    return np.floor(whole * share + 1e-4).astype(np.int64)


def energy_of(watts: IntArray, hours: FloatArray) -> IntArray:
    """Return the energy of leases of so many hours in whole Wh, rounded down like any order.

    >>> energy_of(np.array([570_001]), np.array([2.0]))
    array([1140002])
    """
    return np.floor(watts * hours + 1e-4).astype(np.int64)


def _sums(rows: IntArray, parts: IntArray, n: int) -> IntArray:
    """Return the sum of whole numbers by row; a weighted count would add floats."""
    sums = np.zeros(n, np.int64)
    np.add.at(sums, rows, parts)
    return sums
