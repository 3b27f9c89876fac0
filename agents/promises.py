"""What storage has promised, and the limits that promises are made under."""

from dataclasses import dataclass

from agents.slices import Redivision
from market import FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class Limits:
    """What orders of an interval have to respect, each of shape (n,).

    Attributes
    ----------
    low, high : array
        Limits of the state of charge, Wh.
    charge, discharge : array
        Largest energy bought and sold, Wh on the grid side.
    floor : array
        State of charge at which self-discharge ends, Wh.
    redivision : Redivision or None
        Charge that changes hands at the start of the interval.
    """

    low: FloatArray
    high: FloatArray
    charge: FloatArray
    discharge: FloatArray
    floor: FloatArray
    redivision: Redivision | None = None


@dataclass(frozen=True, slots=True)
class Promise:
    """An award that is not delivered yet, the limits it was made under, and what it will leave.

    Attributes
    ----------
    interval : int
    bought, sold : array of int
        Wh on the grid side.
    limits : Limits
    soc : array
        State of charge at the end of the interval, Wh.
    credit : array or None
        Stored Wh that slices of stations gain from netting.
    """

    interval: int
    bought: IntArray
    sold: IntArray
    limits: Limits
    soc: FloatArray
    credit: FloatArray | None = None
