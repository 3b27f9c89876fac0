"""Whose energy a pool stores: what plants put in, and what belongs to the station itself."""

from datetime import datetime

import numpy as np

from market.errors import ConservationError
from market.storage_service.flows import Flows, Returned
from market.units import FloatArray, IntArray, round_rows

TOLERANCE_WH = 0.5  # half a watt-hour, as for states of charge
EMPTY_WH = 0.5  # of less nobody's share is worth a share in what comes in


class Holdings:
    """The stored energy of each pool by whom it belongs to, Wh.

    Losses, withdrawals and credits change all holdings of a pool in proportion, so their sum
    stays the state of charge. What a pool stores at the start is its own, and so is what it gains
    when it is empty.

    Most plants hold nothing in most pools, so what is kept of the matrix of pools and units is a
    list of holdings, ordered by pool and holder; every pool is on it as a holder of its own.

    Parameters
    ----------
    names : sequence of str, length U
        Of the units.
    pools : array of int, shape (P,)
        Units that are pools.
    efficiency_charge, soc : array, shape (U,)
        Stored per Wh charged; state of charge at the start, Wh.

    Examples
    --------
    Pool 2 stores 100 Wh of its own and gets 50 Wh of plant 0, of which 40 arrive. Then it gives
    10 Wh to the grid.

    >>> names, pools = ["sun", "wind", "pool"], np.array([2])
    >>> holdings = Holdings(names, pools, np.full(3, 0.8), np.array([np.nan, np.nan, 100.0]))
    >>> plant, wh, call, free = np.array([0]), np.array([50]), np.array([4]), np.zeros(1)
    >>> deposit = Flows(plant, pools, wh, call, free, free)
    >>> holdings.after(np.full(3, 140.0), deposit)
    >>> holdings.of(2)
    array([ 40.,   0., 100.])
    >>> holdings.give_back(2, 10)
    Returned(store=2, holder=array([0, 2]), wh=array([3, 7]))
    """

    def __init__(
        self,
        names: tuple[str, ...] | list[str],
        pools: IntArray,
        efficiency_charge: FloatArray,
        soc: FloatArray,
    ) -> None:
        self._names, self._pools, self._efficiency = names, pools, efficiency_charge
        self._place = np.full(len(names), -1)
        self._place[pools] = np.arange(pools.size)
        own = np.arange(pools.size) * len(names) + pools
        self._soc = soc[pools].astype(np.float64)
        self._list(own, self._soc.copy())

    def of(self, store: int) -> FloatArray:
        """Return what each unit holds in a pool, stored Wh, shape (U,)."""
        found = np.zeros(len(self._names))
        part = self._part(store)
        found[self._holder[part]] = self._wh[part]
        return found

    def give_back(self, store: int, delivered_wh: int) -> Returned:
        """Return on whose behalf a pool delivers, in proportion to the holdings, whole Wh.

        The holdings themselves change with the state of charge, see `after`.
        """
        part, whole = self._part(store), float(self._sums[self._place[store]])
        holder = self._holder[part]
        if whole < EMPTY_WH:  # it delivers what came in only now
            wh = np.where(holder == store, delivered_wh, 0)
        else:
            exact = self._wh[part] * (delivered_wh / whole)
            wh = round_rows(exact[None, :], np.array([delivered_wh]))[0]
        given = wh.nonzero()[0]
        return Returned(store, holder[given], wh[given])

    def take_over(self, stored: FloatArray) -> None:
        """Add stored energy that came with capacity as an interval began, Wh, shape (U,).

        It is their own: it was paid for.
        """
        self._wh[self._own] += stored[self._pools]
        self._soc = self._soc + stored[self._pools]
        self._add_up()

    def after(self, soc: FloatArray, flows: Flows, own: FloatArray | None = None) -> None:
        """Follow the state of charge over an interval.

        Holdings are scaled to what is not new in the pool, then deposits are added.

        Parameters
        ----------
        soc : array, shape (U,)
            State of charge at the end of the interval, Wh.
        flows : Flows
            What was stored in the interval; what went into other stores than pools does not count.
        own : array, shape (U,), optional
            What the stations themselves put into their pools, stored Wh: energy that they bought.
        """
        now = soc[self._pools]
        if own is None and not flows.wh.size and np.array_equal(now, self._soc):
            return
        pool, key, stored = self._deposits(flows, own)
        new = np.bincount(pool, stored, self._pools.size)
        self._scale(now - new)
        rows = self._rows(key)
        np.add.at(self._wh, rows, stored)
        self._soc = now
        self._add_up()

    def check(self, soc: FloatArray, moment: datetime) -> None:
        """Raise `ConservationError` unless the holdings of each pool add up to its charge.

        Parameters
        ----------
        soc : array, shape (U,)
            State of charge at the end of an interval, Wh.
        moment : datetime
            Start of that interval.
        """
        gap = np.abs(self._sums - soc[self._pools])
        least = np.minimum.reduceat(self._wh, self._edge[:-1])
        for wrong, what in (
            (~(gap <= TOLERANCE_WH), "holdings do not add up to the state of charge"),
            (~(least >= 0), "a holding is negative"),
        ):
            if wrong.any():
                name = self._names[self._pools[int(wrong.argmax())]]
                raise ConservationError(f"{moment.isoformat()}, unit {name}: {what}")

    def _part(self, store: int) -> slice:
        place = self._place[store]
        return slice(self._edge[place], self._edge[place + 1])

    def _deposits(
        self, flows: Flows, own: FloatArray | None
    ) -> tuple[IntArray, IntArray, FloatArray]:
        """Return pool, place on the list and stored Wh of all that is new."""
        place = self._place[flows.store]
        into = place >= 0
        pool, holder, store = place[into], flows.plant[into], flows.store[into]
        stored = flows.wh[into] * self._efficiency[store]
        if own is not None:
            pool = np.append(pool, np.arange(self._pools.size))
            holder = np.append(holder, self._pools)
            stored = np.append(stored, own[self._pools])
        return pool, pool * len(self._names) + holder, stored

    def _scale(self, target: FloatArray) -> None:
        """Make holdings add up to each pool's target; what an empty pool gains is its own."""
        sums = self._sums
        gain = np.where((sums < EMPTY_WH) & (target > sums), target - sums, 0.0)
        held = (sums > 0) & (gain == 0)
        factor = np.divide(np.maximum(target, 0.0), sums, out=np.ones(sums.size), where=held)
        self._wh *= factor[self._pool]
        self._wh[self._own] += gain

    def _rows(self, key: IntArray) -> IntArray:
        """Return the rows of holdings; new ones are put on the list."""
        rows = self._key.searchsorted(key)
        new = self._key[np.minimum(rows, self._key.size - 1)] != key
        if new.any():
            fresh = np.unique(key[new])
            at = self._key.searchsorted(fresh)
            self._list(np.insert(self._key, at, fresh), np.insert(self._wh, at, 0.0))
            rows = self._key.searchsorted(key)
        return rows

    def _list(self, key: IntArray, wh: FloatArray) -> None:
        """Set the list of holdings, and where each pool's part of it is."""
        units, count = len(self._names), self._pools.size
        self._key, self._wh = key, wh
        self._pool, self._holder = key // units, key % units
        self._edge = self._pool.searchsorted(np.arange(count + 1))
        self._own = key.searchsorted(np.arange(count) * units + self._pools)
        self._add_up()

    def _add_up(self) -> None:
        self._sums: FloatArray = np.add.reduceat(self._wh, self._edge[:-1])
