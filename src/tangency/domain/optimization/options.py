"""Options as they are asked for, by name, held against the dataclass that a plugin declares."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from tangency.domain.errors import Fault, InvalidInput, Path, hint

BESIDE = {
    "risk_parameters": (
        "risk_free_rate",
        "risk_aversion",
        "target_return",
        "target_volatility",
        "confidence_level",
        "periods_per_year",
        "expected_return_estimator",
        "covariance_estimator",
        "prior",
        "missing_data",
        "covariance",
    ),
    "constraints": (
        "min_weight",
        "max_weight",
        "min_position_size",
        "sector_limits",
        "turnover_limit",
        "leverage_limit",
    ),
}
"""What a request states beside the options, by where: whoever states it among them is told."""


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
            yield Fault((*path, name), f"{name!r} is not a known option; {_remedy(name, known)}", "unknown")


def _remedy(name: str, known: list[str]) -> str:
    place = next((place for place, names in BESIDE.items() if name in names), None)
    return hint(name, known) if place is None else f"it belongs in {place}."


@cache
def _types(options: type) -> dict[str, object]:
    """Read once: annotations are compiled each time that they are asked for."""
    return get_type_hints(options)


def place_of_refusal(kind: object, value: object, convert: Callable[[object, Any], object]) -> Path:
    """Where in a value the innermost part stands that its own class refuses; empty for the value itself.

    Args:
        kind: the type that the value is meant as.
        value: what is refused, as plain values.
        convert: makes a value of a type; it did not get beyond the part that is refused, so all before it has its type.
    """
    for step, part_kind, part in _parts(kind, value):
        try:
            convert(part, part_kind)
        except InvalidInput:
            return (step, *place_of_refusal(part_kind, part, convert))
    return ()


def _below(kind: object, value: object, path: Path) -> Iterator[Fault]:
    if _is_union(kind):
        found = [list(_below(part, value, path)) for part in get_args(kind) if _may_be(part, value)]
        yield from [] if [] in found else next(iter(found), [])
    elif is_dataclass(kind) and isinstance(kind, type) and isinstance(value, Mapping):
        yield from unknown_options(kind, value, path)
    else:
        for step, part_kind, part in _parts(kind, value):
            yield from _below(part_kind, part, (*path, step))


def _parts(kind: object, value: object) -> Iterator[tuple[str | int, object, object]]:
    """What stands in a value: the step that leads there, the type that is meant there, and the part."""
    inner = get_args(kind)
    if _is_union(kind):
        for alternative in inner:
            yield from _parts(alternative, value)
    elif is_dataclass(kind) and isinstance(kind, type) and isinstance(value, Mapping):
        types = _types(kind)
        yield from ((name, types[name], part) for name, part in value.items() if name in types)
    elif isinstance(value, Mapping) and inner:
        yield from ((name, inner[-1], part) for name, part in value.items())
    elif isinstance(value, list | tuple) and inner:
        each = inner if len(inner) == len(value) and ... not in inner else [inner[0]] * len(value)
        yield from ((i, own, part) for i, (own, part) in enumerate(zip(each, value, strict=True)))


def _is_union(kind: object) -> bool:
    return get_origin(kind) in (Union, UnionType)


def _may_be(kind: object, value: object) -> bool:
    """Whether a value could be meant as this alternative of several."""
    if isinstance(value, Mapping):
        return is_dataclass(kind) or get_origin(kind) is dict or kind is dict
    return not is_dataclass(kind)
