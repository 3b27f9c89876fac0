"""Market rules: the independent variable of every experiment."""

from dataclasses import dataclass, field
from typing import Any, Literal

from market.clearing import AuctionRules
from market.storage_service.rules import CapacityRules, ServiceRules

ImbalanceRule = Literal["single", "dual", "spread"]
SelfTradePrevention = Literal["unit", "owner"]
StorageGridFee = Literal["losses", "full", "none"]


@dataclass(frozen=True, slots=True)
class ImbalanceRules:
    """How energy that differs from the market position is paid.

    Attributes
    ----------
    rule : str
        ``single``: one price for both directions, that of the balancing energy used.
        ``dual``: short pays the dearer, long receives the cheaper of market and balancing price.
        ``spread``: short pays the clearing price plus `spread`, long receives it less `spread`.
    spread : float
        Currency/MWh, for the rule ``spread``.
    """

    rule: ImbalanceRule = "single"
    spread: float = 0.0


@dataclass(frozen=True, slots=True)
class FeeRules:
    """Fees per MWh, in currency/MWh.

    Attributes
    ----------
    transaction_buyer, transaction_seller : float
        Paid to the market operator on energy bought and sold.
    grid : float
        Transmission tariff on energy taken from the grid by loads, data centres and storage.
    storage_grid : str
        ``losses``: energy bought for charging and returned pays no tariff (document 475 of 2022),
        so only losses do; ``full``: all charged energy pays; ``none``: storage never pays.
    """

    transaction_buyer: float = 0.0
    transaction_seller: float = 0.0
    grid: float = 0.0
    storage_grid: StorageGridFee = "losses"


@dataclass(frozen=True, slots=True)
class MarketRules:
    """All rules in force for one delivery interval.

    Attributes
    ----------
    mechanism : Mechanism
        The auction, with its own parameters.
    auction : AuctionRules
        Price limits and tie-break.
    imbalance, fees
        See `ImbalanceRules` and `FeeRules`.
    self_trade_prevention : str
        Whose offers and bids never meet: those of a ``unit``, or of all units of an ``owner``.
    service, capacity
        See `ServiceRules` and `CapacityRules`.
    """

    mechanism: Any
    auction: AuctionRules = field(default_factory=AuctionRules)
    imbalance: ImbalanceRules = field(default_factory=ImbalanceRules)
    fees: FeeRules = field(default_factory=FeeRules)
    self_trade_prevention: SelfTradePrevention = "unit"
    service: ServiceRules = field(default_factory=ServiceRules)
    capacity: CapacityRules = field(default_factory=CapacityRules)


@dataclass(frozen=True, slots=True)
class GateTimes:
    """When orders are due.

    Attributes
    ----------
    opening_s, closure_s : int
        Seconds before delivery at which the gate opens and closes.
    """

    opening_s: int = 960
    closure_s: int = 900
