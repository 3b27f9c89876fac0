"""An experiment into its directory: what is there already is kept, what is missing is run."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from market import ExperimentResults, talatan_experiment, write_json
from scenarios.experiments.arms import Outcome, Task
from scenarios.experiments.cluster import on_cluster
from scenarios.experiments.directory import HEADER, forget
from scenarios.experiments.loader import LoadedExperiment
from scenarios.experiments.schema import Factor, NamedLevel
from scenarios.experiments.store import Store, as_outcome
from scenarios.experiments.tables import write_tables
from scenarios.experiments.tasks import tasks
from scenarios.experiments.workers import locally
from scenarios.runs import InterruptedRunError, alone, terminable, versions

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
    header = _header(loaded, work)
    with terminable(), alone(directory):
        if work.anew:
            forget(directory)
        write_json(file, header | {"status": "running"})
        store = Store(directory)
        try:
            store.open()
            outcomes = _outcomes(loaded, store, work)
            table_hash = write_tables(loaded, outcomes, directory)
            done = _answers(loaded, outcomes) | {"table_hash": table_hash}
            write_json(file, header | done | _ended("finished"))
        except KeyboardInterrupt:
            write_json(file, header | _ended("interrupted"))
            raise InterruptedRunError from None
        except BaseException as error:
            reason = str(error) or type(error).__name__
            write_json(file, header | _ended("interrupted") | {"reason": reason})
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
    for task, content in _performed(missing, store, work):
        outcome = found[task.key] = as_outcome(content)
        if outcome.status == "finished":
            store.keep(outcome, task.arm, task.seed)
        count += 1
        if work.progress is not None:
            work.progress(count, len(found))
    return {(task.arm, task.seed): _there(found[task.key]) for task in everything}


def _performed(
    missing: Iterable[Task], store: Store, work: Work
) -> Iterator[tuple[Task, dict[str, Any]]]:
    if work.scheduler is not None:
        return on_cluster(missing, work.scheduler)
    return locally(missing, work.jobs, str(store.scratch.absolute()))


def _there(outcome: Outcome | None) -> Outcome:
    assert outcome is not None  # what was missing has been run
    return outcome


def _header(loaded: LoadedExperiment, work: Work) -> dict[str, Any]:
    header = loaded.file.experiment
    everything = len(loaded.arms) * len(loaded.seeds)
    return {
        "name": loaded.name,
        "question": header.question,
        "description": header.description,
        "design": loaded.design,
        "baseline": loaded.baseline,
        "seeds": list(loaded.seeds),
        "metrics": [{"name": name, "unit": "", "meaning": ""} for name in loaded.metrics],
        "factors": list(_factors(loaded)),
        "arms": [asdict(arm) for arm in loaded.arms],
        "periods": [{"name": n, "start": s, "end": e} for n, s, e in loaded.periods],
        "caveats": list(header.caveats),
        "text": loaded.text,
        "runs": {"total": everything, "finished": 0, "failed": 0},
        "versions": versions(),
        "jobs": work.jobs,
        "scheduler": work.scheduler,
        "started": _now(),
        "ended": None,
        "table_hash": None,
    }


def _factors(loaded: LoadedExperiment) -> Iterator[dict[str, Any]]:
    for factor in loaded.file.factor:
        yield {"name": factor.name, "keys": list(factor.targets), **_choices(factor)}
    if loaded.file.variant:
        names = [variant.name for variant in loaded.file.variant]
        yield {"name": "variant", "keys": [], "levels": names}


def _choices(factor: Factor) -> dict[str, Any]:
    if factor.range is not None:
        return {"range": list(factor.range), "scale": factor.scale, "whole": factor.whole}
    levels = factor.levels or ()
    return {"levels": [one.label if isinstance(one, NamedLevel) else one for one in levels]}


def _answers(loaded: LoadedExperiment, outcomes: Outcomes) -> dict[str, Any]:
    """Return what is only known when all runs are there: units, meanings, how many failed."""
    known: dict[str, tuple[float, str, str]] = {}
    for outcome in outcomes.values():
        known |= outcome.figures or {}
    failed = sum(outcome.status == "failed" for outcome in outcomes.values())
    total = len(outcomes)
    return {
        "metrics": [
            dict(
                zip(
                    ("name", "unit", "meaning"),
                    (name, *known.get(name, (0, "", ""))[1:]),
                    strict=True,
                )
            )
            for name in loaded.metrics
        ],
        "runs": {"total": total, "finished": total - failed, "failed": failed},
    }


def _ended(status: str) -> dict[str, Any]:
    return {"status": status, "ended": _now()}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
