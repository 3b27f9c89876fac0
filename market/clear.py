"""One auction from Python: names and plain numbers in, a checked result out."""

from collections.abc import Mapping
from dataclasses import fields, replace
from difflib import get_close_matches
from math import isnan
from typing import Any, Literal, get_args, get_origin, get_type_hints, overload

import numpy as np

from market.auction import hold
from market.clearing import AuctionRules, ClearingResult, Mechanism, TieBreak, mechanisms
from market.errors import InputError
from market.orders import OrderBook, owners
from market.streams import stream
from market.units import FloatArray, IntArray

CONDITIONS = {
    "minimum": ("with a minimum quantity", ("ask_minimum", "bid_minimum")),
}


def clear(
    book: OrderBook,
    mechanism: str = "uniform",
    *,
    price_floor: float | None = None,
    price_cap: float | None = None,
    tie_break: TieBreak = "pro-rata",
    self_trade: bool = True,
    seed: int = 0,
    **params: float | str,
) -> ClearingResult:
    """Clear one order book.

    Parameters
    ----------
    book : OrderBook
        The orders; see `book_from_frame` and `book_from_arrays`.
    mechanism : str
        A registered name: ``uniform``, ``pay-as-bid``, ``high-low``, ...
    price_floor, price_cap : float, optional
        Bounds of the price, currency/MWh.
    tie_break : str
        ``pro-rata``, ``time`` (row order) or ``random``.
    self_trade : bool
        False: orders of one owner never meet.
    seed : int
        For random ties and mechanisms that draw.
    **params
        The mechanism's own parameters, for example ``k`` or ``price_rule``.

    Returns
    -------
    ClearingResult
        Quantities in units of ``book.quantum`` (MWh), aligned with the book's two blocks.

    Raises
    ------
    InputError
        For an unknown name or a parameter out of range; all problems at once.

    Examples
    --------
    >>> book = OrderBook(np.array([10.0]), np.array([5]), np.array([30.0]), np.array([5]))
    >>> clear(book, k=0.25, price_cap=25).price
    13.75
    """
    auction, rules = auction_of(mechanism, params, price_floor, price_cap, tie_break)
    check_conditions(auction, mechanism, book)
    return hold(auction, book if self_trade else apart(book), rules, stream(seed, "clear"))


def apart(book: OrderBook) -> OrderBook:
    """Return the book with its owners as parties that never meet themselves.

    Raises
    ------
    InputError
        With orders that have a minimum quantity: what is cancelled could leave them less.

    Examples
    --------
    >>> one = np.array([1.0]), np.array([1])
    >>> apart(OrderBook(*one, *one, ask_owner=np.array([7]), bid_owner=np.array([7]))).ask_party
    array([0])
    """
    if any(least is not None and least.any() for least in (book.ask_minimum, book.bid_minimum)):
        raise InputError("orders with a minimum quantity cannot be kept apart by participant.")
    sellers, buyers = owners(book)
    _, place = np.unique(np.concatenate((sellers, buyers)), return_inverse=True)
    return replace(book, ask_party=place[: sellers.size], bid_party=place[sellers.size :])


def check_conditions(auction: Mechanism, name: str, book: OrderBook, where: str = "") -> None:
    """Raise `InputError` where orders carry a condition that the mechanism does not know.

    >>> book = OrderBook(*[np.array([1])] * 4, bid_minimum=np.array([1]))
    >>> check_conditions(mechanism_of("pay-as-bid", {}), "pay-as-bid", book)
    Traceback (most recent call last):
    market.errors.InputError: mechanism 'pay-as-bid' takes no orders with a minimum quantity.
    """
    known: frozenset[str] = getattr(auction, "conditions", frozenset())
    place = f"{where}: " if where else ""
    for condition, (text, columns) in CONDITIONS.items():
        asked = any((column := getattr(book, at)) is not None and column.any() for at in columns)
        if asked and condition not in known:
            raise InputError(f"{place}mechanism {name!r} takes no orders {text}.")


def auction_of(
    mechanism: str,
    params: Mapping[str, object],
    price_floor: float | None,
    price_cap: float | None,
    tie_break: str,
) -> tuple[Mechanism, AuctionRules]:
    """Return mechanism and rules; `InputError` lists everything that is wrong with either."""
    problems: list[str] = []
    auction: Mechanism | None = None
    rules = AuctionRules()
    try:
        auction = mechanism_of(mechanism, params)
    except InputError as error:
        problems += error.problems
    try:
        rules = rules_of(price_floor, price_cap, tie_break)
    except InputError as error:
        problems += error.problems
    if problems or auction is None:
        raise InputError(problems)
    return auction, rules


def mechanism_of(name: str, params: Mapping[str, object], where: str = "") -> Mechanism:
    """Return the mechanism `name` with its own parameters, checked.

    >>> mechanism_of("uniform", {"k": 0.0})
    Uniform(k=0.0, price_rule='k')
    """
    entry = mechanisms.get(name, where)
    place = f"{where}: " if where else ""
    known = [field.name for field in fields(entry)]
    problems = [
        f"{place}mechanism {name!r} has no parameter {key!r}{_nearest(key, known)}; "
        + (f"it has: {', '.join(known)}." if known else "it has none.")
        for key in params
        if key not in known
    ]
    hints = get_type_hints(entry)
    problems += [
        f"{place}{key} must be {_described(hints[key])}, not {value!r}."
        for key, value in params.items()
        if key in known and not _fits(value, hints[key])
    ]
    if problems:
        raise InputError(problems)
    try:
        made: Mechanism = entry(**params)
    except (ValueError, TypeError) as error:
        raise InputError(f"{place}{error}.") from None
    return made


NUMBERS: dict[object, tuple[type, ...]] = {float: (int, float), int: (int,)}


def _fits(value: object, hint: object) -> bool:
    """Tell whether a parameter has the type of its field; what is no plain type passes."""
    if get_origin(hint) is Literal:
        return value in get_args(hint)
    if hint in NUMBERS:
        return isinstance(value, NUMBERS[hint]) and not isinstance(value, bool) and value == value
    return isinstance(value, hint) if hint in (bool, str) else True


def _described(hint: object) -> str:
    if get_origin(hint) is Literal:
        return "one of " + ", ".join(map(str, get_args(hint)))
    words = {float: "a number", int: "a whole number", bool: "true or false", str: "text"}
    return words.get(hint, str(hint))  # type: ignore[call-overload, no-any-return]


def rules_of(price_floor: float | None, price_cap: float | None, tie_break: str) -> AuctionRules:
    """Return the bounds of the auction, checked; `None` is no bound.

    >>> rules_of(None, 1500.0, "time")
    AuctionRules(price_floor=-inf, price_cap=1500.0, tie_break='time')
    """
    floor = -np.inf if price_floor is None else price_floor
    cap = np.inf if price_cap is None else price_cap
    problems = [
        f"{name} must be a number, not {value!r}."
        for name, value in (("price_floor", floor), ("price_cap", cap))
        if isinstance(value, bool) or not isinstance(value, int | float) or isnan(value)
    ]
    if not problems and (floor == np.inf or cap == -np.inf):
        problems.append("price_floor must be below inf and price_cap above -inf.")
    if not problems and floor > cap:
        problems.append(f"price_floor {floor:g} is above price_cap {cap:g}.")
    if tie_break not in get_args(TieBreak):
        known = ", ".join(get_args(TieBreak))
        close = _nearest(str(tie_break), list(get_args(TieBreak)))
        problems.append(f"unknown tie_break {tie_break!r}{close}. Known: {known}.")
    if problems:
        raise InputError(problems)
    return AuctionRules(float(floor), float(cap), tie_break)  # type: ignore[arg-type]


def _nearest(word: str, known: list[str]) -> str:
    close = get_close_matches(word, known, 1)
    return f" (did you mean {close[0]!r}?)" if close else ""


def surpluses(book: OrderBook, result: ClearingResult) -> tuple[float, float, float]:
    """Return what buyers, sellers and the operator gain, in currency.

    Orders are taken at their word: a bid's price is its value, an offer's its cost.
    The three add up to the gains from trade, the contract's `welfare`.

    >>> book = OrderBook(np.array([10.0]), np.array([5]), np.array([30.0]), np.array([5]), 1.0)
    >>> surpluses(book, clear(book, "pay-as-bid"))
    (0.0, 0.0, 100.0)
    """
    if result.volume == 0:
        return 0.0, 0.0, 0.0
    bid_pay = result.buy_price if result.bid_pay is None else result.bid_pay
    ask_pay = result.sell_price if result.ask_pay is None else result.ask_pay
    buyers = _total(book.bid_price - bid_pay, result.bid_fill)
    sellers = _total(ask_pay - book.ask_price, result.ask_fill)
    if result.bid_pay is None and result.ask_pay is None:
        operator = (result.buy_price - result.sell_price) * result.volume
    else:
        operator = _total(bid_pay, result.bid_fill) - _total(ask_pay, result.ask_fill)
    return mwh(book, buyers), mwh(book, sellers), mwh(book, operator)


@overload
def mwh(book: OrderBook, parts: float) -> float: ...
@overload
def mwh(book: OrderBook, parts: FloatArray | IntArray) -> FloatArray: ...
def mwh(book: OrderBook, parts: Any) -> Any:
    """Return what the book counts in quanta per MWh: energy in MWh, or prices times it.

    >>> mwh(OrderBook(*[np.empty(0)] * 4, quantum=1e-9), 300_000_000)
    0.3
    """
    # Dividing by a whole number keeps decimals: 3e8 / 1e9 is 0.3, but 3e8 * 1e-9 is not.
    per_mwh = round(1 / book.quantum)
    return parts / per_mwh if per_mwh > 1 else parts * book.quantum


def _total(price: FloatArray | float, fill: IntArray) -> float:
    """Return the sum of price times quantity over the accepted orders."""
    # Not a BLAS dot product: its last bits depend on the number of threads.
    return float(np.add.reduce(np.where(fill > 0, price, 0.0) * fill))
