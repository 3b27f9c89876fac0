"""From metered energy to postings: who owes whom for a block of intervals.

Energy, imbalance and balancing are settled per interval, fees, subsidies and certificates per
day on the day's energy. Amounts of one auction are rounded to cents by the largest remainder,
so that what buyers pay and sellers receive add up exactly to what the mechanism says.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from market.block import Block
from market.cents import individual_cents, priced, uniform_cents
from market.imbalance import balancing_price, deviation_cents, imbalance_prices
from market.layout import Layout
from market.ledger import Ledger
from market.rules import FeeRules, MarketRules
from market.storage_service.capacity import CapacityPayments, ListedStations
from market.storage_service.lease_terms import CATEGORIES
from market.storage_service.leases import LeaseBook
from market.storage_service.returned import ReturnedEnergy, Returns, Sale, reached_grid, returns_of
from market.storage_service.settlement import ServiceFees
from market.units import CENTS, WH_PER_MWH, BoolArray, FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class Tariffs:
    """What units receive or pay outside the auction, by unit.

    Attributes
    ----------
    subsidy, certificate : array, shape (U,)
        Currency per MWh delivered.
    draws, stores : array of bool, shape (U,)
        Units that take energy for use (loads, data centres); storage.
    on_grid : array or None, shape (U,)
        A plant's own price for energy that a pool gives back for it, currency/MWh; NaN where a
        unit has none. None: nobody has one.
    """

    subsidy: FloatArray
    certificate: FloatArray
    draws: BoolArray
    stores: BoolArray
    on_grid: FloatArray | None = None


@dataclass(frozen=True, slots=True)
class ContractTerms:
    """Bilateral energy contracts, settled as a difference to the clearing price.

    Attributes
    ----------
    seller, buyer : array of int, shape (C,)
        Accounts.
    price : array, shape (C,)
        Currency/MWh.
    zone : array of int, shape (C,)
        Zone whose clearing price is the reference.
    """

    seller: IntArray
    buyer: IntArray
    price: FloatArray
    zone: IntArray


@dataclass(frozen=True, slots=True)
class StorageTerms:
    """What storage earns that follows from dates and not from energy.

    Attributes
    ----------
    leases : LeaseBook or None
        Whose rents are due; it may grow while the run goes on.
    listed : ListedStations
        Who may get the capacity payment.
    """

    leases: LeaseBook | None = None
    listed: ListedStations = field(default_factory=ListedStations)


class Settlement:
    """Settles blocks into a ledger.

    Parameters
    ----------
    layout : Layout
    ledger : Ledger
    tariffs : Tariffs
    contracts : ContractTerms
    hours : float
        Length of an interval.
    storage : StorageTerms or None
        None: no leases, no listed stations.
    """

    def __init__(
        self,
        layout: Layout,
        ledger: Ledger,
        tariffs: Tariffs,
        contracts: ContractTerms,
        hours: float,
        storage: StorageTerms | None = None,
    ) -> None:
        self._layout, self._ledger, self._tariffs = layout, ledger, tariffs
        self._contracts, self._hours = contracts, hours
        storage = storage or StorageTerms()
        self._leases, self._service = storage.leases, ServiceFees(layout, ledger)
        self._capacity = CapacityPayments(layout, ledger, storage.listed, hours)
        none = np.full(len(layout.units), np.nan)
        self._returned = ReturnedEnergy(
            ledger, none if tariffs.on_grid is None else tariffs.on_grid
        )

    def settle(self, block: Block, reference: FloatArray) -> None:
        """Post everything that block causes.

        Parameters
        ----------
        block : Block
            All intervals delivered.
        reference : array, shape (Z, m)
            Reference price of each zone and interval, currency/MWh.
        """
        note_surpluses(block)
        returns = returns_of(block)
        self._energy(block, returns)
        self._imbalances(block, returns, reference)
        self._differences(block, reference)
        self._penalties(block)
        self._service.settle(block)
        self._service.handovers(block, reference)
        for rules, rows in _by_rules(block.rules):
            self._fees(block, rules.fees, rows)
            self._capacity.settle(block, rules.capacity, rows)
        self._tariffs_of(block, reached_grid(block, returns))
        self._rents(block)
        self._ledger.check()

    def _energy(self, block: Block, returns: Returns) -> None:
        paid = np.zeros_like(block.bought)
        got = np.zeros_like(block.sold)
        for index, zone in enumerate(self._layout.zones):
            columns, units = block.zone, zone.units
            volume = block.volume[:, index]
            paid[:, units] = uniform_cents(
                block.bought[:, units], columns["buy_price"][:, index], volume
            )
            got[:, units] = uniform_cents(
                block.sold[:, units], columns["sell_price"][:, index], volume
            )
            if block.receipts is not None and block.payments is not None:
                each = individual_cents(block.payments[:, units], block.receipts[:, units])
                paid[:, units] += each[0]
                got[:, units] += each[1]
        self._ledger.post(block.first, "market", "energy", block.bought, paid)
        sale = Sale("market", block.sold, got)
        sale = self._returned.from_auction(block, returns, sale)
        self._ledger.post(block.first, "market", "energy", sale.wh, -sale.cents)

    def _imbalances(self, block: Block, returns: Returns, reference: FloatArray) -> None:
        """Post deviations from the market position; what was stored as a service is none."""
        position = block.sold - block.bought + block.stored
        deviation = block.delivered - block.consumed - position
        if not deviation.any():
            return
        own, called = np.zeros_like(deviation), np.zeros_like(deviation)
        for index, zone in enumerate(self._layout.zones):
            units, rules = zone.units, block.rules
            price = balancing_price(block, index, reference[index])
            short, long = imbalance_prices(reference[index], price, rules)
            block.zone["short_price"][:, index] = short
            block.zone["long_price"][:, index] = long
            asked = block.instructed[:, units]
            own[:, units] = deviation_cents(deviation[:, units] - asked, short, long)
            called[:, units] = deviation_cents(asked, price, price)
        self._ledger.post(
            block.first, "system", "imbalance", np.abs(deviation - block.instructed), own
        )
        sale = Sale("system", np.abs(block.instructed), -called)
        sale = self._returned.from_balancing(block, returns, sale)
        self._ledger.post(block.first, "system", "balancing", sale.wh, -sale.cents)

    def _differences(self, block: Block, reference: FloatArray) -> None:
        terms = self._contracts
        for c in range(terms.seller.size):
            mw = np.array([row[c] if row is not None else 0.0 for row in block.contracts])
            if not mw.any():
                continue
            wh = np.rint(mw * self._hours * WH_PER_MWH).astype(np.int64)
            cents = priced(wh, terms.price[c] - reference[int(terms.zone[c])])
            pair = (int(terms.buyer[c]), int(terms.seller[c]))
            self._ledger.post_between(block.first, pair, "contract", wh, cents)

    def _rents(self, block: Block) -> None:
        """Post the rents of leases that fall due in a block; nobody pays rent to himself."""
        if self._leases is None:
            return
        ends = [round(row * self._hours * 3600) for row in (block.first, block.first + block.m)]
        rents, cents = self._leases.rents, self._leases.due(ends[0], ends[1])
        own = np.array([self._layout.units.index(name) for name in self._leases.stations.names])
        for index, category in enumerate(CATEGORIES):
            rows = np.flatnonzero((rents.category == index) & (rents.payer != rents.payee))
            pair, first = (rents.payer[rows], rents.payee[rows]), np.full_like(rows, block.first)
            self._ledger.post_pairs(first, pair, category, np.zeros_like(rows), cents[rows])
            earns = rows[rents.station[rows] >= 0]
            if earns.size:
                self._ledger.note_units(category, own[rents.station[earns]], cents[earns])

    def _penalties(self, block: Block) -> None:
        if block.penalty.any():
            cents = np.rint(block.penalty * CENTS).astype(np.int64)
            self._ledger.post(block.first, "customers", "sla_penalty", np.zeros_like(cents), cents)

    def _fees(self, block: Block, fees: FeeRules, rows: IntArray) -> None:
        bought, sold = block.bought[rows].sum(axis=0), block.sold[rows].sum(axis=0)
        taken, given = block.consumed[rows].sum(axis=0), block.delivered[rows].sum(axis=0)
        tariffs, first = self._tariffs, block.first + int(rows[0])
        self._post_rate(first, "operator", "transaction_fee", bought, fees.transaction_buyer)
        self._post_rate(first, "operator", "transaction_fee", sold, fees.transaction_seller)
        pays = tariffs.draws if fees.storage_grid == "none" else tariffs.draws | tariffs.stores
        self._post_rate(first, "grid", "grid_fee", np.where(pays, taken, 0), fees.grid)
        if fees.storage_grid == "losses":
            returned = np.where(tariffs.stores, given, 0)
            self._post_rate(first, "grid", "grid_fee_refund", returned, -fees.grid)

    def _tariffs_of(self, block: Block, given: IntArray) -> None:
        for counterparty, category, rate in (
            ("government", "subsidy", self._tariffs.subsidy),
            ("certificates", "certificate", self._tariffs.certificate),
        ):
            self._post_rate(block.first, counterparty, category, given, -rate)

    def _post_rate(
        self,
        first: int,
        counterparty: str,
        category: str,
        wh: IntArray,
        rate: float | FloatArray,
    ) -> None:
        if np.any(rate):
            self._ledger.post(first, counterparty, category, wh, priced(wh, rate))


def note_surpluses(block: Block) -> None:
    """Note who gained how much in each auction, by the orders as submitted, and mean prices."""
    columns = block.zone
    for index, zone in enumerate(block.layout.zones):
        asks, bids, volume = zone.asks, zone.bids, block.volume[:, index]
        # Not a dot product: BLAS's last digits depend on threads and processor.
        value = np.add.reduce(block.bid_fill[:, bids] * block.bid_price[:, bids], axis=1)
        cost = np.add.reduce(block.ask_fill[:, asks] * block.ask_price[:, asks], axis=1)
        paid = volume * np.nan_to_num(columns["buy_price"][:, index]) / WH_PER_MWH
        got = volume * np.nan_to_num(columns["sell_price"][:, index]) / WH_PER_MWH
        if block.payments is not None and block.receipts is not None:
            paid += np.add.reduce(block.payments[:, zone.units], axis=1)
            got += np.add.reduce(block.receipts[:, zone.units], axis=1)
        columns["buyer_surplus"][:, index] = value / WH_PER_MWH - paid
        columns["seller_surplus"][:, index] = got - cost / WH_PER_MWH
        columns["operator_surplus"][:, index] = paid - got
        for side, money in (("buy", paid), ("sell", got)):
            each = np.divide(
                money * WH_PER_MWH, volume, out=np.full(volume.size, np.nan), where=volume > 0
            )
            common = columns[f"{side}_price"][:, index]
            columns[f"mean_{side}_price"][:, index] = np.where(np.isnan(common), each, common)


def _by_rules(rules: Sequence[MarketRules | None]) -> list[tuple[MarketRules, IntArray]]:
    """Group rows by the rules in force, in order of time."""
    groups: dict[int, tuple[MarketRules, list[int]]] = {}
    for row, rule in enumerate(rules):
        if rule is not None:
            groups.setdefault(id(rule), (rule, []))[1].append(row)
    return [(rule, np.array(rows)) for rule, rows in groups.values()]
