"""Commands that answer about money: who pays whom, and what a storage station is worth."""

import json
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    import pandas as pd

MATRIX, LARGEST = 14, 40
"""Columns of a matrix that can still be read; rows of the list that is shown instead."""

RunArgument = Annotated[Path, typer.Argument(metavar="RUN", help="A finished run.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def payments(
    run_directory: RunArgument,
    by: Annotated[
        Literal["role", "account"], typer.Option(help="Add accounts up by role, or show each.")
    ] = "role",
    category: Annotated[
        str | None, typer.Option(help="Only one category of the ledger, like service_call.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show who paid whom in a run."""
    from market import talatan_results

    results = talatan_results(run_directory)
    matrix = results.payments(by, category)
    # Who pays nothing has no row, who receives nothing no column.
    some = matrix.loc[matrix.any(axis=1), matrix.any(axis=0)]
    if as_json or len(some.columns) <= MATRIX:
        _show(some, f"payers (rows) and payees (columns), {results.currency}", as_json)
    else:
        _show_largest(some, results.currency)


def invest(
    run_directory: RunArgument,
    cost: Annotated[
        float | None,
        typer.Option(help="Cost of storage, currency per kWh [default: the scenario's]."),
    ] = None,
    rate: Annotated[float, typer.Option(help="Discount rate a year.")] = 0.06,
    years: Annotated[float, typer.Option(help="Life of a station, years.")] = 15.0,
    fixed_om_pct: Annotated[
        float, typer.Option(help="Fixed cost a year, percent of the investment.")
    ] = 2.5,
    as_json: JsonOption = False,
) -> None:
    """Show what storage stations earned a MW and year, their payback and net present value."""
    from market import investment, talatan_results

    results = talatan_results(run_directory)
    costs = station_costs(results.participants) if cost is None else cost
    table = investment(results, costs, rate, years, fixed_om_pct)
    title = (
        f"storage stations, {results.days:g} days scaled to a year; amounts in {results.currency}"
    )
    _show(table.T, title, as_json)


def station_costs(participants: "pd.DataFrame") -> dict[str, float]:
    """Return what the stations of a run cost to build, currency per kWh, as its scenario says."""
    from market import InputError

    stores = participants[participants["kind"] == "storage"]
    names = stores["unit"].astype(str).str.partition("/")[0]
    if "capital_cost" not in stores or stores["capital_cost"].isna().any():
        raise InputError("the scenario gives no capital_cost of some storage; use --cost")
    return dict(zip(names, stores["capital_cost"].astype(float), strict=True))


def _show_largest(matrix: "pd.DataFrame", currency: str) -> None:
    """Print who paid whom as a list, largest amounts first."""
    from scenarios.terminal import show_table

    rows = matrix.rename_axis(index="payer", columns="payee").reset_index()
    rows = rows.melt(id_vars="payer", var_name="payee", value_name="amount")
    amounts = rows[rows["amount"] > 0].sort_values("amount", ascending=False, kind="stable")
    show_table(amounts.head(LARGEST).set_index("payer"), f"largest payments, {currency}")
    if len(amounts) > LARGEST:
        print(f"and {len(amounts) - LARGEST} more; --json shows all, --category one category")


def _show(table: "pd.DataFrame", title: str, as_json: bool) -> None:
    """Print a table of numbers, or the same as JSON: row, then column."""
    if as_json:
        known = table.map(lambda cell: isinstance(cell, str) or isfinite(cell))
        rows = table.astype(object).where(known, None).to_dict("index")
        print(json.dumps(rows, ensure_ascii=False, indent=1, default=_plain))
        return
    from scenarios.terminal import show_table

    show_table(table, title)


def _plain(value: object) -> object:
    return value.item() if hasattr(value, "item") else str(value)
