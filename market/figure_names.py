"""Names of key figures before there is a run: what each group may give, as patterns.

A pattern is a name in which a placeholder stands for a kind of unit, a role and the like:
``{plant}_delivered_mwh`` stands for ``pv_delivered_mwh``, ``wind_delivered_mwh`` and so on.
Most placeholders stand for known words only, so that a misspelt name fits no pattern.
"""

import re
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from itertools import product
from typing import TypeVar

from market.ledger import COUNTERPARTIES
from market.registry import Registry
from market.run_files import CAUSES
from market.storage_service.rules import MODES

PLANTS = ("pv", "wind", "hydro", "csp", "thermal")
BUYERS = ("data_center", "load")

FILLERS: dict[str, tuple[str, ...]] = {
    "plant": PLANTS,
    "seller": (*PLANTS, "storage", "external"),
    "buyer": ("storage", *BUYERS, "external"),
    "kind": (*PLANTS, "storage", *BUYERS, "external"),
    "role": (*PLANTS, "storage", *BUYERS, "external", "portfolio"),
    "account": COUNTERPARTIES,
    "cause": CAUSES,
    "mode": MODES,
}
"""Placeholders, and the words that each stands for."""
OPEN = ("zone", "owner", "unit", "station")
"""Placeholders that stand for any name of the scenario."""

T = TypeVar("T")
_PLACEHOLDER = re.compile(r"\{(\w*)\}")


def names_of(pattern: str) -> list[str]:
    """Return all names a pattern stands for; names of the scenario remain placeholders.

    >>> names_of("curtailed_{cause}_mwh")[:2]
    ['curtailed_economic_mwh', 'curtailed_network_mwh']
    """
    parts = _PLACEHOLDER.split(pattern)
    choices = [(part,) if i % 2 == 0 else _words(part) for i, part in enumerate(parts)]
    return ["".join(words) for words in product(*choices)]


def fits(pattern: str, name: str) -> bool:
    """Tell whether a pattern stands for a name.

    >>> fits("{role}_net_amount", "wind_net_amount"), fits("{role}_net_amount", "win_net_amount")
    (True, False)
    """
    parts = _PLACEHOLDER.split(pattern)
    texts = [re.escape(part) if i % 2 == 0 else _regex(part) for i, part in enumerate(parts)]
    return re.fullmatch("".join(texts), name) is not None


def _words(placeholder: str) -> tuple[str, ...]:
    if placeholder in OPEN:
        return (f"{{{placeholder}}}",)
    if placeholder not in FILLERS:
        known = ", ".join([*FILLERS, *OPEN])
        raise ValueError(f"unknown placeholder {{{placeholder}}} in a name; known: {known}")
    return FILLERS[placeholder]


def _regex(placeholder: str) -> str:
    if placeholder in OPEN:
        return r"[^{}@]+"
    return f"(?:{'|'.join(map(re.escape, _words(placeholder)))})"


class FigureGroups(Registry[T]):
    """Groups of key figures by name, each with the names of the figures it may give."""

    def __init__(self, package: str, noun: str) -> None:
        super().__init__(package, noun)
        self._patterns: dict[str, str] = {}

    def register(self, name: str, *figures: str) -> Callable[[T], T]:
        """Declare the decorated group under `name`, with the patterns of its figures' names."""
        for pattern in figures:
            names_of(pattern)  # refuses unknown placeholders
            if self._patterns.setdefault(pattern, name) != name:
                raise ValueError(f"two groups of key figures give {pattern!r}")
        return super().register(name)

    def patterns(self) -> dict[str, str]:
        """Return all patterns, and the group of each."""
        self._scan()
        return dict(self._patterns)

    def known(self, figure: str) -> bool:
        """Tell whether some group may give a figure of this name."""
        return any(fits(pattern, figure) for pattern in self.patterns())

    def all_names(self) -> list[str]:
        """Return the names of all figures that the groups may give."""
        return [name for pattern in self.patterns() for name in names_of(pattern)]


def nearest_name(word: str, names: Iterable[str]) -> str:
    """Return the hint that names the nearest of `names`, or nothing.

    >>> nearest_name("mean_pric", ["mean_price", "min_price"])
    ' (did you mean "mean_price"?)'
    """
    close = get_close_matches(word, list(names), 1)
    return f' (did you mean "{close[0]}"?)' if close else ""
