"""What all fleets of a run share, and the series of their entries."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from agents import FORECASTERS, PriceForecaster, ScoredPrices, price_forecaster, synthetic
from market import Calendar, FloatArray, InputError, stream
from scenarios.choices import Params
from scenarios.expand import UnitSpec
from scenarios.loader import LoadedScenario
from scenarios.schema_units import Generator
from scenarios.series_file import find_file
from scenarios.stations import Station
from scenarios.timeseries import series

Specs = Sequence[UnitSpec]


@dataclass(slots=True)
class Surroundings:
    """What all fleets of a run share.

    Attributes
    ----------
    loaded : LoadedScenario
    lead_s : int
        Seconds from quoting to delivery.
    prices : dict of str to array
        Price series of the deepest outside market of each zone, for forecasters that read it.
    stations : dict of str to Station
        Storage units that are shared.
    """

    loaded: LoadedScenario
    lead_s: int
    prices: dict[str, FloatArray]
    stations: dict[str, Station]
    _series: dict[tuple[str, str], FloatArray] = field(default_factory=dict)

    @property
    def calendar(self) -> Calendar:
        """Intervals of the run."""
        return self.loaded.calendar

    @property
    def seed(self) -> int:
        """Seed of the run."""
        return self.loaded.seed

    def series(self, spec: UnitSpec, name: str) -> FloatArray:
        """Return a series of an entry, read once for all its units."""
        key = (spec.entry, name)
        if key not in self._series:
            self._series[key] = self._read(spec, name)
        return self._series[key]

    def column(self, specs: Specs, name: str) -> FloatArray:
        """Return the numbers called `name` of all units."""
        return np.array([spec.params[name] for spec in specs], np.float64)

    def stacked(self, specs: Specs, name: str) -> FloatArray:
        """Return one series per unit, shape (n, N)."""
        return np.stack([self.series(spec, name) for spec in specs])

    def path(self, file: str) -> Path:
        """Return a data file's place."""
        return find_file(file, self.loaded.base_dir, self.loaded.data_dir)

    def problems(self, specs: Specs) -> list[str]:
        """Return all that is wrong with the series of all entries; reads them."""
        found: list[str] = []
        entries = {spec.entry: spec for spec in specs}
        for spec in entries.values():
            for name in spec.model.series_limits:
                try:
                    self.series(spec, name)
                except InputError as error:
                    found += error.problems
        return found

    def _read(self, spec: UnitSpec, name: str) -> FloatArray:
        loaded, value = self.loaded, getattr(spec.model, name)
        with named(spec, name):
            return series(
                value,
                loaded.calendar,
                loaded.base_dir,
                loaded.data_dir,
                lambda profile: synthetic(profile, loaded.calendar, loaded.seed),
                spec.model.series_limits[name],
            )


@contextmanager
def named(spec: UnitSpec, key: str) -> Iterator[None]:
    """Name entry and key in whatever turns out wrong inside."""
    try:
        yield
    except InputError as error:
        section = "generator" if isinstance(spec.model, Generator) else spec.kind
        where = f'{section} "{spec.entry}".{key}'
        raise InputError(f"{where}: {text}" for text in error.problems) from None


def price_forecasts(
    around: Surroundings, forecast: tuple[str, Params], group: tuple[str, str], where: str
) -> PriceForecaster:
    """Return the price forecaster of a fleet.

    Parameters
    ----------
    around : Surroundings
    forecast : (str, tuple)
        Name and all parameters.
    group : (str, str)
        Zone and kind of unit: what draws the same errors.
    where : str
        What to name in a message.
    """
    name, params = forecast
    rng = stream(around.seed, "price-forecast", *group)
    try:
        chosen = FORECASTERS[name](**dict(params))
        return ScoredPrices(price_forecaster(chosen, around.prices.get(group[0]), rng))
    except ValueError as error:
        raise InputError(f'{where}.forecast = "{name}" {error}') from None
