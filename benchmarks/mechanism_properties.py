"""What every registered mechanism does to random books, beside what theory promises.

`python -m benchmarks.mechanism_properties` prints the table of docs/mechanism-properties.md;
with the name of that page behind it, it writes the table into the page.
"""

import re
import sys
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from market import AuctionRules, OrderBook, mechanism_of, mechanisms, stream
from market.crossing import cross

RULES = AuctionRules()
SCALE = 1000  # prices are whole numbers from 0 to this, all equally likely
BESIDE = 1e-6  # a report just above or just below another order's price
PARAMS = {"posted": {"posted_price": SCALE / 2}}  # where the default does not fit SCALE
VARIANTS = {"muda": {"vickrey": {"variant": "vickrey"}}}


@dataclass(frozen=True)
class Family:
    """Random books of one kind: `cleared` are cleared as they are, in `bent` everybody lies."""

    name: str
    traders: int
    largest: int
    cleared: int
    bent: int


FAMILIES = (
    Family("1 + 1", 1, 1, 500, 100),
    Family("2 + 2", 2, 1, 500, 40),
    Family("5 + 5", 5, 1, 500, 8),
    Family("10 + 10", 10, 1, 500, 3),
    Family("6 + 6, sized", 6, 20, 500, 4),
)
HEADING = (
    "mechanism",
    "traders",
    "efficiency",
    "worst",
    "volume lost",
    "worst order",
    "operator least",
    "mean",
    "most",
    "price lie mean",
    "most",
    "size lie most",
)
MARKS = ("<!-- properties -->", "<!-- /properties -->")


def random_book(family, number):
    """Return book `number` of a family: prices and sizes uniform, arrivals in random order."""
    rng = stream(number, "mechanism-properties", family.name)
    n = family.traders
    price = rng.integers(0, SCALE, (2, n), endpoint=True).astype(np.float64)
    quantity = rng.integers(1, family.largest, (2, n), endpoint=True)
    turn = rng.permutation(2 * n)
    return OrderBook(
        price[0],
        quantity[0],
        price[1],
        quantity[1],
        ask_turn=turn[:n],
        bid_turn=turn[n:],
        quantum=1.0,
    )


def gains(book, result):
    """Return what each offer, then each bid of `book` gains, whatever they reported."""
    ask_pay = result.sell_price if result.ask_pay is None else result.ask_pay
    bid_pay = result.buy_price if result.bid_pay is None else result.bid_pay
    fill = np.concatenate((result.ask_fill, result.bid_fill))
    margin = np.concatenate((ask_pay - book.ask_price, book.bid_price - bid_pay))
    return np.where(fill > 0, margin, 0.0) * fill


def cleared(auction, book, number):
    """Return the result of a book; the lot falls the same way whatever anybody reports."""
    draws = getattr(auction, "draws", True)
    lot = stream(number, "mechanism-properties", "lot") if draws else None
    return auction.clear(book, RULES, lot)


@dataclass(frozen=True)
class Outcome:
    """One truthful book: gains from trade and volume, the best possible and the found ones."""

    best: float
    found: float
    operator: float
    worst_order: float
    volume_best: int
    volume: int


class Properties(NamedTuple):
    """A row of the table, percent of the largest gains, of the volume, of the price range."""

    efficiency: float
    worst: float
    volume_lost: float
    worst_order: float
    operator_least: float
    operator_mean: float
    operator_most: float
    price_lie_mean: float
    price_lie_most: float
    size_lie_most: float


def outcome(auction, book, number):
    """Clear a book of truthful orders and keep its accounts."""
    result = cleared(auction, book, number)
    gained = gains(book, result)
    crossing = cross(book, RULES)
    value = crossing.bid_fill @ book.bid_price - crossing.ask_fill @ book.ask_price
    found = result.bid_fill @ book.bid_price - result.ask_fill @ book.ask_price
    return Outcome(
        value,
        found,
        found - gained.sum(),
        gained.min(),
        crossing.volume,
        result.volume,
    )


def price_lies(others):
    """Return the reports that can change an outcome: just beside the others' prices.

    Between two of them the ranks stay the same, and what is paid moves with the report if at
    all, so the best report lies at an end. Of a limit in between, as the middle of two other
    prices, both sides are tried.
    """
    return np.unique(np.concatenate((others - BESIDE, others + BESIDE))).tolist()


def size_lies(price, others, quantity):
    """Yield reports of half the size or all but one unit, at the true price and all others."""
    for size in sorted({quantity - 1, quantity // 2} - {0}):
        for report in (price, *price_lies(others)):
            yield report, size


def best_lies(auction, book, number):
    """Return the most anybody can gain by a lie about the price, and by one about the size too.

    Per unit of the order's size; only one order lies at a time.
    """
    truth = gains(book, cleared(auction, book, number))
    prices = np.concatenate((book.ask_price, book.bid_price))
    sizes = np.concatenate((book.ask_quantity, book.bid_quantity)).tolist()

    def more(row, report, size):
        result = cleared(auction, bent(book, row, report, size), number)
        return (gains(book, result)[row] - truth[row]) / sizes[row]

    by_price = by_size = 0.0
    for row, size in enumerate(sizes):
        others = np.delete(prices, row)
        by_price = max(by_price, *(more(row, report, size) for report in price_lies(others)))
        found = [more(row, *lie) for lie in size_lies(prices[row], others, size)]
        by_size = max(by_size, by_price, *found, 0.0)
    return by_price, by_size


def bent(book, row, price, quantity):
    """Return the book in which the order `row` reports another price and quantity."""
    side, row = ("ask", row) if row < book.ask_price.size else ("bid", row - book.ask_price.size)
    prices, quantities = getattr(book, f"{side}_price"), getattr(book, f"{side}_quantity")
    prices, quantities = prices.copy(), quantities.copy()
    prices[row], quantities[row] = price, quantity
    return replace(book, **{f"{side}_price": prices, f"{side}_quantity": quantities})


def auctions(name):
    """Yield each variant of a mechanism with the words of its line."""
    params = PARAMS.get(name, {})
    yield f"`{name}`", mechanism_of(name, params)
    for variant, more in VARIANTS.get(name, {}).items():
        yield f"`{name}`, {variant}", mechanism_of(name, params | more)


@cache
def measured(auction, family):
    """Return the numbers of one row of the table, in percent; see the page for their meaning."""
    runs = [outcome(auction, random_book(family, i), i) for i in range(family.cleared)]
    lied = np.array([best_lies(auction, random_book(family, i), i) for i in range(family.bent)])
    traded = [run for run in runs if run.best > 0]
    best = sum(run.best for run in runs)
    kept = [run.operator / run.best for run in traded]
    return Properties(
        efficiency=100 * sum(run.found for run in runs) / best,
        worst=100 * min(run.found / run.best for run in traded),
        volume_lost=100 - 100 * sum(r.volume for r in runs) / sum(r.volume_best for r in runs),
        worst_order=100 / SCALE * min(run.worst_order for run in runs),
        operator_least=100 * min(kept),
        operator_mean=100 * sum(run.operator for run in runs) / best,
        operator_most=100 * max(kept),
        price_lie_mean=100 / SCALE * lied[:, 0].mean(),
        price_lie_most=100 / SCALE * lied[:, 0].max(),
        size_lie_most=100 / SCALE * lied[:, 1].max(),
    )


def row(words, auction, family):
    """Return one line of the table."""
    # Adding zero makes a rounded -0.0 a 0.0.
    cells = [f"{round(float(x), 1) + 0.0:.1f}" for x in measured(auction, family)]
    if family.largest == 1:
        cells[-1] = "-"
    return "| " + " | ".join((words, family.name, *cells)) + " |"


def rows(name):
    """Return the lines of one mechanism and its variants."""
    return [row(*auction, family) for auction in auctions(name) for family in FAMILIES]


def header():
    """Return the two lines above the rows."""
    return ["| " + " | ".join(HEADING) + " |", "| --- | --- |" + " ---: |" * (len(HEADING) - 2)]


def table():
    """Return the whole table as Markdown."""
    return "\n".join([*header(), *(line for name in mechanisms.names() for line in rows(name))])


def main():
    """Print the table, or write it between the marks of a page."""
    if len(sys.argv) < 2:
        print(table())
        return
    page = Path(sys.argv[1])
    start, end = MARKS
    text = page.read_text(encoding="utf-8")
    inside = re.compile(f"{re.escape(start)}\n.*?{re.escape(end)}", re.DOTALL)
    page.write_text(
        inside.sub(lambda _: f"{start}\n{table()}\n{end}", text, count=1), encoding="utf-8"
    )


if __name__ == "__main__":
    main()
