"""The market session as SimPy processes: gate opening, closure, clearing, delivery, settlement.

The session knows no agent. It broadcasts what happens; roles listen, write their orders and
meter readings into the block, and hear of awards. Each phase of an interval has an instant of its
own, so the insertion order of SimPy events never decides an outcome.
"""

from collections.abc import Callable, Generator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import simpy

from market.auction import hold
from market.block import Block
from market.broadcast import Broadcast
from market.calendar import Calendar
from market.clearing import ClearingResult
from market.dispatch import Flexibility, balance_zone
from market.gate import Delivery, Gate, Trading
from market.layout import Layout
from market.mechanisms.continuous import Continuous
from market.rules import GateTimes, MarketRules
from market.streams import DailyDraws
from market.trading import Window, ZoneTrading
from market.units import FloatArray
from market.zone_orders import ZoneOrders

if TYPE_CHECKING:
    from market.storage_service.session import ServiceMarket

Steps = Generator[simpy.Event, Any, None]


class MarketSession:
    """One energy market with its gates, auctions and deliveries.

    Parameters
    ----------
    env : simpy.Environment
    calendar : Calendar
    layout : Layout
    gates : GateTimes
    rules : MarketRules
        In force at the start; a process may replace `rules` at any gate.
    settle : callable
        Called with each block when its last interval is delivered.
    rngs : sequence of numpy Generator
        A stream per zone for mechanisms and tie-breaks that draw.
    instants : DailyDraws
        By unit: when its orders reach a continuous market, as a share of the gate's time.
    """

    def __init__(
        self,
        env: simpy.Environment,
        calendar: Calendar,
        layout: Layout,
        gates: GateTimes,
        rules: MarketRules,
        settle: Callable[[Block], None],
        rngs: Sequence[np.random.Generator],
        instants: DailyDraws,
    ) -> None:
        self.env, self.calendar, self.layout = env, calendar, layout
        self.gates, self.rules, self._settle, self._rngs = gates, rules, settle, rngs
        self.service: ServiceMarket | None = None
        self.opened: Broadcast[Gate] = Broadcast(env)
        self.trading: Broadcast[Trading] = Broadcast(env)
        self.published: Broadcast[Gate] = Broadcast(env)
        self.delivery: Broadcast[Delivery] = Broadcast(env)
        self.reference = np.full((len(layout.zones), calendar.n), np.nan)
        self.known = 0
        self.contract_mw: FloatArray = np.empty(0)
        self._blocks: dict[int, Block] = {}
        self._instants = instants
        self._zones = [ZoneOrders(layout, calendar, index) for index in range(len(layout.zones))]
        self._books: list[ZoneTrading] = []
        self._zone_index = {zone.name: index for index, zone in enumerate(layout.zones)}

    def start(self) -> None:
        """Put the session's two processes on the clock, and those of the service market."""
        self.env.process(self._auctions())
        self.env.process(self._deliveries())
        if self.service is not None:
            self.service.start(self.env)

    def zone_index(self, name: str) -> int:
        """Return the place of a zone in the tables."""
        return self._zone_index[name]

    def _auctions(self) -> Steps:
        env, second = self.env, self.calendar.second
        for interval in range(self.calendar.n):
            yield env.timeout(second(interval) - self.gates.opening_s - env.now)
            gate = self._open(interval)
            self.opened.send(gate)
            if isinstance(gate.rules.mechanism, Continuous):
                yield from self._trade(gate, gate.rules.mechanism)
            yield env.timeout(second(interval) - self.gates.closure_s - env.now)
            self._clear(gate)
            self.published.send(gate)

    def _deliveries(self) -> Steps:
        env, second = self.env, self.calendar.second
        for interval in range(self.calendar.n):
            yield env.timeout(second(interval + 1) - env.now)
            delivery = self._metered(interval)
            self.delivery.send(delivery)
            yield env.timeout(1)
            if delivery.deviates:
                delivery.phase = "balance"
                delivery.flexibility = self._no_flexibility()
                self.delivery.send(delivery)
                yield env.timeout(1)
                self._balance(delivery)
            if self.service is not None and self.service.wanted(delivery):
                delivery.phase = "store"
                delivery.headroom = np.zeros(len(self.layout.units), np.int64)
                self.delivery.send(delivery)
                yield env.timeout(1)
                self.service.store(delivery)
            delivery.phase = "commit"
            self.delivery.send(delivery)
            yield env.timeout(1)
            self._close(delivery)

    def _open(self, interval: int) -> Gate:
        index, row = divmod(interval, self.calendar.per_day)
        if index not in self._blocks:
            first = index * self.calendar.per_day
            m = min(self.calendar.per_day, self.calendar.n - first)
            self._blocks[index] = Block(self.layout, first, m)
        block = self._blocks[index]
        block.rules[row] = self.rules
        return Gate(interval, row, block, self.rules)

    def _trade(self, gate: Gate, mechanism: Continuous) -> Steps:
        """Open a continuous market; show its books from time to time if anybody looks."""
        start = self.calendar.second(gate.interval)
        opens, closes = start - self.gates.opening_s, start - self.gates.closure_s
        length = closes - opens
        window = Window(opens, closes - mechanism.closing_share * length, closes)
        instants = self._instants.of(gate.interval // self.calendar.per_day)[gate.row]
        self._books = [
            ZoneTrading(zone, gate, window, instants[zone.rows.units]) for zone in self._zones
        ]
        if not self.trading.heard:
            return
        for step in range(mechanism.steps - 1):
            look = self._between_deliveries(opens + length * (step + 1) // mechanism.steps)
            yield self.env.timeout(max(min(look, closes) - self.env.now, 0))
            for book in self._books:
                book.advance(self.env.now)
                book.show_fills()
            self.trading.send(Trading(gate, step, tuple(book.top() for book in self._books)))

    def _between_deliveries(self, instant: int) -> int:
        """Return the instant, or the next one at which no interval is metered or committed."""
        phase = instant % self.calendar.interval_s
        busy = 3 if self.service is None else 4
        return instant + (busy - phase if phase < busy else 0)

    def _clear(self, gate: Gate) -> None:
        # Column -1 is the last interval's: NaN until the run is over.
        before = self.reference[:, gate.interval - 1].tolist()
        for index, zone in enumerate(self._zones):
            result = self._outcome(gate, index)
            zone.note(gate, result)
            reference = zone.reference(gate, result, before[index])
            self.reference[index, gate.interval] = reference
        self.known = gate.interval + 1

    def _outcome(self, gate: Gate, index: int) -> ClearingResult:
        """Return what the auction of a zone decides, or what traded while the gate was open."""
        rules, rng = gate.rules, self._rngs[index]
        if isinstance(rules.mechanism, Continuous):
            return self._books[index].close(rng)
        return hold(rules.mechanism, self._zones[index].book(gate), rules.auction, rng)

    def _metered(self, interval: int) -> Delivery:
        index, row = divmod(interval, self.calendar.per_day)
        block = self._blocks[index]
        block.delivered[row] = block.sold[row]
        block.consumed[row] = block.bought[row]
        block.contracts[row] = self.contract_mw
        return Delivery(interval, row, block)

    def _no_flexibility(self) -> Flexibility:
        units = len(self.layout.units)
        zero = np.zeros(units, np.int64)
        return Flexibility(zero, zero.copy(), zero.copy(), np.full(units, np.inf))

    def _balance(self, delivery: Delivery) -> None:
        assert delivery.flexibility is not None  # set two lines before the call
        rules = delivery.block.rules[delivery.row]
        cap = np.inf if rules is None else rules.auction.price_cap
        for index, zone in enumerate(self.layout.zones):
            price = balance_zone(delivery.block, delivery.row, zone, delivery.flexibility, cap)
            delivery.block.zone["balancing_price"][delivery.row, index] = price

    def _close(self, delivery: Delivery) -> None:
        block = delivery.block
        if self.service is not None:
            self.service.close(delivery)
        if delivery.row == block.m - 1:
            first = block.first
            self._settle(block)
            del self._blocks[first // self.calendar.per_day]
