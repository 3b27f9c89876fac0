"""The SimPy processes of the players: one pair per role, never one per unit.

A role hears that a gate opened and quotes, hears the result and commits, hears that an interval
is over and meters. Where a continuous market trades and some fleet revises its orders, it also
hears how the book stands. Between two messages it holds nothing but the fleets' state arrays.
"""

from collections.abc import Generator, Sequence
from typing import Any

import numpy as np
import simpy

from agents.fleet import Fleet
from agents.quotes import MarketView
from market import (
    Block,
    Delivery,
    FleetBlock,
    FleetRows,
    Gate,
    MarketRules,
    MarketSession,
    ServiceForm,
    ServiceMarket,
    Trading,
)

Steps = Generator[simpy.Event, Any, None]


class Role:
    """Storage owners, generators or buyers: fleets that act at the same moments.

    Parameters
    ----------
    session : MarketSession
    fleets : sequence of (Fleet, FleetRows)
    """

    def __init__(self, session: MarketSession, fleets: Sequence[tuple[Fleet, FleetRows]]) -> None:
        self._session, self._fleets = session, list(fleets)
        self._stateful = [i for i, (fleet, _) in enumerate(fleets) if fleet.stateful]
        self._reactive = [i for i, (fleet, _) in enumerate(fleets) if fleet.per_interval]
        self._views: dict[int, list[FleetBlock]] = {}
        self._rules: MarketRules | None = None

    def start(self, env: simpy.Environment) -> None:
        """Put the role's processes on the clock: bidding, delivering, and what else it does."""
        env.process(self._bidding())
        env.process(self._delivering())
        if any(fleet.revises for fleet, _ in self._fleets):
            env.process(self._revising())
        if self._session.service is not None:
            env.process(self._serving(self._session.service))

    def _bidding(self) -> Steps:
        while True:
            gate: Gate = yield self._session.opened.wait()
            self._quote(gate)
            gate = yield self._session.published.wait()
            windows = self._windows(gate.block)
            for index in self._stateful:
                self._fleets[index][0].award(windows[index], gate.row)

    def _revising(self) -> Steps:
        while True:
            trading: Trading = yield self._session.trading.wait()
            gate = trading.gate
            for (fleet, _), block in zip(self._fleets, self._windows(gate.block), strict=True):
                if fleet.revises:
                    book = trading.books[self._session.zone_index(fleet.zone)]
                    fleet.revise(block, self._view(gate, fleet, 1), book, trading.step)

    def _serving(self, service: ServiceMarket) -> Steps:
        while True:
            form: ServiceForm = yield service.asked.wait()
            windows = self._windows(form.block)
            for (fleet, rows), block in zip(self._fleets, windows, strict=True):
                fleet.answer(form, block, rows.units)

    def _quote(self, gate: Gate) -> None:
        windows = self._windows(gate.block)
        if gate.row == 0 or gate.rules is not self._rules:
            self._quote_block(gate, windows)
        for index in self._reactive:
            fleet = self._fleets[index][0]
            fleet.quote(windows[index], self._view(gate, fleet, 1))
        for (fleet, _), block in zip(self._fleets, windows, strict=True):
            if fleet.outages.possible:
                fleet.reduce_for_outages(block, gate.row)

    def _quote_block(self, gate: Gate, windows: list[FleetBlock]) -> None:
        """Look ahead at a new block; quote what is left of it where nobody reacts within it."""
        self._rules = gate.rules
        for index, ((fleet, _), block) in enumerate(zip(self._fleets, windows, strict=True)):
            if gate.row == 0:
                fleet.look_ahead(block)
            if index not in self._reactive:
                fleet.quote(block, self._view(gate, fleet, block.m - gate.row))

    def _view(self, gate: Gate, fleet: Fleet, count: int) -> MarketView:
        session = self._session
        auction = gate.rules.auction
        published = session.reference[session.zone_index(fleet.zone), : session.known]
        published.flags.writeable = False
        return MarketView(
            first=gate.interval,
            count=count,
            calendar=session.calendar,
            floor=auction.price_floor,
            cap=auction.price_cap,
            published=published,
            forecaster=fleet.forecaster,
            rules=gate.rules,
        )

    def _delivering(self) -> Steps:
        while True:
            delivery: Delivery = yield self._session.delivery.wait()
            windows = self._windows(delivery.block)
            getattr(self, f"_{delivery.phase}")(delivery, windows)
            if delivery.phase == "commit" and delivery.row == delivery.block.m - 1:
                del self._views[delivery.block.first]

    def _meter(self, delivery: Delivery, windows: list[FleetBlock]) -> None:
        for (fleet, _), block in zip(self._fleets, windows, strict=True):
            if fleet.meter(block, delivery.row):
                delivery.deviates = True

    def _balance(self, delivery: Delivery, windows: list[FleetBlock]) -> None:
        flexibility = delivery.flexibility
        assert flexibility is not None  # the session asks with an empty form
        for (fleet, rows), block in zip(self._fleets, windows, strict=True):
            flexibility.shed_order[rows.units] = fleet.shed_order()
            flexibility.interruptible[rows.units] = fleet.interruptible(block, delivery.row)
            if fleet.balances:
                up, down = fleet.flexibility(block, delivery.row)
                flexibility.up[rows.units], flexibility.down[rows.units] = up, down

    def _store(self, delivery: Delivery, windows: list[FleetBlock]) -> None:
        headroom = delivery.headroom
        assert headroom is not None  # the session asks with an empty form
        for index in self._stateful:
            fleet, rows = self._fleets[index]
            headroom[rows.units] = fleet.headroom(windows[index], delivery.row)

    def _commit(self, delivery: Delivery, windows: list[FleetBlock]) -> None:
        for index in self._stateful:
            self._fleets[index][0].commit(windows[index], delivery.row)

    def _windows(self, block: Block) -> list[FleetBlock]:
        if block.first not in self._views:
            self._views[block.first] = [block.rows(rows) for _, rows in self._fleets]
        return self._views[block.first]


class Arrivals:
    """Jobs that reach data centres, a batch per instant at which any arrives."""

    def __init__(self, fleet: Any) -> None:
        self._fleet = fleet

    def process(self, env: simpy.Environment) -> Steps:
        """Wake at the next arrival of any site of the fleet."""
        self._fleet.arrive(0)
        while (when := self._fleet.next_arrival_after(env.now)) is not None:
            yield env.timeout(when - env.now)
            self._fleet.arrive(int(env.now))


class ContractCalendar:
    """Bilateral contracts come into force and end at their dates.

    Parameters
    ----------
    session : MarketSession
    mw : array, shape (C,)
    terms : sequence of (start_s, end_s)
        Seconds since the start of the run.
    """

    def __init__(
        self, session: MarketSession, mw: Sequence[float], terms: Sequence[tuple[int, int]]
    ) -> None:
        self._session, self._mw = session, np.asarray(mw, np.float64)
        # A change takes hold with the first interval that is delivered after it.
        self._dates = sorted({moment for term in terms for moment in term})
        self._terms = terms

    def process(self, env: simpy.Environment) -> Steps:
        """Wake at the next start or end of a contract."""
        self._session.contract_mw = self._in_force(0)
        for date in self._dates:
            if date > env.now:
                yield env.timeout(date - env.now + 10)
            self._session.contract_mw = self._in_force(date)

    def _in_force(self, now: int) -> np.ndarray[Any, np.dtype[np.float64]]:
        active = [start <= now < end for start, end in self._terms]
        return np.where(active, self._mw, 0.0) if active else np.empty(0)


class RuleChanges:
    """Dated rule changes: in force for the intervals delivered from their date on.

    Parameters
    ----------
    session : MarketSession
    dates : sequence of int
        Seconds since the start of the run, ascending.
    rules : sequence of MarketRules
        In force from each date on.
    """

    def __init__(self, session: MarketSession, dates: Sequence[int], rules: Sequence[Any]) -> None:
        self._session, self._changes = session, list(zip(dates, rules, strict=True))

    def process(self, env: simpy.Environment) -> Steps:
        """Wake just before the first gate that a change concerns."""
        for date, rules in self._changes:
            wake = date - self._session.gates.opening_s - 1
            if wake > env.now:
                yield env.timeout(wake - env.now)
            self._session.rules = rules
