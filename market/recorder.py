"""The write side of a run directory: tables streamed to Parquet, a day at a time.

Memory is bounded by a few days of columns. A table appears under its name only when it is
complete, so a reader never sees half of one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, Literal

import numpy as np

from market.block import Block
from market.calendar import Calendar
from market.layout import Layout
from market.ledger import Ledger, Postings
from market.metering import CAUSES, curtailment, demanded, offered
from market.storage_service.lease_terms import Deal
from market.storage_service.records import StationRecord, deal_columns
from market.table_columns import (
    ENERGY_COLUMNS,
    INTERVAL_NUMBERS,
    KIND_NUMBERS,
    RENEWABLE_COLUMNS,
    SYSTEM_CAUSES,
    schema,
)
from market.tables import Table, coded, labels
from market.units import CENTS, WH_PER_MWH, BoolArray, IntArray
from market.zone_numbers import zone_numbers

UnitRecording = Literal["interval", "daily", "none"]


@dataclass(frozen=True, slots=True)
class RecordingRules:
    """What is kept of a run.

    Attributes
    ----------
    units : str
        ``interval``, ``daily`` or ``none``: rows of units.parquet.
    orders : bool
        Keep every order (large).
    """

    units: UnitRecording = "interval"
    orders: bool = False


class Recorder:
    """Writes the tables of one run as its blocks are settled.

    Parameters
    ----------
    directory : Path
        Exists and is empty.
    calendar : Calendar
    layout : Layout
    ledger : Ledger
    renewable : array of bool, shape (U,)
        Units whose unused resource is curtailment.
    rules : RecordingRules
    """

    def __init__(
        self,
        directory: Path,
        calendar: Calendar,
        layout: Layout,
        ledger: Ledger,
        renewable: BoolArray,
        rules: RecordingRules,
    ) -> None:
        self._calendar, self._layout, self._ledger = calendar, layout, ledger
        self.renewable, self._rules = renewable, rules
        self._stations = StationRecord(layout)
        self._start = calendar.epoch_seconds()
        self._digests = {name: blake2b(digest_size=16) for name in INTERVAL_NUMBERS}
        self.tables = self._open_tables(directory)
        self.totals = {
            name: np.zeros(len(layout.units), np.int64) for name in (*ENERGY_COLUMNS, "orders")
        }

    def record(self, block: Block) -> dict[str, IntArray]:
        """Write a settled block; return its curtailment by cause."""
        columns = self._unit_columns(block)
        for name in ENERGY_COLUMNS:
            self.totals[name] += columns[name].sum(axis=0)
        self._write_intervals(block, columns)
        self._write_kinds(block, columns)
        if block.service.stored:
            trades = self._stations.trade_columns(block, int(self._start[block.first]))
            self.tables["trades"].append(trades)
        if self._layout.stations:
            self._write_stations(block)
        if self._rules.units != "none":
            self._write_units(block, columns)
        if self._rules.orders:
            self._write_orders(block)
        return {cause: columns[f"curtailed_{cause}"] for cause in CAUSES}

    def note_deals(self, deals: Sequence[Deal]) -> None:
        """Write leases as they are agreed on to the table of trades."""
        if deals:
            self.tables["trades"].append(deal_columns(deals, int(self._start[0])))

    def interval_digest(self) -> bytes:
        """Return a digest of the numbers of intervals.parquet so far, column by column."""
        return b"".join(digest.digest() for digest in self._digests.values())

    def close_period(self, start: int) -> None:
        """Write the ledger's rows of the period that began at interval `start`."""
        for postings in self._ledger.close_period(start):
            self._write_postings(postings)

    def finish(self) -> None:
        """Complete all tables."""
        for table in self.tables.values():
            table.finish()

    def discard(self) -> None:
        """Remove all unfinished tables."""
        for table in self.tables.values():
            table.discard()

    def _open_tables(self, directory: Path) -> dict[str, Table]:
        names = ["intervals", "kinds", "ledger", "trades"]
        names += ["stations"] if self._layout.stations else []
        names += ["units"] if self._rules.units != "none" else []
        names += ["orders"] if self._rules.orders else []
        zone = _zone_text(self._calendar)
        return {name: Table(directory / f"{name}.parquet", schema(name, zone)) for name in names}

    def _unit_columns(self, block: Block) -> dict[str, IntArray]:
        offers = offered(block)
        causes = curtailment(block, offers, self.renewable)
        columns = {
            "available": block.resource,
            "offered": offers,
            "bid": demanded(block),
            "sold": block.sold,
            "bought": block.bought,
            "delivered": block.delivered,
            "consumed": block.consumed,
            "curtailed": np.sum(list(causes.values()), axis=0),
            "recovered": np.maximum(block.stored, 0),
            "imbalance": block.delivered
            - block.consumed
            - block.sold
            + block.bought
            - block.stored,
            "unserved": block.unserved,
        }
        columns |= {f"curtailed_{cause}": part for cause, part in causes.items()}
        columns["curtailed_system"] = np.sum([causes[cause] for cause in SYSTEM_CAUSES], axis=0)
        return columns

    def _times(self, block: Block, each: int) -> Any:
        return np.repeat(self._start[block.first : block.first + block.m], each)

    def _write_intervals(self, block: Block, columns: dict[str, IntArray]) -> None:
        zones = self._layout.zones
        sums = [zone_numbers(block, columns, self.renewable, index) for index in range(len(zones))]
        stacked = {name: np.stack([row[name] for row in sums], axis=1).ravel() for name in sums[0]}
        numbers = [np.ascontiguousarray(stacked[name]) for name in INTERVAL_NUMBERS]
        for name, values in zip(INTERVAL_NUMBERS, numbers, strict=True):
            self._digests[name].update(values.tobytes())
        self.tables["intervals"].append(
            [
                self._times(block, len(zones)),
                labels([zone.name for zone in zones], block.m),
                *numbers,
                stacked["n_orders"],
            ]
        )

    def _write_kinds(self, block: Block, columns: dict[str, IntArray]) -> None:
        groups = self._layout.groups
        starts = [rows.start for _, _, rows in groups]
        numbers = [
            (np.add.reduceat(columns[name], starts, axis=1) / WH_PER_MWH).ravel()
            for name in KIND_NUMBERS[:-1]
        ]
        known = np.isfinite(block.soc)  # river plants beside reservoirs have no store
        soc = np.add.reduceat(np.where(known, block.soc, 0.0), starts, axis=1) / WH_PER_MWH
        soc[~np.logical_or.reduceat(known, starts, axis=1)] = np.nan
        self.tables["kinds"].append(
            [
                self._times(block, len(groups)),
                labels([zone for zone, _, _ in groups], block.m),
                labels([kind for _, kind, _ in groups], block.m),
                *numbers,
                soc.ravel(),
            ]
        )

    def _write_stations(self, block: Block) -> None:
        names, rows = self._layout.stations, self._stations.rows(block)
        numbers = [(column / WH_PER_MWH).ravel() for column in rows]
        self.tables["stations"].append(
            [self._times(block, len(names)), labels(names, block.m), *numbers]
        )

    def _write_units(self, block: Block, columns: dict[str, IntArray]) -> None:
        layout, daily = self._layout, self._rules.units == "daily"
        rows = 1 if daily else block.m
        soc = (block.soc[-1:] if daily else block.soc) / WH_PER_MWH
        numbers = []
        for name in ENERGY_COLUMNS:
            column = columns[name].sum(axis=0, keepdims=True) if daily else columns[name]
            values = column / WH_PER_MWH
            if name in RENEWABLE_COLUMNS:
                values[:, ~self.renewable] = np.nan
            numbers.append(values.ravel())
        times = self._start[block.first : block.first + rows]
        owners = [layout.owners[index] for index in layout.owner_of]
        texts = (layout.units, owners, layout.kinds, layout.zone_names)
        self.tables["units"].append(
            [
                np.repeat(times, len(layout.units)),
                *(labels(text, rows) for text in texts),
                *numbers,
                soc.ravel(),
            ]
        )

    def _write_orders(self, block: Block) -> None:
        layout = self._layout
        for side, price, quantity, fill, unit in (
            ("sell", block.ask_price, block.ask_quantity, block.ask_fill, layout.ask_unit),
            ("buy", block.bid_price, block.bid_quantity, block.bid_fill, layout.bid_unit),
        ):
            row, slot = np.nonzero(quantity)
            who = unit[slot]
            self.tables["orders"].append(
                [
                    self._start[block.first + row],
                    coded(who, layout.zone_names),
                    coded(who, layout.units),
                    coded(np.zeros_like(who), [side]),
                    price[row, slot],
                    quantity[row, slot] / WH_PER_MWH,
                    fill[row, slot] / WH_PER_MWH,
                ]
            )

    def _write_postings(self, postings: Postings) -> None:
        accounts = self._ledger.accounts
        mwh, money = postings.quantity_wh / WH_PER_MWH, postings.cents / CENTS
        with np.errstate(divide="ignore", invalid="ignore"):
            price = np.where(mwh > 0, money / mwh, np.nan)
        self.tables["ledger"].append(
            [
                self._start[postings.period],
                coded(postings.payer, accounts),
                coded(postings.payee, accounts),
                coded(np.zeros_like(postings.payer), [postings.category]),
                mwh,
                price,
                money,
            ]
        )


def _zone_text(calendar: Calendar) -> str:
    text = calendar.start.strftime("%z")
    return "UTC" if text in ("", "+0000") else f"{text[:3]}:{text[3:5]}"
