"""Vickrey-Clarke-Groves by its definition: clear again without each owner and compare."""

from math import inf

from tests.oracles import auctions


def gains(orders):
    """The largest gains from trade of orders (side, price, quantity, owner): best with best."""
    asks = sorted([x, q] for s, x, q, _ in orders if s == "sell")
    bids = sorted(([x, q] for s, x, q, _ in orders if s == "buy"), reverse=True)
    total = 0
    while asks and bids and bids[0][0] >= asks[0][0]:
        part = min(asks[0][1], bids[0][1])
        total += part * (bids[0][0] - asks[0][0])
        for queue in (asks, bids):
            queue[0][1] -= part
            if queue[0][1] == 0:
                del queue[0]
    return total


def legal(orders, floor, cap):
    return [o for o in orders if auctions.tradable([o[:3]], floor, cap)]


def contribution(orders, owner, floor=-inf, cap=inf):
    """What the gains from trade lose without the owner: his own gain under this mechanism."""
    orders = legal(orders, floor, cap)
    return gains(orders) - gains([o for o in orders if o[3] != owner])


def payment(orders, fills, owner, floor=-inf, cap=inf):
    """Gains of the others without him, less their gains with him (fills: one per order)."""
    of_others = sum(
        (x if s == "buy" else -x) * fill
        for (s, x, _, who), fill in zip(orders, fills, strict=True)
        if who != owner
    )
    return gains([o for o in legal(orders, floor, cap) if o[3] != owner]) - of_others


def prices(orders, fills, floor=-inf, cap=inf):
    """Price of each order, one per order; its own where it does not trade."""
    low, high = auctions.price_set([o[:3] for o in orders], floor, cap)
    found = []
    for (side, limit, _, owner), fill in zip(orders, fills, strict=True):
        if fill == 0:
            found.append(limit)
            continue
        middle = (low + high) / 2
        mine = zip(orders, fills, strict=True)
        trades = [(s, f) for (s, _, _, who), f in mine if who == owner]
        bought = sum(f for s, f in trades if s == "buy")
        sold = sum(f for s, f in trades if s == "sell")
        paid = payment(orders, fills, owner, floor, cap)
        if side == "buy":
            price = (paid + sold * middle) / bought if bought > sold else middle
        else:
            price = (bought * middle - paid) / sold if sold > bought else middle
        found.append(min(max(price, floor), cap))
    return found
