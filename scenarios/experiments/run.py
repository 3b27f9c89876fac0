"""An experiment into its directory: what is there already is kept, what is missing is run."""

from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from market import ExperimentResults, talatan_experiment, write_json
from scenarios.experiments.arms import Outcome, Task
from scenarios.experiments.cluster import on_cluster
from scenarios.experiments.directory import HEADER, forget
from scenarios.experiments.header import answered, asked, ended
from scenarios.experiments.loader import LoadedExperiment
from scenarios.experiments.store import Store, as_outcome
from scenarios.experiments.tables import write_tables
from scenarios.experiments.tasks import tasks
from scenarios.experiments.workers import locally
from scenarios.runs import InterruptedRunError, alone, terminable

Progress = Callable[[int, int], None]
Outcomes = dict[tuple[str, int], Outcome]


@dataclass(frozen=True, slots=True)
class Work:
    """How runs are made.

    Attributes
    ----------
    jobs : int
        How many run at a time on this machine.
    scheduler : str or None
        Address of a cluster that makes them instead.
    anew : bool
        Forget the runs that are there already.
    progress : callable, optional
        Told how many of how many runs are there.
    """

    jobs: int
    scheduler: str | None = None
    anew: bool = False
    progress: Progress | None = None


def execute(loaded: LoadedExperiment, directory: Path, work: Work) -> ExperimentResults:
    """Run what is missing of an experiment in a prepared directory, and return its results.

    Raises
    ------
    InputError
        When somebody else is writing there, or the cluster cannot be reached.
    InterruptedRunError
        On Ctrl-C or SIGTERM; finished runs are kept.
    """
    file = directory / HEADER
    header = asked(loaded, work.jobs, work.scheduler)
    with terminable(), alone(directory):
        if work.anew:
            forget(directory)
        write_json(file, header | {"status": "running"})
        store = Store(directory)
        try:
            store.open()
            outcomes = _outcomes(loaded, store, work)
            table_hash = write_tables(loaded, outcomes, directory)
            done = answered(loaded, outcomes) | {"table_hash": table_hash}
            write_json(file, header | done | ended("finished"))
        except KeyboardInterrupt:
            write_json(file, header | ended("interrupted"))
            raise InterruptedRunError from None
        except BaseException as error:
            reason = str(error) or type(error).__name__
            write_json(file, header | ended("interrupted") | {"reason": reason})
            raise
        finally:
            store.clear_scratch()
    return talatan_experiment(directory)


def _outcomes(loaded: LoadedExperiment, store: Store, work: Work) -> Outcomes:
    """Return the outcome of each arm and seed; arms with the same rules are run once."""
    everything = list(tasks(loaded))
    found = {task.key: store.read(task.key) for task in everything}
    missing = list({task.key: task for task in everything if found[task.key] is None}.values())
    count = sum(outcome is not None for outcome in found.values())
    tell = work.progress or _nobody
    tell(count, len(found))
    with closing(_performed(missing, store, work)) as performed:
        for task, content in performed:
            outcome = found[task.key] = as_outcome(content)
            if outcome.status == "finished":
                store.keep(outcome, task.arm, task.seed)
            count += 1
            tell(count, len(found))
    return {(task.arm, task.seed): _there(found[task.key]) for task in everything}


def _nobody(_done: int, _total: int) -> None:
    """Be told nothing."""


def _performed(
    missing: Iterable[Task], store: Store, work: Work
) -> Generator[tuple[Task, dict[str, Any]], None, None]:
    if work.scheduler is not None:
        return on_cluster(missing, work.scheduler)
    return locally(missing, work.jobs, str(store.scratch.absolute()))


def _there(outcome: Outcome | None) -> Outcome:
    assert outcome is not None  # what was missing has been run
    return outcome
