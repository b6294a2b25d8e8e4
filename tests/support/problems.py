"""Problems drawn at random, degenerate ones on purpose, for tests that state laws."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

from tangency.domain.market.estimates import EstimatorChoice
from tangency.domain.market.market import Market
from tangency.domain.market.returns import Returns
from tangency.domain.market.universe import Asset, Universe
from tangency.domain.numbers import Matrix
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
from tangency.domain.optimization.objective import MaximumReturn, MaximumUtility, MinimumVolatility, Objective
from tangency.domain.optimization.problem import Problem, SolverPolicy
from tangency.domain.optimization.ratio import MaximumSharpe

FINITE = st.floats(-1e100, 1e100)
ABOVE_ZERO = st.floats(1e-100, 1e100)
NAMES = st.lists(st.text(min_size=1, max_size=8).filter(lambda name: name.strip()), min_size=1, max_size=5, unique=True)
SECTORS = st.none() | st.sampled_from(["energy", "technology"])
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | FINITE | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
OPTIONS = st.dictionaries(st.text(max_size=5), PLAIN, max_size=3)
CHOICES = st.builds(EstimatorChoice, st.text(max_size=8), OPTIONS)
OBJECTIVES: st.SearchStrategy[Objective] = st.one_of(
    st.builds(MinimumVolatility),
    st.builds(MaximumReturn),
    st.builds(MaximumUtility, risk_aversion=ABOVE_ZERO),
    st.builds(MaximumSharpe, risk_free_rate=FINITE),
)
POLICIES = st.builds(
    SolverPolicy,
    sequence=st.lists(st.text(max_size=5), max_size=3).map(tuple),
    tolerance=ABOVE_ZERO,
    time_limit_s=ABOVE_ZERO,
)


def matrices(rows: int, columns: int, entries: st.SearchStrategy[float]) -> st.SearchStrategy[Matrix]:
    flat = st.lists(entries, min_size=rows * columns, max_size=rows * columns)
    return flat.map(lambda values: np.array(values, dtype=float).reshape(rows, columns))


@st.composite
def markets(draw: Any) -> Market:
    universe = Universe(tuple(Asset(name, draw(SECTORS), draw(SECTORS)) for name in draw(NAMES)))
    size = len(universe)
    mean = draw(st.none() | matrices(1, size, FINITE | st.just(np.nan)))
    return Market(
        universe,
        mean=None if mean is None else mean[0],
        covariance=draw(st.none() | matrices(size, size, FINITE)),
        returns=draw(st.none() | returns_of(universe)),
        mean_estimator=draw(CHOICES),
        covariance_estimator=draw(CHOICES),
        periods_per_year=draw(ABOVE_ZERO),
    )


@st.composite
def returns_of(draw: Any, universe: Universe) -> Returns:
    """Returns of some of the names, in another order, with gaps; no name is all gaps."""
    some = draw(st.lists(st.sampled_from(universe.assets), min_size=1, unique=True) | st.just(universe.assets))
    rows = draw(matrices(draw(st.integers(1, 4)), len(some), st.floats(-1, 10) | st.just(np.nan)))
    rows[0, np.isnan(rows).all(axis=0)] = 0.5
    return Returns(Universe(tuple(some)), rows)


@st.composite
def constraint_sets(draw: Any, universe: Universe) -> tuple[Constraint, ...]:
    size, names = len(universe), st.sampled_from(universe.names)
    weights = st.lists(FINITE, min_size=size, max_size=size).map(tuple)
    kinds: list[st.SearchStrategy[Constraint]] = [
        st.builds(Budget, FINITE),
        st.builds(LongOnly, exempt=st.frozensets(names)),
        st.builds(MinimumWeight, FINITE, st.none() | names),
        st.builds(MaximumWeight, FINITE, st.none() | names),
        st.builds(TurnoverLimit, ABOVE_ZERO, current=weights, budget=FINITE),
        st.builds(LeverageLimit, ABOVE_ZERO),
        st.builds(TargetReturn, FINITE),
        st.builds(TargetVolatility, ABOVE_ZERO),
    ]
    if universe.sectors:
        kinds.append(st.builds(SectorLimit, FINITE, st.sampled_from(sorted(universe.sectors))))
    drawn: list[Constraint] = draw(st.lists(st.one_of(kinds), max_size=8, unique_by=lambda c: c.id))
    return tuple(drawn)


@st.composite
def problems(draw: Any) -> Problem:
    """Any problem that can be stated, whether or not it can be solved."""
    market = draw(markets())
    size = len(market.universe)
    current = draw(st.none() | matrices(1, size, FINITE))
    return Problem(
        market=market,
        objective=draw(OBJECTIVES),
        constraints=draw(constraint_sets(market.universe)),
        method=draw(st.text(max_size=8)),
        options=draw(OPTIONS),
        current=None if current is None else current[0],
        risk_free_rate=draw(FINITE),
        solver=draw(POLICIES),
        seed=draw(st.integers(0, 2**31)),
    )
