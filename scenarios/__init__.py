"""What is run: scenario files, the simulation, experiments, the command line."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from market import ExperimentResults, Results
    from scenarios.experiments.loader import LoadedExperiment

__all__ = ["load_experiment", "run", "run_experiment"]


def run(
    scenario: str | Path,
    *,
    out: Path | None = None,
    seed: int | None = None,
    overrides: Sequence[str] = (),
    data: Path | None = None,
    force: bool = False,
) -> "Results":
    """Run a scenario file, or a bundled scenario by its name, and return its results.

    Parameters
    ----------
    scenario : str or path
    out : path, optional
        Run directory; default ``runs/<scenario>-<seed>``.
    seed : int, optional
        Instead of the file's.
    overrides : sequence of str
        ``KEY=VALUE`` as after ``--set``.
    data : path, optional
        Where data files are looked for first.
    force : bool
        Replace a finished run.

    Raises
    ------
    InputError
        Listing every problem with the scenario, its data or the directory.
    """
    from scenarios.loader import load
    from scenarios.runs import default_directory, execute, prepare

    loaded = load(str(scenario), overrides, data, seed)
    directory = out or default_directory(loaded)
    prepare(directory, force, resume=False)
    return execute(loaded, directory)


def load_experiment(
    experiment: str | Path, *, data: str | Path | None = None
) -> "LoadedExperiment":
    """Check an experiment file, or a bundled experiment by its name, and return what it says.

    Parameters
    ----------
    experiment : str or path
    data : path, optional
        Where data files are looked for first.

    Raises
    ------
    InputError
        Listing every problem with the file and with the scenario of each arm.
    """
    from scenarios.experiments.loader import load_experiment as load

    return load(str(experiment), None if data is None else Path(data))


def run_experiment(
    experiment: "str | Path | LoadedExperiment",
    *,
    out: str | Path | None = None,
    jobs: int | None = None,
    scheduler: str | None = None,
    data: str | Path | None = None,
    resume: bool = False,
    force: bool = False,
) -> "ExperimentResults":
    """Run an experiment, only what is missing of it, and return its results.

    Runs are made in processes of their own, so a script has to call this under
    ``if __name__ == "__main__":``; in a notebook that is not needed.

    Parameters
    ----------
    experiment : str, path, or what `load_experiment` returned
    out : path, optional
        Directory of the experiment; default ``experiments/<name>``.
    jobs : int, optional
        Runs at a time; default one for each core that may be used.
    scheduler : str, optional
        Address of a Dask scheduler, like ``tcp://host:8786``: its machines make the runs.
    data : path, optional
        Where data files are looked for first.
    resume : bool
        Keep the finished runs that are there.
    force : bool
        Replace what is there.

    Raises
    ------
    InputError
        Listing every problem with the experiment, its scenarios or the directory.
    """
    from scenarios.experiments.directory import default_directory, prepare
    from scenarios.experiments.loader import LoadedExperiment
    from scenarios.experiments.run import Work, execute
    from scenarios.experiments.workers import refuse_within, usable_cores

    refuse_within()
    loaded = experiment
    if not isinstance(loaded, LoadedExperiment):
        loaded = load_experiment(loaded, data=data)
    directory = default_directory(loaded) if out is None else Path(out)
    prepare(directory, loaded, force, resume)
    return execute(loaded, directory, Work(jobs or usable_cores(), scheduler, force))
