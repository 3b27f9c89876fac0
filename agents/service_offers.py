"""What stations offer in the service auction."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from agents.storage import StoragePlant
from market import FloatArray, IntArray, ServiceForm


class Pools(Protocol):
    """What has to be known of the slices of stations; arrays of shape (n,)."""

    uses: list[str]
    zone: str
    up: FloatArray
    cycle_cost: FloatArray
    charge_wh: FloatArray
    soc_min_wh: FloatArray
    soc_max_wh: FloatArray
    plant: StoragePlant

    @property
    def committed_soc(self) -> FloatArray:
        """State of charge after all awards."""
        ...


@dataclass(frozen=True, slots=True)
class ServiceOffers:
    """What the pools of stations ask for charging.

    A pool offers its power in every interval, and in all what fits into it: before a day all of
    its size, because it gives back what it holds before the sun is high; within a day the room
    that is left.

    Attributes
    ----------
    ask : array, shape (n,)
        Currency/MWh charged; of pools only. NaN: the wear of a MWh charged, which is the cycle
        cost, ageing included, times what comes back of it.
    """

    ask: FloatArray

    def fill_in(self, form: ServiceForm, pools: Pools, units: slice) -> None:
        """Write the offers of all pools into a form."""
        serves = np.array([use == "service" for use in pools.uses])
        held = pools.committed_soc if form.intraday else pools.soc_min_wh
        room = (pools.soc_max_wh - held) / pools.plant.efficiency_charge
        round_trip = pools.plant.efficiency_charge * pools.plant.efficiency_discharge
        wear = pools.cycle_cost * round_trip
        form.ask_price[units] = np.where(np.isnan(self.ask), wear, self.ask)
        form.ask_quantity[:, units] = _whole(pools.charge_wh * pools.up * serves)
        form.room[units] = _whole(room * serves)


def _whole(wh: FloatArray) -> IntArray:
    return np.floor(np.maximum(wh, 0.0)).astype(np.int64)
