"""Random streams by name: common random numbers across runs and rules.

A stream depends on the run's seed and on its own name only, so adding a participant or
changing a rule changes nobody else's draws.
"""

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np

from market.units import FloatArray


def stream(seed: int, *name: str) -> np.random.Generator:
    """Return the generator called `name` in the run with `seed`.

    >>> a, b = stream(1, "weather", "pv-001"), stream(1, "weather", "pv-001")
    >>> bool(a.random() == b.random())
    True
    """
    digest = blake2b("\x1f".join(name).encode(), digest_size=16).digest()
    words = np.frombuffer(digest, dtype="<u4").tolist()
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, *words])))


class DailyDraws:
    """Draws in [0, 1) by day: one number per interval and name, each name from its own stream.

    A day has the same draws whatever was asked for before. Days are asked for in order.

    Parameters
    ----------
    seed : int
    names : sequence of tuple of str
    per_day : int
        Intervals in a day.
    """

    def __init__(self, seed: int, names: Sequence[tuple[str, ...]], per_day: int) -> None:
        self._seed, self._names, self._per_day = seed, names, per_day
        self._streams: list[np.random.Generator] = []
        self._day = -1
        self._draws: FloatArray = np.empty(0)

    def of(self, day: int) -> FloatArray:
        """Return the draws of a day, shape (per_day, names)."""
        if not self._streams:
            self._streams = [stream(self._seed, *name) for name in self._names]
        if day != self._day:
            skipped = (day - self._day - 1) * self._per_day
            draws = [rng.random(skipped + self._per_day)[skipped:] for rng in self._streams]
            self._draws = np.array(draws).reshape(len(self._names), self._per_day).T
            self._day = day
        return self._draws
