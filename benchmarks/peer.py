"""Times `pymarket` on the books of `benchmarks.mechanisms`, in an interpreter that has it.

Only this file and `random_orders` are needed there. Prints seconds as JSON, by name of our
mechanism and number of orders; a size is tried while the last one lets expect less than LIMIT.
"""

import json
import sys
import warnings

import numpy as np

from benchmarks.random_orders import fastest, random_orders

LIMIT = 20.0  # s


def crossing(bids):
    """The crossing of its two curves, what `uniform` finds."""
    from pymarket.bids.demand_curves import (
        demand_curve_from_bids,
        intersect_stepwise,
        supply_curve_from_bids,
    )

    intersect_stepwise(demand_curve_from_bids(bids)[0], supply_curve_from_bids(bids)[0])


def huang(bids):
    """Huang's auction."""
    from pymarket.mechanisms import huang_auction

    huang_auction(bids)


def muda(bids):
    """MUDA with Vickrey's prices."""
    from pymarket.mechanisms import muda

    muda(bids, r=np.random.RandomState(1))


def table(n):
    """Return the book as its table; not timed."""
    from pymarket import BidManager

    manager = BidManager()
    for user, (buys, price, quantity, _) in enumerate(zip(*random_orders(n), strict=True)):
        manager.add_bid(float(quantity), float(price), user, bool(buys))
    return manager.get_df()


def main(sizes):
    """Print the seconds of each auction."""
    warnings.simplefilter("ignore")
    found = {}
    for name, auction in (("uniform", crossing), ("huang", huang), ("muda", muda)):
        found[name], last = {}, (1, 0.0)
        for n in sizes:
            if last[1] * (n / last[0]) ** 2 > LIMIT and last[1] * n / last[0] > LIMIT / 4:
                break
            bids = table(n)
            found[name][n] = fastest(lambda: auction(bids), at_least=1)  # noqa: B023
            last = n, found[name][n]
    print(json.dumps(found))


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]])
