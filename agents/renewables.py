"""Wind and solar plants and run-of-river hydro: what cannot be stored."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from agents.fleet import Fleet, FleetUnits
from agents.quotes import MarketView, Quotes
from market import FleetBlock, FloatArray, IntArray, ServiceForm, to_wh


class AvailabilityForecaster(Protocol):
    """Says what it expects a resource to give."""

    def expected(self, first: int, actual: IntArray) -> IntArray:
        """Return the expected energy of a block, Wh, shape (m, n)."""
        ...


class Deviations(Protocol):
    """Plant-level deviations from the common profile."""

    def block(self, i0: int, i1: int) -> FloatArray:
        """Return relative deviations, shape (i1 - i0, n)."""
        ...


@dataclass(frozen=True, slots=True)
class Resource:
    """What weather gives a fleet.

    Attributes
    ----------
    profiles : array, shape (P, N)
        Series per unit of capacity, 0 to 1.
    profile_of : array of int, shape (n,)
    capacity_mw : array, shape (n,)
        Capacity after derating.
    deviations : Deviations or None
        Each plant's own relative deviation from the profile.
    """

    profiles: FloatArray
    profile_of: IntArray
    capacity_mw: FloatArray
    deviations: Deviations | None = None

    def energy(self, first: int, m: int, hours: float) -> IntArray:
        """Return available energy of a block, Wh, shape (m, n)."""
        share = self.profiles[self.profile_of, first : first + m].T
        if self.deviations is not None:
            share = np.clip(share * (1 + self.deviations.block(first, first + m)), 0.0, 1.0)
        return to_wh(share * (self.capacity_mw * hours))


@dataclass(frozen=True, slots=True)
class ServiceBids:
    """What plants bid for storage service, each of shape (n,).

    Attributes
    ----------
    tariff : array
        A plant's own on-grid price, currency/MWh; NaN where it has none.
    share : array
        What it bids, as a share of the fee at which storing breaks even.
    """

    tariff: FloatArray
    share: FloatArray


class RenewableFleet(Fleet):
    """Plants that deliver what the weather gives, up to what they sold.

    Parameters
    ----------
    units : FleetUnits
    resource : Resource
    forecaster : AvailabilityForecaster
    bid_cost : array, shape (n,)
        Marginal cost less what a MWh earns outside the market, currency/MWh: below zero where
        subsidy or certificates are lost with each MWh not sold.
    cost : array, shape (n,)
        Marginal cost itself.
    service : ServiceBids or None
        None: the plants want no storage service.
    """

    clean = True

    def __init__(
        self,
        units: FleetUnits,
        resource: Resource,
        forecaster: AvailabilityForecaster,
        bid_cost: FloatArray,
        cost: FloatArray,
        service: ServiceBids | None = None,
    ) -> None:
        super().__init__(units)
        self.resource, self.expectation = resource, forecaster
        self.bid_cost, self._cost = bid_cost, cost
        self.service = service
        self._most = to_wh(resource.capacity_mw * self.calendar.hours)

    def look_ahead(self, block: FleetBlock) -> None:
        """Fill resource and forecast of the block."""
        super().look_ahead(block)
        block.resource[:] = self.resource.energy(block.first, block.m, self.calendar.hours)
        block.available[:] = block.resource
        expected = self.expectation.expected(block.first, block.resource)
        # No owner expects more than the plant can give, whatever the forecast error.
        block.forecast[:] = np.minimum(expected, self._most)

    def true_quotes(self, view: MarketView) -> Quotes:
        """Offer all that is expected at marginal cost."""
        assert self.block is not None  # look_ahead comes first
        rows = slice(view.first - self.block.first, view.first - self.block.first + view.count)
        expected = self.block.forecast[rows]
        if self.per_interval and (self.up < 1).any():
            expected = np.floor(expected * self.up).astype(np.int64)
        return Quotes(ask_price=self.bid_cost, ask_quantity=expected)

    def service_value(self, form: ServiceForm) -> FloatArray:
        """Return the fee at which having a MWh stored breaks even, currency/MWh charged.

        It is what comes back of the MWh times what that earns: the price of energy, or the
        plant's own tariff where that is paid, and what a MWh delivered earns outside the market.

        At a tariff of 324.7 and a round trip of 0.82 it is 266.25.
        """
        assert self.service is not None  # asked by `answer` only
        price = np.full(self.n, form.returned_price[self.zone])
        if form.rules.service.returned_price == "tariff":
            price = np.where(np.isnan(self.service.tariff), price, self.service.tariff)
        return form.round_trip[self.zone] * (price + self._cost - self.bid_cost)

    def answer(self, form: ServiceForm, block: FleetBlock, units: slice) -> None:
        """Bid for the storage of what is expected to be curtailed and not stored yet."""
        if self.service is None or self.zone not in form.round_trip:
            return
        rows = slice(form.first, form.first + form.count)
        if form.intraday:
            idle = (block.forecast[rows] - block.sold[rows]) * self.up
        else:
            idle = block.forecast[rows] * form.expected[self.zone][:, None]
        left = np.floor(idle).astype(np.int64) - form.promised[:, units]
        form.bid_quantity[:, units] = np.maximum(left, 0)
        form.bid_price[units] = self.service.share * self.service_value(form)

    def meter(self, block: FleetBlock, row: int) -> bool:
        """Deliver what was sold as far as it is there."""
        if self.outages.possible:
            end = self.calendar.second(block.first + row + 1)
            share = self.outages.share_up(end, self.calendar.interval_s)
            block.available[row] = np.floor(block.resource[row] * share)
        short = block.sold[row] > block.available[row]
        if not short.any():
            return False
        block.delivered[row] = np.minimum(block.sold[row], block.available[row])
        return True

    def flexibility(self, block: FleetBlock, row: int) -> tuple[IntArray, IntArray]:
        """Return the unused resource and all of the output."""
        return block.available[row] - block.delivered[row], block.delivered[row].copy()

    def unit_cost(self) -> FloatArray:
        """Return the marginal cost."""
        return self._cost

    def marginal_cost(self, block: FleetBlock) -> FloatArray:
        """Return the marginal cost, which does not change with output."""
        return self._cost

    def facts(self) -> dict[str, FloatArray]:
        """Return the capacity."""
        return {"capacity_mw": self.resource.capacity_mw}
