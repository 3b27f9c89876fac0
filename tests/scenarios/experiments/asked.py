"""Small experiments that never ran: arms, and outcomes by formula."""

import json
from dataclasses import dataclass
from itertools import product

import numpy as np

from market import stream
from scenarios.experiments.arms import Arm, Outcome
from scenarios.experiments.designs import said, unit_points
from scenarios.experiments.tables import write_tables

METRICS = ("mean_price", "welfare_amount", "efficiency")
UNITS = {"mean_price": "CNY/MWh", "welfare_amount": "CNY", "efficiency": ""}


@dataclass(frozen=True)
class Asked:
    """What the tables need of a loaded experiment."""

    design: str
    arms: tuple
    seeds: tuple
    metrics: tuple = METRICS
    baseline: str | None = None


def full(seeds=4, **factors):
    """A full factorial experiment with these levels; the first arm is the baseline."""
    arms = []
    for levels in product(*factors.values()):
        label = dict(zip(factors, levels, strict=True))
        texts = [f"{name}={said(level)}" for name, level in label.items()]
        name = ", ".join(texts) if len(texts) > 1 else said(levels[0])
        arms.append(Arm(name, "tutorial", label, {}))
    return Asked("full", tuple(arms), tuple(range(1, seeds + 1)), baseline=arms[0].name)


def sampled(design, samples, seeds=2, factors=("a", "b", "c")):
    """A sampled experiment over ranges from 0 to 10."""
    arms = tuple(
        Arm(f"sample-{place:03d}", "tutorial", dict(zip(factors, map(ten, point), strict=True)), {})
        for place, point in enumerate(unit_points(design, len(factors), samples), 1)
    )
    return Asked(design, arms, tuple(range(1, seeds + 1)), baseline=arms[0].name)


def ten(share):
    return 10 * share


def outcomes(asked, value, failed=()):
    """An outcome per run: `value(levels, seed)` is the price, and follows all else."""
    found = {}
    for arm, seed in product(asked.arms, asked.seeds):
        key = f"{arm.name}-{seed}"
        if (arm.name, seed) in failed:
            found[arm.name, seed] = Outcome(key, "failed", reason="no wind; no sun")
            continue
        price = value(arm.levels, seed)
        figures = {
            "mean_price": (price, "CNY/MWh", "Price"),
            "welfare_amount": (1e6 * price, "CNY", "Welfare"),
            "not_asked": (1.0, "", "Not asked for"),
        }
        gains = tuple(
            (account, role, part * price, 10.0, part * price / 2, round(part * price * 1.5 - 10, 2))
            for account, role, part in (("w1", "wind", 1), ("w2", "wind", 2), ("city", "load", -1))
        )
        found[arm.name, seed] = Outcome(key, "finished", None, "0", figures, gains, 1.5)
    return found


def luck(seed, *names):
    return float(stream(seed, *names).normal())


def finished(asked, results, directory):
    """A finished experiment's directory."""
    directory.mkdir(exist_ok=True)
    digest = write_tables(asked, results, directory)
    failed = sum(run.status == "failed" for run in results.values())
    content = {
        "name": "asked",
        "question": "Which [rule] is best?",
        "design": asked.design,
        "status": "finished",
        "baseline": asked.baseline,
        "seeds": list(asked.seeds),
        "arms": [{"name": arm.name, "levels": dict(arm.levels)} for arm in asked.arms],
        "factors": [{"name": name} for name in asked.arms[0].levels],
        "metrics": [
            {"name": name, "unit": UNITS[name], "meaning": f"What {name} is"}
            for name in asked.metrics
        ],
        "runs": {"total": len(results), "finished": len(results) - failed, "failed": failed},
        "caveats": ["One week is not a year."],
        "table_hash": digest,
    }
    (directory / "experiment.json").write_text(json.dumps(content), encoding="utf-8")
    return directory


def cells(asked, values):
    """Values by level of each factor and seed."""
    shape = [len({arm.levels[name] for arm in asked.arms}) for name in asked.arms[0].levels]
    return np.array(values).reshape(*shape, len(asked.seeds))
