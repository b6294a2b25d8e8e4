"""What travels between the pool and a solver process: msgpack with raw doubles, never a pickle of a stranger's object.

There: the problem's document and its limits. Back: what was estimated and proposed, or the error. A covariance that
was given and used as it came does not travel back, and none is factored again: its spectrum and repair are reported.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import msgspec
import numpy as np

from tangency.adapters.solving.conclusion import Proposed
from tangency.domain.errors import (
    Fault,
    InvalidInput,
    MethodCrashed,
    NoAnswer,
    NotApplicable,
    NumericalFailure,
    PluginError,
    ProblemInfeasible,
    ProblemUnbounded,
    ResourcesExhausted,
    TangencyError,
    TimeLimitReached,
    Unsupported,
)
from tangency.domain.market.covariance import Covariance, Repair, Spectrum
from tangency.domain.market.estimates import Estimates, Sources
from tangency.domain.market.factor_covariance import FactorCovariance, FactorModel, factor_model_of
from tangency.domain.market.returns import DataReport
from tangency.domain.market.scenarios import Scenarios
from tangency.domain.numbers import Matrix, Vector, frozen
from tangency.domain.optimization.contradiction import Contradiction, Statement
from tangency.domain.optimization.document import from_document, to_document
from tangency.domain.optimization.infeasibility import Conflicting, Infeasibility, Relaxation
from tangency.domain.optimization.judgement import Outcome
from tangency.domain.optimization.kinds import read_constraints, read_objective, written
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import AS_ASKED, Case, Proposal, Reading, SolverAttempt, Status, Witness
from tangency.domain.optimization.sales_tax import Half, SalesCase
from tangency.domain.plain_values import array, as_buffer, plain


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds that a job may take, from the softest to the hardest way of ending it.

    Attributes:
        solver_s: what solvers are told; a nice ending.
        pool_s: after it the pool stops the process.
        alarm_s: after it the kernel does, whatever the process is doing; also the limit of processor time.
    """

    solver_s: float
    pool_s: float
    alarm_s: float


class ReportedCovariance:
    """A covariance whose spectrum and repair another process has found out already.

    Attributes:
        values: the matrix as used there; shape (n, n).
    """

    def __init__(self, values: Matrix, repair: Repair | None, spectrum: Spectrum) -> None:
        self.values, self.repair, self.spectrum = values, repair, spectrum

    @property
    def size(self) -> int:
        """Number of names n."""
        return len(self.values)

    @cached_property
    def variances(self) -> Vector:
        """The diagonal; shape (n,)."""
        return np.diagonal(self.values)

    def times(self, x: Vector) -> Vector:
        """S x; shape (n,)."""
        product: Vector = self.values @ x
        return product

    def dense(self) -> Matrix:
        """The matrix as used; shape (n, n)."""
        return self.values

    def factor(self) -> Matrix:
        """Lower triangular L with L L' = S; shape (n, n). Made anew, since nobody here should need it."""
        return frozen(np.linalg.cholesky(self.values))


def pack_job(problem: Problem, limits: Limits) -> bytes:
    """A problem and its limits as bytes."""
    times = (limits.solver_s, limits.pool_s, limits.alarm_s)
    return msgspec.msgpack.encode({"problem": to_document(problem, as_buffer), "limits": times})


def unpack_job(raw: bytes) -> tuple[Problem, Limits]:
    """The inverse of :func:`pack_job`; arrays are views into the bytes."""
    job = msgspec.msgpack.decode(raw)
    return from_document(job["problem"]), Limits(*job["limits"])


def pack_proposed(problem: Problem, found: Proposed) -> bytes:
    """What a solver process found, as bytes."""
    return msgspec.msgpack.encode(
        {
            "estimates": _estimates(problem, found.outcome.estimates),
            "proposal": proposal_document(problem, found.outcome.proposal),
            "infeasibility": _infeasibility(found.outcome.infeasibility),
            "rule": found.rule,
        }
    )


def pack_error(error: TangencyError) -> bytes:
    """An error as bytes; one that is not in the table arrives as a crash."""
    if isinstance(error, InvalidInput):
        faults = [(fault.path, fault.detail, fault.code) for fault in error.faults]
        return msgspec.msgpack.encode({"error": type(error).__name__, "faults": faults})
    if isinstance(error, PluginError):
        return msgspec.msgpack.encode(
            {"error": "PluginError", "plugin": (error.name, error.distribution, error.reason)}
        )
    return msgspec.msgpack.encode({"error": type(error).__name__, "message": str(error)})


def unpack(problem: Problem, raw: bytes) -> Proposed:
    """What a solver process found about a problem.

    Raises:
        TangencyError: the error that it met instead.
    """
    answer = msgspec.msgpack.decode(raw)
    if "error" in answer:
        raise _error(answer)
    estimates = _read_estimates(problem, answer["estimates"])
    proposal = read_proposal(problem, answer["proposal"])
    infeasibility = None if answer["infeasibility"] is None else _read_infeasibility(answer["infeasibility"])
    return Proposed(Outcome(estimates, proposal, infeasibility), answer["rule"])


_PLAIN_ERRORS: Mapping[str, type[NoAnswer]] = {
    "ProblemInfeasible": ProblemInfeasible,
    "NotApplicable": NotApplicable,
    "ProblemUnbounded": ProblemUnbounded,
    "TimeLimitReached": TimeLimitReached,
    "NumericalFailure": NumericalFailure,
    "ResourcesExhausted": ResourcesExhausted,
}


def _error(answer: Mapping[str, Any]) -> TangencyError:
    if "faults" in answer:
        kind = Unsupported if answer["error"] == "Unsupported" else InvalidInput
        return kind([Fault(tuple(path), detail, code) for path, detail, code in answer["faults"]])
    if "plugin" in answer:
        return PluginError(*answer["plugin"])
    return _PLAIN_ERRORS.get(answer["error"], MethodCrashed)(answer["message"])


# --- writing ------------------------------------------------------------------------------------------------------


def proposal_document(problem: Problem, proposal: Proposal) -> dict[str, object]:
    """A proposal for a problem, ready to be packed."""
    return {
        **_plain(proposal),
        "weights": _buffer(proposal.weights),
        "witness": _witness(proposal.witness),
        "reading": _reading(problem, proposal.reading),
        "findings": plain(proposal.findings, ("findings",)),
        "contradiction": _contradiction(proposal.contradiction),
    }


def _plain(proposal: Proposal) -> dict[str, object]:
    return {
        "status": proposal.status.value,
        "iterations": proposal.iterations,
        "attempts": proposal.attempts,
        "bound": proposal.bound,
        "message": proposal.message,
    }


def _estimates(problem: Problem, estimates: Estimates) -> dict[str, object]:
    covariance, market = estimates.covariance, problem.market
    given = market.covariance is not None and factor_model_of(covariance) is None
    unchanged = given and np.array_equal(covariance.dense(), np.asarray(market.covariance))
    return {
        "mean": _buffer(estimates.mean),
        "covariance": None if unchanged else _covariance(covariance),
        "spectrum": covariance.spectrum,
        "repair": covariance.repair,
        "sources": estimates.sources,
        "scenarios": None if estimates.scenarios is None else _scenarios(problem, estimates),
    }


def _covariance(covariance: Covariance) -> object:
    """Number by number, or as the factor model that it stands on."""
    model = factor_model_of(covariance)
    if model is None:
        return as_buffer(covariance.dense())
    return {
        "factors": model.factors,
        "loadings": as_buffer(model.loadings),
        "factor_covariance": as_buffer(model.covariance),
        "specific": as_buffer(model.specific),
    }


def _scenarios(problem: Problem, estimates: Estimates) -> dict[str, object]:
    """Nothing where they are the returns of the problem itself, which the reader has."""
    scenarios = estimates.scenarios
    as_given = estimates.sources.prior is None and problem.market.missing_data == "intersect"
    if scenarios is None or (as_given and scenarios.probabilities is None):
        return {}
    probabilities = _buffer(scenarios.probabilities)
    return {
        "returns": as_buffer(scenarios.returns),
        "probabilities": probabilities,
        "per_year": scenarios.periods_per_year,
    }


def _reading(problem: Problem, reading: Reading) -> dict[str, object] | None:
    if reading is AS_ASKED:
        return None
    return {
        "objective": None if reading.objective is None else written(reading.objective, as_buffer),
        "constraints": [written(constraint, as_buffer) for constraint in reading.constraints],
        "estimates": None if reading.estimates is None else _estimates(problem, reading.estimates),
        "parameters": reading.parameters,
        "unused_options": reading.unused_options,
    }


def _buffer(values: Vector | None) -> object:
    return None if values is None else as_buffer(values)


def _witness(witness: Witness | None) -> object:
    if witness is None:
        return None
    cuts = {key: as_buffer(cut) for key, cut in witness.cuts.items()}
    cases = [_case(case) for case in witness.cases]
    return {
        "multipliers": dict(witness.multipliers),
        "cuts": cuts,
        "cases": cases,
        "spread": _buffer(witness.spread),
    }


def _case(case: Case) -> object:
    sales = None if case.sales is None else (int(case.sales.half), case.sales.trades.tobytes())
    return case.sides.tobytes(), _buffer(case.point), _witness(case.witness), sales, case.theta


def _contradiction(found: Contradiction | None) -> object:
    if found is None:
        return None
    statements = [(s.id, s.sentence, as_buffer(s.coefficients), s.value) for s in found.statements]
    return {"statements": statements, "combination": as_buffer(found.combination)}


def _infeasibility(found: Infeasibility | None) -> object:
    if found is None:
        return None
    proof = _witness(found.proof)
    return {"conflict": found.conflict, "relaxation": found.relaxation, "proof": proof, "bound": found.bound}


# --- reading ------------------------------------------------------------------------------------------------------


def _read_estimates(problem: Problem, read: Mapping[str, Any]) -> Estimates:
    universe, covariance = problem.universe, _read_covariance(problem, read)
    scenarios = None if read["scenarios"] is None else _read_scenarios(problem, read["scenarios"])
    return Estimates(universe, _vector(read["mean"]), covariance, _sources(read["sources"]), scenarios)


def _read_covariance(problem: Problem, read: Mapping[str, Any]) -> Covariance:
    size, packed = len(problem.universe), read["covariance"]
    repair = None if read["repair"] is None else Repair(**read["repair"])
    spectrum = Spectrum(*(tuple(bounds) for bounds in read["spectrum"].values()))
    if packed is None:
        return ReportedCovariance(np.asarray(problem.market.covariance), repair, spectrum)
    if "factors" not in packed:
        return ReportedCovariance(array(packed, ("covariance",), (size, size)), repair, spectrum)
    factors, path = tuple(packed["factors"]), ("covariance",)
    model = FactorModel(
        factors,
        array(packed["loadings"], path, (size, len(factors))),
        array(packed["factor_covariance"], path, (len(factors),) * 2),
        array(packed["specific"], path, (size,)),
    )
    return FactorCovariance(model, repair, spectrum)


def _read_scenarios(problem: Problem, read: Mapping[str, Any]) -> Scenarios | None:
    if read:
        returns = array(read["returns"], ("scenarios",), (None, len(problem.universe)))
        return Scenarios(problem.universe, returns, _vector(read["probabilities"]), read["per_year"])
    history = problem.market.history()
    return None if history is None else problem.market.of_all(history[0])


def _read_reading(problem: Problem, read: Mapping[str, Any] | None) -> Reading:
    if read is None:
        return AS_ASKED
    return Reading(
        None if read["objective"] is None else read_objective(read["objective"], ("objective",)),
        read_constraints(read["constraints"], ("constraints",)),
        None if read["estimates"] is None else _read_estimates(problem, read["estimates"]),
        tuple(read["parameters"]),
        tuple(read["unused_options"]),
    )


def _vector(packed: object) -> Vector | None:
    return None if packed is None else array(packed, ("mean",), (None,))


def _sources(read: Mapping[str, Any]) -> Sources:
    report = read["data"]
    data = None if report is None else DataReport(**{**report, "causes": tuple(report["causes"])})
    return Sources(**{**read, "data": data})


def read_proposal(problem: Problem, read: Mapping[str, Any]) -> Proposal:
    """The inverse of :func:`proposal_document`."""
    weights, witness = read["weights"], read["witness"]
    return Proposal(
        status=Status(read["status"]),
        # Weights of a wrong number of axes are the judge's to refuse, not ours.
        weights=None if weights is None else array(weights, ("weights",), [None] * len(weights["shape"])),
        witness=None if witness is None else _read_witness(witness),
        iterations=read["iterations"],
        attempts=tuple(SolverAttempt(**attempt) for attempt in read["attempts"]),
        bound=read["bound"],
        message=read["message"],
        reading=_read_reading(problem, read["reading"]),
        findings=read["findings"],
        contradiction=None if read["contradiction"] is None else _read_contradiction(read["contradiction"]),
    )


def _read_witness(read: Mapping[str, Any]) -> Witness:
    cuts = {key: array(cut, ("cuts", key), (None,)) for key, cut in read["cuts"].items()}
    return Witness(
        read["multipliers"], cuts, tuple(_read_case(*case) for case in read["cases"]), _vector(read["spread"])
    )


def _read_case(sides: bytes, at: Any, own: Any, sales: Any, theta: float) -> Case:  # noqa: ANN401 - plain values
    settled = None if sales is None else SalesCase(Half(sales[0]), np.frombuffer(sales[1], np.int8))
    return Case(np.frombuffer(sides, np.int8), _vector(at), _read_witness(own), settled, theta)


def _read_contradiction(read: Mapping[str, Any]) -> Contradiction:
    statements = [
        Statement(key, sentence, array(coefficients, ("statements", key), (None,)), value)
        for key, sentence, coefficients, value in read["statements"]
    ]
    return Contradiction(tuple(statements), array(read["combination"], ("combination",), (None,)))


def _read_infeasibility(read: Mapping[str, Any]) -> Infeasibility:
    return Infeasibility(
        tuple(Conflicting(**member) for member in read["conflict"]),
        tuple(Relaxation(**step) for step in read["relaxation"]),
        _read_witness(read["proof"]),
        read["bound"],
    )
