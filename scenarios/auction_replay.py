"""The auctions of a finished run held once more, in the order in which they were held.

What was rebuilt of a run is believed only if it gives what was recorded: every fill, every price,
and what buyers and sellers gained.
"""

from dataclasses import replace

import numpy as np

from market import (
    WH_PER_MWH,
    AuctionSeries,
    ClearingResult,
    FloatArray,
    InputError,
    IntArray,
    Lot,
    OrderBook,
    Results,
    hold,
    lot_of,
    stream,
    surpluses,
)
from scenarios.loader import LoadedScenario

PRICES = ("price", "price_low", "price_high")
SURPLUSES = ("buyer_surplus", "seller_surplus")
CENT, SUM_ERROR = 0.01, 1e-9


def replayed(
    results: Results, loaded: LoadedScenario, series: AuctionSeries, accepted: IntArray
) -> AuctionSeries:
    """Return a run's auctions with what each of them drew from.

    Zones draw from streams of their own, one auction after another, as in the run.

    Parameters
    ----------
    results : Results
    loaded : LoadedScenario
    series : AuctionSeries
        Zone by zone, in each in the order of time.
    accepted : array of int, shape (n_rows,)
        What of each order was recorded as accepted, Wh.

    Raises
    ------
    InputError
        Where an auction gives anything else than what was recorded.
    """
    known, n = _known(results), loaded.calendar.n
    lots: list[Lot | None] = []
    for place, zone in enumerate(results.run["zones"]):
        draws = stream(loaded.seed, "market", "energy", zone)
        for number in range(place * n, (place + 1) * n):
            lot, book, result = _held(series, number, draws)
            lots.append(lot)
            rows = slice(*series.books.edge[[2 * number, 2 * number + 2]].tolist())
            numbers = {name: float(column[number]) for name, column in known.items()}
            found = _difference(book, result, accepted[rows], numbers)
            if found is not None:
                moment = loaded.calendar.time(number - place * n).isoformat()
                raise InputError(_sentence(f"{results.path}: {moment}, zone {zone}", found))
    return replace(series, lots=tuple(lots) if any(lots) else ())


def _sentence(where: str, difference: str) -> str:
    return (
        f"{where}: holding the auction of the recorded orders again does not give what was "
        f"recorded: {difference}; was the run made by another version of the program, or a file "
        "changed?"
    )


def _known(results: Results) -> dict[str, FloatArray]:
    """Return what was recorded of each auction, zone by zone, in each in the order of time."""
    order = {name: place for place, name in enumerate(results.run["zones"])}
    table = results.intervals
    table = table.assign(place=table["zone"].map(order).astype(int))
    table = table.sort_values(["place", "start"], kind="stable")
    return {name: table[name].to_numpy() for name in (*PRICES, *SURPLUSES)}


def _held(
    series: AuctionSeries, number: int, draws: np.random.Generator
) -> tuple[Lot | None, OrderBook, ClearingResult]:
    """Hold an auction of a series once more; return what it drew from, its book and outcome."""
    mechanism, rules = series.terms[series.term[number]]
    drawn = getattr(mechanism, "draws", True) or rules.tie_break == "random"
    lot = lot_of(draws) if drawn else None
    book = series.book(number, series.books.price, series.books.quantity)
    return lot, book, hold(mechanism, book, rules, draws)


def _difference(
    book: OrderBook, result: ClearingResult, accepted: IntArray, known: dict[str, float]
) -> str | None:
    """Return in words what is not as recorded, None where all is."""
    fills = np.concatenate((result.ask_fill, result.bid_fill))
    if not (fills == accepted).all():
        row = int(np.argmax(fills != accepted))
        mwh = fills[row] / WH_PER_MWH, accepted[row] / WH_PER_MWH
        return f"an order gets {mwh[0]:g} MWh instead of {mwh[1]:g}"
    found = {name: float(getattr(result, name)) for name in PRICES}
    found |= dict(zip(SURPLUSES, surpluses(book, result)[:2], strict=True))
    for name, value in found.items():
        error = 0.0 if name in PRICES else CENT + SUM_ERROR * abs(value)
        if not np.isclose(value, known[name], rtol=0.0, atol=error, equal_nan=True):
            return f"{name} is {value:g} instead of {known[name]:g}"
    return None
