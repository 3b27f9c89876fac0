"""An auction as it is held: the mechanism, and the conditions that orders carry for all of them.

Partner exclusion and clean energy work with every mechanism, because they only decide which
orders meet; a minimum quantity needs a mechanism that knows it.
"""

import numpy as np

from market.clearing import AuctionRules, ClearingResult, Mechanism
from market.green import clear_green
from market.orders import OrderBook
from market.own_trades import clear_apart


def hold(
    mechanism: Mechanism,
    book: OrderBook,
    rules: AuctionRules,
    rng: np.random.Generator | None = None,
) -> ClearingResult:
    """Clear a book with the conditions of its orders.

    Orders of one party never meet (`market.own_trades`), bids for clean energy only are served
    from clean offers (`market.green`).

    Examples
    --------
    One clean and one other seller; the first buyer takes clean energy only.

    >>> from market.mechanisms.uniform import Uniform
    >>> book = OrderBook(
    ...     np.array([10.0, 10.0]), np.array([5, 5]), np.array([90.0, 30.0]), np.array([6, 4]),
    ...     ask_green=np.array([True, False]), bid_green=np.array([True, False]),
    ... )
    >>> result = hold(Uniform(), book, AuctionRules())
    >>> result.ask_pay, result.bid_pay, result.bid_fill
    (array([90., 10.]), array([90., 10.]), array([5, 4]))
    """

    def meet(orders: OrderBook) -> ClearingResult:
        if orders.ask_party is None or orders.bid_party is None:
            return mechanism.clear(orders, rules, rng)
        return clear_apart(mechanism, orders, rules, rng, (orders.ask_party, orders.bid_party))

    if book.bid_green is None or not book.bid_green.any():
        return meet(book)
    return clear_green(meet, book, book.bid_green, rules)
