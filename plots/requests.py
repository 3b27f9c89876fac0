"""Which figures are asked for: their names, options and files."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from inspect import signature
from typing import TYPE_CHECKING

from market import ExperimentResults, InputError, Registry
from plots.registry import Figure, experiment_figures, figures

if TYPE_CHECKING:
    from market import Results

ALL = "all"
"""Stands for every figure that makes sense, or for every metric."""


PAIR = "pair"
"""Option of figures of two metrics."""


@dataclass(frozen=True, slots=True)
class Request:
    """One figure that is asked for.

    Attributes
    ----------
    kind : str
    stem : str
        Name of its file, without the ending.
    options : mapping
    by_name : bool
        Whether it was asked for by its name; if not, it is left out where it would be empty.
    """

    kind: str
    stem: str
    options: Mapping[str, object]
    by_name: bool


def registry_of(results: "Results | ExperimentResults") -> Registry[Figure]:
    """Return the figures there are of a run, or of an experiment."""
    return experiment_figures if isinstance(results, ExperimentResults) else figures


def options_of(results: "Results | ExperimentResults", kind: str) -> set[str]:
    """Return the names of the options of a figure."""
    drawing = registry_of(results).get(kind)
    return set(signature(drawing).parameters) - {"results", "ax"}


def requests(
    results: "Results | ExperimentResults", names: Iterable[str], options: Mapping[str, object]
) -> list[Request]:
    """Return a request for each figure and metric; options go to the figures that have them."""
    known = registry_of(results).names()
    kinds = [(kind, name != ALL) for name in names for kind in (known if name == ALL else [name])]
    taken = {kind: {"width", *options_of(results, kind)} for kind, _ in kinds}
    for known_options in taken.values():
        known_options |= {"metric"} if PAIR in known_options else set()
    for name in options.keys() - set().union(*taken.values()):
        raise InputError(f"none of the figures asked for has an option {name!r}")
    found = []
    for kind, by_name in kinds:
        mine = {name: options[name] for name in options.keys() & taken[kind]}
        for stem, own in _by_metric(results, kind, mine):
            found.append(Request(kind, stem, own, by_name))
    return found


def _by_metric(
    results: "Results | ExperimentResults", kind: str, options: dict[str, object]
) -> Iterator[tuple[str, dict[str, object]]]:
    """Yield a file name and options for each metric asked for; figures of two take two."""
    asked = options.pop("metric", None)
    if asked is None or not isinstance(results, ExperimentResults):
        yield kind, options
        return
    names = [asked] if isinstance(asked, str) else list(asked)  # type: ignore[call-overload]
    names = results.metrics if ALL in names else names
    if "metric" in options_of(results, kind):
        for name in names:
            yield f"{kind}-{name}", options | {"metric": name}
    else:
        yield kind, {PAIR: names[:2]} | options
