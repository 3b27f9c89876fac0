"""The command `talatan plot`: figures of a run or of an experiment."""

import sys
from pathlib import Path
from typing import Annotated

import typer


def plot(
    run_directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="A finished run or experiment.")
    ],
    kind: Annotated[list[str] | None, typer.Option(help="Figure; repeatable; all by default.")] = (
        None
    ),
    metric: Annotated[
        list[str] | None,
        typer.Option(help="Metric of an experiment, or all; repeatable; the first by default."),
    ] = None,
    image_format: Annotated[str, typer.Option("--format", help="png, svg or pdf.")] = "png",
    out: Annotated[Path | None, typer.Option(help="Directory [default: DIR/figures].")] = None,
) -> None:
    """Draw figures of a run or of an experiment."""
    from market import talatan_experiment, talatan_results
    from plots import ALL, save

    of_experiment = (run_directory / "experiment.json").is_file()
    results = (talatan_experiment if of_experiment else talatan_results)(run_directory)
    wanted = [ALL] if not kind or ALL in kind else kind
    place = out or run_directory / "figures"
    options = {"metric": metric} if metric else {}
    for path in save(results, wanted, place, image_format, tell=_tell, **options):
        print(path)


def _tell(name: str, reason: str) -> None:
    print(f"{name}: not drawn. {reason}", file=sys.stderr)
