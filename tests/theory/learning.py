"""Traders who learn from their profits, as in Nicolaisen, Petrov and Tesfatsion (2001).

IEEE Transactions on Evolutionary Computation 5, 504-523: three buyers and three sellers of
electricity meet each round in a clearing house with discriminatory midpoint pricing (`high-low`
with k = 1/2) and choose their markups by modified Roth-Erev reinforcement.
"""

import numpy as np

from market import OrderBook, clear

VALUES, COSTS = (37.0, 17.0, 12.0), (35.0, 16.0, 11.0)


class RothErev:
    """Modified Roth-Erev reinforcement over K actions, all of one propensity at first.

    Each round the propensities fade by the recency; the action taken gains its profit times
    (1 - experimentation), every other one its own propensity times experimentation / (K - 1).
    An action is drawn with probability proportional to its propensity.
    """

    def __init__(self, rng, propensity, actions=40, recency=0.10, experimentation=0.20):
        self.rng, self.recency, self.experimentation = rng, recency, experimentation
        self.propensity = np.full(actions, propensity)
        self.action = 0

    def choose(self):
        """Draw the next action."""
        reached = self.propensity.cumsum()
        self.action = int(reached.searchsorted(self.rng.random() * reached[-1], "right"))
        return self.action

    def learn(self, profit):
        """Note what the last action brought."""
        gained = self.propensity * self.experimentation / (self.propensity.size - 1)
        gained[self.action] = (1 - self.experimentation) * profit
        self.propensity = (1 - self.recency) * self.propensity + gained


def season(sell_capacity, buy_capacity, seed, rounds=1000, scaling=9.0):
    """Profits of three buyers, then three sellers, one row a round, when all of them learn.

    An action is a markup in whole units of money. The first propensities are s(1) X / K: scaling
    times the mean competitive profit of a trader, over the number of actions.
    """
    rng, values, costs = np.random.default_rng(seed), np.array(VALUES), np.array(COSTS)
    first = scaling * competitive(sell_capacity, buy_capacity).mean() / 40
    traders = [RothErev(rng, first) for _ in range(6)]
    supply, demand = np.full(3, sell_capacity), np.full(3, buy_capacity)
    profits = np.zeros((rounds, 6))
    for row in profits:
        markup = np.array([trader.choose() for trader in traders], np.float64)
        asks, bids = costs + markup[3:], np.maximum(values - markup[:3], 0.0)
        result = clear(OrderBook(asks, supply, bids, demand, quantum=1.0), "high-low", k=0.5)
        row[:3] = (values - result.bid_pay) * result.bid_fill
        row[3:] = (result.ask_pay - costs) * result.ask_fill
        for trader, profit in zip(traders, row.tolist(), strict=True):
            trader.learn(profit)
    return profits


def competitive(sell_capacity, buy_capacity):
    """Profits of three buyers, then three sellers, at the middle of the clearing prices."""
    values, costs = np.array(VALUES), np.array(COSTS)
    supply, demand = np.full(3, sell_capacity), np.full(3, buy_capacity)
    result = clear(OrderBook(costs, supply, values, demand, quantum=1.0), "uniform", k=0.5)
    bought = (values - result.price) * result.bid_fill
    return np.concatenate((bought, (result.price - costs) * result.ask_fill))
