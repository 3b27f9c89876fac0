"""Would-be curtailment of one interval: which store takes how much of whose, and at what price.

Every mode takes from what the modes before it have left, of the energy and of the room; so no
watt-hour is stored twice and no store is filled beyond its room.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from market.pairs import side_by_side
from market.storage_service.claims import Claims, Slices
from market.storage_service.flows import Flows, mode_index
from market.storage_service.rules import ServiceRules
from market.sums import share_out_each
from market.units import FloatArray, IntArray, share_out

Side = tuple[IntArray, IntArray]
"""Rows, and a quantity for each."""
Pairs = tuple[IntArray, IntArray, IntArray]
"""Plants, stores, and what each pair stores."""


class Case(NamedTuple):
    """One interval of a zone: rules, stores and claims."""

    rules: ServiceRules
    slices: Slices
    claims: Claims


class Left(NamedTuple):
    """What the modes so far have left, Wh by unit; counted down in place."""

    unused: IntArray
    headroom: IntArray

    def take(self, flows: Flows) -> None:
        """Take what was stored off both sides."""
        np.subtract.at(self.unused, flows.plant, flows.wh)
        np.subtract.at(self.headroom, flows.store, flows.wh)


def store(
    rules: ServiceRules, slices: Slices, claims: Claims, unused: IntArray, headroom: IntArray
) -> Flows:
    """Return what is stored in one interval of one zone.

    Modes are used in the order of the rules. Within a mode equals share pro rata, by the largest
    remainder, until no claim can take more. What a contract takes is counted off its total.

    Parameters
    ----------
    rules : ServiceRules
    slices : Slices
        Of the zone.
    claims : Claims
        Contracts and awards of the interval.
    unused : array of int, shape (U,)
        Would-be curtailment of each plant, Wh, none negative; 0 for who may not have it stored.
    headroom : array of int, shape (U,)
        What each store can take on top, Wh charged, none negative.

    Examples
    --------
    A call stores 6 of 9 Wh of two plants (units 0 and 1) in the station (unit 2).

    >>> from market.storage_service.claims import Awards, ServiceContracts
    >>> nobody, pool = np.empty(0, np.int64), np.array([2])
    >>> slices = Slices(slice(0, 3), np.arange(3), 3, pool, pool, nobody)
    >>> claims = Claims(ServiceContracts.none(), nobody, Awards.none(), np.zeros(3))
    >>> rules = ServiceRules(modes=("call",), call_price=324.7)
    >>> flows = store(rules, slices, claims, np.array([6, 3, 0]), np.array([0, 0, 6]))
    >>> flows.plant, flows.wh, flows.sell_price, flows.buy_price
    (array([0, 1]), array([4, 2]), array([324.7, 324.7]), array([0., 0.]))
    """
    parts: list[Flows] = []
    units = slices.units
    modes = modes_in_force(rules)
    if not modes or not unused[units].any() or not headroom[units].any():
        return Flows.joined(parts)
    left = Left(np.zeros_like(unused), np.zeros_like(headroom))
    left.unused[units], left.headroom[units] = unused[units], headroom[units]
    case = Case(rules, slices, claims)
    for mode in modes:
        flows = TAKE[mode](case, left)
        if flows is not None:
            left.take(flows)
            parts.append(flows)
    return Flows.joined(parts)


def modes_in_force(rules: ServiceRules) -> tuple[str, ...]:
    """Return the modes in the order of use; stations of their owners know no others but leases.

    >>> modes_in_force(ServiceRules(modes=("lease", "auction", "call"), access="owner"))
    ('own', 'lease')
    """
    if rules.access == "all":
        return rules.modes
    return ("own", *(mode for mode in rules.modes if mode == "lease"))


def _own(case: Case, left: Left) -> Flows | None:
    """Let each pool take energy of its owner's plants, for nothing."""
    return _of_owner("own", case.slices.pools, case.slices, left)


def _lease(case: Case, left: Left) -> Flows | None:
    """Let each tenant's slice take energy of its tenant's plants, for nothing."""
    return _of_owner("lease", case.slices.leases, case.slices, left)


def _of_owner(mode: str, stores: IntArray, slices: Slices, left: Left) -> Flows | None:
    """Return what stores take of their owners' plants; both sides share pro rata."""
    if not stores.size:
        return None
    plants, owner_of = left.unused.nonzero()[0], slices.owner_of
    supply = plants, left.unused[plants]
    demand = stores, left.headroom[stores]
    total = np.minimum(
        *(_sums(part, owner_of[rows], slices.owners) for rows, part in (supply, demand))
    )
    sides = [_queue(side, owner_of[side[0]], total) for side in (supply, demand)]
    return _flows(mode, side_by_side(*sides[0], *sides[1]))


def _bilateral(case: Case, left: Left) -> Flows | None:
    """Let each contract take energy of its buyer's plants, up to its limit."""
    contracts, slices = case.claims.contracts, case.slices
    if not case.claims.limits.any():
        return None
    plants = left.unused.nonzero()[0]
    supply = plants, left.unused[plants]
    buyers = slices.owner_of[plants]
    theirs = _sums(supply[1], buyers, slices.owners)
    taken = agreed(case.claims.limits, (contracts.buyer, theirs), (contracts.pool, left.headroom))
    contracts.use(taken)
    total = _sums(taken, contracts.buyer, slices.owners)
    sides = (
        _queue(supply, buyers, total),
        _queue((np.arange(taken.size), taken), contracts.buyer, total),
    )
    plant, contract, wh = side_by_side(*sides[0], *sides[1])
    price = contracts.price[contract]
    return _flows("bilateral", (plant, contracts.pool[contract], wh), price, price)


def _auction(case: Case, left: Left) -> Flows | None:
    """Carry awards out as far as plants have energy and pools have room."""
    awards = case.claims.awards
    if not awards.wh.size:
        return None
    taken = agreed(awards.wh, (awards.plant, left.unused), (awards.pool, left.headroom))
    rows = taken.nonzero()[0]
    pairs = awards.plant[rows], awards.pool[rows], taken[rows]
    return _flows("auction", pairs, awards.buy_price[rows], awards.sell_price[rows])


def _call(case: Case, left: Left) -> Flows | None:
    """Let one pool after another take from all plants, in proportion to what they have left."""
    plants = left.unused.nonzero()[0]
    amount = left.unused[plants]
    rest, parts = int(np.add.reduce(amount)), []
    for pool in _call_order(case).tolist():
        wh = min(int(left.headroom[pool]), rest)
        if wh:
            part = share_out(wh, amount)
            amount, rest = amount - part, rest - wh
            rows = part.nonzero()[0]
            parts.append((plants[rows], np.full(rows.size, pool), part[rows]))
    if not parts:
        return None
    plant, pools, charged = (np.concatenate(column) for column in zip(*parts, strict=True))
    sell = np.full(plant.size, case.rules.call_price if case.rules.call_paid else 0.0)
    buy = sell if case.rules.call_payer == "curtailed" else None
    return _flows("call", (plant, pools, charged), buy, sell)


def _call_order(case: Case) -> IntArray:
    slices = case.slices
    order = slices.by_efficiency if case.rules.call_order == "efficiency" else slices.pools
    if case.rules.call_order == "charge":
        order = order[case.claims.charge[order].argsort(kind="stable")]
    return order


TAKE: dict[str, Callable[[Case, Left], Flows | None]] = {
    "own": _own,
    "lease": _lease,
    "bilateral": _bilateral,
    "auction": _auction,
    "call": _call,
}


def _flows(
    mode: str, pairs: Pairs, buy: FloatArray | None = None, sell: FloatArray | None = None
) -> Flows:
    """Return the flows of one mode; without prices they are free."""
    size = pairs[2].size
    prices = [np.zeros(size) if price is None else price for price in (buy, sell)]
    return Flows(*pairs, np.full(size, mode_index(mode)), *prices)


def agreed(most: IntArray, giver: Side, taker: Side) -> IntArray:
    """Return how much of each claim is carried out, shape (n,).

    Where a giver has less than is claimed of him, and then where a taker has less room, its claims
    are cut pro rata; what that frees is shared out again, until no claim can take more.

    Parameters
    ----------
    most : array of int, shape (n,)
        Largest quantity of each claim.
    giver, taker : (array of int, array of int)
        Row of each claim, and what every row has or has room for.

    Examples
    --------
    Giver 0 has 6 of the 8 that takers 0 and 1 may have of him; taker 1 has room for 1 only.

    >>> two = np.array([4, 4])
    >>> agreed(two, (np.array([0, 0]), np.array([6])), (np.array([0, 1]), np.array([9, 1])))
    array([4, 1])
    """
    (source, has), (target, room) = giver, taker
    has, room, done = has.copy(), room.copy(), np.zeros_like(most)
    while True:
        wanted = (most - done) * ((has[source] > 0) & (room[target] > 0))
        if not wanted.any():
            return done
        # Each round empties a giver, fills a taker or meets all that is wanted.
        part = capped(capped(wanted, source, has), target, room)
        done += part
        np.subtract.at(has, source, part)
        np.subtract.at(room, target, part)


def capped(wanted: IntArray, group: IntArray, most: IntArray) -> IntArray:
    """Return quantities cut pro rata where those of a group add up to more than its most.

    >>> capped(np.array([5, 5, 9]), np.array([0, 0, 1]), np.array([4, 20]))
    array([2, 2, 9])
    """
    over = _sums(wanted, group, most.size) > most
    if not over.any():
        return wanted
    parts, rows = wanted.copy(), over[group].nonzero()[0]
    members = group[rows]
    if (members == members[0]).all():  # one full pool, mostly
        parts[rows] = share_out(int(most[members[0]]), wanted[rows])
        return parts
    rows = rows[members.argsort(kind="stable")]
    edge = np.append(0, np.bincount(members, minlength=over.size)[over].cumsum())
    parts[rows] = share_out_each(most[over], wanted[rows], edge)
    return parts


def _queue(side: Side, group: IntArray, total: IntArray) -> Side:
    """Return who has a part in the totals of the groups, group by group, and how much.

    Two queues of the same totals can be laid side by side: nobody then meets another group.
    """
    chosen = (total[group] > 0).nonzero()[0]
    rows, amount, group = side[0][chosen], side[1][chosen], group[chosen]
    part = capped(amount, group, total)
    order = group.argsort(kind="stable")
    order = order[part[order] > 0]
    return rows[order], part[order]


def _sums(amount: IntArray, group: IntArray, groups: int) -> IntArray:
    """Return the sum of each group; whole numbers, so that none is lost in a float."""
    found = np.zeros(groups, np.int64)
    np.add.at(found, group, amount)
    return found
