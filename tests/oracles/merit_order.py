"""The merit order by linear programming: which orders a welfare maximiser takes, at what price.

Independent of the project's code: only numpy and HiGHS.
"""

from dataclasses import dataclass

import highspy
import numpy as np

WH = 1e6  # the LP counts in MWh


@dataclass(frozen=True)
class MeritOrder:
    """Optimal trade of several separate auctions; arrays run over asks, bids or auctions."""

    sold: np.ndarray
    bought: np.ndarray
    welfare: np.ndarray
    dual: np.ndarray
    low: np.ndarray
    high: np.ndarray


def merit_order(asks, bids, auctions):
    """The trade of most welfare in each of `auctions`.

    `asks` and `bids` are tuples (auction, price, wh) of arrays. `low` and `high` are the ends of
    the set of optimal dual prices, from complementary slackness: no accepted offer or rejected
    bid is dearer than a dual price, no accepted bid or rejected offer cheaper.
    """
    fill, dual = _solve(asks, bids, auctions)
    n = len(asks[0])
    sold, bought = np.rint(fill[:n] * WH).astype(int), np.rint(fill[n:] * WH).astype(int)
    low, high = np.full(auctions, -np.inf), np.full(auctions, np.inf)
    at_least = [(asks, sold > 0), (bids, bought < bids[2])]
    at_most = [(bids, bought > 0), (asks, sold < asks[2])]
    for (auction, price, _), rows in at_least:
        np.maximum.at(low, auction[rows], price[rows])
    for (auction, price, _), rows in at_most:
        np.minimum.at(high, auction[rows], price[rows])
    value = np.bincount(bids[0], bids[1] * bought / WH, auctions)
    cost = np.bincount(asks[0], asks[1] * sold / WH, auctions)
    return MeritOrder(sold, bought, value - cost, dual, low, high)


def _solve(asks, bids, auctions):
    asked, bid = len(asks[0]), len(bids[0])
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = asked + bid, auctions
    lp.col_cost_ = np.concatenate([asks[1], -bids[1]])
    lp.col_lower_ = np.zeros(asked + bid)
    lp.col_upper_ = np.concatenate([asks[2], bids[2]]) / WH
    lp.row_lower_ = lp.row_upper_ = np.zeros(auctions)
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_ = np.arange(asked + bid + 1)
    lp.a_matrix_.index_ = np.concatenate([asks[0], bids[0]])
    lp.a_matrix_.value_ = np.concatenate([np.ones(asked), -np.ones(bid)])
    model = highspy.Highs()
    model.silent()
    model.setOptionValue("threads", 1)
    model.passModel(lp)
    model.run()
    assert model.getModelStatus() == highspy.HighsModelStatus.kOptimal
    solution = model.getSolution()
    return np.array(solution.col_value), np.array(solution.row_dual)
