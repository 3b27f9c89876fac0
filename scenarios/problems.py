"""One sentence per mistake: where it is, what stands there, and what would be accepted."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from difflib import get_close_matches
from pathlib import Path
from typing import Any

Loc = tuple[str | int, ...]
"""Where a value stands: keys and list positions from the top of the file."""

Toml = Any
"""Any value of a TOML file."""

ABSENT: Any = object()
"""Stands for a value that is not in the file."""

LONGEST = 60


class ProblemsError(ValueError):
    """Several mistakes found by one validator, each with its place below the validated value.

    Parameters
    ----------
    found : sequence of (Loc, str)
        Place relative to the validated value, and the sentence without its subject.
    """

    def __init__(self, found: Sequence[tuple[Loc, str]]) -> None:
        self.found = list(found)
        super().__init__("; ".join(text for _, text in self.found))


def raise_if_any(found: Sequence[tuple[Loc, str]]) -> None:
    """Raise `ProblemsError` when something was found."""
    if found:
        raise ProblemsError(found)


@dataclass(frozen=True, slots=True)
class Source:
    """What was read: the name of the file, its content, and which keys were set by hand.

    Attributes
    ----------
    label : str
        File name as shown in messages.
    raw : dict
        The content after overrides.
    overridden : mapping of Loc to str
        Option as typed, by the place it has set.
    layers : mapping of Loc to str
        File that a place comes from, where it lies under the named one.
    """

    label: str
    raw: dict[str, Any]
    overridden: Mapping[Loc, str] = field(default_factory=dict)
    layers: Mapping[Loc, str] = field(default_factory=dict)

    def sentence(self, loc: Loc, text: str) -> str:
        """Return the full sentence for a mistake at `loc`."""
        value = at(self.raw, loc)
        shown = "" if value is ABSENT or isinstance(value, dict | list) else f" = {show(value)}"
        return f"{self._origin(loc)}: {dotted(self.raw, loc)}{shown}: {text}"

    def layer(self, loc: Loc) -> str | None:
        """Return the file under the named one that a place comes from, if it does."""
        above = [place for place in self.layers if loc[: len(place)] == place]
        return self.layers[max(above, key=len)] if above else None

    def folder(self, loc: Loc) -> Path | None:
        """Return the directory of that file."""
        file = None if self._option(loc) else self.layer(loc)
        return None if file is None else Path(file).parent

    def _option(self, loc: Loc) -> str | None:
        found = (text for place, text in self.overridden.items() if loc[: len(place)] == place)
        return next(found, None)

    def _origin(self, loc: Loc) -> str:
        source = self._option(loc) or self.layer(loc)
        return f"{self.label} with {source}" if source else self.label


def at(raw: Toml, loc: Loc) -> Toml:
    """Return what stands at `loc`, or `ABSENT`."""
    for part in loc:
        try:
            raw = raw[part]
        except (KeyError, IndexError, TypeError):
            return ABSENT
    return raw


def dotted(raw: Toml, loc: Loc) -> str:
    """Return a place as people write it.

    >>> dotted({"storage": [{"name": "battery"}]}, ("storage", 0, "power_mw"))
    'storage[0] "battery".power_mw'
    """
    text = ""
    for depth, part in enumerate(loc):
        if isinstance(part, str):
            text += f".{part}" if text else part
            continue
        entry = at(raw, loc[: depth + 1])
        name = entry.get("name") if isinstance(entry, dict) else None
        text += f"[{part}] {show(name)}" if isinstance(name, str) else f"[{part}]"
    return text or "the file"


def show(value: object) -> str:
    """Return a value as it would be typed in the file, shortened.

    >>> show("50 MW"), show(True)
    ('"50 MW"', 'true')
    """
    if isinstance(value, bool):
        text = str(value).lower()
    elif isinstance(value, str):
        text = (
            '"' + value.encode("unicode_escape").decode() + '"' if _hidden(value) else f'"{value}"'
        )
    elif isinstance(value, int):
        text = str(value) if value.bit_length() < 1024 else "a number of hundreds of digits"
    elif isinstance(value, date | datetime | time):
        text = value.isoformat()
    else:
        text = repr(value)
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."


def _hidden(text: str) -> bool:
    return any(not letter.isprintable() for letter in text)


def listed(names: Iterable[str], most: int = 24) -> str:
    """Return names as a list in words, cut after `most` of them."""
    words = list(names)
    cut = f" and {len(words) - most} more" if len(words) > most else ""
    return (", ".join(words[:most]) + cut) or "none"


def nearest(word: str, known: Iterable[str]) -> str:
    """Return the hint that names the nearest known word, or nothing.

    >>> nearest("powr_mw", ["power_mw", "energy_mwh"])
    ' (did you mean "power_mw"?)'
    """
    close = get_close_matches(word, list(known), 1)
    return f' (did you mean "{close[0]}"?)' if close else ""


def unknown(noun: str, word: str, known: Iterable[str]) -> str:
    """Return the sentence for a name that nothing has."""
    names = sorted(known)
    return f"unknown {noun} {show(word)}{nearest(word, names)}; known: {listed(names)}"
