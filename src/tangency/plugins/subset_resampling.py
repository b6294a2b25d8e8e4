"""Subset resampling: the mean of many portfolios, each made from some of the names, or from returns drawn again."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import ceil
from typing import Literal, cast

import numpy as np

from tangency.domain.errors import InvalidInput
from tangency.domain.market.estimates import Estimates
from tangency.domain.market.market import Needs
from tangency.domain.market.returns import Returns
from tangency.domain.market.scenarios import equally_likely
from tangency.domain.numbers import Vector
from tangency.domain.optimization.constraint import Budget, LongOnly
from tangency.domain.optimization.method import Capabilities
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Proposal, Status
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
from tangency.plugins.kernels.parts import estimates_of_some, limits_on_some, problem_over
from tangency.plugins.kernels.projection import heuristic

BROKEN_OFF = (Status.INFEASIBLE, Status.NUMERICAL_ERROR)
"""How a method may end where limits contradict each other: not every solver can tell."""
METHOD = ("method_options", "method")


@dataclass(frozen=True, kw_only=True)
class SubsetResamplingOptions:
    """The inner method, and the subsets it is applied to.

    Attributes:
        method: the method that computes each portfolio. Default: mean_variance, or risk_parity under RISK_PARITY.
        subsets: number of portfolios.
        size: fraction of the assets in each subset, above 0 and at most 1; the number is rounded up.
        periods: ``all`` uses all returns for every subset. ``bootstrap`` draws as many returns with replacement for
            each subset (Michaud's resampling) and estimates the moments from them.
    """

    method: Inner | None = None
    subsets: int = 50
    size: float = 0.5
    periods: Literal["all", "bootstrap"] = "all"

    def __post_init__(self) -> None:
        if self.subsets < 1:
            raise InvalidInput.at(("subsets",), f"is {self.subsets}; give at least 1.", "range")
        if not 0 < self.size <= 1:
            raise InvalidInput.at(("size",), f"is {self.size}; give a share above 0 and at most 1.", "range")


class SubsetResampling:
    """The average of many portfolios on random subsets of assets, which averages out estimation errors.

    Subsets are drawn with the seed of the request, so the answer can be reproduced and does not depend on the order of
    the assets. Assets outside a subset have weight 0 in its portfolio. Each portfolio satisfies the constraints that
    apply to its assets; if these conflict (such as weights of at most 10 % on five assets), only the budget and
    long-only. Subsets without a meaningful portfolio (no asset beats the risk-free rate) are left out and counted.
    """

    name = "subset_resampling"
    citation = (
        "Shen, W., Wang, J. (2017). Portfolio selection via subset resampling. Proceedings of the AAAI Conference on "
        "Artificial Intelligence 31(1), 1517-1523; Michaud, R. (1998). Efficient Asset Management. Oxford."
    )
    capabilities = Capabilities(
        objectives=frozenset({"MAX_SHARPE", "MIN_VOLATILITY", "MAX_RETURN", "MAX_UTILITY", "RISK_PARITY"}),
        constraints=EVERY_LIMIT,
        uses_scenarios=True,
        heuristic=True,
    )
    options: type = SubsetResamplingOptions

    def check(self, problem: Problem, options: object) -> None:
        """Refuse an inner method that there is not, what it refuses, and a bootstrap beside a covariance."""
        asked = cast(SubsetResamplingOptions, options)
        inner = asked.method or main_method(problem.objective)
        check(inner, replace(problem, constraints=(Budget(), LongOnly())), METHOD, substitute=False)
        if asked.periods == "bootstrap":
            _refuse_given_covariance(problem)
            problem.market.require_scenarios("the bootstrap")

    def solve(self, problem: Problem, estimates: Estimates, options: object) -> Proposal:
        """Draw, solve, and average."""
        asked = cast(SubsetResamplingOptions, options)
        draws = _Draws(problem, estimates, asked)
        failure = draws.run()
        if failure is not None:
            return failure
        portfolios = np.array(draws.portfolios)
        deviations = portfolios.std(axis=0).tolist()
        findings = {
            "subsets": {
                "made": len(portfolios),
                "names": draws.size,
                "without_limits": draws.without_limits,
                "left_out": draws.left_out,
            },
            "weight_deviations": dict(zip(problem.universe.names, deviations, strict=True)),
        }
        return heuristic(problem, estimates, portfolios.mean(axis=0), findings)


@dataclass(eq=False)
class _Draws:
    """The portfolios drawn so far, each of shape (n,). Not a value: it collects."""

    problem: Problem
    estimates: Estimates
    asked: SubsetResamplingOptions
    portfolios: list[Vector] = field(default_factory=list)
    known: dict[tuple[int, ...], tuple[Proposal, bool]] = field(default_factory=dict)
    without_limits: int = 0
    left_out: int = 0

    def __post_init__(self) -> None:
        names = self.problem.universe.names
        self.inner = self.asked.method or main_method(self.problem.objective)
        self.size = ceil(self.asked.size * len(names) * (1 - 1e-12))
        self.alphabet = sorted(range(len(names)), key=lambda place: names[place])
        self.random = np.random.default_rng(self.problem.seed)

    def run(self) -> Proposal | None:
        """Draw all; what the last one said where none, or one for no good reason, has weights."""
        last = Proposal(Status.NOT_APPLICABLE)
        for number in range(1, self.asked.subsets + 1):
            last = self._drawn()
            if last.weights is None and last.status is not Status.NOT_APPLICABLE:
                return unanswered(f"Subset {number}, {self.inner.method}", last)
        return None if self.portfolios else unanswered(f"Every subset, {self.inner.method}", last)

    def _drawn(self) -> Proposal:
        drawn = np.sort(self.random.choice(len(self.alphabet), self.size, replace=False)).tolist()
        places = tuple(self.alphabet[i] for i in drawn)
        proposal, within = self._made(places)
        self.without_limits += not within
        if proposal.weights is None:
            self.left_out += 1
            return proposal
        weights = np.zeros(len(self.alphabet))
        weights[list(places)] = proposal.weights
        self.portfolios.append(weights)
        return proposal

    def _made(self, places: tuple[int, ...]) -> tuple[Proposal, bool]:
        """The portfolio of a subset, and whether it keeps the limits; the same for a subset that is drawn again."""
        if self.asked.periods == "bootstrap":
            return self._solved(estimates_of_some(self._resampled(), places))
        if places not in self.known:
            self.known[places] = self._solved(estimates_of_some(self.estimates, places))
        return self.known[places]

    def _solved(self, estimates: Estimates) -> tuple[Proposal, bool]:
        limits = limits_on_some(self.problem.constraints, estimates.universe)
        own = problem_over(self.problem, estimates, limits)
        proposal = ask(self.inner, own, estimates, METHOD, substitute=False)
        if proposal.weights is not None or proposal.status not in BROKEN_OFF:
            return proposal, True
        free = replace(own, constraints=(Budget(), LongOnly()))
        return ask(self.inner, free, estimates, METHOD, substitute=False), False

    def _resampled(self) -> Estimates:
        market = self.problem.market
        _refuse_given_covariance(self.problem)
        returns = equally_likely(self.estimates.required_scenarios("the bootstrap"), SubsetResampling.name)
        rows = returns[self.random.integers(len(returns), size=len(returns))]
        again = replace(market, returns=Returns(self.problem.universe, rows), prior=None)
        return again.estimate(find_estimator, bind_options, Needs(self.estimates.mean is not None, scenarios=True))


def _refuse_given_covariance(problem: Problem) -> None:
    if problem.market.covariance is not None:
        detail = "is 'bootstrap', and the covariance is given: nothing follows from other returns. Leave one out."
        raise InvalidInput.at(("method_options", "periods"), detail, "unsupported")
