"""The answer document: the weights, the proof, the reasons and the origin. Null where a figure has no meaning."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Annotated, Any, Literal, cast

from msgspec import UNSET, Meta, Struct, UnsetType, defstruct

from tangency.domain.errors import NotFound
from tangency.domain.market.estimates import Origin, Sources
from tangency.domain.market.returns import DataReport
from tangency.domain.market.universe import Universe
from tangency.domain.optimization.certificate import Certificate
from tangency.domain.optimization.explanation import Explanation
from tangency.domain.optimization.identity import spelled
from tangency.domain.optimization.optimization import Answer
from tangency.domain.optimization.solution import Provenance, Solution
from tangency.domain.risk.portfolio_risk import Contribution, PortfolioRisk

Shares = dict[str, float]


class Part(Struct, frozen=True, kw_only=True):
    """An object of the answer."""


class TurnoverMetadata(Part, frozen=True):
    """What it takes to get from the current weights to the optimal ones."""

    one_way: Annotated[float, Meta(description="Half the sum of absolute changes, cash included.")]
    turnover_l1: Annotated[float, Meta(description="The sum of absolute changes, without cash.")]


class OptimizationMetadata(Part, frozen=True):
    """How the optimization went."""

    convergence_status: Annotated[
        Literal["optimal", "feasible"],
        Meta(description="`optimal` is proven; `feasible` satisfies every constraint and is not proven best."),
    ]
    iterations: Annotated[int, Meta(ge=0, description="Of the solver.")]
    optimization_time_ms: Annotated[float, Meta(ge=0.0, description="Wall time of the solve.")]
    objective_value: Annotated[
        float | None,
        Meta(
            description="The ratio, the volatility, the mean or the utility. Null where it is no number: without the "
            "means that it needs, and for the Sharpe ratio of a portfolio without risk, which a rule may propose."
        ),
    ]
    constraints_satisfied: Annotated[bool, Meta(description="Checked on the weights, not taken from the solver.")]
    turnover: Annotated[TurnoverMetadata | None, Meta(description="Null unless every current weight is known.")]


class Between(Part, frozen=True):
    """Bounds on a figure; equal where it is known exactly, null where there is no bound."""

    at_least: float | None
    at_most: float | None


class CovarianceRepair(Part, frozen=True):
    """What was added to a covariance that has no Cholesky factor."""

    shift: Annotated[float, Meta(description="Multiple of the identity matrix that was added.")]
    distance: Annotated[float, Meta(description="Norm of the change over the norm of the matrix.")]


class RiskContribution(Part, frozen=True):
    """Of a name, a group or a factor to the risk of a portfolio."""

    marginal: Annotated[
        float | None, Meta(description="Growth of the risk per unit of weight or exposure; null for a group.")
    ]
    absolute: Annotated[float, Meta(description="Weight times marginal risk; over all assets they sum to the risk.")]
    share: Annotated[float | None, Meta(description="Share of the risk; null if the risk is not above 0.")]


class PortfolioRiskDocument(Part, frozen=True):
    """The risk of a portfolio, taken apart."""

    measure: Annotated[str, Meta(description="The risk measure of the method.", examples=["volatility"])]
    total: float
    assets: dict[str, RiskContribution]
    sectors: dict[str, RiskContribution]
    asset_classes: dict[str, RiskContribution]
    factors: Annotated[
        dict[str, RiskContribution] | None,
        Meta(description="By factor, and `specific`; null without a factor model."),
    ]
    reason: Annotated[str | UnsetType, Meta(description="Why there are no shares, if there are none.")] = UNSET


class RiskDecomposition(Part, frozen=True):
    """Of the optimal weights, and of the current ones."""

    target: PortfolioRiskDocument | None
    current: Annotated[PortfolioRiskDocument | None, Meta(description="Null unless every current weight is known.")]


class CertificateDocument(Part, frozen=True):
    """What was checked of the weights, whatever the solver said."""

    max_violation: Annotated[
        float, Meta(ge=0.0, description="The largest violation of a constraint, relative to max(1, |limit|).")
    ]
    violations: Annotated[Shares, Meta(description="Violation by constraint.")]
    objective: Annotated[float | None, Meta(description="Recomputed from the weights; null if `objective_value` is.")]
    duality_gap: Annotated[
        float | None,
        Meta(description="No allowed portfolio is better by more than this (proven). Null without a proof."),
    ]
    relative_gap: Annotated[float | None, Meta(description="The duality gap relative to the size of the objective.")]
    quality: Annotated[float | None, Meta(description="Allocation quality: 1 - relative_gap.")]
    smallest_eigenvalue: Annotated[Between, Meta(description="Of the covariance.")]
    condition_number: Annotated[Between, Meta(description="Of the covariance.")]
    repair: Annotated[CovarianceRepair | None, Meta(description="Null if the covariance was used unchanged.")]


class BindingLimit(Part, frozen=True):
    """A limit that holds the objective back."""

    constraint: Annotated[str, Meta(examples=["constraints.sector_limits.technology"])]
    shadow_price: Annotated[float, Meta(description="Improvement of the objective per unit of relaxation.")]
    sentence: str


class WeightAtBound(Part, frozen=True):
    """A name whose weight is at its smallest or largest."""

    name: str
    bound: Literal["min", "max"]
    limit: float
    reduced_cost: Annotated[float, Meta(description="Improvement of the objective per unit of relaxation.")]


class Why(Part, frozen=True):
    """Why the answer is what it is. Both lists are empty for a rule, which takes no notice of limits."""

    binding: Annotated[list[BindingLimit], Meta(description="Without the budget and the bounds of single assets.")]
    at_bound: list[WeightAtBound]


class MethodReference(Part, frozen=True):
    """Which method, of which distribution."""

    name: str
    distribution: str
    version: str


class DataUsed(Part, frozen=True):
    """What became of the periods that were given."""

    given: int
    used: int
    dropped: int
    causes: Annotated[list[str], Meta(description="The assets whose gaps removed periods, or would have.")]
    method: Annotated[str, Meta(description="How gaps were treated.", examples=["intersect"])]
    filled: Annotated[dict[str, int], Meta(description="Number of gaps filled, by asset.")]
    scenarios: Annotated[int, Meta(description="Complete periods, as used by measures of scenarios such as cvar.")]


class EstimateSources(Part, frozen=True):
    """Where the figures came from."""

    expected_return: Origin
    covariance: Origin
    expected_return_estimator: str | None
    covariance_estimator: str | None
    prior: Annotated[
        str | None, Meta(description="The estimator of the scenarios; null if the returns are used as they are.")
    ]
    data: DataUsed | None


class SolverAttemptDocument(Part, frozen=True):
    """One call of a solver, in its own words."""

    solver: str
    status: str
    iterations: int
    time_ms: float | None


class ProvenanceDocument(Part, frozen=True):
    """How the answer came about, complete enough to make it again."""

    optimization_id: Annotated[str, Meta(description="The id of the stored optimization.")]
    answered_at: Annotated[datetime, Meta(description="UTC.")]
    problem_hash: Annotated[str | None, Meta(description="SHA-256 of the whole problem.")]
    method: MethodReference | None
    estimates: EstimateSources | None
    attempts: list[SolverAttemptDocument]
    tolerance: float | None
    versions: Annotated[dict[str, str], Meta(description="Versions of the libraries that were used.")]
    references: Annotated[list[str], Meta(description="The stored documents that were used, each with its version.")]


class OptimizationResponse(Part, frozen=True):
    """An optimized portfolio."""

    portfolio_id: str
    optimal_weights: Annotated[Shares, Meta(description="The weight of every asset; they sum to 1.")]
    expected_return: Annotated[
        float | None, Meta(description="Annual; null if expected returns are neither given nor needed.")
    ]
    expected_volatility: Annotated[float | None, Meta(description="Annual.")]
    sharpe_ratio: Annotated[float | None, Meta(description="(expected_return - risk_free_rate) / expected_volatility.")]
    optimization_metadata: OptimizationMetadata
    risk_contributions: Annotated[
        Shares | None, Meta(description="Share of the risk by asset, summing to 1; null for a riskless portfolio.")
    ]
    risk_decomposition: Annotated[RiskDecomposition, Meta(description="By asset, sector and asset class.")]
    certificate: CertificateDocument
    why: Why
    provenance: ProvenanceDocument
    unused_inputs: Annotated[
        list[str],
        Meta(description="Inputs that made no difference, e.g. `risk_parameters.risk_aversion`; never a constraint."),
    ]
    supplied_by_configuration: Annotated[
        dict[str, Any],
        Meta(description="What the portfolio's configuration supplied, by its place there."),
    ]


def response_of(answer: Answer) -> OptimizationResponse:
    """The document of an answer; what the method found besides stands beside the fields that every answer has.

    Raises:
        NotFound: it has no weights, or nothing that proves them.
    """
    solution = answer.solution
    if solution.certificate is None or solution.weights is None:
        raise NotFound(f"optimization {spelled(answer.optimization_id)} has no answer.")
    shares = None if solution.risk_shares is None else solution.universe.named(solution.risk_shares)
    own = {
        name: found for name, found in solution.findings.items() if name not in OptimizationResponse.__struct_fields__
    }
    return _with(tuple(own))(
        **own,
        portfolio_id=answer.portfolio_id,
        optimal_weights=solution.weights_by_name,
        expected_return=number(solution.expected_return),
        expected_volatility=number(solution.expected_volatility),
        sharpe_ratio=number(solution.sharpe_ratio),
        optimization_metadata=_metadata(answer),
        risk_contributions=shares,
        risk_decomposition=RiskDecomposition(
            target=_portfolio_risk(solution.risk, solution.universe),
            current=_portfolio_risk(solution.current_risk, solution.universe),
        ),
        certificate=certificate_document(solution.certificate),
        why=_why(solution.why),
        provenance=_provenance(answer, solution.provenance),
        unused_inputs=list(answer.unused_inputs),
        supplied_by_configuration=dict(answer.supplied),
    )


@cache
def _with(findings: tuple[str, ...]) -> type[OptimizationResponse]:
    """The answer with fields for what a method found."""
    if not findings:
        return OptimizationResponse
    fields = [(name, Any) for name in findings]
    made = defstruct("OptimizationResponse", fields, bases=(OptimizationResponse,), frozen=True, kw_only=True)
    return cast(type[OptimizationResponse], made)


def _portfolio_risk(risk: PortfolioRisk | None, universe: Universe) -> PortfolioRiskDocument | None:
    if risk is None:
        return None
    return PortfolioRiskDocument(
        measure=risk.measure,
        total=risk.total,
        assets={
            name: RiskContribution(marginal=marginal, absolute=absolute, share=share)
            for name, marginal, absolute, share in risk.by_name(universe)
        },
        sectors=_contributions(risk.by_group(universe, lambda asset: asset.sector)),
        asset_classes=_contributions(risk.by_group(universe, lambda asset: asset.asset_class)),
        factors=None if risk.by_factor is None else _contributions(risk.by_factor),
        reason=UNSET
        if risk.shares is not None
        else f"The total {risk.measure} is not above 0, so that it has no shares.",
    )


def _contributions(found: Mapping[str, Contribution]) -> dict[str, RiskContribution]:
    return {
        name: RiskContribution(marginal=part.marginal, absolute=part.absolute, share=part.share)
        for name, part in found.items()
    }


def number(value: float | None) -> float | None:
    """The figure, or None where it is not finite: JSON has no word for infinity."""
    return value if value is not None and math.isfinite(value) else None


def _metadata(answer: Answer) -> OptimizationMetadata:
    solution, turnover = answer.solution, answer.turnover
    return OptimizationMetadata(
        convergence_status=_word(solution),
        iterations=solution.iterations,
        optimization_time_ms=answer.time_ms,
        objective_value=number(solution.objective_value),
        constraints_satisfied=solution.certificate is not None and solution.certificate.constraints_satisfied,
        turnover=None if turnover is None else TurnoverMetadata(one_way=turnover.one_way, turnover_l1=turnover.l1),
    )


def _word(solution: Solution) -> Literal["optimal", "feasible"]:
    return "optimal" if solution.status.value == "optimal" else "feasible"


def certificate_document(certificate: Certificate) -> CertificateDocument:
    """The certificate as it is served, with null for every figure that is not finite."""
    spectrum, repair = certificate.spectrum, certificate.repair
    return CertificateDocument(
        max_violation=certificate.max_violation,
        violations=dict(certificate.violations),
        objective=number(certificate.objective),
        duality_gap=number(certificate.duality_gap),
        relative_gap=number(certificate.relative_gap),
        quality=number(certificate.quality),
        smallest_eigenvalue=_between(spectrum.smallest),
        condition_number=_between(spectrum.condition),
        repair=None if repair is None else CovarianceRepair(shift=repair.shift, distance=repair.distance),
    )


def _between(bounds: tuple[float, float]) -> Between:
    return Between(at_least=number(bounds[0]), at_most=number(bounds[1]))


def _why(why: Explanation | None) -> Why:
    if why is None:
        return Why(binding=[], at_bound=[])
    return Why(
        binding=[
            BindingLimit(constraint=b.constraint, shadow_price=b.shadow_price, sentence=b.sentence) for b in why.binding
        ],
        at_bound=[
            WeightAtBound(name=a.name, bound=a.bound, limit=a.limit, reduced_cost=a.reduced_cost) for a in why.at_bound
        ],
    )


def _provenance(answer: Answer, provenance: Provenance | None) -> ProvenanceDocument:
    origin = provenance.method if provenance else None
    attempts = provenance.attempts if provenance else ()
    return ProvenanceDocument(
        optimization_id=spelled(answer.optimization_id),
        answered_at=answer.answered_at,
        problem_hash=provenance.problem_hash if provenance else None,
        method=MethodReference(name=origin.name, distribution=origin.distribution, version=origin.version)
        if origin
        else None,
        estimates=sources_document(provenance.sources) if provenance else None,
        attempts=[
            SolverAttemptDocument(solver=a.solver, status=a.status, iterations=a.iterations, time_ms=number(a.time_ms))
            for a in attempts
        ],
        tolerance=provenance.tolerance if provenance else None,
        versions=dict(provenance.versions) if provenance else {},
        references=list(provenance.references) if provenance else [],
    )


def sources_document(sources: Sources) -> EstimateSources:
    """Where the figures came from, as it is served."""
    return EstimateSources(
        expected_return=sources.mean,
        covariance=sources.covariance,
        expected_return_estimator=sources.mean_estimator,
        covariance_estimator=sources.covariance_estimator,
        prior=sources.prior,
        data=_data(sources.data),
    )


def _data(report: DataReport | None) -> DataUsed | None:
    if report is None:
        return None
    return DataUsed(
        given=report.given,
        used=report.used,
        dropped=report.dropped,
        causes=list(report.causes),
        method=report.method,
        filled=dict(report.filled),
        scenarios=report.used if report.scenarios is None else report.scenarios,
    )
