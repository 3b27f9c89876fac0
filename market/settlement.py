"""From metered energy to postings: who owes whom for a block of intervals.

Energy, imbalance and balancing are settled per interval, fees, subsidies and certificates per
day on the day's energy. Amounts of one auction are rounded to cents by the largest remainder,
so that what buyers pay and sellers receive add up exactly to what the mechanism says.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from market.block import Block
from market.layout import Layout
from market.ledger import Ledger
from market.rules import FeeRules, MarketRules
from market.units import CENTS, WH_PER_MWH, BoolArray, FloatArray, IntArray, round_rows

CENTS_PER_WH = CENTS / WH_PER_MWH  # times a price per MWh


@dataclass(frozen=True, slots=True)
class Tariffs:
    """What units receive or pay outside the auction, by unit.

    Attributes
    ----------
    subsidy, certificate : array, shape (U,)
        Currency per MWh delivered.
    draws, stores : array of bool, shape (U,)
        Units that take energy for use (loads, data centres); storage.
    """

    subsidy: FloatArray
    certificate: FloatArray
    draws: BoolArray
    stores: BoolArray


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
    """

    def __init__(
        self,
        layout: Layout,
        ledger: Ledger,
        tariffs: Tariffs,
        contracts: ContractTerms,
        hours: float,
    ) -> None:
        self._layout, self._ledger, self._tariffs = layout, ledger, tariffs
        self._contracts, self._hours = contracts, hours

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
        self._energy(block)
        self._imbalances(block, reference)
        self._differences(block, reference)
        self._penalties(block)
        for rules, rows in _by_rules(block.rules):
            self._fees(block, rules.fees, rows)
        self._tariffs_of(block)
        self._ledger.check()

    def _energy(self, block: Block) -> None:
        paid = np.zeros_like(block.bought)
        got = np.zeros_like(block.sold)
        for index, zone in enumerate(self._layout.zones):
            columns, units = block.zone, zone.units
            volume = block.volume[:, index]
            paid[:, units] = _uniform(
                block.bought[:, units], columns["buy_price"][:, index], volume
            )
            got[:, units] = _uniform(block.sold[:, units], columns["sell_price"][:, index], volume)
            if block.receipts is not None and block.payments is not None:
                each = _individual(block.payments[:, units], block.receipts[:, units])
                paid[:, units] += each[0]
                got[:, units] += each[1]
        self._ledger.post(block.first, "market", "energy", block.bought, paid)
        self._ledger.post(block.first, "market", "energy", block.sold, -got)

    def _imbalances(self, block: Block, reference: FloatArray) -> None:
        position = block.sold - block.bought
        deviation = block.delivered - block.consumed - position
        if not deviation.any():
            return
        own = deviation - block.instructed
        for index, zone in enumerate(self._layout.zones):
            market = reference[index]
            balancing = block.zone["balancing_price"][:, index]
            caps = np.array([r.auction.price_cap if r else np.inf for r in block.rules])
            called = np.where(np.isposinf(balancing), np.where(caps < np.inf, caps, market), 0.0)
            called = np.where(np.isfinite(balancing), balancing, called)
            called = np.where(np.isnan(balancing), market, called)
            short, long = imbalance_prices(market, called, block.rules)
            block.zone["short_price"][:, index] = short
            block.zone["long_price"][:, index] = long
            self._post_priced(block, zone.units, "imbalance", own, (short, long))
            self._post_priced(block, zone.units, "balancing", block.instructed, (called, called))

    def _post_priced(
        self,
        block: Block,
        units: slice,
        category: str,
        energy: IntArray,
        prices: tuple[FloatArray, FloatArray],
    ) -> None:
        """Charge missing energy at the first price, credit extra energy at the second."""
        short, long = prices
        part = np.zeros_like(energy)
        part[:, units] = energy[:, units]
        price = np.where(part < 0, short[:, None], long[:, None])
        cents = np.rint(-part * price * CENTS_PER_WH).astype(np.int64)
        self._ledger.post(block.first, "system", category, np.abs(part), cents)

    def _differences(self, block: Block, reference: FloatArray) -> None:
        terms = self._contracts
        for c in range(terms.seller.size):
            mw = np.array([row[c] if row is not None else 0.0 for row in block.contracts])
            if not mw.any():
                continue
            wh = np.rint(mw * self._hours * WH_PER_MWH).astype(np.int64)
            gap = terms.price[c] - reference[int(terms.zone[c])]
            cents = np.rint(wh * gap * CENTS_PER_WH).astype(np.int64)
            pair = (int(terms.buyer[c]), int(terms.seller[c]))
            self._ledger.post_between(block.first, pair, "contract", wh, cents)

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

    def _tariffs_of(self, block: Block) -> None:
        given = block.delivered.sum(axis=0)
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
            cents = np.rint(wh * rate * CENTS_PER_WH).astype(np.int64)
            self._ledger.post(first, counterparty, category, wh, cents)


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


def imbalance_prices(
    market: FloatArray, balancing: FloatArray, rules: Sequence[MarketRules | None]
) -> tuple[FloatArray, FloatArray]:
    """Return what missing energy costs and extra energy earns in each interval.

    Parameters
    ----------
    market, balancing : array, shape (m,)
        Clearing price and price of the balancing energy used, currency/MWh.
    rules : sequence of MarketRules, length m

    Returns
    -------
    short, long : array, shape (m,)

    References
    ----------
    Single and dual imbalance pricing as in Commission Regulation (EU) 2017/2195, article 52.
    """
    kind = np.array([r.imbalance.rule if r else "single" for r in rules])
    spread = np.array([r.imbalance.spread if r else 0.0 for r in rules])
    dual, fixed = kind == "dual", kind == "spread"
    short = np.where(dual, np.maximum(market, balancing), balancing)
    long = np.where(dual, np.minimum(market, balancing), balancing)
    return np.where(fixed, market + spread, short), np.where(fixed, market - spread, long)


def _uniform(wh: IntArray, price: FloatArray, volume: IntArray) -> IntArray:
    """Return cents of each unit at one price per row; rows add up to the auction's total."""
    price = np.nan_to_num(price)
    sizes = wh * (np.abs(price) * CENTS_PER_WH)[:, None]
    totals = np.rint(volume * np.abs(price) * CENTS_PER_WH).astype(np.int64)
    sign = np.where(price < 0, -1, 1)[:, None]
    signed: IntArray = sign * round_rows(sizes, totals)
    return signed


def _individual(payments: FloatArray, receipts: FloatArray) -> tuple[IntArray, IntArray]:
    """Return cents of individual prices; what is left over is what the mechanism keeps."""
    paid, got = payments * CENTS, receipts * CENTS
    total = np.add.reduce(paid, axis=1)
    kept = np.rint(total - np.add.reduce(got, axis=1)).astype(np.int64)
    whole = np.rint(total).astype(np.int64)
    return round_rows(paid, whole), round_rows(got, whole - kept)


def _by_rules(rules: Sequence[MarketRules | None]) -> list[tuple[MarketRules, IntArray]]:
    """Group rows by the rules in force, in order of time."""
    groups: dict[int, tuple[MarketRules, list[int]]] = {}
    for row, rule in enumerate(rules):
        if rule is not None:
            groups.setdefault(id(rule), (rule, []))[1].append(row)
    return [(rule, np.array(rows)) for rule, rows in groups.values()]
