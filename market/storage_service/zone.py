"""Storage service in one zone: what is promised, stored, held for others and given back."""

from dataclasses import dataclass

import numpy as np

from market.block import Block
from market.calendar import Calendar
from market.gate import Delivery, Gate
from market.layout import Layout
from market.storage_service.form import ServiceForm
from market.units import BoolArray, FloatArray


@dataclass(frozen=True, slots=True)
class ServiceTerms:
    """What the service market has to know of the units of a run, each of shape (U,).

    Attributes
    ----------
    eligible : array of bool
        Plants whose would-be curtailment may be stored: wind and solar.
    stores : array of bool
        Slices of stations that store it: pools and tenants' shares.
    """

    eligible: BoolArray
    stores: BoolArray


class ZoneService:
    """One zone's part of the service market."""

    def __init__(
        self,
        layout: Layout,
        calendar: Calendar,
        index: int,
        terms: ServiceTerms,
        rng: np.random.Generator,
    ) -> None:
        self._layout, self._calendar, self._terms, self._rng = layout, calendar, terms, rng
        self._zone = layout.zones[index]

    def begin(self, block: Block) -> None:
        """Turn to a new day."""

    def may_trade(self, gate: Gate) -> bool:
        """Return whether anything is left to auction within the day."""
        return True

    def fill_in(self, form: ServiceForm, published: FloatArray) -> None:
        """Write what is known of the zone into a form."""

    def hold(self, form: ServiceForm) -> None:
        """Hold the auction of a form."""

    def wanted(self, delivery: Delivery) -> bool:
        """Return whether anything is curtailed that a station may store."""
        return False

    def store(self, delivery: Delivery) -> None:
        """Store would-be curtailment."""

    def close(self, delivery: Delivery) -> None:
        """Note whose energy the stations now hold."""
