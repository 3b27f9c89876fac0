"""The command `talatan plan`: how far a run is from the best that its system could do."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from market import KeyFigure

FILE = "planner.json"


def plan(
    run_directory: Annotated[Path, typer.Argument(metavar="RUN", help="A finished run.")],
    window_days: Annotated[
        float | None,
        typer.Option(
            metavar="D",
            help="Length of the parts of a long horizon, days [default: at once if that is "
            "quick, else 672 intervals].",
        ),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            "--data", metavar="DIR", help="Where data files are [default: where the run looked]."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Compare a run with the best schedule of its system, and write RUN/planner.json."""
    from market import InputError, talatan_results, write_json
    from scenarios.planner import PlanOptions, all_figures, scenario_of

    if window_days is not None and not 0 < window_days < float("inf"):
        raise InputError(f"--window-days {window_days:g}: must be a number of days above 0")
    results = talatan_results(run_directory)
    loaded = scenario_of(results, data)
    figures = _defined(all_figures(results, loaded, PlanOptions(window_days)))
    write_json(run_directory / FILE, figures)
    if as_json:
        print(json.dumps(figures, ensure_ascii=False, allow_nan=False, indent=1))
    else:
        _show(figures, f"{results.run['scenario']}, seed {results.run['seed']}: the planner")


def _defined(figures: "list[KeyFigure]") -> dict[str, dict[str, Any]]:
    """Return the figures that are defined as summary.json has them."""
    from math import isfinite

    return {
        figure.name: {
            "value": float(figure.value),
            "unit": figure.unit,
            "meaning": figure.meaning,
        }
        for figure in figures
        if isfinite(figure.value)
    }


def _show(figures: dict[str, dict[str, Any]], title: str) -> None:
    import pandas as pd

    from scenarios.terminal import number, show_table

    frame = pd.DataFrame.from_dict(figures, orient="index")[["value", "unit"]]
    # Ratios are close to one: what counts are the decimals.
    ratios = frame["unit"] == "ratio"
    frame["value"] = [
        f"{value:.6f}" if is_ratio else number(value)
        for value, is_ratio in zip(frame["value"], ratios, strict=True)
    ]
    show_table(frame, title)
