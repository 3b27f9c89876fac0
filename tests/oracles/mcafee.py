"""McAfee's auction written down as his paper says, order by order."""

from tests.oracles.huang import fills, huang, ranked


def mcafee(orders, floor, cap):
    """(buy price, sell price, offers' fills, bids' fills); the prices are None without trade."""
    asks, bids = ranked(orders, "sell", floor, cap), ranked(orders, "buy", floor, cap)
    if len({quantity for _, _, quantity in asks + bids}) > 1:
        return huang(orders, floor, cap)
    k = sum(bid[0] >= ask[0] for ask, bid in zip(asks, bids, strict=False))
    buy = sell = None
    trading = max(k - 1, 0)
    if k:
        buy, sell = bids[k - 1][0], asks[k - 1][0]
    if 0 < k < min(len(asks), len(bids)):
        middle = (asks[k][0] + bids[k][0]) / 2
        if sell <= middle <= buy:
            buy = sell = middle
            trading = k
    sold = fills(orders, "sell", {row: q for _, row, q in asks[:trading]})
    bought = fills(orders, "buy", {row: q for _, row, q in bids[:trading]})
    if trading == 0:
        return None, None, sold, bought
    return min(max(buy, floor), cap), min(max(sell, floor), cap), sold, bought
