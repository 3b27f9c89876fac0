"""A layout of plain units and blocks filled by hand."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np

from market import AuctionRules, Block, Calendar, Ledger, MarketRules, lay_out
from market.mechanisms.uniform import Uniform
from market.rules import FeeRules, ImbalanceRules
from market.settlement import ContractTerms, Settlement, Tariffs

MWH = 1_000_000


@dataclass
class Shape:
    kind: str
    names: list
    zone: str = "main"
    owners: list = field(default_factory=list)
    ask_slots: int = 1
    bid_slots: int = 1
    clean: bool = False
    green_only: list = field(default_factory=list)
    stations: list = field(default_factory=list)
    uses: list = field(default_factory=list)

    def __post_init__(self):
        self.owners = self.owners or self.names
        self.green_only = self.green_only or [False] * len(self.names)
        self.stations = self.stations or [""] * len(self.names)
        self.uses = self.uses or [""] * len(self.names)


def calendar(n=4, minutes=60):
    return Calendar(datetime(2023, 6, 1, tzinfo=UTC), minutes * 60, n)


def layout(*shapes):
    return lay_out(shapes or (Shape("load", ["town"]), Shape("pv", ["sun"])))


def rules(imbalance="single", spread=0.0, cap=1500.0, mechanism=None, **fees):
    return MarketRules(
        mechanism or Uniform(),
        AuctionRules(0.0, cap),
        ImbalanceRules(imbalance, spread),
        FeeRules(**fees),
    )


def block(places, m=1, first=0, in_force=None):
    made = Block(places, first, m)
    made.rules[:] = [in_force or rules()] * m
    made.contracts[:] = [np.empty(0)] * m
    return made


def trade(made, row, zone, price, sold=None, bought=None):
    """Write what a uniform auction would: positions (by unit name, Wh), volume and price."""
    places = made.layout
    index = [z.name for z in places.zones].index(zone)
    for column, trades in ((made.sold, sold or {}), (made.bought, bought or {})):
        for name, wh in trades.items():
            column[row, places.units.index(name)] = wh
    made.volume[row, index] = sum((sold or {}).values())
    for name in ("price", "buy_price", "sell_price"):
        made.zone[name][row, index] = price
    made.delivered[row] = made.sold[row]
    made.consumed[row] = made.bought[row]


def settlement(places, hours=1.0, contracts=None, per_interval=False, **tariffs):
    units = len(places.units)
    columns = {
        "subsidy": np.zeros(units),
        "certificate": np.zeros(units),
        "draws": places.of_kind("load", "data_center"),
        "stores": places.of_kind("storage"),
    }
    for name, by_unit in tariffs.items():
        for unit, value in by_unit.items():
            columns[name][places.units.index(unit)] = value
    ledger = Ledger(places.owners, places.owner_of, per_interval)
    none = np.empty(0, np.int64)
    terms = contracts or ContractTerms(none, none, np.empty(0), none)
    return Settlement(places, ledger, Tariffs(**columns), terms, hours), ledger


def balance(ledger, account):
    return int(ledger.balances[ledger.accounts.index(account)])


def amounts(ledger, start=0):
    """Return {(payer, payee, category): cents} of the open period."""
    found = {}
    for p in ledger.close_period(start):
        for payer, payee, cents in zip(p.payer, p.payee, p.cents, strict=True):
            key = (ledger.accounts[payer], ledger.accounts[payee], p.category)
            found[key] = found.get(key, 0) + int(cents)
    return found
