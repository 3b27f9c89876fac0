"""The auctions of a finished run, rebuilt from its recorded orders."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from market import (
    WH_PER_MWH,
    AuctionSeries,
    Books,
    BoolArray,
    Calendar,
    InputError,
    IntArray,
    MarketRules,
    Results,
    Terms,
    mechanisms,
)
from scenarios.auction_replay import replayed
from scenarios.expand import UnitSpec, expand
from scenarios.loader import LoadedScenario
from scenarios.rulebook import rulebook
from scenarios.schema import Scenario
from scenarios.toml_text import parse_toml

if TYPE_CHECKING:
    import pandas as pd

CLEAN = ("pv", "wind", "hydro", "csp")
LONG_AGO = -(2**62)


@dataclass(frozen=True)
class RecordedBooks:
    """The auctions of a run, zone by zone and in each zone in the order of time.

    Attributes
    ----------
    series : AuctionSeries
        Orders as they were sent.
    interval, unit : array of int, shape (n_rows,)
        When, and whose: a place in `units`.
    units, owners, kinds : tuple of str
        As in participants.parquet.
    specs : dict of str to UnitSpec
        Units by name; slices of shared stations have none.
    """

    series: AuctionSeries
    interval: IntArray
    unit: IntArray
    units: tuple[str, ...]
    owners: tuple[str, ...]
    kinds: tuple[str, ...]
    specs: dict[str, UnitSpec]

    def rows_of(self, units: Sequence[str]) -> BoolArray:
        """Return which orders are of some units."""
        wanted: BoolArray = np.isin(self.units, list(units))[self.unit]
        return wanted


def loaded_of(results: Results) -> LoadedScenario:
    """Return the scenario of a finished run, as its directory tells it.

    No data file is read.
    """
    run = results.run
    scenario = Scenario.model_validate(parse_toml(run["text"], str(results.path / "run.json")))
    start = datetime.fromisoformat(run["start"])
    calendar = Calendar(start, run["interval_minutes"] * 60, run["intervals"])
    data_dir = Path(run["data_dir"]) if run.get("data_dir") else None
    return LoadedScenario(
        scenario, run["text"], Path(run.get("base_dir") or ""), data_dir, run["seed"], calendar
    )


def recorded_books(results: Results, loaded: LoadedScenario) -> RecordedBooks:
    """Return the auctions of a run as they were held, checked against what was recorded.

    Raises
    ------
    InputError
        The run did not record its orders, or a continuous market traded, or clearing them again
        does not give what was recorded.
    """
    stages, stage = _rules_over_time(loaded)
    _refuse_continuous(results, stages, stage)
    orders = _order_columns(results, loaded)
    parts = results.participants
    units = tuple(parts["unit"].astype(str))
    owners, kinds = tuple(parts["owner"].astype(str)), tuple(parts["kind"].astype(str))
    unit = _found(orders["unit"], units, results)
    interval = np.asarray(orders["interval"], np.int64)
    specs = {spec.name: spec for spec in expand(loaded.scenario, loaded.seed)}
    series = AuctionSeries(
        _laid_out(orders, len(results.run["zones"]) * loaded.calendar.n),
        _places(owners)[unit],
        tuple(Terms(rules.mechanism, rules.auction) for rules in stages),
        np.tile(stage, len(results.run["zones"])),
        _parties(stages, stage[interval], unit, _places(owners)[unit]),
        _green(units, kinds, specs, np.asarray(orders["buys"], np.bool_), unit),
    )
    series = replayed(results, loaded, series, orders["accepted"].to_numpy())
    return RecordedBooks(series, interval, unit, units, owners, kinds, specs)


def _rules_over_time(loaded: LoadedScenario) -> tuple[list[MarketRules], IntArray]:
    """Return the rules of a run, and which of them held in each interval."""
    first, dates, changes = rulebook(loaded)
    calendar = loaded.calendar
    since = np.array([LONG_AGO, *(date // calendar.interval_s for date in dates)])
    return [first, *changes], since.searchsorted(np.arange(calendar.n), "right") - 1


def _refuse_continuous(results: Results, stages: Sequence[MarketRules], stage: IntArray) -> None:
    continuous = mechanisms.get("continuous")
    if any(isinstance(stages[place].mechanism, continuous) for place in set(stage.tolist())):
        raise InputError(
            f"{results.path}: a continuous market traded here: orders met as they arrived and may "
            "have been revised since, so its books cannot be held again; take a run of a call "
            "auction (talatan list mechanisms)"
        )


def _order_columns(results: Results, loaded: LoadedScenario) -> "pd.DataFrame":
    """Return the recorded orders by auction, offers first, whole watt-hours."""
    table, calendar = results.orders, loaded.calendar
    zone = _found(table["zone"], results.run["zones"], results)
    utc = table["start"].dt.tz_convert("UTC").dt.tz_localize(None).to_numpy("datetime64[s]")
    interval = (utc.astype(np.int64) - calendar.epoch_seconds()[0]) // calendar.interval_s
    orders = table[["unit", "price"]].assign(
        unit=table["unit"].astype(str),
        buys=table["side"] == "buy",
        wh=_wh(table["quantity_mwh"]),
        accepted=_wh(table["accepted_mwh"]),
        interval=interval,
        auction=zone * calendar.n + interval,
    )
    return orders.sort_values(["auction", "buys"], kind="stable", ignore_index=True)


def _found(column: "pd.Series[str]", names: Sequence[str], results: Results) -> IntArray:
    """Return the place of each entry of a column of orders among the names there are."""
    place = {name: number for number, name in enumerate(names)}
    unknown = sorted({str(name) for name in column.unique()} - place.keys())
    if unknown:
        raise InputError(
            f"{results.path / 'orders.parquet'}: damaged: orders of {unknown[0]!r}, "
            "which the run does not have"
        )
    return np.asarray(column.astype(str).map(place), np.int64)


def _wh(mwh: "pd.Series[float]") -> IntArray:
    whole: IntArray = np.rint(mwh.to_numpy() * WH_PER_MWH).astype(np.int64)
    return whole


def _laid_out(orders: "pd.DataFrame", auctions: int) -> Books:
    side = 2 * orders["auction"].to_numpy() + orders["buys"].to_numpy()
    edge = side.searchsorted(np.arange(2 * auctions + 1))
    return Books(orders["price"].to_numpy(), orders["wh"].to_numpy(), edge, 1 / WH_PER_MWH)


def _places(owners: Sequence[str]) -> IntArray:
    """Return each unit's owner as a number in the order of the owners' names."""
    place = {name: number for number, name in enumerate(sorted(set(owners)))}
    return np.array([place[name] for name in owners], np.int64)


def _parties(
    stages: Sequence[MarketRules], stage: IntArray, unit: IntArray, owner: IntArray
) -> IntArray:
    """Return who must not trade with himself under the rules that each order was sent under."""
    by_owner = np.array([rules.self_trade_prevention == "owner" for rules in stages])
    return np.where(by_owner[stage], owner, unit)


def _green(
    units: Sequence[str],
    kinds: Sequence[str],
    specs: dict[str, UnitSpec],
    buys: BoolArray,
    unit: IntArray,
) -> BoolArray | None:
    """Return which offers are of clean energy, and which bids take nothing else; None: no bid."""
    picky = np.array(
        [getattr(getattr(specs.get(name), "model", None), "green_only", False) for name in units]
    )
    if not picky.any():
        return None
    return np.where(buys, picky[unit], np.isin(kinds, CLEAN)[unit])
