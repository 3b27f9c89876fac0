"""Storage trades by the clock, whatever the price."""

from dataclasses import dataclass
from typing import ClassVar

from agents.quotes import MarketView, Quotes, strategies
from agents.shapes import StorageColumns


@strategies.register("naive")
@dataclass(frozen=True)
class Naive:
    """Storage: buy in some hours of the day and sell in others, at any price.

    In hours from `buy_from` up to `buy_until` all that fits is bid for at the cap; in hours from
    `sell_from` up to `sell_until` all there is is offered at the floor; in others there are no
    orders. Hours are local; a time that ends before it begins goes on past midnight. The default
    is the schedule of a station beside the sun: midday into the evening.

    A yardstick for what looking at prices is worth.

    Parameters
    ----------
    buy_from, buy_until, sell_from, sell_until : float
        Hours of the day, 0 to 24; both times are apart from each other.

    Examples
    --------
    From 22 to 6 is night: 23:00 and 5:30 are in it, 6:00 is not.

    >>> [within(hour, 22, 6) for hour in (23.0, 5.5, 6.0)]
    [True, True, False]
    """

    kinds: ClassVar[frozenset[str]] = frozenset({"storage"})
    reactive: ClassVar[bool] = True

    buy_from: float = 11.0
    buy_until: float = 15.0
    sell_from: float = 18.0
    sell_until: float = 22.0

    def __post_init__(self) -> None:
        for name in ("buy_from", "buy_until", "sell_from", "sell_until"):
            if not 0 <= getattr(self, name) <= 24:
                raise ValueError(f"{name} must be from 0 to 24, got {getattr(self, name)}")
        starts = within(self.sell_from, self.buy_from, self.buy_until)
        if starts or within(self.buy_from, self.sell_from, self.sell_until):
            raise ValueError(
                "buy_from to buy_until and sell_from to sell_until must be apart, got "
                f"{self.buy_from:g} to {self.buy_until:g} and "
                f"{self.sell_from:g} to {self.sell_until:g}"
            )

    def quote(self, view: MarketView, fleet: StorageColumns) -> Quotes:
        """Return the orders of all units for interval `view.first`."""
        now = view.calendar.time(view.first)
        hour = now.hour + now.minute / 60 + now.second / 3600
        if within(hour, self.buy_from, self.buy_until):
            return Quotes(bid_price=view.cap, bid_quantity=fleet.charge_limit())
        if within(hour, self.sell_from, self.sell_until):
            return Quotes(ask_price=view.floor, ask_quantity=fleet.discharge_limit())
        return Quotes()


def within(hour: float, start: float, end: float) -> bool:
    """Tell whether an hour of the day lies between two, past midnight if the second is earlier."""
    if start <= end:
        return start <= hour < end
    return hour >= start or hour < end
