"""The command `talatan experiment`: many runs of one question, and their answer."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from market import ExperimentResults
    from scenarios.experiments.estimate import Estimate

MANY = 200  # arms, whose checks take a second or more


def experiment(
    file: Annotated[
        str,
        typer.Argument(metavar="FILE", help="Experiment file, or the name of a bundled one."),
    ],
    out: Annotated[
        Path | None, typer.Option(help="Its directory [default: experiments/<name>].")
    ] = None,
    jobs: Annotated[
        int | None, typer.Option(min=1, help="Runs at a time [default: one for each core].")
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Dask scheduler, like tcp://host:8786."),
    ] = None,
    data: Annotated[
        Path | None, typer.Option("--data", metavar="DIR", help="Where data files are looked for.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Keep finished runs; make those that are missing.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a finished experiment.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check the file and say what it would take.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bar, no answer.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Run an experiment, only what is missing of it, and show its answer."""
    from market import InputError
    from scenarios.experiments.cluster import check_cluster
    from scenarios.experiments.directory import default_directory, prepare
    from scenarios.experiments.estimate import estimate
    from scenarios.experiments.loader import load_experiment
    from scenarios.experiments.run import Work, execute
    from scenarios.experiments.workers import usable_cores
    from scenarios.runs import check_names
    from scenarios.terminal import runs_bar

    check_names()
    if force and resume:
        raise InputError("--force forgets what --resume keeps; give one of the two")
    loaded = load_experiment(file, data, _tell_of_many)
    if scheduler is not None:
        check_cluster(scheduler)
    directory = out or default_directory(loaded)
    if not dry_run:
        prepare(directory, loaded, force, resume)
    expected = estimate(loaded, None if force else directory)
    workers = jobs or usable_cores()
    if not (quiet or as_json):
        print(estimate_text(loaded.name, expected, None if scheduler else workers))
    if dry_run:
        if as_json:
            print(json.dumps(_estimate_json(expected, workers), indent=1))
        return
    with runs_bar(loaded.name, quiet or as_json) as progress:
        results = execute(loaded, directory, Work(workers, scheduler, force, progress))
    _answer(results, quiet, as_json)


def _tell_of_many(arms: int) -> None:
    """Say what takes so long where the scenarios of many arms have to be checked."""
    if arms >= MANY:
        print(f"checking the scenarios of {arms:,} arms", file=sys.stderr)


def _answer(results: "ExperimentResults", quiet: bool, as_json: bool) -> None:
    """Show the answer; where every run failed there is none, and the exit status says so."""
    from scenarios.terminal_experiment import experiment_json, show_experiment

    if as_json:
        print(json.dumps(experiment_json(results), ensure_ascii=False, allow_nan=False, indent=1))
    elif not quiet:
        show_experiment(results)
    runs = results.experiment["runs"]
    if runs["failed"] == runs["total"]:
        print(f"talatan: all {runs['total']} runs failed", file=sys.stderr)
        sys.exit(1)


def estimate_text(name: str, expected: "Estimate", jobs: int | None) -> str:
    """Return what an experiment will take, in words; `jobs` is None on a cluster."""
    there = f", {expected.kept} of them there already" if expected.kept else ""
    total = f"{name}: {expected.arms} arms x {expected.seeds} seeds, {expected.runs} runs{there}"
    if not expected.missing:
        return f"{total}; nothing to run"
    seconds = expected.wall_seconds(jobs or 1)
    if seconds is None:
        return f"{total}\nno estimate of time: a run of one day fails ({expected.reason})"
    where = "of computing on the cluster" if jobs is None else f"with {jobs} at a time"
    disk = f"disk: about {_size(expected.kept_bytes)}"
    scratch = _size(expected.scratch_bytes * (jobs or 1))
    return f"{total}\nabout {_duration(seconds)} {where}; {disk}, and {scratch} while runs last"


def _duration(seconds: float) -> str:
    """Return a time as a person would say it.

    >>> _duration(8.2), _duration(150), _duration(9000)
    ('8 s', '2.5 min', '2.5 h')
    """
    if seconds < 100:
        return f"{max(1, seconds):.0f} s"
    return f"{seconds / 60:.2g} min" if seconds < 5400 else f"{seconds / 3600:.2g} h"


def _size(number: float) -> str:
    """Return a number of bytes as a person would say it.

    >>> _size(2_000), _size(31_000_000)
    ('0.1 MB', '31 MB')
    """
    return f"{max(0.1, number / 1e6):.2g} MB" if number < 1e9 else f"{number / 1e9:.2g} GB"


def _estimate_json(expected: "Estimate", jobs: int) -> dict[str, float | str | None]:
    return {
        "arms": expected.arms,
        "seeds": expected.seeds,
        "runs": expected.runs,
        "kept": expected.kept,
        "missing": expected.missing,
        "jobs": jobs,
        "seconds": expected.wall_seconds(jobs),
        "kept_bytes": expected.kept_bytes,
        "scratch_bytes": expected.scratch_bytes * jobs,
        "reason": expected.reason,
    }
