"""Stacking: a portfolio of portfolios, each by a method of its own, weighed by one more method."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import cast

import numpy as np

from tangency.domain.errors import InvalidInput
from tangency.domain.market.covariance import DenseCovariance
from tangency.domain.market.estimates import Estimates, Sources
from tangency.domain.market.market import Market, Needs
from tangency.domain.market.returns import Returns
from tangency.domain.market.scenarios import Scenarios, equally_likely
from tangency.domain.market.universe import Universe
from tangency.domain.numbers import Matrix
from tangency.domain.optimization.constraint import Budget, Constraint, LongOnly
from tangency.domain.optimization.method import Capabilities
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Proposal
from tangency.domain.optimization.region import RiskCap
from tangency.plugins.kernels.installed import (
    Inner,
    ask,
    bind_options,
    check,
    find_estimator,
    main_method,
    unanswered,
)
from tangency.plugins.kernels.limits import EVERY_LIMIT
from tangency.plugins.kernels.parts import estimates_of_portfolios, problem_over
from tangency.plugins.kernels.projection import heuristic

FOLDS = "stacking over folds (set folds to 0 to do without)"
FEWEST_DAYS = 2
"""In a fold: of one period there is no covariance."""


@dataclass(frozen=True, kw_only=True)
class StackingOptions:
    """The inner methods, the final method, and the cross-validation.

    Attributes:
        methods: the inner methods, each with its ``options`` and ``objective``. The objective defaults to that of the
            request or, if the method does not support it, to MIN_VOLATILITY.
        final: the method that combines the inner portfolios, treating each as an asset. Default: mean_variance, or
            risk_parity under RISK_PARITY.
        folds: number of consecutive periods into which the returns are cut. The final method sees the returns that each
            period earned with portfolios computed from all other periods. 0 uses the returns from which the portfolios
            were computed, which favors those that overfit.
    """

    methods: tuple[Inner, ...] = (Inner("mean_variance"), Inner("hierarchical_risk_parity"))
    final: Inner | None = None
    folds: int = 5

    def __post_init__(self) -> None:
        if not self.methods:
            raise InvalidInput.at(("methods",), "is empty; give at least one method.", "empty")
        if self.folds < 0 or self.folds == 1:
            raise InvalidInput.at(("folds",), f"is {self.folds}; give 2 or more, or 0 for none.", "range")


class Stacking:
    """Stacked generalization (Wolpert) for portfolios: a long-only mixture of the portfolios of several methods.

    The weights of the mixture come from out-of-sample returns and sum to 1. Each inner method takes the constraints
    into account that it supports. Constraints are convex, so a mixture of portfolios that satisfy them satisfies them
    too. Otherwise the answer is the nearest portfolio that does, and the distance is reported. Within a fold, limits on
    return and risk are left out, because they refer to estimates from all returns.
    """

    name = "stacking"
    citation = "Wolpert, D. (1992). Stacked generalization. Neural Networks 5(2), 241-259."
    capabilities = Capabilities(
        objectives=frozenset({"MAX_SHARPE", "MIN_VOLATILITY", "MAX_RETURN", "MAX_UTILITY", "RISK_PARITY"}),
        constraints=EVERY_LIMIT,
        uses_scenarios=True,
        heuristic=True,
        order_dependent=True,
    )
    options: type = StackingOptions

    def check(self, problem: Problem, options: object) -> None:
        """Refuse inner methods that there are not, and what they refuse."""
        asked = cast(StackingOptions, options)
        if asked.folds:
            problem.market.require_scenarios(FOLDS)
        for i, one in enumerate(asked.methods):
            check(one, problem, ("method_options", "methods", i))
        outer = replace(
            problem,
            market=_foreseen(problem.market, _labels(asked.methods)),
            constraints=(Budget(), LongOnly()),
            current=None,
        )
        check(asked.final or main_method(problem.objective), outer, ("method_options", "final"), substitute=False)

    def solve(self, problem: Problem, estimates: Estimates, options: object) -> Proposal:
        """Ask each inner method, then the final one, and mix."""
        asked = cast(StackingOptions, options)
        final = asked.final or main_method(problem.objective)
        path = ("method_options",)
        inner = _inner_weights(problem, estimates, asked.methods, "")
        if isinstance(inner, Proposal):
            return inner
        labels = _labels(asked.methods)
        seen = _out_of_sample(problem, estimates, asked, labels) if asked.folds else None
        if isinstance(seen, Proposal):
            return seen
        outer = estimates_of_portfolios(estimates, inner, labels) if seen is None else seen
        mixture = ask(
            final, problem_over(problem, outer, (Budget(), LongOnly())), outer, (*path, "final"), substitute=False
        )
        if mixture.weights is None:
            return unanswered(f"The final method, {final.method}", mixture)
        return heuristic(problem, estimates, inner @ mixture.weights, _told(problem, asked, inner, mixture.weights))


def _foreseen(market: Market, labels: Sequence[str]) -> Market:
    """The market of the portfolios before there are any: how many periods they will have returns in."""
    universe, returns = Universe.of(labels), None
    if market.returns is not None:
        returns = Returns(universe, np.zeros((len(market.returns.values), len(labels))))
    return Market(universe, returns=returns, periods_per_year=market.periods_per_year)


def _labels(methods: Sequence[Inner]) -> list[str]:
    """Of the portfolios, where they stand for names."""
    return [f"{i} {one.method}" for i, one in enumerate(methods, 1)]


def _told(problem: Problem, asked: StackingOptions, inner: Matrix, shares: Matrix) -> dict[str, object]:
    """The finding ``portfolios``: each inner one, and its weight in the mixture."""
    names = problem.universe.names
    return {
        "portfolios": [
            {"method": one.method, "weight": share, "weights": dict(zip(names, column.tolist(), strict=True))}
            for one, share, column in zip(asked.methods, shares.tolist(), inner.T, strict=True)
        ]
    }


def _inner_weights(problem: Problem, estimates: Estimates, methods: Sequence[Inner], when: str) -> Matrix | Proposal:
    """The portfolio of each method, one a column, shape (n, k); or what the first one says that has none."""
    columns = []
    for i, one in enumerate(methods):
        proposal = ask(one, problem, estimates, ("method_options", "methods", i))
        if proposal.weights is None:
            return unanswered(f"Inner method {i + 1}, {one.method}{when}", proposal)
        columns.append(proposal.weights)
    return np.column_stack(columns)


def _out_of_sample(
    problem: Problem, estimates: Estimates, asked: StackingOptions, labels: Sequence[str]
) -> Estimates | Proposal:
    """Annual sample moments of what the portfolios earned in stretches of time that they were not made from."""
    sample = estimates.required_scenarios(FOLDS)
    returns = equally_likely(sample, Stacking.name)
    if len(returns) < FEWEST_DAYS * asked.folds:
        detail = f"is {asked.folds}; of {len(returns)} returns a fold has less than {FEWEST_DAYS}. Give fewer, or 0."
        raise InvalidInput.at(("method_options", "folds"), detail, "range")
    lasting = replace(problem, constraints=tuple(_lasting(problem, estimates)))
    earned = []
    for number, held_out in enumerate(np.array_split(np.arange(len(returns)), asked.folds), 1):
        others = np.delete(returns, held_out, axis=0)
        inner = _inner_weights(
            lasting, _estimated_from(problem, estimates, others), asked.methods, f" in fold {number}"
        )
        if isinstance(inner, Proposal):
            return inner
        earned.append(returns[held_out] @ inner)
    return _moments(np.vstack(earned), labels, sample.periods_per_year)


def _lasting(problem: Problem, estimates: Estimates) -> Iterator[Constraint]:
    """The limits that do not speak of moments."""
    for limit in problem.constraints:
        if not limit.needs_mean and not isinstance(limit.shape(problem.universe, estimates), RiskCap):
            yield limit


def _estimated_from(problem: Problem, estimates: Estimates, rows: Matrix) -> Estimates:
    """What the request's estimators make of other returns; figures that were given stay."""
    market = replace(problem.market, returns=Returns(problem.universe, rows), prior=None)
    return market.estimate(find_estimator, bind_options, Needs(estimates.mean is not None, scenarios=True))


def _moments(earned: Matrix, labels: Sequence[str], periods_per_year: float) -> Estimates:
    universe = Universe.of(labels)
    covariance = periods_per_year * np.atleast_2d(np.cov(earned, rowvar=False))
    mean = periods_per_year * earned.mean(axis=0)
    origin = Sources("estimated", "estimated", "sample", "sample")
    scenarios = Scenarios(universe, earned, None, periods_per_year)
    return Estimates(universe, mean, DenseCovariance.of(covariance), origin, scenarios)
