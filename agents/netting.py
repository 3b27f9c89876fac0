"""What slices of a station net with each other, and how each is credited."""

import numpy as np

from agents.slices import Division
from agents.storage import StoragePlant
from market import (
    NETTING_RULES,
    Exchange,
    FloatArray,
    InputError,
    IntArray,
    credit,
    gain_rate,
    share_out,
    stream,
)

MOST_EXACT = 12  # slices whose Shapley values are not drawn, and that have a nucleolus


class StationNetting:
    """Credits for netting in the stations of a fleet.

    Credits that are drawn have a stream for each station and interval, so they are the same
    however often they are reckoned.

    Parameters
    ----------
    plant : StoragePlant
        Of the stations as wholes.
    division : Division
    seed : int

    Attributes
    ----------
    rate : array, shape (S,)
        Stored energy that a netted Wh saves.
    """

    def __init__(self, plant: StoragePlant, division: Division, seed: int) -> None:
        self.rate = np.asarray(gain_rate(plant.efficiency_charge, plant.efficiency_discharge))
        self._rule, self._stations, self._seed = division.netting, division.stations, seed
        self._members = division.members()
        self._check()
        own = division.used("own").tolist()
        self._own = [
            next(place for place, unit in enumerate(members.tolist()) if unit in own)
            for members in self._members
        ]

    def credits(
        self,
        interval: int,
        charge: IntArray,
        discharge: IntArray,
        room: FloatArray,
        last: IntArray,
    ) -> FloatArray | None:
        """Return what each slice is credited, stored Wh; None where nothing is saved.

        Parameters
        ----------
        interval : int
        charge, discharge : array of int, shape (n,)
        room : array, shape (n,)
            What each can store on top.
        last : array of int, shape (n,)
            Who takes what nobody else has room for (see `market.Exchange`).
        """
        found = None
        for index, rows in enumerate(self._members):
            exchange = Exchange(
                charge[rows], discharge[rows], self._own[index], room[rows], last[rows]
            )
            gain = exchange.netted * float(self.rate[index])
            if gain > 0:
                found = np.zeros(charge.size) if found is None else found
                found[rows] = credit(self._rule, gain, exchange, self._rng(index, interval))
        return found

    def not_netted(self, opposite: IntArray, flow: IntArray) -> IntArray:
        """Return what of a flow, in or out, is not netted with the opposite one, Wh by slice."""
        rest = np.zeros_like(flow)
        for rows in self._members:
            own = flow[rows]
            left = int(own.sum()) - int(opposite[rows].sum())
            if left > 0:
                rest[rows] = share_out(left, own)
        return rest

    def _check(self) -> None:
        if self._rule not in NETTING_RULES:
            known = ", ".join(NETTING_RULES)
            raise InputError(f"netting: unknown rule {self._rule!r}. Known: {known}.")
        if self._rule != "nucleolus":
            return
        for name, members in zip(self._stations, self._members, strict=True):
            if members.size > MOST_EXACT:
                raise InputError(
                    f'netting: "nucleolus" is for up to {MOST_EXACT} slices, and station "{name}" '
                    f'has {members.size}; "shapley" is for any number.'
                )

    def _rng(self, index: int, interval: int) -> np.random.Generator | None:
        if self._rule != "shapley" or self._members[index].size <= MOST_EXACT:
            return None
        return stream(self._seed, "netting", self._stations[index], str(interval))
