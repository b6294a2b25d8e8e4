"""The options of a plugin as tables: name, what it takes, default and meaning, from the dataclass and its docstring."""

from __future__ import annotations

import inspect
import json
import re
import types
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from tangency.adapters.cli.pages.notes import markdown

_ATTRIBUTES = re.compile(r"^Attributes:\n(.*?)(?=^\S|\Z)", re.MULTILINE | re.DOTALL)
_ATTRIBUTE = re.compile(r"^    (\w+): (.*?)(?=^    \w+: |\Z)", re.MULTILINE | re.DOTALL)

_WORDS: Mapping[object, str] = {
    float: "number",
    int: "whole number",
    str: "text",
    bool: "true or false",
    type(None): "null",
    object: "anything",
    Any: "anything",
    dict: "object",
}


def options_section(options: type) -> str:
    """A table of the options, and one of each object that they are made of."""
    own = list(_tables(options, []))
    if not fields(options):
        return "None."
    (_, first), *parts = own
    return "\n\n".join([first, *(f"### {heading}\n\n{table}" for heading, table in parts)])


def meanings(options: type) -> dict[str, str]:
    """What each field means, by name, from the docstrings of the class and of those that it inherits from."""
    found: dict[str, str] = {}
    for kind in reversed(options.__mro__):
        section = _ATTRIBUTES.search(inspect.cleandoc(kind.__dict__.get("__doc__") or ""))
        told = _ATTRIBUTE.findall(section[1]) if section else []
        found |= {name: markdown(" ".join(meaning.split())) for name, meaning in told}
    return found


def nested(options: type) -> Iterator[type]:
    """The dataclasses that fields of this one are made of."""
    for hint in get_type_hints(options).values():
        yield from _dataclasses(hint)


def _tables(options: type, seen: list[type]) -> Iterator[tuple[str, str]]:
    seen.append(options)
    told, hints = meanings(options), get_type_hints(options)
    rows = [
        f"| `{each.name}` | {_taken(hints[each.name])} | {_default(each)} | {_cell(told.get(each.name, ''))} |"
        for each in fields(options)
        if each.init
    ]
    head = ["| option | takes | default | meaning |", "| --- | --- | --- | --- |"]
    yield options.__name__, "\n".join([*head, *rows])
    for part in nested(options):
        if part not in seen:
            yield from _tables(part, seen)


def _dataclasses(hint: object) -> Iterator[type]:
    if isinstance(hint, type) and is_dataclass(hint):
        yield hint
    for part in get_args(hint):
        yield from _dataclasses(part)


def _taken(hint: object) -> str:
    """The words for a type, as somebody who writes JSON thinks of it."""
    kind, parts = get_origin(hint), get_args(hint)
    if kind is Annotated:
        return _taken(parts[0])
    if kind is Literal:
        return " or ".join(f"`{each}`" for each in parts)
    if kind in (Union, types.UnionType):
        return " or ".join(dict.fromkeys(map(_taken, parts)))
    return _taken_whole(hint) if kind is None else _taken_together(kind, parts)


def _taken_together(kind: type, parts: tuple[object, ...]) -> str:
    if issubclass(kind, Mapping):
        return f"object of {_taken(parts[1])} by name"
    return f"list of {_taken(parts[0])}"


def _taken_whole(hint: object) -> str:
    if isinstance(hint, type) and is_dataclass(hint):
        return f"object ({hint.__name__})"
    return _WORDS.get(hint) or str(getattr(hint, "__name__", hint))


def _default(option: Field[Any]) -> str:
    if option.default is not MISSING:
        value = option.default
    elif option.default_factory is not MISSING:
        value = option.default_factory()
    else:
        return "required"
    return f"`{json.dumps(value, default=_plain)}`"


def _plain(value: object) -> object:
    if is_dataclass(value):
        return {each.name: getattr(value, each.name) for each in fields(value)}
    return sorted(value) if isinstance(value, frozenset | set) else str(value)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
