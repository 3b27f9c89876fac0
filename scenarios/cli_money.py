"""Commands that answer about money: who pays whom, and what a storage station is worth."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    import pandas as pd

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
    title = f"payers (rows) and payees (columns), {results.currency}"
    matrix = results.payments(by, category)
    some = matrix.loc[
        matrix.any(axis=1), matrix.any(axis=0)
    ]  # who neither pays nor gets is left out
    _show(some, title, as_json)


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
    _show(table.T, f"storage stations, {results.currency}", as_json)


def station_costs(participants: "pd.DataFrame") -> dict[str, float]:
    """Return what the stations of a run cost to build, currency per kWh, as its scenario says."""
    from market import InputError

    stores = participants[participants["kind"] == "storage"]
    names = stores["unit"].astype(str).str.partition("/")[0]
    if "capital_cost" not in stores or stores["capital_cost"].isna().any():
        raise InputError("the scenario gives no capital_cost of some storage; use --cost")
    return dict(zip(names, stores["capital_cost"].astype(float), strict=True))


def _show(table: "pd.DataFrame", title: str, as_json: bool) -> None:
    """Print a table of numbers, or the same as JSON: row, then column."""
    if as_json:
        rows = table.astype(object).where(table.notna(), None).to_dict("index")
        print(json.dumps(rows, ensure_ascii=False, indent=1, default=_plain))
        return
    from scenarios.terminal import show_table

    show_table(table, title)


def _plain(value: object) -> object:
    return value.item() if hasattr(value, "item") else str(value)
