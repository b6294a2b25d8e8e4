"""A problem survives being written, sent and read, bit by bit; and a document that is no problem says where."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tangency.domain.errors import InvalidInput
from tangency.domain.market.market import Market
from tangency.domain.market.universe import Universe
from tangency.domain.optimization.constraint import Budget, Constraint, LongOnly, MaximumWeight, TurnoverLimit
from tangency.domain.optimization.document import content_hash, from_document, to_document
from tangency.domain.optimization.kinds import CONSTRAINTS, OBJECTIVES, TERMS
from tangency.domain.optimization.objective import MinimumVolatility, Objective
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.ratio import MaximumSharpe
from tangency.domain.optimization.term import Term
from tangency.domain.plain_values import as_buffer, as_lists
from tests.support.problems import problems


def bits(document: object) -> object:
    """The document with every number spelt out, so that equality is equality of bits."""
    if isinstance(document, dict):
        return {key: bits(part) for key, part in document.items()}
    if isinstance(document, list):
        return [bits(part) for part in document]
    return document.hex() if isinstance(document, float) else repr(document)


def content(problem: Problem) -> object:
    return bits(to_document(problem, as_lists))


@pytest.fixture
def problem() -> Problem:
    universe = Universe.of(["A", "B"], {"A": "energy"})
    market = Market(universe, np.array([0.05, np.nan]), np.array([[0.04, 0.01], [0.01, 0.09]]))
    limits = (Budget(), LongOnly(), MaximumWeight(0.7, "B"), TurnoverLimit(0.2, current=(0.5, 0.5)))
    return Problem(market, MaximumSharpe(0.02), limits, current=np.array([0.5, 0.5]), options={"tries": 2})


@given(problems())
def test_a_problem_comes_back_from_json_and_from_buffers_bit_by_bit(problem: Problem) -> None:
    text, said = json.dumps(to_document(problem), allow_nan=False), content(problem)
    assert content(from_document(json.loads(text))) == said
    assert content(from_document(to_document(problem, as_buffer))) == said


@given(problems(), problems())
@settings(max_examples=60)
def test_problems_have_one_hash_if_and_only_if_they_say_the_same(one: Problem, other: Problem) -> None:
    assert content_hash(one) == content_hash(from_document(to_document(one)))
    assert (content_hash(one) == content_hash(other)) == (content(one) == content(other))


@given(problems(), st.data())
def test_every_single_change_changes_the_hash(problem: Problem, data: st.DataObject) -> None:
    market = problem.market
    changes = [
        replace(problem, seed=problem.seed + 1),
        replace(problem, method=problem.method + "x"),
        replace(problem, options={**problem.options, "one more": 1}),
        replace(problem, risk_free_rate=float(np.nextafter(problem.risk_free_rate, np.inf))),
        replace(problem, market=replace(market, periods_per_year=np.nextafter(market.periods_per_year, np.inf))),
        replace(problem, current=np.full(len(problem.universe), 0.123456789)),
    ]
    if market.covariance is not None:
        place = data.draw(st.integers(0, market.covariance.size - 1))
        moved = market.covariance.copy()
        moved.flat[place] = np.nextafter(moved.flat[place], np.inf)
        changes.append(replace(problem, market=replace(market, covariance=moved)))
    if problem.constraints:
        changes.append(replace(problem, constraints=problem.constraints[1:]))
    for change in changes:
        assert content_hash(change) != content_hash(problem)


def test_the_order_of_the_names_is_content_and_the_order_of_options_is_not(problem: Problem) -> None:
    turned = Universe(problem.universe.assets[::-1])
    assert content_hash(replace(problem, market=replace(problem.market, universe=turned))) != content_hash(problem)
    first, second = (replace(problem, options=options) for options in ({"a": 1, "b": 2}, {"b": 2, "a": 1}))
    assert content_hash(first) == content_hash(second)


def test_a_negative_zero_is_another_double(problem: Problem) -> None:
    zero, negative = (replace(problem, current=np.array([value, 1.0])) for value in (0.0, -0.0))
    assert content_hash(zero) != content_hash(negative)


def test_memory_layout_is_no_content(problem: Problem) -> None:
    covariance = np.arange(4.0).reshape(2, 2)
    rows, columns = (
        replace(problem, market=replace(problem.market, covariance=layout))
        for layout in (covariance, np.asfortranarray(covariance))
    )
    assert content_hash(rows) == content_hash(columns)
    assert content(from_document(to_document(columns, as_buffer))) == content(rows)


def test_a_buffer_is_read_without_a_copy(problem: Problem) -> None:
    covariance = np.arange(4.0).reshape(2, 2)
    document = to_document(replace(problem, market=replace(problem.market, covariance=covariance)), as_buffer)
    read = from_document(document).market.covariance
    assert read is not None
    assert np.shares_memory(read, covariance)


DOMAIN = "tangency.domain."


def concrete(root: type) -> set[type]:
    """The classes below a root that can be made."""
    children: list[type] = root.__subclasses__()
    below = set(children).union(*(concrete(child) for child in children))
    return {cls for cls in below if not getattr(cls, "__abstractmethods__", None) and not cls.__name__.startswith("_")}


def test_every_constraint_and_objective_has_its_line_in_the_tables() -> None:
    own = {cls for cls in concrete(Constraint) if cls.__module__.startswith(DOMAIN)}
    assert own == set(CONSTRAINTS.values())
    assert {kind: cls.kind for kind, cls in CONSTRAINTS.items()} == {kind: kind for kind in CONSTRAINTS}
    aims = {cls for cls in concrete(Objective) if cls.__module__.startswith(DOMAIN)}
    assert aims == set(OBJECTIVES.values())
    own_words = {
        "MAX_RATIO",
        "WORST_RATIO",
        "BLEND",
        "RISK_BUDGETING",
        "MINIMUM_ACTIVE_RISK",
        "STATED",
    }  # they carry the name that a method gives them
    fixed: dict[str, object] = {name: cls.name for name, cls in OBJECTIVES.items() if name not in own_words}
    assert fixed == {name: name for name in fixed}
    assert {kind: cls.kind for kind, cls in TERMS.items()} == {kind: kind for kind in TERMS}
    assert {cls for cls in concrete(Term) if cls.__module__.startswith(DOMAIN)} == set(TERMS.values())


def test_a_constraint_without_a_line_in_the_table_is_not_written_as_its_parent(problem: Problem) -> None:
    class Stricter(Budget):
        pass

    with pytest.raises(InvalidInput, match="Stricter has no place in the document"):
        to_document(replace(problem, constraints=(Stricter(),)))


def test_what_may_be_left_out_has_a_default() -> None:
    short = {
        "tangency_problem": 1,
        "universe": [{"name": "A"}],
        "objective": {"name": "MIN_VOLATILITY"},
        "constraints": [{"kind": "budget"}],
    }
    expected = Problem(Market(Universe.of(["A"])), MinimumVolatility(), (Budget(),))
    assert content(from_document(short)) == content(expected)


MISTAKES: list[tuple[tuple[str | int, ...], object, tuple[str | int, ...], str]] = [
    (("tangency_problem",), 2, ("tangency_problem",), "this release reads version 1"),
    (("tangency_problem",), ..., ("tangency_problem",), "is None; this release reads version 1"),
    (("tangency_problem",), True, ("tangency_problem",), "is True"),
    (("universe",), ..., ("universe",), "is missing"),
    (("universe",), "A", ("universe",), "is 'A'; give a list"),
    (("universe", 1, "name"), 3, ("universe", 1, "name"), "is 3; give text"),
    (("universe", 1, "colour"), "red", ("universe", 1, "colour"), "'colour' is not a known field; did you mean sector"),
    (("universe", 1, "name"), "A", ("strategies", 1, "name"), "is already the name"),
    (("objectiv",), {}, ("objectiv",), "did you mean objective?"),
    (("objective", "name"), "MAX_SHAPE", ("objective", "name"), "did you mean MAX_SHARPE"),
    (("objective", "name"), ..., ("objective", "name"), "is null; give text"),
    (("objective", "risk_aversion"), 1.0, ("objective", "risk_aversion"), "is not a known field"),
    (("objective", "risk_free_rate"), "2%", ("objective", "risk_free_rate"), "is '2%'; give a number"),
    (("objective", "risk_free_rate"), True, ("objective", "risk_free_rate"), "is true; give a number"),
    (("constraints", 0, "kind"), "bugdet", ("constraints", 0, "kind"), "did you mean budget"),
    (("constraints", 2, "limit"), ..., ("constraints", 2, "limit"), "is missing"),
    (("constraints", 2, "limit"), float("nan"), ("constraints", 2, "limit"), "is nan; give a finite number"),
    (("constraints", 3, "current"), [0.5], ("constraints", "turnover_limit"), "needs 2 current weights"),
    (("constraints", 3, "current"), [0.5, None], ("constraints", 3, "current", 1), "is nan"),
    (("market", "covariance"), [[1.0]], ("market", "covariance"), "has 1 x 1 figures; give 2 x 2"),
    (("market", "covariance"), [[1.0, 2.0], [1.0]], ("market", "covariance"), "rows of different lengths"),
    (("market", "covariance", 1), ["1", 2.0], ("market", "covariance", 1, 0), "is '1'; give a number, or null"),
    (("market", "covariance"), 3.0, ("market", "covariance"), "is 3.0; give a list"),
    (("market", "covariance"), {"shape": [2, 2], "f8": b"12345678"}, ("market", "covariance"), "needs 32"),
    (("market", "covariance"), {"shape": [2, 2], "f8": "text"}, ("market", "covariance"), "is not a buffer"),
    (("market", "covariance"), {"shape": [-2, -2], "f8": b"0" * 32}, ("market", "covariance"), "is not a buffer"),
    (("market", "returns"), {"names": ["C"], "values": [[0.1]]}, ("market", "returns", "names"), "'C' is not a name"),
    (("market", "returns"), {"names": ["A"], "values": [[1, 2]]}, ("market", "returns", "values"), "give any x 1"),
    (("market", "missing_data"), "guess", ("market", "missing_data"), "valid: intersect"),
    (("market", "periods_per_year"), 0, ("market", "periods_per_year"), "give a number above 0"),
    (("market", "mean_estimator"), "sample", ("market", "mean_estimator"), "give an object with named fields"),
    (("current",), [0.5, float("inf")], ("current", 1), "is inf; give a finite number"),
    (("options", "tries"), float("inf"), ("options", "tries"), "is inf"),
    (("solver", "sequence"), [1], ("solver", "sequence", 0), "is 1; give text"),
    (("seed",), 1.5, ("seed",), "is 1.5; give a whole number"),
]


@pytest.mark.parametrize(("place", "value", "path", "words"), MISTAKES, ids=lambda part: str(part)[:40])
def test_a_mistake_is_named_with_its_place(
    problem: Problem, place: tuple[str | int, ...], value: object, path: tuple[str | int, ...], words: str
) -> None:
    spoilt = json.loads(json.dumps(to_document(problem)))
    spot = spoilt
    for step in place[:-1]:
        spot = spot[step]
    if value is ...:
        del spot[place[-1]]
    else:
        spot[place[-1]] = value
    with pytest.raises(InvalidInput) as caught:
        from_document(spoilt)
    (fault,) = caught.value.faults
    assert fault.path == path
    assert words in fault.detail


@pytest.mark.parametrize("document", [None, 1, "text", [], [["tangency_problem", 1]], {1: 2}])
def test_what_is_no_document_at_all_is_refused(document: object) -> None:
    with pytest.raises(InvalidInput):
        from_document(document)


def test_options_that_are_no_plain_values_are_not_written(problem: Problem) -> None:
    with pytest.raises(InvalidInput, match=r"options\.when: is of type object"):
        to_document(replace(problem, options={"when": object()}))


def test_numpy_scalars_among_the_options_become_plain_numbers(problem: Problem) -> None:
    written = to_document(replace(problem, options={"level": np.float64(0.5), "tries": np.int64(3)}))
    assert json.loads(json.dumps(written))["options"] == {"level": 0.5, "tries": 3}
