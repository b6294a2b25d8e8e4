"""What is wrong with an option that does not have the type its plugin declares: the value, and what to give."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from types import UnionType
from typing import Annotated, Literal, Union, get_args, get_origin, get_type_hints

from tangency.domain.errors import Fault, Path
from tangency.domain.plain_values import shown

ANY_KEY = "..."
"""How a reader of types that knows no better writes the key of an object."""

_PLACE = re.compile(r" - at `\$\.?(?P<place>[^`]*)`$")
_OTHER_TYPE = re.compile(r"^Expected `(?P<wanted>[^`]+)`, got `(?P<got>\w+)`$")
_OUT_OF_RANGE = re.compile(r"^Expected `\w+` (?P<sign>[<>]=?) (?P<limit>\S+)$")
_NO_CHOICE = re.compile(r"^Invalid enum value ")
_UNKNOWN = re.compile(r"^Object contains unknown field `(?P<field>[^`]+)`$")
_LACKING = re.compile(r"^Object missing required field `(?P<field>[^`]+)`$")

_WORDS = {
    "float": "a number",
    "int": "a whole number",
    "str": "text",
    "bool": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}
_SIGNS = {">": "above", ">=": "at least", "<": "below", "<=": "at most"}


def misfit(options: type, asked: Mapping[str, object], message: str, path: Path) -> Fault:
    """The mistake that a reader of types reports, in terms of the request.

    Args:
        options: the dataclass that a plugin declares.
        asked: values by name.
        message: the reader's, ending with the place, as in ``Expected `float`, got `str` - at `$.views[0].return```.
        path: where ``asked`` stands in the request.
    """
    found = _PLACE.search(message)
    steps = [
        int(step) if step.isdigit() else step for step in re.findall(r"\w+|\.\.\.", found["place"] if found else "")
    ]
    message = _PLACE.sub("", message)
    lacking = _LACKING.match(message)
    if lacking:
        return Fault((*path, *steps, lacking["field"]), "is missing.", "missing")
    unknown = _UNKNOWN.match(message)
    if unknown:
        return Fault(
            (*path, *steps, unknown["field"]), f"{unknown['field']!r} is not a known field; leave it out.", "unknown"
        )
    other = _OTHER_TYPE.match(message)
    meant = [(below, value) for below, value in _values(asked, steps) if not other or _kind(value) == other["got"]]
    wanted = _wanted(options, steps, message)
    if not meant or not wanted:
        return Fault((*path, *steps), f"{message.rstrip('.')}.", "type_or_range")
    below, value = meant[0]
    return Fault((*path, *below), f"is {shown(value)}; give {wanted}.", "type_or_range")


def _wanted(options: type, steps: Sequence[str | int], message: str) -> str:
    """In words; nothing where the message is of another kind."""
    other, range_ = _OTHER_TYPE.match(message), _OUT_OF_RANGE.match(message)
    if other:
        return " or ".join(_WORDS.get(word, word) for word in other["wanted"].split(" | "))
    if range_:
        return f"a number {_SIGNS[range_['sign']]} {float(range_['limit']):g}"
    if _NO_CHOICE.match(message):
        return " or ".join(map(repr, dict.fromkeys(_choices(options, steps))))
    return ""


def _values(value: object, steps: Sequence[str | int]) -> Iterator[tuple[Path, object]]:
    """What stands at a place, with its full path; every key may be the one that is left open."""
    if not steps:
        yield (), value
        return
    first, *rest = steps
    keys: list[str | int] = [first]
    if isinstance(value, Mapping) and first == ANY_KEY:
        keys = list(value)
    for key in keys:
        inner = value.get(key) if isinstance(value, Mapping) else None
        if isinstance(value, list | tuple) and isinstance(key, int) and key < len(value):
            inner = value[key]
        yield from (((key, *below), found) for below, found in _values(inner, rest))


def _choices(kind: object, steps: Sequence[str | int]) -> Iterator[object]:
    """The words that may stand at a place."""
    origin, parts = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        for part in parts:
            yield from _choices(part, steps)
    elif origin is Annotated:
        yield from _choices(parts[0], steps)
    elif origin is Literal:
        yield from parts if not steps else ()
    elif steps and isinstance(kind, type) and not parts:
        yield from _choices(get_type_hints(kind, include_extras=True).get(str(steps[0])), steps[1:])
    elif steps and parts:
        yield from _choices(parts[-1] if origin is dict else parts[0], steps[1:])


def _kind(value: object) -> str:
    if isinstance(value, Mapping):
        return "object"
    kinds: dict[type, str] = {list: "array", tuple: "array", type(None): "null"}
    return kinds.get(type(value), type(value).__name__)
