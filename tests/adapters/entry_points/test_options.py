"""A plugin's options are bound strictly: types, names, finiteness, and the class's own rules."""

import math
from dataclasses import dataclass, field
from typing import Annotated, Literal

import msgspec
import pytest

from tangency.adapters.entry_points.options import bind_options
from tangency.domain.errors import InvalidInput, MethodCrashed
from tangency.domain.optimization.method import NoOptions


@dataclass(frozen=True)
class Stated:
    value: float


@dataclass(frozen=True)
class Nested:
    level: float = 0.5
    rule: Literal["odd", "even"] | None = None
    share: Annotated[float, msgspec.Meta(ge=0.0, le=1.0)] = 0.5


@dataclass(frozen=True)
class Options:
    tries: int = 3
    level: float = 0.1
    rule: Literal["first", "last"] = "first"
    parts: tuple[Nested, ...] = ()
    by_name: dict[str, float | None] = field(default_factory=dict)
    stated: Stated | None = None
    flag: bool = False
    pair: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        if self.tries > 9:
            raise ValueError("more than nine tries.")
        if self.tries < 0:
            raise KeyError(self.tries)
        if self.level < 0:
            raise InvalidInput.at(("level",), f"is {self.level}; give a number from 0 up.", "range")


def test_nothing_asked_is_every_default() -> None:
    assert bind_options(Options, {}) == Options()
    assert bind_options(NoOptions, {}) == NoOptions()


def test_what_is_asked_arrives_with_its_type() -> None:
    asked = {"tries": 5, "level": 1, "rule": "last", "parts": [{"level": 0.25}]}
    bound = bind_options(Options, asked)
    assert bound == Options(5, 1.0, "last", (Nested(0.25),))
    assert isinstance(bound, Options)
    assert isinstance(bound.level, float)


@pytest.mark.parametrize(
    ("asked", "path", "words"),
    [
        ({"trys": 1}, ("method_options", "trys"), "'trys' is not a known option; did you mean tries"),
        ({"tries": "5"}, ("method_options", "tries"), "is '5'; give a whole number."),
        ({"tries": 1.5}, ("method_options", "tries"), "is 1.5; give a whole number."),
        ({"rule": "middle"}, ("method_options", "rule"), "is 'middle'; give 'first' or 'last'."),
        ({"parts": [{}, {"level": None}]}, ("method_options", "parts", 1, "level"), "is null; give a number."),
        ({"parts": [{"rule": "middle"}]}, ("method_options", "parts", 0, "rule"), "is 'middle'; give 'odd' or 'even'."),
        ({"parts": {"a": 1}}, ("method_options", "parts"), "is an object; give a list."),
        ({"parts": [{"share": 2.0}]}, ("method_options", "parts", 0, "share"), "is 2.0; give a number at most 1."),
        ({"by_name": {"A": 1.0, "B": "x"}}, ("method_options", "by_name", "B"), "is 'x'; give a number or null."),
        ({"by_name": {"A": "x" * 90}}, ("method_options", "by_name", "A"), f"is '{'x' * 59}...; give"),
        ({"stated": {}}, ("method_options", "stated", "value"), "is missing."),
        ({"pair": [1.0]}, ("method_options", "pair"), "Expected `array` of length 2, got 1."),
        ({"flag": 3}, ("method_options", "flag"), "is 3; give true or false."),
        ({"flag": True, "tries": True}, ("method_options", "tries"), "is true; give a whole number."),
        ({"level": math.nan}, ("method_options", "level"), "is nan; give a finite number"),
        ({"parts": [{"level": -math.inf}]}, ("method_options", "parts", 0, "level"), "is -inf"),
        ({"tries": 10}, ("method_options",), "tries."),
        ({"level": -1.0}, ("method_options", "level"), "give a number from 0 up"),
    ],
    ids=str,
)
def test_what_does_not_fit_is_refused_where_it_stands(
    asked: dict[str, object], path: tuple[str | int, ...], words: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        bind_options(Options, asked)
    (fault,) = caught.value.faults
    assert fault.path == path
    assert words in fault.detail
    assert not fault.detail.endswith("..")


def test_every_unknown_option_is_named() -> None:
    with pytest.raises(InvalidInput) as caught:
        bind_options(NoOptions, {"a": 1, "b": 2}, ("risk_parameters", "covariance_estimator", "options"))
    assert [fault.path[-1] for fault in caught.value.faults] == ["a", "b"]
    assert "there are none" in caught.value.faults[0].detail


@dataclass(frozen=True)
class Bounded:
    level: float = 0.0

    def __post_init__(self) -> None:
        if self.level < 0:
            raise InvalidInput.at(("level",), f"is {self.level}; give a number from 0 up.", "range")


@dataclass(frozen=True)
class Holding:
    one: Bounded | None = None
    listed: tuple[Bounded, ...] = ()
    named: dict[str, Bounded] = field(default_factory=dict)


@pytest.mark.parametrize(
    ("asked", "below"),
    [
        ({"one": {"level": -1.0}}, ("one",)),
        ({"listed": [{}, {"level": -1.0}]}, ("listed", 1)),
        ({"one": {}, "named": {"good": {}, "bad": {"level": -1.0}}}, ("named", "bad")),
    ],
)
def test_what_a_class_inside_refuses_stands_inside(asked: dict[str, object], below: tuple[str | int, ...]) -> None:
    with pytest.raises(InvalidInput) as caught:
        bind_options(Holding, asked)
    (fault,) = caught.value.faults
    assert fault.path == ("method_options", *below, "level")
    assert fault.code == "range"


def test_a_class_that_fails_over_its_options_is_named() -> None:
    with pytest.raises(MethodCrashed, match=r"Options raised KeyError: -1\. Its author"):
        bind_options(Options, {"tries": -1})
