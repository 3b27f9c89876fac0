"""A small synthetic experiment directory, as a finished experiment leaves one."""

import json
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from scenarios.experiments.arms import Arm, Outcome
from scenarios.experiments.designs import unit_points
from scenarios.experiments.tables import write_tables

METRICS = {
    "curtailment_wind_solar_pct": ("%", "Curtailed for the system's reasons: pv and wind", 10.0),
    "mean_price": ("CNY/MWh", "Clearing price weighted by traded energy", 200.0),
    "welfare_amount": ("CNY", "Buyer, seller and operator surplus", 6e8),
    "efficiency": ("", "Welfare of the market, of that of the planner", 0.9),
    "sold_energy_hhi@before": ("points", "Herfindahl-Hirschman index of sold energy", 2000.0),
}
ROLES = ("load", "pv", "storage", "grid")
SAMPLED = ("lhs", "sobol", "morris")


@dataclass
class FakeExperiment:
    """What the experiment is to contain."""

    factors: dict = field(default_factory=lambda: {"mechanism": ["uniform", "pay-as-bid"]})
    design: str = "full"
    seeds: int = 4
    samples: int = 24
    metrics: tuple = tuple(METRICS)
    failed: tuple = ()  # arms without a finished run
    undefined: tuple = ()  # (arm, metric) without a value
    name: str = "fake"

    @property
    def sampled(self):
        return self.design in SAMPLED

    def arms(self):
        """Names of the arms with their levels."""
        if self.sampled:
            return self._samples()
        levels = self._levels()
        if len(self.factors) == 1:
            return {str(row[0]): dict(zip(self.factors, row, strict=True)) for row in levels}
        names = [
            ", ".join(f"{factor}={level}" for factor, level in zip(self.factors, row, strict=True))
            for row in levels
        ]
        return {
            name: dict(zip(self.factors, row, strict=True))
            for name, row in zip(names, levels, strict=True)
        }

    def _levels(self):
        everything = list(product(*self.factors.values()))
        if self.design != "one-at-a-time":
            return everything
        first = everything[0]
        return [
            row for row in everything if sum(a != b for a, b in zip(row, first, strict=True)) < 2
        ]

    def _samples(self):
        points = unit_points(self.design, len(self.factors), self.samples)
        return {
            f"sample-{row + 1:03d}": {
                name: low + (high - low) * share
                for share, (name, (low, high)) in zip(point, self.factors.items(), strict=True)
            }
            for row, point in enumerate(points)
        }


def write_experiment(path: Path, fake: FakeExperiment) -> Path:
    """Write the experiment directory and return its path."""
    path.mkdir(parents=True, exist_ok=True)
    arms = [Arm(name, "tutorial", levels, {}) for name, levels in fake.arms().items()]
    loaded = SimpleNamespace(
        design=fake.design,
        baseline=None if fake.sampled else arms[0].name,
        arms=arms,
        seeds=tuple(range(1, fake.seeds + 1)),
        metrics=fake.metrics,
    )
    write_tables(loaded, outcomes(fake), path)
    (path / "experiment.json").write_text(json.dumps(experiment_json(fake)))
    return path


def experiment_json(fake):
    arms = fake.arms()
    kind = "range" if fake.sampled else "levels"
    return {
        "status": "finished",
        "name": fake.name,
        "question": "Which rule is best?",
        "description": "",
        "design": fake.design,
        "baseline": None if fake.sampled else next(iter(arms)),
        "seeds": list(range(1, fake.seeds + 1)),
        "metrics": [
            {"name": name, "unit": METRICS[name][0], "meaning": METRICS[name][1]}
            for name in fake.metrics
        ],
        "factors": [
            {"name": name, "key": f"market.{name}", kind: levels}
            for name, levels in fake.factors.items()
        ],
        "arms": [
            {"name": name, "base": "tutorial", "levels": levels, "values": {}}
            for name, levels in arms.items()
        ],
        "currency": "CNY",
        "periods": [],
        "caveats": [],
        "text": "[experiment]",
        "runs": {
            "total": len(arms) * fake.seeds,
            "finished": (len(arms) - len(fake.failed)) * fake.seeds,
            "failed": len(fake.failed) * fake.seeds,
        },
        "versions": {},
        "started": "2026-01-01T00:00:00+00:00",
        "ended": "2026-01-01T00:00:01+00:00",
        "jobs": 1,
        "scheduler": None,
        "table_hash": "0",
    }


def position(levels, factor, fake):
    """A number between 0 and 1 for a level."""
    known = fake.factors[factor]
    if fake.sampled:
        return (levels[factor] - known[0]) / (known[1] - known[0])
    return known.index(levels[factor]) / max(1, len(known) - 1)


def effect(levels, fake, metric):
    """Relative change of a metric in an arm, the first factor being the strongest."""
    places = [position(levels, factor, fake) for factor in fake.factors]
    sign = -1 if metric.startswith("curtail") else 1
    parts = [(-0.5) ** order * place for order, place in enumerate(places)]
    return sign * (0.1 * sum(parts) + 0.05 * np.prod(places))


def outcomes(fake):
    """What every run gave: a common part by seed, a part of its own, and the effect of its arm."""
    rng = np.random.default_rng(7)
    common = rng.normal(0, 0.05, (fake.seeds, len(fake.metrics)))
    luck = rng.normal(0, 2e5, (fake.seeds, len(ROLES)))
    found = {}
    for order, (arm, levels) in enumerate(fake.arms().items()):
        for seed in range(fake.seeds):
            own = rng.normal(0, 0.01, len(fake.metrics))
            figures = {
                metric: (base(metric) * (1 + effect(levels, fake, metric) + noise), *about(metric))
                for metric, noise in zip(fake.metrics, common[seed] + own, strict=True)
                if (arm, metric) not in fake.undefined
            }
            shift = 1e6 * order * (-0.8) ** np.arange(len(ROLES)) + rng.normal(0, 5e4, len(ROLES))
            found[arm, seed + 1] = (
                Outcome("key", "failed", "price_cap below price_floor")
                if arm in fake.failed
                else Outcome("key", "finished", None, "0", figures, benefits(luck[seed] + shift))
            )
    return found


def base(metric):
    return METRICS[metric][2]


def about(metric):
    return METRICS[metric][:2]


def benefits(amounts):
    """Net benefits of four roles; the government's are what they are in every arm."""
    rows = [
        (f"{role} owner", role, 1e7, 1e5, round(amount, 2), round(1e7 - 1e5 + amount, 2))
        for role, amount in zip(ROLES, amounts, strict=True)
    ]
    return (*rows, ("government", "government", 0.0, 0.0, -5.0, -5.0))
