"""What a person sees: progress, summary, tables."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from market import Results
    from scenarios.simulation import Progress

SHOWN = 28  # key figures that fit a screen
SPEED_S = 600.0  # over what the speed of runs is measured


@contextmanager
def progress_bar(title: str, silent: bool) -> "Iterator[Progress | None]":
    """Show a progress bar on a terminal, and nothing elsewhere."""
    from rich.console import Console
    from rich.progress import Progress as Bar

    console = Console(stderr=True)
    if silent or not console.is_terminal:
        yield None
        return
    with Bar(console=console, transient=True) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@contextmanager
def runs_bar(title: str, silent: bool) -> "Iterator[Progress | None]":
    """Show how many of many runs are there, and the time left, on a terminal."""
    from rich import progress
    from rich.console import Console

    console = Console(stderr=True)
    if silent or not console.is_terminal:
        yield None
        return
    columns = (
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        progress.MofNCompleteColumn(),
        progress.TimeRemainingColumn(),
    )
    with progress.Progress(
        *columns, console=console, transient=True, speed_estimate_period=SPEED_S
    ) as bar:

        def show(done: int, total: int) -> None:
            if not bar.task_ids:  # runs that are there already say nothing about the speed
                bar.add_task(title, total=total, completed=done)
            bar.update(bar.task_ids[0], completed=done)

        yield show


def show_summary(results: "Results") -> None:
    """Print the headline figures and where the rest is."""
    import json

    from rich.console import Console
    from rich.table import Table

    figures = json.loads((results.path / "summary.json").read_text(encoding="utf-8"))
    run = results.run
    table = Table(title=f"{run['scenario']}, seed {run['seed']}", title_justify="left")
    for heading, justify in (("figure", "left"), ("value", "right"), ("unit", "left")):
        table.add_column(heading, justify=justify)  # type: ignore[arg-type]
    for name, figure in list(figures.items())[:SHOWN]:
        table.add_row(name, number(figure["value"]), figure["unit"])
    console = Console()
    console.print(table)
    rest = len(figures) - SHOWN
    if rest > 0:
        console.print(f"and {rest} more in {results.path / 'summary.json'}", soft_wrap=True)
    console.print(f"tables in {results.path}", soft_wrap=True, highlight=False)


def show_books(books: Sequence[Mapping[str, Any]]) -> None:
    """Print a line per cleared book."""
    from rich.console import Console
    from rich.table import Table

    columns = ["interval", "price", "price_low", "price_high", "volume", "welfare"]
    if any(book["buy_price"] != book["sell_price"] for book in books):
        columns[4:4] = ["buy_price", "sell_price"]
    table = Table()
    for column in columns:
        table.add_column(column, justify="left" if column == "interval" else "right")
    for book in books:
        table.add_row(*(_cell(book[column]) for column in columns))
    Console().print(table)


def show_comparison(figures: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> None:
    """Print key figures of several runs side by side."""
    from rich.console import Console
    from rich.table import Table

    table = Table()
    table.add_column("figure", no_wrap=True)
    table.add_column("unit", no_wrap=True)
    for run in figures:
        table.add_column(run, justify="right", overflow="fold", min_width=12)
    names = dict.fromkeys(name for run in figures.values() for name in run)
    for name in names:
        unit = next(run[name]["unit"] for run in figures.values() if name in run)
        values = [number(run[name]["value"]) if name in run else "-" for run in figures.values()]
        table.add_row(name, unit, *values)
    console = Console()
    # Wider than a narrow terminal rather than cut: a figure without its name says nothing.
    console.width = max(console.width, 62 + 15 * len(figures))
    console.print(table)


def show_table(frame: "pd.DataFrame", title: str) -> None:
    """Print a table of numbers with names beside its rows and over its columns."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    table.add_column("", no_wrap=True)
    for column in frame.columns:
        table.add_column(str(column), justify="right", no_wrap=True)
    for row in frame.itertuples():
        cells = [cell if isinstance(cell, str) else number(cell) for cell in row[1:]]
        table.add_row(str(row[0]), *cells)
    console = Console()
    console.width = max(console.width, 34 + 17 * len(frame.columns))
    console.print(table)


def number(value: float) -> str:
    """Return a number as a person would write it.

    >>> number(1234567.891), number(12.3456), number(0.0)
    ('1,234,568', '12.35', '0.00')
    """
    return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:,.2f}"


def _cell(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:,.6g}" if isinstance(value, float) else str(value)
