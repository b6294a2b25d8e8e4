"""What a method of another library passes through on its way in and out of ours.

Neither library is taken at its word. What it cannot honour exactly is refused before it is called; what it prints or
warns of stays inside; its weights are read by name, and are moved only as far as its solver's rounding left them
outside of a limit; and they count as best where a certificate proves it, whatever its status says.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from time import perf_counter
from types import ModuleType

import numpy as np

from tangency.domain.errors import Fault, InvalidInput, Unsupported
from tangency.domain.market.estimates import Estimates
from tangency.domain.numbers import Vector, power_of_two_near
from tangency.domain.optimization.certificate import certify
from tangency.domain.optimization.objective import SumOfTerms
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import AS_ASKED, Proposal, Reading, SolverAttempt, Status, Witness
from tangency.domain.optimization.ratio import MaximumRatio
from tangency.domain.optimization.region import Region
from tangency.domain.optimization.term import NO_CUTS, RiskOf
from tangency.plugins.kernels.linearised import witness_at
from tangency.plugins.kernels.projection import project

ROUNDING = 1e-6
"""How far from the limits, in Euclidean distance, a solver of a library leaves weights that it calls feasible."""
ALONE = frozenset({"budget", "long_only"})
"""What a procedure honours that takes no limits."""
BY_NAME = ALONE | {"min_weight", "max_weight"}
LINEAR = BY_NAME | {"sector_limits", "target_return"}
"""Bounds and rows: what a library adds to any program as it is."""


@dataclass(frozen=True, eq=False)
class Found:
    """What a library's method came to.

    Attributes:
        weights: by name; NaN where it found no number.
        called: its method, as one would call it by hand.
        reading: what it minimised, in our words.
        known: whether the reading says all that it minimised, so that its answer may be proven best.
        cuts: its dual vectors of the objective's terms, by our ids.
        findings: what else it has to say.
    """

    weights: Mapping[str, float]
    called: str
    reading: Reading = AS_ASKED
    known: bool = True
    cuts: Mapping[str, Vector] = field(default_factory=lambda: NO_CUTS)
    findings: Mapping[str, object] = field(default_factory=dict)


def borrowed(module: str, distribution: str, extra: str) -> ModuleType:
    """The library, imported when the first problem needs it.

    Raises:
        Unsupported: it is not installed.
    """
    try:
        with unheard():
            return importlib.import_module(module)
    except ImportError as missing:
        raise _absent(distribution, extra, str(missing)) from None


def refuse_absent(module: str, distribution: str, extra: str) -> None:
    """Refuse a library that is not installed, without importing it.

    Raises:
        Unsupported: it is not.
    """
    if find_spec(module) is None:
        raise _absent(distribution, extra, f"no module named {module!r}")


def _absent(distribution: str, extra: str, why: str) -> InvalidInput:
    detail = f"needs {distribution}, which is not here ({why}). Install it with: pip install 'tangency[{extra}]'"
    return Unsupported.at(("method",), detail, "missing_extra")


@contextlib.contextmanager
def unheard() -> Iterator[list[str]]:
    """Collects what a library warns of, and drops what it prints."""
    said: list[str] = []
    with warnings.catch_warnings(record=True) as caught, contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("always")
        try:
            yield said
        finally:
            said += [str(warning.message) for warning in caught]


def refuse_beyond(problem: Problem, whose: str, objectives: frozenset[str], constraints: frozenset[str]) -> None:
    """Refuse what one model of a library cannot honour, although others of it can.

    Raises:
        Unsupported: an objective or constraint that is not listed, or a budget other than 1.
    """
    if problem.objective.name not in objectives:
        detail = f"{problem.objective.name!r} is none of {whose}, which takes {', '.join(sorted(objectives))}."
        raise Unsupported.at(("objective",), detail, "unsupported")
    detail = f"{whose} cannot honour {{}} exactly; leave it out, or choose another method."
    faults = [
        Fault(limit.path, detail.format(limit.id), "unsupported")
        for limit in problem.constraints
        if (limit.capability or limit.kind) not in constraints
    ]
    if problem.invested != 1.0:
        faults.append(Fault(("constraints",), detail.format(f"a budget of {problem.invested:g}"), "unsupported"))
    if faults:
        raise Unsupported(faults)


def finite_bounds(region: Region, whose: str) -> tuple[Vector, Vector]:
    """Lower and upper bounds, those that follow from other limits included; shape (n,) each.

    Raises:
        Unsupported: some name has none, and the library replaces what is infinite.
    """
    lower, upper = region.implied
    if not (np.isfinite(lower).all() and np.isfinite(upper).all()):
        detail = f"leaves a weight without a bound, which {whose} cannot honour; give every name one."
        raise Unsupported.at(("constraints", "min_weight"), detail, "unsupported")
    return lower, upper


def unit_of_returns(estimates: Estimates, periods_per_year: float = 1.0) -> float:
    """A power of two near the largest volatility of a period: counted in it, no figure is too small for a tolerance."""
    return power_of_two_near(float(np.sqrt(estimates.covariance.variances.max() / periods_per_year)))


def settled(asked: Problem, given: Estimates, found: Found, solver: str, said: list[str], since: float) -> Proposal:
    """The proposal that a library's weights amount to.

    Args:
        asked: what was asked.
        given: the estimates handed in.
        found: what the library came to.
        solver: the library, for the record.
        said: what it warned of.
        since: when it was called, on the clock of ``perf_counter``.
    """
    status = "inaccurate" if any("inaccurate" in warning for warning in said) else "optimal"
    attempts = (SolverAttempt(solver, status, 0, 1e3 * (perf_counter() - since)),)
    problem = found.reading.of(asked)
    estimates = given if found.reading.estimates is None else found.reading.estimates
    raw = np.array([found.weights.get(name, np.nan) for name in problem.universe.names], dtype=float)
    if not np.isfinite(raw).all():
        message = f"{found.called} returned no number for some weight: it divides by zero on these figures."
        return Proposal(Status.NUMERICAL_ERROR, attempts=attempts, message=message)
    nearest = project(raw, problem.region(estimates), problem.solver)
    away = np.inf if nearest.weights is None else float(np.linalg.norm(nearest.weights - raw))
    weights = nearest.weights if away <= ROUNDING else raw
    findings = {"library_method": found.called, "projection_distance": away if away <= ROUNDING else 0.0}
    proposal = Proposal(
        Status.FEASIBLE, weights, attempts=attempts, reading=found.reading, findings={**findings, **found.findings}
    )
    return _proven(proposal, problem, estimates, found.cuts) if found.known and weights is not None else proposal


def _proven(proposal: Proposal, problem: Problem, estimates: Estimates, cuts: Mapping[str, Vector]) -> Proposal:
    """The same with a witness, optimal where that is enough of a proof."""
    best = replace(proposal, witness=None)
    if proposal.weights is None:
        return best
    gap = np.inf
    for witness in _witnesses(problem, estimates, proposal.weights, cuts):
        certificate = certify(problem, estimates, proposal.weights, witness)
        if certificate.proves_optimality:
            return replace(proposal, status=Status.OPTIMAL, witness=witness)
        if certificate.relative_gap is not None and certificate.relative_gap < gap:
            gap, best = certificate.relative_gap, replace(proposal, witness=witness)
    return best


def _witnesses(
    problem: Problem, estimates: Estimates, weights: Vector, cuts: Mapping[str, Vector]
) -> Iterator[Witness]:
    """By the tangent; where the objective has a kink there, by a program of our own, which only serves to judge."""
    yield witness_at(problem, estimates, weights, cuts)
    if cuts:
        return
    objective, region, policy = problem.objective, problem.region(estimates), problem.solver
    if isinstance(objective, SumOfTerms):
        from tangency.plugins.kernels.composite import minimise

        yield minimise(objective.terms, region, estimates, policy.tolerance, policy.time_limit_s).witness
    if isinstance(objective, MaximumRatio):
        from tangency.plugins.kernels.ratio import maximise_ratio

        gain, risk = objective.gain(estimates), RiskOf(1.0, objective.measure)
        yield maximise_ratio(gain, risk, region, estimates, policy.tolerance, policy.time_limit_s).witness
