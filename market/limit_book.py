"""A limit order book: price-time priority, trades at the price of the order that waited."""

from heapq import heappop, heappush
from math import inf, nan

ASK, BID = 0, 1
NOBODY = -1
Trade = tuple[int, int, int, float]
Entry = tuple[float, int, int]


class LimitOrderBook:
    """Standing orders of both sides, best price first, then first come first served.

    An order that arrives trades with the best order of the other side for as long as their limits
    meet, at the price of the one that waited, within floor and cap; what is left of it waits.
    Offers above the cap and bids below the floor are refused. Orders are numbered from 0.

    Parameters
    ----------
    floor, cap : float
        Bounds of the price, currency/MWh.

    Attributes
    ----------
    left : list of int
        What each order still has in the book; 0: it is filled, cancelled or refused.
    trades : list of (arrived, waited, quantity, price)
        Numbers of the two orders, in the order of trading.
    last_price : float
        Price of the last trade; NaN before the first.

    References
    ----------
    The continuous double auction with price-time priority is described by Friedman (1993), "The
    double auction market institution: a survey", in Friedman and Rust (eds), The Double Auction
    Market, 3-25.

    Examples
    --------
    A bid of 7 Wh at 30 meets 5 Wh offered at 10; the other 2 Wh wait.

    >>> book = LimitOrderBook()
    >>> offer, bid = book.submit(ASK, 10.0, 5), book.submit(BID, 30.0, 7)
    >>> book.trades, book.left, book.best(BID)
    ([(1, 0, 5, 10.0)], [0, 2], (30.0, 2))
    """

    def __init__(self, floor: float = -inf, cap: float = inf) -> None:
        self._floor, self._cap = floor, cap
        self._heaps: tuple[list[Entry], list[Entry]] = ([], [])
        self._side: list[int] = []
        self._price: list[float] = []
        self._party: list[int] = []
        self._trader: list[int] = []
        # An entry of the heaps counts only while it carries its order's ticket.
        self._ticket: list[int] = []
        self._tickets = 0
        self._chosen: dict[int, int] = {}
        self._of_trader: dict[int, list[int]] = {}
        self._halted = False
        self.left: list[int] = []
        self.trades: list[Trade] = []

    @property
    def last_price(self) -> float:
        """Price of the last trade; NaN before the first."""
        return self.trades[-1][3] if self.trades else nan

    def submit(
        self,
        side: int,
        price: float,
        quantity: int,
        minimum: int = 0,
        party: int = NOBODY,
        trader: int = NOBODY,
    ) -> int:
        """Enter an order and return its number.

        Parameters
        ----------
        side : int
            `ASK` or `BID`.
        price : float
        quantity : int
        minimum : int
            The order trades at least so much on arrival, or is cancelled.
        party : int
            Orders of one party never meet.
        trader : int
            One of a party; trades on one side only: the first trade cancels all orders of that
            trader on the other side, those to come included.
        """
        order = len(self.left)
        self._side.append(side)
        self._price.append(price)
        self._party.append(party)
        self._trader.append(trader)
        self._ticket.append(0)
        self.left.append(quantity)
        accepted = quantity > 0 and (price >= self._floor if side else price <= self._cap)
        if accepted and trader != NOBODY:
            accepted = self._admitted(order)
        if accepted and minimum:
            accepted = self._can_trade(order, minimum)
        if accepted:
            self._enter(order)
        else:
            self.left[order] = 0
        return order

    def amend(self, order: int, price: float, quantity: int) -> None:
        """Give a standing order another price, and quantity still wanted.

        A new price or a larger quantity puts it behind all others of its price; a smaller quantity
        keeps its place. An order that is gone stays gone.

        >>> book = LimitOrderBook()
        >>> first, second = book.submit(ASK, 10.0, 5), book.submit(ASK, 10.0, 5)
        >>> book.amend(first, 10.0, 6)
        >>> taker = book.submit(BID, 10.0, 5)
        >>> book.left
        [6, 0, 0]
        """
        before = self.left[order]
        if not before:
            return
        legal = price >= self._floor if self._side[order] else price <= self._cap
        self.left[order] = quantity if legal and quantity > 0 else 0
        if price == self._price[order] and quantity <= before:
            return
        self._price[order] = price
        if self.left[order]:
            self._enter(order)

    def cancel(self, order: int) -> None:
        """Take an order out of the book."""
        self.left[order] = 0

    def halt(self) -> None:
        """Stop trading: from now on orders only gather, for an auction of what is left."""
        self._halted = True

    def best(self, side: int) -> tuple[float, int]:
        """Return the best price of a side and what waits at it; NaN and 0 where nobody waits."""
        heap = self._heaps[side]
        while heap and self._void(heap[0]):
            heappop(heap)
        if not heap:
            return nan, 0
        key = heap[0][0]
        waiting = sum(
            self.left[entry[2]] for entry in heap if entry[0] == key and not self._void(entry)
        )
        return (-key if side else key), waiting

    def _void(self, entry: Entry) -> bool:
        return not self.left[entry[2]] or self._ticket[entry[2]] != entry[1]

    def _enter(self, order: int) -> None:
        """Trade an order as far as it goes and let the rest wait."""
        side, price = self._side[order], self._price[order]
        key = -price if side else price
        if not self._halted:
            self._trade(order, self._heaps[1 - side], -key)
        if self.left[order]:
            self._tickets += 1
            self._ticket[order] = self._tickets
            heappush(self._heaps[side], (key, self._tickets, order))

    def _trade(self, order: int, heap: list[Entry], limit: float) -> None:
        """Meet the waiting orders one after another, best first, while their keys allow."""
        left, tickets, party = self.left, self._ticket, self._party
        own = party[order] if party[order] != NOBODY else None
        wanted, passed = left[order], []
        while heap and wanted and heap[0][0] <= limit:
            key, ticket, waiting = heap[0]
            there = left[waiting]
            if not there or tickets[waiting] != ticket:
                heappop(heap)
            elif party[waiting] == own:
                passed.append(heappop(heap))
            else:
                part = wanted if wanted < there else there
                wanted -= part
                left[waiting] = there - part
                if part == there:
                    heappop(heap)
                self._note(order, waiting, part, key)
        left[order] = wanted
        for entry in passed:
            heappush(heap, entry)

    def _note(self, order: int, waiting: int, part: int, key: float) -> None:
        price = key if self._side[order] else -key
        if price < self._floor:
            price = self._floor
        elif price > self._cap:
            price = self._cap
        self.trades.append((order, waiting, part, price))
        if self._of_trader:
            self._choose(order)
            self._choose(waiting)

    def _can_trade(self, order: int, minimum: int) -> bool:
        """Return whether as much would trade now: look at the best orders and put them back."""
        if self._halted or minimum > self.left[order]:
            return False
        side, price, party = self._side[order], self._price[order], self._party[order]
        heap, limit = self._heaps[1 - side], price if side else -price
        seen, found = [], 0
        while heap and found < minimum and heap[0][0] <= limit:
            entry = heappop(heap)
            if not self._void(entry):
                seen.append(entry)
                if party == NOBODY or self._party[entry[2]] != party:
                    found += self.left[entry[2]]
        for entry in seen:
            heappush(heap, entry)
        return found >= minimum

    def _admitted(self, order: int) -> bool:
        """Note whose order it is; return whether its trader may still trade on that side."""
        trader, side = self._trader[order], self._side[order]
        self._of_trader.setdefault(trader, []).append(order)
        return self._chosen.get(trader, side) == side

    def _choose(self, order: int) -> None:
        """Keep a trader on the side of its first trade: its other orders go."""
        trader, side = self._trader[order], self._side[order]
        if trader == NOBODY or trader in self._chosen:
            return
        self._chosen[trader] = side
        for other in self._of_trader[trader]:
            if self._side[other] != side:
                self.left[other] = 0
