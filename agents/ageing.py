"""Ageing of storage: what cycles and time take from the capacity, and what a cycle costs.

A unit lives `cycles` cycles of its whole size or, idle, `calendar_years`; a cycle of depth ``d``
(share of the size when new) uses up ``d ** depth_exponent / cycles`` of its life. What parts of
life cycles and time use up adds up (Palmgren 1924, Miner 1945), and when all is used up the
capacity is `end_of_life` of what it was. It fades on at the same pace after that, down to nothing.

References
----------
Xu, Oudalov, Ulbig, Andersson, Kirschen, "Modeling of lithium-ion battery degradation for cell life
assessment", IEEE Trans. Smart Grid 9 (2018) 1131-1140: rainflow cycles and time, added up.
Xu, Zhao, Zheng, Litvinov, Kirschen, "Factoring the cycle aging cost of batteries participating in
electricity markets", IEEE Trans. Power Systems 33 (2018) 2248-2259: the marginal cost.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from agents.cycle_count import CycleCount
from market import BoolArray, FloatArray

YEAR_S = 365 * 86_400
KWH_PER_MWH = 1e3


@dataclass(frozen=True, slots=True)
class AgeingLaw:
    """How units age, each of shape (n,).

    Attributes
    ----------
    cycles : array
        Cycles of depth 1 until the end of life, without calendar ageing.
    depth_exponent : array
        How much worse deep cycles are: 1 counts energy only, 2 makes a cycle twice as deep cost
        four times the life.
    calendar_years : array
        Years until the end of life, without cycles.
    calendar_exponent : array
        Fade follows this power of time: 1 is linear, 0.5 the square root.
    end_of_life : array
        Share of the capacity that is left at the end of life.
    replacement_cost : array
        Currency per kWh of capacity when new.
    """

    cycles: FloatArray
    depth_exponent: FloatArray
    calendar_years: FloatArray
    calendar_exponent: FloatArray
    end_of_life: FloatArray
    replacement_cost: FloatArray


def cycle_damage(
    depth: FloatArray | float, cycles: FloatArray | float, exponent: FloatArray | float
) -> FloatArray | float:
    """Return the share of life that one cycle takes: 1 / N(d), with N(d) = cycles x d^-exponent.

    >>> cycle_damage(1.0, 6000, 1.0) * 6000
    1.0
    >>> cycle_damage(0.5, 6000, 2.0) * 6000  # 24,000 half-deep cycles instead of 6,000
    0.25
    """
    return depth**exponent / cycles


def wear_cost(
    law: AgeingLaw, efficiency_discharge: FloatArray, steepness: FloatArray | float
) -> FloatArray:
    """Return the marginal cost of wear, currency per MWh discharged on the grid side.

    A cycle that is deeper by one MWh out of a size E gives `efficiency_discharge` MWh more and
    takes ``exponent x d^(exponent - 1) / cycles / E`` more of a life that costs
    ``1000 x replacement_cost x E`` (1000 kWh in a MWh); the size cancels out.

    Parameters
    ----------
    law : AgeingLaw
    efficiency_discharge : array
    steepness : array
        ``d^(exponent - 1)``; over many cycles, the mean weighted with depth.

    Examples
    --------
    6,000 cycles, exponent 1, 1,000 per kWh, discharging efficiency 0.95: 1,000,000 / 5,700.

    >>> one = np.ones(1)
    >>> law = AgeingLaw(6000 * one, one, 15 * one, one, 0.8 * one, 1000 * one)
    >>> wear_cost(law, 0.95 * one, 1.0).round(2)
    array([175.44])
    """
    per_mwh = KWH_PER_MWH * law.replacement_cost * law.depth_exponent / law.cycles
    return np.asarray(per_mwh * steepness / efficiency_discharge)


class Ageing:
    """The wear of a fleet's units so far.

    The state of charge is noted every interval and counted when it is asked for, once a day.

    Parameters
    ----------
    law : AgeingLaw
    size_wh : array
        Size when new.
    usable : array
        Depth of the deepest possible cycle, ``soc_max - soc_min`` as a share of the size.
    soc : array
        State of charge at the start.

    Attributes
    ----------
    by_cycles, by_time : array, shape (n,)
        Share of the size that is lost to cycles and to time.
    """

    def __init__(
        self, law: AgeingLaw, size_wh: FloatArray, usable: FloatArray, soc: FloatArray
    ) -> None:
        self.law, self._size, self._usable = law, size_wh, usable
        self._noted = [soc]
        self._counts = [CycleCount() for _ in soc]
        # Rows: sums over cycles of their depth, and of their depth to the exponent.
        self._closed = np.zeros((2, soc.size))
        self._sums = np.zeros((2, soc.size))
        self.by_cycles, self.by_time = np.zeros(soc.size), np.zeros(soc.size)

    def note(self, soc: FloatArray) -> None:
        """Take note of the state of charge at the end of an interval."""
        self._noted.append(soc)

    def count(self, second: int) -> None:
        """Count what was noted; `second` since the start of the run is now."""
        if len(self._noted) > 1:
            self._count_cycles()
        law, years = self.law, second / YEAR_S
        lost = 1 - law.end_of_life
        self.by_cycles = lost * self.life_used
        self.by_time = lost * (years / law.calendar_years) ** law.calendar_exponent

    @property
    def life_used(self) -> FloatArray:
        """Share of life that cycles have used up (Miner's sum)."""
        return np.asarray(self._sums[1] / self.law.cycles)

    @property
    def equivalent_cycles(self) -> FloatArray:
        """Full equivalent cycles: depths of all cycles added up."""
        return np.asarray(self._sums[0])

    @property
    def remaining(self) -> FloatArray:
        """Capacity that is left, share of the size when new."""
        return np.maximum(1 - self.by_cycles - self.by_time, 0.0)

    def cost(self, efficiency_discharge: FloatArray) -> FloatArray:
        """Return the marginal cost of wear at the depth of the cycles so far (`wear_cost`).

        The mean starts as if one cycle of the whole usable range had been made. It is rounded to
        a thousandth, so that equal units keep having equal costs (see `agents.shapes`).
        """
        depth, damage = self._usable, self._usable**self.law.depth_exponent
        steepness = (damage + self._sums[1]) / (depth + self._sums[0])
        return wear_cost(self.law, efficiency_discharge, np.round(steepness, 3))

    def facts(self) -> dict[str, FloatArray]:
        """Return capacity left and lost, MWh, full equivalent cycles, and the cost of wear."""
        size = self._size / 1e6
        price = self.law.replacement_cost * KWH_PER_MWH
        return {
            "capacity_remaining_mwh": size * self.remaining,
            "fade_cycles_mwh": size * self.by_cycles,
            "fade_calendar_mwh": size * self.by_time,
            "equivalent_cycles": self.equivalent_cycles.copy(),
            "wear_amount": price * size * self.life_used,
        }

    def _count_cycles(self) -> None:
        levels = np.stack(self._noted) / self._size
        turns = _may_turn(levels)
        self._noted = self._noted[-1:]
        for unit, count in enumerate(self._counts):
            exponent = float(self.law.depth_exponent[unit])
            closed = count.add(levels[turns[:, unit], unit].tolist())
            self._closed[:, unit] += _sums(closed, exponent)
            self._sums[:, unit] = self._closed[:, unit] + _sums(count.open(), exponent)


def _sums(cycles: Iterable[tuple[float, float]], exponent: float) -> tuple[float, float]:
    """Return the sums of depth and of depth to the exponent, each cycle by its count."""
    depth = damage = 0.0
    for width, count in cycles:
        depth += count * width
        damage += count * width**exponent
    return depth, damage


def _may_turn(levels: FloatArray) -> BoolArray:
    """Tell which points, shape (m, n), may be turning points; the ends always may.

    Cycles are counted unit by unit, and most points of a day lie within a slope or a pause.
    """
    steps = np.diff(levels, axis=0)
    turns = np.ones(levels.shape, bool)
    turns[1:-1] = (steps[:-1] != 0) & (steps[:-1] * steps[1:] <= 0)
    return turns
