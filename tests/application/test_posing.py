"""From a question to a problem: every limit written holds, names are lined up, and every mistake is told."""

import asyncio
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tangency.adapters.entry_points import EntryPointPlugins
from tangency.application.context import Context
from tangency.application.evidence import stated
from tangency.application.plugin_checks import completed
from tangency.application.posing import constraints, pose
from tangency.application.question import Limits, NamedCovariance, Question, RiskParameters, Strategy
from tangency.domain.errors import InvalidInput, Unsupported
from tangency.domain.market.estimates import EstimatorChoice
from tangency.domain.market.universe import Asset
from tangency.domain.optimization.constraint import LongOnly, TurnoverLimit
from tangency.domain.optimization.objective import MaximumUtility
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.ratio import MaximumSharpe
from tests.support.questions import COVARIANCE, NAMES, RISK, limited, question, strategies

NOTHING: Any = None
"""Ports that posing does not touch."""


def context(deadline_s: float = 30.0) -> Context:
    return Context(
        clock=NOTHING,
        ids=NOTHING,
        plugins=EntryPointPlugins(),
        solvers=NOTHING,
        units=NOTHING,
        answers=NOTHING,
        configurations=NOTHING,
        records=NOTHING,
        portfolios=NOTHING,
        market_data=NOTHING,
        risk_models=NOTHING,
        library=NOTHING,
        published_factors=NOTHING,
        factor_analyses=NOTHING,
        frontiers=NOTHING,
        rebalance_plans=NOTHING,
        orders=NOTHING,
        fleet=NOTHING,
        events=NOTHING,
        keys=NOTHING,
        catalogue=NOTHING,
        store=NOTHING,
        outbox=NOTHING,
        broker=NOTHING,
        series=NOTHING,
        deadline_s=deadline_s,
    )


def posed(asked: Question, deadline_s: float = 30.0) -> Problem:
    where = context(deadline_s)
    return asyncio.run(completed(pose(asked, stated(asked.strategies or ()), where), where))


def limits_of(asked: Question) -> dict[str, float]:
    return {each.id: each.limit for each in posed(asked).constraints}


def faults_of(asked: Question) -> list[tuple[str, str]]:
    with pytest.raises(InvalidInput) as caught:
        posed(asked)
    return [(".".join(map(str, fault.path)), fault.code) for fault in caught.value.faults]


def test_without_limits_everything_is_invested_and_nothing_is_short() -> None:
    assert limits_of(question()) == {"budget": 1.0, "long_only": 0.0}


def test_every_limit_written_is_a_constraint_of_its_own() -> None:
    asked = limited(
        min_weight=0.05,
        max_weight=0.6,
        sector_limits={"technology": 0.45, "energy": 0.3},
        turnover_limit=0.25,
        leverage_limit=1.0,
    )
    asked = replace(
        asked,
        strategies=strategies(AAPL={"max_weight": 0.4}, JNJ={"min_weight": 0.1}),
        risk=replace(RISK, target_return=0.07, target_volatility=0.2),
    )
    assert limits_of(asked) == {
        "budget": 1.0,
        "long_only": 0.0,
        "constraints.min_weight": 0.05,
        "constraints.max_weight": 0.6,
        "strategies.AAPL.max_weight": 0.4,
        "strategies.JNJ.min_weight": 0.1,
        "constraints.sector_limits.technology": 0.45,
        "constraints.sector_limits.energy": 0.3,
        "constraints.turnover_limit": 0.25,
        "constraints.leverage_limit": 1.0,
        "risk_parameters.target_return": 0.07,
        "risk_parameters.target_volatility": 0.2,
    }


@pytest.mark.parametrize(
    ("everyone", "own", "exempt"),
    [
        (None, None, frozenset()),
        (0.0, None, frozenset()),
        (None, -0.1, frozenset({"AAPL"})),
        (0.0, -0.1, frozenset({"AAPL"})),  # the ban gives way to AAPL's own, and the global minimum of 0 still binds it
        (None, 0.1, frozenset()),
        (-0.2, None, None),
        (-0.2, 0.1, None),
    ],
)
def test_the_ban_on_short_positions_gives_way_to_a_negative_minimum(
    everyone: float | None, own: float | None, exempt: frozenset[str] | None
) -> None:
    asked = replace(limited(min_weight=everyone), strategies=strategies(AAPL={"min_weight": own}))
    evidence = stated(asked.strategies or ())
    found = [each.exempt for each in constraints(asked, evidence) if isinstance(each, LongOnly)]
    assert found == ([] if exempt is None else [exempt])


@given(
    st.one_of(st.none(), st.floats(-1, 1)),
    st.lists(st.one_of(st.none(), st.floats(-1, 1)), min_size=3, max_size=3),
)
def test_the_tighter_of_the_global_and_the_own_minimum_holds_and_nothing_is_below_zero_unless_said(
    everyone: float | None, own: list[float | None]
) -> None:
    asked = replace(
        limited(min_weight=everyone),
        strategies=tuple(each._replace(min_weight=low) for each, low in zip(strategies(), own, strict=True)),
    )
    problem = posed(asked)
    estimates = problem.market.estimate(NOTHING, NOTHING)
    for low, bound in zip(own, problem.region(estimates).lower.tolist(), strict=True):
        written = [limit for limit in (everyone, low) if limit is not None]
        assert bound == max([*written, *([] if any(limit < 0 for limit in written) else [0.0])])


def test_the_covariance_is_joined_by_name_whatever_its_order() -> None:
    order = [2, 0, 1]
    shuffled = NamedCovariance(tuple(NAMES[i] for i in order), COVARIANCE[np.ix_(order, order)])
    problem = posed(question(risk=replace(RISK, covariance=shuffled)))
    assert problem.market.covariance is not None
    assert problem.market.covariance.tolist() == COVARIANCE.tolist()


def test_a_covariance_in_the_order_of_the_names_is_not_copied() -> None:
    assert posed(question()).market.covariance is COVARIANCE


@pytest.mark.parametrize(
    ("names", "values", "found"),
    [
        (("AAPL", "XOM", "JNJ", "IBM"), np.eye(4), [("names.3", "unknown")]),
        (("AAPL", "XOM"), np.eye(2), [("names", "missing")]),
        (("AAPL", "XOM", "XOM"), np.eye(3), [("names.2", "duplicate"), ("names", "missing")]),
        (("AAPL", "XOM", "JNJ"), np.eye(2), [("values", "shape")]),
    ],
)
def test_a_covariance_of_other_names_is_refused(
    names: tuple[str, ...], values: Any, found: list[tuple[str, str]]
) -> None:
    asked = question(risk=replace(RISK, covariance=NamedCovariance(names, values)))
    assert faults_of(asked) == [(f"risk_parameters.covariance.{place}", code) for place, code in found]


def test_turnover_needs_every_current_weight_and_names_the_missing_ones() -> None:
    asked = replace(limited(turnover_limit=0.2), strategies=strategies(XOM={"current_weight": None}))
    with pytest.raises(InvalidInput, match="missing: XOM"):
        posed(asked)
    assert faults_of(asked) == [("constraints.turnover_limit", "missing")]


def test_turnover_counts_from_the_current_weights_in_the_order_of_the_names() -> None:
    problem = posed(limited(turnover_limit=0.2))
    (turnover,) = (each for each in problem.constraints if isinstance(each, TurnoverLimit))
    assert turnover.current == (0.5, 0.3, 0.2)


def test_mistakes_of_different_kinds_are_told_together() -> None:
    asked = replace(
        limited(turnover_limit=0.2, sector_limits={"tecnology": 0.5}),
        strategies=strategies(XOM={"current_weight": None}),
        risk=replace(RISK, covariance=NamedCovariance(("AAPL", "XOM"), np.eye(2))),
    )
    assert faults_of(asked) == [
        ("constraints.turnover_limit", "missing"),
        ("risk_parameters.covariance.names", "missing"),
        ("constraints.sector_limits.tecnology", "unknown"),
    ]


def test_a_sector_that_nobody_is_in_gets_a_hint() -> None:
    with pytest.raises(InvalidInput, match="did you mean technology"):
        posed(limited(sector_limits={"tecnology": 0.5}))


def test_returns_must_have_one_length() -> None:
    asked = question(strategies=strategies(AAPL={"returns": [0.1, 0.2]}, JNJ={"returns": [0.1, None, 0.2]}))
    assert faults_of(asked) == [("strategies.2.returns", "length")]


def test_a_gap_is_a_gap_and_names_without_returns_are_left_out() -> None:
    asked = question(strategies=strategies(AAPL={"returns": [0.1, None]}, JNJ={"returns": [0.1, 0.2]}))
    returns = posed(asked).market.returns
    assert returns is not None
    assert returns.universe.names == ("AAPL", "JNJ")
    assert np.isnan(returns.values).tolist() == [[False, False], [True, False]]


def test_a_wrong_return_is_told_at_the_place_of_its_strategy() -> None:
    asked = question(strategies=strategies(XOM={"returns": [None, None]}, JNJ={"returns": [0.1, -1.5]}))
    assert faults_of(asked) == [("strategies.1.returns", "invalid"), ("strategies.2.returns.1", "invalid")]


@pytest.mark.parametrize("name", ["MEAN_VARIANCE", "mean_variance", "Mean_Variance"])
def test_a_method_is_found_in_upper_and_lower_case(name: str) -> None:
    assert posed(question(method=name)).method == "mean_variance"


def test_an_unknown_method_or_objective_is_unsupported_and_told_with_what_there_is() -> None:
    with pytest.raises(Unsupported, match=r"CRYSTAL_BALL.*valid: .*equal_weight"):
        posed(question(method="CRYSTAL_BALL"))
    with pytest.raises(Unsupported, match="did you mean MAX_SHARPE"):
        posed(question(objective="MAX_SHARP"))


def test_parameters_reach_the_objective() -> None:
    assert posed(question()).objective == MaximumSharpe(0.02)
    assert posed(question(objective="max_utility")).objective == MaximumUtility(1.0)
    asked = question(objective="MAX_UTILITY", risk=replace(RISK, risk_aversion=4.0))
    assert posed(asked).objective == MaximumUtility(4.0)


def test_what_is_not_stated_has_its_default() -> None:
    market = posed(question(risk=RiskParameters())).market
    assert (market.periods_per_year, market.missing_data) == (252.0, "intersect")
    assert market.mean_estimator == market.covariance_estimator == EstimatorChoice("sample")
    assert posed(question(risk=RiskParameters())).risk_free_rate == 0.0


def test_a_solver_gets_no_more_time_than_the_deadline() -> None:
    assert posed(question(), deadline_s=2.0).solver.time_limit_s == 2.0
    assert posed(question(), deadline_s=300.0).solver.time_limit_s == 10.0


def test_the_configuration_is_what_was_stated() -> None:
    asked = limited(max_weight=0.5, sector_limits={"energy": 0.2})
    asked = replace(asked, risk=replace(asked.risk, covariance_estimator=EstimatorChoice("ewma", {"half_life": 60})))
    configuration = asked.configuration
    assert configuration.constraints == {"max_weight": 0.5, "sector_limits": {"energy": 0.2}}
    assert configuration.risk_parameters == {
        "risk_free_rate": 0.02,
        "covariance_estimator": {"name": "ewma", "options": {"half_life": 60}},
        "covariance": {"names": ["AAPL", "XOM", "JNJ"]},
    }


def test_no_names_at_all_are_refused() -> None:
    with pytest.raises(InvalidInput, match="give at least one name"):
        stated(())


def test_a_name_twice_is_refused_at_its_place() -> None:
    with pytest.raises(InvalidInput) as caught:
        stated((Strategy(Asset("A")), Strategy(Asset("B")), Strategy(Asset("A"))))
    assert [fault.path for fault in caught.value.faults] == [("strategies", 2, "name")]


def test_limits_without_a_figure_are_no_constraints() -> None:
    assert list(constraints(question(limits=Limits()), stated(strategies())))[1:] == [LongOnly()]


SCENARIOS = [
    {"name": "calm", "probability": 0.75, "expected_returns": [0.10, 0.08, 0.06], "covariance": COVARIANCE.tolist()},
    {
        "name": "storm",
        "probability": 0.25,
        "expected_returns": [-0.1, 0, 0.02],
        "covariance": (4 * COVARIANCE).tolist(),
    },
]


@pytest.mark.parametrize(
    ("options", "mean", "scale"),
    [
        ({"scenarios": SCENARIOS}, [0.05, 0.06, 0.05], 1.75),
        (
            {
                "mean_uncertainty": {"kind": "box", "center": [0.1, 0.2, 0.3], "half_width": 0.01},
                "covariance_uncertainty": {"center": (2 * COVARIANCE).tolist(), "half_width": 0.1},
            },
            [0.1, 0.2, 0.3],
            2.0,
        ),
    ],
)
def test_what_a_methods_options_state_is_the_market_where_nothing_else_says_one(
    options: dict[str, Any], mean: list[float], scale: float
) -> None:
    asked = question(method="ROBUST_OPTIMIZATION", options=options)
    nothing = strategies(**{name: {"expected_return": None} for name in NAMES})
    market = posed(replace(asked, strategies=nothing, risk=RiskParameters())).market
    assert market.given_means == pytest.approx(mean)
    assert np.asarray(market.covariance) == pytest.approx(scale * COVARIANCE)
    apple = strategies(XOM={"expected_return": None}, JNJ={"expected_return": None})
    market = posed(replace(asked, strategies=apple)).market
    assert market.given_means == pytest.approx([0.11, *mean[1:]])
    assert np.array_equal(np.asarray(market.covariance), COVARIANCE)


def test_scenarios_that_leave_something_out_state_nothing() -> None:
    asked = question(
        method="ROBUST_OPTIMIZATION", options={"scenarios": [SCENARIOS[0], {"name": "x", "probability": 0.25}]}
    )
    assert posed(replace(asked, risk=RiskParameters())).market.covariance is None
