"""The tables of an experiment's directory, written whole or not at all."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from market import EXPERIMENT_TABLES
from scenarios.experiments.answers import Answers
from scenarios.experiments.arms import Arm, Outcome
from scenarios.experiments.designs import said

if TYPE_CHECKING:
    import pyarrow as pa

    from scenarios.experiments.loader import LoadedExperiment

NOT_DEFINED = "not defined in this run"
WHOLE = ("seed", "n", "pairs")
TEXT = (
    *("arm", "status", "reason", "metric", "unit", "account", "role"),
    *("term", "level", "factor", "method", "index"),
)

VALUE = EXPERIMENT_TABLES["results"].index("value")

Outcomes = Mapping[tuple[str, int], Outcome]
Row = tuple[Any, ...]


def write_tables(loaded: "LoadedExperiment", outcomes: Outcomes, directory: Path) -> str:
    """Write all tables of an experiment and return a digest of what results.parquet says.

    Content and order depend on the outcomes only: not on when, where or in which order runs were
    made. No table appears under its name before all of them are complete.

    Parameters
    ----------
    loaded : LoadedExperiment
    outcomes : mapping of (arm, seed) to Outcome
        One for each arm and seed.
    directory : Path
    """
    runs = [(arm, seed, outcomes[arm.name, seed]) for arm in loaded.arms for seed in loaded.seeds]
    units = _units(loaded.metrics, outcomes.values())
    rows = [(arm, *row) for arm, seed, run in runs for row in _run_rows(seed, run, units)]
    shape = len(loaded.arms), len(loaded.seeds), len(loaded.metrics)
    values = np.array([row[VALUE] for row in rows]).reshape(shape)
    answers = Answers(loaded.design, loaded.baseline, loaded.arms, loaded.metrics, values)
    tables = {
        "results": _table("results", rows, loaded.arms),
        "summary": _table("summary", list(_summary_rows(answers, units)), loaded.arms),
        "benefits": _table("benefits", list(_benefit_rows(runs)), loaded.arms),
    }
    if loaded.design == "full":
        tables["effects"] = _table("effects", answers.effects())
    if answers.sampled:
        tables["sensitivity"] = _table("sensitivity", answers.sensitivity())
    _write(tables, directory)
    return digest(tables["results"])


def digest(table: "pa.Table") -> str:
    """Return a digest of a table's columns and rows, whatever file they came from."""
    content = blake2b(digest_size=16)
    for name, column in zip(table.column_names, table.columns, strict=True):
        content.update(f"{name}\x1e".encode())
        for value in column.to_pylist():
            content.update(f"{value!r}\x1f".encode())
    return content.hexdigest()


def _units(metrics: Sequence[str], runs: Iterable[Outcome]) -> dict[str, str]:
    """Return the unit of each metric; empty where no run defines it."""
    units = dict.fromkeys(metrics, "")
    for run in runs:
        figures = run.figures or {}
        units |= {name: figures[name][1] for name in metrics if name in figures}
    return units


def _run_rows(seed: int, run: Outcome, units: Mapping[str, str]) -> Iterator[Row]:
    for metric, unit in units.items():
        figure = (run.figures or {}).get(metric)
        value = math.nan if figure is None else float(figure[0])
        reason = run.reason or (NOT_DEFINED if math.isnan(value) else "")
        yield seed, run.status, reason, metric, value, unit


def _summary_rows(answers: Answers, units: Mapping[str, str]) -> Iterator[Row]:
    for arm, metric, mean, gap, p_holm in answers.summary():
        yield arm, metric, units[metric], *astuple(mean), *astuple(gap), p_holm


def _benefit_rows(runs: Sequence[tuple[Arm, int, Outcome]]) -> Iterator[Row]:
    for arm, seed, run in runs:
        for benefit in sorted(run.benefits):
            yield arm, seed, *benefit


def _table(name: str, rows: Sequence[Row], arms: Sequence[Arm] = ()) -> "pa.Table":
    """Return rows as the table called `name`.

    Where `arms` (all of them) are given, each row begins with its arm, and the levels of all
    factors stand beside it.
    """
    import pyarrow as pa

    kinds = {column: pa.int64() for column in WHOLE} | {column: pa.string() for column in TEXT}
    content: dict[str, Any] = {}
    for place, column in enumerate(EXPERIMENT_TABLES[name]):
        cells = [row[place] for row in rows]
        if arms and column == "arm":
            content["arm"] = pa.array([arm.name for arm in cells], pa.string())
            content |= {factor: _levels(factor, cells, arms) for factor in arms[0].levels}
        else:
            content[column] = pa.array(cells, kinds.get(column, pa.float64()))
    return pa.table(content)


def _levels(factor: str, rows: Sequence[Arm], arms: Sequence[Arm]) -> Any:
    """Return the level of a factor in each row: numbers if it has no other levels, else text."""
    import pyarrow as pa

    if all(type(arm.levels[factor]) in (int, float) for arm in arms):
        return pa.array([float(arm.levels[factor]) for arm in rows], pa.float64())
    return pa.array([said(arm.levels[factor]) for arm in rows], pa.string())


def _write(tables: Mapping[str, "pa.Table"], directory: Path) -> None:
    """Write tables under other names first, then give all of them theirs."""
    from pyarrow import parquet

    for name, table in tables.items():
        parquet.write_table(table, directory / f"{name}.parquet.part", compression="zstd")
    for name in EXPERIMENT_TABLES:
        file = directory / f"{name}.parquet"
        if name in tables:
            file.with_name(file.name + ".part").replace(file)
        else:
            file.unlink(missing_ok=True)  # of an earlier design
