"""Auctions written down as their definitions say, order by order, as slow as they come."""

from math import inf, isinf


def tradable(orders, floor, cap):
    """Orders (side, price, quantity) that could trade at some legal price."""
    return [
        (side, price, quantity)
        for side, price, quantity in orders
        if quantity > 0 and (price <= cap if side == "sell" else price >= floor)
    ]


def offered(orders, p, *, strictly=False):
    """Quantity of offers at or below p."""
    return sum(q for s, x, q in orders if s == "sell" and (x < p or (x == p and not strictly)))


def wanted(orders, p, *, strictly=False):
    """Quantity of bids at or above p."""
    return sum(q for s, x, q in orders if s == "buy" and (x > p or (x == p and not strictly)))


def clears(orders, p):
    """The contract's definition of an equilibrium price."""
    return offered(orders, p, strictly=True) <= wanted(orders, p) and wanted(
        orders, p, strictly=True
    ) <= offered(orders, p)


def price_set(orders, floor=-inf, cap=inf):
    """Ends of the set of clearing prices by trying every price that could be an end."""
    orders = tradable(orders, floor, cap)
    tried = sorted({x for _, x, _ in orders})
    good = [p for p in tried if clears(orders, p)]
    low, high = (good[0], good[-1]) if good else (None, None)
    marginal_low, marginal_high = low, high
    if clears(orders, tried[0] - 1 if tried else 0):
        low = marginal_high if isinf(floor) else floor
    if clears(orders, tried[-1] + 1 if tried else 0):
        high = marginal_low if isinf(cap) else cap
    return tuple(None if end is None else min(max(end, floor), cap) for end in (low, high))


def volume(orders, floor=-inf, cap=inf):
    """The largest quantity that any one price lets trade."""
    orders = tradable(orders, floor, cap)
    return max((min(offered(orders, x), wanted(orders, x)) for _, x, _ in orders), default=0)


def in_turn(orders, side, total, floor=-inf, cap=inf):
    """Fills of one side: best price first, then row order, until the total is used up."""
    legal = [
        price <= cap if side == "sell" else price >= floor for s, price, _ in orders if s == side
    ]
    mine = [(price, quantity) for s, price, quantity in orders if s == side]
    sign = 1 if side == "sell" else -1
    fills = [0] * len(mine)
    for row in sorted(range(len(mine)), key=lambda row: (sign * mine[row][0], row)):
        if legal[row]:
            fills[row] = min(mine[row][1], total)
            total -= fills[row]
    return fills


def high_low(orders, k, floor=-inf, cap=inf):
    """Pairs (ask, bid, quantity, price): highest bid with lowest offer, ties in row order."""
    total = volume(orders, floor, cap)
    asks = [[x, q] for s, x, q in orders if s == "sell"]
    bids = [[x, q] for s, x, q in orders if s == "buy"]
    left_asks = in_turn(orders, "sell", total, floor, cap)
    left_bids = in_turn(orders, "buy", total, floor, cap)
    found = []
    while any(left_asks):
        ask = min((a for a, q in enumerate(left_asks) if q), key=lambda a: (asks[a][0], a))
        bid = min((b for b, q in enumerate(left_bids) if q), key=lambda b: (-bids[b][0], b))
        quantity = min(left_asks[ask], left_bids[bid])
        left_asks[ask] -= quantity
        left_bids[bid] -= quantity
        price = asks[ask][0] + k * (bids[bid][0] - asks[ask][0])
        found.append((ask, bid, quantity, min(max(price, floor), cap)))
    return found
