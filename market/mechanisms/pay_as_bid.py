"""The discriminatory auction: everybody at his own price."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from market.batch import Books, ClearedBooks, cross_many
from market.clearing import (
    NAN,
    AuctionRules,
    ClearingResult,
    at_own_prices,
    mechanisms,
    within_limits,
)
from market.crossing import cross
from market.orders import OrderBook


@mechanisms.register("pay-as-bid")
@dataclass(frozen=True, slots=True)
class PayAsBid:
    """Discriminatory auction: volume as `uniform`, each order at its own price.

    Accepted buyers pay what they bid and accepted sellers receive what they asked, within
    floor and cap; the operator keeps the spread. There is no common price.

    References
    ----------
    Krishna (2010), Auction Theory, 2nd ed., section 12.1 (the discriminatory auction);
    Federico and Rahman (2003), Journal of Regulatory Economics 24, 175-211.

    Examples
    --------
    An offer of 5 Wh at 10 meets a bid of 5 Wh at 30: the seller receives 10, the buyer pays 30.

    >>> book = OrderBook(np.array([10.0]), np.array([5]), np.array([30.0]), np.array([5]))
    >>> result = PayAsBid().clear(book, AuctionRules())
    >>> result.volume, result.ask_pay, result.bid_pay, result.price
    (5, array([10.]), array([30.]), nan)
    """

    draws: ClassVar[bool] = False

    def clear(
        self, book: OrderBook, rules: AuctionRules, rng: np.random.Generator | None = None
    ) -> ClearingResult:
        """Return the accepted quantities and each order's own price."""
        found = cross(book, rules, rng)
        pays = within_limits(book.ask_price, rules), within_limits(book.bid_price, rules)
        return at_own_prices((found.low, found.high), (found.ask_fill, found.bid_fill), pays)

    def clear_books(self, books: Books, rules: AuctionRules) -> ClearedBooks:
        """Return what `clear` does for each of many books."""
        found = cross_many(books, rules)
        nobody = np.full(len(books), NAN)
        return ClearedBooks(*found, price=nobody, pay=within_limits(books.price, rules))
