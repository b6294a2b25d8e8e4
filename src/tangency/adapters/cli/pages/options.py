"""The options of a plugin as tables: name, what it takes, default and meaning, from the dataclass and its docstring."""

from __future__ import annotations

import inspect
import json
import re
import types
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import is_dataclass
from typing import Annotated, Any, Literal, Union, cast, get_args, get_origin, get_type_hints

import msgspec
from msgspec import NODEFAULT, Struct
from msgspec.inspect import DataclassType, Field, StructType, type_info

from tangency.adapters.cli.pages.notes import markdown

_ATTRIBUTES = re.compile(r"^Attributes:\n(.*?)(?=^\S|\Z)", re.MULTILINE | re.DOTALL)
_ATTRIBUTE = re.compile(r"^    (\w+): (.*?)(?=^    \w+: |\Z)", re.MULTILINE | re.DOTALL)

_WORDS: Mapping[object, tuple[str, str]] = {
    float: ("number", "numbers"),
    int: ("whole number", "whole numbers"),
    str: ("text", "texts"),
    bool: ("true or false", "true or false"),
    type(None): ("null", "null"),
    object: ("anything", "anything"),
    Any: ("anything", "anything"),
    dict: ("object", "objects"),
}
_ONE, _MANY = 0, 1
_BY_NAME = " by name"
_UNIONS = (Union, types.UnionType)


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
    told, hints = meanings(options), get_type_hints(options, include_extras=True)
    cells = [
        (f"`{each.encode_name}`", _taken(each, hints[each.name]), _default(each), _cell(told.get(each.name, "")))
        for each in _fields(options)
    ]
    head = ["| option | takes | default | meaning |", "| --- | --- | --- | --- |"]
    yield options.__name__, "\n".join([*head, *(f"| {' | '.join(row)} |" for row in cells)])
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


def _taken(option: Field, hint: object) -> str:
    """What an option takes. Null is not among it where it is the default, since the next column says so."""
    if _default_of(option) is None and get_origin(_bare(hint)) in _UNIONS:
        return _either(_words(each, _ONE) for each in get_args(_bare(hint)) if each is not type(None))
    return _words(hint, _ONE)


def _words(hint: object, number: int) -> str:
    """The words for a type, as somebody who writes JSON thinks of it; for one value, or for many."""
    bare = _bare(hint)
    kind, parts = get_origin(bare), get_args(bare)
    if title := _title(hint):
        return title
    if kind is Literal:
        return _either(f"`{each}`" for each in parts)
    if kind in _UNIONS:
        return _either(_words(each, number) for each in parts)
    return _words_for_one_kind(bare, number) if kind is None else _words_for_many(kind, parts, number)


def _words_for_many(kind: type, parts: tuple[object, ...], number: int) -> str:
    if issubclass(kind, Mapping):
        held = _words(parts[1], _MANY)
        return f"{held.removesuffix(_BY_NAME)} by pair of names" if held.endswith(_BY_NAME) else f"{held}{_BY_NAME}"
    return f"{('list', 'lists')[number]} of {_words(parts[0], _MANY)}"


def _words_for_one_kind(hint: object, number: int) -> str:
    name = str(getattr(hint, "__name__", hint))
    if _is_class_of_fields(hint):
        return f"[{name}](#{name.lower()})"
    return _WORDS[hint][number] if hint in _WORDS else name


def _bare(hint: object) -> object:
    return get_args(hint)[0] if get_origin(hint) is Annotated else hint


def _title(hint: object) -> str | None:
    """The name that an author gave a type that is told in too many words, as ``msgspec.Meta(title="matrix")``."""
    notes = get_args(hint)[1:] if get_origin(hint) is Annotated else ()
    return next((each.title for each in notes if isinstance(each, msgspec.Meta)), None)


def _either(words: Iterable[str]) -> str:
    *others, last = dict.fromkeys(words)
    return f"{', '.join(others)} or {last}" if others else last


def _default(option: Field) -> str:
    return "required" if option.required else f"`{json.dumps(_stated(_default_of(option)))}`"


def _default_of(option: Field) -> object:
    if option.default_factory is not NODEFAULT:
        return cast(Callable[[], object], option.default_factory)()
    return option.default


def _stated(value: object) -> object:
    """A value as a document states it: an object without the fields that are as they are by default."""
    if _is_class_of_fields(type(value)):
        each = {field.encode_name: (getattr(value, field.name), field) for field in _fields(type(value))}
        return {name: _stated(held) for name, (held, field) in each.items() if held != _default_of(field)}
    if isinstance(value, list | tuple):
        return [_stated(part) for part in value]
    return msgspec.to_builtins(value)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
