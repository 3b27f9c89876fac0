"""Energy that a store gives back: whose it was, and who gets the money.

A pool sells in its own name. What it earned for energy of others goes to those others in the
same interval, by their share of what it gave back. So it is with a tenant's slice that has
stored energy of the tenant's plants.
"""

from typing import NamedTuple

import numpy as np

from market.block import Block
from market.cents import priced, shared_each
from market.errors import ConservationError
from market.ledger import OWN_USE, Ledger
from market.storage_service.settlement import whole_by_unit
from market.sums import segment_sums
from market.units import BoolArray, FloatArray, IntArray


class Sale(NamedTuple):
    """What units earned with some energy, by interval and unit, each shape (m, U).

    Attributes
    ----------
    counterparty : str
        Who paid.
    wh, cents : array of int
        Energy, and money received for it.
    """

    counterparty: str
    wh: IntArray
    cents: IntArray


class Returns(NamedTuple):
    """All a block's pools gave back, as columns: a segment per pool and interval.

    Attributes
    ----------
    row, store, edge : array of int
        Interval in the block, pool, where segments begin and end.
    holder, wh : array of int
        Whose energy, how much; segment by segment.
    """

    row: IntArray
    store: IntArray
    edge: IntArray
    holder: IntArray
    wh: IntArray

    @property
    def size(self) -> IntArray:
        """Number of holders in each segment."""
        return np.diff(self.edge)

    @property
    def rows(self) -> IntArray:
        """Interval of each holder's part."""
        return np.repeat(self.row, self.size)

    @property
    def own(self) -> BoolArray:
        """Which parts are the station's own."""
        own: BoolArray = self.holder == np.repeat(self.store, self.size)
        return own


class ReturnedEnergy:
    """Passes on what pools earned with energy of others.

    Of what a pool sold in the auction, the part that it delivered counts; of what the system
    operator asked it for on top, the part that it gave. What it sold and did not deliver stays
    with the station's owner, who pays the imbalance. The station's own share of the pool stays
    where it is, in category ``energy`` or ``balancing``.

    Where the returned price is ``market``, holders receive what the energy earned. Where it is
    ``tariff``, the grid company receives that and pays holders their own tariff per MWh; a
    holder without one gets the market's price.

    Parameters
    ----------
    ledger : Ledger
    tariff : array, shape (U,)
        On-grid price of each unit, currency/MWh; NaN where it has none.
    """

    def __init__(self, ledger: Ledger, tariff: FloatArray) -> None:
        self._ledger, self._tariff = ledger, tariff

    def from_auction(self, block: Block, returns: Returns, sale: Sale) -> Sale:
        """Post what holders get of energy sold; return the sale less that."""
        place = returns.row, returns.store
        return self._pass_on(block, returns, sale, np.minimum(block.delivered, block.sold)[place])

    def from_balancing(self, block: Block, returns: Returns, sale: Sale) -> Sale:
        """Post what holders get of balancing energy; return the sale less that."""
        extra = np.clip(block.delivered - block.sold, 0, np.maximum(block.instructed, 0))
        return self._pass_on(block, returns, sale, extra[returns.row, returns.store])

    def _pass_on(self, block: Block, returns: Returns, sale: Sale, part: IntArray) -> Sale:
        """Post the money for `part` of each segment's sale to holders; return the rest."""
        if not part.any():
            return sale
        place = returns.row, returns.store
        whole = np.maximum(sale.wh[place], 1)
        money = np.rint(sale.cents[place] * (part / whole)).astype(np.int64)
        wh = shared_each(part, returns.wh, returns.edge)
        cents = shared_each(money, returns.wh, returns.edge)
        wh[returns.own] = cents[returns.own] = 0
        self._post(block, returns, sale.counterparty, wh, cents)
        shape = block.sold.shape
        passed = [
            whole_by_unit(shape, *place, segment_sums(column, returns.edge))
            for column in (wh, cents)
        ]
        return sale._replace(wh=sale.wh - passed[0], cents=sale.cents - passed[1])

    def _post(
        self, block: Block, returns: Returns, counterparty: str, wh: IntArray, cents: IntArray
    ) -> None:
        rows, holder, ledger = returns.rows, returns.holder, self._ledger
        by_tariff = np.array(
            [r is not None and r.service.returned_price == "tariff" for r in block.rules]
        )
        fixed = by_tariff[rows] & np.isfinite(self._tariff[holder])
        ends = ledger.account(counterparty), ledger.account("grid")
        kept = [
            np.bincount(rows, np.where(fixed, column, 0), block.m).astype(np.int64)
            for column in (wh, cents)
        ]
        ledger.post_between(block.first, ends, "returned_energy", *kept)
        own = priced(wh, np.nan_to_num(self._tariff[holder]))
        store, owner_of = np.repeat(returns.store, returns.size), block.layout.owner_of
        same = owner_of[holder] == owner_of[store]
        ledger.note_units(OWN_USE, store[same], np.where(fixed, own, cents)[same])
        for payer, chosen, amount in ((counterparty, ~fixed, cents), ("grid", fixed, own)):
            given, money = (
                whole_by_unit(block.sold.shape, rows, holder, np.where(chosen, column, 0))
                for column in (wh, amount)
            )
            ledger.post(block.first, payer, "returned_energy", given, -money)


def returns_of(block: Block) -> Returns:
    """Return what the pools of a block gave back, as columns.

    Raises
    ------
    ConservationError
        When a pool's parts are not what it delivered.
    """
    found = [(row, each) for row, each in block.service.returned if each.wh.any()]
    size = np.array([0, *(each.wh.size for _, each in found)], np.int64)
    none = [np.empty(0, np.int64)]
    returns = Returns(
        np.array([row for row, _ in found], np.int64),
        np.array([each.store for _, each in found], np.int64),
        size.cumsum(),
        np.concatenate(none + [each.holder for _, each in found]),
        np.concatenate(none + [each.wh for _, each in found]),
    )
    _check(block, returns)
    return returns


def _check(block: Block, returns: Returns) -> None:
    if not block.layout.stations:
        return
    pool = np.array([use in ("service", "lease") for use in block.layout.uses])
    listed = np.zeros_like(block.delivered)
    np.add.at(listed, (returns.row, returns.store), segment_sums(returns.wh, returns.edge))
    wrong = np.argwhere(listed != np.where(pool, block.delivered, 0))
    if wrong.size:
        row, unit = (int(x) for x in wrong[0])
        raise ConservationError(
            f"interval {block.first + row}, unit {block.layout.units[unit]}: what is given back to "
            f"holders is not the {block.delivered[row, unit]} Wh that the store delivered"
        )


def reached_grid(block: Block, returns: Returns) -> IntArray:
    """Return the energy of each unit that reached the grid in a block, whole Wh, shape (U,).

    It is what was delivered, less what went into a store, plus what pools gave back on the
    unit's behalf; what a pool delivers is its holders', and its own only as far as it holds some.
    Subsidies and certificates are for this energy.
    """
    net: IntArray = (block.delivered - np.maximum(block.stored, 0)).sum(axis=0)
    np.subtract.at(net, returns.store, segment_sums(returns.wh, returns.edge))
    np.add.at(net, returns.holder, returns.wh)
    return net
