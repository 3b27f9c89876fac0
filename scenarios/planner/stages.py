"""A linear program in stages: every interval has the same unknowns and sums.

Unknowns are energies (MWh) that flow in an interval, or levels at its end. A sum may hold
unknowns of the interval before, which is how levels link intervals. So a horizon can be cut
anywhere: what a part needs to know of the past are the unknowns that are carried over.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from market import FloatArray, IntArray

BALANCE = 0
"""The first sum of every program: what is delivered less what is consumed."""
Coarse = Literal["sum", "law", "end", "drop"]
"""What becomes of a sum when intervals are put together: it is added up, it is a law of a level
and holds from end to end, or it has no meaning any more."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """One unknown per interval.

    Attributes
    ----------
    group, what : str
        Whose it is, and what it is: ``delivered``, ``consumed``, ``soc``, or a name of its own.
    low, high : array-like, shape (N,)
        Bounds, MWh; always finite, so that every price gives a bound on welfare.
    value : array-like, shape (N,)
        Worth of one MWh, currency; costs are below zero.
    recorded : array-like, shape (N,)
        What the market did; NaN where no table tells.
    before : (float, float) or None
        Range of the value before the first interval; None: the unknown is not carried over.
    """

    group: str
    what: str
    low: ArrayLike
    high: ArrayLike
    value: ArrayLike = 0.0
    recorded: ArrayLike = np.nan
    before: tuple[float, float] | None = None


class Pair(NamedTuple):
    """A store's charging and discharging, which exclude each other if it is a single one."""

    charge: int
    discharge: int
    single: bool


@dataclass(frozen=True)
class Stages:
    """A program in stages, K unknowns and R sums in each of N intervals.

    Attributes
    ----------
    names : tuple of (group, what), length K
    low, high, value, recorded : array, shape (K, N)
    carried : array of int, shape (C,)
        Unknowns that the next interval needs.
    before : array, shape (2, C)
        Lower and upper bounds of what is carried into the first interval.
    row_low, row_high : array, shape (R, N)
    coarse : tuple of str, length R
    rows, columns : array of int, shape (E,)
        Place of each entry of the sums.
    lagged : array of bool, shape (E,)
        Entries of the interval before.
    numbers : array, shape (E, N)
    pairs : tuple of Pair
    """

    names: tuple[tuple[str, str], ...]
    low: FloatArray
    high: FloatArray
    value: FloatArray
    recorded: FloatArray
    carried: IntArray
    before: FloatArray
    row_low: FloatArray
    row_high: FloatArray
    coarse: tuple[Coarse, ...]
    rows: IntArray
    columns: IntArray
    lagged: "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]"
    numbers: FloatArray
    pairs: tuple[Pair, ...]

    @property
    def n(self) -> int:
        """Number of intervals."""
        return int(self.low.shape[1])

    @cached_property
    def place(self) -> IntArray:
        """Place of each unknown among those carried over; -1 for all others."""
        place = np.full(len(self.names), -1)
        place[self.carried] = np.arange(self.carried.size)
        return place

    def column(self, row: int, unknown: int) -> int:
        """Return where an unknown of the row-th interval of a part stands in its program."""
        return int(self.carried.size + row * len(self.names) + unknown)

    def within(self, low: FloatArray, high: FloatArray) -> "Stages":
        """Return the same program with other bounds of the unknowns."""
        return replace(self, low=low, high=high)

    def worth(self, schedule: FloatArray) -> float:
        """Return the welfare of a schedule, shape (K, N), currency."""
        return float(np.add.reduce(np.add.reduce(self.value * schedule, axis=1)))

    def activity(self, schedule: FloatArray) -> FloatArray:
        """Return what the sums come to, shape (R, N)."""
        found = np.zeros_like(self.row_low)
        start = np.zeros(len(self.names))
        start[self.carried] = self.before.mean(axis=0)
        past = np.column_stack([start, schedule[:, :-1]])
        for entry, (row, column) in enumerate(zip(self.rows, self.columns, strict=True)):
            source = past if self.lagged[entry] else schedule
            found[row] += self.numbers[entry] * source[column]
        return found

    def breaches(self, schedule: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return by how much a schedule is outside the bounds of unknowns and of sums, MWh.

        What no table tells counts as within.
        """
        sums = self.activity(schedule)
        beyond = np.maximum(self.low - schedule, schedule - self.high)
        wrong = np.maximum(self.row_low - sums, sums - self.row_high)
        return np.nan_to_num(np.maximum(beyond, 0.0)), np.nan_to_num(np.maximum(wrong, 0.0))


class Builder:
    """Collects unknowns and sums of a program in stages.

    Parameters
    ----------
    n : int
        Number of intervals.

    Examples
    --------
    A plant of 5 MWh at 300 and a demand of 2 MWh worth 1,000, two intervals.

    >>> builder = Builder(2)
    >>> coal = builder.unknown(Unknown("coal", "delivered", 0, 5, -300))
    >>> town = builder.unknown(Unknown("town", "consumed", 0, 2, 1000))
    >>> balance = builder.sum(0, 0)
    >>> builder.put(balance, coal, 1)
    >>> builder.put(balance, town, -1)
    >>> builder.stages().worth(np.full((2, 2), 2.0))
    2800.0
    """

    def __init__(self, n: int) -> None:
        self.n = n
        self._unknowns: list[Unknown] = []
        self._sums: list[tuple[ArrayLike, ArrayLike, Coarse]] = []
        self._entries: list[tuple[int, int, bool, ArrayLike]] = []
        self._pairs: list[Pair] = []

    def unknown(self, unknown: Unknown) -> int:
        """Add an unknown and return its place."""
        self._unknowns.append(unknown)
        return len(self._unknowns) - 1

    def sum(self, low: ArrayLike, high: ArrayLike, coarse: Coarse = "sum") -> int:
        """Add a sum that lies within bounds in every interval, and return its place."""
        self._sums.append((low, high, coarse))
        return len(self._sums) - 1

    def put(self, row: int, column: int, number: ArrayLike, lagged: bool = False) -> None:
        """Enter an unknown into a sum; `lagged`: that of the interval before."""
        self._entries.append((row, column, lagged, number))

    def pair(self, pair: Pair) -> None:
        """Note that two unknowns are the two directions of a store."""
        self._pairs.append(pair)

    def stages(self) -> Stages:
        """Return the program."""
        unknowns, entries = self._unknowns, self._entries
        befores = [(k, each.before) for k, each in enumerate(unknowns) if each.before is not None]
        return Stages(
            names=tuple((each.group, each.what) for each in unknowns),
            low=self._stacked([each.low for each in unknowns]),
            high=self._stacked([each.high for each in unknowns]),
            value=self._stacked([each.value for each in unknowns]),
            recorded=self._stacked([each.recorded for each in unknowns]),
            carried=np.array([k for k, _ in befores], np.int64),
            before=np.array([before for _, before in befores], np.float64).reshape(-1, 2).T,
            row_low=self._stacked([low for low, _, _ in self._sums]),
            row_high=self._stacked([high for _, high, _ in self._sums]),
            coarse=tuple(coarse for _, _, coarse in self._sums),
            rows=np.array([row for row, *_ in entries], np.int64),
            columns=np.array([column for _, column, *_ in entries], np.int64),
            lagged=np.array([lagged for *_, lagged, _ in entries], np.bool_),
            numbers=self._stacked([number for *_, number in entries]),
            pairs=tuple(self._pairs),
        )

    def _stacked(self, parts: list[ArrayLike]) -> FloatArray:
        whole = np.empty((len(parts), self.n))
        for row, part in enumerate(parts):
            whole[row] = part
        return whole
