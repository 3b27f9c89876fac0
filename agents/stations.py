"""Storage stations that are split: each slice trades as a battery of its own, the station nets.

How stations are divided is in `agents.slices`, what holds for them as wholes in
`market.storage_service.stations`, what slices promise and deliver in `agents.sliced_storage`.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from agents.ageing import Ageing, AgeingLaw
from agents.fleet import FleetUnits
from agents.promises import Limits
from agents.quotes import MarketView
from agents.service_offers import ServiceOffers
from agents.sliced_storage import SlicedStorage
from agents.slices import Division, Redivision, Sizes, StationDowntime
from agents.station_parts import Parts, divided, together
from agents.storage import StoragePlant, ageing_of
from market import FleetBlock, FloatArray, ServiceForm, ServiceRules, StationLimits

SERVING = ServiceRules(modes=("call",))
"""What pools go by where a view shows no rules: they serve."""


class StationFleet(SlicedStorage):
    """All slices of the stations of a zone.

    A slice is a battery of its own, with a part of its station's power and energy. What slices
    charge and discharge in the same interval is netted, and what that saves is credited to them
    (`market.storage_service.stations`). Sizes may change: from the next quoted interval on orders
    are cut to the new ones, and charge changes hands with capacity (`agents.slices`); promises
    made before keep the limits they were made under.

    Credits and handovers are reckoned with when an interval is awarded, and again at its delivery
    if anything came in between. Storage service may charge on top what promises leave room for.
    What that nets in addition is credited apart, so that no slice is left with less than it was
    promised.

    While there is a service market, slices for service never buy in the energy auction, although
    their strategy is shown what they could charge: storage service fills them when prices are
    low. Without one they trade for the station's owner (`agents.pool_bids`). An owner's slice of
    a station that serves others has no orders where the rules exclude it
    (`ServiceRules.merchant`).

    Parameters
    ----------
    parts : sequence of FleetUnits
        Slices with their strategy and forecaster, each strategy its own; together in the order of
        the division.
    plant : StoragePlant
        Of the stations as wholes, S rows, when new.
    division : Division
    law : AgeingLaw or None
        Of the stations, S rows, counted on the charge of the whole station. Infinite cycles and
        years: it does not age.

    Attributes
    ----------
    offers : ServiceOffers or None
        None: the pools take no part in service auctions.
    lease_end : array, shape (n,)
        First interval in which a slice is not its tenant's any more; infinite where not known.
    handed : list of (interval, Handover)
        Charge that has changed hands, units counted within the fleet; who settles it takes it out.
    """

    def __init__(
        self,
        parts: Sequence[FleetUnits],
        plant: StoragePlant,
        division: Division,
        law: AgeingLaw | None = None,
    ) -> None:
        sizes = division.checked(division.sizes, "at the start")
        super().__init__(together(parts), plant, division)
        self._stations, self._division = plant, division
        self._sizes = self._settled = self._wanted = sizes
        self.stations = [division.stations[index] for index in division.station.tolist()]
        self.uses = list(division.uses)
        self.outages = StationDowntime(division.members(), self._station, self.up)
        self._ageing = ageing_of(plant, law) if law is not None else None
        self._pools = division.used("service")
        own = division.used("own")
        self._silent = own[np.isin(self._station[own], self._station[self._pools])]
        self.lease_end = np.full(self.n, np.inf)
        self.offers: ServiceOffers | None = None
        self.quoted_soc = self.committed_soc
        self._parts = Parts(parts, self)

    # --- before the gate -------------------------------------------------------------------

    def resize(self, power_share: FloatArray, energy_share: FloatArray) -> None:
        """Give slices other shares of their stations, from the next quoted interval on.

        Parameters
        ----------
        power_share, energy_share : array, shape (n,)
            Each adds up to 1 in every station; `ConservationError` otherwise.
        """
        sizes = Sizes(np.array(power_share, np.float64), np.array(energy_share, np.float64))
        quoted = 0 if self._gate is None else self._gate[0].first + self._gate[1] + 1
        self._wanted = self._division.checked(sizes, self.calendar.time(quoted).isoformat())

    def quote(self, block: FleetBlock, view: MarketView) -> None:
        """Write the orders of all parts, cut to what power and charge allow."""
        if self._wanted is not self._sizes:
            before, self._sizes = self._sizes, self._wanted
            self._renew()
            self._parts.resize(before, self._sizes)
        super().quote(block, view)

    def award(self, block: FleetBlock, row: int) -> None:
        """Commit the state of charge; sizes that were new are settled now."""
        limits = self._limits
        super().award(block, row)
        if limits.redivision is not None:
            self._settled = self._sizes
            self._limits = replace(limits, floor=limits.low, redivision=None)

    # --- constants of the slices -----------------------------------------------------------

    def facts(self) -> dict[str, FloatArray]:
        """Return power and size at the start, states of charge, and how stations have aged."""
        found = super().facts()
        if self._ageing is not None:
            for name, values in self._ageing.facts().items():
                share = 1.0 if name == "equivalent_cycles" else self._division.sizes.energy
                found[name] = values[self._station] * share
        return found | self._parts.scores()

    def limits(self) -> dict[str, FloatArray]:
        """Return limits that hold at any size, and laws of the state of charge.

        Limits of the day are checked at each commit, those of stations by `check_stations`: one
        slice may take over what no longer fits into an aged station.
        """
        most = self._stations.soc_max_wh[self._station]
        if self._ageing is not None:
            most = np.full(self.n, np.inf)
        return {**super().limits(), "minimum": np.zeros(self.n), "maximum": most}

    def station_limits(self) -> StationLimits:
        """Return what `market.check_stations` holds the stations as wholes against."""
        plant = self._stations
        return StationLimits(
            names=self._division.stations,
            charge_wh=plant.charge_wh,
            discharge_wh=plant.discharge_wh,
            soc_min_wh=plant.soc_min_wh,
            soc_max_wh=plant.soc_max_wh,
            efficiency_charge=plant.efficiency_charge,
            efficiency_discharge=plant.efficiency_discharge,
            self_discharge=plant.self_discharge,
            before=self.plant.soc_start_wh.copy(),
        )

    def answer(self, form: ServiceForm, block: FleetBlock, units: slice) -> None:
        """Offer the pools' power and room in the service auction."""
        if self.offers is not None:
            self.offers.fill_in(form, self, units)

    # --- sizes and orders ------------------------------------------------------------------

    def _wear(self, ageing: Ageing, block: FleetBlock) -> None:
        left = ageing.remaining
        scale = np.divide(np.round(left, 3), left, out=np.ones(left.size), where=left > 0)
        self.plan_scale = scale[self._station]
        self._renew()
        self._parts.renew()
        block.capacity_left[:] = left[self._station]

    def _renew(self) -> None:
        """Set columns and limits to the present sizes and wear."""
        plant = divided(self._stations, self._station, self._sizes)
        left, cost = np.ones(self.n), plant.cycle_cost
        if self._ageing is not None:
            wear = self._ageing.cost(self._stations.efficiency_discharge)
            left, cost = self._ageing.remaining[self._station], cost + wear[self._station]
        self.charge_wh, self.discharge_wh = plant.charge_wh, plant.discharge_wh
        self.energy_wh, self.cycle_cost = plant.energy_wh, cost
        self.soc_min_wh, self.soc_max_wh = plant.soc_min_wh * left, plant.soc_max_wh * left
        self.soc_end_wh = plant.soc_end_wh * left
        floor, redivision, before = self.soc_min_wh, None, self._settled.energy
        if not np.array_equal(before, self._sizes.energy):
            redivision = Redivision(before, self._sizes.energy, self._station, self._count)
            floor = divided(self._stations, self._station, self._settled).soc_min_wh * left
        power = self.charge_wh, self.discharge_wh
        self._limits = Limits(self.soc_min_wh, self.soc_max_wh, *power, floor, redivision)

    def _ask(self, block: FleetBlock, view: MarketView) -> None:
        """Ask all parts, and leave out who may not buy or not trade at all."""
        row, redivision = view.first - block.first, self._limits.redivision
        self.quoted_soc = self.committed_soc
        if redivision is not None:
            self.quoted_soc = self.quoted_soc + redivision.moved(self.quoted_soc)
        rules = view.rules.service if view.rules is not None else SERVING
        merchant = rules.merchant
        self._parts.ask(block, view, () if merchant else self._silent.tolist())
        if rules.in_force or not merchant:
            block.bid_quantity[row, self._pools] = 0
        if not merchant:
            block.ask_quantity[row, self._silent] = 0
            block.bid_quantity[row, self._silent] = 0
