"""Views as people write them: ``AAPL - MSFT = 0.02``, ``0.5 KO + 0.5 PEP >= 3%``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple, TypeAlias, cast

from tangency.domain.errors import InvalidInput, Path, hint

Relation: TypeAlias = Literal["=", ">=", "<="]

_RELATION = re.compile(r"^(?P<left>.*?)(?P<relation>>=|<=|==|=)(?P<right>[^=<>]*)$", re.DOTALL)
_NUMBER = r"[0-9]*\.?[0-9]+(?:[eE][+-]?[0-9]+)?"
_VALUE = re.compile(rf"^(?P<number>[+-]?{_NUMBER})\s*(?P<percent>%?)$")
_COEFFICIENT = re.compile(rf"(?P<number>{_NUMBER})\s*\*?\s*")
_END_OF_NAME = re.compile(r"\s*([+\-]|$)")


class WrittenView(NamedTuple):
    """sum of weights x returns, relation, value."""

    weights: dict[str, float]
    relation: Relation
    value: float


def read_view(text: str, names: Sequence[str], path: Path) -> WrittenView:
    """Read a view; a name is the longest one that fits, so that it may hold spaces, digits and hyphens.

    Args:
        text: terms with signs and coefficients, a relation, and a number that may be a percentage.
        names: that a view may be about.
        path: where the text stands, for messages.

    Raises:
        InvalidInput: no such form, an unknown name, or a name that is there twice.
    """
    found = _RELATION.match(text)
    value = _VALUE.match(found["right"].strip()) if found else None
    if found is None or value is None:
        detail = f"{text!r} is not a view; write for instance '{_example(names)}', or give an object."
        raise InvalidInput.at(path, detail)
    number = float(value["number"]) * (0.01 if value["percent"] else 1.0)
    relation = cast(Relation, "=" if found["relation"] == "==" else found["relation"])
    return WrittenView(_terms(found["left"].strip(), names, path), relation, number)


def write_terms(weights: Mapping[str, float]) -> str:
    """The left side of a view: ``AAPL - 0.5 MSFT``."""
    parts = [f"{'-' if weight < 0 else '+'} {_size(abs(weight))}{name}" for name, weight in weights.items() if weight]
    joined = " ".join(parts)
    return joined.removeprefix("+ ") if joined.startswith("+") else joined.replace("- ", "-", 1)


def _size(weight: float) -> str:
    return "" if weight == 1.0 else f"{weight:g} "


def _terms(text: str, names: Sequence[str], path: Path) -> dict[str, float]:
    weights: dict[str, float] = {}
    longest_first = sorted(names, key=len, reverse=True)
    place = 0
    while place < len(text) or not weights:
        sign, place = _sign(text, place, first=not weights, path=path)
        name, size, place = _term(text, place, longest_first, path)
        if name in weights:
            raise InvalidInput.at(path, f"names {name!r} twice; add its terms up.", "duplicate")
        weights[name] = sign * size
    return weights


def _sign(text: str, place: int, first: bool, path: Path) -> tuple[float, int]:
    place += len(text[place:]) - len(text[place:].lstrip())
    if text[place : place + 1] in ("+", "-"):
        return (-1.0 if text[place] == "-" else 1.0), place + 1
    if not first:
        raise InvalidInput.at(path, f"needs a + or a - before {text[place:]!r}.")
    return 1.0, place


def _term(text: str, place: int, names: Sequence[str], path: Path) -> tuple[str, float, int]:
    place += len(text[place:]) - len(text[place:].lstrip())
    name = _name_at(text, place, names)
    coefficient = None if name else _COEFFICIENT.match(text, place)
    size = 1.0
    if coefficient is not None:
        size, place = float(coefficient["number"]), coefficient.end()
        name = _name_at(text, place, names)
    if name is None:
        wrong = re.split(r"\s[+-]\s|$", text[place:], maxsplit=1)[0].strip()
        raise InvalidInput.at(path, f"{wrong!r} is not a name here; {hint(wrong, names)}", "unknown")
    return name, size, place + len(name)


def _name_at(text: str, place: int, names: Sequence[str]) -> str | None:
    fitting = (name for name in names if text.startswith(name, place) and _END_OF_NAME.match(text, place + len(name)))
    return next(fitting, None)


def _example(names: Sequence[str]) -> str:
    one, other = (*names, "B")[:2]
    return f"{one} - {other} = 0.02"
