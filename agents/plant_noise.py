"""What one plant does differently from the province: a small autoregressive deviation each."""

from collections.abc import Sequence

import numpy as np

from market import Calendar, FloatArray, stream

CHUNK = 96  # intervals drawn at once: large enough to amortise a call, small enough for memory
HOURS = 3.0


class PlantNoise:
    """Multiplicative deviations of many plants, block by block.

    Each plant has an AR(1) of its own, stationary from the first interval, drawn from the stream
    (seed, "plant", name); so a plant's deviation depends neither on the other plants nor on how
    the run is cut into blocks. Synthetic; docs/weather.md says how `sd` and `hours` compare with
    measured plants.

    Parameters
    ----------
    seed : int
        Seed of the run.
    names : sequence of str
        Names of the plants.
    sd : array, shape (n,)
        Standard deviation of each plant, relative to its output.
    calendar : Calendar
        Intervals of the run; only the length of an interval matters.
    hours : float
        Time constant of the deviations.
    """

    def __init__(
        self,
        seed: int,
        names: Sequence[str],
        sd: FloatArray,
        calendar: Calendar,
        hours: float = HOURS,
    ) -> None:
        self._seed = seed
        self._names = list(names)
        self._sd = np.asarray(sd, np.float64)
        self._phi = float(np.exp(-calendar.hours / hours))
        self._rest = float(np.sqrt(1 - self._phi**2))
        self._rewind()

    def block(self, first: int, stop: int) -> FloatArray:
        """Return the deviations of intervals `first` to `stop`, shape (stop - first, n).

        Blocks are meant to be read in order; reading back starts again from the beginning,
        which gives the same numbers.
        """
        if first < self._start:
            self._rewind()
        while self._start + CHUNK <= first:
            self._advance()
        parts = [self._chunk[first - self._start : stop - self._start]]
        while self._start + CHUNK < stop:
            self._advance()
            parts.append(self._chunk[: stop - self._start])
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _rewind(self) -> None:
        self._streams = [stream(self._seed, "plant", name) for name in self._names]
        self._state = np.array([rng.standard_normal() for rng in self._streams])
        self._start = -CHUNK
        self._advance()

    def _advance(self) -> None:
        """Draw the next chunk and run the recursion, one plant per column."""
        draws = np.empty((len(self._names), CHUNK))
        for rng, row in zip(self._streams, draws, strict=True):
            rng.standard_normal(out=row)
        noise = np.multiply(draws.T, self._rest, order="C")
        for row in noise:
            row += self._phi * self._state
            self._state = row
        self._state = self._state.copy()
        noise *= self._sd
        noise.flags.writeable = False
        self._chunk = noise
        self._start += CHUNK
