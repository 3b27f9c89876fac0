"""What storage service costs and who pays: from flows into stores to postings.

Fees are for energy charged. Amounts of one interval are rounded to cents by the largest
remainder, so that what plants pay and stations receive add up exactly.
"""

import numpy as np

from market.block import Block
from market.cents import CENTS_PER_WH, individual_cents, priced, shared_cents
from market.errors import ConservationError
from market.layout import Layout
from market.ledger import Ledger
from market.storage_service.flows import Flows, Handover, mode_index
from market.units import WH_PER_MWH, BoolArray, FloatArray, IntArray

GENERATORS = ("pv", "wind", "hydro", "csp", "thermal")


class ServiceFees:
    """Posts the fees of storage service, and energy that passed between slices of a station.

    Parameters
    ----------
    layout : Layout
    ledger : Ledger
    """

    def __init__(self, layout: Layout, ledger: Ledger) -> None:
        self._layout, self._ledger = layout, ledger
        self._generates = layout.of_kind(*GENERATORS)

    def settle(self, block: Block) -> None:
        """Post the fees of a block by mode; a plant's own and leased storage is free.

        ``bilateral``: the plant's owner pays the station's owner, rounded per interval, plants'
        owner and pool; nobody pays himself. ``auction``: through the market, which keeps what the
        mechanism keeps. ``call``: the system pays the stations, and collects the same to the cent
        from those whom the rule names.
        """
        rows, flows = block.service.flows()
        if not flows.wh.size:
            return
        check_flows(block, rows, flows)
        for mode, post in (
            ("bilateral", self._bilateral),
            ("auction", self._auction),
            ("call", self._call),
        ):
            chosen = flows.mode == mode_index(mode)
            if chosen.any():
                post(block, rows[chosen], flows.part(chosen))

    def handovers(self, block: Block, reference: FloatArray) -> None:
        """Post energy handed over between slices: the receiver pays the giver.

        It is worth what it would bring at the grid: stored energy x efficiency of discharging, at
        the zone's reference price of the interval, shape (Z, m).
        """
        for row, handed in block.service.handed:
            zone = self._zone(handed)
            wh = np.array([round(handed.stored_wh * handed.efficiency)])
            cents = priced(wh, float(reference[zone, row]))
            pair = self._owner(handed.receiver), self._owner(handed.giver)
            if pair[0] != pair[1]:
                self._ledger.post_between(block.first + row, pair, "lease_energy", wh, cents)
                ends = np.array([handed.giver, handed.receiver])
                self._ledger.note_units("lease_energy", ends, cents * np.array([1, -1]))

    def _zone(self, handed: Handover) -> int:
        units = [zone.units for zone in self._layout.zones]
        return next(i for i, u in enumerate(units) if u.start <= handed.giver < u.stop)

    def _owner(self, unit: int) -> int:
        return int(self._layout.owner_of[unit])

    def _bilateral(self, block: Block, rows: IntArray, flows: Flows) -> None:
        owner_of, units = self._layout.owner_of, len(self._layout.units)
        accounts, payer = len(self._ledger.accounts), owner_of[flows.plant]
        key, place = np.unique((rows * accounts + payer) * units + flows.store, return_inverse=True)
        cents = np.rint(np.bincount(place, flows.wh * flows.buy_price * CENTS_PER_WH))
        wh = np.bincount(place, flows.wh)
        pool, ends = key % units, (key // units % accounts, owner_of[key % units])
        cents[ends[0] == ends[1]] = 0
        self._ledger.post_pairs(
            block.first + key // (units * accounts),
            ends,
            "service_bilateral",
            wh.astype(np.int64),
            cents.astype(np.int64),
        )
        self._ledger.note_units("service_bilateral", pool, cents.astype(np.int64))

    def _auction(self, block: Block, rows: IntArray, flows: Flows) -> None:
        shape = block.sold.shape
        value = flows.wh / WH_PER_MWH
        pays = by_unit(shape, rows, flows.plant, value * flows.buy_price)
        gets = by_unit(shape, rows, flows.store, value * flows.sell_price)
        paid, got = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
        for zone in self._layout.zones:
            units = zone.units
            paid[:, units], got[:, units] = individual_cents(pays[:, units], gets[:, units])
        stored = whole_by_unit(shape, rows, flows.plant, flows.wh)
        charged = whole_by_unit(shape, rows, flows.store, flows.wh)
        self._ledger.post(block.first, "market", "service_auction", stored, paid)
        self._ledger.post(block.first, "market", "service_auction", charged, -got)

    def _call(self, block: Block, rows: IntArray, flows: Flows) -> None:
        shape = block.sold.shape
        value = flows.wh * flows.sell_price * CENTS_PER_WH
        if not value.any():
            return
        charged = whole_by_unit(shape, rows, flows.store, flows.wh)
        stored = whole_by_unit(shape, rows, flows.plant, flows.wh)
        gets = by_unit(shape, rows, flows.store, value)
        owes = by_unit(shape, rows, flows.plant, value)
        got, paid, share = (np.zeros(shape, np.int64) for _ in range(3))
        others = self._others(block, stored > 0)
        for zone in self._layout.zones:
            units = zone.units
            totals = np.rint(np.add.reduce(gets[:, units], axis=1)).astype(np.int64)
            called = np.where(totals > 0, charged[:, units].sum(axis=1), 0)
            given = others[:, units]
            alone = (given.sum(axis=1) == 0)[:, None]
            weights = np.where(alone, owes[:, units], given)
            got[:, units] = shared_cents(totals, gets[:, units])
            paid[:, units] = shared_cents(totals, weights)
            share[:, units] = shared_cents(called, weights)
        self._ledger.post(block.first, "system", "service_call", charged, -got)
        self._ledger.post(block.first, "system", "service_call", share, paid)

    def _others(self, block: Block, called: BoolArray) -> IntArray:
        """Return the output by which others pay for calls; zero where the called plants pay."""
        collected = [r is not None and r.service.call_payer == "others" for r in block.rules]
        pays = np.array(collected)[:, None] & self._generates & ~called
        return np.where(pays, block.delivered, 0)


def check_flows(block: Block, rows: IntArray, flows: Flows) -> None:
    """Raise `ConservationError` unless the flows are what was stored, unit by unit."""
    shape = block.stored.shape
    listed = whole_by_unit(shape, rows, flows.plant, flows.wh)
    listed -= whole_by_unit(shape, rows, flows.store, flows.wh)
    wrong = np.argwhere(listed != block.stored)
    if wrong.size:
        row, unit = (int(x) for x in wrong[0])
        raise ConservationError(
            f"interval {block.first + row}, unit {block.layout.units[unit]}: "
            f"{block.stored[row, unit]} Wh were stored and {listed[row, unit]} Wh are accounted for"
        )


def by_unit(
    shape: tuple[int, ...], rows: IntArray, units: IntArray, values: FloatArray | IntArray
) -> FloatArray:
    """Return the sums of values by row and unit, as an array of that shape.

    >>> by_unit((1, 3), np.array([0, 0]), np.array([2, 2]), np.array([1.5, 2.0]))
    array([[0. , 0. , 3.5]])
    """
    place, size = rows * shape[1] + units, shape[0] * shape[1]
    sums: FloatArray = np.bincount(place, weights=values, minlength=size).astype(np.float64)
    return sums.reshape(shape)


def whole_by_unit(
    shape: tuple[int, ...], rows: IntArray, units: IntArray, values: IntArray
) -> IntArray:
    """Return the sums of whole numbers by row and unit."""
    return by_unit(shape, rows, units, values).astype(np.int64)
