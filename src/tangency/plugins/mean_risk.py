"""Mean-risk optimization: least risk, most return, the greatest ratio or utility, for every measure of risk."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, cast

from tangency.domain.errors import Fault, InvalidInput, hint
from tangency.domain.market.estimates import Estimates
from tangency.domain.market.scenarios import Scenarios
from tangency.domain.optimization.method import Capabilities
from tangency.domain.optimization.objective import Blend, MaximumUtility, MinimumRisk, MultiObjective, Objective
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Proposal, Reading, Status
from tangency.domain.optimization.ratio import MaximumRatio
from tangency.domain.optimization.risk_limit import RiskLimit
from tangency.domain.optimization.term import Return, RiskOf
from tangency.domain.risk.measure import MEASURES, MOMENT_MEASURES, VOLATILITY, Measure
from tangency.domain.risk.tail import ValueAtRisk
from tangency.plugins.kernels.best_portfolio import best, check_probabilities, foreseen, weighted
from tangency.plugins.kernels.exceedances import refuse_too_many
from tangency.plugins.kernels.limits import EVERY_LIMIT
from tangency.plugins.kernels.riskless import settled
from tangency.plugins.multi.delegation import by_aims, check_aims
from tangency.plugins.multi.options import Aims


@dataclass(frozen=True)
class Limit:
    """A limit on a measure of risk, at a confidence level of its own.

    Attributes:
        limit: the maximum; annual for volatility and variance, per period of the data for all other measures.
        confidence_level: for tail measures. Default: the confidence level of the request.
    """

    limit: float
    confidence_level: float | None = None


@dataclass(frozen=True)
class MeanRiskOptions(Aims):
    """The risk measure and limits on risk; for MULTI_OBJECTIVE also the objectives.

    Attributes:
        risk_measure: the risk in MIN_RISK, MAX_RATIO, MAX_UTILITY and MULTI_OBJECTIVE; see the list of measures above.
            MIN_VOLATILITY and MAX_SHARPE always use volatility; the option is then listed in ``unused_inputs``.
        risk_limits: upper limits by risk measure, each a number or ``{"limit", "confidence_level"}``. All of them hold
            at once.
        threshold: return per period below which a lower partial moment counts a shortfall.
        probabilities: of the scenarios, oldest first, summing to 1. Default: equal probabilities.
        var_method: how to handle value at risk, which is not convex. ``exact`` solves a mixed-integer program, for at
            most 6 scenarios beyond the confidence level. ``cvar_proxy`` uses CVaR in its place, which is never smaller.
    """

    risk_measure: str = "cvar"
    risk_limits: Mapping[str, float | Limit] = field(default_factory=dict)
    threshold: float = 0.0
    probabilities: tuple[float, ...] | None = None
    var_method: Literal["exact", "cvar_proxy"] = "exact"

    def __post_init__(self) -> None:
        Aims.__post_init__(self)
        faults = [
            Fault(path, f"{name!r} is not a known risk measure; {hint(name, MEASURES)}", "unsupported")
            for path, name in self._named()
            if name not in MEASURES
        ]
        if faults:
            raise InvalidInput(faults)

    def _named(self) -> list[tuple[tuple[str, ...], str]]:
        return [(("risk_measure",), self.risk_measure), *((("risk_limits", name), name) for name in self.risk_limits)]

    def limits(self, level: float) -> tuple[RiskLimit, ...]:
        """The limits as constraints, at the request's confidence level where they have none of their own."""
        found = []
        for name, given in self.risk_limits.items():
            limit = given if isinstance(given, Limit) else Limit(given)
            own = level if limit.confidence_level is None else limit.confidence_level
            found.append(RiskLimit(limit.limit, Measure(name, own, self.threshold)))
        return tuple(found)


class MeanRisk:
    """Portfolios that minimize any of sixteen risk measures, or trade them off against return.

    Each measure can also be limited. Ratios divide the annual expected return in excess of the risk-free rate by the
    risk; measures of scenarios are per period of the data. The utility is the annual expected return less risk_aversion
    / 2 times the variance if the measure is volatility or variance, and less risk_aversion times the risk for any other
    measure.
    """

    name = "mean_risk"
    citation = (
        "Rockafellar, R.T., Uryasev, S. (2000). Optimization of conditional value-at-risk. Journal of Risk 2(3), "
        "21-41. Rockafellar, R.T., Uryasev, S., Zabarankin, M. (2006). Generalized deviations in risk analysis. "
        "Finance and Stochastics 10(1), 51-74."
    )
    capabilities = Capabilities(
        objectives=frozenset(
            {"MIN_RISK", "MIN_VOLATILITY", "MAX_RETURN", "MAX_RATIO", "MAX_SHARPE", "MAX_UTILITY", "MULTI_OBJECTIVE"}
        ),
        constraints=EVERY_LIMIT | {"risk_limits"},
        risk_measures=frozenset(MEASURES),
        uses_scenarios=True,
    )
    options: type = MeanRiskOptions

    def check(self, problem: Problem, options: object) -> None:
        """Refuse probabilities of other scenarios, and aims that take what the problem does not have."""
        asked = cast(MeanRiskOptions, options)
        check_probabilities(problem, asked.probabilities)
        measure = Measure(asked.risk_measure, problem.confidence_level, asked.threshold)
        aim = _aim(problem.objective, measure) or problem.objective
        measures = (aim.risk_measure, *(limit.measure for limit in asked.limits(problem.confidence_level)))
        for used in measures:
            if used.needs_scenarios:
                problem.market.require_scenarios(f"risk measure {used.name!r}")
        if asked.var_method == "exact":
            _check_exact(problem, [used.confidence_level for used in measures if used.name == "var"])
        if isinstance(problem.objective, MultiObjective):
            check_aims(problem, asked, asked.risk_measure, threshold=asked.threshold)

    def solve(self, problem: Problem, estimates: Estimates, options: object) -> Proposal:
        """Read the options into the problem, solve that, and say so."""
        asked = cast(MeanRiskOptions, options)
        weighed = estimates if asked.probabilities is None else weighted(estimates, asked.probabilities)
        measure = Measure(asked.risk_measure, problem.confidence_level, asked.threshold)
        limits = asked.limits(problem.confidence_level)
        own_estimates = None if weighed is estimates else weighed
        if isinstance(problem.objective, MultiObjective):
            return _by_aims(problem, weighed, own_estimates, asked, limits)
        unused = (*_unused(problem.objective, asked, measure), *asked.changed())
        reading = Reading(_aim(problem.objective, measure), limits, own_estimates, unused_options=unused)
        read = reading.of(problem)
        if any(c.measure.name == "var" for c in limits) or read.objective.risk_measure.name == "var":
            return replace(_by_value_at_risk(read, weighed, asked.var_method), reading=reading)
        return replace(settled(best(read, weighed), read, weighed), reading=reading)


def _by_aims(
    problem: Problem,
    weighed: Estimates,
    own: Estimates | None,
    asked: MeanRiskOptions,
    limits: tuple[RiskLimit, ...],
) -> Proposal:
    limited = Reading(constraints=limits).of(problem)
    proposal = by_aims(limited, weighed, asked, asked.risk_measure, threshold=asked.threshold)
    kept = (*limits, *proposal.reading.constraints)
    return replace(proposal, reading=replace(proposal.reading, constraints=kept, estimates=own))


def _unused(objective: Objective, options: MeanRiskOptions, measure: Measure) -> Iterator[str]:
    """What the options say that has nothing to do with the objective, or with the limits."""
    aimed = isinstance(objective, MinimumRisk | MaximumRatio | MaximumUtility)
    measures = {measure.name} if aimed else set()
    if measure.name not in measures | {VOLATILITY.name}:
        yield "risk_measure"
    if options.threshold and not any("lower_partial" in name for name in measures | set(options.risk_limits)):
        yield "threshold"
    if options.var_method != "exact" and "var" not in measures | set(options.risk_limits):
        yield "var_method"


def _check_exact(problem: Problem, levels: Sequence[float]) -> None:
    """Refuse values at risk that let more scenarios go than an exact form takes."""
    sample = foreseen(problem.market) if levels else None
    for level in levels if sample is not None else ():
        refuse_too_many(ValueAtRisk(cast(Scenarios, sample), level))


def _by_value_at_risk(problem: Problem, estimates: Estimates, how: str) -> Proposal:
    """By branch and bound, or by what is nowhere below; neither proves anything to the domain."""
    from tangency.plugins.kernels.value_at_risk import by_branching, by_conditional

    if how == "exact":
        return by_branching(problem, estimates)
    proposal = best(by_conditional(problem), estimates)
    if proposal.status is Status.OPTIMAL:
        return replace(proposal, status=Status.FEASIBLE, witness=None)
    if proposal.status is Status.INFEASIBLE:
        message = (
            "No portfolio keeps the conditional value at risk within the limit, which is more than the value at risk: "
            "whether one keeps the latter is not known. Use var_method 'exact' on fewer scenarios, or raise the limit."
        )
        return replace(proposal, status=Status.NOT_APPLICABLE, message=message)
    return proposal


def _aim(objective: Objective, measure: Measure) -> Objective | None:
    """The objective with the measure of the options; None where it has nothing to do with it."""
    if isinstance(objective, MinimumRisk):
        return MinimumRisk(measure)
    if isinstance(objective, MaximumRatio):
        return replace(objective, measure=measure)
    if isinstance(objective, MaximumUtility) and measure.name not in MOMENT_MEASURES:
        aversion = objective.risk_aversion
        parts = (RiskOf(aversion, measure), Return(-1.0))
        return Blend(objective.name, parts, True, measure, (*objective.parameters, *measure.parameters))
    return None
