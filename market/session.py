"""The market session as SimPy processes: gate opening, closure, clearing, delivery, settlement.

The session knows no agent. It broadcasts what happens; roles listen, write their orders and
meter readings into the block, and hear of awards. Each phase of an interval has an instant of its
own, so the insertion order of SimPy events never decides an outcome.
"""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

import numpy as np
import simpy

from market.block import Block
from market.calendar import Calendar
from market.clearing import ClearingResult
from market.dispatch import Flexibility, balance_zone
from market.errors import ConservationError
from market.layout import Layout, ZoneRows
from market.metering import PRICE_TOLERANCE
from market.orders import OrderBook
from market.own_trades import clear_apart
from market.rules import GateTimes, MarketRules
from market.units import WH_PER_MWH, FloatArray, IntArray

M = TypeVar("M")
Steps = Generator[simpy.Event, Any, None]
Phase = Literal["meter", "balance", "commit"]


class Broadcast(Generic[M]):
    """A message that every listener waiting at this instant hears."""

    def __init__(self, env: simpy.Environment) -> None:
        self._env = env
        self._event = env.event()

    def wait(self) -> simpy.Event:
        """Return the event of the next message."""
        return self._event

    def send(self, message: M) -> None:
        """Wake all listeners with `message`."""
        event, self._event = self._event, self._env.event()
        event.succeed(message)


@dataclass(frozen=True, slots=True)
class Gate:
    """The auction for one delivery interval."""

    interval: int
    row: int
    block: Block
    rules: MarketRules


@dataclass(slots=True)
class Delivery:
    """One delivery interval after its end; roles may object and then say what they can do."""

    interval: int
    row: int
    block: Block
    phase: Phase = "meter"
    deviates: bool = False
    flexibility: Flexibility | None = None


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
    ) -> None:
        self.env, self.calendar, self.layout = env, calendar, layout
        self.gates, self.rules, self._settle, self._rngs = gates, rules, settle, rngs
        self.opened: Broadcast[Gate] = Broadcast(env)
        self.published: Broadcast[Gate] = Broadcast(env)
        self.delivery: Broadcast[Delivery] = Broadcast(env)
        self.reference = np.full((len(layout.zones), calendar.n), np.nan)
        self.known = 0
        self.contract_mw: FloatArray = np.empty(0)
        self._blocks: dict[int, Block] = {}
        self._places = [_places(layout, zone) for zone in layout.zones]
        self._zone_index = {zone.name: index for index, zone in enumerate(layout.zones)}

    def start(self) -> None:
        """Put the session's two processes on the clock."""
        self.env.process(self._auctions())
        self.env.process(self._deliveries())

    def zone_index(self, name: str) -> int:
        """Return the place of a zone in the tables."""
        return self._zone_index[name]

    def _auctions(self) -> Steps:
        env, second = self.env, self.calendar.second
        for interval in range(self.calendar.n):
            yield env.timeout(second(interval) - self.gates.opening_s - env.now)
            gate = self._open(interval)
            self.opened.send(gate)
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

    def _clear(self, gate: Gate) -> None:
        block, row = gate.block, gate.row
        for index, zone in enumerate(self.layout.zones):
            book = OrderBook(
                block.ask_price[row, zone.asks],
                block.ask_quantity[row, zone.asks],
                block.bid_price[row, zone.bids],
                block.bid_quantity[row, zone.bids],
            )
            sellers, buyers, units = self._places[index]
            result = clear_apart(
                gate.rules.mechanism, book, gate.rules.auction, self._rngs[index], (sellers, buyers)
            )
            block.sold[row, zone.units] = np.bincount(sellers, result.ask_fill, units)
            block.bought[row, zone.units] = np.bincount(buyers, result.bid_fill, units)
            self._note(gate, index, zone, result)
        self.known = gate.interval + 1

    def _note(self, gate: Gate, index: int, zone: ZoneRows, result: ClearingResult) -> None:
        block, row = gate.block, gate.row
        block.ask_fill[row, zone.asks] = result.ask_fill
        block.bid_fill[row, zone.bids] = result.bid_fill
        columns = block.zone
        columns["price"][row, index] = result.price
        columns["price_low"][row, index] = result.price_low
        columns["price_high"][row, index] = result.price_high
        columns["buy_price"][row, index] = result.buy_price
        columns["sell_price"][row, index] = result.sell_price
        block.volume[row, index] = result.volume
        if result.ask_pay is not None or result.bid_pay is not None:
            self._note_individual(gate, zone, result)
        self.reference[index, gate.interval] = self._reference(gate, index, result)

    def _note_individual(self, gate: Gate, zone: ZoneRows, result: ClearingResult) -> None:
        block, units = gate.block, len(self.layout.units)
        if block.receipts is None or block.payments is None:
            block.receipts = np.zeros((block.m, units))
            block.payments = np.zeros((block.m, units))
        if result.ask_pay is not None and result.bid_pay is not None:
            self._check_individual(gate, zone, result)
            got = result.ask_fill * result.ask_pay / WH_PER_MWH
            paid = result.bid_fill * result.bid_pay / WH_PER_MWH
            asks, bids = self.layout.ask_unit[zone.asks], self.layout.bid_unit[zone.bids]
            block.receipts[gate.row] += np.bincount(asks, got, units)
            block.payments[gate.row] += np.bincount(bids, paid, units)

    def _check_individual(self, gate: Gate, zone: ZoneRows, result: ClearingResult) -> None:
        """Raise unless everybody trades at a price no worse than their order."""
        asks = gate.block.ask_price[gate.row, zone.asks]
        bids = gate.block.bid_price[gate.row, zone.bids]
        ask_pay = asks if result.ask_pay is None else result.ask_pay
        bid_pay = bids if result.bid_pay is None else result.bid_pay
        low = (result.ask_fill > 0) & (ask_pay < asks - PRICE_TOLERANCE)
        high = (result.bid_fill > 0) & (bid_pay > bids + PRICE_TOLERANCE)
        for bad, unit in (
            (low, self.layout.ask_unit[zone.asks]),
            (high, self.layout.bid_unit[zone.bids]),
        ):
            if bad.any():
                name = self.layout.units[int(unit[np.argmax(bad)])]
                moment = self.calendar.time(gate.interval).isoformat()
                raise ConservationError(
                    f"{moment}, unit {name}: trades at a price worse than its order"
                )

    def _reference(self, gate: Gate, index: int, result: ClearingResult) -> float:
        """Return the price that settles imbalances and feeds forecasts, also without trade.

        Without trade it is the middle of the set of clearing prices where there were offers and
        bids, else the price before; at the start of a run the only side's best order, else 0.
        """
        if result.price == result.price:
            return result.price
        zone, row = self.layout.zones[index], gate.row
        asks = gate.block.ask_quantity[row, zone.asks].any()
        bids = gate.block.bid_quantity[row, zone.bids].any()
        if asks and bids:
            return (result.price_low + result.price_high) / 2
        if gate.interval and np.isfinite(before := self.reference[index, gate.interval - 1]):
            return float(before)
        only = result.price_high if asks else result.price_low if bids else np.nan
        return float(only) if np.isfinite(only) else max(gate.rules.auction.price_floor, 0.0)

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
        for index, zone in enumerate(self.layout.zones):
            price = balance_zone(delivery.block, delivery.row, zone, delivery.flexibility)
            delivery.block.zone["balancing_price"][delivery.row, index] = price

    def _close(self, delivery: Delivery) -> None:
        block = delivery.block
        if delivery.row == block.m - 1:
            first = block.first
            self._settle(block)
            del self._blocks[first // self.calendar.per_day]


def _places(layout: Layout, zone: ZoneRows) -> tuple[IntArray, IntArray, int]:
    """Return the unit of each offer and bid of a zone, counted from its first, and how many."""
    first, last = zone.units.start, zone.units.stop
    return layout.ask_unit[zone.asks] - first, layout.bid_unit[zone.bids] - first, last - first
