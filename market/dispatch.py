"""Balancing: what the system operator does when metered energy differs from the market.

Short: offers left over from the auction are called, cheapest first; then charging and exports
are interrupted; what is still missing is shed, least valued load first.
Long: accepted offers are turned down, dearest first; must-run output goes last.
Demand that an auction left without energy although there were offers is served from these.
"""

from dataclasses import dataclass

import numpy as np

from market.block import Block
from market.errors import ConservationError
from market.layout import ZoneRows
from market.units import BoolArray, FloatArray, IntArray, share_out


@dataclass(frozen=True, slots=True)
class Flexibility:
    """How far each unit can move from what it would deliver; whole Wh, shape (U,).

    Attributes
    ----------
    up, down : array of int
        Extra injection that is physically possible; injection that can be turned down.
    interruptible : array of int
        Withdrawal that can be cut with no demand left unserved: charging, exports, elastic load.
    shed_order : array
        Value of lost load by unit; lower values are shed first, infinite ones last.
    """

    up: IntArray
    down: IntArray
    interruptible: IntArray
    shed_order: FloatArray


def balance_zone(
    block: Block, row: int, zone: ZoneRows, flexibility: Flexibility, cap: float = np.inf
) -> float:
    """Make injections equal withdrawals in one zone and interval.

    Changes `delivered`, `consumed`, `instructed` and `unserved` of the row in place.

    Parameters
    ----------
    cap : float
        Offers above it serve nobody whom the auction left without energy.

    Returns
    -------
    float
        Price of the dearest energy called (short) or the cheapest turned down (long),
        currency/MWh; NaN when nothing was called, infinite when load was shed.
    """
    units, before = zone.units, block.instructed[row].copy()
    surplus = int(block.delivered[row, units].sum() - block.consumed[row, units].sum())
    surplus -= _serve(block, row, zone, flexibility.shed_order, max(surplus, 0))
    price = float("nan")
    if surplus < 0:
        price = _cover(block, row, zone, flexibility, -surplus)
    elif surplus > 0:
        price = _turn_down(block, row, zone, flexibility, surplus)
    if surplus <= 0 and block.unserved[row, units].any():
        called = block.instructed[row] - before
        price = float(np.fmax(price, _serve_left(block, row, zone, flexibility, called, cap)))
    return price


def _serve_left(
    block: Block, row: int, zone: ZoneRows, flexibility: Flexibility, called: IntArray, cap: float
) -> float:
    """Call offers left over for demand that has no energy; return the price of the dearest."""
    asks = zone.asks
    price, unit = block.ask_price[row, asks], block.layout.ask_unit[asks]
    left = (block.ask_quantity[row, asks] - block.ask_fill[row, asks]) * (price <= cap)
    room = np.minimum(flexibility.up, _by_unit(unit, left, called.size)) - called
    unserved = int(block.unserved[row, zone.units].sum())
    taken, marginal = _take(left, price, unit, room, unserved)
    gain = _by_unit(unit, taken, block.sold.shape[1])
    block.delivered[row] += gain
    block.instructed[row] += gain
    _serve(block, row, zone, flexibility.shed_order, int(taken.sum()))
    return marginal


def _serve(block: Block, row: int, zone: ZoneRows, order: FloatArray, most: int) -> int:
    """Give up to `most` to unserved demand, most valued load first; return how much that was."""
    part = _by_value(block.unserved[row, zone.units], -order[zone.units], most)
    block.consumed[row, zone.units] += part
    block.unserved[row, zone.units] -= part
    return int(part.sum())


def _cover(block: Block, row: int, zone: ZoneRows, flexibility: Flexibility, need: int) -> float:
    asks = zone.asks
    left = block.ask_quantity[row, asks] - block.ask_fill[row, asks]
    unit = block.layout.ask_unit[asks]
    price = block.ask_price[row, asks]
    taken, marginal = _take(left, price, unit, flexibility.up, need)
    gain = _by_unit(unit, taken, block.sold.shape[1])
    missing = need - int(taken.sum())
    if missing > 0:
        # More than was expected, and offered, is there: it is called at the offer's price.
        room = flexibility.up - gain
        offered = np.flatnonzero(block.ask_quantity[row, asks])
        last = np.full(room.size, -1)
        last[unit[offered]] = offered  # the dearest offer of each unit
        beyond = np.zeros_like(left)
        beyond[last[last >= 0]] = room[last >= 0]
        extra, dearest = _take(beyond, price, unit, room, missing)
        gain += _by_unit(unit, extra, block.sold.shape[1])
        missing -= int(extra.sum())
        marginal = np.nanmax([marginal, dearest]) if extra.any() else marginal
    block.delivered[row] += gain
    block.instructed[row] += gain
    missing -= _interrupt(block, row, zone, flexibility.interruptible, missing)
    if missing > 0:
        _shed(block, row, zone, flexibility.shed_order, missing)
        return float("inf")
    return float(marginal)


def _turn_down(
    block: Block, row: int, zone: ZoneRows, flexibility: Flexibility, excess: int
) -> float:
    asks = zone.asks
    unit = block.layout.ask_unit[asks]
    price = block.ask_price[row, asks]
    fill = block.ask_fill[row, asks]
    taken, marginal = _take(fill, -price, unit, flexibility.down, excess)
    loss = _by_unit(unit, taken, block.sold.shape[1])
    block.delivered[row] -= loss
    block.instructed[row] -= loss
    rest = excess - int(taken.sum())
    if rest > 0:
        _spill_rest(block, row, zone, rest)
    return -marginal


def _take(
    quantity: IntArray, price: FloatArray, unit: IntArray, room: IntArray, need: int
) -> tuple[IntArray, float]:
    """Take `need` from slots in price order, no unit beyond its room."""
    order = np.lexsort((np.arange(price.size), price))
    usable = np.zeros_like(quantity)
    left = room.copy()
    missing, marginal = need, float("nan")
    for slot in order[(quantity[order] > 0) & (room[unit[order]] > 0)]:
        if missing == 0:
            break
        part = min(int(quantity[slot]), int(left[unit[slot]]), missing)
        if part > 0:
            usable[slot] = part
            left[unit[slot]] -= part
            missing -= part
            marginal = float(price[slot])
    return usable, marginal


def _by_unit(unit: IntArray, quantity: IntArray, units: int) -> IntArray:
    return np.bincount(unit, weights=quantity, minlength=units).astype(np.int64)


def _interrupt(
    block: Block, row: int, zone: ZoneRows, interruptible: IntArray, missing: int
) -> int:
    """Cut what may be cut in proportion; return how much that was."""
    whole = np.minimum(interruptible[zone.units], block.consumed[row, zone.units])
    cut = share_out(min(missing, int(whole.sum())), whole)
    block.consumed[row, zone.units] -= cut
    block.instructed[row, zone.units] += cut
    return int(cut.sum())


def _shed(block: Block, row: int, zone: ZoneRows, order: FloatArray, missing: int) -> None:
    """Cut withdrawals until nothing is missing; demand is left unserved."""
    cut = _by_value(block.consumed[row, zone.units], order[zone.units], missing)
    block.consumed[row, zone.units] -= cut
    block.instructed[row, zone.units] += cut
    block.unserved[row, zone.units] += cut
    missing -= int(cut.sum())
    if missing:
        raise ConservationError(f"zone {zone.name}: {missing} Wh cannot be balanced")


def _by_value(quantity: IntArray, order: FloatArray, most: int) -> IntArray:
    """Return up to `most` of the quantities, lowest order first, equal ones in proportion."""
    part = np.zeros_like(quantity)
    for value in np.unique(order[quantity > 0]):
        group: BoolArray = (order == value) & (quantity > 0)
        part[group] = share_out(min(most, int(quantity[group].sum())), quantity[group])
        most -= int(part[group].sum())
    return part


def _spill_rest(block: Block, row: int, zone: ZoneRows, rest: int) -> None:
    delivered = block.delivered[row, zone.units]
    cut = share_out(rest, delivered)
    block.delivered[row, zone.units] -= cut
    block.instructed[row, zone.units] -= cut
