"""Problems to try a method on: small, of round numbers, feasible by construction, degenerate on purpose.

Each is drawn around an anchor, a portfolio that satisfies every limit with room to spare. Only what the method says it
can honour is asked of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cache
from typing import Any, TypeAlias

import numpy as np
from hypothesis import strategies as st

from tangency.domain.market.market import Market
from tangency.domain.market.returns import Returns
from tangency.domain.market.universe import Asset, Universe
from tangency.domain.numbers import Matrix, Vector
from tangency.domain.optimization.constraint import (
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
from tangency.domain.optimization.kinds import OBJECTIVES
from tangency.domain.optimization.method import Capabilities, OptimizationMethod
from tangency.domain.optimization.objective import MinimumVolatility, Objective
from tangency.domain.optimization.problem import Problem

Draw: TypeAlias = Callable[[st.SearchStrategy[Any]], Any]

LARGEST = 6
"""Names. A law that fails for many names fails for a few, and a few can be read."""
MEANS = (0.08, 0.05, 0.12, 0.03, -0.02, 0.05)
VOLATILITIES = (0.2, 0.1, 0.3, 0.15)
LOADINGS = (0.5, 0.0, 0.8, -0.4)
"""On one common factor: the correlation of two names is the product of their loadings."""
RISK_AVERSION = 3.0
"""Of an investor whose objective does not say it."""
SECTORS = ("energy", "health")
PARTS = (1.0, 2.0, 3.0, 4.0)
"""Of the anchor, before they are divided by their sum."""
AVERSIONS = (4.0, 1.0, 20.0)
ROOM = (0.02, 0.1, 0.005)
"""Between the anchor and a limit."""
PERIODS, PERIODS_PER_YEAR = 24, 12.0
"""Of the returns that a method gets which wants scenarios: two years of months."""


@dataclass(frozen=True, eq=False)
class Anchored:
    """A market, and a portfolio to draw limits around; shape (n,), all positive, sum 1."""

    market: Market
    anchor: Vector


def problems(method: OptimizationMethod, constraints: bool = True) -> st.SearchStrategy[Problem]:
    """Feasible problems with a positive definite covariance that a method says it can solve.

    Args:
        method: whose capabilities say what to ask.
        constraints: whether to ask for more than the budget and no short positions.
    """
    return _problems(method, constraints)


def degenerate_problems(method: OptimizationMethod) -> st.SearchStrategy[Problem]:
    """Feasible problems on a covariance that is singular, on one name, or with names that are alike."""
    spoilt = st.sampled_from([twinned, _with_a_riskless_name, _alone, _all_alike])
    return st.builds(lambda spoil, problem: retold(problem, spoil(problem.market)), spoilt, problems(method, False))


@cache
def one_of(values: Sequence[Any]) -> st.SearchStrategy[Any]:
    """One of them; what is drawn from again and again is made ready once."""
    return st.sampled_from(values)


@cache
def _some(kinds: tuple[str, ...]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(kinds), max_size=3, unique=True)


@cache
def _several(table: tuple[Any, ...], size: int) -> st.SearchStrategy[list[Any]]:
    """So many entries of a table, one after the other.

    As the digits of one large number they would be drawn faster, and others in every program: hypothesis likes numbers
    that stand in the modules loaded.
    """
    return st.lists(one_of(table), min_size=size, max_size=size)


@st.composite
def _problems(draw: Draw, method: OptimizationMethod, constraints: bool) -> Problem:
    return _draw_problem(draw, method, constraints)


def _draw_problem(draw: Draw, method: OptimizationMethod, constraints: bool) -> Problem:
    can = method.capabilities
    drawn = _draw_market(draw)
    if can.uses_scenarios:
        drawn = replace(drawn, market=with_returns(drawn.market))
    objective = _draw_objective(draw, can, drawn.market)
    limits: list[Constraint] = [Budget(), LongOnly()]
    reachable = DRAWN - MEASURED if can.brings_mean else DRAWN  # targets are drawn from the market's own moments
    takes = sorted(reachable & can.constraints) if constraints and not can.rule else []
    if takes:
        kinds = draw(_some(tuple(takes)))
        limits += [_DRAW[kind](draw, drawn, draw(one_of(ROOM))) for kind in kinds]
    if "min_weight" in takes and draw(st.booleans()):
        limits[1] = MinimumWeight(-0.2)
    needs_mean = objective.needs_mean or can.needs_mean or any(limit.needs_mean for limit in limits)
    market = drawn.market if needs_mean or draw(st.booleans()) else replace(drawn.market, mean=None)
    unique = {limit.id: limit for limit in limits}
    aversion = getattr(objective, "risk_aversion", RISK_AVERSION)
    current = np.roll(drawn.anchor, 1)
    return Problem(market, objective, tuple(unique.values()), method.name, current=current, risk_aversion=aversion)


def _draw_market(draw: Draw) -> Anchored:
    size = draw(one_of(range(2, LARGEST + 1)))
    volatilities, loadings = (np.array(draw(_several(table, size))) for table in (VOLATILITIES, LOADINGS))
    correlations = np.outer(loadings, loadings)
    correlations[np.diag_indices(size)] = 1.0
    covariance = correlations * np.outer(volatilities, volatilities)
    sectors = draw(_several(SECTORS, size))
    universe = Universe(tuple(Asset(f"N{i}", sector) for i, sector in enumerate(sectors)))
    parts, means = (np.array(draw(_several(table, size))) for table in (PARTS, MEANS))
    return Anchored(Market(universe, means, covariance), parts / parts.sum())


def with_returns(market: Market) -> Market:
    """The market with returns of its own moments: always the same draws, times a root of the covariance."""
    covariance = np.asarray(market.covariance)
    size = len(covariance)
    draws = np.random.default_rng(0).normal(size=(PERIODS, LARGEST))[:, :size]
    mean = np.zeros(size) if market.mean is None else market.mean
    rows = mean / PERIODS_PER_YEAR + draws @ np.linalg.cholesky(covariance).T / np.sqrt(PERIODS_PER_YEAR)
    return replace(market, returns=Returns(market.universe, rows), periods_per_year=PERIODS_PER_YEAR)


def _draw_objective(draw: Draw, can: Capabilities, market: Market) -> Objective:
    if can.rule:
        return MinimumVolatility()
    kind = OBJECTIVES[draw(one_of(tuple(sorted(can.objectives & set(OBJECTIVES)))))]
    worst = 0.0 if market.mean is None else float(market.mean.min())
    # A rate below every mean, so that every long portfolio has an excess, and the ratio has a largest value.
    parameters = {"risk_aversion": draw(one_of(AVERSIONS)), "risk_free_rate": worst - 0.01}
    own = {field.name for field in fields(kind)}
    return kind(**{key: value for key, value in parameters.items() if key in own})


def _maximum(draw: Draw, case: Anchored, room: float) -> Constraint:
    if draw(st.booleans()):
        return MaximumWeight(float(case.anchor.max()) + room)
    name = draw(one_of(case.market.universe.names))
    return MaximumWeight(float(case.anchor[case.market.universe.position(name)]) + room, name)


def _minimum(draw: Draw, case: Anchored, room: float) -> Constraint:
    name = draw(one_of(case.market.universe.names))
    return MinimumWeight(float(case.anchor[case.market.universe.position(name)]) - room, name)


def _sector(draw: Draw, case: Anchored, room: float) -> Constraint:
    sector = draw(one_of(tuple(sorted(case.market.universe.sectors))))
    members = case.market.universe.mask(case.market.universe.sectors[sector])
    return SectorLimit(float(members @ case.anchor) + room, sector)


def _turnover(draw: Draw, case: Anchored, room: float) -> Constraint:
    current = np.roll(case.anchor, draw(one_of(range(len(case.anchor)))))
    return TurnoverLimit(float(np.abs(case.anchor - current).sum()) / 2 + room, tuple(current.tolist()))


def _leverage(draw: Draw, _case: Anchored, room: float) -> Constraint:
    return LeverageLimit(1.0 + draw(one_of((0.0, 0.3))) + room)


def _target_return(_draw: Draw, case: Anchored, room: float) -> Constraint:
    means = case.market.mean if case.market.mean is not None else np.zeros(len(case.anchor))
    return TargetReturn(float(means @ case.anchor) - room / 10)


def _target_volatility(_draw: Draw, case: Anchored, room: float) -> Constraint:
    covariance = case.market.covariance if case.market.covariance is not None else np.eye(len(case.anchor))
    return TargetVolatility(float(np.sqrt(case.anchor @ covariance @ case.anchor)) * (1 + room))


_DRAW: Mapping[str, Callable[[Draw, Anchored, float], Constraint]] = {
    "max_weight": _maximum,
    "min_weight": _minimum,
    "sector_limits": _sector,
    "turnover_limit": _turnover,
    "leverage_limit": _leverage,
    "target_return": _target_return,
    "target_volatility": _target_volatility,
}
DRAWN = frozenset(_DRAW)
MEASURED = frozenset({"target_return", "target_volatility"})
"""Whether the anchor keeps these depends on moments, and a method may have its own."""


# --- degenerate markets -------------------------------------------------------------------------------------------


def twinned(market: Market) -> Market:
    """The market with its last name there twice."""
    every = [*range(len(market.universe)), len(market.universe) - 1]
    assets = tuple(replace(market.universe.assets[i], name=f"N{k}") for k, i in enumerate(every))
    return _picked(market, every, Universe(assets))


def _with_a_riskless_name(market: Market) -> Market:
    covariance = np.array(market.covariance)
    covariance[-1, :] = covariance[:, -1] = 0.0
    if market.returns is None:
        return replace(market, covariance=covariance)
    rows = market.returns.values.copy()
    rows[:, -1] = rows[0, -1]
    return replace(market, covariance=covariance, returns=Returns(market.universe, rows))


def _alone(market: Market) -> Market:
    return _picked(market, [0], Universe(market.universe.assets[:1]))


def _all_alike(market: Market) -> Market:
    size, covariance = len(market.universe), np.asarray(market.covariance)
    mean = None if market.mean is None else np.full(size, market.mean[0])
    alike = replace(market, mean=mean, covariance=np.full((size, size), covariance[0, 0]))
    if market.returns is None:
        return alike
    return replace(alike, returns=Returns(market.universe, market.returns.values[:, [0] * size]))


def _picked(market: Market, positions: list[int], universe: Universe) -> Market:
    covariance: Matrix = np.asarray(market.covariance)[np.ix_(positions, positions)]
    mean = None if market.mean is None else market.mean[positions]
    returns = None if market.returns is None else Returns(universe, market.returns.values[:, positions])
    return replace(market, universe=universe, mean=mean, covariance=covariance, returns=returns)


# --- the same problem, told differently ---------------------------------------------------------------------------


def retold(problem: Problem, market: Market) -> Problem:
    """The problem in another market, with a name there twice held half and half, and one that is alone held whole."""
    held, size = problem.current, len(market.universe)
    if held is not None and size != len(held):
        held = np.ones(1) if size == 1 else np.append(held[:-1], [held[-1] / 2, held[-1] / 2])
    return replace(problem, market=market, current=held)


def permuted(problem: Problem, order: list[int]) -> Problem:
    """The problem with its names in another order."""
    assets = tuple(problem.universe.assets[i] for i in order)
    limits = tuple(
        replace(c, current=tuple(c.current[i] for i in order)) if isinstance(c, TurnoverLimit) else c
        for c in problem.constraints
    )
    held = None if problem.current is None else problem.current[order]
    return replace(problem, market=_picked(problem.market, order, Universe(assets)), constraints=limits, current=held)


def rescaled(problem: Problem, unit: float) -> Problem:
    """The problem with returns counted in another unit: means times it, covariances times its square."""
    market = problem.market
    mean = None if market.mean is None else market.mean * unit
    objective = problem.objective
    moved = {"risk_free_rate": unit, "risk_aversion": 1.0 / unit}
    own = {field.name: getattr(objective, field.name) for field in fields(objective) if field.name in moved}
    returns = None if market.returns is None else Returns(market.universe, market.returns.values * unit)
    limits = tuple(
        c.with_limit(c.limit * unit) if isinstance(c, TargetReturn | TargetVolatility) else c
        for c in problem.constraints
    )
    return replace(
        problem,
        market=replace(market, mean=mean, covariance=np.asarray(market.covariance) * unit**2, returns=returns),
        objective=replace(objective, **{key: value * moved[key] for key, value in own.items()}),
        risk_aversion=None if problem.risk_aversion is None else problem.risk_aversion / unit,
        constraints=limits,
    )
