"""Who solves the cases: ours, the peers through their public interface, and a bare solver as the floor.

A call of ours goes from a validated problem, built anew so that nothing of it is cached, to a solution with its
certificate; the hash and the Cholesky factor are inside. A call of a peer goes from mean vector and covariance to
weights. Each is called in the way that is fastest for it: arrays where it takes arrays, frames built beforehand where
it wants frames, and moments handed over rather than estimated.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Literal, TypeAlias

import numpy as np

import tangency
from benchmarks.cases import Array, Case, Sample

Call: TypeAlias = Callable[[], Array]
"""What is timed: from prepared inputs to weights."""
Role: TypeAlias = Literal["ours", "floor", "peer"]


@dataclass(frozen=True)
class Contender:
    """Somebody who solves cases.

    Attributes:
        package: what has to be importable.
        prepare: what is not timed: inputs in the form that is wanted, fresh for every call.
    """

    name: str
    role: Role
    package: str
    prepare: Callable[[Case], Call]

    @property
    def installed(self) -> bool:
        return find_spec(self.package) is not None


def tangency_call(case: Case) -> Call:
    sample = case.sample
    market = tangency.Market(tangency.Universe.of(sample.names), sample.mean, sample.covariance)
    aim = tangency.MaximumSharpe() if case.sharpe else tangency.MinimumVolatility()
    limits = (tangency.Budget(), tangency.LongOnly(), tangency.MaximumWeight(case.cap))
    problem = tangency.Problem(market, aim, limits)

    def call() -> Array:
        solution = tangency.solve(problem)
        if solution.status is not tangency.Status.OPTIMAL or solution.weights is None:
            raise ArithmeticError(f"{solution.status}: {solution.message}")
        return solution.weights

    return call


def piqp_call(case: Case) -> Call:
    """PIQP on the whole program, with its own tolerances: no names, no checks, no proof."""
    import piqp

    program = _ratio_program(case) if case.sharpe else _variance_program(case)

    def call() -> Array:
        solver = piqp.DenseSolver()
        solver.setup(*program)
        if solver.solve() != piqp.PIQP_SOLVED:
            raise ArithmeticError("not solved")
        weights = np.array(solver.result.x[: case.size])
        return weights / weights.sum() if case.sharpe else weights

    return call


def _variance_program(case: Case) -> tuple[Array | None, ...]:
    n, none = case.size, None
    budget, total = np.ones((1, n)), np.ones(1)
    return case.sample.covariance, np.zeros(n), budget, total, none, none, none, np.zeros(n), np.full(n, case.cap)


def _ratio_program(case: Case) -> tuple[Array | None, ...]:
    """Least variance of y = k w with mean'y = 1 and 1'y = k (Schaible 1974)."""
    n = case.size
    variance = np.zeros((n + 1, n + 1))
    variance[:n, :n] = case.sample.covariance
    equalities = np.ones((2, n + 1))
    equalities[0] = np.append(case.sample.mean, 0.0)
    equalities[1, n] = -1.0
    caps = np.hstack([np.eye(n), np.full((n, 1), -case.cap)])
    least, most = np.zeros(n + 1), np.full(n + 1, np.inf)
    return variance, least, equalities, np.array([1.0, 0.0]), caps, np.full(n, -np.inf), np.zeros(n), least, most


def pypfopt_call(case: Case, solver: str | None = None) -> Call:
    from pypfopt import EfficientFrontier

    sample, bounds = case.sample, (0, case.cap)

    def call() -> Array:
        frontier = EfficientFrontier(sample.mean, sample.covariance, weight_bounds=bounds, solver=solver)
        if case.sharpe:
            frontier.max_sharpe(risk_free_rate=0.0)
        else:
            frontier.min_volatility()
        return np.asarray(frontier.weights, dtype=float)

    return call


def pypfopt_clarabel_call(case: Case) -> Call:
    """What its users write where the default solver is not accurate enough."""
    return pypfopt_call(case, "CLARABEL")


def cvxpy_call(case: Case) -> Call:
    """The models that a user would write by hand."""
    return _cvxpy_ratio(case) if case.sharpe else _cvxpy_variance(case)


def _cvxpy_variance(case: Case) -> Call:
    import cvxpy as cp

    def call() -> Array:
        w = cp.Variable(case.size)
        limits = [cp.sum(w) == 1, w >= 0, w <= case.cap]
        cp.Problem(cp.Minimize(_cvxpy_quadratic(w, case)), limits).solve(solver=cp.CLARABEL)
        return np.asarray(w.value, dtype=float)

    return call


def _cvxpy_ratio(case: Case) -> Call:
    """With a variable for the scale of y = k w: the caps stay sparse, which makes it several times faster."""
    import cvxpy as cp

    def call() -> Array:
        y, k = cp.Variable(case.size), cp.Variable()
        limits = [case.sample.mean @ y == 1, cp.sum(y) == k, y >= 0, y <= case.cap * k]
        cp.Problem(cp.Minimize(_cvxpy_quadratic(y, case)), limits).solve(solver=cp.CLARABEL)
        return np.asarray(y.value, dtype=float) / float(k.value)

    return call


def _cvxpy_quadratic(w: Any, case: Case) -> Any:  # noqa: ANN401 - expressions of cvxpy, which is not typed
    import cvxpy as cp

    return cp.quad_form(w, case.sample.covariance, assume_PSD=True)


def estimated_before(sample: Sample) -> Any:  # noqa: ANN401 - a prior of a library without types
    """A prior for skfolio that has these moments."""
    from skfolio.prior import BasePrior, ReturnDistribution

    class Estimated(BasePrior):  # type: ignore[misc]  # the peer is not installed where types are checked
        def __init__(self, moments: object = None) -> None:
            self.moments = moments

        def fit(self, X: object, y: object = None, **parameters: object) -> Estimated:
            self.return_distribution_ = self.moments
            return self

    return Estimated(ReturnDistribution(mu=sample.mean, covariance=sample.covariance, returns=sample.returns))


def skfolio_call(case: Case) -> Call:
    """With a prior that has been estimated before: of the returns only the shape is used."""
    from skfolio.optimization import MeanRisk, ObjectiveFunction

    sample = case.sample
    aim = ObjectiveFunction.MAXIMIZE_RATIO if case.sharpe else ObjectiveFunction.MINIMIZE_RISK

    def call() -> Array:
        model = MeanRisk(aim, prior_estimator=estimated_before(sample), max_weights=case.cap)
        return np.asarray(model.fit(sample.returns).weights_, dtype=float)

    return call


def riskfolio_call(case: Case) -> Call:
    """With moments set rather than estimated, in frames built beforehand."""
    import pandas as pd
    import riskfolio

    sample, names = case.sample, list(case.sample.names)
    returns = pd.DataFrame(sample.returns, columns=names)
    mean = pd.DataFrame(sample.mean[None, :], columns=names)
    covariance = pd.DataFrame(sample.covariance, columns=names, index=names)
    aim = "Sharpe" if case.sharpe else "MinRisk"

    def call() -> Array:
        portfolio = riskfolio.Portfolio(returns=returns, upperlng=case.cap)
        portfolio.mu, portfolio.cov = mean, covariance
        weights = portfolio.optimization(model="Classic", rm="MV", obj=aim, rf=0, hist=True)
        if weights is None:
            raise ArithmeticError("no weights")
        return np.asarray(weights, dtype=float).ravel()

    return call


OURS = Contender("tangency", "ours", "tangency", tangency_call)
FLOOR = Contender("bare PIQP", "floor", "piqp", piqp_call)
PEERS = (
    Contender("PyPortfolioOpt", "peer", "pypfopt", pypfopt_call),
    Contender("PyPortfolioOpt, Clarabel", "peer", "pypfopt", pypfopt_clarabel_call),
    Contender("cvxpy, Clarabel", "peer", "cvxpy", cvxpy_call),
    Contender("skfolio", "peer", "skfolio", skfolio_call),
    Contender("Riskfolio-Lib", "peer", "riskfolio", riskfolio_call),
)
CONTENDERS = (OURS, FLOOR, *PEERS)
