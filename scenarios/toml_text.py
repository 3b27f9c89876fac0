"""Reads TOML, and writes the resolved scenario back as TOML."""

import json
import math
import re
import tomllib
from collections.abc import Mapping
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from market import InputError

BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def read_toml(path: Path) -> dict[str, Any]:
    """Return the content of a TOML file; `InputError` says why it cannot be read."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: byte {error.start} is not UTF-8 text") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read: {_reason(error)}") from None
    return parse_toml(text.replace("\r\n", "\n"), str(path))


def parse_toml(text: str, label: str) -> dict[str, Any]:
    """Return the content of TOML text; `label` names it in messages."""
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise InputError(f"{label}: tables or lists are nested too deeply") from None
    except ValueError as error:
        raise InputError(f"{label}: is not valid TOML: {error}") from None


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)


def parse_value(text: str) -> object:
    """Return a value typed on the command line: TOML where it is, else the text itself.

    >>> parse_value("50"), parse_value("[1, 2]"), parse_value("single")
    (50, [1, 2], 'single')
    """
    try:
        parsed = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):
        return text
    return parsed["value"] if set(parsed) == {"value"} else text


def write_toml(table: Mapping[str, Any]) -> str:
    """Return a table as TOML text that reads back as the same table.

    >>> print(write_toml({"a": {"b": 1.5}, "c": [{"d": True}]}), end="")
    [a]
    b = 1.5
    <BLANKLINE>
    [[c]]
    d = true
    """
    lines: list[str] = []
    _table(lines, table, ())
    return "\n".join(lines).strip("\n") + "\n"


def _table(lines: list[str], table: Mapping[str, Any], path: tuple[str, ...]) -> None:
    below = {key: value for key, value in table.items() if _has_header(value, path)}
    lines += [f"{_key(key)} = {_value(value)}" for key, value in table.items() if key not in below]
    for key, value in below.items():
        header = ".".join(_key(part) for part in (*path, key))
        if isinstance(value, dict):
            lines += ["", f"[{header}]"]
            _table(lines, value, (*path, key))
            continue
        for entry in value:
            lines += ["", f"[[{header}]]"]
            lines += [f"{_key(name)} = {_value(item)}" for name, item in entry.items()]


def _has_header(value: object, path: tuple[str, ...]) -> bool:
    if isinstance(value, dict):
        return len(path) < 2
    return bool(
        not path
        and isinstance(value, list)
        and value
        and all(isinstance(entry, dict) for entry in value)
    )


def _key(key: str) -> str:
    return key if BARE_KEY.fullmatch(key) else _text(key)


def _text(text: str) -> str:
    # JSON escapes are TOML escapes, except that TOML also forbids a bare delete character.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _value(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, dict):
        pairs = (f"{_key(key)} = {_value(item)}" for key, item in value.items())
        return "{ " + ", ".join(pairs) + " }" if value else "{}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    return str(value)


def _float(value: float) -> str:
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    return "nan" if math.isnan(value) else repr(value)
