"""Files that lie under a scenario: the one it extends, and its rule set.

What a scenario writes itself wins over what it extends, and both win over the rule set. The
result stands by itself: it names neither of them any more.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from market import InputError
from scenarios.bundled import find_rules, find_scenario
from scenarios.problems import ABSENT, Loc, Source, at, listed
from scenarios.rule_changes import FIXED, flat
from scenarios.schema_market import EnergyMarket
from scenarios.schema_service import Rights, StorageService
from scenarios.series_file import find_file
from scenarios.toml_text import read_toml

Table = dict[str, Any]
EXTENDS, RULES, RIGHTS = ("scenario", "extends"), ("market", "rules"), ("market", "rights")
IN_RULES = ("description", "market", "fees")
NOT_PARAMETERS = {
    name for model in (EnergyMarket, StorageService, Rights) for name in model.model_fields
}


@dataclass(frozen=True, slots=True)
class Folders:
    """Where files are looked for.

    Attributes
    ----------
    base : Path
        Directory of the scenario file.
    data : Path or None
        Directory of data files that is looked into first.
    """

    base: Path
    data: Path | None


def extended(source: Source, folders: Folders, chain: tuple[Path, ...] = ()) -> Source:
    """Return a scenario on top of the one it extends, and that on top of its own, and so on.

    Parameters
    ----------
    source : Source
    folders : Folders
    chain : tuple of Path
        The file itself and those that extend it, to find circles.
    """
    name = at(source.raw, EXTENDS)
    if not (isinstance(name, str) and name):
        return source
    with _told(source, EXTENDS):
        file = find_scenario(name, folders.base)
        if file.resolve() in chain:
            names = listed(path.name for path in (*chain, file))
            raise InputError(f"goes round in a circle: {names}")
    here = Folders(file.parent, folders.data)
    below = extended(Source(str(file), read_toml(file)), here, (*chain, file.resolve()))
    below = replace(below, raw=moved(below.raw, here, folders))
    return _on_top(replace(source, raw=_without(source.raw, EXTENDS)), below)


def with_rules(source: Source, folders: Folders) -> Source:
    """Return a scenario on top of its rule set; dated rule sets become dated changes."""
    own = source.raw
    name = at(own, RULES)
    if isinstance(name, str) and name:
        below = _rule_set(source, RULES, name, folders.base)
        source = _on_top(replace(source, raw=_without(own, RULES)), below)
        if not own.get("tenant") and at(own, RIGHTS) is ABSENT:
            # Where nobody bids, a rule set holds no auction of rights.
            source = replace(source, raw=_without(source.raw, RIGHTS))
    for place in _dated_rules(source.raw):
        source = _dated(source, place, own, folders)
    return source


@contextmanager
def _told(source: Source, loc: Loc) -> Iterator[None]:
    """Say in which file and at which key stands what turns out wrong."""
    try:
        yield
    except InputError as error:
        raise InputError(source.sentence(loc, text) for text in error.problems) from None


def _rule_set(source: Source, loc: Loc, name: str, base: Path) -> Source:
    """Return the rule set that is named at a place, relative to the file the name stands in."""
    with _told(source, loc):
        file = find_rules(name, source.folder(loc) or base)
    raw = read_toml(file)
    wrong = [key for key in raw if key not in IN_RULES]
    if wrong or at(raw, RULES) is not ABSENT:
        key = wrong[0] if wrong else ".".join(RULES)
        raise InputError(f"{file}: {key}: a rule set holds {listed(IN_RULES)}, no rules of others")
    return Source(str(file), {key: raw[key] for key in raw if key != "description"})


def _on_top(source: Source, below: Source) -> Source:
    """Return both as one; keys of the upper one win."""
    through = _through(source.raw, below.raw)
    layers = dict(source.layers)
    for place in _inherited(source.raw, through):
        layers[place] = below.layer(place) or below.label
        layers |= {loc: file for loc, file in below.layers.items() if _is_below(loc, place)}
    return replace(source, raw=_joined(source.raw, through), layers=layers)


def _is_below(loc: Loc, place: Loc) -> bool:
    return len(loc) > len(place) and loc[: len(place)] == place


def _through(upper: Mapping[str, Any], lower: Mapping[str, Any]) -> Table:
    """Return what of the lower table is seen through the upper one.

    >>> _through({"a": {"b": 1}}, {"a": {"b": 2, "c": 3}, "d": 4})
    {'a': {'c': 3}, 'd': 4}
    """
    if "mechanism" in upper and upper["mechanism"] != lower.get("mechanism"):
        # Parameters belong to the mechanism that the upper table does away with.
        lower = {key: value for key, value in lower.items() if key in NOT_PARAMETERS}
    seen: Table = {}
    for key, value in lower.items():
        if key not in upper:
            seen[key] = value
        elif isinstance(value, dict) and isinstance(upper[key], dict):
            seen[key] = _through(upper[key], value)
    return seen


def _inherited(upper: Mapping[str, Any], through: Table, above: Loc = ()) -> Iterator[Loc]:
    """Yield the places that the upper table does not have at all."""
    for key, value in through.items():
        if key in upper:
            yield from _inherited(upper[key], value, (*above, key))
        else:
            yield (*above, key)


def _joined(upper: Mapping[str, Any], through: Table) -> Table:
    result = dict(upper)
    for key, value in through.items():
        result[key] = _joined(upper[key], value) if key in upper else value
    return result


def _without(raw: Mapping[str, Any], loc: tuple[str, str]) -> Table:
    """Return a table less one key of one of its tables."""
    section, name = loc
    table = {key: value for key, value in raw.get(section, {}).items() if key != name}
    return {**raw, section: table}


def moved(value: Any, folders: Folders, to: Folders) -> Any:
    """Return a value whose relative data files are found from another directory too."""
    if isinstance(value, list):
        return [moved(item, folders, to) for item in value]
    if not isinstance(value, dict):
        return value
    table = {key: moved(item, folders, to) for key, item in value.items()}
    if isinstance(value.get("file"), str):
        table["file"] = _moved_file(value["file"], folders, to)
    return table


def _moved_file(file: str, folders: Folders, to: Folders) -> str:
    """Return a data file's path from another directory, unless --data has the file anyway."""
    if Path(file).is_absolute() or folders.base.resolve() == to.base.resolve():
        return file
    by_option = folders.data is not None and _is_there(file, folders.data)
    if by_option or not _is_there(file, folders.base):
        return file
    return os.path.relpath(folders.base / file, to.base)


def _is_there(file: str, folder: Path) -> bool:
    try:
        find_file(file, folder, None)
    except InputError:
        return False
    return True


def _dated_rules(raw: Mapping[str, Any]) -> list[Loc]:
    events = raw.get("event")
    return [
        ("event", index, "set")
        for index, event in enumerate(events if isinstance(events, list) else ())
        if isinstance(event, dict)
        and isinstance(event.get("set"), dict)
        and isinstance(flat(event["set"]).get(".".join(RULES)), str)
    ]


def _dated(source: Source, place: Loc, own: Mapping[str, Any], folders: Folders) -> Source:
    """Return a scenario in which the rule set of an event is spelled out.

    Keys that the scenario or the event writes itself win; those that hold for the whole run stay.
    """
    written = flat(at(source.raw, place))
    name = written.pop(".".join(RULES))
    below = _rule_set(source, (*place, ".".join(RULES)), name, folders.base)
    seen = flat(_through(_with_dotted(own, written), below.raw))
    rights = ".".join(RIGHTS)
    keys = {
        key: value
        for key, value in seen.items()
        if key not in FIXED and not key.startswith(f"{rights}.")
    }
    if not {**keys, **written}:
        with _told(source, (*place, ".".join(RULES))):
            raise InputError("changes nothing: the scenario writes all keys of this set itself")
    events = list(source.raw["event"])
    events[int(place[1])] = {**events[int(place[1])], "set": {**keys, **written}}
    layers = {**source.layers, **{(*place, key): below.label for key in keys}}
    return replace(source, raw={**source.raw, "event": events}, layers=layers)


def _with_dotted(table: Mapping[str, Any], written: Mapping[str, Any]) -> Table:
    """Return a table with values at dotted keys put in.

    >>> _with_dotted({"a": {"b": 1}}, {"a.c": 2})
    {'a': {'b': 1, 'c': 2}}
    """
    result = dict(table)
    for key, value in written.items():
        head, _, rest = key.partition(".")
        below = result.get(head)
        inner = below if isinstance(below, dict) else {}
        result[head] = _with_dotted(inner, {rest: value}) if rest else value
    return result
