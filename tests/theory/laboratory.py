"""Traders without intelligence in a continuous double auction, as in Gode and Sunder (1993).

Journal of Political Economy 101, 119-137. At each step a trader drawn at random quotes one unit,
the best he has left, at a random price; a trade, at the earlier of the two quotes, cancels all
quotes that stand. Constrained traders (ZI-C) never quote a price at which they would lose.
"""

from itertools import chain

from market.limit_book import ASK, BID, LimitOrderBook


def trading_period(values, costs, rng, top, *, constrained=True, quotes=1000):
    """Trades (value, cost, price) of one period; quotes are whole numbers from 1 to `top`.

    `values` and `costs` list the units of each buyer and each seller, the best one first.
    """
    units = {BID: [list(own) for own in values], ASK: [list(own) for own in costs]}
    traders = [(side, own) for side in (BID, ASK) for own in units[side]]
    book, quoted, done = LimitOrderBook(), [], []
    for who, where in rng.random((quotes, 2)).tolist():
        side, own = traders[int(who * len(traders))]
        low, high = (1, own[0]) if side == BID else (own[0], top)
        if not constrained:
            low, high = 1, top
        book.submit(side, low + int(where * (high - low + 1)), 1)
        quoted.append(own)
        if book.trades:
            arrived, waited, _, price = book.trades[0]
            own, other = quoted[arrived].pop(0), quoted[waited].pop(0)
            done.append((own, other, price) if side == BID else (other, own, price))
            traders = [(side, own) for side, own in traders if own]
            book, quoted = LimitOrderBook(), []
            if len({side for side, _ in traders}) < 2:
                break
    return done


def efficiency(trades, values, costs):
    """Gains from the trades as a share of the largest there are, in percent."""
    dearest = sorted(chain.from_iterable(values), reverse=True)
    cheapest = sorted(chain.from_iterable(costs))
    most = sum(max(value - cost, 0) for value, cost in zip(dearest, cheapest, strict=False))
    return 100 * sum(value - cost for value, cost, _ in trades) / most


def alpha(prices, equilibrium):
    """Smith's coefficient of convergence, percent: spread of prices around the equilibrium."""
    squares = sum((price - equilibrium) ** 2 for price in prices)
    return 100 * (squares / len(prices)) ** 0.5 / equilibrium
