"""From bytes to a request document, or to the reasons why not."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from functools import cache
from itertools import chain
from typing import TypeVar, cast

import msgspec
import numpy as np
from msgspec import inspect

from tangency.adapters.document.diagnosis import faults_in, first_fault
from tangency.adapters.document.request import OptimizationRequest
from tangency.domain.composed import composed, is_plain
from tangency.domain.errors import Fault, InvalidInput, TangencyError

LARGEST_DIAGNOSED = 2 * 2**20
"""Walking a document costs some twenty times its size in memory; above this only the first mistake is told."""

DEEPEST = 32
"""Levels of a document: more than any request needs, and far fewer than walking through them could bear."""

_TOO_DEEP = f"is nested too deeply; a document has {DEEPEST} levels at most."
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_REQUEST = msgspec.json.Decoder(OptimizationRequest)
_ITEMS = msgspec.json.Decoder(list[msgspec.Raw])
_ANY = msgspec.json.Decoder()
_SYNTAX = msgspec.json.Decoder(msgspec.Raw)

Read = TypeVar("Read")


class UnreadableDocument(TangencyError):
    """The bytes are not JSON, or say the same thing twice."""


def read_request(body: bytes | msgspec.Raw) -> OptimizationRequest:
    """Read one request.

    Raises:
        UnreadableDocument: not JSON, nested without end, a number that no double can hold, or a key given twice.
        InvalidInput: readable, and not a request; every mistake with its place.
    """
    body = _composed(bytes(body))
    request = _decode(_REQUEST, body)
    if _members(request) != _colons(body) and _members(request) != _STRING.sub(b"", body).count(b":"):
        raise UnreadableDocument(_duplicate_in(body))
    return request


def read_batch(body: bytes, limit: int) -> list[msgspec.Raw]:
    """Read a list of requests without looking into them.

    Raises:
        UnreadableDocument: not JSON.
        InvalidInput: not a list, or one that is too long.
    """
    items = _decode(_ITEMS, _composed(body))
    if len(items) > limit:
        detail = f"has {len(items)} items; this service takes {limit} at most, so split the batch."
        raise InvalidInput.at((), detail, "too_many")
    return items


def read_value(body: bytes) -> object:
    """Read any document as plain values.

    Raises:
        UnreadableDocument: not JSON, nested without end, a number that no double can hold, or a key given twice.
    """
    value = _decode(_ANY, body)
    duplicate = _duplicate_key(body)
    if duplicate is not None:
        raise UnreadableDocument(_twice(duplicate))
    return value if is_plain(body) else composed(value)


def request_from(value: object) -> OptimizationRequest:
    """A request from plain values, as a YAML file gives them.

    Raises:
        InvalidInput: every mistake with its place.
    """
    try:
        return msgspec.convert(value, OptimizationRequest)
    except msgspec.ValidationError as error:
        raise InvalidInput(faults_in(value, OptimizationRequest) or [first_fault(error)]) from None


def _composed(body: bytes) -> bytes:
    """The same body with its texts composed; as it is where that is to be read for what is wrong with it."""
    if is_plain(body):
        return body
    try:
        value = _decode(_ANY, body)
    except UnreadableDocument:
        return body
    if _duplicate_key(body) is not None:
        return body
    told = composed(value)
    return body if told == value else msgspec.json.encode(told)


def _decode(decoder: msgspec.json.Decoder[Read], body: bytes) -> Read:
    try:
        try:
            value = decoder.decode(body)
        except msgspec.ValidationError as error:
            raise _diagnosed(body, decoder.type, error) from None
    except RecursionError:
        raise UnreadableDocument(_TOO_DEEP) from None
    except UnicodeDecodeError as error:
        raise UnreadableDocument(f"is not UTF-8: {error.reason} at byte {error.start} of a text.") from None
    except msgspec.DecodeError as error:
        raise UnreadableDocument(_not_json(body, str(error))) from None
    _refuse_depth(value)
    return value


def _not_json(body: bytes, said: str) -> str:
    """What the decoder says, with what stands at the place that it counts to."""
    said = said.partition(" - at `")[0]
    huge = next(_huge(body), None) if said in _OUT_OF_RANGE else None
    if huge is not None:
        return f"is not JSON: {_near(huge)} is a number that no double can hold; give one of at most 1e+150 in size."
    place = _BYTE.search(said)
    if place is None:
        return f"is not JSON: {said}."
    near = body[int(place[1]) :]
    remedy = "; JSON has no word for it: leave the field out" if near.startswith(_NO_NUMBERS) else ""
    return f"is not JSON: {said}, at {_near(near)}{remedy}."


_OUT_OF_RANGE = ("Number out of range", "Integer value out of range")
_BYTE = re.compile(r"\(byte (\d+)\)$")
_NUMBER = re.compile(rb"-?\d[\d.eE+-]*+")
_NO_NUMBERS = (b"NaN", b"Infinity", b"-Infinity", b"nan", b"inf", b"-inf")
LONGEST_NEAR = 20


def _huge(body: bytes) -> Iterator[bytes]:
    """The numbers that are as good as infinite."""
    for found in _NUMBER.finditer(_STRING.sub(b"", body)):
        with suppress(ValueError):
            if math.isinf(float(found.group())):
                yield found.group()


def _near(text: bytes) -> str:
    near = text[:LONGEST_NEAR].decode("utf-8", "backslashreplace")
    return repr(near if len(text) <= LONGEST_NEAR else f"{near}...")


def _refuse_depth(value: object, left: int = DEEPEST) -> None:
    """Refuse what has more levels than are left; numbers and texts are not looked at one by one."""
    parts = _parts(value)
    if set(map(type, parts)) <= _LEAVES:
        return
    if left == 0:
        raise UnreadableDocument(_TOO_DEEP)
    for part in parts:
        _refuse_depth(part, left - 1)


def _parts(value: object) -> Collection[object]:
    if isinstance(value, msgspec.Struct):
        return [getattr(value, name) for name in _open_fields(type(value))]
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


@cache
def _open_fields(document: type[msgspec.Struct]) -> tuple[str, ...]:
    """The fields of a document whose values its type lets have any number of levels."""
    return tuple(
        field.name for field in cast(inspect.StructType, inspect.type_info(document)).fields if _is_open(field.type)
    )


def _is_open(kind: inspect.Type) -> bool:
    inside: tuple[inspect.Type, ...] = ()
    match kind:
        case inspect.AnyType():
            return True
        case inspect.StructType():
            return bool(_open_fields(kind.cls))
        case inspect.UnionType():
            inside = kind.types
        case inspect.ListType():
            inside = (kind.item_type,)
        case inspect.DictType():
            inside = (kind.value_type,)
        case inspect.Metadata():
            inside = (kind.type,)
    return any(map(_is_open, inside))


def _diagnosed(body: bytes, expected: type, error: msgspec.ValidationError) -> TangencyError:
    """The error for a body that is not what was expected. Unreadable bytes further on come first."""
    if len(body) > LARGEST_DIAGNOSED:
        _SYNTAX.decode(body)
        return InvalidInput([first_fault(error)])
    value = _ANY.decode(body)
    duplicate = _duplicate_key(body)
    if duplicate is not None:
        return UnreadableDocument(_twice(duplicate))
    if expected is not OptimizationRequest:
        return InvalidInput([Fault((), "is not a list; give a list of requests.", "type")])
    return InvalidInput(faults_in(value, OptimizationRequest) or [first_fault(error)])


def _colons(body: bytes) -> int:
    """How many there are; asked of the bytes themselves it takes five times as long."""
    return int(np.count_nonzero(np.frombuffer(body, np.uint8) == ord(":")))


def _members(value: object) -> int:
    """How many keys an object has, its own and those inside it; lists of numbers are not looked through."""
    if isinstance(value, msgspec.Struct):
        parts = msgspec.structs.astuple(value)
        inside = sum([_members(part) for part in parts if type(part) not in _LEAVES])
        return len(parts) - parts.count(msgspec.UNSET) + inside
    if isinstance(value, dict):
        return len(value) + sum(_members_of_any(part) for part in value.values())
    if isinstance(value, list) and value and isinstance(value[0], msgspec.Struct):
        return _members_of_all(value)
    return 0


def _members_of_all(documents: Sequence[msgspec.Struct]) -> int:
    """The same of many objects of a kind, whose fields are counted together."""
    parts = list(chain.from_iterable(map(msgspec.structs.astuple, documents)))
    kinds = Counter(map(type, parts))
    inside = 0 if kinds.keys() <= _LEAVES else sum([_members(part) for part in parts if type(part) not in _LEAVES])
    return len(parts) - kinds[msgspec.UnsetType] + inside


_LEAVES = {str, float, int, bool, type(None), msgspec.UnsetType, msgspec.Raw}


def _members_of_any(value: object) -> int:
    if isinstance(value, dict):
        return len(value) + sum(map(_members_of_any, value.values()))
    return sum(map(_members_of_any, value)) if isinstance(value, list) else 0


class _Twice(Exception):
    """A key that one object has twice."""


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    keys = dict(pairs)
    if len(keys) < len(pairs):
        raise _Twice(next(key for key in keys if sum(key == other for other, _ in pairs) > 1))
    return keys


def _duplicate_key(body: bytes) -> str | None:
    try:
        json.loads(body, object_pairs_hook=_unique)
    except _Twice as twice:
        return str(twice)
    return None


def _duplicate_in(body: bytes) -> str:
    found = _duplicate_key(body) if len(body) <= LARGEST_DIAGNOSED else None
    return _twice(found) if found is not None else "has a key twice in one object; give each once."


def _twice(key: str) -> str:
    return f"has the key {key[:100]!r} twice in one object; give it once."
