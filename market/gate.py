"""What the session tells the roles: a gate is open, a book trades, an interval is over."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

from market.block import Block
from market.dispatch import Flexibility
from market.rules import MarketRules
from market.units import IntArray

Phase = Literal["meter", "balance", "store", "commit"]


@dataclass(frozen=True, slots=True)
class Gate:
    """The auction for one delivery interval."""

    interval: int
    row: int
    block: Block
    rules: MarketRules


class BookTop(NamedTuple):
    """What everybody sees of a continuous market: the best orders and the last trade.

    Attributes
    ----------
    bid, ask : float
        Best prices, currency/MWh; NaN where nobody waits.
    bid_quantity, ask_quantity : int
        What waits at them, Wh.
    last : float
        Price of the last trade; NaN before the first.
    """

    bid: float
    bid_quantity: int
    ask: float
    ask_quantity: int
    last: float


@dataclass(frozen=True, slots=True)
class Trading:
    """A continuous market at an instant between opening and closure.

    Attributes
    ----------
    gate : Gate
    step : int
        How often the books of this gate were shown before.
    books : tuple of BookTop
        By zone.
    """

    gate: Gate
    step: int
    books: tuple[BookTop, ...]


@dataclass(slots=True)
class Delivery:
    """One delivery interval after its end; roles may object and then say what they can do."""

    interval: int
    row: int
    block: Block
    phase: Phase = "meter"
    deviates: bool = False
    flexibility: Flexibility | None = None
    headroom: IntArray | None = None
