"""A horizon in parts: a bound that holds, and a schedule that is possible.

**The bound.** Parts are linked by the levels that one leaves and the next starts with. Give every
such level a price, let each part choose freely what it starts with, make it pay for that and earn
for what it leaves. Any schedule of the whole horizon is among those the parts may choose, and what
one earns the next one pays; so the parts' best values add up to no less than the best schedule of
the whole, whatever the prices are (weak duality). Good prices make the bound tight; they come from
a program of the whole horizon in long steps (`coarse`).

**The schedule.** The parts are planned one after the other. Each starts where the last one ended
and looks some way beyond its end, where levels are drawn to those of the coarse program.

References
----------
Geoffrion (1974), "Lagrangean relaxation for integer programming", Mathematical Programming Study 2,
82-114.
"""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from market import FloatArray
from scenarios.planner.coarse import coarsened, levels
from scenarios.planner.stages import Stages
from scenarios.planner.windows import Ends, Part, Windows

DRAW = 0.1  # cost of a MWh off the aimed level, as a share of its price
LEAST_DRAW = 0.01  # currency/MWh, where that is less
COARSE_STEPS = 2000  # at most, in the first program of the whole horizon
LONGEST_STEP = 4  # intervals put together in it, if that makes few enough steps
LARGEST = 250_000  # unknowns of a program of the whole horizon that is still made for prices
CLOSE = 0.01  # distance of bound and schedule, as a share of the market's from the bound
EXACT = 1e-8  # the same as a share of the bound, which is enough in any case
FLOWS = ("delivered", "consumed")
LEAST_UNIT = 1e-3  # MWh
EXCLUDED = "the planner's program excludes what the market did"


@dataclass(frozen=True, slots=True)
class Cut:
    """How a horizon is cut into parts.

    Attributes
    ----------
    intervals : int
        Length of a part.
    ahead : int
        How far a part looks beyond its end, intervals.
    reached : float
        Welfare of the market, currency: the closer it is to the bound, the closer bound and
        schedule have to be.
    enough : float
        Distance of bound and schedule, currency, that is close enough in any case.
    """

    intervals: int
    ahead: int
    reached: float
    enough: float = 0.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """The best schedule known of a horizon, and what none exceeds.

    Attributes
    ----------
    schedule : array, shape (K, N)
    prices : array, shape (R, N)
        Of the sums, currency/MWh.
    bound : float
        Currency.
    """

    schedule: FloatArray
    prices: FloatArray
    bound: float


@dataclass(frozen=True, slots=True)
class Outlook:
    """What the coarse program says of each interval's start: prices and levels, shape (C, N)."""

    prices: FloatArray
    levels: FloatArray


def at_once(stages: Stages) -> Outcome | None:
    """Return the best schedule of the whole horizon as one program; None where there is none."""
    part = Windows(stages, unit_of(stages)).solve(0, stages.n, _whole(stages))
    return None if part is None else Outcome(part.schedule, part.prices, part.bound)


def in_parts(stages: Stages, cut: Cut) -> Outcome | None:
    """Return bound and schedule of a long horizon; None where nothing is possible at all.

    Prices come from longer and then shorter steps, until bound and schedule are close enough or
    the program of the whole horizon becomes too large; with steps of one interval it is the whole
    horizon at once.
    """
    step = max(LONGEST_STEP, -(-stages.n // COARSE_STEPS))
    best: Outcome | None = None
    while step > 1:
        outlook = _outlook(stages, step)
        found = None if outlook is None else _planned(stages, cut, outlook)
        if found is not None:
            best = _better(stages, best, found)
            if _is_close(stages, best, cut):
                return best
        step //= 2
        if best is not None and stages.low.size > LARGEST * step:
            return best
    return at_once(stages)


def _better(stages: Stages, one: Outcome | None, other: Outcome) -> Outcome:
    """Return the better schedule of two outcomes, with the lower bound."""
    if one is None:
        return other
    best = max(one, other, key=lambda outcome: stages.worth(outcome.schedule))
    return replace(best, bound=min(one.bound, other.bound))


def _is_close(stages: Stages, found: Outcome, cut: Cut) -> bool:
    """Tell whether the distance of bound and schedule is small beside what is to be measured."""
    distance = found.bound - stages.worth(found.schedule)
    asked = CLOSE * (found.bound - cut.reached), EXACT * abs(found.bound), cut.enough
    return distance <= max(asked)


def _planned(stages: Stages, cut: Cut, outlook: Outlook) -> Outcome | None:
    """Return bound and schedule for an outlook; None where part after part leads nowhere."""
    windows = Windows(stages, unit_of(stages))
    edges = _edges(stages.n, cut.intervals)
    found = _forward(windows, edges, cut.ahead, outlook)
    if found is None:
        # A part came to where it cannot go on; from where the market was it can.
        found = _forward(windows, edges, 0, None)
    return None if found is None else Outcome(*found, _bound(windows, edges, outlook))


def _edges(n: int, length: int) -> list[int]:
    """Return where parts begin, and the end; a short rest belongs to the last part.

    >>> _edges(30, 7), _edges(22, 7)
    ([0, 7, 14, 21, 30], [0, 7, 14, 22])
    """
    count = max(1, round(n / length))
    return [*range(0, count * length, length), n]


def _bound(windows: Windows, edges: list[int], outlook: Outlook) -> float:
    """Return the value of all parts, each free to choose what it starts with at its price."""
    stages, total = windows.stages, 0.0
    for first, last in pairwise(edges):
        low, high = stages.before if first == 0 else _range(stages, first - 1)
        ends = Ends(low, high, _price(outlook, first), _price(outlook, last))
        part = windows.solve(first, last, ends)
        if part is None:
            raise ArithmeticError(EXCLUDED)
        total += part.bound
    return total


def _forward(
    windows: Windows, edges: list[int], ahead: int, outlook: Outlook | None
) -> tuple[FloatArray, FloatArray] | None:
    """Return a possible schedule and its prices, part by part; None where a part has none.

    Without an outlook each part leaves what the market left.
    """
    stages = windows.stages
    schedule, prices = np.empty_like(stages.value), np.empty_like(stages.row_low)
    start = stages.before[0]
    for first, last in pairwise(edges):
        end = min(last + ahead, stages.n)
        part = windows.solve(first, end, _towards(stages, start, end, outlook))
        if part is None:
            return None
        own = slice(0, last - first)
        schedule[:, first:last], prices[:, first:last] = part.schedule[:, own], part.prices[:, own]
        start = np.clip(schedule[stages.carried, last - 1], *_range(stages, last - 1))
    return schedule, prices


def _towards(stages: Stages, start: FloatArray, end: int, outlook: Outlook | None) -> Ends:
    """Return the ends of a part that starts at given levels and is drawn to the coarse ones."""
    none = np.zeros_like(start)
    if end == stages.n:
        return Ends(start, start, none, none)
    low, high = _range(stages, end - 1)
    if outlook is None:
        left = stages.recorded[stages.carried, end - 1]
        known = np.isfinite(left)
        return Ends(
            start, start, none, none, (np.where(known, left, low), np.where(known, left, high))
        )
    price = _price(outlook, end)
    strength = np.maximum(np.abs(price) * DRAW, LEAST_DRAW)
    strength[~np.isin(stages.carried, levels(stages))] = 0.0
    target = np.clip(outlook.levels[:, end], low, high)
    return Ends(start, start, none, price, (low, high), target, strength)


def _outlook(stages: Stages, step: int) -> Outlook | None:
    """Return prices and levels at the start of each interval by a program of long steps."""
    coarse = coarsened(stages, step)
    part = Windows(coarse, unit_of(stages)).solve(0, coarse.n, _whole(coarse))
    if part is None:
        return None
    prices = np.repeat(_carried_prices(coarse, part), step, axis=1)[:, : stages.n]
    past = np.column_stack([coarse.before[0], part.schedule[coarse.carried, :-1]])
    return Outlook(prices, np.repeat(past, step, axis=1)[:, : stages.n])


def _carried_prices(stages: Stages, part: Part) -> FloatArray:
    """Return what one MWh more, carried into each interval, is worth, shape (C, N)."""
    worth = np.zeros((stages.carried.size, stages.n))
    for entry in np.flatnonzero(stages.lagged):
        place = stages.place[stages.columns[entry]]
        worth[place] -= part.prices[stages.rows[entry]] * stages.numbers[entry]
    return worth


def _price(outlook: Outlook, at: int) -> FloatArray:
    """Return the prices of levels at the start of an interval; zero at the ends of the horizon."""
    inside = 0 < at < outlook.prices.shape[1]
    return outlook.prices[:, at] if inside else np.zeros(outlook.prices.shape[0])


def _range(stages: Stages, interval: int) -> tuple[FloatArray, FloatArray]:
    """Return the bounds of what is carried out of an interval."""
    return stages.low[stages.carried, interval], stages.high[stages.carried, interval]


def _whole(stages: Stages) -> Ends:
    none = np.zeros(stages.carried.size)
    return Ends(stages.before[0], stages.before[1], none, none)


def unit_of(stages: Stages) -> float:
    """Return the MWh that the solver counts as one: a power of two near what a group can move.

    It is the median, so that a market of unlimited depth does not make all others small.
    """
    flows = [place for place, (_, what) in enumerate(stages.names) if what in FLOWS]
    sizes = np.sort(np.add.reduce(stages.high[flows], axis=1) / stages.n)
    sizes = sizes[sizes > 0]
    if not sizes.size:
        return 1.0
    return float(2.0 ** np.round(np.log2(max(sizes[(sizes.size - 1) // 2] / 16, LEAST_UNIT))))
