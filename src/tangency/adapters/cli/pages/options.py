"""The options of a plugin as tables: name, what it takes, default and meaning, from the dataclass and its docstring."""

from __future__ import annotations

import inspect
import re
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import is_dataclass
from typing import Annotated, Any, Literal, Union, cast, get_args, get_origin, get_type_hints

import msgspec
from msgspec import NODEFAULT, Struct
from msgspec.inspect import DataclassType, Field, StructType, type_info

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
    if not _fields(options):
        return "None."
    (_, first), *parts = _tables(options, [])
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
    """The classes that fields of this one are made of."""
    for hint in get_type_hints(options).values():
        yield from _classes(hint)


def _tables(options: type, seen: list[type]) -> Iterator[tuple[str, str]]:
    seen.append(options)
    told, hints = meanings(options), get_type_hints(options)
    rows = [
        f"| `{each.encode_name}` | {_taken(hints[each.name])} | {_default(each)} | {_cell(told.get(each.name, ''))} |"
        for each in _fields(options)
    ]
    head = ["| option | takes | default | meaning |", "| --- | --- | --- | --- |"]
    yield options.__name__, "\n".join([*head, *rows])
    for part in nested(options):
        if part not in seen:
            yield from _tables(part, seen)


def _fields(options: type) -> Sequence[Field]:
    """Those that a document may state, of a dataclass or a struct; its own before those that it inherits."""
    own = inspect.get_annotations(options)
    return sorted(cast(DataclassType | StructType, type_info(options)).fields, key=lambda each: each.name not in own)


def _classes(hint: object) -> Iterator[type]:
    if _is_class_of_fields(hint):
        yield cast(type, hint)
    for part in get_args(hint):
        yield from _classes(part)


def _is_class_of_fields(hint: object) -> bool:
    return isinstance(hint, type) and (is_dataclass(hint) or issubclass(hint, Struct))


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
    if _is_class_of_fields(hint):
        return f"object ({getattr(hint, '__name__', hint)})"
    return _WORDS.get(hint) or str(getattr(hint, "__name__", hint))


def _default(option: Field) -> str:
    if option.required:
        return "required"
    value = option.default if option.default is not NODEFAULT else cast(Callable[[], object], option.default_factory)()
    return f"`{msgspec.json.encode(value).decode()}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
