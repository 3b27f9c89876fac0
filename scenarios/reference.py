"""The scenario file described: JSON Schema for editors, tables for the README."""

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from scenarios.schema import Scenario
from scenarios.schema_units import Generator, Unit

Node = Mapping[str, Any]


def schema_json(file: type[BaseModel] = Scenario) -> str:
    """Return the JSON Schema of a scenario file, or of another kind of file, as text."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    schema |= file.model_json_schema()
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def write_schema(path: Path) -> None:
    """Write the JSON Schema of a scenario file."""
    path.write_text(schema_json(), encoding="utf-8")


def reference_markdown() -> str:
    """Return a Markdown table for every section: key, type, default, meaning."""
    schema = Scenario.model_json_schema()
    parts = [
        _section(f"every [[{section}]]" if section else "every unit", common, schema)
        for section, common in _commons()
    ]
    for title, node in _sections(schema):
        parts.append(_section(title, {**node, "properties": _own(title, node)}, schema))
    return "\n".join(parts)


def _commons() -> Iterator[tuple[str, Node]]:
    """Yield what all units share, and what all generators add to it."""
    unit, generator = Unit.model_json_schema(), Generator.model_json_schema()
    added = set(generator["properties"]) - set(unit["properties"])
    own = {key: field for key, field in generator["properties"].items() if key in added}
    yield "", unit
    yield "generator", {**generator, "properties": own}


def _own(title: str, node: Node) -> dict[str, Any]:
    """Return the keys of a table that are not described once for all units."""
    properties: dict[str, Any] = dict(node["properties"])
    if "zone" not in properties or "strategy" not in properties:
        return properties
    common = {**Unit.model_json_schema()["properties"]}
    if title.startswith("[[generator]]"):
        common |= Generator.model_json_schema()["properties"]
    return {key: field for key, field in properties.items() if common.get(key) != field}


def _sections(schema: Node) -> Iterator[tuple[str, Node]]:
    for key, field in schema["properties"].items():
        models = list(_tables(field, schema))
        if key == "market":
            yield from _markets(models[0], schema)
        elif len(models) > 1:
            for model in models:
                kind = model["properties"]["kind"]["const"]
                yield f'[[{key}]] kind = "{kind}"', model
        else:
            listed = _resolved(field, schema).get("type") == "array"
            yield f"[[{key}]]" if listed else f"[{key}]", models[0]
    yield from _values(schema)


def _markets(market: Node, schema: Node) -> Iterator[tuple[str, Node]]:
    """Yield the keys of [market] itself, then each of its tables."""
    below = {name: list(_tables(field, schema)) for name, field in market["properties"].items()}
    plain = {name: market["properties"][name] for name, tables in below.items() if not tables}
    yield "[market]", {**market, "properties": plain}
    for name, tables in below.items():
        if tables:
            yield f"[market.{name}]", tables[0]


VALUES = {
    "SeriesFile": '{file = "..."}, a series from a data file',
    "SeriesProfile": '{profile = "..."}, a series from a built-in profile',
    "FileTimes": "[time] series",
    "Pue": "pue as a table",
    "JobFile": 'jobs = {file = "..."}',
    "JobProcess": "jobs = {arrivals_per_hour = ...}",
    "Step": "steps of a load",
    "Outages": "outages of a unit",
    "Ageing": "ageing of a storage",
    "Product": "products of [market.rights]",
}


def _values(schema: Node) -> Iterator[tuple[str, Node]]:
    for name, title in VALUES.items():
        yield title, schema["$defs"][name]


def _resolved(node: Node, schema: Node) -> Node:
    if "$ref" in node:
        found: Node = schema["$defs"][node["$ref"].rpartition("/")[2]]
        return found
    return node


def _tables(node: Node, schema: Node) -> Iterator[Node]:
    """Yield the tables a field may hold, through lists and alternatives."""
    node = _resolved(node, schema)
    if "properties" in node:
        yield node
    for below in (node.get("items"), *node.get("anyOf", ()), *node.get("oneOf", ())):
        if below is not None:
            yield from _tables(below, schema)


def _section(title: str, node: Node, schema: Node) -> str:
    required = node.get("required", ())
    lines = [f"#### `{title}`", "", node.get("description", ""), ""]
    lines += ["| key | type | default | meaning |", "| --- | --- | --- | --- |"]
    for key, field in node["properties"].items():
        default = "required" if key in required else _default(field)
        meaning = field.get("description", "").replace("|", "\\|")
        lines.append(f"| `{key}` | {_type(field, schema)} | {default} | {meaning} |")
    return "\n".join(lines) + "\n"


def _default(field: Node) -> str:
    value = field.get("default")
    if isinstance(value, dict) and "name" in value:
        value = value["name"]
    return "" if value in (None, [], {}) else f"`{json.dumps(value, ensure_ascii=False)}`"


TYPES = {
    "number": "number",
    "integer": "whole number",
    "string": "text",
    "boolean": "true or false",
    "object": "table",
    "array": "list",
    "null": "",
}


def _type(field: Node, schema: Node) -> str:
    """Return the type of a field in words."""
    words = dict.fromkeys(_words(field, schema))
    words.pop("", None)
    return " or ".join(words)


def _words(field: Node, schema: Node) -> Iterator[str]:
    field = _resolved(field, schema)
    if "const" in field or "enum" in field:
        for value in field.get("enum", [field.get("const")]):
            yield f"`{json.dumps(value)}`"
        return
    if field.get("format") == "date-time":
        yield "time"
        return
    for below in (*field.get("anyOf", ()), *field.get("oneOf", ())):
        yield from _words(below, schema)
    if "type" in field:
        yield TYPES[field["type"]]


MARK = "<!-- scenario-reference -->", "<!-- /scenario-reference -->"


def refresh(page: Path) -> None:
    """Write the reference between its marks in a page."""
    before, _, rest = page.read_text(encoding="utf-8").partition(MARK[0])
    _, _, after = rest.partition(MARK[1])
    text = f"{before}{MARK[0]}\n{reference_markdown()}{MARK[1]}{after}"
    page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        refresh(Path(argument))
