"""What there is: names of mechanisms, strategies, scenarios, rules, experiments, figures."""

import tomllib
from collections.abc import Iterator
from typing import Any

from agents import strategies
from market import InputError, key_figures, mechanisms
from scenarios.bundled import bundled, bundled_experiments, bundled_rules

WHAT = ("mechanisms", "strategies", "scenarios", "rules", "experiments", "plots", "kpis")


def catalogue(what: str) -> list[tuple[str, str]]:
    """Return names with a line each."""
    if what == "mechanisms":
        return list(mechanisms.describe())
    if what == "strategies":
        return list(strategies.describe())
    if what == "scenarios":
        return list(_scenarios())
    if what == "rules":
        return list(_rules())
    if what == "experiments":
        return list(_experiments())
    if what == "plots":
        from plots import experiment_figures, figures

        ofs = [(name, f"of experiments: {line}") for name, line in experiment_figures.describe()]
        return [*figures.describe(), *ofs]
    if what == "kpis":
        return list(key_figures.describe())
    raise InputError(f"list {what!r}: unknown; accepted: {', '.join(WHAT)}")


def _scenarios() -> Iterator[tuple[str, str]]:
    for name, path in bundled().items():
        yield name, _line(tomllib.loads(path.read_text(encoding="utf-8"))["scenario"])


def _rules() -> Iterator[tuple[str, str]]:
    for name, path in bundled_rules().items():
        yield name, _line(tomllib.loads(path.read_text(encoding="utf-8")))


def _experiments() -> Iterator[tuple[str, str]]:
    for name, path in bundled_experiments().items():
        yield name, _line(tomllib.loads(path.read_text(encoding="utf-8"))["experiment"], "question")


def _line(table: dict[str, Any], key: str = "description") -> str:
    return " ".join(str(table.get(key, "")).split())
