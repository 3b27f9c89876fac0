"""One party deviating alone, order by order in plain Python, cleared on the whole book."""

from dataclasses import replace

import numpy as np

from market import hold


def worth(book, own, result):
    """What the party gains at its true prices, in price x quantum."""
    total = 0.0
    for side, sign, mine in (("ask", 1, own[0]), ("bid", -1, own[1])):
        price = getattr(book, f"{side}_price")
        quantity = getattr(book, f"{side}_quantity")
        fill = getattr(result, f"{side}_fill")
        pay = getattr(result, f"{side}_pay")
        if pay is None:
            pay = np.full(fill.size, result.sell_price if sign > 0 else result.buy_price)
        rows = sorted(np.flatnonzero(mine), key=lambda row: sign * price[row])
        left = sum(int(fill[row]) for row in rows)
        for row in rows:
            if fill[row]:
                total += sign * float(pay[row]) * int(fill[row])
            part = min(left, int(quantity[row]))
            total -= sign * part * float(price[row])
            left -= part
    return total


def sent(book, price, quantity):
    """The book at other prices and quantities of all rows, offers first."""
    asks = book.ask_price.size
    return replace(
        book,
        ask_price=price[:asks],
        bid_price=price[asks:],
        ask_quantity=quantity[:asks],
        bid_quantity=quantity[asks:],
    )


def gain(auction, rules, book, own, orders, draws, truth):
    """What the party `own` (rows of offers, of bids) gains by other orders over the `truth`."""
    price = np.concatenate((book.ask_price, book.bid_price))
    quantity = np.concatenate((book.ask_quantity, book.bid_quantity))
    mine = np.concatenate(own)
    price[mine], quantity[mine] = orders
    lie = hold(auction, sent(book, price, quantity), rules, draws())
    return worth(book, own, lie) - truth
