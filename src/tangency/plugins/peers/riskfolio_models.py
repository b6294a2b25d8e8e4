"""Which of Riskfolio-Lib's portfolios takes what, and what its answers mean."""

from __future__ import annotations

from collections.abc import Mapping
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from tangency.domain.errors import Unsupported
from tangency.domain.market.estimates import Estimates
from tangency.domain.optimization.objective import Blend, MaximumUtility, MinimumRisk, Objective
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Proposal, Reading, SolverAttempt, Status
from tangency.domain.optimization.ratio import MaximumRatio, MaximumSharpe
from tangency.domain.optimization.risk_budgeting import RiskBudgeting
from tangency.domain.optimization.term import Return, RiskOf
from tangency.domain.risk.measure import Measure
from tangency.plugins.kernels.linearised import without_excess
from tangency.plugins.peers.borrowed import (
    BY_NAME,
    LINEAR,
    Found,
    borrowed,
    refuse_absent,
    refuse_beyond,
    settled,
    unheard,
)
from tangency.plugins.peers.riskfolio_asked import CODES, Asked
from tangency.plugins.peers.riskfolio_calls import clustered, programmed
from tangency.plugins.peers.riskfolio_options import BUDGETED, CONVEX, LEVELLED, MEASURED

if TYPE_CHECKING:
    from tangency.plugins.peers.riskfolio_options import RiskfolioOptions

LIMITED = LINEAR | {"leverage_limit", "target_volatility"}


def check(problem: Problem, options: RiskfolioOptions) -> None:
    """Refuse what :func:`solved` refuses, as far as it shows before anybody estimates.

    Raises:
        Unsupported: the same.
    """
    _called(problem, options)
    refuse_absent("riskfolio", "Riskfolio-Lib", "riskfolio")


def _called(problem: Problem, options: RiskfolioOptions) -> tuple[str, str]:
    """The library's method, and its code of the measure."""
    method, code = _method(problem, options), _code(problem.objective, options)
    _refuse(problem, options, method, code, f"{options.model} {method} of Riskfolio-Lib")
    return method, code


def solved(problem: Problem, estimates: Estimates, options: RiskfolioOptions) -> Proposal:
    """The library's answer, judged.

    Raises:
        Unsupported: the library is not installed, or the model cannot honour what is asked.
    """
    method, code = _called(problem, options)
    library = borrowed("riskfolio", "Riskfolio-Lib", "riskfolio")
    asked = Asked(library, problem, estimates, options, method, code)
    if (asked.region.lower > asked.region.upper).any():
        return Proposal(Status.INFEASIBLE)
    since = perf_counter()
    if asked.aim == "Sharpe":
        hopeless = without_excess(problem, estimates)
        if hopeless.status is not Status.NUMERICAL_ERROR:
            return hopeless
    try:
        with unheard() as said:
            weights = clustered(asked) if options.model != "Classic" else programmed(asked, since)
    except _REFUSALS as error:
        return _unanswered(asked, f"{type(error).__name__}: {error}", since)
    if weights is None:
        return _unanswered(asked, "no solution", since)
    found = _found(asked, weights)
    return settled(problem, estimates, found, "riskfolio", said, since)


def _method(problem: Problem, options: RiskfolioOptions) -> str:
    parity = problem.objective.name == "RISK_PARITY" and options.model == "Classic"
    return options.method or ("rp_optimization" if parity else "optimization")


def _code(objective: Objective, options: RiskfolioOptions) -> str:
    """The code that the options or the objective name; the volatility is what an objective has that names none."""
    asked = objective.risk_measure.name
    code = CODES.get(asked)
    stated = isinstance(objective, MinimumRisk | MaximumRatio) and code != "MV"
    if stated and (code is None or options.rm not in (None, code)):
        detail = f"is {options.rm!r}, and the objective's measure is {asked!r}; give one of the two."
        raise Unsupported.at(("method_options", "rm"), detail, "unsupported")
    return options.rm or code or "MV"


def _refuse(problem: Problem, options: RiskfolioOptions, method: str, code: str, whose: str) -> None:
    """Refuse what this portfolio of the library cannot honour exactly."""
    objectives, constraints, codes = _TAKES[method if options.model == "Classic" else options.model]
    refuse_beyond(problem, whose, objectives, constraints)
    if code not in codes:
        detail = f"{whose} cannot take {code!r}; it takes {', '.join(sorted(codes))}."
        raise Unsupported.at(("method_options", "rm"), detail, "unsupported")
    for name in options.budgets:
        problem.universe.position(name, ("method_options", "budgets"))
    missing = [name for name in problem.universe.names if options.budgets and name not in options.budgets]
    if missing:
        detail = f"leave out {', '.join(missing)}; give every name a share."
        raise Unsupported.at(("method_options", "budgets"), detail, "missing")
    lpm = isinstance(problem.objective, MaximumRatio) and code in ("FLPM", "SLPM")
    if lpm and problem.objective.risk_measure.threshold:
        detail = f"{whose} takes the risk-free rate for the threshold of a ratio; leave the threshold out."
        raise Unsupported.at(("method_options", "threshold"), detail, "unsupported")


def _unanswered(asked: Asked, word: str, since: float) -> Proposal:
    """No weights: late, or for reasons that the library does not tell; whether limits contradict each other we ask."""
    spent = perf_counter() - since
    late = spent >= asked.problem.solver.time_limit_s
    status = Status.TIME_LIMIT if late else Status.NUMERICAL_ERROR
    return Proposal(status, attempts=(SolverAttempt("riskfolio", word, 0, 1e3 * spent),))


# --- what it means ------------------------------------------------------------------------------------------------


def _found(asked: Asked, weights: Mapping[str, float]) -> Found:
    options = asked.options
    classic = options.model == "Classic"
    named = asked.method if classic else f"optimization(model={options.model!r})"
    called = f"{'Portfolio' if classic else 'HCPortfolio'}.{named}"
    reading = _reading(asked) if classic else None
    unread = Reading(parameters=("confidence_level",) if asked.code in LEVELLED else ())
    findings = {"riskfolio_risk_measure": asked.code, "riskfolio_risk": _risk(asked, weights)}
    return Found(weights, called, reading or unread, known=reading is not None, findings=findings)


def _reading(asked: Asked) -> Reading | None:
    """What was minimised, in our words; None where we have none for it."""
    measure, method = asked.measure, asked.method
    if measure is None or method in ("rrp_optimization", "wc_optimization"):
        return None
    if method == "rp_optimization":
        return Reading(RiskBudgeting(tuple(asked.shares.tolist()), measure))
    if asked.options.kelly and asked.aim != "MinRisk":
        return None
    return Reading(_objective(asked, measure))


def _objective(asked: Asked, measure: Measure) -> Objective:
    objective = asked.problem.objective
    if asked.aim == "MaxRet" or (asked.code == "MV" and not isinstance(objective, MinimumRisk)):
        return objective
    if asked.aim == "MinRisk":
        return MinimumRisk(measure)
    if isinstance(objective, MaximumSharpe | MaximumRatio):
        return MaximumRatio(measure, objective.risk_free_rate)
    aversion = objective.risk_aversion if isinstance(objective, MaximumUtility) else 1.0
    parts, used = (RiskOf(aversion, measure), Return(-1.0)), ("risk_aversion", *measure.parameters)
    return Blend(objective.name, parts, maximised=True, measure=measure, used=used)


def _risk(asked: Asked, weights: Mapping[str, float]) -> float | None:
    """The measure of the weights per period, as the library computes it; None where it does not."""
    if asked.code == "equal":
        return None
    column = np.array([[weights[name]] for name in asked.names])
    functions = asked.library.src.RiskFunctions if hasattr(asked.library, "src") else asked.library
    with unheard():
        value = functions.Sharpe_Risk(
            asked.returns(1.0),
            column,
            asked.covariance(1.0),
            "MV" if asked.code == "vol" else asked.code,
            rf=asked.rate,
            alpha=asked.significance,
            kappa=float(asked.options.kappa),
            p_em=asked.options.half_order,
            p_esm=asked.options.half_order,
        )
    return float(value) if np.isfinite(value) else None


_PROGRAMS = frozenset({"MIN_VOLATILITY", "MIN_RISK", "MAX_SHARPE", "MAX_RATIO", "MAX_UTILITY", "MAX_RETURN"})
_SLOW = frozenset({"RLVaR", "RLDaR", "RVRG", "RLDaR_Rel"})
"""A program for every name and cluster: 80 s for 20 names and 500 days."""
_LEAST = frozenset({"MIN_VOLATILITY", "MIN_RISK", "RISK_PARITY"})
_VARIANCE = frozenset({"MV"})
_TAKES: Mapping[str, tuple[frozenset[str], frozenset[str], frozenset[str]]] = {
    "optimization": (_PROGRAMS, LIMITED, CONVEX),
    "rp_optimization": (frozenset({"RISK_PARITY"}), LINEAR, BUDGETED),
    "rrp_optimization": (frozenset({"RISK_PARITY"}), LINEAR, _VARIANCE),
    "wc_optimization": (_PROGRAMS, LINEAR, _VARIANCE),
    "HRP": (_LEAST, BY_NAME, MEASURED - _SLOW),
    "HERC": (_LEAST, BY_NAME, MEASURED - _SLOW),
    "HERC2": (_LEAST, BY_NAME, MEASURED - _SLOW),
    "NCO": (_PROGRAMS - {"MAX_RETURN"} | {"RISK_PARITY"}, BY_NAME, CONVEX),
}
"""What each portfolio of the library takes: objectives, kinds of constraints, codes of measures."""
_REFUSALS = (ValueError, TypeError, NameError, ZeroDivisionError, IndexError, AttributeError, np.linalg.LinAlgError)
"""What the library raises where its own algebra gives up, or a check of its own: NameError is how it refuses bounds."""
