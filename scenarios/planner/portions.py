"""From units to what the planner schedules: like units are one.

Units whose possible schedules are the same up to size are added up. For convex sets that is
exact: if one unit can follow a schedule, one three times its size can follow three times it, and
both together four times; and whatever they can do together can be shared in proportion. Where
outages fall on some of them only, the sum can do a little more than the units: a relaxation.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike

from market import FloatArray
from scenarios.planner.stages import Builder, Unknown

Sizes = Mapping[str, Any]
"""Quantities that add up when units are put together, numbers or arrays of shape (N,), MWh."""


class Form(Protocol):
    """What like units have in common; equal forms are put together."""

    def enter(self, into: "Entry", sizes: Sizes) -> None:
        """Enter units of these sizes, together, into a program."""
        ...


@dataclass(frozen=True, slots=True)
class Portion:
    """One unit, or a station with all its slices.

    Attributes
    ----------
    name, entry : str
        Its own name, and that of the scenario's entry.
    form : Form
    sizes : mapping of str to array
    """

    name: str
    entry: str
    form: Form
    sizes: Sizes


@dataclass(frozen=True, slots=True)
class Group:
    """Units that are scheduled as one.

    Attributes
    ----------
    label : str
    members : tuple of str
        Names of the units.
    form : Form
    sizes : mapping of str to array
        Added up.
    """

    label: str
    members: tuple[str, ...]
    form: Form
    sizes: Sizes


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a group is entered: into which program, balance and name.

    Attributes
    ----------
    builder : Builder
    balance : int
        The sum in which what is delivered equals what is consumed.
    label : str
    single : bool
        The group is one unit.
    """

    builder: Builder
    balance: int
    label: str
    single: bool

    def unknown(self, what: str, low: ArrayLike, high: ArrayLike, **more: Any) -> int:
        """Add an unknown of the group; see `Unknown`."""
        return self.builder.unknown(Unknown(self.label, what, low, high, **more))

    def delivered(self, low: ArrayLike, high: ArrayLike, cost: ArrayLike, **more: Any) -> int:
        """Add energy that the group gives to the zone, at a cost per MWh."""
        place = self.unknown("delivered", low, high, value=-np.asarray(cost, np.float64), **more)
        self.builder.put(self.balance, place, 1.0)
        return place

    def consumed(self, high: ArrayLike, worth: ArrayLike, **more: Any) -> int:
        """Add energy that the group takes from the zone, at a worth per MWh."""
        place = self.unknown("consumed", 0.0, high, value=worth, **more)
        self.builder.put(self.balance, place, -1.0)
        return place


def merged(portions: Iterable[Portion]) -> list[Group]:
    """Return groups of units of the same form, in the order of their first members."""
    alike: dict[Form, list[Portion]] = {}
    for portion in portions:
        alike.setdefault(portion.form, []).append(portion)
    used: set[str] = set()
    return [_group(form, members, used) for form, members in alike.items()]


def _group(form: Form, members: list[Portion], used: set[str]) -> Group:
    names = tuple(member.name for member in members)
    entries = list(dict.fromkeys(member.entry for member in members))
    label = names[0] if len(names) == 1 else " + ".join(entries)
    if label in used or len(entries) > 3:
        label = f"{names[0]} and {len(names) - 1} more" if len(names) > 1 else names[0]
    used.add(label)
    return Group(label, names, form, _added(members))


def _added(members: list[Portion]) -> Sizes:
    total: dict[str, Any] = {
        name: np.array(value, np.float64) for name, value in members[0].sizes.items()
    }
    for member in members[1:]:
        for name, value in member.sizes.items():
            total[name] += value
    return total


def share(part: float, whole: float) -> float:
    """Return a ratio of sizes, rounded so that equal plants of other sizes have the same.

    >>> share(0.1 + 0.2, 3.0) == share(0.1, 1.0)
    True
    """
    return round(float(part) / float(whole), 9) if whole else 0.0


def shape_of(series: FloatArray, size: float) -> bytes:
    """Return a series per unit of size, rounded, as something that can be compared."""
    return np.round(series / size if size else series, 9).tobytes()
