"""Who may have would-be curtailment stored, where, and on which terms."""

from dataclasses import dataclass, fields

import numpy as np

from market.layout import Layout, ZoneRows
from market.units import FloatArray, IntArray, to_wh

UNLIMITED = int(np.iinfo(np.int64).max)
"""What is left of a contract without a total, Wh."""


@dataclass(frozen=True, slots=True)
class Slices:
    """The slices of stations in one zone that take would-be curtailment.

    Attributes
    ----------
    units : slice
        Rows of the zone; nobody else takes part.
    owner_of : array of int, shape (U,)
        Owner of each unit.
    owners : int
        How many owners there are.
    pools : array of int
        Units that store for others, in the order of their stations' names.
    by_efficiency : array of int
        The same, best round trip first, equal ones by name.
    leases : array of int
        Units that store for their tenants.
    """

    units: slice
    owner_of: IntArray
    owners: int
    pools: IntArray
    by_efficiency: IntArray
    leases: IntArray

    @classmethod
    def of_zone(cls, layout: Layout, zone: ZoneRows, round_trip: FloatArray) -> "Slices":
        """Return the slices of a zone; `round_trip` is by unit, shape (U,)."""
        pools, leases = (_used_as(layout, zone.units, use) for use in ("service", "lease"))
        # Stations are numbered in the order of their names.
        pools = pools[layout.station_of[pools].argsort(kind="stable")]
        best = pools[(-round_trip[pools]).argsort(kind="stable")]
        return cls(zone.units, layout.owner_of, len(layout.owners), pools, best, leases)


def _used_as(layout: Layout, units: slice, use: str) -> IntArray:
    rows = range(*units.indices(len(layout.units)))
    return np.array([row for row in rows if layout.uses[row] == use], np.int64)


@dataclass(frozen=True, slots=True)
class ServiceContracts:
    """Bilateral contracts of a run: a station stores for the plants of one owner, at a price.

    A contract holds for the intervals that start within its term and within its window of the
    day. A window that ends before it starts goes over midnight; one that ends where it starts is
    the whole day.

    Attributes
    ----------
    pool : array of int, shape (C,)
        Unit of the station that stores.
    buyer : array of int, shape (C,)
        Owner of the plants.
    mw : array, shape (C,)
        Power at which the station charges at most, on the grid side.
    window_start_s, window_end_s : array of int, shape (C,)
        Seconds of the local day, the end not included.
    price : array, shape (C,)
        Currency/MWh charged.
    wh_left : array of int, shape (C,)
        What is left of the agreed total, Wh charged; `UNLIMITED` without a total. `use` counts it
        down.
    start_s, end_s : array of int, shape (C,)
        Term in seconds since the start of the run, the end not included.
    """

    pool: IntArray
    buyer: IntArray
    mw: FloatArray
    window_start_s: IntArray
    window_end_s: IntArray
    price: FloatArray
    wh_left: IntArray
    start_s: IntArray
    end_s: IntArray

    @classmethod
    def none(cls) -> "ServiceContracts":
        """Return no contracts."""
        whole, number = np.empty(0, np.int64), np.empty(0)
        return cls(whole, whole, number, whole, whole, number, whole, whole, whole)

    def limits(self, hours: float, clock_s: int, second: int) -> IntArray:
        """Return what each contract may still store in an interval, Wh.

        Parameters
        ----------
        hours : float
            Length of the interval.
        clock_s, second : int
            When it starts: second of the local day, and second since the start of the run.

        Examples
        --------
        4 MW from 22:00 to 2:00, of which 0.7 MWh are left, at half past one and at two.

        >>> one = np.array([0])
        >>> contract = ServiceContracts(
        ...     one, one, np.array([4.0]), np.array([79_200]), np.array([7_200]),
        ...     np.array([200.0]), np.array([700_000]), one, np.array([86_400]),
        ... )
        >>> contract.limits(0.25, 5_400, 5_400), contract.limits(0.25, 7_200, 7_200)
        (array([700000]), array([0]))
        """
        begun, not_over = clock_s >= self.window_start_s, clock_s < self.window_end_s
        overnight = self.window_start_s >= self.window_end_s
        within = np.where(overnight, begun | not_over, begun & not_over)
        within &= (second >= self.start_s) & (second < self.end_s)
        return np.minimum(to_wh(self.mw * hours), self.wh_left) * within

    def use(self, wh: IntArray) -> None:
        """Take what was stored off the totals, shape (C,)."""
        self.wh_left[:] -= np.where(self.wh_left == UNLIMITED, 0, wh)


@dataclass(frozen=True, slots=True)
class Awards:
    """What service auctions of one interval have agreed on, as columns of equal length.

    Attributes
    ----------
    plant, pool : array of int
        Units: who may have energy stored, and where.
    wh : array of int
        How much at most, Wh charged.
    buy_price, sell_price : array
        What the plant pays and the station's owner receives, currency/MWh charged.
    """

    plant: IntArray
    pool: IntArray
    wh: IntArray
    buy_price: FloatArray
    sell_price: FloatArray

    @classmethod
    def none(cls) -> "Awards":
        """Return no awards."""
        whole, price = np.empty(0, np.int64), np.empty(0)
        return cls(whole, whole, whole, price, price)

    @classmethod
    def joined(cls, *parts: "Awards") -> "Awards":
        """Return the awards of several auctions as one, in their order."""
        names = [field.name for field in fields(cls)]
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


@dataclass(frozen=True, slots=True)
class Claims:
    """What was agreed beforehand on one interval, and how full the stations are.

    Attributes
    ----------
    contracts : ServiceContracts
    limits : array of int, shape (C,)
        What each contract may store in the interval, Wh; see `ServiceContracts.limits`.
    awards : Awards
    charge : array, shape (U,)
        State of charge of each store as a share of its size: for calls to the emptiest first.
    """

    contracts: ServiceContracts
    limits: IntArray
    awards: Awards
    charge: FloatArray
