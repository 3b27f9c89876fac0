"""What there is: names of mechanisms, strategies, scenarios, figures and key figures."""

import tomllib
from collections.abc import Iterator

from agents import strategies
from market import InputError, key_figures, mechanisms
from scenarios.loader import bundled

WHAT = ("mechanisms", "strategies", "scenarios", "plots", "kpis")


def catalogue(what: str) -> list[tuple[str, str]]:
    """Return names with a line each."""
    if what == "mechanisms":
        return list(mechanisms.describe())
    if what == "strategies":
        return list(strategies.describe())
    if what == "scenarios":
        return list(_scenarios())
    if what == "plots":
        from plots import figures

        return list(figures.describe())
    if what == "kpis":
        return list(key_figures.describe())
    raise InputError(f"list {what!r}: unknown; accepted: {', '.join(WHAT)}")


def _scenarios() -> Iterator[tuple[str, str]]:
    for name, path in bundled().items():
        header = tomllib.loads(path.read_text(encoding="utf-8"))["scenario"]
        yield name, " ".join(str(header.get("description", "")).split())
