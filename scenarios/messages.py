"""Turns pydantic's findings into sentences for people."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from scenarios.problems import Loc, ProblemsError, Source, unknown
from scenarios.schema import Scenario
from scenarios.schema_contracts import KINDS
from scenarios.schema_units import Generator

TABLE = "must be a table"


def sentences(
    error: ValidationError, source: Source, root: type[BaseModel] = Scenario
) -> list[str]:
    """Return one sentence for each mistake pydantic found in `source`, a file of kind `root`."""
    found = (source.sentence(place, text) for place, text in explain(error, root=root))
    return list(dict.fromkeys(found))


def explain(
    error: ValidationError, above: Loc = (), root: type[BaseModel] = Scenario
) -> Iterator[tuple[Loc, str]]:
    """Yield place and sentence of each mistake; `above` is where the validated value stands."""
    for item in error.errors(include_url=False):
        loc: Loc = (*above, *item["loc"])
        yield from _found({**item, "loc": loc}, plain(loc), root)


def plain(loc: Loc) -> Loc:
    """Return a place without the marks pydantic adds for the branch of a union.

    >>> plain(("generator", 0, "pv", "availability", "#SeriesFile", "file"))
    ('generator', 0, 'availability', 'file')
    """
    if loc[:1] == ("generator",):
        loc = loc[:2] + loc[3:]
    return tuple(part for part in loc if not str(part).startswith("#") and part != "[key]")


def _found(item: Mapping[str, Any], loc: Loc, root: type[BaseModel]) -> Iterator[tuple[Loc, str]]:
    raised = item.get("ctx", {}).get("error")
    if isinstance(raised, ProblemsError):
        yield from (((*loc, *below), text) for below, text in raised.found)
        return
    if item["type"] in ("union_tag_not_found", "union_tag_invalid"):
        kinds = generator_kinds() if loc[:1] == ("generator",) else list(KINDS)
        yield (*loc, "kind"), "must be one of " + ", ".join(kinds)
        return
    text = _text(item, loc, root)
    field = None if item["type"] == "extra_forbidden" else _walk(item["loc"], root)[1]
    meaning = f" ({field.description})" if field is not None and field.description else ""
    yield loc, text + meaning


def generator_kinds() -> list[str]:
    """Return the kinds of generator, sorted."""
    return sorted(cls.unit_kind for cls in _subclasses(Generator) if cls.unit_kind)


def _subclasses(cls: type[Any]) -> Iterator[type[Any]]:
    for child in cls.__subclasses__():
        yield child
        yield from _subclasses(child)


def _text(item: Mapping[str, Any], loc: Loc, root: type[BaseModel]) -> str:
    kind = item["type"]
    if kind == "extra_forbidden":
        models, _ = _walk(item["loc"][:-1], root)
        known = sorted({name for model in models for name in model.model_fields})
        return unknown("key", str(loc[-1]), known)
    if kind in _TEXTS:
        return _TEXTS[kind](item.get("ctx", {}))
    message = str(item["msg"]).removeprefix("Value error, ").removeprefix("Input ")
    return message[:1].lower() + message[1:]


def _bound(word: str, key: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda ctx: f"must be {word} {ctx[key]:g}"


def _fixed(text: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda _: text


_TEXTS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "missing": _fixed("is required"),
    "float_type": _fixed("must be a number, without quotes or unit"),
    "float_parsing": _fixed("must be a number, without quotes or unit"),
    "int_type": _fixed("must be a whole number, without quotes or unit"),
    "int_from_float": _fixed("must be a whole number"),
    "finite_number": _fixed("must be a finite number"),
    "string_type": _fixed("must be text in quotes"),
    "string_too_short": _fixed("must not be empty"),
    "bool_type": _fixed("must be true or false"),
    "dict_type": _fixed(TABLE),
    "model_type": _fixed(TABLE),
    "model_attributes_type": _fixed(TABLE),
    "tuple_type": _fixed("must be a list; tables of a list are headed by double brackets"),
    "literal_error": lambda ctx: f"must be one of {ctx['expected']}".replace("'", '"'),
    "greater_than": _bound("above", "gt"),
    "greater_than_equal": _bound("at least", "ge"),
    "less_than": _bound("below", "lt"),
    "less_than_equal": _bound("at most", "le"),
}


def _walk(loc: Loc, root: type[BaseModel]) -> tuple[list[type[BaseModel]], FieldInfo | None]:
    """Return the models that may stand at a place of pydantic's, and the field it belongs to."""
    models: list[type[BaseModel]] = [root]
    field: FieldInfo | None = None
    for part in loc:
        branch = [model for model in models if _is_branch(model, part)]
        owner = next((model for model in models if str(part) in model.model_fields), None)
        if branch:
            models = branch
        elif owner is not None:
            field = owner.model_fields[str(part)]
            models = list(_inside(field.annotation))
    return models, field


def _is_branch(model: type[BaseModel], part: str | int) -> bool:
    return part in (f"#{model.__name__}", getattr(model, "unit_kind", None))


def _inside(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
        return
    for part in get_args(annotation):
        yield from _inside(part)


def broken(error: ValidationError) -> set[Loc]:
    """Return the sections and entries with mistakes: ("time",), ("storage", 2) and the like."""
    locs = (item["loc"] for item in error.errors(include_url=False))
    return {tuple(loc[:2]) if len(loc) > 1 and isinstance(loc[1], int) else loc[:1] for loc in locs}


def without(raw: Mapping[str, Any], places: set[Loc]) -> tuple[dict[str, Any], dict[Loc, Loc]]:
    """Return `raw` less the broken places, and where each remaining entry stood."""
    rest: dict[str, Any] = {}
    moved: dict[Loc, Loc] = {}
    for key, value in raw.items():
        if (key,) in places:
            continue
        if not isinstance(value, list):
            rest[key] = value
            continue
        kept = [index for index in range(len(value)) if (key, index) not in places]
        rest[key] = [value[index] for index in kept]
        moved |= {(key, new): (key, old) for new, old in enumerate(kept)}
    return rest, moved
