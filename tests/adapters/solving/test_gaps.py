"""Returns with gaps, from the problem to the answer, whichever policy deals with them."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tangency.adapters.entry_points import EntryPointPlugins
from tangency.adapters.solving.in_process import proposed, solve
from tangency.adapters.solving.wire import pack_proposed, unpack
from tangency.domain.errors import InvalidInput
from tangency.domain.market.estimates import EstimatorChoice
from tangency.domain.market.market import Market
from tangency.domain.market.returns import Returns
from tangency.domain.market.universe import Universe
from tangency.domain.numbers import Matrix
from tangency.domain.optimization.constraint import Budget, LongOnly
from tangency.domain.optimization.document import content_hash, from_document, to_document
from tangency.domain.optimization.objective import MaximumReturn, MinimumRisk, MinimumVolatility
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Status
from tests.support.samples import returns_of

UNIVERSE = Universe.of(["A", "B", "C"])
PLUGINS = EntryPointPlugins()
POLICIES: list[tuple[Any, dict[str, str]]] = [("intersect", {}), ("pairwise", {}), ("em", {}), ("proxy", {"C": "A"})]


def gapped() -> Matrix:
    rows = returns_of(90, 3)
    rows[:30, 2] = np.nan
    return rows


def problem(policy: Any, proxies: dict[str, str], estimator: str = "sample", **others: Any) -> Problem:
    market = Market(
        UNIVERSE,
        returns=Returns(UNIVERSE, gapped()),
        missing_data=policy,
        proxies=proxies,
        covariance_estimator=EstimatorChoice(estimator),
    )
    return Problem(market, others.pop("objective", MinimumVolatility()), (Budget(), LongOnly()), **others)


@pytest.mark.parametrize(("policy", "proxies"), POLICIES)
def test_an_answer_is_proven_and_says_what_became_of_the_gaps(policy: Any, proxies: dict[str, str]) -> None:
    solution = solve(problem(policy, proxies), PLUGINS)
    assert solution.status is Status.OPTIMAL
    assert solution.provenance is not None
    report = solution.provenance.sources.data
    assert report is not None
    assert (report.method, report.given, report.causes) == (policy, 90, ("C",))
    assert report.dropped == (30 if policy == "intersect" else 0)
    assert dict(report.filled) == ({"C": 30} if policy in ("em", "proxy") else {})


@pytest.mark.parametrize(("policy", "proxies"), POLICIES)
def test_a_problem_with_gaps_survives_its_document(policy: Any, proxies: dict[str, str]) -> None:
    asked = problem(policy, proxies)
    read = from_document(to_document(asked))
    assert (read.market.missing_data, dict(read.market.proxies)) == (policy, proxies)
    assert content_hash(read) == content_hash(asked)


@pytest.mark.parametrize(("policy", "proxies"), POLICIES)
def test_methods_of_scenarios_see_the_same_rows_in_every_process(policy: Any, proxies: dict[str, str]) -> None:
    asked = problem(policy, proxies, method="mean_risk", objective=MinimumRisk(), options={"risk_measure": "cvar"})
    found = proposed(asked, PLUGINS)
    here, there = found.outcome.estimates, unpack(asked, pack_proposed(asked, found)).outcome.estimates
    assert here.scenarios is not None
    assert there.scenarios is not None
    assert np.array_equal(here.scenarios.returns, there.scenarios.returns)
    assert len(here.scenarios) == (90 if policy in ("em", "proxy") else 60)
    assert here.sources == there.sources


@pytest.mark.parametrize("policy", ["pairwise", "em"])
def test_an_estimator_of_rows_refuses_what_has_none(policy: Any) -> None:
    with pytest.raises(
        InvalidInput, match=f"'{policy}' gives moments, and 'ledoit_wolf' estimates from rows"
    ) as caught:
        solve(problem(policy, {}, "ledoit_wolf"), PLUGINS)
    assert caught.value.faults[0].path == ("risk_parameters", "missing_data")


def compounded(policy: Any) -> Problem:
    asked = problem(policy, {}, objective=MaximumReturn())
    return replace(asked, market=replace(asked.market, mean_estimator=EstimatorChoice("compounded")))


def test_each_name_is_compounded_over_the_periods_that_it_has() -> None:
    """As PyPortfolioOpt's mean_historical_return, whose users come with names of different age."""
    solution, own = solve(compounded("pairwise"), PLUGINS), gapped()
    rates = np.nanprod(1.0 + own, axis=0) ** (252.0 / (~np.isnan(own)).sum(axis=0)) - 1.0
    assert solution.expected_return == pytest.approx(rates.max(), rel=1e-12)
    assert rates.argmax() == 2  # the name with the gaps


def test_what_is_filled_in_the_moments_alone_says_nothing_of_growth() -> None:
    with pytest.raises(InvalidInput, match="'em' gives moments, and 'compounded' estimates from rows"):
        solve(compounded("em"), PLUGINS)


@pytest.mark.parametrize("policy", ["pairwise", "em"])
def test_a_prior_refuses_them_too(policy: Any) -> None:
    asked = problem(policy, {})
    market = Market(
        UNIVERSE, returns=asked.market.returns, missing_data=policy, prior=EstimatorChoice("block_bootstrap")
    )
    with pytest.raises(InvalidInput, match="'block_bootstrap' estimates from rows without gaps"):
        solve(Problem(market, MinimumVolatility(), (Budget(), LongOnly())), PLUGINS)
