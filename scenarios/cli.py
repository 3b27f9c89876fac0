"""The command line: talatan run, validate, clear, compare, plot and others.

Exit status: 0 done; 2 the input is wrong; 1 an internal error; 130 interrupted. Everything
heavy is imported inside the command that needs it, so that `talatan --help` stays quick.
"""

import json
import sys
from errno import EDQUOT, EIO, ENOSPC, EROFS
from pathlib import Path
from shlex import join
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from scenarios.cli_experiment import experiment
from scenarios.cli_exploit import exploit
from scenarios.cli_money import invest, payments
from scenarios.cli_plan import plan
from scenarios.cli_plot import plot

if TYPE_CHECKING:
    from market import Results

app = typer.Typer(
    name="talatan",
    help="Simulate shared energy-storage markets: scenario in; prices and cash flows out.",
    epilog="Example: talatan run tutorial",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

INTERRUPTED = 130  # exit status, as shells have it
RESUMED = (["run"], ["experiment"])  # commands that can be taken up again

ScenarioArgument = Annotated[
    str, typer.Argument(help="Scenario file, or the name of a bundled scenario.")
]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Override a key of the file; repeatable."),
]
DataOption = Annotated[
    Path | None, typer.Option("--data", metavar="DIR", help="Where data files are looked for.")
]
SeedOption = Annotated[int | None, typer.Option("--seed", help="Seed, instead of the file's.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


@app.command(epilog="Example: talatan run tutorial --set market.energy.price_cap=1000")
def run(
    scenario: ScenarioArgument,
    out: Annotated[
        Path | None, typer.Option(help="Run directory [default: runs/<scenario>-<seed>].")
    ] = None,
    seed: SeedOption = None,
    overrides: SetOption = None,
    data: DataOption = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Take up an interrupted run (from its start).")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a finished run.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bar, no summary.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Run a scenario and write a run directory."""
    from scenarios.loader import load
    from scenarios.runs import check_names, default_directory, execute, prepare
    from scenarios.terminal import progress_bar, show_summary

    check_names()
    loaded = load(scenario, overrides or (), data, seed)
    directory = out or default_directory(loaded)
    prepare(directory, force, resume, loaded)
    with progress_bar(loaded.scenario.scenario.name, quiet or as_json) as progress:
        results = execute(loaded, directory, progress)
    if as_json:
        _print_json(_as_json(results))
    elif not quiet:
        show_summary(results)


@app.command(epilog="Example: talatan validate my-scenario.toml")
def validate(
    scenario: ScenarioArgument,
    overrides: SetOption = None,
    data: DataOption = None,
    seed: SeedOption = None,
) -> None:
    """Check all that can be checked without running, and report all problems at once."""
    from scenarios.expand import expand
    from scenarios.fleets import build_fleets
    from scenarios.loader import load
    from scenarios.rulebook import rulebook

    loaded = load(scenario, overrides or (), data, seed)
    specs = expand(loaded.scenario, loaded.seed)
    build_fleets(loaded, specs, loaded.scenario.market.energy.opening * 60)
    rulebook(loaded)
    calendar = loaded.calendar
    print(
        f"{scenario}: correct. {len(specs)} units, {calendar.n} intervals of "
        f"{calendar.interval_s // 60} minutes from {calendar.start.isoformat()} "
        f"to {calendar.end.isoformat()}."
    )


@app.command(epilog="Example: talatan schema > talatan.schema.json")
def schema(
    of_experiment: Annotated[
        bool, typer.Option("--experiment", help="Of an experiment file.")
    ] = False,
) -> None:
    """Print the JSON Schema of a scenario file, for editors."""
    from scenarios.experiments.schema import ExperimentFile
    from scenarios.reference import schema_json
    from scenarios.schema import Scenario

    print(schema_json(ExperimentFile if of_experiment else Scenario))


@app.command(epilog="Example: talatan clear orders.csv --k 0 --price-floor 0.01 --json")
def clear(
    orders: Annotated[Path, typer.Argument(help="CSV or Parquet with side, price, quantity.")],
    mechanism: Annotated[str, typer.Option(help="Auction (talatan list mechanisms).")] = "uniform",
    k: Annotated[float | None, typer.Option(help="Place in the set of clearing prices.")] = None,
    price_rule: Annotated[
        str | None, typer.Option(help="k, marginal-ask, marginal-bid or midpoint.")
    ] = None,
    tie_break: Annotated[str, typer.Option(help="pro-rata, time or random.")] = "pro-rata",
    price_floor: Annotated[float | None, typer.Option(help="Lowest price.")] = None,
    price_cap: Annotated[float | None, typer.Option(help="Highest price.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="For mechanisms and ties that draw.")] = 0,
    param: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=VALUE", help="Another parameter of the mechanism; repeatable."),
    ] = None,
    no_self_trade: Annotated[
        bool, typer.Option("--no-self-trade", help="Orders of one participant never meet.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Clear order books from a file."""
    from scenarios.clear_files import clear_file
    from scenarios.overrides import named_values
    from scenarios.terminal import show_books

    books = clear_file(
        orders,
        mechanism,
        price_floor=price_floor,
        price_cap=price_cap,
        tie_break=tie_break,
        self_trade=not no_self_trade,
        seed=seed,
        **_with_options(named_values(param or []), k=k, price_rule=price_rule),
    )
    if as_json:
        _print_json_lines(books)
    else:
        show_books(books)


@app.command(epilog="Example: talatan compare runs/tutorial-1 runs/tutorial-2")
def compare(
    runs: Annotated[list[Path], typer.Argument(help="Two or more run directories.")],
    as_json: JsonOption = False,
) -> None:
    """Show the key figures of several runs side by side."""
    from market import summary, talatan_results
    from scenarios.terminal import show_comparison

    figures = {str(path): summary(talatan_results(path)) for path in runs}
    if as_json:
        _print_json(figures)
    else:
        show_comparison(figures)


@app.command("list", epilog="Example: talatan list strategies")
def list_what(
    what: Annotated[
        str,
        typer.Argument(
            help="mechanisms, strategies, scenarios, rules, experiments, plots or kpis."
        ),
    ],
) -> None:
    """List what there is, a line each."""
    from scenarios.catalogue import catalogue

    for name, line in catalogue(what):
        print(f"{name:<24} {line}")


app.command(epilog="Example: talatan plot runs/tutorial-1 --kind prices --format svg")(plot)
app.command(epilog="Example: talatan experiment pricing-rule --jobs 4")(experiment)
app.command(epilog="Example: talatan payments runs/tutorial-1 --by account")(payments)
app.command(epilog="Example: talatan invest runs/qinghai-pilot-2019-1 --cost 1200")(invest)
app.command(epilog="Example: talatan plan runs/tutorial-1 --json")(plan)
app.command(epilog="Example: talatan exploit runs/tutorial-1 --largest 5")(exploit)


def main() -> None:
    """Run the command line and end the process with its exit status."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    try:
        app()
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
    except KeyboardInterrupt:
        _stopped()
    except SystemExit as leaving:
        if leaving.code == INTERRUPTED:  # Ctrl-C before the run began; typer says nothing
            _stopped()
        raise
    except Exception as error:
        _explain(error)
        raise


def _explain(error: Exception) -> None:
    """End the process with one clear message where the error is not ours."""
    from market import InputError
    from scenarios.runs import InterruptedRunError

    if isinstance(error, InputError):
        _fail(error.problems)
    if isinstance(error, OSError) and error.errno in (ENOSPC, EDQUOT, EROFS, EIO):
        print(f"talatan: the results cannot be written: {error.strerror}", file=sys.stderr)
        sys.exit(1)
    if isinstance(error, InterruptedRunError):
        _stopped()


def _fail(problems: list[str]) -> NoReturn:
    lines = [f"talatan: {problems[0]}"] if len(problems) == 1 else _numbered(problems)
    print("\n".join(lines), file=sys.stderr)
    sys.exit(2)


def _numbered(problems: list[str]) -> list[str]:
    return [f"talatan: {len(problems)} problems:", *(f"  - {text}" for text in problems)]


def _stopped() -> NoReturn:
    words = [word for word in sys.argv[1:] if word not in ("--resume", "--force")]
    hint = f"; to take it up again: talatan {join([*words, '--resume'])}"
    print(f"talatan: interrupted{hint if words[:1] in RESUMED else ''}", file=sys.stderr)
    sys.exit(INTERRUPTED)


def _as_json(results: "Results") -> dict[str, Any]:
    run = results.run
    return {
        "directory": str(results.path),
        "scenario": run["scenario"],
        "seed": run["seed"],
        "content_hash": run["content_hash"],
        "summary": json.loads((results.path / "summary.json").read_text(encoding="utf-8")),
    }


def _with_options(params: dict[str, Any], **options: float | str | None) -> dict[str, Any]:
    """Return parameters of a mechanism with those that have an option of their own."""
    from market import InputError

    given = {name: value for name, value in options.items() if value is not None}
    twice = sorted(given.keys() & params.keys())
    if twice:
        option = "--" + twice[0].replace("_", "-")
        raise InputError(f"{twice[0]} is given twice, by {option} and by --param; leave one out.")
    return params | given


def _print_json_lines(rows: list[dict[str, Any]]) -> None:
    """Print a list with a line per entry; indented, a large one takes several times as long."""
    lines = (json.dumps(row, ensure_ascii=False, allow_nan=False) for row in rows)
    print("[\n" + ",\n".join(lines) + "\n]")


def _print_json(content: object) -> None:
    print(json.dumps(content, ensure_ascii=False, allow_nan=False, indent=1))
