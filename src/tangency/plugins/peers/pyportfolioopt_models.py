"""One function per optimizer of PyPortfolioOpt: what it is called with, and what its answer means."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from time import perf_counter
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from tangency.domain.errors import Unsupported
from tangency.domain.market.covariance import DenseCovariance
from tangency.domain.market.estimates import Estimates
from tangency.domain.numbers import Vector
from tangency.domain.optimization.constraint import TargetVolatility
from tangency.domain.optimization.objective import MaximumReturn, MaximumUtility, MinimumRisk, Objective
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import AS_ASKED, Proposal, Reading, SolverAttempt, Status
from tangency.domain.optimization.ratio import MaximumRatio, MaximumSharpe
from tangency.domain.optimization.region import Region
from tangency.domain.optimization.term import RiskOf
from tangency.domain.risk.measure import VOLATILITY, Measure
from tangency.plugins.kernels.linearised import without_excess
from tangency.plugins.peers.borrowed import (
    ALONE,
    BY_NAME,
    LINEAR,
    Found,
    borrowed,
    finite_bounds,
    refuse_absent,
    refuse_beyond,
    settled,
    unheard,
    unit_of_returns,
)

if TYPE_CHECKING:
    import pandas as pd

    from tangency.plugins.peers.pyportfolioopt_options import PyPortfolioOptOptions

Library: TypeAlias = Any
"""An object of the library, which ships no types."""
WORDS = {
    "infeasible": Status.INFEASIBLE,
    "infeasible_inaccurate": Status.INFEASIBLE,
    "unbounded": Status.UNBOUNDED,
    "user_limit": Status.TIME_LIMIT,
}
"""What the solver of a program of the library may have ended with, other than an answer."""


@dataclass(frozen=True, eq=False)
class Asked:
    """A problem as the library takes it: figures under their names, all in one order, returns in a power of two.

    Attributes:
        library: the module.
        estimates: those that the optimizer is to use, which views may have revised.
        unit: what returns are counted in.
    """

    library: ModuleType
    problem: Problem
    estimates: Estimates
    options: PyPortfolioOptOptions
    unit: float

    @property
    def region(self) -> Region:
        """The limits."""
        return self.problem.region(self.estimates)

    def read(self, reading: Reading) -> Reading:
        """A reading with the views in it, where there are any."""
        if self.options.model != "black_litterman":
            return reading
        used = ("risk_aversion", "risk_free_rate") if self.options.market_weights else ()
        return replace(reading, estimates=self.estimates, parameters=used)

    @property
    def names(self) -> list[str]:
        """In the order of everything."""
        return list(self.problem.universe.names)

    def by_name(self, values: Vector) -> pd.Series:
        """A figure for each name."""
        import pandas as pd

        return pd.Series(values, index=self.names)

    @property
    def means(self) -> pd.Series:
        """Annual; zeros where nobody needs them, since the library takes names from here."""
        mean = self.estimates.mean
        return self.by_name(np.zeros(len(self.names)) if mean is None else mean / self.unit)

    @property
    def covariance(self) -> pd.DataFrame:
        """Annual."""
        import pandas as pd

        return pd.DataFrame(self.estimates.covariance.dense() / self.unit**2, index=self.names, columns=self.names)

    @property
    def returns(self) -> pd.DataFrame:
        """Per period, one row per scenario."""
        import pandas as pd

        whose = f"model {self.options.model!r}"
        sample = self.estimates.required_scenarios(whose)
        if sample.probabilities is not None:
            detail = f"{whose} cannot weigh scenarios by probabilities; choose another method, or no prior."
            raise Unsupported.at(("risk_parameters", "prior"), detail, "unsupported")
        return pd.DataFrame(sample.returns / self.unit, columns=self.names)

    @property
    def bounds(self) -> list[tuple[float, float]]:
        """A pair per name: the library mistakes a pair of arrays for it where there are two names."""
        lower, upper = finite_bounds(self.region, f"model {self.options.model!r}")
        return list(zip(lower.tolist(), upper.tolist(), strict=True))

    @property
    def program(self) -> dict[str, Any]:
        """What every optimizer that hands a program to a solver takes."""
        policy = self.problem.solver
        limits = dict.fromkeys(("tol_gap_abs", "tol_gap_rel", "tol_feas"), policy.tolerance)
        settings = {**limits, "time_limit": policy.time_limit_s}
        return {"weight_bounds": self.bounds, "solver": "CLARABEL", "solver_options": settings}

    def add_rows(self, optimizer: Library) -> None:
        """Give an optimizer the rows of the region but the budget, which it adds itself."""
        for row in self.region.rows:
            if not row.equality:
                size = float(np.abs(row.coefficients).max()) or 1.0
                a, b = row.coefficients / size, row.limit / size
                optimizer.add_constraint(lambda w, a=a, b=b: a @ w <= b)


@dataclass(frozen=True, eq=False)
class Model:
    """An optimizer of the library.

    Attributes:
        objectives: that it has a method for.
        constraints: that it honours exactly.
        measure: what it calls risk.
        ask: calls it.
    """

    objectives: frozenset[str]
    constraints: frozenset[str]
    measure: str
    ask: Callable[[Asked], Found]


def check(problem: Problem, options: PyPortfolioOptOptions) -> None:
    """Refuse what :func:`solved` refuses, as far as it shows before anybody estimates.

    Raises:
        InvalidInput: the same.
    """
    _refuse(problem, options)
    refuse_absent("pypfopt", "PyPortfolioOpt", "pypfopt")


def _refuse(problem: Problem, options: PyPortfolioOptOptions) -> None:
    model = MODELS[options.model]
    whose = f"model {options.model!r} of PyPortfolioOpt"
    refuse_beyond(problem, whose, model.objectives, model.constraints)
    _refuse_other_measure(problem.objective, model.measure, whose)
    for said in ("views", "market_weights") if options.model == "black_litterman" else ():
        for name in getattr(options, said):
            problem.universe.position(name, ("method_options", said, name))


def solved(problem: Problem, estimates: Estimates, options: PyPortfolioOptOptions) -> Proposal:
    """The library's answer, judged.

    Raises:
        Unsupported: the library is not installed, or the model cannot honour what is asked.
    """
    _refuse(problem, options)
    library = borrowed("pypfopt", "PyPortfolioOpt", "pypfopt")
    asked = Asked(library, problem, estimates, options, unit_of_returns(estimates))
    since = perf_counter()
    try:
        with unheard() as said:
            asked = _with_views(asked)
            if (asked.region.lower > asked.region.upper).any():
                return Proposal(Status.INFEASIBLE)
            found = MODELS[options.model].ask(asked)
    except Unsupported:
        raise
    except library.exceptions.OptimizationError as error:
        word = str(error).rpartition(": ")[2]
        return _unanswered(asked, WORDS.get(word, Status.NUMERICAL_ERROR), word, since)
    except _REFUSALS as error:
        return _unanswered(asked, Status.NUMERICAL_ERROR, str(error), since)
    found = replace(found, reading=asked.read(found.reading))
    return settled(problem, estimates, found, "pypfopt", said, since)


def _refuse_other_measure(objective: Objective, measure: str, whose: str) -> None:
    asked = objective.risk_measure.name
    if isinstance(objective, MinimumRisk | MaximumRatio) and asked not in ("volatility", measure):
        detail = f"{whose} minimises {measure}, not {asked}; ask for {measure}, or choose another model."
        raise Unsupported.at(("method_options", "model"), detail, "unsupported")


def _unanswered(asked: Asked, status: Status, word: str, since: float) -> Proposal:
    """Why there are no weights. The library says "infeasible" of a ratio that has no best portfolio, too."""
    attempt = SolverAttempt("pypfopt", word, 0, 1e3 * (perf_counter() - since))
    ratio = isinstance(asked.problem.objective, MaximumSharpe) and status is not Status.TIME_LIMIT
    ended = without_excess(asked.problem, asked.estimates) if ratio else Proposal(status, message=word)
    return replace(ended, attempts=(attempt,), reading=asked.read(AS_ASKED))


# --- the optimizers ----------------------------------------------------------------------------------------------


def _efficient_frontier(asked: Asked) -> Found:
    optimizer = asked.library.EfficientFrontier(asked.means, asked.covariance, **asked.program)
    asked.add_rows(optimizer)
    called, weights = _on_the_frontier(optimizer, asked.problem, asked.unit)
    objective = MinimumRisk(VOLATILITY) if isinstance(asked.problem.objective, MinimumRisk) else None
    return Found(weights, f"EfficientFrontier.{called}", Reading(objective))


def _on_the_frontier(optimizer: Library, problem: Problem, unit: float) -> tuple[str, Mapping[str, float]]:
    objective = problem.objective
    cap = next((limit.limit for limit in problem.constraints if isinstance(limit, TargetVolatility)), None)
    if cap is not None and not isinstance(objective, MaximumReturn):
        detail = "is a limit that PyPortfolioOpt has only for MAX_RETURN; leave it out, or choose another method."
        raise Unsupported.at(("risk_parameters", "target_volatility"), detail, "unsupported")
    if isinstance(objective, MaximumSharpe):
        return "max_sharpe", optimizer.max_sharpe(objective.risk_free_rate / unit)
    if isinstance(objective, MaximumUtility):
        return "max_quadratic_utility", optimizer.max_quadratic_utility(objective.risk_aversion * unit)
    if cap is not None:
        return "efficient_risk", optimizer.efficient_risk(cap / unit)
    if isinstance(objective, MaximumReturn):
        means = optimizer.expected_returns
        return "convex_objective", optimizer.convex_objective(lambda w: -w @ means)
    return "min_volatility", optimizer.min_volatility()


def _efficient_semivariance(asked: Asked) -> Found:
    # The library's divisor is T and ours T - 1: the same portfolio, of a value that is ours.
    benchmark = asked.options.threshold / asked.unit
    optimizer = asked.library.EfficientSemivariance(asked.means, asked.returns, benchmark=benchmark, **asked.program)
    asked.add_rows(optimizer)
    weights = optimizer.min_semivariance()
    measure = Measure("second_lower_partial_moment", threshold=asked.options.threshold)
    return Found(weights, "EfficientSemivariance.min_semivariance", Reading(MinimumRisk(measure)))


def _efficient_cvar(asked: Asked) -> Found:
    level = asked.problem.confidence_level
    optimizer = asked.library.EfficientCVaR(asked.means, asked.returns, beta=level, **asked.program)
    asked.add_rows(optimizer)
    weights = optimizer.min_cvar()
    measure = Measure("cvar", level)
    *_, shortfalls = _prices(optimizer)
    cuts = {RiskOf(1.0, measure).id: shortfalls}
    return Found(weights, "EfficientCVaR.min_cvar", Reading(MinimumRisk(measure)), cuts=cuts)


def _efficient_cdar(asked: Asked) -> Found:
    level = asked.problem.confidence_level
    optimizer = asked.library.EfficientCDaR(asked.means, asked.returns, beta=level, **asked.program)
    asked.add_rows(optimizer)
    weights = optimizer.min_cdar()
    measure = Measure("cdar", level)
    troughs, _, _, peaks = _prices(optimizer)
    cuts = {RiskOf(1.0, measure).id: np.concatenate([peaks, troughs])}
    return Found(weights, "EfficientCDaR.min_cdar", Reading(MinimumRisk(measure)), cuts=cuts)


def _prices(optimizer: Library) -> list[Vector]:
    """Multipliers of the constraints that have a row per scenario, in the order in which the library adds them.

    It keeps the program that it solved to itself, and no other place has them. The first two are the bounds.
    """
    program = optimizer._opt  # noqa: SLF001
    size = len(optimizer.returns)
    return [np.asarray(c.dual_value, dtype=float) for c in program.constraints[2:] if c.shape == (size,)]


def _black_litterman(asked: Asked) -> Found:
    mean = asked.estimates.required_mean("the posterior")
    figures = {"posterior_returns": dict(zip(asked.names, mean.tolist(), strict=True))}
    return replace(_efficient_frontier(asked), findings=figures)


def _with_views(asked: Asked) -> Asked:
    """The posterior in place of the estimates, for the model that has views."""
    return replace(asked, estimates=_posterior(asked)) if asked.options.model == "black_litterman" else asked


def _posterior(asked: Asked) -> Estimates:
    """Means and covariance after the views; in the units of the problem."""
    options, problem, estimates = asked.options, asked.problem, asked.estimates
    aversion, covariance = problem.risk_aversion or 1.0, asked.covariance * asked.unit**2
    prior = asked.means * asked.unit
    if options.market_weights:
        held = asked.by_name(np.array([options.market_weights.get(name, 0.0) for name in asked.names]))
        implied = asked.library.black_litterman.market_implied_prior_returns
        prior = implied(held, aversion, covariance, problem.risk_free_rate)
    confidences = [options.view_confidences[name] for name in options.views] if options.view_confidences else None
    model = asked.library.BlackLittermanModel(
        covariance,
        pi=prior,
        absolute_views=dict(options.views),
        omega="idzorek" if confidences else None,
        view_confidences=confidences,
        tau=options.tau,
        risk_aversion=aversion,
    )
    mean, spread = model.bl_returns().loc[asked.names], model.bl_cov().loc[asked.names, asked.names]
    sources = replace(estimates.sources, mean="method", covariance="method")
    values = np.asarray(spread, dtype=float)
    return replace(estimates, mean=np.asarray(mean), covariance=DenseCovariance.of(values), sources=sources)


def _critical_line(asked: Asked) -> Found:
    # Its ratio knows no risk-free rate, so it gets means in excess of one.
    objective = asked.problem.objective
    rate = objective.risk_free_rate if isinstance(objective, MaximumSharpe) else 0.0
    optimizer = asked.library.CLA(asked.means - rate / asked.unit, asked.covariance, weight_bounds=asked.bounds)
    called = "max_sharpe" if isinstance(objective, MaximumSharpe) else "min_volatility"
    return Found(getattr(optimizer, called)(), f"CLA.{called}", AS_ASKED)


def _hierarchical(asked: Asked) -> Found:
    called = "HRPOpt.optimize"
    if len(asked.names) == 1:
        return Found({asked.names[0]: 1.0}, called, known=False)
    optimizer = asked.library.HRPOpt(cov_matrix=asked.covariance)
    return Found(optimizer.optimize(asked.options.linkage), called, known=False)


_FRONTIER = frozenset({"MIN_VOLATILITY", "MIN_RISK", "MAX_SHARPE", "MAX_UTILITY", "MAX_RETURN"})
_RISK = frozenset({"MIN_RISK", "MIN_VOLATILITY"})
_REFUSALS = (ValueError, ZeroDivisionError, IndexError, np.linalg.LinAlgError)
"""What the library raises where a solver, its own algebra or a check of its own gives up."""

MODELS: Mapping[str, Model] = {
    "efficient_frontier": Model(_FRONTIER, LINEAR | {"target_volatility"}, "volatility", _efficient_frontier),
    "efficient_semivariance": Model(_RISK, LINEAR, "second_lower_partial_moment", _efficient_semivariance),
    "efficient_cvar": Model(_RISK, LINEAR, "cvar", _efficient_cvar),
    "efficient_cdar": Model(_RISK, LINEAR, "cdar", _efficient_cdar),
    "black_litterman": Model(_FRONTIER, LINEAR | {"target_volatility"}, "volatility", _black_litterman),
    "cla": Model(frozenset({"MIN_VOLATILITY", "MAX_SHARPE"}), BY_NAME, "volatility", _critical_line),
    "hrp": Model(frozenset({"MIN_VOLATILITY", "RISK_PARITY"}), ALONE, "volatility", _hierarchical),
}
