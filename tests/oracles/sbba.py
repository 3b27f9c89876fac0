"""SBBA written down as its definition says, order by order, for one given lot."""

from tests.oracles.huang import efficient, fills, ranked


def sbba(orders, floor, cap, lot):
    """(price, fills of the offers, fills of the bids); the price is None without trade.

    `lot` puts a list of n sellers in the order in which they are served, given n.
    """
    asks, bids = ranked(orders, "sell", floor, cap), ranked(orders, "buy", floor, cap)
    sellers, buyers = efficient(asks, bids)
    price, served = None, buyers
    if sellers:
        price = bids[buyers - 1][0]
        if sellers < len(asks) and asks[sellers][0] <= price:
            price = asks[sellers][0]
        else:
            served -= 1
    bought = {row: quantity for _, row, quantity in bids[:served]}
    left, sold = sum(bought.values()), {}
    willing = sorted((row, quantity) for _, row, quantity in asks[:sellers])
    for turn in lot(len(willing)):
        row, quantity = willing[turn]
        sold[row] = min(quantity, left)
        left -= sold[row]
    done = fills(orders, "sell", sold), fills(orders, "buy", bought)
    if not any(done[1]):
        return None, *done
    return min(max(price, floor), cap), *done
