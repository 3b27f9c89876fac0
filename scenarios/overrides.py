"""`--set KEY=VALUE`: changes of single keys before anything is checked."""

import re
from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

from market import InputError
from scenarios.problems import Loc, Toml, listed, nearest
from scenarios.toml_text import parse_value

PART = re.compile(r'"([^"]*)"|([^."]+)')
PATH = re.compile(r'("[^"]*"|[^."]+)(\.("[^"]*"|[^."]+))*')


class NotThereError(Exception):
    """An override addresses something that is not in the file."""


Override = str | tuple[str, object]
"""A change of one key: ``KEY=VALUE`` as typed, or a key and its value."""


def apply_overrides(
    raw: dict[str, Toml], options: Sequence[Override]
) -> tuple[dict[Loc, str], list[str]]:
    """Change `raw` in place by ``a.b.c=VALUE`` options, in their order.

    Entries of a list are addressed by their name or by their position from 0:
    ``storage.battery-1.power_mw=50``, ``storage.0.power_mw=50``.

    Returns
    -------
    dict of Loc to str, list of str
        The option that set each place, and the problems found.
    """
    places: dict[Loc, str] = {}
    problems: list[str] = []
    for option in options:
        shown = f"--set {option}" if isinstance(option, str) else f"set {option[0]}"
        try:
            key, value = _pair(option)
            place = _set(raw, _parts(key), value)
            places[place] = shown
            _replace_other_length(raw, place, places)
        except NotThereError as error:
            problems.append(f"{shown}: {error}")
    return places, problems


def _pair(option: Override) -> tuple[str, object]:
    if not isinstance(option, str):
        return option[0].strip(), deepcopy(option[1])  # arms share values, files do not
    key, equals, value = option.partition("=")
    if not equals:
        raise NotThereError("accepted: KEY=VALUE, like market.energy.price_cap=1500")
    return key.strip(), parse_value(value.strip())


def key_of(option: Override) -> str:
    """Return the key that an override changes."""
    return (option.partition("=")[0] if isinstance(option, str) else option[0]).strip()


def _replace_other_length(raw: Toml, place: Loc, places: Mapping[Loc, str]) -> None:
    """Let a new length of the run take the place of the one in the file, however it was given."""
    lengths: tuple[Loc, Loc] = ("time", "days"), ("time", "end")
    if place in lengths and not set(lengths) <= set(places):
        raw["time"].pop("end" if place == lengths[0] else "days", None)


def named_values(options: Sequence[str]) -> dict[str, Any]:
    """Return plain ``KEY=VALUE`` options as a dictionary; `InputError` lists what is wrong.

    >>> named_values(["k=0.5", "variant=lottery"])
    {'k': 0.5, 'variant': 'lottery'}
    """
    pairs = [option.partition("=") for option in options]
    problems = [
        f"--param {option}: accepted: KEY=VALUE, like posted_price=250."
        for option, (key, equals, value) in zip(options, pairs, strict=True)
        if not (key.strip() and equals and value.strip())
    ]
    names = [key.strip() for key, _, _ in pairs]
    problems += [
        f"--param {name}: is given {names.count(name)} times; leave one."
        for name in dict.fromkeys(names)
        if name and names.count(name) > 1
    ]
    if problems:
        raise InputError(problems)
    return {key.strip(): parse_value(value.strip()) for key, _, value in pairs}


def _parts(key: str) -> list[str]:
    if not PATH.fullmatch(key):
        raise NotThereError(f'the key "{key}" is not a dotted path, like market.energy.price_cap')
    return [quoted or bare for quoted, bare in PART.findall(key)]


def _set(raw: Toml, parts: list[str], value: object) -> Loc:
    loc: list[str | int] = []
    step: Any
    while parts:
        if isinstance(raw, list):
            step, parts = _entry(raw, parts, loc)
        elif isinstance(raw, dict):
            step, parts = parts[0], parts[1:]
        else:
            above = ".".join(map(str, loc))
            raise NotThereError(f'"{above}" is a single value, so it has no "{parts[0]}"')
        loc.append(step)
        if not parts:
            raw[step] = value
            return tuple(loc)
        raw = raw[step] if isinstance(raw, list) else raw.setdefault(step, {})
    return tuple(loc)


def _entry(
    entries: list[Toml], parts: list[str], loc: Sequence[str | int]
) -> tuple[int, list[str]]:
    names = [entry.get("name") if isinstance(entry, dict) else None for entry in entries]
    # A name may contain dots, so the longest match counts.
    for length in range(len(parts), 0, -1):
        name = ".".join(parts[:length])
        if name in names:
            return names.index(name), parts[length:]
    if parts[0].isdecimal() and len(parts[0]) < 9 and int(parts[0]) < len(entries):
        return int(parts[0]), parts[1:]
    known = [str(name) for name in names if name is not None]
    section = ".".join(map(str, loc))
    hint = nearest(parts[0], known)
    raise NotThereError(f'no {section} entry is named "{parts[0]}"{hint}; known: {listed(known)}')
