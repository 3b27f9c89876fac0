"""A tenant's virtual battery: arbitrage in a slice that changes size and ends at a date."""

from dataclasses import dataclass, field, fields, replace

import numpy as np

from agents.quotes import MarketView, Quotes, strategies
from agents.shapes import StorageColumns
from agents.strategies.opportunity_value import OpportunityValue
from market import FloatArray, IntArray

# What a plan depends on: when one of them changes, values are computed anew.
SIZES = ("soc_min_wh", "soc_max_wh", "charge_wh", "discharge_wh")


@strategies.register("virtual_battery")
@dataclass
class VirtualBattery(OpportunityValue):
    """Storage that is leased: `opportunity_value` up to the end of the lease.

    Orders are those of `opportunity_value`, which has the same parameters, with two differences.
    The end of a lease is the end of the run for its holder: energy left over then is valued at
    nothing, so the battery is sold empty as the end comes near, as far as prices pay for its wear
    and the forecast is right. And when slices grow, shrink, begin or end, plans are made anew in
    the same interval. A slice without power or energy, or whose lease is over, has no orders.

    The end is read from `lease_end` of the fleet: the first interval that is not the tenant's any
    more, infinite where it is not known. A fleet without it has leases without an end.

    Parameters
    ----------
    horizon_hours, replan_hours, grid, prices, states, memory_days, noise
        As for `opportunity_value`.

    Examples
    --------
    An hour before its lease ends a full battery asks for no more than its cycle cost, whatever
    the next day's prices are: an hour later the energy is not its own any more.

    References
    ----------
    Zheng, Jaworski, Xu, arXiv 2108.06000, as for `opportunity_value`.
    """

    _sizes: FloatArray = field(
        default_factory=lambda: np.empty(0), init=False, repr=False, compare=False
    )
    _terms: "list[_Term]" = field(default_factory=list, init=False, repr=False, compare=False)

    def quote(self, view: MarketView, fleet: StorageColumns) -> Quotes:
        """Return the orders of all slices for interval `view.first`."""
        self._follow(view, fleet)
        price = np.zeros((2, fleet.n, fleet.ask_slots))
        quantity = np.zeros((2, fleet.n, fleet.ask_slots), np.int64)
        for term in self._terms:
            if term.end <= view.first:
                continue
            quotes = term.plan.quote(term.view(view), term)
            if quotes.bid_quantity is None or quotes.ask_quantity is None:
                continue
            price[:, term.rows] = quotes.bid_price, quotes.ask_price
            quantity[:, term.rows] = quotes.bid_quantity, quotes.ask_quantity
        return Quotes(price[1], quantity[1], price[0], quantity[0])

    def _planner(self, view: MarketView) -> OpportunityValue:
        """Return a planner of its own for a term, which shares what is known of forecasts."""
        own = {item.name: getattr(self, item.name) for item in fields(self) if item.init}
        planner = OpportunityValue(**own)
        planner._chains = self._chains = self._chains or self.chains(view)
        return planner

    def _follow(self, view: MarketView, fleet: StorageColumns) -> None:
        """Group the slices by the end of their leases, where anything has changed."""
        ends = np.full(fleet.n, np.inf)
        ends[:] = getattr(fleet, "lease_end", np.inf)
        ends[ends >= view.calendar.n] = np.inf
        sizes = np.stack([ends, *(getattr(fleet, name) for name in SIZES)])
        if np.array_equal(sizes, self._sizes):
            return
        self._sizes = sizes
        lively = (fleet.soc_max_wh > fleet.soc_min_wh) & (fleet.charge_wh + fleet.discharge_wh > 0)
        self._terms = [
            _Term(
                fleet,
                np.flatnonzero(lively & (ends == end)),
                float(end),
                self._planner(view),
            )
            for end in np.unique(ends[lively])
        ]


class _Term:
    """Slices of a fleet whose leases end together, as a fleet of their own."""

    def __init__(
        self, fleet: StorageColumns, rows: IntArray, end: float, plan: OpportunityValue
    ) -> None:
        self.rows, self.end, self.plan = rows, end, plan
        self._fleet = fleet
        self.n, self.ask_slots = rows.size, fleet.ask_slots
        self.segments = fleet.segments[rows]
        self.charge_wh, self.discharge_wh = fleet.charge_wh[rows], fleet.discharge_wh[rows]
        self.efficiency_charge = fleet.efficiency_charge[rows]
        self.efficiency_discharge = fleet.efficiency_discharge[rows]
        self.soc_min_wh, self.soc_max_wh = fleet.soc_min_wh[rows], fleet.soc_max_wh[rows]
        # What a unit has to end the run with is not its tenant's business before.
        self.soc_end_wh = np.where(np.isfinite(end), np.nan, fleet.soc_end_wh[rows])
        self.plan_scale = fleet.plan_scale[rows]
        self.cycle_cost = fleet.cycle_cost[rows]
        self.self_discharge = fleet.self_discharge[rows]

    def view(self, view: MarketView) -> MarketView:
        """Return the market as if the run ended with the leases."""
        last = int(min(self.end, view.calendar.n))
        return replace(view, calendar=replace(view.calendar, n=last))

    @property
    def committed_soc(self) -> FloatArray:
        """SoC at the start of the quoted interval, after all awards."""
        return self._fleet.committed_soc[self.rows]

    def charge_limit(self) -> IntArray:
        """Energy that can be bought in the interval."""
        return self._fleet.charge_limit()[self.rows]

    def discharge_limit(self) -> IntArray:
        """Energy that can be sold in the interval."""
        return self._fleet.discharge_limit()[self.rows]
