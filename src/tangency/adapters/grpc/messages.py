"""Messages as the plain values that documents are read from, and documents as messages; field by field, by name.

The names of the messages are those of the documents, so that one rule serves both. What a message has no field for
travels in its member ``problem`` or ``details``. A field may be called ``return``, so that all are reached by name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar, cast

import msgspec
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import DecodeError, Message
from google.protobuf.struct_pb2 import ListValue, Struct, Value
from google.protobuf.timestamp_pb2 import Timestamp
from google.protobuf.unknown_fields import UnknownFieldSet

from tangency.adapters.document.reading import UnreadableDocument
from tangency.domain.composed import composed
from tangency.domain.errors import Fault, InvalidInput, Path

Kind = TypeVar("Kind", bound=Message)
Plain = dict[str, Any]

PROBLEM, DETAILS = "problem", "details"
LARGEST_WHOLE = 2.0**53
"""Up to it, every whole number has a double of its own, and JSON's 3 is meant where a double says 3.0."""


def read(kind: type[Kind], content: bytes) -> Kind:
    """The message that bytes stand for.

    Raises:
        UnreadableDocument: they stand for none.
    """
    try:
        return kind.FromString(content)
    except DecodeError:
        raise UnreadableDocument(f"is not a {kind.DESCRIPTOR.name}: the bytes cannot be read.") from None


def document_of(request: Message) -> Plain:
    """A request as the document that it stands for; what is absent is left out.

    Raises:
        InvalidInput: something is stated twice, or in a field that this service does not know.
    """
    faults = list(_unknown(request, ()))
    stated = cast(Plain, composed(_members(request)))
    problem = stated.pop(PROBLEM, {})
    faults += _joined(stated, problem, ())
    if faults:
        raise InvalidInput(faults)
    return stated


def answer_of(kind: type[Kind], document: object) -> Kind:
    """A document as a message of a kind; what has no field there stands in its details."""
    message = kind()
    left = _filled(message, msgspec.to_builtins(document))
    if left:
        getattr(message, DETAILS).update(left)
    return message


def field_of(path: Path, request: type[Message]) -> str:
    """Where a request states what stands at a place in its document, as error details spell it."""
    place = path if _has(cast(Descriptor, request.DESCRIPTOR), path) else (PROBLEM, *path)
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in place).lstrip(".")


def value_of(plain: Any) -> Value:  # noqa: ANN401 - any plain value
    """Any plain value."""
    holder = Struct()
    holder.update({"value": plain})
    return holder.fields["value"]


# --- from messages ------------------------------------------------------------------------------------------------


def _members(message: Message) -> Plain:
    return {field.name: _read(field, value) for field, value in message.ListFields()}


def _read(field: FieldDescriptor, value: Any) -> Any:  # noqa: ANN401 - whatever the field holds
    if _is_map(field):
        return dict(value)
    if field.is_repeated:
        return [_plain(each) for each in value]
    return _plain(value)


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever a field holds
    if isinstance(value, Struct):
        return {name: _stated(part) for name, part in value.fields.items()}
    if isinstance(value, ListValue):
        return [_stated(part) for part in value.values]
    if isinstance(value, Value):
        return _stated(value)
    return _members(value) if isinstance(value, Message) else value


def _stated(value: Value) -> Any:  # noqa: ANN401 - any plain value
    kind = value.WhichOneof("kind")
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() and abs(number) <= LARGEST_WHOLE else number
    return None if kind is None or kind == "null_value" else _plain(getattr(value, kind))


def _unknown(message: Message, path: Path) -> Iterator[Fault]:
    """Fields of a newer client: what they ask for would be left undone unnoticed."""
    for field in UnknownFieldSet(message):  # type: ignore[attr-defined]
        detail = f"has a field of number {field.field_number}, which this service does not know; leave it out."
        yield Fault(path, detail, "unknown")
    for each, value in message.ListFields():
        if each.message_type is not None and not each.is_repeated and not isinstance(value, Struct | Value):
            yield from _unknown(value, (*path, each.name))


def _joined(stated: Plain, more: Mapping[str, Any], path: Path) -> Iterator[Fault]:
    """Put what else is stated beside it, level by level."""
    for name, value in more.items():
        if isinstance(stated.get(name), dict) and isinstance(value, dict):
            yield from _joined(stated[name], value, (*path, name))
        elif name in stated:
            yield Fault((*path, name), f"is stated twice, here and in {PROBLEM}; state it once.", "duplicate")
        else:
            stated[name] = value


def _has(kind: Descriptor, path: Path) -> bool:
    """Whether a path leads through fields of a message."""
    if not path:
        return True
    field = kind.fields_by_name.get(str(path[0]))
    if field is None:
        return False
    below = field.message_type
    return below is None or field.is_repeated or _has(below, path[1:])


# --- to messages --------------------------------------------------------------------------------------------------


def _filled(message: Message, document: Mapping[str, Any]) -> Plain:
    """Set what has a field; gives what has none."""
    fields, left = message.DESCRIPTOR.fields_by_name, {}
    for name, value in document.items():
        rest = _set(message, cast(FieldDescriptor, fields[name]), value) if name in fields else (value,)
        if rest:
            left[name] = rest[0]
    return left


def _set(message: Message, field: FieldDescriptor, value: Any) -> tuple[Any, ...]:  # noqa: ANN401 - what the field takes
    """Set a field, absent where there is no value; gives what of it has no place, if anything."""
    if value is None:
        return ()
    if field.is_repeated:
        return _set_many(getattr(message, field.name), field, value)
    if field.message_type is None:
        setattr(message, field.name, value)
        return ()
    part = getattr(message, field.name)
    part.SetInParent()
    if isinstance(part, Timestamp):
        part.FromJsonString(value)
        return ()
    if isinstance(part, Value):
        part.CopyFrom(value_of(value))
        return ()
    left = _filled(part, value)
    return (left,) if left else ()


def _set_many(place: Any, field: FieldDescriptor, value: Any) -> tuple[Any, ...]:  # noqa: ANN401 - of any repeated kind
    if _is_map(field):
        place.update(value)
        return ()
    if field.message_type is None:
        place.extend(value)
        return ()
    left = [_filled(place.add(), each) for each in value]
    return (left,) if any(left) else ()


def _is_map(field: FieldDescriptor) -> bool:
    return field.message_type is not None and field.message_type.GetOptions().map_entry
