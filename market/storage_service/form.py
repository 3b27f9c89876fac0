"""What a service auction asks of plants and stations, and what they answer."""

from dataclasses import dataclass

import numpy as np

from market.block import Block
from market.rules import MarketRules
from market.units import FloatArray, IntArray


@dataclass(slots=True)
class ServiceForm:
    """One service auction before it is cleared; roles fill it in.

    Attributes
    ----------
    block : Block
    first, count : int
        First row of the block that is auctioned, and how many.
    rules : MarketRules
        In force for the first row.
    intraday : bool
        True: the energy auction of the row has cleared. False: the auction is held before the day.
    expected : dict of array, shape (count,)
        By zone: share of wind and solar that would be curtailed, as far as the market expects.
    round_trip : dict of float
        By zone: what comes back of a MWh charged, mean of the stations by power.
    returned_price : dict of float
        By zone: what a MWh given back was worth lately, currency/MWh.
    promised : array of int, shape (count, U)
        What plants and stations have agreed on before, Wh charged.
    bid_price, ask_price : array, shape (U,)
        Answers: what a plant pays at most, a station wants at least, currency/MWh charged.
    bid_quantity, ask_quantity : array of int, shape (count, U)
        Answers: Wh in each interval.
    room : array of int, shape (U,)
        Answer of stations: most they take over all intervals, Wh charged.
    """

    block: Block
    first: int
    count: int
    rules: MarketRules
    intraday: bool
    expected: dict[str, FloatArray]
    round_trip: dict[str, float]
    returned_price: dict[str, float]
    promised: IntArray
    bid_price: FloatArray
    ask_price: FloatArray
    bid_quantity: IntArray
    ask_quantity: IntArray
    room: IntArray

    @classmethod
    def empty(cls, block: Block, first: int, count: int, intraday: bool) -> "ServiceForm":
        """Return a form without answers."""
        rules = block.rules[first]
        assert rules is not None  # the gate of the row has opened
        units = block.sold.shape[1]

        def whole() -> IntArray:
            return np.zeros((count, units), np.int64)

        return cls(
            block,
            first,
            count,
            rules,
            intraday,
            {},
            {},
            {},
            whole(),
            np.zeros(units),
            np.zeros(units),
            whole(),
            whole(),
            np.zeros(units, np.int64),
        )
