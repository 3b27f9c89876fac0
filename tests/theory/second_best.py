"""The best that any mechanism can do for one buyer and one seller, by linear programming.

Independent of the project's code: only numpy and scipy. Types are the midpoints of a grid on
[0, 1]. By the revelation principle it is enough to look at direct mechanisms: a probability of
trade for each pair of types, an expected payment of each buyer and an expected receipt of each
seller; truth pays best and nobody loses in expectation.
"""

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import coo_array


def types(n):
    """Values or costs of n equally likely types."""
    return (np.arange(n) + 0.5) / n


def best_mechanism(n, efficient=False):
    """Return expected gains and the operator's expected take of the best mechanism.

    Without `efficient`, the gains are the largest without a deficit; with it, every gainful trade
    happens and the take is the largest (a deficit is negative).
    """
    kind = types(n)
    gain = kind[:, None] - kind[None, :]
    take = np.concatenate((np.zeros(n * n), np.full(n, 1 / n), np.full(n, -1 / n)))
    rows, bound = _truth_pays(kind)
    if efficient:
        low = np.concatenate(((gain > 0).ravel(), np.full(2 * n, -np.inf)))
        high = np.concatenate(((gain >= 0).ravel(), np.full(2 * n, np.inf)))
        found = linprog(-take, A_ub=rows, b_ub=bound, bounds=np.stack((low, high), axis=1))
    else:
        worth = np.concatenate((gain.ravel() / n**2, np.zeros(2 * n)))
        low = np.concatenate((np.zeros(n * n), np.full(2 * n, -np.inf)))
        high = np.concatenate((np.ones(n * n), np.full(2 * n, np.inf)))
        bounds, balance = np.stack((low, high), axis=1), take[None, :]
        found = linprog(-worth, A_ub=rows, b_ub=bound, A_eq=balance, b_eq=[0], bounds=bounds)
    assert found.status == 0, found.message
    trade = found.x[: n * n]
    return gain.ravel() @ trade / n**2, take @ found.x


def _truth_pays(kind):
    """Rows A x <= 0: nobody gains by naming another type, nobody loses by taking part."""
    n = kind.size
    entries = []
    row = 0
    for me in range(n):
        for named in [None, *range(n)]:
            if named == me:
                continue
            entries += _row(row, me, named, kind)
            row += 1
            entries += _row(row, me, named, kind, seller=True)
            row += 1
    place, column, value = np.array(entries).T
    shape = (row, n * n + 2 * n)
    return coo_array((value, (place.astype(int), column.astype(int))), shape).tocsr(), np.zeros(row)


def _row(row, me, named, kind, seller=False):
    """Return utility from naming another type (None: staying away) less utility from the truth."""
    return [
        *_utility(row, me, me, kind, seller, -1.0),
        *([] if named is None else _utility(row, me, named, kind, seller, 1.0)),
    ]


def _utility(row, me, named, kind, seller, sign):
    n = kind.size
    if seller:
        trades = [(row, buyer * n + named, -sign * kind[me] / n) for buyer in range(n)]
        return [*trades, (row, n * n + n + named, sign)]
    trades = [(row, named * n + other, sign * kind[me] / n) for other in range(n)]
    return [*trades, (row, n * n + named, -sign)]
