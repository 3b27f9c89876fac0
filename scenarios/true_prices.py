"""What recorded orders are truly worth: the units' own costs and values, where they have any."""

from collections.abc import Callable

import numpy as np

from market import WH_PER_MWH, FloatArray, InputError, IntArray
from scenarios.expand import UnitSpec
from scenarios.loader import LoadedScenario
from scenarios.recorded_books import RecordedBooks
from scenarios.surroundings import Surroundings


def true_prices(recorded: RecordedBooks, loaded: LoadedScenario) -> FloatArray:
    """Return the true cost or value of each recorded order, currency/MWh.

    It is the price that was sent, but for these:

    - a load values its demand by `voll` and `steps`, also where it bid no more than the cap;
    - inference of a data centre, which bids the cap, is worth its revenue and its penalty;
    - wind, sun and river plants whose strategy is not truthful have their marginal cost, less
      subsidy and certificate; so have thermal plants, or the price sent where that is lower:
      what they cannot avoid is offered at the floor;
    - an outside market whose strategy is not truthful has its price, with its fee;
    - of stored water and heat that was sent with a markup, the markup is taken off, but for
      offers at the cap.

    Stored energy, water and heat have no cost of their own: what was sent is what they would bring
    at another time, as their owners saw it.
    """
    prices = recorded.series.books.price.copy()
    order = recorded.unit.argsort(kind="stable")
    edges = recorded.unit[order].searchsorted(np.arange(len(recorded.units) + 1))
    for place, name in enumerate(recorded.units):
        rows, spec = order[edges[place] : edges[place + 1]], recorded.specs.get(name)
        if spec is not None and rows.size:
            prices[rows] = _of_unit(recorded, rows, spec, loaded)
    return prices


def _of_unit(
    recorded: RecordedBooks, rows: IntArray, spec: UnitSpec, loaded: LoadedScenario
) -> FloatArray:
    """Return the true prices of the orders of one unit."""
    sent = recorded.series.books.price[rows]
    if spec.kind == "load":
        return _by_steps(recorded, rows, spec)
    if spec.kind == "data_center":
        return _with_inference(recorded, rows, spec, loaded)
    if spec.strategy[0] == "truthful" or spec.kind not in _OWN_COST:
        return sent
    return _OWN_COST[spec.kind](recorded, rows, spec, loaded)


def _by_steps(recorded: RecordedBooks, rows: IntArray, spec: UnitSpec) -> FloatArray:
    """Return the value of each part of a load's demand.

    Parts of no quantity are not recorded, so an interval's demand says which parts they are.
    """
    steps = getattr(spec.model, "steps", ())
    value = np.array([spec.params["voll"], *(step.price for step in steps)])
    share = np.array([step.share for step in steps])
    _, first = np.unique(recorded.interval[rows], return_index=True)
    demand = np.add.reduceat(recorded.series.books.quantity[rows], first)
    elastic = np.floor(demand[:, None] * share).astype(np.int64)
    firm = demand - elastic.sum(axis=1)
    parts = np.concatenate((firm[:, None], elastic), axis=1) > 0
    if (parts.sum(axis=1) != np.diff(first, append=rows.size)).any():
        raise InputError(f"load {spec.name!r}: its recorded bids are not the parts of its demand")
    found: FloatArray = value[parts.nonzero()[1]]
    return found


def _with_inference(
    recorded: RecordedBooks, rows: IntArray, spec: UnitSpec, loaded: LoadedScenario
) -> FloatArray:
    """Return what a data centre bid; at the cap the worth of its inference, if that is higher."""
    series, numbers = recorded.series, spec.params
    sent = series.books.price[rows]
    at_cap = sent >= _caps(recorded, rows)
    worth = numbers["value_per_gpu_hour"] + numbers["sla_penalty_per_gpu_hour"]
    amount = numbers["inference_gpus"] * worth * loaded.calendar.hours
    inference = amount * WH_PER_MWH / series.books.quantity[rows]
    return np.where(at_cap, np.maximum(sent, inference), sent)


def _constant(
    recorded: RecordedBooks, rows: IntArray, spec: UnitSpec, loaded: LoadedScenario
) -> FloatArray:
    """Return a plant's marginal cost less what a MWh earns outside the market."""
    outside = spec.params["subsidy"] + spec.params["certificate"]
    return np.full(rows.size, spec.params["marginal_cost"] - outside)


def _of_water(
    recorded: RecordedBooks, rows: IntArray, spec: UnitSpec, loaded: LoadedScenario
) -> FloatArray:
    """Return the cost of a river, or what a reservoir sent less its markup."""
    if spec.kind == "hydro" and not spec.params["reservoir_mwh"]:
        return _constant(recorded, rows, spec, loaded)
    sent, cap = recorded.series.books.price[rows], _caps(recorded, rows)
    params = dict(spec.strategy[1])
    if spec.strategy[0] != "markup":
        return sent
    return np.where(sent < cap, unmarked(sent, params["factor"], params["adder"]), sent)


def unmarked(sent: FloatArray, factor: float, adder: float) -> FloatArray:
    """Return the cost of offers that were sent with a markup (`agents.strategies.markup`).

    >>> unmarked(np.array([115.0, 30.0, -50.0]), 1.1, 5.0).round(6)
    array([100.      ,  22.727273, -61.111111])
    """
    rest = sent - adder
    below = rest / (2 - factor) if factor < 2 else 0.0
    return np.where(rest >= 0, rest / factor, below)


def _caps(recorded: RecordedBooks, rows: IntArray) -> FloatArray:
    """Return the price cap of each order's auction."""
    series = recorded.series
    cap = np.array([terms.rules.price_cap for terms in series.terms])
    found: FloatArray = cap[series.term[series.books.book[rows]]]
    return found


def _of_thermal(
    recorded: RecordedBooks, rows: IntArray, spec: UnitSpec, loaded: LoadedScenario
) -> FloatArray:
    cost = _constant(recorded, rows, spec, loaded)
    return np.minimum(recorded.series.books.price[rows], cost)


def _outside(
    recorded: RecordedBooks, rows: IntArray, spec: UnitSpec, loaded: LoadedScenario
) -> FloatArray:
    """Return the price outside, with the fee on imports and without it on exports."""
    price = Surroundings(loaded, 0, {}, {}).series(spec, "price")[recorded.interval[rows]]
    fee = spec.params["fee"]
    return np.where(recorded.series.books.buys[rows], price - fee, price + fee)


_OWN_COST: dict[str, Callable[[RecordedBooks, IntArray, UnitSpec, LoadedScenario], FloatArray]] = {
    "pv": _constant,
    "wind": _constant,
    "hydro": _of_water,
    "csp": _of_water,
    "thermal": _of_thermal,
    "external": _outside,
}
