"""experiment.json: what was asked, of which arms, and how far it has come."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time
from math import isfinite
from typing import Any

from scenarios.experiments.arms import Arm, Outcome
from scenarios.experiments.designs import VARIANT
from scenarios.experiments.loader import LoadedExperiment
from scenarios.experiments.schema import Factor, NamedLevel
from scenarios.runs import versions


def asked(loaded: LoadedExperiment, jobs: int, scheduler: str | None) -> dict[str, Any]:
    """Return what is known of an experiment before its first run."""
    header = loaded.file.experiment
    return {
        "name": loaded.name,
        "question": header.question,
        "description": header.description,
        "design": loaded.design,
        "baseline": loaded.baseline,
        "currency": next(arm.currency for arm in loaded.scenarios.values()),
        "seeds": list(loaded.seeds),
        "metrics": [_metric(name, {}) for name in loaded.metrics],
        "factors": list(_factors(loaded)),
        "arms": [_arm(arm) for arm in loaded.arms],
        "periods": [{"name": n, "start": s, "end": e} for n, s, e in loaded.periods],
        "caveats": list(header.caveats),
        "text": loaded.text,
        "runs": {"total": len(loaded.arms) * len(loaded.seeds), "finished": 0, "failed": 0},
        "versions": versions(),
        "jobs": jobs,
        "scheduler": scheduler,
        "started": _now(),
        "ended": None,
        "table_hash": None,
    }


def answered(
    loaded: LoadedExperiment, outcomes: Mapping[tuple[str, int], Outcome]
) -> dict[str, Any]:
    """Return what is only known when all runs are there: units, meanings, how many failed."""
    known: dict[str, tuple[float, str, str]] = {}
    for outcome in outcomes.values():
        known |= outcome.figures or {}
    total = len(outcomes)
    failed = sum(outcome.status == "failed" for outcome in outcomes.values())
    return {
        "metrics": [_metric(name, known) for name in loaded.metrics],
        "runs": {"total": total, "finished": total - failed, "failed": failed},
    }


def ended(status: str) -> dict[str, Any]:
    """Return how an experiment ended, and when."""
    return {"status": status, "ended": _now()}


def _metric(name: str, known: Mapping[str, tuple[float, str, str]]) -> dict[str, str]:
    _, unit, meaning = known.get(name, (0.0, "", ""))
    return {"name": name, "unit": unit, "meaning": meaning}


def _factors(loaded: LoadedExperiment) -> Iterator[dict[str, Any]]:
    for factor in loaded.file.factor:
        yield {"name": factor.name, "keys": list(factor.targets), **_choices(factor)}
    if loaded.file.variant:
        yield {"name": VARIANT, "keys": [], "levels": [one.name for one in loaded.file.variant]}


def _choices(factor: Factor) -> dict[str, Any]:
    if factor.range is not None:
        return {"range": list(factor.range), "scale": factor.scale, "whole": factor.whole}
    levels = factor.levels or ()
    return {"levels": [one.label if isinstance(one, NamedLevel) else one for one in levels]}


def _arm(arm: Arm) -> dict[str, Any]:
    return {
        "name": arm.name,
        "base": arm.base,
        "levels": dict(arm.levels),
        "values": _plain(arm.values),
    }


def _plain(value: Any) -> Any:
    """Return a TOML value as JSON can say it: times and what is not finite as text."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return str(value) if isinstance(value, float) and not isfinite(value) else value


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
