"""Storage leases on the clock: rights are auctioned and slices resized at their dates.

A date concerns the intervals delivered from then on, so all is decided one second before the first
gate of these opens. What is held, owed and known lies in the lease book and the rights market.
"""

from collections.abc import Generator, Sequence
from typing import Any, Protocol

import numpy as np
import simpy

from market import WH_PER_MWH, Block, FloatArray, LeaseBook, MarketSession, RightsMarket

Steps = Generator[simpy.Event, Any, None]


class SlicedFleet(Protocol):
    """Slices of stations that can change their sizes."""

    names: list[str]
    lease_end: FloatArray  # first interval in which a slice is not its tenant's any more

    def resize(self, power_share: FloatArray, energy_share: FloatArray) -> None:
        """Give each slice its shares of its station from the next interval that is quoted."""
        ...


class Leasing:
    """Leases come into force and end at their dates; rights are auctioned and resold.

    Parameters
    ----------
    session : MarketSession
    book : LeaseBook
        With the bilateral leases of the whole run; each slice is a unit of the layout.
    fleets : sequence of SlicedFleet
        Their units are slices of the book.
    market : RightsMarket or None
        None: no rights are auctioned.
    """

    def __init__(
        self,
        session: MarketSession,
        book: LeaseBook,
        fleets: Sequence[SlicedFleet],
        market: RightsMarket | None = None,
    ) -> None:
        self._session, self._book, self._market = session, book, market
        names = list(book.slices.names)
        self._fleets = [(f, np.array([names.index(name) for name in f.names])) for f in fleets]
        self._units = np.array([session.layout.units.index(name) for name in names])
        self._zone = np.array(
            [session.zone_index(session.layout.zone_names[u]) for u in self._units]
        )
        end_s = session.calendar.second(session.calendar.n)
        auctions = market.dates(end_s) if market is not None else []
        self.dates = sorted(date for date in {*book.dates(), *auctions} if date < end_s)
        self._shares: tuple[FloatArray, FloatArray] | None = None

    def process(self, env: simpy.Environment) -> Steps:
        """Wake just before the first gate that a date concerns."""
        for date in self.dates:
            wake = date - self._session.gates.opening_s - 1
            if wake > env.now:
                yield env.timeout(wake - env.now)
            self._turn(date)

    def note(self, block: Block, reference: FloatArray) -> None:
        """Let tenants know what their slices earned in a block that has been delivered.

        Parameters
        ----------
        block : Block
        reference : array, shape (Z, m)
            Reference price of each zone and interval, currency/MWh.
        """
        if self._market is not None:
            second = self._session.calendar.second
            earned = self.income(block, reference)
            self._market.note(second(block.first), second(block.first + block.m), earned)

    def income(self, block: Block, reference: FloatArray) -> FloatArray:
        """Return what slices earned in a block, currency, shape (slices,).

        Energy sold less energy bought, at the reference price. What they stored for their own
        plants came for nothing: its charging is not counted, its discharging is.
        """
        net = block.delivered - block.consumed - block.stored
        price = reference[self._zone].T
        earned: FloatArray = np.add.reduce(net[:, self._units] * price, axis=0) / WH_PER_MWH
        return earned

    def _turn(self, date: int) -> None:
        """Hold the auctions of a date, then give all slices the sizes they have from it on."""
        if self._market is not None:
            self._market.hold_all(date)
        ends = np.ceil(self._book.ends(date) / self._session.calendar.interval_s)
        for fleet, rows in self._fleets:
            fleet.lease_end[:] = ends[rows]
        shares = self._book.sizes(date)
        if self._shares is not None and all(map(np.array_equal, shares, self._shares)):
            return
        self._shares = shares
        for fleet, rows in self._fleets:
            fleet.resize(shares[0][rows], shares[1][rows])
