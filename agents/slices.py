"""How stations are divided into slices: sizes, what changes hands with them, common failures."""

from dataclasses import dataclass

import numpy as np

from agents.fleet import Downtime
from market import ConservationError, FloatArray, IntArray

FINE = 1e-9  # sizes that differ by less from the whole do so by rounding


@dataclass(frozen=True, slots=True)
class Sizes:
    """Shares of their stations' power and energy that slices have, each of shape (n,)."""

    power: FloatArray
    energy: FloatArray


@dataclass(frozen=True, slots=True)
class Division:
    """Stations, and the slices that they are divided into.

    Attributes
    ----------
    stations : tuple of str, length S
    station : array of int, shape (n,)
        Station of each slice.
    uses : tuple of str, length n
        ``own``, ``service`` or ``lease``; each station has one slice of its own.
    sizes : Sizes
        At the start of the run.
    netting : str
        Who is credited with what netting saves, see `market.storage_service.stations.credit`.
    """

    stations: tuple[str, ...]
    station: IntArray
    uses: tuple[str, ...]
    sizes: Sizes
    netting: str = "proportional"

    def __post_init__(self) -> None:
        own = self.station[self.used("own")].tolist()
        if sorted(own) != list(range(len(self.stations))):
            raise ValueError("each station has exactly one slice of its own")

    def used(self, *uses: str) -> IntArray:
        """Return the slices with one of `uses`."""
        return np.flatnonzero([use in uses for use in self.uses])

    def members(self) -> list[IntArray]:
        """Return the slices of each station."""
        return [np.flatnonzero(self.station == index) for index in range(len(self.stations))]

    def checked(self, sizes: Sizes, when: str) -> Sizes:
        """Return sizes that are not below zero; raise where they are not all of a station."""
        shares = {"power": sizes.power, "energy": sizes.energy}
        for what, share in shares.items():
            whole = np.bincount(self.station, share, len(self.stations))
            # Not (within): a share that is not a number is wrong as well.
            wrong = ~(np.abs(whole - 1) <= FINE)
            wrong[self.station[~(share >= -FINE)]] = True
            if wrong.any():
                station = int(wrong.argmax())
                parts = ", ".join(f"{part:g}" for part in share[self.station == station])
                raise ConservationError(
                    f"{when}, station {self.stations[station]}: slices of {parts} are not parts "
                    f"of its {what} that add up to 1"
                )
        return Sizes(*(np.maximum(share, 0.0) for share in shares.values()))


class Redivision:
    """What slices hand over when their sizes change: charge follows capacity.

    Who shrinks gives the same part of his charge; all that a station's slices give is shared
    among those who grow, in proportion to growth. So all stay within their limits.

    Parameters
    ----------
    before, after : array, shape (n,)
        Shares of the energy of the station.
    station : array of int, shape (n,)
    n_stations : int

    Examples
    --------
    A slice with half a station leaves it; what it stored goes to the two others, one to three.

    >>> sizes = np.array([0.25, 0.25, 0.5]), np.array([0.375, 0.625, 0.0])
    >>> Redivision(*sizes, np.zeros(3, np.int64), 1).moved(np.array([10.0, 20.0, 40.0]))
    array([ 10.,  30., -40.])
    """

    def __init__(
        self, before: FloatArray, after: FloatArray, station: IntArray, n_stations: int
    ) -> None:
        self._station, self._count = station, n_stations
        self.shrinks = after < before
        growth = np.maximum(after - before, 0.0)
        total = np.bincount(station, growth, n_stations)[station]
        self._taken = np.divide(growth, total, out=np.zeros(growth.size), where=total > 0)
        # Where nobody grows the sizes differ by rounding, and nothing changes hands.
        gives = self.shrinks & (total > 0)
        self._given = np.divide(before - after, before, out=np.zeros(before.size), where=gives)

    def moved(self, soc: FloatArray) -> FloatArray:
        """Return what each slice gets, below zero what it gives, stored Wh."""
        given = soc * self._given
        total = np.bincount(self._station, given, self._count)
        got: FloatArray = total[self._station] * self._taken - given
        return got

    def pairs(self, soc: FloatArray) -> list[tuple[int, int, float]]:
        """Return who gives how much to whom, stored Wh."""
        given = soc * self._given
        return [
            (giver, taker, float(given[giver] * self._taken[taker]))
            for giver in np.flatnonzero(given).tolist()
            for taker in np.flatnonzero(self._taken).tolist()
            if self._station[giver] == self._station[taker]
        ]


class StationDowntime(Downtime):
    """Downtime of slices: with any slice of a station all of it is out of order.

    Outages are drawn and dated for one slice of each station only, its own.

    Parameters
    ----------
    members : list of array of int
        Slices of each station.
    station : array of int, shape (n,)
    up : array, shape (n,)
        Share of each slice that is not out of order; kept here.
    """

    def __init__(self, members: list[IntArray], station: IntArray, up: FloatArray) -> None:
        Downtime.__init__(self, station.size)
        self._members, self._station, self._up = members, station, up

    def fail(self, unit: int, now: int) -> None:
        """Note that the station of `unit` is down from second `now` on."""
        for member in self._members[self._station[unit]].tolist():
            Downtime.fail(self, member, now)
            self._up[member] = 0.0

    def repair(self, unit: int, now: int) -> None:
        """Note that the station of `unit` is back from second `now` on."""
        for member in self._members[self._station[unit]].tolist():
            Downtime.repair(self, member, now)
            self._up[member] = 1.0
