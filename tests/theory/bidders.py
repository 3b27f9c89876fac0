"""The equilibrium of the buyer's bid double auction, exactly, for uniform values and costs.

The call auction with k = 1: the price is the high end of the clearing prices, so a seller who
trades never sets it and asks his cost. m buyers and m sellers want one unit each; values and costs
are uniform on [0, 1]. A bid b wins if at least m of the other 2m - 1 quotes lie below it. Raising
it wins the trade of value v - b at the density f(b) with which the m-th of them is met, and raises
the price with the probability P(b) that exactly m of them lie below: (v - b) f(b) = P(b). If the
others bid a fixed share of their values, each quote lies below b with a probability in proportion
to b, so f(b) = m P(b) / b, and the best bid is v m / (m + 1): an equilibrium. For m = 1 it is that
of Chatterjee and Samuelson for k = 1. The derivation is ours; the auction is that of Satterthwaite
and Williams (1989), Review of Economic Studies 56, 477-498.
"""

import numpy as np
from scipy.integrate import quad
from scipy.stats import binom


def equilibrium_bid(value, m):
    """The share m / (m + 1) of the value."""
    return value * m / (m + 1)


def at_least(m, one, n_one, other, n_other):
    """Probability that at least m of two groups of independent quotes lie below."""
    group = np.arange(n_one + 1)
    return binom.pmf(group, n_one, one) @ binom.sf(m - 1 - group, n_other, other)


def wins(bid, m):
    """Probability that a bid trades against m honest sellers and m - 1 equilibrium buyers."""
    return at_least(m, bid, m, min(bid * (m + 1) / m, 1.0), m - 1)


def sells(cost, m):
    """Probability that an honest seller trades: at most m - 1 other quotes lie below his."""
    return 1 - at_least(m, cost, m - 1, min(cost * (m + 1) / m, 1.0), m)


def inefficiency(m):
    """The share of the largest gains that the equilibrium leaves unrealised."""
    values = quad(lambda v: v * wins(equilibrium_bid(v, m), m), 0, 1)[0]
    edge = m / (m + 1)  # no seller above the highest bid trades
    costs = (
        quad(lambda c: c * sells(c, m), 0, edge)[0] + quad(lambda c: c * sells(c, m), edge, 1)[0]
    )
    return 1 - m * (values - costs) / (m**2 / (2 * (2 * m + 1)))


def expected_profits(bids, value, m):
    """What a buyer gains on average by each bid of a grid that starts at 0.

    The chance to win times (v - b), plus what he saves where m + 1 of the others lie below: the
    price is then the (m+1)-th of them, and its mean distance from b is the integral of the
    probability of that (by parts).
    """
    edge = m / (m + 1)
    cheaper = np.array([at_least(m + 1, b, m, min(b / edge, 1.0), m - 1) for b in bids])
    saved = np.concatenate(([0.0], np.cumsum((cheaper[1:] + cheaper[:-1]) / 2 * np.diff(bids))))
    return (value - bids) * np.array([wins(b, m) for b in bids]) + saved
