"""Continuous matching as its definition says, by looking at every standing order each time."""

from math import inf

from tests.oracles import auctions


def continuous(orders, floor=-inf, cap=inf):
    """Trades (arrived, waited, quantity, price) and what is left of each order.

    Orders (side, price, quantity, minimum) come in the order of arrival.
    """
    left = [0] * len(orders)
    trades = []
    for new, (side, price, quantity, minimum) in enumerate(orders):
        if (side == "sell" and price > cap) or (side == "buy" and price < floor):
            continue
        rivals = [
            old
            for old in range(new)
            if left[old] > 0
            and orders[old][0] != side
            and (orders[old][1] >= price if side == "sell" else orders[old][1] <= price)
        ]
        if sum(left[old] for old in rivals) < minimum or quantity < minimum:
            continue
        sign = 1 if side == "buy" else -1
        for old in sorted(rivals, key=lambda old: (sign * orders[old][1], old)):
            part = min(quantity, left[old])
            quantity -= part
            left[old] -= part
            if part:
                trades.append((new, old, part, min(max(orders[old][1], floor), cap)))
        left[new] = quantity
    return trades, left


def closing(orders, left, floor=-inf, cap=inf):
    """Price and fills of a call auction of what is left, equal prices in row order."""
    rest = [(side, price, q) for (side, price, _, _), q in zip(orders, left, strict=True)]
    total = auctions.volume(rest, floor, cap)
    low, high = auctions.price_set(rest, floor, cap)
    sells = iter(auctions.in_turn(rest, "sell", total, floor, cap))
    buys = iter(auctions.in_turn(rest, "buy", total, floor, cap))
    fills = [next(sells) if side == "sell" else next(buys) for side, _, _ in rest]
    return (low + high) / 2 if total else None, fills
