"""From a question to a problem: the names lined up, the limits turned into constraints, mistakes gathered."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import numpy as np

from tangency.application.context import Context
from tangency.application.evidence import Evidence, known, stated
from tangency.application.measured import by_measure
from tangency.application.portfolio_data import holdings_and_prices, likely_meant, risk_model
from tangency.application.question import Limits, NamedCovariance, Question, RiskParameters
from tangency.domain import plain_values as read
from tangency.domain.errors import Fault, InvalidInput, Unsupported, hint
from tangency.domain.market.estimates import EstimatorChoice
from tangency.domain.market.market import Market
from tangency.domain.market.universe import Universe
from tangency.domain.numbers import Matrix
from tangency.domain.optimization.constraint import (
    AssetClassLimit,
    Budget,
    Constraint,
    LeverageLimit,
    LongOnly,
    MaximumWeight,
    MinimumWeight,
    SectorLimit,
    TargetReturn,
    TargetVolatility,
    TurnoverLimit,
)
from tangency.domain.optimization.minimum_position import MinimumPosition
from tangency.domain.optimization.objective import (
    MaximumReturn,
    MaximumUtility,
    MinimumRisk,
    MinimumVolatility,
    MultiObjective,
    Objective,
    RiskParity,
)
from tangency.domain.optimization.problem import Problem, SolverPolicy
from tangency.domain.optimization.ratio import MaximumRatio, MaximumSharpe

OBJECTIVES: dict[str, Callable[[RiskParameters], Objective]] = {
    "MAX_SHARPE": lambda risk: MaximumSharpe(risk.risk_free_rate or 0.0),
    "MIN_VOLATILITY": lambda _: MinimumVolatility(),
    "MAX_RETURN": lambda _: MaximumReturn(),
    "MAX_UTILITY": lambda risk: MaximumUtility(1.0 if risk.risk_aversion is None else risk.risk_aversion),
    "MIN_RISK": lambda _: MinimumRisk(),
    "MAX_RATIO": lambda risk: MaximumRatio(risk_free_rate=risk.risk_free_rate or 0.0),
    "RISK_PARITY": lambda _: RiskParity(),
    "MULTI_OBJECTIVE": lambda _: MultiObjective(),
}

PERIODS_PER_YEAR = 252.0
"""Trading days."""

CONFIDENCE = 0.95
"""Of tail measures."""


async def gathered(question: Question, context: Context) -> Evidence:
    """What the question states about its names, or what is known about the portfolio of its id.

    Raises:
        InvalidInput: nothing stated and nothing imported, more names than allowed, or figures that do not line up.
        NotFound: a neighbour knows no such portfolio, or no price of it.
        NeighbourUnavailable: it cannot be asked.
        NeighbourUnusable: its answer is against its contract.
    """
    if question.strategies is not None:
        refuse_too_many(len(question.strategies), context.names_limit)
        return stated(question.strategies)
    portfolio, prices = await holdings_and_prices(question.portfolio_id, context)
    if prices is None:
        detail = (
            f"are left out, and no prices are imported under {question.portfolio_id!r}; state them, or import prices "
            "and holdings first."
        )
        detail += await likely_meant(question.portfolio_id, context)
        raise InvalidInput.at(("strategies",), detail, "missing")
    refuse_too_many(len(prices.names), context.names_limit)
    return known(portfolio, prices, await risk_model(question.portfolio_id, question.risk, context))


def pose(question: Question, evidence: Evidence, context: Context) -> Problem:
    """The problem that a question stands for, without what options of its method may state of the market.

    Raises:
        Unsupported: no such objective or method.
        InvalidInput: every other mistake that can be seen without solving.
    """
    asked = by_measure(question)
    objective = _objective(asked)
    method = context.plugins.origin(asked.method).name
    faults = _turnover_faults(question, evidence)
    covariance = _gather(faults, lambda: _covariance(question.risk.covariance, evidence))
    try:
        problem = Problem(
            market=_market(question.risk, evidence.universe.scored(_scores(question)), evidence, covariance),
            objective=objective,
            constraints=tuple(constraints(question, evidence)),
            method=method,
            options=asked.options,
            current=evidence.current_if_known,
            risk_free_rate=question.risk.risk_free_rate or 0.0,
            confidence_level=CONFIDENCE if question.risk.confidence_level is None else question.risk.confidence_level,
            risk_aversion=question.risk.risk_aversion,
            solver=_policy(context.deadline_s),
            references=(*question.references, *evidence.sources),
        )
    except InvalidInput as error:
        raise InvalidInput([*faults, *error.faults]) from None
    if faults:
        raise InvalidInput(faults)
    return problem


def constraints(question: Question, evidence: Evidence) -> Iterator[Constraint]:
    """Every limit written, and the two that hold unless a question lifts them: the budget, and no short positions."""
    limits, risk = question.limits, question.risk
    yield Budget()
    yield from _bounds(limits, evidence)
    for sector, limit in limits.sector_limits.items():
        yield SectorLimit(limit, sector)
    for asset_class, limit in limits.asset_class_limits.items():
        yield AssetClassLimit(limit, asset_class)
    if limits.turnover_limit is not None and evidence.current_if_known is not None:
        yield TurnoverLimit(limits.turnover_limit, tuple(evidence.current.tolist()))
    if limits.leverage_limit is not None:
        yield LeverageLimit(limits.leverage_limit)
    if risk.target_return is not None:
        yield TargetReturn(risk.target_return)
    if risk.target_volatility is not None:
        yield TargetVolatility(risk.target_volatility)


def _bounds(limits: Limits, evidence: Evidence) -> Iterator[Constraint]:
    """Of the weights of names one by one."""
    if not (limits.min_weight is not None and limits.min_weight < 0):
        own = (limit for limit in evidence.limits if isinstance(limit, MinimumWeight) and limit.limit < 0)
        yield LongOnly(exempt=frozenset(limit.name for limit in own if limit.name is not None))
    if limits.min_weight is not None:
        yield MinimumWeight(limits.min_weight)
    if limits.max_weight is not None:
        yield MaximumWeight(limits.max_weight)
    if limits.min_position_size:
        yield MinimumPosition(limits.min_position_size, frozenset(limits.own_minimum))
    yield from evidence.limits


def refuse_too_many(names: int, limit: int) -> None:
    """Refuse more names than an operator allows."""
    if names > limit:
        raise InvalidInput.at(("strategies",), f"has {names} names; this service takes {limit} at most.", "too_many")


def _objective(question: Question) -> Objective:
    make = OBJECTIVES.get(question.objective.upper())
    if make is None:
        detail = f"{question.objective!r} is not a known objective; {hint(question.objective.upper(), OBJECTIVES)}"
        raise Unsupported.at(("objective",), detail, "unsupported")
    return make(question.risk)


def _policy(deadline_s: float) -> SolverPolicy:
    policy = SolverPolicy()
    return policy if policy.time_limit_s <= deadline_s else replace(policy, time_limit_s=deadline_s)


def _scores(question: Question) -> dict[str, Mapping[str, float]]:
    """The scores that the question states beside its strategies."""
    stated = {}
    for name, scores in question.scores.items():
        path = ("scores", name)
        stated[name] = {key: read.number(score, (*path, key)) for key, score in read.mapping(scores, path).items()}
    return dict(stated)


def _market(risk: RiskParameters, universe: Universe, evidence: Evidence, covariance: Matrix | None) -> Market:
    return Market(
        universe=universe,
        mean=evidence.mean,
        covariance=covariance,
        returns=evidence.returns,
        mean_estimator=risk.expected_return_estimator or EstimatorChoice(),
        covariance_estimator=risk.covariance_estimator or EstimatorChoice(),
        missing_data=risk.missing_data or "intersect",
        proxies=risk.proxies,
        periods_per_year=PERIODS_PER_YEAR if risk.periods_per_year is None else risk.periods_per_year,
        prior=risk.prior,
    )


def _turnover_faults(question: Question, evidence: Evidence) -> list[Fault]:
    if question.limits.turnover_limit is None or evidence.current_if_known is not None:
        return []
    unknown = [evidence.universe.names[i] for i in np.flatnonzero(np.isnan(evidence.current)).tolist()]
    detail = f"needs the current_weight of every name; missing: {', '.join(unknown)}."
    return [Fault(("constraints", "turnover_limit"), detail, "missing")]


def _gather(faults: list[Fault], make: Callable[[], Matrix | None]) -> Matrix | None:
    try:
        return make()
    except InvalidInput as error:
        faults.extend(error.faults)
        return None


def _covariance(given: NamedCovariance | None, evidence: Evidence) -> Matrix | None:
    """The matrix in the order of the universe; not copied where it is in that order already."""
    universe, model = evidence.universe, evidence.risk_model
    if given is None:
        return None if model is None else model.of(universe.names)
    faults = _join_faults(given, universe)
    if faults:
        raise InvalidInput(faults)
    if given.names == universe.names:
        return given.values
    rows = {name: row for row, name in enumerate(given.names)}
    order = [rows[name] for name in universe.names]
    return given.values[np.ix_(order, order)]


def _join_faults(given: NamedCovariance, universe: Universe) -> list[Fault]:
    path = ("risk_parameters", "covariance")
    size = len(given.names)
    if given.values.shape != (size, size):
        detail = f"has shape {given.values.shape}; {size} names need ({size}, {size})."
        return [Fault((*path, "values"), detail, "shape")]
    if given.names == universe.names:
        return []
    faults, seen = [], set[str]()
    for position, name in enumerate(given.names):
        if name in seen:
            faults.append(Fault((*path, "names", position), f"{name!r} is given twice; give it once.", "duplicate"))
        elif name not in universe.positions:
            detail = f"{name!r} is not a name here; {hint(name, universe.names)}"
            faults.append(Fault((*path, "names", position), detail, "unknown"))
        seen.add(name)
    missing = [name for name in universe.names if name not in seen]
    if missing:
        detail = f"has no row for {', '.join(missing[:12])}; every name needs one."
        faults.append(Fault((*path, "names"), detail, "missing"))
    return faults
