"""MUDA by its definition, order by order, for given coins and a given queue."""

from math import inf

from tests.oracles import auctions


def price_of(orders, k, floor, cap):
    """The price that a half names, None without legal orders of both sides."""
    plain = auctions.tradable([o[:3] for o in orders], floor, cap)
    if {side for side, _, _ in plain} != {"buy", "sell"}:
        return None
    low, high = auctions.price_set(plain, floor, cap)
    return low + k * (high - low)


def gain(order, price):
    return price - order[1] if order[0] == "sell" else order[1] - price


def best(orders, rows, total, price):
    """Fills by row: the orders that gain most first, equal ones in row order."""
    fills = {}
    for row in sorted(rows, key=lambda row: (-gain(orders[row], price), row)):
        fills[row] = min(orders[row][2], total - sum(fills.values()))
    return fills


def by_lot(orders, rows, total, price, turn):
    """Fills by row: owners in their turn, each his best orders first."""
    fills = {}
    for row in sorted(rows, key=lambda row: (turn[orders[row][3]], -gain(orders[row], price), row)):
        fills[row] = min(orders[row][2], total - sum(fills.values()))
    return fills


def fee(orders, rows, fills, price, owner):
    """What the others of a side gain without the owner, less what they gain with him."""
    total = sum(fills.values())
    others = [row for row in rows if orders[row][3] != owner]
    without = best(orders, others, total, price)
    return sum((without[row] - fills[row]) * gain(orders[row], price) for row in others)


def trade(orders, rows, price, turn, variant):
    """Fills and fees per unit by row, of the orders `rows` at a given price."""
    willing = {
        side: [r for r in rows if orders[r][0] == side and gain(orders[r], price) >= 0]
        for side in ("sell", "buy")
    }
    total = min(sum(orders[row][2] for row in willing[side]) for side in willing)
    fills, fees = {}, {}
    for mine in willing.values():
        if variant == "lottery":
            found = by_lot(orders, mine, total, price, turn)
        else:
            found = best(orders, mine, total, price)
            for owner in {orders[row][3] for row in mine}:
                own = [row for row in mine if orders[row][3] == owner]
                units = sum(found[row] for row in own)
                each = fee(orders, mine, found, price, owner) / units if units else 0
                fees |= dict.fromkeys(own, each)
        fills |= found
    return fills, fees


def clear(orders, half, turn, variant, k, floor=-inf, cap=inf):
    """Fill and price of each order (side, price, quantity, owner); its own where it fails."""
    fills, prices = [0] * len(orders), [order[1] for order in orders]
    halves = [[r for r, o in enumerate(orders) if o[2] and half[o[3]] == h] for h in (0, 1)]
    for rows, others in (halves, halves[::-1]):
        price = price_of([orders[row] for row in others], k, floor, cap)
        if price is None:
            continue
        found, fees = trade(orders, rows, price, turn, variant)
        for row, fill in found.items():
            if fill:
                fills[row] = fill
                charge = fees.get(row, 0)
                paid = price - charge if orders[row][0] == "sell" else price + charge
                prices[row] = min(max(paid, floor), cap)
    return fills, prices
