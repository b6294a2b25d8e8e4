"""A misspelt option is refused at any depth, and nothing else is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest

from tangency.domain.errors import InvalidInput
from tangency.domain.optimization.options import place_of_refusal, unknown_options


@dataclass(frozen=True)
class Leaf:
    size: float = 1.0
    free: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.size < 0:
            raise InvalidInput.at(("size",), "is below 0.")


@dataclass(frozen=True)
class Tree:
    leaf: Leaf | None = None
    leaves: tuple[Leaf, ...] = ()
    named: dict[str, Leaf] = field(default_factory=dict)
    either: str | Leaf | list[float] = ""
    plain: dict[str, float] | float = 0.0
    pair: tuple[str, Leaf] | None = None
    made: int = field(default=0, init=False)


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"leaf": None},
        {"leaf": {"size": 2, "free": {"whatever": {"is": "asked"}}}},
        {"leaves": [{"size": 1}, {}], "named": {"any": {"size": 3}}},
        {"either": "text"},
        {"either": {"size": 1}},
        {"either": [1.0, 2.0]},
        {"plain": {"any": 1.0}},
        {"leaf": 7, "leaves": "of another type, which is for others to refuse"},
    ],
)
def test_what_is_spelt_well_passes(asked: dict[str, Any]) -> None:
    assert list(unknown_options(Tree, asked, ())) == []


@pytest.mark.parametrize(
    ("asked", "path"),
    [
        ({"laef": {}}, ("laef",)),
        ({"made": 1}, ("made",)),
        ({"leaf": {"sise": 1}}, ("leaf", "sise")),
        ({"leaves": [{}, {"sise": 1}]}, ("leaves", 1, "sise")),
        ({"named": {"any": {"sise": 1}}}, ("named", "any", "sise")),
        ({"either": {"sise": 1}}, ("either", "sise")),
    ],
)
def test_what_is_misspelt_is_told_with_its_place(asked: dict[str, Any], path: tuple[str | int, ...]) -> None:
    (fault,) = unknown_options(Tree, asked, ("method_options",))
    assert fault.path == ("method_options", *path)
    assert fault.code == "unknown"
    assert "is not a known option" in fault.detail


@pytest.mark.parametrize(
    ("asked", "path"),
    [
        ({"leaf": {"size": -1}}, ("leaf",)),
        ({"leaf": {"size": 1}, "leaves": [{}, {"size": -1}]}, ("leaves", 1)),
        ({"named": {"good": {"size": 1}, "bad": {"size": -1}}}, ("named", "bad")),
        ({"either": {"size": -1}}, ("either",)),
        ({"leaf": {"size": 1, "free": {"size": -1}}}, ()),
        ({"pair": ["first", {"size": -1}]}, ("pair", 1)),
        ({"leaf": {"size": -1}, "plain": "of another type, which nobody came to"}, ("leaf",)),
        ({"made": 1}, ()),
    ],
)
def test_a_refusal_has_the_place_of_what_is_refused(asked: dict[str, Any], path: tuple[str | int, ...]) -> None:
    assert place_of_refusal(Tree, asked, msgspec.convert) == path
