"""What is optimised: the objective that was asked for, in its worst case, over scenarios, or over distributions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from tangency.domain.errors import InvalidInput, Path, Unsupported
from tangency.domain.market.estimates import Estimates
from tangency.domain.market.universe import Universe
from tangency.domain.numbers import Matrix, Vector
from tangency.domain.optimization.composite_ratio import WorstRatio
from tangency.domain.optimization.composite_terms import Constant, Sum, WorstOf
from tangency.domain.optimization.method import StatedMoments
from tangency.domain.optimization.objective import Blend, MaximumUtility, MinimumRisk, MultiObjective, Objective
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.ratio import MaximumSharpe
from tangency.domain.optimization.robust_terms import (
    LargestWeight,
    Norm,
    SquaredNorm,
    WorstCovariance,
    root_of,
    rows_of,
)
from tangency.domain.optimization.term import Linear, RiskOf, Term, Variance
from tangency.domain.risk.measure import VOLATILITY, Measure
from tangency.plugins.robust import figures
from tangency.plugins.robust.covariance_sets import COVARIANCE, CovarianceSet
from tangency.plugins.robust.mean_sets import MEAN, MeanSet
from tangency.plugins.robust.options import RobustOptions, Scenario

PROBABILITY_ROUNDING = 1e-9
SCENARIOS: Path = ("method_options", "scenarios")


def over_sets(asked: Objective, means: MeanSet | None, covariances: CovarianceSet | None) -> Blend | WorstRatio:
    """The objective in the worst case over a set of means and one of covariances.

    Args:
        asked: an objective of moments.
        means: None where the objective has none.
        covariances: None where the covariance is the one estimated.
    """
    volatility = RiskOf(1.0, VOLATILITY) if covariances is None else covariances.volatility()
    if means is None:
        return Blend(asked.name, (volatility,))
    penalty: tuple[Term, ...] = () if means.penalty is None else (means.penalty,)
    if isinstance(asked, MaximumSharpe):
        excess = Linear(tuple((asked.risk_free_rate - means.center).tolist()))
        loss = Sum((excess, *penalty), (1.0,) * (1 + len(penalty)))
        return WorstRatio((loss,), (volatility,))
    loss_of_means = Linear(tuple((-means.center).tolist()))
    if isinstance(asked, MaximumUtility):
        aversion = asked.risk_aversion
        risk = Variance(aversion) if covariances is None else covariances.half_variance(aversion)
        return Blend(asked.name, (risk, loss_of_means, *penalty), maximised=True, used=asked.parameters)
    return Blend(asked.name, (loss_of_means, *penalty), maximised=True)


def worst_aims(means: MeanSet | None, covariances: CovarianceSet | None) -> dict[str, Term]:
    """What the aims return and risk lose in the worst case, by their names.

    Raises:
        Unsupported: the worst covariance takes a semidefinite program, whose value is only known at its own answer.
    """
    worst: dict[str, Term] = {}
    if means is not None:
        parts = (Linear(tuple((-means.center).tolist())), *(() if means.penalty is None else (means.penalty,)))
        worst["return"] = Sum(parts, (1.0,) * len(parts), "worst_return")
    if covariances is not None:
        worst["risk"] = covariances.volatility()
    if isinstance(worst.get("risk"), WorstCovariance):
        detail = (
            "is a box without a worst corner, for short positions or its width; for several aims give kind ellipsoid."
        )
        raise Unsupported.at(("method_options", "covariance_uncertainty"), detail, "unsupported")
    return worst


def over_distributions(radius: float, norm: str, level: float, names: int) -> Blend:
    """Conditional value at risk in the worst distribution of a Wasserstein ball of type 1 around the historical one.

    CVaR + radius x dual norm of w / (1 - level): Mohajerin Esfahani and Kuhn (2018), Data-driven distributionally
    robust optimization using the Wasserstein metric, section 7; the loss has slope 1 / (1 - level) at most.
    """
    cvar = Measure("cvar", level)
    price = radius / (1.0 - level)
    flat = LargestWeight(price, "distribution")
    dual = flat if norm == "l1" else Norm(price, rows_of(np.eye(names)), "distribution")
    return Blend("MIN_RISK", (RiskOf(1.0, cvar), dual), measure=cvar, used=cvar.parameters)


@dataclass(frozen=True, eq=False)
class Market:
    """One scenario.

    Attributes:
        name: of the scenario.
        probability: of it.
        means: annual; shape (n,).
        covariance: annual; shape (n, n).
    """

    name: str
    probability: float
    means: Vector
    covariance: Matrix

    def loss(self, asked: Objective) -> Term:
        """What is minimised in this market; of a Sharpe ratio, minus the excess."""
        if isinstance(asked, MaximumUtility):
            risk = SquaredNorm(asked.risk_aversion, rows_of(root_of(self.covariance)))
            return Sum((risk, Linear(tuple((-self.means).tolist()))), (1.0, 1.0), self.name)
        if isinstance(asked, MaximumSharpe):
            return Linear(tuple((asked.risk_free_rate - self.means).tolist()))
        if asked.needs_mean:
            return Linear(tuple((-self.means).tolist()))
        return self.volatility

    @property
    def volatility(self) -> Norm:
        """Annual."""
        return Norm(1.0, rows_of(root_of(self.covariance)))


def markets(scenarios: Sequence[Scenario], problem: Problem, estimates: Estimates) -> list[Market]:
    """The scenarios, lined up with the names.

    Raises:
        InvalidInput: figures that do not line up, two of one name, or probabilities that are no shares of 1.
    """
    return [_market(one, problem, estimates) for one in stated_markets(scenarios, problem.universe)]


@dataclass(frozen=True, eq=False)
class StatedMarket:
    """One scenario as far as it is stated, lined up with the names; see :class:`Market`."""

    name: str
    probability: float
    means: Vector | None
    covariance: Matrix | None


def stated_markets(scenarios: Sequence[Scenario], universe: Universe) -> list[StatedMarket]:
    """What is stated of the scenarios, lined up with the names.

    Raises:
        InvalidInput: as :func:`markets` raises it.
    """
    names = [scenario.name for scenario in scenarios]
    if len(set(names)) < len(names):
        raise InvalidInput.at(SCENARIOS, "have two of one name; give each its own.", "duplicate")
    shares = _probabilities(scenarios).tolist()
    return [_stated(one, share, universe, i) for i, (one, share) in enumerate(zip(scenarios, shares, strict=True))]


def stated_moments(said: RobustOptions, universe: Universe) -> StatedMoments:
    """The centers of the sets, or the average by probability of scenarios that all state theirs."""
    listed = stated_markets(said.scenarios, universe) if said.scenarios else []
    mean = _average([market.means for market in listed], listed)
    covariance = _average([market.covariance for market in listed], listed)
    if said.mean_uncertainty is not None and said.mean_uncertainty.center is not None:
        mean = figures.vector(said.mean_uncertainty.center, universe, (*MEAN, "center"))
    if said.covariance_uncertainty is not None and said.covariance_uncertainty.center is not None:
        covariance = figures.covariance(said.covariance_uncertainty.center, universe, (*COVARIANCE, "center"))
    return StatedMoments(mean, covariance)


def _average(given: Sequence[Matrix | None], listed: Sequence[StatedMarket]) -> Matrix | None:
    """By the scenarios' probabilities; None where there are none, or one of them states nothing."""
    stated = [figure for figure in given if figure is not None]
    if not stated or len(stated) < len(given):
        return None
    return np.asarray(np.tensordot([market.probability for market in listed], np.array(stated), axes=1))


def _stated(scenario: Scenario, share: float, universe: Universe, place: int) -> StatedMarket:
    path, means, covariance = (*SCENARIOS, place), None, None
    if scenario.expected_returns is not None:
        means = figures.vector(scenario.expected_returns, universe, (*path, "expected_returns"))
    if scenario.covariance is not None:
        covariance = figures.covariance(scenario.covariance, universe, (*path, "covariance"))
    return StatedMarket(scenario.name, share, means, covariance)


def _market(stated: StatedMarket, problem: Problem, estimates: Estimates) -> Market:
    means, covariance = stated.means, stated.covariance
    if means is None and problem.objective.needs_mean:
        means = estimates.required_mean("the objective")
    return Market(
        stated.name,
        stated.probability,
        np.zeros(len(problem.universe)) if means is None else means,
        estimates.covariance.dense() if covariance is None else covariance,
    )


def _probabilities(scenarios: Sequence[Scenario]) -> Vector:
    given = [scenario.probability for scenario in scenarios]
    if all(probability is None for probability in given):
        return np.full(len(given), 1.0 / len(given))
    values = np.array([np.nan if probability is None else probability for probability in given])
    if not (values >= 0).all() or abs(float(values.sum()) - 1.0) > PROBABILITY_ROUNDING:
        detail = "have probabilities that are no shares of 1; give every scenario one, or none."
        raise InvalidInput.at(SCENARIOS, detail, "range")
    return np.asarray(values / values.sum())


def worst_market(asked: Objective, listed: Sequence[Market]) -> Blend | WorstRatio:
    """The objective in the worst of the scenarios."""
    losses = tuple(market.loss(asked) for market in listed)
    if isinstance(asked, MaximumSharpe):
        return WorstRatio(losses, tuple(market.volatility for market in listed))
    return Blend(asked.name, (WorstOf(losses),), asked.needs_mean, used=asked.parameters)


def expected_market(asked: Objective, listed: Sequence[Market]) -> Blend:
    """The objective on average over the scenarios."""
    losses, shares = tuple(market.loss(asked) for market in listed), tuple(market.probability for market in listed)
    return Blend(asked.name, (Sum(losses, shares),), asked.needs_mean, used=asked.parameters)


def largest_regret(asked: Objective, listed: Sequence[Market], best: Callable[[Term], float]) -> Blend:
    """How far the objective falls short of the best in that scenario, in the scenario where that is most.

    Args:
        asked: an objective of moments.
        listed: the scenarios.
        best: the least that a loss can be.
    """
    losses = [market.loss(asked) for market in listed]
    regrets = tuple(Sum((loss, Constant(-best(loss))), (1.0, 1.0)) for loss in losses)
    return Blend(asked.name, (WorstOf(regrets),), used=asked.parameters)


def refuse(problem: Problem, options: RobustOptions) -> None:
    """Refuse what has no convex form.

    Raises:
        Unsupported: an average or a regret of Sharpe ratios; another risk than volatility, or than conditional value
            at risk over distributions.
    """
    asked = problem.objective
    if isinstance(asked, MultiObjective) and (options.scenarios or options.wasserstein_radius is not None):
        place = "scenarios" if options.scenarios else "wasserstein_radius"
        detail = (
            "does not go with several aims; give mean_uncertainty and covariance_uncertainty, or another objective."
        )
        raise Unsupported.at(("method_options", place), detail, "unsupported")
    if options.scenarios and options.criterion != "worst_case" and isinstance(asked, MaximumSharpe):
        detail = f"{options.criterion!r} of a Sharpe ratio is not convex; give worst_case, or objective MAX_UTILITY."
        raise Unsupported.at(("method_options", "criterion"), detail, "unsupported")
    if options.wasserstein_radius is not None and not isinstance(asked, MinimumRisk):
        detail = f"is for objective MIN_RISK, whose conditional value at risk it makes robust; not for {asked.name}."
        raise Unsupported.at(("method_options", "wasserstein_radius"), detail, "unsupported")
    if options.wasserstein_radius is None and isinstance(asked, MinimumRisk) and asked.measure != VOLATILITY:
        detail = f"{asked.measure.name!r} has no set here; give wasserstein_radius for cvar, or volatility."
        raise Unsupported.at(("objective",), detail, "unsupported")
