"""The service market as SimPy processes: auctions before the day and within it, then storing.

Plants that expect curtailment bid for storage, stations ask; what is agreed is carried out at
delivery, as far as the plant is then really curtailed and the station can really charge.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import simpy

from market.broadcast import Broadcast
from market.gate import Delivery, Gate
from market.storage_service.form import ServiceForm
from market.storage_service.zone import ServiceTerms, ZoneService

if TYPE_CHECKING:
    from market.session import MarketSession

__all__ = ["ServiceMarket", "ServiceTerms"]

Steps = Generator[simpy.Event, Any, None]

AFTER_CLEARING_S, AFTER_OPENING_S = 1, 3
"""When service auctions are held. Each takes a second, so they never fall into the same one."""


@dataclass(slots=True)
class ServiceMarket:
    """The market for storage service beside an energy market.

    Attributes
    ----------
    session : MarketSession
    zones : list of ZoneService
        Those that have stations.
    asked : Broadcast
        Of forms that plants and stations may fill in.
    """

    session: "MarketSession"
    zones: list[ZoneService]
    asked: Broadcast[ServiceForm]

    @classmethod
    def of(
        cls,
        session: "MarketSession",
        terms: ServiceTerms,
        rngs: Sequence[np.random.Generator],
    ) -> "ServiceMarket":
        """Return the service market of all zones that have stations.

        Parameters
        ----------
        session : MarketSession
        terms : ServiceTerms
        rngs : sequence of numpy Generator
            A stream per zone for mechanisms and tie-breaks that draw.
        """
        zones = [
            ZoneService(
                session.layout, session.calendar, index, terms, session.reference[index], rng
            )
            for index, rng in enumerate(rngs)
        ]
        return cls(session, [zone for zone in zones if zone.exists], Broadcast(session.env))

    def start(self, env: simpy.Environment) -> None:
        """Put the market's two processes on the clock."""
        env.process(self._before_the_day(env))
        env.process(self._within_the_day(env))

    def _before_the_day(self, env: simpy.Environment) -> Steps:
        while True:
            gate: Gate = yield self.session.opened.wait()
            if gate.row:
                continue
            # Roles look ahead at the new day first; and where another gate clears in the same
            # second, its service auction comes first.
            yield env.timeout(AFTER_OPENING_S)
            for zone in self.zones:
                zone.begin(gate.block)
            if self._auctions(gate) and gate.rules.service.day_ahead:
                yield from self._hold(env, gate, gate.block.m, intraday=False)

    def _within_the_day(self, env: simpy.Environment) -> Steps:
        while True:
            gate: Gate = yield self.session.published.wait()
            if self._auctions(gate) and gate.rules.service.intraday:
                yield env.timeout(AFTER_CLEARING_S)
                if any(zone.may_trade(gate) for zone in self.zones):
                    yield from self._hold(env, gate, 1, intraday=True)

    @staticmethod
    def _auctions(gate: Gate) -> bool:
        service = gate.rules.service
        return "auction" in service.modes and service.access == "all"

    def _hold(self, env: simpy.Environment, gate: Gate, count: int, intraday: bool) -> Steps:
        form = ServiceForm.empty(gate.block, gate.row, count, intraday)
        for zone in self.zones:
            zone.fill_in(form, self.session.known)
        if not self.asked.heard:  # roles still read another form: this one would go unanswered
            raise RuntimeError("two service auctions fall into the same second")
        self.asked.send(form)
        yield env.timeout(1)
        for zone in self.zones:
            zone.hold(form)

    def wanted(self, delivery: Delivery) -> bool:
        """Return whether anything is curtailed that a station may store."""
        return any(zone.wanted(delivery) for zone in self.zones)

    def store(self, delivery: Delivery) -> None:
        """Store would-be curtailment, by the rules of the interval, in what room there is."""
        for zone in self.zones:
            zone.store(delivery)

    def close(self, delivery: Delivery) -> None:
        """Note whose energy the stations now hold, and on whose behalf some was given back."""
        for zone in self.zones:
            zone.close(delivery)
