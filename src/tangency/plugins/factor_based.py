"""Portfolios with stated exposures to factors, or whose risk comes from factors in stated shares."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import cast

import numpy as np

from tangency.domain.errors import InvalidInput, Path, hint
from tangency.domain.factors.regression import regress
from tangency.domain.market.estimates import Estimates
from tangency.domain.market.factor_covariance import (
    SPECIFIC,
    FactorCovariance,
    FactorModel,
    factor_model_of,
)
from tangency.domain.market.market import Market
from tangency.domain.market.scenarios import equally_likely
from tangency.domain.market.universe import Universe
from tangency.domain.numbers import Vector
from tangency.domain.optimization.composite_terms import Constant
from tangency.domain.optimization.constraint import Constraint
from tangency.domain.optimization.factor_exposure import ExposureCap, ExposureFloor, ExposureTarget
from tangency.domain.optimization.method import Capabilities, NoOptions, StatedMoments
from tangency.domain.optimization.objective import Blend, MinimumVolatility, Objective
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Proposal, Reading, Status
from tangency.domain.optimization.term import Linear, Variance
from tangency.plugins.estimators.factors import model_of, principal_components
from tangency.plugins.kernels.factor_budgets import FactorShares, nearest_shares
from tangency.plugins.kernels.factor_returns import FactorOptions, check_factors, factor_returns
from tangency.plugins.kernels.solving import solved
from tangency.plugins.mean_variance import MeanVariance

PATH: Path = ("method_options",)
SUM_ROUNDING = 1e-9
"""By which budgets may exceed, or all of them miss, a sum of 1."""
REGRESSED = "a factor model of factor_returns"
LOADINGS_ALONE = "needs the factors' covariance and the specific variances, and the model states loadings alone."
BUDGETS_MET = 1e-8
RANDOM_STARTS = 6
"""Beside the objective's best portfolio and equal weights: searches for shares of factors end where they are."""


@dataclass(frozen=True, slots=True)
class Target:
    """A target exposure.

    Attributes:
        target: exposure of the portfolio.
        tolerance: allowed deviation on either side.
    """

    target: float
    tolerance: float = 0.0

    def __post_init__(self) -> None:
        if self.tolerance < 0:
            raise ValueError(f"has a tolerance of {self.tolerance}; give 0 or more")


@dataclass(frozen=True, slots=True)
class StatedModel:
    """A factor model given in figures.

    Attributes:
        loadings: by factor, then by asset; every asset once.
        covariance: annual factor covariance, by factor and factor. Without it, the loadings only define exposures, and
            risk is measured by the estimated covariance.
        specific: annual specific variance of each asset; required with ``covariance``.
    """

    loadings: dict[str, dict[str, float]]
    covariance: dict[str, dict[str, float]] | None = None
    specific: dict[str, float] | None = None

    def __post_init__(self) -> None:
        if not self.loadings:
            raise ValueError("has loadings on no factor; give one at least")
        if (self.covariance is None) != (self.specific is None):
            raise ValueError("has one of covariance and specific; give both or neither")


@dataclass(frozen=True, slots=True)
class FactorBasedOptions:
    """The factors, and target exposures or risk budgets for them.

    A factor model with a covariance replaces the estimated covariance as the measure of risk.

    Attributes:
        model: a factor model given in numbers.
        factor_returns: in place of ``model``: factor returns on which the returns of each asset are regressed.
        components: in place of both: number of principal components of the covariance to use as factors. If none of the
            three is given, the factors are those of the covariance estimator, if it has any.
        target_exposures: by factor: the target exposure of the portfolio, or an object with a tolerance.
        risk_budgets: by factor, or ``specific``: share of the variance that should come from it; factors not named are
            free. The answer is then ``feasible``, with its deviation, because such portfolios are neither unique nor
            the solution of a convex problem.
        benchmark: benchmark weights, every asset once: minimize the tracking error to it instead of the volatility.
    """

    model: StatedModel | None = None
    factor_returns: FactorOptions | None = None
    components: int | None = None
    target_exposures: dict[str, float | Target] = field(default_factory=dict)
    risk_budgets: dict[str, float] = field(default_factory=dict)
    benchmark: dict[str, float] | None = None

    def __post_init__(self) -> None:
        stated = [word for word in ("model", "factor_returns", "components") if getattr(self, word) is not None]
        if len(stated) > 1:
            raise InvalidInput.at((stated[1],), f"stands beside {stated[0]}; give one of the two.")
        if self.components is not None and self.components < 1:
            raise InvalidInput.at(("components",), f"is {self.components}; give 1 or more.", "range")
        if self.risk_budgets and self.benchmark is not None:
            raise InvalidInput.at(("benchmark",), "has no meaning beside risk_budgets; give one of the two.")
        _refuse_budgets(self.risk_budgets)


def _refuse_budgets(budgets: Mapping[str, float]) -> None:
    for name, budget in budgets.items():
        if budget < 0:
            raise InvalidInput.at(("risk_budgets", name), f"is {budget}; give a share from 0 to 1.", "range")
    total = sum(budgets.values())
    if total > 1 + SUM_ROUNDING:
        raise InvalidInput.at(("risk_budgets",), f"sum to {total:.9g}; shares are at most 1 together.", "range")


class FactorBased:
    """Mean-variance portfolios with target factor exposures, or with risk budgets for factors.

    Exposures B'w are linear in the weights, so portfolios with target exposures are proven optimal, like those of
    mean_variance.
    """

    name = "factor_based"
    citation = (
        "Grinold, R., Kahn, R. (2000), Active Portfolio Management, 2nd edition, chapter 3; budgets: Roncalli, T., "
        "Weisang, G. (2016), Risk parity portfolios with risk factors, Quantitative Finance 16(3), 377-388"
    )
    capabilities = Capabilities(
        objectives=frozenset({"MAX_SHARPE", "MIN_VOLATILITY", "MAX_RETURN", "MAX_UTILITY"}),
        constraints=MeanVariance.capabilities.constraints,
        uses_scenarios=True,
    )
    options: type = FactorBasedOptions

    def check(self, problem: Problem, options: object) -> None:
        """Refuse figures that do not line up with the names or the periods, and factors that a stated model lacks."""
        chosen, universe, market = cast(FactorBasedOptions, options), problem.universe, problem.market
        _refuse_too_many(chosen.components, universe)
        if chosen.factor_returns is not None:
            market.require_scenarios(REGRESSED)
            periods = 0 if market.returns is None else len(market.returns.values)
            check_factors(chosen.factor_returns, periods, (*PATH, "factor_returns"))
        if chosen.benchmark is not None:
            _refuse_untracked(problem.objective)
            universe.join(chosen.benchmark, (*PATH, "benchmark"))
        _refuse_without_factors(market, chosen)
        factors = _foreseen(universe, chosen)
        if factors is None:
            return
        for word, extra in (("target_exposures", ()), ("risk_budgets", (SPECIFIC,))):
            for factor in getattr(chosen, word):
                _refuse_unknown(factor, (*factors, *extra), (*PATH, word, factor))
        _refuse_unfilled(chosen.risk_budgets, factors)

    def stated_moments(self, universe: Universe, options: object) -> StatedMoments:
        """The covariance of the stated model, where it has that of the factors."""
        stated = cast(FactorBasedOptions, options).model
        if stated is None or stated.covariance is None:
            return StatedMoments()
        return StatedMoments(covariance=FactorCovariance.of(_model(universe, stated)).dense())

    def solve(self, problem: Problem, estimates: Estimates, options: object) -> Proposal:
        """The best portfolio with the exposures, or the nearest to the budgets that a search finds."""
        chosen = cast(FactorBasedOptions, options)
        model, revised = _understood(problem.universe, estimates, chosen)
        limits = tuple(_limits(chosen, model))
        reading = Reading(None, limits, None if revised is estimates else revised)
        asked = reading.of(problem)
        if chosen.risk_budgets:
            proposal = _budgeted(asked, revised, _shares(chosen, model, revised))
        elif chosen.benchmark is not None:
            objective = _tracking(asked, revised, chosen.benchmark)
            proposal, reading = solved(asked, objective, revised), replace(reading, objective=objective)
        else:
            proposal = MeanVariance().solve(asked, revised, NoOptions())
        findings = _findings(proposal.weights, revised, chosen, model)
        return replace(proposal, reading=reading, findings={**proposal.findings, **findings})


# --- the model ----------------------------------------------------------------------------------------------------


def _understood(
    universe: Universe, estimates: Estimates, chosen: FactorBasedOptions
) -> tuple[FactorModel | None, Estimates]:
    """The factor model, None where nothing needs one, and the estimates with its covariance where it has one."""
    if chosen.model is not None:
        return _stated(universe, estimates, chosen.model)
    if chosen.factor_returns is not None:
        return _regressed(estimates, chosen.factor_returns)
    if chosen.components is not None:
        _refuse_too_many(chosen.components, universe)
        return _with(estimates, principal_components(estimates.covariance.dense(), chosen.components))
    model = factor_model_of(estimates.covariance)
    if model is None:
        _refuse_factors(chosen)
    return model, estimates


def _refuse_factors(chosen: FactorBasedOptions) -> None:
    """Refuse what speaks of factors, since there are none."""
    for word in ("target_exposures", "risk_budgets"):
        if getattr(chosen, word):
            detail = (
                "speaks of factors, and there are none; give model, factor_returns or components, or a "
                "covariance_estimator of factors, such as 'time_series_factor'."
            )
            raise InvalidInput.at((*PATH, word), detail, "missing")


def _refuse_without_factors(market: Market, chosen: FactorBasedOptions) -> None:
    """Refuse what speaks of factors where the covariance is known to have none, or their risk is not stated."""
    own = (chosen.model, chosen.factor_returns, chosen.components)
    if own == (None, None, None) and market.covariance_is_plain:
        _refuse_factors(chosen)
    if chosen.risk_budgets and chosen.model is not None and chosen.model.covariance is None:
        raise InvalidInput.at((*PATH, "risk_budgets"), LOADINGS_ALONE, "missing")


def _refuse_too_many(components: int | None, universe: Universe) -> None:
    if components is not None and components > len(universe):
        detail = f"is {components}, and there are {len(universe)} names; give no more than that."
        raise InvalidInput.at((*PATH, "components"), detail, "range")


def _foreseen(universe: Universe, chosen: FactorBasedOptions) -> tuple[str, ...] | None:
    """The factors that there will be; None where they are those of a covariance estimator, or of a source."""
    if chosen.model is not None:
        return _model(universe, chosen.model).factors
    if chosen.factor_returns is not None and chosen.factor_returns.source is None:
        return tuple(chosen.factor_returns.factors)
    return None


def _with(estimates: Estimates, model: FactorModel) -> tuple[FactorModel, Estimates]:
    covariance = FactorCovariance.of(model)
    return covariance.model, replace(estimates, covariance=covariance)


def _stated(universe: Universe, estimates: Estimates, stated: StatedModel) -> tuple[FactorModel, Estimates]:
    model = _model(universe, stated)
    return (model, estimates) if stated.covariance is None else _with(estimates, model)


def _model(universe: Universe, stated: StatedModel) -> FactorModel:
    """The model that is stated, lined up with the names; without risk where loadings alone are stated."""
    path = (*PATH, "model")
    factors = tuple(stated.loadings)
    columns = [universe.join(stated.loadings[factor], (*path, "loadings", factor)) for factor in factors]
    loadings = np.column_stack(columns)
    if stated.covariance is None or stated.specific is None:
        return FactorModel.of(factors, loadings, np.zeros((len(factors),) * 2), np.zeros(len(universe)), path)
    order = Universe.of(factors)
    for factor in stated.covariance:
        order.position(factor, (*path, "covariance", factor))
    rows = [order.join(stated.covariance.get(factor, {}), (*path, "covariance", factor)) for factor in factors]
    specific = universe.join(stated.specific, (*path, "specific"))
    return FactorModel.of(factors, loadings, np.array(rows), specific, path)


def _regressed(estimates: Estimates, options: FactorOptions) -> tuple[FactorModel, Estimates]:
    path = (*PATH, "factor_returns")
    sample = estimates.required_scenarios(REGRESSED)
    returns = equally_likely(sample, FactorBased.name)
    factors = factor_returns(sample, options, path)
    try:
        found = regress(returns - factors.risk_free[:, None], factors.values)
    except InvalidInput as error:
        raise InvalidInput.at((*path, "factors"), error.faults[0].detail, error.faults[0].code) from None
    return _with(estimates, model_of(found, factors, sample.periods_per_year))


# --- exposures ----------------------------------------------------------------------------------------------------


def _limits(chosen: FactorBasedOptions, model: FactorModel | None) -> Iterator[Constraint]:
    """The limits that the targets stand for: one where the exposure is exact, else two."""
    for factor, asked in chosen.target_exposures.items():
        loadings = tuple(_of(model, factor, (*PATH, "target_exposures", factor)).tolist())
        goal = asked if isinstance(asked, Target) else Target(asked)
        if goal.tolerance == 0.0:
            yield ExposureTarget(goal.target, factor, loadings)
        else:
            yield ExposureFloor(goal.target - goal.tolerance, factor, loadings)
            yield ExposureCap(goal.target + goal.tolerance, factor, loadings)


def _of(model: FactorModel | None, factor: str, path: Path) -> Vector:
    """The loadings on a factor; shape (n,)."""
    factors = () if model is None else model.factors
    _refuse_unknown(factor, factors, path)
    column: Vector = np.zeros(0) if model is None else model.loadings[:, factors.index(factor)]
    return column


def _refuse_unknown(factor: str, factors: Collection[str], path: Path) -> None:
    if factor not in factors:
        raise InvalidInput.at(path, f"{factor!r} is not a known factor; {hint(factor, factors)}", "unknown")


def _tracking(problem: Problem, estimates: Estimates, benchmark: Mapping[str, float]) -> Blend:
    """Half the variance of the weights less the benchmark's."""
    _refuse_untracked(problem.objective)
    weights = problem.universe.join(benchmark, (*PATH, "benchmark"))
    image = estimates.covariance.times(weights)
    parts = (Variance(1.0), Linear(tuple((-image).tolist())), Constant(0.5 * float(weights @ image)))
    return Blend("MIN_TRACKING_VARIANCE", parts)


def _refuse_untracked(objective: Objective) -> None:
    if not isinstance(objective, MinimumVolatility):
        detail = f"goes with the objective MIN_VOLATILITY, and {objective.name} is asked for; leave it out."
        raise InvalidInput.at((*PATH, "benchmark"), detail, "unsupported")


# --- budgets ------------------------------------------------------------------------------------------------------


def _shares(chosen: FactorBasedOptions, model: FactorModel | None, estimates: Estimates) -> FactorShares:
    path = (*PATH, "risk_budgets")
    if model is None or factor_model_of(estimates.covariance) is not model:
        raise InvalidInput.at(path, LOADINGS_ALONE, "missing")
    for name in chosen.risk_budgets:
        if name != SPECIFIC:
            _of(model, name, (*path, name))
    _refuse_unfilled(chosen.risk_budgets, model.factors)
    return FactorShares(model, chosen.risk_budgets)


def _refuse_unfilled(budgets: Mapping[str, float], factors: Collection[str]) -> None:
    total = sum(budgets.values())
    if len(budgets) == len(factors) + 1 and abs(total - 1.0) > SUM_ROUNDING:
        detail = f"sum to {total:.9g}, and leave nothing free; make them sum to 1."
        raise InvalidInput.at((*PATH, "risk_budgets"), detail, "range")


def _budgeted(problem: Problem, estimates: Estimates, shares: FactorShares) -> Proposal:
    """From the objective's best portfolio, equal weights, and random ones: whichever ends nearest to the budgets."""
    best = MeanVariance().solve(problem, estimates, NoOptions())
    if not estimates.covariance.variances.any():
        return Proposal(Status.NOT_APPLICABLE, message="Nothing moves, so no share of the risk is any factor's.")
    size = len(problem.universe)
    random = np.random.default_rng(problem.seed).dirichlet(np.ones(size), RANDOM_STARTS)
    starts = [*([] if best.weights is None else [best.weights]), np.full(size, 1.0 / size), *random]
    found = nearest_shares(shares, problem.region(estimates), starts, problem.solver)
    attempts = (*best.attempts, *found.attempts)
    iterations = sum(attempt.iterations for attempt in attempts)
    if found.weights is None:
        status = Status.INFEASIBLE if found.status == "infeasible" else Status.NUMERICAL_ERROR
        return Proposal(status, iterations=iterations, attempts=attempts)
    deviation = float(np.abs(shares.misses(found.weights)).max())
    findings = {
        "risk_budgets": dict(shares.budgets),
        "budgets_met": deviation <= BUDGETS_MET,
        "budget_deviation": deviation,
    }
    return Proposal(Status.FEASIBLE, found.weights, None, iterations, attempts, findings=findings)


def _findings(
    weights: Vector | None, estimates: Estimates, chosen: FactorBasedOptions, model: FactorModel | None
) -> dict[str, object]:
    if weights is None:
        return {}
    exposures = np.zeros(0) if model is None else model.exposures(weights)
    named = dict(zip(() if model is None else model.factors, exposures.tolist(), strict=True))
    found: dict[str, object] = {"factor_exposures": named}
    if chosen.benchmark is not None:
        apart = weights - estimates.universe.join(chosen.benchmark)
        found["tracking_error"] = estimates.volatility(apart)
    return found
