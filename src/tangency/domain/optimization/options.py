"""Options as they are asked for, by name, held against the dataclass that a plugin declares."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from types import UnionType
from typing import Union, get_args, get_origin, get_type_hints

from tangency.domain.errors import Fault, Path, hint


def unknown_options(options: type, asked: Mapping[str, object], path: Path) -> Iterator[Fault]:
    """The names that a dataclass does not have, at any depth: a misspelt option is refused, never overlooked.

    Args:
        options: the dataclass; so may be its fields, members of them, and alternatives.
        asked: values by name.
        path: where they stand in the request.
    """
    if not asked:
        return
    known, types = [part.name for part in fields(options) if part.init], _types(options)
    for name, value in asked.items():
        if name in known:
            yield from _below(types[name], value, (*path, name))
        else:
            yield Fault((*path, name), f"{name!r} is no option here; {hint(name, known)}", "unknown")


@cache
def _types(options: type) -> dict[str, object]:
    """Read once: annotations are compiled each time that they are asked for."""
    return get_type_hints(options)


def _below(kind: object, value: object, path: Path) -> Iterator[Fault]:
    parts = get_args(kind)
    if get_origin(kind) in (Union, UnionType):
        found = [list(_below(part, value, path)) for part in parts if _may_be(part, value)]
        yield from [] if [] in found else next(iter(found), [])
    elif isinstance(value, Mapping):
        if is_dataclass(kind) and isinstance(kind, type):
            yield from unknown_options(kind, value, path)
        elif parts:
            for name, part in value.items():
                yield from _below(parts[-1], part, (*path, name))
    elif isinstance(value, list | tuple) and parts:
        for i, part in enumerate(value):
            yield from _below(parts[0], part, (*path, i))


def _may_be(kind: object, value: object) -> bool:
    """Whether a value could be meant as this alternative of several."""
    if isinstance(value, Mapping):
        return is_dataclass(kind) or get_origin(kind) is dict or kind is dict
    return not is_dataclass(kind)
