"""Robust portfolios: best in the worst case over uncertain means, covariances, scenarios or distributions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import cast

from tangency.domain.market.estimates import Estimates
from tangency.domain.market.universe import Universe
from tangency.domain.numbers import Vector
from tangency.domain.optimization.composite_ratio import WorstRatio
from tangency.domain.optimization.composite_terms import unpacked
from tangency.domain.optimization.method import Capabilities, StatedMoments
from tangency.domain.optimization.objective import Blend, MinimumRisk, MultiObjective, Objective, SumOfTerms
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Proposal, Status
from tangency.domain.optimization.ratio import MaximumSharpe
from tangency.domain.optimization.term import Term
from tangency.domain.risk.measure import Measure
from tangency.plugins.kernels.limits import EVERY_LIMIT
from tangency.plugins.kernels.solving import solved
from tangency.plugins.multi.delegation import by_aims, check_aims, without_aims
from tangency.plugins.robust import metrics, reading
from tangency.plugins.robust.covariance_sets import CovarianceSet, check_covariances, covariance_set
from tangency.plugins.robust.mean_sets import MeanSet, check_means, mean_set
from tangency.plugins.robust.options import MeanUncertainty, RobustOptions
from tangency.plugins.robust.reading import Market


class RobustOptimization:
    """Portfolios that are best in the worst case, when expected returns, covariance or distribution are uncertain.

    Constraints such as ``target_return`` apply to the estimates, not to the worst case.

    Clarabel solves the problems as cone programs: second-order cones for ellipsoids of means, absolute values for boxes
    of means, and an enlarged covariance for ellipsoids of covariances. A box of covariances is an enlarged covariance
    if there are no short positions, and a semidefinite program otherwise.
    """

    name = "robust_optimization"
    citation = (
        "Goldfarb, D., Iyengar, G. (2003), Robust portfolio selection problems, Mathematics of Operations Research "
        "28(1), 1-38; Tutuncu, R., Koenig, M. (2004), Robust asset allocation, Annals of Operations Research 132, "
        "157-187; Mohajerin Esfahani, P., Kuhn, D. (2018), Data-driven distributionally robust optimization using the "
        "Wasserstein metric, Mathematical Programming 171, 115-166"
    )
    capabilities = Capabilities(
        objectives=frozenset(
            {"MAX_UTILITY", "MIN_VOLATILITY", "MAX_SHARPE", "MAX_RETURN", "MIN_RISK", "MULTI_OBJECTIVE"}
        ),
        constraints=EVERY_LIMIT,
        risk_measures=frozenset({"volatility", "cvar"}),
        uses_scenarios=True,
    )
    options: type = RobustOptions

    def check(self, problem: Problem, options: object) -> None:
        """Refuse what has no convex form, and figures that do not line up with the names."""
        said = cast(RobustOptions, options)
        reading.refuse(problem, said)
        check_means(said.mean_uncertainty, problem)
        check_covariances(said.covariance_uncertainty, problem)
        if said.wasserstein_radius is not None:
            problem.market.require_scenarios("a Wasserstein ball")
        if said.scenarios:
            reading.stated_markets(said.scenarios, problem.universe)
        if isinstance(problem.objective, MultiObjective):
            check_aims(problem, said)

    def stated_moments(self, universe: Universe, options: object) -> StatedMoments:
        """The centers of the sets, or the average of scenarios that all state theirs."""
        return reading.stated_moments(cast(RobustOptions, options), universe)

    def solve(self, problem: Problem, estimates: Estimates, options: object) -> Proposal:
        """The robust optimum with its witness, and what robustness costs."""
        said = cast(RobustOptions, options)
        reading.refuse(problem, said)
        if isinstance(problem.objective, MultiObjective):
            return _Sets(problem, estimates, said).by_aims()
        return without_aims(self._worst(problem, estimates, said), said)

    def _worst(self, problem: Problem, estimates: Estimates, said: RobustOptions) -> Proposal:
        if said.wasserstein_radius is not None:
            return _Distributions(problem, estimates, said).proposal()
        if said.scenarios:
            return _Scenarios(problem, estimates, said).proposal()
        return _Sets(problem, estimates, said).proposal()


@dataclass(eq=False)
class _Case:
    """One way of being uncertain."""

    problem: Problem
    estimates: Estimates
    options: RobustOptions

    def objective(self) -> Blend | WorstRatio:
        """What is optimised."""
        raise NotImplementedError

    def nominal(self) -> Objective:
        """What is optimised where nothing is uncertain."""
        return self.problem.objective

    def members(self, w: Vector, proposal: Proposal) -> Mapping[str, object]:
        """What is worst for w."""
        raise NotImplementedError

    def proposal(self) -> Proposal:
        """The robust optimum and its metrics."""
        found = solved(self.problem, self.objective(), self.estimates)
        if found.weights is None or found.status is not Status.OPTIMAL:
            return found
        reading = replace(found.reading, unused_options=tuple(self._unused()))
        return replace(found, reading=reading, findings={"robustness": self._metrics(found.weights, found)})

    def _unused(self) -> Iterator[str]:
        """Options of another way of being uncertain, or of means that the objective does without."""
        said = self.options
        if not said.scenarios and said.criterion != "worst_case":
            yield "criterion"
        if said.wasserstein_radius is None and said.ground_norm != "l1":
            yield "ground_norm"
        if said.mean_uncertainty is not None and not self.problem.objective.needs_mean:
            yield "mean_uncertainty"

    def _metrics(self, w: Vector, found: Proposal) -> dict[str, object]:
        asked = cast(SumOfTerms | MaximumSharpe, self.nominal())
        best = solved(self.problem, metrics.nominal_terms(asked, self.estimates), self.estimates).weights
        judged = cast(Objective, found.reading.objective)
        return {
            "worst_case_objective": judged.value(w, self.estimates),
            **self.members(w, found),
            **metrics.Nominal(asked, best).metrics(w, self.estimates, self.problem.universe),
        }


class _Sets(_Case):
    means: MeanSet | None = None
    covariances: CovarianceSet | None = None

    def objective(self) -> Blend | WorstRatio:
        problem, said = self.problem, self.options
        long_only = bool((problem.region(self.estimates).lower >= 0).all())
        if problem.objective.needs_mean:
            means = MeanUncertainty(estimate="empirical") if said.silent else said.mean_uncertainty
            self.means = mean_set(means, problem, self.estimates)
        self.covariances = covariance_set(said.covariance_uncertainty, problem, self.estimates, long_only)
        return reading.over_sets(problem.objective, self.means, self.covariances)

    def by_aims(self) -> Proposal:
        """Several aims, return and risk among them at their worst."""
        self.objective()
        found = by_aims(
            self.problem, self.estimates, self.options, worst=reading.worst_aims(self.means, self.covariances)
        )
        if found.weights is None:
            return found
        worst = metrics.over_sets(found.weights, self.estimates, self.means, self.covariances, None)
        return replace(found, findings={**found.findings, "robustness": worst})

    def members(self, w: Vector, proposal: Proposal) -> Mapping[str, object]:
        dual = None if proposal.witness is None else _covariance_dual(proposal.witness.cuts)
        return metrics.over_sets(w, self.estimates, self.means, self.covariances, dual)


class _Scenarios(_Case):
    markets: tuple[Market, ...] = ()

    def objective(self) -> Blend | WorstRatio:
        asked, options = self.problem.objective, self.options
        self.markets = tuple(reading.markets(options.scenarios or (), self.problem, self.estimates))
        if options.criterion == "expected":
            return reading.expected_market(asked, self.markets)
        if options.criterion == "regret":
            return reading.largest_regret(asked, self.markets, self._least)
        return reading.worst_market(asked, self.markets)

    def _least(self, loss: Term) -> float:
        best = solved(self.problem, Blend("LOSS", (loss,)), self.estimates).weights
        return 0.0 if best is None else loss.value(best, self.estimates)

    def members(self, w: Vector, proposal: Proposal) -> Mapping[str, object]:
        cuts = {} if proposal.witness is None else proposal.witness.cuts
        shares = next(unpacked(cuts.get("objective.ratio", cuts.get("objective.worst_of"))), None)
        if shares is None or self.options.criterion == "expected":
            return metrics.over_markets(w, self.markets, {market.name: market.probability for market in self.markets})
        total = float(shares.sum()) or 1.0
        named = zip(self.markets, shares.tolist(), strict=True)
        return metrics.over_markets(w, self.markets, {market.name: share / total for market, share in named})


class _Distributions(_Case):
    def objective(self) -> Blend:
        level = self._measure.confidence_level
        radius, norm = self.options.wasserstein_radius or 0.0, self.options.ground_norm
        self.estimates.required_scenarios("a Wasserstein ball")
        return reading.over_distributions(radius, norm, level, len(self.problem.universe))

    def nominal(self) -> Objective:
        return MinimumRisk(self._measure)

    def members(self, w: Vector, proposal: Proposal) -> Mapping[str, object]:
        cvar = self._measure.of(self.estimates).value(w)
        worst = cast(Objective, proposal.reading.objective).value(w, self.estimates)
        return {"cvar": cvar, "worst_case_cvar": worst}

    @property
    def _measure(self) -> Measure:
        asked = self.problem.objective
        if isinstance(asked, MinimumRisk) and asked.measure.name == "cvar":
            return asked.measure
        return Measure("cvar", self.problem.confidence_level)


def _covariance_dual(cuts: Mapping[str, Vector]) -> Vector | None:
    """The worst covariance of a program, wherever the objective keeps it."""
    if "objective.worst_covariance" in cuts:
        return cuts["objective.worst_covariance"]
    packs = list(unpacked(cuts.get("objective.ratio")))
    return next(unpacked(packs[1]), None) if len(packs) > 1 else None
