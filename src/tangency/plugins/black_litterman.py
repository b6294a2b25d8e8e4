"""Black-Litterman: equilibrium returns moved by views, then any mean-variance portfolio."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Literal, TypeAlias, cast

import msgspec
import numpy as np

from tangency.domain.errors import InvalidInput, Path
from tangency.domain.market.covariance import Covariance, DenseCovariance
from tangency.domain.market.estimates import RISKLESS, Estimates
from tangency.domain.market.universe import Universe
from tangency.domain.numbers import Matrix, Vector
from tangency.domain.optimization.contradiction import Contradiction, Statement
from tangency.domain.optimization.method import NoOptions
from tangency.domain.optimization.objective import MaximumUtility, MultiObjective
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Proposal, Status
from tangency.domain.optimization.ratio import MaximumSharpe
from tangency.plugins.kernels.stated_views import View, omega_from, omega_of, read_views
from tangency.plugins.kernels.view_posterior import ViewPosterior, risks
from tangency.plugins.mean_variance import MeanVariance
from tangency.plugins.multi.delegation import by_aims, without_aims
from tangency.plugins.multi.options import Aims

OPTIONS: Path = ("method_options",)
MARKET_ROUNDING = 1e-6
"""By which market weights may miss a sum of 1; they are used as they are."""

Positive: TypeAlias = Annotated[float, msgspec.Meta(gt=0.0, le=1e6)]


@dataclass(frozen=True)
class BlackLittermanOptions(Aims):
    """The market and the views; and under objective MULTI_OBJECTIVE, the aims.

    Attributes:
        market_weights: weights of the market portfolio by asset, summing to 1; 0 for an asset that is not in it.
            Default, if there is no ``benchmark`` either: equal weights, with perfectly identical assets counted as one.
        benchmark: an asset that stands for the market, in place of ``market_weights``.
        market_risk_premium: annual return of the market in excess of the risk-free rate. If given, the risk aversion of
            the equilibrium follows from it and the variance of the market, and ``risk_aversion`` does not affect the
            equilibrium.
        tau: uncertainty of the equilibrium returns: their errors have covariance tau S.
        views: each as text, such as ``"AAPL - MSFT = 0.02"``, or as an object with weights. Returns are annual and in
            excess of the risk-free rate.
        uncertainty: of views that state none of their own. ``he_litterman``: tau times the variance of the view's
            portfolio. ``idzorek``: from the confidence, so that each view must state a confidence or a variance.
        omega: covariance matrix of the errors of all views, annual and including tau, in the order of the views.
        view_errors: past errors of the same views (expected less realized, annual), one row per occasion, from which
            omega is estimated. It uses mean squares and products without subtracting the mean error, because errors are
            expected to be 0.
        posterior_covariance_rule: ``posterior`` adds the uncertainty of the posterior means to the covariance (He and
            Litterman); ``prior`` leaves the covariance unchanged (Idzorek).
    """

    market_weights: dict[str, float] | None = None
    benchmark: str | None = None
    market_risk_premium: Positive | None = None
    tau: Positive = 0.05
    views: tuple[str | View, ...] | None = None
    uncertainty: Literal["he_litterman", "idzorek"] = "he_litterman"
    omega: tuple[tuple[float, ...], ...] | None = None
    view_errors: tuple[tuple[float, ...], ...] | None = None
    posterior_covariance_rule: Literal["posterior", "prior"] = "posterior"

    def __post_init__(self) -> None:
        Aims.__post_init__(self)
        if self.market_weights is not None and self.benchmark is not None:
            raise InvalidInput.at(("benchmark",), "stands beside market_weights; give one market.", "conflict")
        if self.omega is not None and self.view_errors is not None:
            detail = "stand beside omega, which they would estimate; give one of the two."
            raise InvalidInput.at(("view_errors",), detail, "conflict")
        if self.uncertainty == "idzorek" and self.joint:
            detail = "is 'idzorek', and the uncertainty of all views is given by omega or view_errors; leave one out."
            raise InvalidInput.at(("uncertainty",), detail, "conflict")

    @property
    def joint(self) -> bool:
        """Whether the uncertainty of all views is given together."""
        return self.omega is not None or self.view_errors is not None

    @property
    def inflation(self) -> float:
        """Of the covariance by the uncertainty of the mean, before any view: 1 + tau, or 1 by the rule ``prior``."""
        return 1.0 + self.tau if self.posterior_covariance_rule == "posterior" else 1.0


class BlackLitterman:
    """Mean-variance portfolios on expected returns that combine market equilibrium with your views.

    Equilibrium returns, views and posterior returns are in excess of the risk-free rate. The ``expected_return`` of the
    answer includes the risk-free rate.
    """

    name = "black_litterman"
    citation = (
        "Black, F., Litterman, R. (1992), Global Portfolio Optimization, Financial Analysts Journal 48(5), 28-43; He, "
        "G., Litterman, R. (1999), The Intuition Behind Black-Litterman Model Portfolios; Idzorek, T. (2005), A "
        "Step-by-Step Guide to the Black-Litterman Model"
    )
    capabilities = replace(MeanVariance.capabilities, brings_mean=True)
    options: type = BlackLittermanOptions

    def check(self, problem: Problem, options: object) -> None:
        """Refuse a market or views of other names, views that cannot be read, and errors that no views have."""
        asked = cast(BlackLittermanOptions, options)
        _stated_market(problem.universe, asked)
        _omega(asked, len(_views(asked, problem.universe)))
        MeanVariance().check(problem, asked)

    def solve(self, problem: Problem, estimates: Estimates, options: object) -> Proposal:
        """Revise the estimates, and find the mean-variance portfolio on them."""
        asked = cast(BlackLittermanOptions, options)
        equilibrium = _equilibrium(problem, estimates.covariance, asked)
        views = _views(asked, problem.universe)
        belief = _belief(equilibrium, views, problem.universe, asked)
        if belief.dependence is not None:
            return _contradicted(belief, views, estimates.covariance)
        revised = _revised(problem, estimates, belief, asked)
        proposal = _best(problem, revised, asked)
        used = () if asked.market_risk_premium is not None else ("risk_aversion",)
        findings = {"estimates": _findings(problem.universe, equilibrium, belief, views, asked)}
        reading = replace(proposal.reading, estimates=revised, parameters=used)
        return replace(proposal, reading=reading, findings={**proposal.findings, **findings})


def _best(problem: Problem, revised: Estimates, asked: BlackLittermanOptions) -> Proposal:
    if isinstance(problem.objective, MultiObjective):
        return by_aims(problem, revised, asked)
    return without_aims(MeanVariance().solve(problem, revised, NoOptions()), asked)


@dataclass(frozen=True, eq=False, slots=True)
class _Equilibrium:
    """The returns at which everybody holds the market.

    Attributes:
        covariance: annual; shape (n, n).
        market: weights; shape (n,).
        risk_aversion: delta.
    """

    covariance: Matrix
    market: Vector
    risk_aversion: float

    @property
    def returns(self) -> Vector:
        """Delta S w, annual, in excess of the risk-free rate; shape (n,)."""
        product: Vector = self.risk_aversion * (self.covariance @ self.market)
        return product


def _equilibrium(problem: Problem, covariance: Covariance, asked: BlackLittermanOptions) -> _Equilibrium:
    market = _market(problem.universe, covariance, asked)
    if asked.market_risk_premium is None:
        return _Equilibrium(covariance.dense(), market, _risk_aversion(problem))
    variance = float(market @ covariance.times(market))
    if variance <= RISKLESS * float(covariance.variances.mean()):
        detail = "is the premium of a market without risk; give risk_parameters.risk_aversion in its place."
        raise InvalidInput.at((*OPTIONS, "market_risk_premium"), detail)
    return _Equilibrium(covariance.dense(), market, asked.market_risk_premium / variance)


def _risk_aversion(problem: Problem) -> float:
    if problem.risk_aversion is not None:
        return problem.risk_aversion
    return problem.objective.risk_aversion if isinstance(problem.objective, MaximumUtility) else 1.0


def _market(universe: Universe, covariance: Covariance, asked: BlackLittermanOptions) -> Vector:
    stated = _stated_market(universe, asked)
    return _each_alike_once(covariance) if stated is None else stated


def _stated_market(universe: Universe, asked: BlackLittermanOptions) -> Vector | None:
    if asked.benchmark is not None:
        return universe.mask([asked.benchmark], (*OPTIONS, "benchmark"))
    if asked.market_weights is None:
        return None
    path = (*OPTIONS, "market_weights")
    weights = universe.join(asked.market_weights, path)
    total = float(weights.sum())
    if abs(total - 1.0) > MARKET_ROUNDING:
        raise InvalidInput.at(path, f"sum to {total:.9g}; divide them by it, or add what is missing.", "range")
    return weights


def _each_alike_once(covariance: Covariance) -> Vector:
    """Equal weights, shared by names whose difference has no variance: to list a name twice makes no other market."""
    values, variances = covariance.dense(), covariance.variances
    apart = variances[:, None] + variances[None, :] - 2 * values
    shared = 1.0 / (apart <= RISKLESS * float(variances.mean())).sum(axis=1)
    weights: Vector = shared / shared.sum()
    return weights


def _views(asked: BlackLittermanOptions, universe: Universe) -> list[View]:
    """Every view, those that are text read.

    Raises:
        InvalidInput: one that cannot be read, or whose uncertainty is missing or given twice.
    """
    path = (*OPTIONS, "views")
    views = read_views(asked.views or (), universe, path)
    for position, view in enumerate(views):
        if view.stated and asked.joint:
            detail = "states its own uncertainty, and omega or view_errors state that of all views; leave one out."
            raise InvalidInput.at((*path, position), detail, "conflict")
        if asked.uncertainty == "idzorek" and not view.stated:
            detail = "has no confidence, which uncertainty 'idzorek' goes by; give one, or a variance."
            raise InvalidInput.at((*path, position), detail, "missing")
    return views


def _belief(
    equilibrium: _Equilibrium, views: list[View], universe: Universe, asked: BlackLittermanOptions
) -> ViewPosterior:
    """What is believed after the views that are held at all."""
    held = [view for view in views if view.held]
    rows = np.array([view.row(universe) for view in held]).reshape(len(held), len(universe))
    values = np.array([view.annual_return for view in held])
    omega = _omega(asked, len(views))
    if omega is None:
        prior = asked.tau * risks(equilibrium.covariance, rows)
        omega = np.diag([view.error_variance(each) for view, each in zip(held, prior.tolist(), strict=True)])
    return ViewPosterior(equilibrium.covariance, equilibrium.returns, asked.tau, rows, values, omega)


def _omega(asked: BlackLittermanOptions, count: int) -> Matrix | None:
    """Of all views together; None where each has its own."""
    if asked.omega is not None:
        return omega_of(asked.omega, count, (*OPTIONS, "omega"))
    return None if asked.view_errors is None else omega_from(asked.view_errors, count, (*OPTIONS, "view_errors"))


def _revised(problem: Problem, estimates: Estimates, belief: ViewPosterior, asked: BlackLittermanOptions) -> Estimates:
    """The posterior in place of what was estimated, with the risk-free rate added back."""
    objective = problem.objective
    rate = objective.risk_free_rate if isinstance(objective, MaximumSharpe) else problem.risk_free_rate
    covariance = estimates.covariance
    if asked.posterior_covariance_rule == "posterior":
        covariance = DenseCovariance.of(belief.covariance + belief.covariance_of_mean)
    sources = replace(estimates.sources, mean="method", mean_estimator=None)
    return replace(estimates, mean=belief.mean + rate, covariance=covariance, sources=sources)


def _contradicted(belief: ViewPosterior, views: list[View], covariance: Covariance) -> Proposal:
    """Certain views that are not independent: they say one thing twice, two things about one, or one about none."""
    held = [position for position, view in enumerate(views) if view.held]
    combination = np.zeros(0) if belief.dependence is None else belief.dependence
    members = np.flatnonzero(combination).tolist()
    # Where names are perfectly correlated, their rows differ and these do not.
    in_risk = np.where(risks(belief.covariance, belief.rows)[:, None] > 0.0, belief.rows @ covariance.factor(), 0.0)
    statements = tuple(
        Statement(f"method_options.views.{held[k]}", f"{views[held[k]].sentence}, for certain.", row, value)
        for k, row, value in zip(members, in_risk[members], belief.values[members].tolist(), strict=True)
    )
    said = "; ".join(f"views.{held[k]} ({views[held[k]].sentence})" for k in members)
    if len(members) == 1:
        message = f"No view changes the return of a portfolio without risk: {said}. Leave it out, or give its variance."
    else:
        message = (
            f"Certain views are not independent of each other: {said}. Either they contradict each other or one of "
            "them says nothing new; leave one out, or say how uncertain they are."
        )
    return Proposal(Status.INFEASIBLE, message=message, contradiction=Contradiction(statements, combination[members]))


def _findings(
    universe: Universe,
    equilibrium: _Equilibrium,
    belief: ViewPosterior,
    views: list[View],
    asked: BlackLittermanOptions,
) -> dict[str, object]:
    """What the papers print, in excess of the risk-free rate, and whether the views agree with the market."""
    tilts = belief.tilts(equilibrium.risk_aversion, asked.inflation)
    unconstrained = (equilibrium.market + tilts @ belief.rows) / asked.inflation
    added = belief.covariance_of_mean if asked.posterior_covariance_rule == "posterior" else 0.0
    return {
        "market_weights": universe.named(equilibrium.market),
        "risk_aversion": equilibrium.risk_aversion,
        "equilibrium_returns": universe.named(equilibrium.returns),
        "posterior_returns": universe.named(belief.mean),
        "posterior_covariance": {"names": list(universe.names), "values": belief.covariance + added},
        "unconstrained_weights": universe.named(unconstrained),
        "view_tilts": _of_all(views, tilts.tolist()),
        "implied_confidences": _of_all(views, belief.confidences()),
        "compatibility": _compatibility(belief),
    }


def _of_all(views: list[View], held: list[float] | list[float | None]) -> list[float | None]:
    """A figure per view in the order of the request; 0 for those that nobody believes in."""
    figures = iter(held)
    return [next(figures) if view.held else 0.0 for view in views]


def _compatibility(belief: ViewPosterior) -> dict[str, float] | None:
    """How likely views that differ as much from the equilibrium are, were both right; None without views."""
    from scipy.special import chdtrc

    count = len(belief.values)
    if not count:
        return None
    p_value = float(chdtrc(count, belief.disagreement))
    return {"statistic": belief.disagreement, "degrees_of_freedom": count, "p_value": p_value}
