"""The tariff written down as its definition says, order by order."""


def posted(orders, price, margin, floor, cap):
    """(buy price, sell price, offers' fills, bids' fills), the long side in row order."""
    buy = min(max(price, floor), cap)
    sell = min(max(price - margin, floor), cap)
    supply = [q if x <= sell else 0 for s, x, q in orders if s == "sell"]
    demand = [q if x >= buy else 0 for s, x, q in orders if s == "buy"]
    volume = min(sum(supply), sum(demand))
    if volume == 0:
        buy = sell = None
    return buy, sell, in_turn(supply, volume), in_turn(demand, volume)


def in_turn(quantities, total):
    """Fill one order after another."""
    parts = []
    for quantity in quantities:
        parts.append(min(quantity, total))
        total -= parts[-1]
    return parts
