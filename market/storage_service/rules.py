"""Rules of the shared-storage market: who may use a station, how, and who pays."""

from dataclasses import dataclass
from typing import Any, Literal

from market.clearing import TieBreak

MODES = ("own", "lease", "bilateral", "auction", "call")
"""How would-be curtailment reaches a store, in the order of all tables."""

CallPayer = Literal["curtailed", "others"]
CallOrder = Literal["efficiency", "charge", "name"]
ReturnedPrice = Literal["market", "tariff"]
Access = Literal["all", "owner"]
CapacityPayer = Literal["consumers", "generators", "government"]


@dataclass(frozen=True, slots=True)
class ServiceRules:
    """The market for storage service in force for one delivery interval.

    Attributes
    ----------
    modes : tuple of str
        ``lease``, ``bilateral``, ``auction``, ``call`` in the order of use; empty: no market.
    mechanism : Mechanism or None
        Of the service auction, with its own parameters.
    ceiling : float
        Highest price of the service auction, currency/MWh charged.
    tie_break : str
        Who is served among equals at the margin of the service auction.
    call_price : float
        Regulated price of a call by the grid, currency/MWh charged.
    call_payer : str
        ``curtailed``: the plant whose energy is stored. ``others``: all other generators, in
        proportion to their output of the interval.
    call_order : str
        Which station is called first: ``efficiency`` the one with the least losses, ``charge``
        the emptiest, ``name`` in the order of names.
    call_paid : bool
        False: calls are not paid, as during spot settlement trials.
    returned_price : str
        What holders get for energy given back: ``market`` its price then, ``tariff`` their own.
    access : str
        ``owner``: a station serves the plants of its owner only, and for nothing.
    merchant : bool
        Whether stations of this market may bid in the energy auction on their own account.
    day_ahead, intraday : bool
        Whether a service auction is held before the day, and after each energy auction.
    """

    modes: tuple[str, ...] = ()
    mechanism: Any = None
    ceiling: float = float("inf")
    tie_break: TieBreak = "pro-rata"
    call_price: float = 0.0
    call_payer: CallPayer = "others"
    call_order: CallOrder = "efficiency"
    call_paid: bool = True
    returned_price: ReturnedPrice = "market"
    access: Access = "all"
    merchant: bool = True
    day_ahead: bool = True
    intraday: bool = True

    @property
    def in_force(self) -> bool:
        """Whether anything is stored for plants under these rules."""
        return bool(self.modes) or self.access == "owner"


@dataclass(frozen=True, slots=True)
class CapacityRules:
    """Capacity payment to listed stations, after document 114 of 2026.

    A station that can give full power for h hours gets, per kW and year,

        price x min(1, h / peak_hours).

    Attributes
    ----------
    price : float
        Capacity price of local coal plants, currency per kW and year; 0: no payment.
    peak_hours : float
        Longest peak of the net load of the year, hours.
    payer : str
        ``consumers``: by energy consumed. ``generators``: by energy delivered. ``government``.
    """

    price: float = 0.0
    peak_hours: float = 6.0
    payer: CapacityPayer = "consumers"
