"""What a question states and nothing used. A constraint is never among it, and neither is a label."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import fields
from typing import Any

from tangency.application.question import Question, RiskParameters
from tangency.application.taxes import TAX_TERMS
from tangency.domain.market.estimates import Sources
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.solution import Solution

QUESTION = "question"
"""Where a wording says what only a question can state: that it is one, too."""
FIGURES = ("expected_return", "current_weight", "returns")


def unused_inputs(question: Question, problem: Problem, solution: Solution) -> tuple[str, ...]:
    """Paths into the request document, in its order; what holds for every name is said once, without a name."""
    sources = solution.provenance.sources if solution.provenance else None
    stated = [each.name for each in fields(RiskParameters) if getattr(question.risk, each.name) is not None]
    return (
        *_of_options(question.options, solution),
        *_of_strategies(stated_of_strategies(question), problem, sources),
        *_of_risk(stated, solution, sources),
    )


def unused_in_order(
    wording: Mapping[str, Any], supplied: Collection[str], problem: Problem, solution: Solution
) -> tuple[str, ...]:
    """The same for a request that was ordered.

    Args:
        wording: of the request, with what was supplied to it.
        supplied: paths of that, which are none of the request's.
        problem: what was asked.
        solution: what came of it.
    """
    sources = solution.provenance.sources if solution.provenance else None
    paths = (
        *_of_options(wording.get("method_options", {}), solution),
        *_of_strategies(wording.get(QUESTION, {}).get("strategies", ()), problem, sources),
        *_of_preferences(wording.get("preferences", {}), solution),
        *_of_risk(wording.get("risk_parameters", {}), solution, sources),
        *(("tax",) if "tax" in wording and TAX_TERMS not in wording else ()),
    )
    return tuple(path for path in paths if path not in supplied)


def _of_options(options: Collection[str], solution: Solution) -> Iterator[str]:
    return (f"method_options.{name}" for name in options if name in solution.unused_options)


def _of_preferences(preferences: Mapping[str, Any], solution: Solution) -> Iterator[str]:
    if "risk_aversion" in preferences and "risk_aversion" not in solution.parameters:
        yield "preferences.risk_aversion"
    if "transaction_cost_model" in preferences and not preferences.get("include_transaction_costs"):
        yield "preferences.transaction_cost_model"


def stated_of_strategies(question: Question) -> tuple[str, ...]:
    """Which figures are stated about any name."""
    strategies = question.strategies or ()
    return tuple(name for name in FIGURES if any(getattr(each, name) is not None for each in strategies))


def _of_strategies(stated: Collection[str], problem: Problem, sources: Sources | None) -> Iterator[str]:
    if "expected_return" in stated and sources is not None and sources.mean in ("absent", "method"):
        yield "strategies.expected_return"
    if "current_weight" in stated and problem.current is None:
        yield "strategies.current_weight"
    if "returns" in stated and sources is not None and sources.data is None:
        yield "strategies.returns"


def _of_risk(stated: Collection[str], solution: Solution, sources: Sources | None) -> Iterator[str]:
    used = {
        "risk_free_rate": solution.expected_return is not None,
        "risk_aversion": "risk_aversion" in solution.parameters,
        "confidence_level": "confidence_level" in solution.parameters,
        "periods_per_year": sources is None or sources.data is not None,
        "expected_return_estimator": sources is None or sources.mean_estimator is not None,
        "covariance_estimator": sources is None or sources.covariance_estimator is not None,
        "missing_data": sources is None or sources.data is not None,
        "prior": sources is None or sources.prior is not None,
    }
    for field, is_used in used.items():
        if field in stated and not is_used:
            yield f"risk_parameters.{field}"
