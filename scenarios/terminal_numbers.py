"""Numbers as a person reads them beside each other: one scale, as many decimals as tell."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

COARSE = ((1e9, 1e9, "billion "), (1e6, 1e6, "million "))
"""From which number on, what is divided by, and what goes before the unit."""
FINE = ((1e9, 1e6, "million "), (1e6, 1e3, "thousand "))
"""The same for columns in which small numbers count beside large ones."""
SIGNIFICANT = 4
MOST_DECIMALS = 6
NOTHING = "-"


@dataclass(frozen=True, slots=True)
class Scale:
    """How the numbers of a column are written.

    Attributes
    ----------
    divisor : float
    word : str
        What goes before the unit: ``million``, or nothing.
    decimals : int
    """

    divisor: float = 1.0
    word: str = ""
    decimals: int = 2

    def written(self, value: float) -> str:
        """Return a number as it stands in the column; a dash where it is not defined.

        >>> Scale(1e6, "million ", 1).written(-12_345_678.0), Scale().written(float("nan"))
        ('-12.3', '-')
        """
        if not math.isfinite(value):
            return NOTHING
        rounded = round(value / self.divisor, self.decimals) + 0.0  # no minus before zero
        return f"{rounded:,.{self.decimals}f}"

    def interval(self, value: float, low: float, high: float) -> str:
        """Return a number with its interval, if it has one.

        >>> Scale().interval(1.0, 0.5, 1.5), Scale().interval(1.0, float("nan"), float("nan"))
        ('1.00 [0.50, 1.50]', '1.00')
        """
        if not math.isfinite(low):
            return self.written(value)
        return f"{self.written(value)} [{self.written(low)}, {self.written(high)}]"

    def finer(self, values: Iterable[float]) -> "Scale":
        """Return the same scale with the decimals that other numbers need."""
        return Scale(self.divisor, self.word, _decimals(_largest(values) / self.divisor))


def scale_for(
    values: Iterable[float], steps: tuple[tuple[float, float, str], ...] = COARSE
) -> Scale:
    """Return a scale that shows at least four digits of the largest number.

    >>> scale_for([0.5, 98.7]), scale_for([2.5e7])
    (Scale(divisor=1.0, word='', decimals=2), Scale(divisor=1000000.0, word='million ', decimals=2))
    """
    largest = _largest(values)
    for bound, divisor, word in steps:
        if largest >= bound:
            return Scale(divisor, word, _decimals(largest / divisor))
    return Scale(decimals=_decimals(largest))


def p_value(value: float) -> str:
    """Return a p-value; none is called zero.

    >>> p_value(0.0123), p_value(1e-9), p_value(float("nan"))
    ('0.012', '<0.001', '-')
    """
    if not math.isfinite(value):
        return NOTHING
    return "<0.001" if value < 0.001 else f"{value:.3f}"


def _largest(values: Iterable[float]) -> float:
    return max((abs(value) for value in values if math.isfinite(value)), default=0.0)


def _decimals(largest: float) -> int:
    if largest == 0.0:
        return 2
    digits = math.floor(math.log10(largest)) + 1
    return min(max(SIGNIFICANT - digits, 0), MOST_DECIMALS)
