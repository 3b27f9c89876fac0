"""Trade reduction written down as its definition says, order by order."""


def ranked(orders, side, floor, cap):
    """Orders (price, row, quantity) of one side that may trade, best first, ties in row order."""
    mine = [(price, quantity) for s, price, quantity in orders if s == side]
    queue = [
        (price, row, quantity)
        for row, (price, quantity) in enumerate(mine)
        if quantity > 0 and (price <= cap if side == "sell" else price >= floor)
    ]
    return sorted(queue, key=lambda order: (order[0] if side == "sell" else -order[0], order[1]))


def efficient(asks, bids):
    """How many offers and bids trade when the best two always meet, in full or in part."""
    sold, bought = [q for _, _, q in asks], [q for _, _, q in bids]
    a = b = 0
    touched = (0, 0)
    while a < len(asks) and b < len(bids) and asks[a][0] <= bids[b][0]:
        touched = (a + 1, b + 1)
        quantity = min(sold[a], bought[b])
        sold[a] -= quantity
        bought[b] -= quantity
        a, b = a + (sold[a] == 0), b + (bought[b] == 0)
    return touched


def cut(queue, total):
    """Take one unit after another off every order that has any, the last row first."""
    left = {row: quantity for _, row, quantity in queue}
    while sum(left.values()) > total:
        for row in sorted(left, reverse=True):
            if left[row] and sum(left.values()) > total:
                left[row] -= 1
    return left


def fills(orders, side, left):
    """Accepted quantity of every order of a side, from quantities by row."""
    return [left.get(row, 0) for row in range(sum(s == side for s, _, _ in orders))]


def huang(orders, floor, cap):
    """(buy price, sell price, offers' fills, bids' fills); the prices are None without trade."""
    asks, bids = ranked(orders, "sell", floor, cap), ranked(orders, "buy", floor, cap)
    sellers, buyers = efficient(asks, bids)
    inside_asks, inside_bids = asks[: max(sellers - 1, 0)], bids[: max(buyers - 1, 0)]
    total = min(sum(q for _, _, q in inside_asks), sum(q for _, _, q in inside_bids))
    sold = fills(orders, "sell", cut(inside_asks, total))
    bought = fills(orders, "buy", cut(inside_bids, total))
    if total == 0:
        return None, None, sold, bought
    buy, sell = bids[buyers - 1][0], asks[sellers - 1][0]
    return min(max(buy, floor), cap), min(max(sell, floor), cap), sold, bought
