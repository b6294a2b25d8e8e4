"""Points proven together: the figures of a certificate each, whatever the candidates say of themselves."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tangency.domain.frontier.proofs import Proven, proven_together
from tangency.domain.frontier.question import Aim, Candidate, FrontierQuestion
from tangency.domain.market.estimates import Estimates
from tangency.domain.optimization.certificate import certify
from tangency.domain.optimization.constraint import (
    Budget,
    Constraint,
    LongOnly,
    MaximumWeight,
    SectorLimit,
    TargetReturn,
    TurnoverLimit,
)
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Witness
from tangency.plugins.kernels.exact_frontier import exact_frontier
from tests.plugins.random_problems import random_market
from tests.support.posed import estimated, posed

LIMITS: tuple[Constraint, ...] = (Budget(), LongOnly(), MaximumWeight(0.3), SectorLimit(0.4, "energy"))


def traced(*limits: Constraint) -> tuple[Problem, Estimates, list[Candidate]]:
    """A frontier of twelve names: what is proposed on the way to its end."""
    market = random_market(np.random.default_rng(3), 12)
    assert market.covariance is not None
    sectors = [asset.sector for asset in market.universe.assets]
    problem = posed(market.covariance, market.mean, limits=(*LIMITS, *limits), sectors=sectors)
    estimates = estimated(problem)
    candidates = exact_frontier(replace(problem, constraints=LIMITS), estimates, FrontierQuestion(points=9))
    assert candidates is not None
    return problem, estimates, candidates[:-1]


def agrees(problem: Problem, estimates: Estimates, candidates: list[Candidate]) -> Proven:
    """Each point has the figures of the certificate for its own return."""
    proven = proven_together(problem, estimates, candidates)
    assert proven is not None
    for candidate, weights, gap in zip(candidates, proven.weights, proven.relative_gaps, strict=True):
        own = problem.narrowed(TargetReturn(candidate.target), estimates)
        certificate = certify(own, estimates, weights, candidate.proposal.witness)
        assert certificate.constraints_satisfied
        assert gap == pytest.approx(certificate.relative_gap, rel=1e-9, abs=1e-14)
    return proven


def rewritten(candidate: Candidate, **changes: Any) -> Candidate:
    return replace(candidate, proposal=replace(candidate.proposal, **changes))


def test_every_point_has_the_figures_of_its_own_certificate() -> None:
    proven = agrees(*traced())
    assert proven.relative_gaps.max() < 1e-12


def test_prices_and_weights_that_are_not_the_best_are_found_out() -> None:
    problem, estimates, candidates = traced()
    told = candidates[3].proposal.witness
    assert told is not None
    spoiled = {name: 0.9 * price for name, price in told.multipliers.items()}
    candidates[3] = rewritten(candidates[3], witness=Witness(spoiled))
    candidates[5] = replace(candidates[5], proposal=candidates[6].proposal)  # earns more than it is asked to
    gaps = agrees(problem, estimates, candidates).relative_gaps
    assert (gaps > 1e-4).tolist() == [False, False, False, True, False, True, False, False]


def test_a_price_of_the_wrong_sign_counts_as_none() -> None:
    problem, estimates, candidates = traced()
    negative = {TargetReturn(0.0).id: -1.0, "constraints.sector_limits.energy": -1.0}
    candidates[2] = rewritten(candidates[2], witness=Witness(negative))
    agrees(problem, estimates, candidates)


@pytest.mark.parametrize("target", [0.0, 1.0])
def test_who_breaks_a_limit_is_looked_at_alone(target: float) -> None:
    problem, estimates, candidates = traced()
    weights = candidates[1].proposal.weights
    assert weights is not None
    if target:  # what it is to earn at least
        candidates[1] = replace(candidates[1], target=target)
    else:
        candidates[1] = rewritten(candidates[1], weights=np.where(np.arange(12) == 0, weights + 1e-7, weights))
    assert proven_together(problem, estimates, candidates) is None


def test_so_is_another_aim_a_cut_of_the_objective_and_a_candidate_without_a_witness() -> None:
    problem, estimates, candidates = traced()
    for odd in (
        replace(candidates[0], aim=Aim.LEAST_RISK),
        rewritten(candidates[0], witness=Witness({}, {"objective.variance": np.ones(12)})),
        rewritten(candidates[0], witness=None),
        rewritten(candidates[0], weights=np.full(12, np.nan)),
    ):
        assert proven_together(problem, estimates, [odd, *candidates[1:]]) is None


def test_and_everybody_within_a_limit_that_is_no_row() -> None:
    current = np.full(12, 1 / 12)
    problem, estimates, candidates = traced(TurnoverLimit(2.0, tuple(current.tolist())))
    assert proven_together(problem, estimates, candidates) is None
