"""Answers as documents: the seed's fields, the proof, and never a figure that JSON has no word for."""

import json
import math
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tangency.adapters.document.answer import response_of
from tangency.adapters.document.problem import INTERNAL, KINDS, kind_of, problem_of
from tangency.adapters.document.reading import UnreadableDocument
from tangency.domain import errors
from tangency.domain.errors import Fault, InvalidInput, MethodCrashed, NotFound, ProblemInfeasible, Unsupported
from tangency.domain.market.covariance import Repair, Spectrum
from tangency.domain.market.estimates import Sources
from tangency.domain.market.returns import DataReport
from tangency.domain.market.universe import Universe
from tangency.domain.optimization.certificate import Certificate
from tangency.domain.optimization.explanation import BindingConstraint, Explanation, NameAtBound
from tangency.domain.optimization.infeasibility import Conflicting, Infeasibility, Relaxation
from tangency.domain.optimization.optimization import Answer, Turnover
from tangency.domain.optimization.proposal import SolverAttempt, Status, Witness
from tangency.domain.optimization.solution import Origin, Provenance, Solution
from tangency.domain.risk.portfolio_risk import PortfolioRisk
from tests.support.questions import question

CERTIFICATE = Certificate(
    violations={"budget": 0.0, "constraints.max_weight": 1e-10},
    objective=0.45,
    duality_gap=1e-12,
    relative_gap=2e-12,
    spectrum=Spectrum((0.02, 0.02), (0.07, 0.07)),
    repair=Repair(1e-16, 1e-15),
)
SOLUTION = Solution(
    Status.OPTIMAL,
    Universe.of(["A", "B"]),
    "Proven optimal.",
    weights=np.array([0.25, 0.75]),
    objective_value=0.45,
    expected_return=0.08,
    expected_volatility=0.14,
    sharpe_ratio=0.43,
    risk=PortfolioRisk("volatility", 0.1, np.array([0.25, 0.75]), np.array([0.16, 0.08])),
    certificate=CERTIFICATE,
    why=Explanation(
        (BindingConstraint("constraints.sector_limits.t", 0.12, "Sector t weighs at most 0.4, net."),),
        (NameAtBound("B", "max", 0.75, 0.01),),
    ),
    iterations=7,
    provenance=Provenance(
        "abc",
        Origin("mean_variance", "tangency", "0.1.0"),
        Sources("estimated", "given", "sample", None, DataReport(10, 8, 2, ("B",))),
        (SolverAttempt("piqp", "solved", 7, 0.4),),
        1e-10,
        {"numpy": "2"},
    ),
)
ANSWER = Answer(
    UUID(int=5), "port-1", SOLUTION, 12.5, Turnover(0.2, 0.3), ("strategies.returns",), datetime(2026, 1, 2, tzinfo=UTC)
)


def served(answer: Answer) -> Any:
    return json.loads(msgspec.json.encode(response_of(answer)))


def test_the_fields_of_the_answer() -> None:
    assert served(ANSWER) == {
        "portfolio_id": "port-1",
        "optimal_weights": {"A": 0.25, "B": 0.75},
        "expected_return": 0.08,
        "expected_volatility": 0.14,
        "sharpe_ratio": 0.43,
        "optimization_metadata": {
            "convergence_status": "optimal",
            "iterations": 7,
            "optimization_time_ms": 12.5,
            "objective_value": 0.45,
            "constraints_satisfied": True,
            "turnover": {"one_way": 0.2, "turnover_l1": 0.3},
        },
        "risk_contributions": {"A": pytest.approx(0.4), "B": pytest.approx(0.6)},
        "risk_decomposition": {
            "target": {
                "measure": "volatility",
                "total": 0.1,
                "assets": {
                    "A": {"marginal": 0.16, "absolute": 0.04, "share": pytest.approx(0.4)},
                    "B": {"marginal": 0.08, "absolute": 0.06, "share": pytest.approx(0.6)},
                },
                "sectors": {},
                "asset_classes": {},
                "factors": None,
            },
            "current": None,
        },
        "certificate": {
            "max_violation": 1e-10,
            "violations": {"budget": 0.0, "constraints.max_weight": 1e-10},
            "objective": 0.45,
            "duality_gap": 1e-12,
            "relative_gap": 2e-12,
            "quality": 1.0 - 2e-12,
            "smallest_eigenvalue": {"at_least": 0.02, "at_most": 0.02},
            "condition_number": {"at_least": 0.07 / 0.02, "at_most": 0.07 / 0.02},
            "repair": {"shift": 1e-16, "distance": 1e-15},
        },
        "why": {
            "binding": [
                {
                    "constraint": "constraints.sector_limits.t",
                    "shadow_price": 0.12,
                    "sentence": "Sector t weighs at most 0.4, net.",
                }
            ],
            "at_bound": [{"name": "B", "bound": "max", "limit": 0.75, "reduced_cost": 0.01}],
        },
        "provenance": {
            "optimization_id": "opt-00000000000000000000000005",
            "answered_at": "2026-01-02T00:00:00Z",
            "problem_hash": "abc",
            "method": {"name": "mean_variance", "distribution": "tangency", "version": "0.1.0"},
            "estimates": {
                "expected_return": "estimated",
                "covariance": "given",
                "expected_return_estimator": "sample",
                "covariance_estimator": None,
                "prior": None,
                "data": {
                    "given": 10,
                    "used": 8,
                    "dropped": 2,
                    "causes": ["B"],
                    "method": "intersect",
                    "filled": {},
                    "scenarios": 8,
                },
            },
            "attempts": [{"solver": "piqp", "status": "solved", "iterations": 7, "time_ms": 0.4}],
            "tolerance": 1e-10,
            "versions": {"numpy": "2"},
            "references": [],
        },
        "unused_inputs": ["strategies.returns"],
        "supplied_by_configuration": {},
    }


def test_what_a_rule_does_not_prove_is_null_and_its_reasons_are_empty() -> None:
    certificate = replace(CERTIFICATE, duality_gap=None, relative_gap=None, repair=None)
    rule = replace(SOLUTION, status=Status.FEASIBLE, certificate=certificate, why=None)
    document = served(replace(ANSWER, solution=rule, turnover=None))
    assert document["optimization_metadata"]["convergence_status"] == "feasible"
    assert document["certificate"]["duality_gap"] is None
    assert document["certificate"]["quality"] is None
    assert document["why"] == {"binding": [], "at_bound": []}
    assert document["optimization_metadata"]["turnover"] is None


@pytest.mark.parametrize("missing", [{"weights": None}, {"certificate": None}])
def test_nothing_is_served_without_weights_and_a_certificate(missing: dict[str, Any]) -> None:
    with pytest.raises(NotFound):
        response_of(replace(ANSWER, solution=replace(SOLUTION, **missing)))


FLOATS = st.floats()


def all_figures(document: Any) -> Any:
    if isinstance(document, dict):
        for part in document.values():
            yield from all_figures(part)
    elif isinstance(document, list):
        for part in document:
            yield from all_figures(part)
    elif isinstance(document, float):
        yield document


@given(st.lists(FLOATS, min_size=12, max_size=12))
def test_no_figure_is_ever_infinite_or_nan(figures: list[float]) -> None:
    mean, sigma, sharpe, value, gap, relative, objective, low, high, least, most, spent = figures
    certificate = replace(
        CERTIFICATE,
        objective=objective,
        duality_gap=gap,
        relative_gap=relative,
        spectrum=Spectrum((low, high), (least, most)),
    )
    solution = replace(
        SOLUTION,
        expected_return=mean,
        expected_volatility=sigma,
        sharpe_ratio=sharpe,
        objective_value=value,
        certificate=certificate,
        provenance=replace(SOLUTION.provenance, attempts=(SolverAttempt("s", "x", 1, spent),)),  # type: ignore[type-var]
    )
    response = msgspec.to_builtins(response_of(replace(ANSWER, solution=solution)))
    assert all(math.isfinite(figure) for figure in all_figures(response))


def concrete_errors(root: type[Exception]) -> set[type[Exception]]:
    return {root}.union(
        *(concrete_errors(child) for child in root.__subclasses__() if child.__module__ == root.__module__)
    )


def test_every_error_of_the_tree_has_its_kind_of_problem() -> None:
    roots = {errors.TangencyError, errors.NoAnswer, errors.TryAgainLater, errors.BrokerUnavailable}
    assert concrete_errors(errors.TangencyError) - roots <= set(KINDS)
    slugs = [kind.slug for kind in KINDS.values()]
    assert len(slugs) == len(set(slugs))


def test_nothing_that_a_client_sends_is_a_fault_of_the_service() -> None:
    ours = {errors.StoreUnavailable, errors.NeighbourUnavailable, errors.NeighbourUnusable, errors.OutboxFull}
    assert all(kind.status < 500 for error, kind in KINDS.items() if error not in ours)


def test_a_subclass_from_elsewhere_is_the_kind_of_its_parent() -> None:
    class Late(errors.TimeLimitReached):
        pass

    assert kind_of(Late("too late")).slug == "time-limit"


def test_what_is_our_mistake_is_not_told() -> None:
    document = problem_of(ZeroDivisionError("secret"))
    assert (document.type, document.status) == (INTERNAL.type, 500)
    assert "secret" not in document.detail


def test_an_infeasible_problem_says_what_conflicts_and_what_would_do() -> None:
    found = Infeasibility(
        (
            Conflicting("budget", "The weights sum to 1.", 1.0, None),
            Conflicting("constraints.max_weight", "...", 0.2, 0.5),
        ),
        (Relaxation("constraints.max_weight", 0.2, 0.5),),
        Witness(),
        0.1,
    )
    solution = replace(SOLUTION, status=Status.INFEASIBLE, weights=None, infeasibility=found)
    document = json.loads(msgspec.json.encode(problem_of(ProblemInfeasible("No portfolio.", solution))))
    assert document["type"].endswith("/infeasible")
    assert document["conflict"][1] == {
        "constraint": "constraints.max_weight",
        "sentence": "...",
        "limit": 0.2,
        "sufficient": 0.5,
    }
    assert document["conflict"][0]["sufficient"] is None
    assert document["relaxation"] == [{"constraint": "constraints.max_weight", "limit": 0.2, "needed": 0.5}]


def test_a_crash_has_neither_conflict_nor_errors() -> None:
    document = json.loads(msgspec.json.encode(problem_of(MethodCrashed("it raised"))))
    assert set(document) == {"type", "title", "status", "detail"}


@pytest.mark.parametrize(
    ("path", "pointer"),
    [
        (("strategies", "XOM", "min_weight"), "/strategies/1/min_weight"),
        (("strategies", 2, "returns", 7), "/strategies/2/returns/7"),
        (("strategies",), "/strategies"),
        (("constraints", "sector_limits", "a/b"), "/constraints/sector_limits/a~1b"),
        ((), ""),
    ],
)
def test_pointers_lead_into_the_request_as_it_was_written(path: tuple[str | int, ...], pointer: str) -> None:
    error = Unsupported([Fault(path, "is wrong.")])
    document = problem_of(error, question())
    assert isinstance(document.errors, list)
    assert document.errors[0].pointer == pointer


def test_a_request_without_strategies_has_no_place_for_a_single_one() -> None:
    error = InvalidInput([Fault(("strategies", "XOM", "min_weight"), "is wrong.")])
    document = problem_of(error, question(strategies=None))
    assert isinstance(document.errors, list)
    assert document.errors[0].pointer == "/strategies"


def test_a_single_mistake_is_the_detail_and_several_are_counted() -> None:
    one = problem_of(InvalidInput([Fault(("method",), "is wrong.")]))
    assert one.detail == "method is wrong."
    two = problem_of(InvalidInput([Fault(("method",), "is wrong."), Fault(("objective",), "is wrong.")]))
    assert two.detail == "There are 2 mistakes; see errors."


def test_an_unreadable_body_is_told_as_a_sentence() -> None:
    assert problem_of(UnreadableDocument("is not JSON: cut off.")).detail == "The body is not JSON: cut off."
