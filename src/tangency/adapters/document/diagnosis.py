"""Every mistake in a document that msgspec would not take, each with its exact place.

msgspec stops at the first mistake. This walk is only taken once it has found one, over the same types, so that the two
cannot disagree about what is allowed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from functools import cache
from typing import TypeGuard, cast

import msgspec
from msgspec import inspect

from tangency.domain.errors import Fault, Path, hint
from tangency.domain.numbers import LARGEST
from tangency.domain.plain_values import shown

MOST_FAULTS = 50


def faults_in(value: object, expected: type, path: Path = ()) -> list[Fault]:
    """The mistakes in a value that was read from JSON or YAML, at a place of the document; at most 50."""
    found: list[Fault] = []
    for fault in _faults(value, _layout(expected), path):
        found.append(_with_its_place(fault, expected) if fault.code == "unknown" else fault)
        if len(found) == MOST_FAULTS:
            break
    return found


@cache
def _layout(expected: type) -> inspect.Type:
    """What a type consists of. msgspec works it out anew whenever it is asked, which takes longer than all the rest."""
    return inspect.type_info(expected)


def _with_its_place(fault: Fault, document: type) -> Fault:
    """What is told of an unknown field that another object of the document has: where it belongs."""
    name = fault.path[-1]
    places = " or ".join(place for place, fields in _objects(document).items() if name in fields)
    return (
        replace(fault, detail=f"{shown(name)} is not a known field here; it belongs in {places}.") if places else fault
    )


@cache
def _objects(document: type) -> dict[str, frozenset[str]]:
    """By name, the objects that a document has at its top, with their fields."""
    layout = _layout(document)
    fields = layout.fields if isinstance(layout, inspect.StructType) else ()
    inside = {field.encode_name: _meant({}, field.type) for field in fields}
    return {
        name: frozenset(field.encode_name for field in part.fields)
        for name, part in inside.items()
        if isinstance(part, inspect.StructType)
    }


def _faults(value: object, expected: inspect.Type, path: Path) -> Iterator[Fault]:
    expected = _meant(value, expected)
    if isinstance(expected, inspect.StructType):
        yield from _in_object(value, expected, path)
    elif isinstance(expected, inspect.ListType):
        yield from _in_list(value, expected, path)
    elif isinstance(expected, inspect.DictType):
        yield from _in_mapping(value, expected, path)
    elif not _fits(value, expected):
        yield Fault(path, f"is {shown(value)}; give {_wanted(expected, value)}.", "type_or_range")


def _meant(value: object, expected: inspect.Type) -> inspect.Type:
    """The type that a value seems to be meant for."""
    expected = _bare(expected)
    return _bare(_member(value, expected)) if isinstance(expected, inspect.UnionType) else expected


def _bare(expected: inspect.Type) -> inspect.Type:
    """The type without its description; with the range that only the description has."""
    if not isinstance(expected, inspect.Metadata):
        return expected
    described = expected.extra_json_schema or {}
    if isinstance(expected.type, inspect.FloatType) and "minimum" in described:
        return inspect.FloatType(ge=described["minimum"], le=described["maximum"])
    return expected.type


def _member(value: object, union: inspect.UnionType) -> inspect.Type:
    """The member of a union that a value seems to be meant for: null, an object, a list, or the first."""
    if value is None and union.includes_none:
        return inspect.NoneType()
    members = [member for member in union.types if not isinstance(member, inspect.NoneType)]
    of_kind = [member for member in members if isinstance(_bare(member), _KINDS.get(type(value), ()))]
    return (of_kind or members)[0]


_KINDS: dict[type, tuple[type, ...]] = {dict: (inspect.StructType, inspect.DictType), list: (inspect.ListType,)}


def _in_object(value: object, expected: inspect.StructType, path: Path) -> Iterator[Fault]:
    if not isinstance(value, dict):
        yield Fault(path, f"is {shown(value)}; give an object.", "type")
        return
    fields = {field.encode_name: field for field in expected.fields}
    for name in value:
        if name not in fields:
            yield Fault((*path, name), f"{shown(name)} is not a known field; {hint(str(name), fields)}", "unknown")
    for name, field in fields.items():
        if name in value:
            yield from _faults(value[name], field.type, (*path, name))
        elif field.required:
            yield Fault((*path, name), "is missing.", "missing")


def _in_list(value: object, expected: inspect.ListType, path: Path) -> Iterator[Fault]:
    if not isinstance(value, list):
        yield Fault(path, f"is {shown(value)}; give a list.", "type")
        return
    if _all_numbers(value, _bare(expected.item_type)):
        return
    for position, item in enumerate(value):
        yield from _faults(item, expected.item_type, (*path, position))


def _all_numbers(value: list[object], expected: inspect.Type) -> bool:
    """Whether a list is all numbers that fit, or null where that is allowed: the quick way through a matrix."""
    if isinstance(expected, inspect.UnionType) and expected.includes_none:
        value, expected = [item for item in value if item is not None], _bare(expected.types[0])
    if not value or not isinstance(expected, inspect.FloatType) or not set(map(type, value)) <= {int, float}:
        return False
    numbers = cast(list[float], value)
    if any(isinstance(item, float) and math.isnan(item) for item in value):  # neither least nor greatest
        return False
    return _in_range(min(numbers), expected) and _in_range(max(numbers), expected)


def _in_mapping(value: object, expected: inspect.DictType, path: Path) -> Iterator[Fault]:
    if not isinstance(value, dict):
        yield Fault(path, f"is {shown(value)}; give an object.", "type")
        return
    key_type = _bare(expected.key_type)
    for key, item in value.items():
        if not isinstance(key, str):
            yield Fault(path, f"has the key {shown(key)}; keys are texts.", "type")
        elif not _fits(key, key_type):
            yield Fault((*path, key), f"has the key {shown(key)}; give {_wanted(key_type, key)}.", "type_or_range")
        else:
            yield from _faults(item, expected.value_type, (*path, key))


def _fits(value: object, expected: inspect.Type) -> bool:
    if isinstance(expected, inspect.LiteralType):
        return value in expected.values
    if isinstance(expected, inspect.StrType):
        return isinstance(value, str) and _within(len(value), expected.min_length, expected.max_length)
    if isinstance(expected, inspect.FloatType | inspect.IntType):
        return _is_number(value, expected) and _in_range(value, expected)
    if isinstance(expected, inspect.BoolType):
        return isinstance(value, bool)
    if isinstance(expected, inspect.DateType):
        return _is_date(value)
    return True  # any value, or null where only null was left


def _is_number(value: object, expected: inspect.FloatType | inspect.IntType) -> TypeGuard[float]:
    whole = isinstance(value, int) and not isinstance(value, bool)
    return whole or (isinstance(value, float) and isinstance(expected, inspect.FloatType))


def _is_date(value: object) -> bool:
    try:
        msgspec.convert(value, date)
    except msgspec.ValidationError:
        return False
    return True


def _in_range(value: float, expected: inspect.FloatType | inspect.IntType) -> bool:
    above = expected.gt is None or value > expected.gt
    below = expected.lt is None or value < expected.lt
    return above and below and _within(value, expected.ge, expected.le)


def _within(value: float, low: float | None, high: float | None) -> bool:
    return (low is None or value >= low) and (high is None or value <= high)


def _wanted(expected: inspect.Type, value: object) -> str:
    """What would fit; the largest number of all is told to who gave a larger one."""
    if isinstance(expected, inspect.LiteralType):
        return " or ".join(map(repr, expected.values))
    if isinstance(expected, inspect.StrType):
        return f"a text of {expected.min_length or 0} to {expected.max_length} characters"
    if isinstance(expected, inspect.BoolType | inspect.DateType):
        return "true or false" if isinstance(expected, inspect.BoolType) else "a date, such as 2026-01-31"
    words = {"gt": "above", "ge": "at least", "lt": "below", "le": "at most"}
    stated = [(word, getattr(expected, key, None)) for key, word in words.items()]
    told = [
        (word, bound) for word, bound in stated if bound is not None and (abs(bound) < LARGEST or _is_larger(value))
    ]
    bounds = [f"{word} {bound:.9g}" for word, bound in told]
    number = "a whole number" if isinstance(expected, inspect.IntType) else "a number"
    return f"{number} {' and '.join(bounds)}" if bounds else number.replace("a number", "a finite number")


def _is_larger(value: object) -> bool:
    return isinstance(value, int | float) and abs(value) > LARGEST


def pointer(path: Path) -> str:
    """A path as a JSON pointer (RFC 6901)."""
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in path)


def first_fault(error: msgspec.ValidationError) -> Fault:
    """What msgspec itself says, for documents too large to be walked."""
    message, _, place = str(error).partition(" - at `$")
    steps = place.rstrip("`").replace("[", ".").replace("]", "").split(".")
    return Fault(tuple(int(step) if step.isdigit() else step for step in steps if step), f"{message}.")
