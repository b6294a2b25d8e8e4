"""Mean-variance after tax: against every case by cvxpy, every choice of positions, another search, and by law."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import cvxpy as cp
import numpy as np
import pytest

from tangency.adapters.solving.linear_programs import HighsLinearPrograms
from tangency.domain.errors import InvalidInput, Unsupported
from tangency.domain.optimization.constraint import (
    Constraint,
    MaximumWeight,
    MinimumWeight,
    TargetVolatility,
    TurnoverLimit,
)
from tangency.domain.optimization.judgement import solve_with
from tangency.domain.optimization.minimum_position import MinimumPosition
from tangency.domain.optimization.objective import (
    MaximumUtility,
    MinimumVolatility,
    MultiObjective,
    Objective,
    RiskParity,
)
from tangency.domain.optimization.proposal import Status
from tangency.domain.optimization.ratio import MaximumSharpe
from tangency.domain.optimization.solution import Solution
from tangency.plugins.kernels.mean_variance_options import MeanVarianceOptions
from tangency.plugins.kernels.tax_lots import TaxLotOption, TaxOption
from tangency.plugins.mean_variance import MeanVariance
from tests.plugins.test_rebalancing_after_tax import (
    CASES,
    CURRENT,
    LIMITS,
    MU,
    NAMES,
    OBJECTIVES,
    SIZE,
    TURNOVER,
    S,
    after_tax,
    best_at_random,
    cones,
    cvxpys_best,
    option,
    rebalanced,
)
from tests.support.posed import estimated, posed


def answered(objective: Objective, tax: TaxOption | None, *limits: Constraint, **given: Any) -> Solution:
    """The answer over the five names, in any ``order`` of them."""
    places = list(given.pop("order", range(SIZE)))
    current, aversion = CURRENT[places], given.pop("risk_aversion", 4.0)
    turned = TurnoverLimit(given.pop("turnover", TURNOVER), tuple(current.tolist()))
    names = [NAMES[i] for i in places]
    problem = posed(S[np.ix_(places, places)], MU[places], objective, (*LIMITS, turned, *limits), names)
    problem = replace(problem, current=current, risk_aversion=aversion)
    asked = MeanVarianceOptions(tax=tax, **given)
    return solve_with(problem, estimated(problem), MeanVariance(), asked, HighsLinearPrograms())


def proven(solution: Solution) -> np.ndarray:
    assert solution.status is Status.OPTIMAL, solution.message
    assert solution.weights is not None
    return solution.weights


def value_of(solution: Solution, objective: Objective) -> float:
    """The higher the better: a volatility is as half of four times its square."""
    assert solution.objective_value is not None
    return -solution.objective_value if isinstance(objective, MinimumVolatility) else solution.objective_value


@pytest.mark.parametrize("objective", OBJECTIVES, ids=lambda each: type(each).__name__)
@pytest.mark.parametrize("case", CASES)
def test_the_answer_is_proven_and_that_of_another_search(objective: Objective, case: str) -> None:
    tax = option(case)
    found = answered(objective, tax)
    value = value_of(found, objective)
    assert value == pytest.approx(after_tax(objective, proven(found), tax), abs=1e-8)
    assert rebalanced(objective, tax).findings["tax"]["bound"] == pytest.approx(value, abs=1e-7)  # type: ignore[index]
    assert best_at_random(objective, case) <= value + 1e-9
    if not any(lot.gain < 0 for lot in tax.lots):
        assert value == pytest.approx(cvxpys_best(objective, case), abs=1e-7)


def every_side(tax: TaxOption) -> float:
    """The most utility over every choice of names with a loss to be bought or sold, and every case of the tax."""
    gain, long = np.array([lot.gain for lot in tax.lots]), np.array([lot.long_term for lot in tax.lots], dtype=float)
    owner = np.array([[lot.name == name for lot in tax.lots] for name in NAMES], dtype=float)
    losing = np.flatnonzero(owner @ (gain < 0) > 0)
    buys, sells = cp.Parameter(SIZE, nonneg=True), cp.Parameter(SIZE, nonneg=True)
    best = []
    for due_on, within in cones(tax):
        b, u = cp.Variable(SIZE, nonneg=True), cp.Variable(len(tax.lots), nonneg=True)
        x = CURRENT + b - owner @ u
        near, far = tax.realized_short_term + (gain * (1 - long)) @ u, tax.realized_long_term + (gain * long) @ u
        limits = [x >= 0, cp.sum(x) == 1, cp.sum(b) <= TURNOVER, *within(near, far)]
        limits += [u <= np.array([lot.weight for lot in tax.lots]), b <= buys, owner @ u <= sells]
        risk = cp.sum_squares(np.linalg.cholesky(S).T @ x)
        program = cp.Problem(cp.Minimize(2.0 * risk - MU @ x + due_on(near, far) / tax.horizon_years), limits)
        for sides in product((0.0, 1.0), repeat=len(losing)):
            buys.value, sells.value = np.ones(SIZE), np.ones(SIZE)
            buys.value[losing], sells.value[losing] = np.array(sides), 1.0 - np.array(sides)
            program.solve(solver=cp.CLARABEL, tol_gap_abs=1e-9, tol_gap_rel=1e-9, tol_feas=1e-9)
            best += [-float(program.value)] if program.status == "optimal" else []
    return max(best)


@pytest.mark.parametrize("case", ["losses of short term", "losses of long term"])
def test_nothing_is_sold_and_bought_again_and_no_choice_of_sides_does_better(case: str) -> None:
    tax = option(case)
    assert value_of(answered(MaximumUtility(4.0), tax), MaximumUtility(4.0)) == pytest.approx(every_side(tax), abs=1e-7)


@pytest.mark.parametrize("objective", [MaximumUtility(4.0), MaximumSharpe(0.02)], ids=lambda each: type(each).__name__)
def test_positions_of_a_smallest_size_are_the_best_of_every_choice(objective: Objective) -> None:
    tax, least = option("losses of short term"), 0.3
    found = answered(objective, tax, MinimumPosition(least))
    best = -np.inf
    for held in product((False, True), repeat=SIZE):
        if not sum(held) * least <= 1:
            continue
        sides = [MinimumWeight(least, n) if on else MaximumWeight(0.0, n) for n, on in zip(NAMES, held, strict=True)]
        part = answered(objective, tax, *sides)
        best = max(best, -np.inf if part.weights is None else value_of(part, objective))
    assert proven(found)[proven(found) > 0].min() >= least
    assert value_of(found, objective) == pytest.approx(best, abs=1e-7)


@pytest.mark.parametrize("objective", OBJECTIVES[:2], ids=lambda each: type(each).__name__)
def test_free_of_tax_it_is_the_answer_without_taxes(objective: Objective) -> None:
    free = replace(option("losses"), short_term=0.0, long_term=0.0)
    with_lots, without = answered(objective, free), answered(objective, None)
    assert proven(with_lots) == pytest.approx(proven(without), abs=1e-4)
    assert value_of(with_lots, objective) == pytest.approx(value_of(without, objective), abs=1e-8)
    cap = TargetVolatility(0.28)
    assert value_of(answered(objective, free, cap, transaction_cost=0.002), objective) == pytest.approx(
        value_of(answered(objective, None, cap, transaction_cost=0.002), objective), abs=1e-8
    )


def test_the_order_of_the_names_and_of_the_lots_does_not_matter() -> None:
    tax, order = option("losses of long term"), (3, 0, 4, 2, 1)
    mixed = replace(tax, lots=tax.lots[::-1])
    one, other = (
        answered(MaximumSharpe(0.02), tax),
        answered(MaximumSharpe(0.02), mixed, order=order),
    )
    assert proven(other) == pytest.approx(proven(one)[list(order)], abs=1e-5)
    assert value_of(other, MaximumSharpe()) == pytest.approx(value_of(one, MaximumSharpe()), abs=1e-8)


def test_a_volatility_that_nothing_weighs_against_tax_is_least_and_the_tax_is_told() -> None:
    tax = option("gains")
    found, without = (answered(MinimumVolatility(), each, risk_aversion=None) for each in (tax, None))
    assert proven(found) == pytest.approx(proven(without), abs=1e-9)
    told: Any = found.findings["tax"]
    assert told["due"] == told["due_if_unheeded"] > 0
    weighed: Any = answered(MinimumVolatility(), tax).findings["tax"]
    assert weighed["due"] < weighed["due_if_unheeded"] == pytest.approx(told["due"], abs=1e-6)
    assert sum(lot["gain"] for lot in told["lots"]) > 0


def test_without_lots_nothing_is_sold_and_nothing_due() -> None:
    problem = replace(posed(S, MU, MaximumUtility(4.0), LIMITS, NAMES), current=np.zeros(SIZE))
    tax, programs = replace(option("gains"), lots=[]), HighsLinearPrograms()
    found, without = (
        solve_with(problem, estimated(problem), MeanVariance(), MeanVarianceOptions(tax=each), programs)
        for each in (tax, None)
    )
    assert proven(found) == pytest.approx(proven(without), abs=1e-12)
    assert found.findings["tax"] == {"due": 0.0, "due_if_unheeded": 0.0, "lots": []}


def test_what_binds_is_priced_among_those_that_buy_and_sell_the_same_names() -> None:
    tax, objective = option("gains", horizon_years=40.0), MaximumUtility(4.0)
    found, looser = answered(objective, tax), answered(objective, tax, turnover=TURNOVER + 1e-4)
    assert found.why is not None
    (binding,) = found.why.binding
    gained = value_of(looser, objective) - value_of(found, objective)
    assert gained / 1e-4 == pytest.approx(binding.shadow_price, rel=1e-2)


def test_limits_that_contradict_each_other_are_named_as_without_taxes() -> None:
    found = answered(MaximumUtility(4.0), option("gains"), MaximumWeight(0.1))
    assert found.status is Status.INFEASIBLE
    assert found.infeasibility is not None
    assert {each.constraint for each in found.infeasibility.conflict} == {"budget", "constraints.max_weight"}


def test_where_the_tax_takes_every_gain_no_ratio_has_a_meaning() -> None:
    dear = option("gains", horizon_years=0.01)
    forced = MaximumWeight(0.22)  # a quarter has to be sold
    found = answered(MaximumSharpe(0.02), dear, forced)
    assert (found.status, found.weights) == (Status.NOT_APPLICABLE, None)
    assert "after costs and taxes" in found.message


@pytest.mark.parametrize("wrong", [{"weight": 0.0}, {"weight": 1e7}, {"gain": 1.5}, {"best_gain": -1e7}])
def test_lots_in_another_unit_are_refused_with_the_figure(wrong: dict[str, Any]) -> None:
    (word,) = wrong
    with pytest.raises(InvalidInput, match="give a number") as refused:
        TaxLotOption("AAPL", **{"weight": 0.1, "gain": 0.2, **wrong})
    assert refused.value.faults[0].path == (word,)


def test_what_no_tax_can_be_counted_for_is_refused_by_name() -> None:
    tax = option("gains")
    for objective in (RiskParity(), MultiObjective()):
        with pytest.raises(Unsupported, match=objective.name):
            answered(objective, tax)
    some = replace(tax, lots=tax.lots[2:])
    with pytest.raises(InvalidInput, match=f"{NAMES[0]}; give lots for all"):
        answered(MaximumUtility(4.0), some)
    problem = posed(S, MU, MaximumUtility(4.0), LIMITS, NAMES)
    with pytest.raises(InvalidInput, match="current weight of every name"):
        MeanVariance().solve(problem, estimated(problem), MeanVarianceOptions(tax=tax))
