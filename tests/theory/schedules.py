"""Supply and demand of the laboratory markets.

Gode and Sunder (1993) give theirs as figures only. These are read off the figures, one unit per
trader and step, six traders a side; they are confirmed by the efficiency of ZI-U traders, who trade
every unit, so that it follows from the schedules alone: it agrees with Table 2 in all digits.
Market 5 has steps too fine to read.
"""

from typing import NamedTuple


class Market(NamedTuple):
    """Units of each buyer and seller, the competitive price, and mean efficiencies in Table 2."""

    values: list
    costs: list
    price: float
    volumes: tuple
    unconstrained: float
    constrained: float


GODE_SUNDER = {
    1: Market([103, 98, 93, 88, 83, 78], [35, 47, 59, 71, 83, 95], 83, (24, 30), 90.0, 99.9),
    2: Market([117, 105, 93, 81, 69, 57], [49, 54, 59, 64, 69, 74], 69, (24, 30), 90.0, 99.2),
    3: Market([133, 95, 90], [90, 95, 100], 95, (6, 12), 76.7, 99.0),
    4: Market([180, 175, 170, 165, 160], [90, 140, 170, 190, 199], 170, (12, 18), 48.8, 98.2),
}

# Smith (1962), test 1: one unit each, limits 0.75 to 3.25 in steps of 0.25, here in cents.
SMITH_LIMITS = [[limit] for limit in range(75, 326, 25)]
SMITH_PRICE = 200
