"""The call auction: one price for all, set within the market-clearing prices."""

from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

import numpy as np

from market.batch import Books, ClearedBooks, Crossings, cross_many
from market.clearing import NAN, AuctionRules, ClearingResult, mechanisms, within_limits
from market.crossing import Crossing, cross
from market.orders import OrderBook
from market.units import FloatArray, IntArray

PriceRule = Literal["k", "marginal-ask", "marginal-bid", "midpoint"]


def check_k(k: object) -> None:
    """Raise `ValueError` unless `k` is a number between 0 and 1."""
    if isinstance(k, bool) or not isinstance(k, int | float) or not 0 <= k <= 1:
        raise ValueError(f"k must be a number from 0 to 1, not {k!r}")


def k_point(low: float, high: float, k: float) -> float:
    """Return the price that lies the share `k` of the way from `low` to `high`.

    >>> k_point(20.0, 30.0, 0.5)
    25.0
    """
    # Rounding must not carry the price past an end: that is somebody's limit.
    return high if k == 1 else min(low + k * (high - low), high)


@mechanisms.register("uniform")
@dataclass(frozen=True, slots=True)
class Uniform:
    """Call auction: the largest volume at one price for all (k-double auction).

    A price clears the book when offers strictly below it do not exceed bids at or above it,
    and bids strictly above it do not exceed offers at or below it. These prices form the
    interval [price_low, price_high]. The largest possible volume trades at

        price = price_low + k (price_high - price_low),

    best-priced orders first; orders at the margin are rationed by the tie-break.
    Orders with a minimum quantity are blocks of one interval, see `market.day_ahead`: one that
    trades does not lose, one in the money may stay out.

    Parameters
    ----------
    k : float
        Position of the price between the ends, 0 (low end) to 1 (high end); for rule `k`.
    price_rule : str
        ``k``; or ``marginal-ask``, the highest accepted offer; ``marginal-bid``, the lowest
        accepted bid; ``midpoint`` of those two.

    References
    ----------
    Satterthwaite and Williams (1989), Journal of Economic Theory 48, 477-498;
    k = 1/2 with one buyer and one seller is Chatterjee and Samuelson (1983),
    Operations Research 31, 835-851.

    Examples
    --------
    Offers of 5 Wh at 10 and at 20, a bid of 5 Wh at 30: every price from 10 to 20 clears.

    >>> book = OrderBook(np.array([10.0, 20.0]), np.array([5, 5]), np.array([30.0]), np.array([5]))
    >>> result = Uniform(k=0.5).clear(book, AuctionRules())
    >>> result.price_low, result.price_high, result.price, result.volume
    (10.0, 20.0, 15.0, 5)
    >>> Uniform(price_rule="midpoint").clear(book, AuctionRules()).price
    20.0
    """

    draws: ClassVar[bool] = False
    conditions: ClassVar[frozenset[str]] = frozenset({"minimum"})
    k: float = 0.5
    price_rule: PriceRule = "k"

    def __post_init__(self) -> None:
        check_k(self.k)
        if self.price_rule not in get_args(PriceRule):
            known = ", ".join(get_args(PriceRule))
            raise ValueError(f"price_rule must be one of {known}, not {self.price_rule!r}")

    def clear(
        self, book: OrderBook, rules: AuctionRules, rng: np.random.Generator | None = None
    ) -> ClearingResult:
        """Return the price, its bounds and the accepted quantities."""
        if book.ask_minimum is not None or book.bid_minimum is not None:
            found = _cross_with_minimums(book, rules, rng)
        else:
            found = cross(book, rules, rng)
        price = self._price(book, found, rules) if found.volume else NAN
        return ClearingResult(
            price=price,
            price_low=found.low,
            price_high=found.high,
            buy_price=price,
            sell_price=price,
            volume=found.volume,
            ask_fill=found.ask_fill,
            bid_fill=found.bid_fill,
        )

    def _price(self, book: OrderBook, found: Crossing, rules: AuctionRules) -> float:
        """Return the price by the named rule, within floor and cap."""
        if self.price_rule == "k":
            return k_point(found.low, found.high, self.k)
        ask = float(book.ask_price[found.ask_fill > 0].max())
        bid = float(book.bid_price[found.bid_fill > 0].min())
        by_rule = {"marginal-ask": ask, "marginal-bid": bid, "midpoint": ask + (bid - ask) / 2}
        return min(max(by_rule[self.price_rule], rules.price_floor), rules.price_cap)

    def clear_books(self, books: Books, rules: AuctionRules) -> ClearedBooks:
        """Return what `clear` does for each of many books."""
        found = cross_many(books, rules)
        price = np.where(found.volume > 0, self._prices(books, found, rules), NAN)
        return ClearedBooks(*found, price=price, pay=price[books.book])

    def _prices(self, books: Books, found: Crossings, rules: AuctionRules) -> FloatArray:
        """Return the price of each book by the named rule, as `_price` does."""
        low, high = found.low, found.high
        if self.price_rule == "k":
            return high if self.k == 1 else np.minimum(low + self.k * (high - low), high)
        traded = found.volume > 0
        ask, bid = np.where(traded, -np.inf, NAN), np.where(traded, np.inf, NAN)
        asks, bids = (found.fill > 0) & ~books.buys, (found.fill > 0) & books.buys
        np.maximum.at(ask, books.book[asks], books.price[asks])
        np.minimum.at(bid, books.book[bids], books.price[bids])
        if self.price_rule == "midpoint":
            ask = ask + (bid - ask) / 2
        return within_limits(bid if self.price_rule == "marginal-bid" else ask, rules)


def _cross_with_minimums(
    book: OrderBook, rules: AuctionRules, rng: np.random.Generator | None
) -> Crossing:
    """Return the crossing of a book in which some orders have a minimum quantity."""
    plain = cross(book, rules, rng)
    if _enough(plain.ask_fill, book.ask_minimum) and _enough(plain.bid_fill, book.bid_minimum):
        return plain
    # Only such books need the solver.
    from market.day_ahead.auction import clear_day_ahead

    day = clear_day_ahead([book], None, rules, rng=rng)
    ends = float(day.price_low[0]), float(day.price_high[0])
    return Crossing(*ends, int(day.volume[0]), day.ask_fill[0], day.bid_fill[0])


def _enough(fill: IntArray, minimum: IntArray | None) -> bool:
    """Tell whether every order that trades gets its minimum."""
    return minimum is None or bool(((fill == 0) | (fill >= minimum)).all())
