"""Running a scenario into a directory, and telling the truth about how it went.

The directory's tables appear under their names when they are complete; run.json says at any
time whether the run is running, finished, interrupted or failed.
"""

import json
import os
import platform
import signal
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from hashlib import blake2b
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel

from market import (
    ENERGY_COLUMNS,
    InputError,
    Results,
    summary,
    talatan_results,
    write_json,
)
from scenarios.loader import LoadedScenario
from scenarios.participants import write_participants
from scenarios.simulation import Progress, Simulation, build

PACKAGES = ("talatan", "simpy", "numpy", "pyarrow", "pandas")
TABLES = (
    *("intervals", "kinds", "units", "ledger", "trades", "stations", "orders"),
    "participants",
)


class InterruptedRunError(Exception):
    """The run was stopped from outside; its directory says so."""


def check_names() -> None:
    """Make sure that no other distribution has written over our four packages.

    Raises
    ------
    InputError
        When one has, with what to do.
    """
    owners = packages_distributions()
    for name in ("market", "agents", "scenarios", "plots"):
        others = sorted(set(owners.get(name, ())) - {"talatan"})
        if others:
            raise InputError(
                f"the package {name!r} is also installed by {', '.join(others)}, which may have "
                "overwritten ours; install talatan into a virtual environment of its own"
            )


def default_directory(loaded: LoadedScenario) -> Path:
    """Return runs/<scenario>-<seed>, with letters that file names cannot have replaced."""
    return Path("runs") / f"{safe_name(loaded.scenario.scenario.name)}-{loaded.seed}"


def safe_name(name: str) -> str:
    """Return a name with letters that file names cannot have replaced."""
    return "".join("-" if letter in '<>:"|?*\\ ' else letter for letter in name)


def prepare(
    directory: Path, force: bool, resume: bool, loaded: LoadedScenario | None = None
) -> None:
    """Make sure that `directory` may be written to.

    Raises
    ------
    InputError
        When it holds a finished run (without `force`), an unfinished one (without `resume` or
        `force`) or one of another scenario than `loaded` (with `resume`), or something else.
    """
    try:
        _refuse_other(directory)
        status = _status(directory)
    except OSError as error:  # a name too long, a directory that may not be read
        raise InputError(f"{directory}: cannot be written ({error.strerror})") from None
    if status == "finished" and not force:
        raise InputError(
            f"{directory}: holds a finished run; give another directory with --out, "
            "or --force to replace it"
        )
    if status not in (None, "finished") and not (force or resume):
        raise InputError(
            f"{directory}: holds a run that is {status}; add --resume to run it again from "
            "its start, or --force"
        )
    if resume and not force and loaded is not None and status is not None:
        _refuse_another(directory, loaded)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        probe = directory / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise InputError(f"{directory}: cannot be written ({error.strerror})") from None


def _refuse_another(directory: Path, loaded: LoadedScenario) -> None:
    """Raise when the run to be taken up is one of another scenario or seed."""
    with suppress(OSError, ValueError):
        run = json.loads((directory / "run.json").read_text(encoding="utf-8"))
        name, seed = loaded.scenario.scenario.name, loaded.seed
        there = run.get("scenario"), run.get("seed")
        if there != (name, seed):
            raise InputError(
                f"{directory}: the run there is of another scenario or seed ({there[0]}, seed "
                f"{there[1]}), so it cannot be taken up; --force replaces it"
            )
        if _without_recording(run.get("text", "")) != _without_recording(loaded.text):
            raise InputError(
                f"{directory}: the run there is of the same scenario with other keys, so it cannot "
                "be taken up; give the same --set options, or --force to replace it"
            )


def _without_recording(text: str) -> dict[str, Any]:
    """Return a scenario without what is kept of it, which changes no result."""
    return {key: value for key, value in tomllib.loads(text).items() if key != "recording"}


def _refuse_other(directory: Path) -> None:
    """Raise when the directory is a file, or holds something that is not a run's."""
    if directory.exists() and not directory.is_dir():
        raise InputError(f"{directory}: is a file; give a directory with --out")
    if not directory.exists() or (directory / "run.json").is_file():
        return
    # A run that was killed before it said so leaves nothing but unfinished tables.
    if any(path.suffix != ".part" for path in directory.iterdir()):
        raise InputError(f"{directory}: is not empty and not a run; give another with --out")


def execute(loaded: LoadedScenario, directory: Path, progress: Progress | None = None) -> Results:
    """Run a scenario into a prepared directory and return its results.

    Raises
    ------
    InputError
        When the data turn out wrong; nothing is left behind then.
    InterruptedRunError
        On Ctrl-C or SIGTERM.
    """
    with terminable():
        return carry_out(loaded, directory, progress)


def carry_out(loaded: LoadedScenario, directory: Path, progress: Progress | None = None) -> Results:
    """Do what `execute` does and leave signals to the caller, as workers have to."""
    header = _header(loaded)
    with alone(directory):
        simulation = _built(loaded, directory)
        simulation.progress = progress
        write_json(directory / "run.json", header | {"status": "running"})
        try:
            simulation.run()
            return _finish(simulation, directory, header)
        except KeyboardInterrupt:
            simulation.recorder.discard()
            write_json(directory / "run.json", header | _ended("interrupted"))
            raise InterruptedRunError from None
        except BaseException as error:
            simulation.recorder.discard()
            reason = str(error) or type(error).__name__
            write_json(directory / "run.json", header | _ended("failed") | {"reason": reason})
            raise


@contextmanager
def alone(directory: Path) -> Iterator[None]:
    """Keep other runs out of a directory; a killed run lets go of it by itself."""
    try:
        from fcntl import LOCK_EX, LOCK_NB, flock
    except ImportError:  # not a POSIX system: nothing to lock with
        yield
        return
    place = os.open(directory, os.O_RDONLY)
    try:
        try:
            flock(place, LOCK_EX | LOCK_NB)
        except BlockingIOError:
            raise InputError(
                f"{directory}: another run is writing there; wait for it, or give another "
                "directory with --out"
            ) from None
        yield
    finally:
        os.close(place)


def _built(loaded: LoadedScenario, directory: Path) -> Simulation:
    """Return the simulation; when its data are wrong, leave no empty directory behind."""
    try:
        return build(loaded, directory)
    except InputError:
        with suppress(OSError):  # it holds an earlier run
            directory.rmdir()
        raise


def _finish(simulation: Simulation, directory: Path, header: Mapping[str, Any]) -> Results:
    simulation.ledger.check()
    simulation.recorder.finish()
    write_participants(simulation, directory)
    for name in TABLES:
        (directory / f"{name}.parquet.part").unlink(missing_ok=True)  # of a run that was killed
        if name not in (*simulation.recorder.tables, "participants"):
            for suffix in (".parquet", ".parquet.part"):  # of an earlier run
                (directory / f"{name}{suffix}").unlink(missing_ok=True)
    (directory / "planner.json").unlink(missing_ok=True)  # of an earlier run
    done = dict(header) | _ended("finished") | {"content_hash": content_hash(simulation)}
    write_json(directory / "summary.json", summary(Results(directory)))
    write_json(directory / "run.json", done)
    return talatan_results(directory)


def content_hash(simulation: Simulation) -> str:
    """Return a digest of the results that does not depend on what was recorded.

    It covers every column of intervals.parquet, every unit's totals and the ledger's totals by
    payer, payee and category.
    """
    digest = blake2b(digest_size=16)
    digest.update(simulation.recorder.interval_digest())
    for name in ENERGY_COLUMNS:
        digest.update(simulation.recorder.totals[name].tobytes())
    digest.update("\n".join(simulation.layout.units).encode())
    for line in _ledger_lines(simulation):
        digest.update(line.encode())
    return digest.hexdigest()


def _ledger_lines(simulation: Simulation) -> list[str]:
    ledger = simulation.ledger
    lines = []
    for (other, category, pays), (wh, cents) in ledger.totals.items():
        for owner in np.flatnonzero(cents).tolist():
            ends = (owner, other) if pays else (other, owner)
            payer, payee = (ledger.accounts[end] for end in ends)
            lines.append(f"{payer}|{payee}|{category}|{wh[owner]}|{cents[owner]}\n")
    for (payer_, payee_, category), sums in ledger.pair_totals.items():
        names = f"{ledger.accounts[payer_]}|{ledger.accounts[payee_]}"
        lines.append(f"{names}|{category}|{sums[0]}|{sums[1]}\n")
    return sorted(lines)


def _header(loaded: LoadedScenario) -> dict[str, Any]:
    scenario, calendar = loaded.scenario, loaded.calendar
    return {
        "scenario": scenario.scenario.name,
        "description": scenario.scenario.description,
        "text": loaded.text,
        "seed": loaded.seed,
        "base_dir": str(loaded.base_dir.absolute()),
        "data_dir": str(loaded.data_dir) if loaded.data_dir else None,
        "currency": scenario.scenario.currency,
        "interval_minutes": calendar.interval_s // 60,
        "start": calendar.start.isoformat(),
        "end": calendar.end.isoformat(),
        "intervals": calendar.n,
        "zones": sorted({entry.zone for _, entry in scenario.located_units()}),
        "rules": {
            "energy": _rules(scenario.market.energy),
            "imbalance": _rules(scenario.market.imbalance),
            "storage_service": _rules(scenario.market.storage_service),
            "capacity_payment": _rules(scenario.market.capacity_payment),
            "fees": _rules(scenario.fees),
        },
        "versions": {"python": platform.python_version()} | versions(),
        "started": _now(),
        "ended": None,
        "content_hash": None,
    }


def _rules(section: BaseModel) -> dict[str, Any]:
    """Return a section of rules as JSON can say it: without a limit is null."""
    return {
        name: None if isinstance(value, float) and not isfinite(value) else value
        for name, value in section.model_dump(mode="json").items()
    }


def versions() -> dict[str, str]:
    """Return the versions of what results are made with."""
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def _ended(status: str) -> dict[str, Any]:
    return {"status": status, "ended": _now()}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _status(directory: Path) -> str | None:
    path = directory / "run.json"
    if not path.is_file():
        return None
    try:
        return str(json.loads(path.read_text(encoding="utf-8"))["status"])
    except (OSError, ValueError, KeyError, TypeError):
        return "damaged"


@contextmanager
def terminable() -> Iterator[None]:
    """Treat SIGTERM like Ctrl-C while a run is under way."""

    def stop(_signal: int, _frame: Any) -> None:
        raise KeyboardInterrupt

    try:
        before = signal.signal(signal.SIGTERM, stop)
    except ValueError:  # not the main thread: whoever owns the signals decides
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
