"""Random order books for Hypothesis: many ties, empty rows, one-sided and empty books."""

from math import inf

import numpy as np
from hypothesis import strategies as st

from market import AuctionRules, OrderBook

ORDER = st.tuples(st.sampled_from(["buy", "sell"]), st.integers(-3, 9), st.integers(0, 7))
ORDERS = st.lists(ORDER, max_size=14)
FINE_ORDER = st.tuples(
    st.sampled_from(["buy", "sell"]),
    st.floats(-500, 3000, allow_nan=False).map(lambda p: round(p, 2)),
    st.integers(0, 10**12),
)
FINE_ORDERS = st.lists(FINE_ORDER, max_size=40)
LIMITS = st.tuples(
    st.one_of(st.just(-inf), st.integers(-4, 10)), st.one_of(st.just(inf), st.integers(-4, 10))
).filter(lambda ends: ends[0] <= ends[1])
TIES = st.sampled_from(["pro-rata", "time", "random"])


def book_of(orders):
    """The orders (side, price, quantity) as a book of whole watt-hours."""
    asks = [(x, q) for s, x, q in orders if s == "sell"]
    bids = [(x, q) for s, x, q in orders if s == "buy"]
    return OrderBook(*_columns(asks), *_columns(bids))


def _columns(rows):
    return (
        np.array([x for x, _ in rows], np.float64),
        np.array([q for _, q in rows], np.int64),
    )


def rules_of(limits, ties="pro-rata"):
    return AuctionRules(float(limits[0]), float(limits[1]), ties)


def same(number, expected):
    """NaN is what the engine says for None."""
    return np.isnan(number) if expected is None else number == expected


def check_two_prices(result, expected):
    """Compare a result with the prices and fills (buy, sell, sold, bought) of an oracle."""
    buy, sell, sold, bought = expected
    assert same(result.buy_price, buy)
    assert same(result.sell_price, sell)
    assert same(result.price, buy if buy == sell else None)
    assert result.ask_fill.tolist() == sold
    assert result.bid_fill.tolist() == bought
    assert result.volume == sum(sold) == sum(bought)
