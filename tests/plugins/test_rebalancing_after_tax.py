"""The objective after tax: against cvxpy, against random sales, and beside the tax that the lots owe."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from functools import cache
from typing import Any, cast

import cvxpy as cp
import numpy as np
import pytest

from tangency.adapters.solving.linear_programs import HighsLinearPrograms
from tangency.domain.errors import InvalidInput
from tangency.domain.optimization.constraint import Budget, Constraint, LongOnly
from tangency.domain.optimization.judgement import solve_with
from tangency.domain.optimization.objective import MaximumReturn, MaximumUtility, MinimumVolatility, Objective
from tangency.domain.optimization.proposal import Status
from tangency.domain.optimization.ratio import MaximumSharpe
from tangency.domain.optimization.solution import Solution
from tangency.domain.portfolio.tax_lots import TaxLot
from tangency.domain.rebalancing.disposals import LotRule, Sale, disposed, due
from tangency.domain.rebalancing.gains import Gains, TaxRates
from tangency.plugins.kernels.tax_lots import TaxLotOption, TaxOption
from tangency.plugins.rebalancing import Rebalancing, RebalancingOptions
from tests.features.sample import Sample
from tests.support.posed import estimated, posed

SAMPLE = Sample.read()
SIZE = 5
NAMES = SAMPLE.names[:SIZE]
S, MU = SAMPLE.covariance[:SIZE, :SIZE], SAMPLE.means[:SIZE]
CURRENT = np.array([0.3, 0.25, 0.2, 0.15, 0.1])
LIMITS: tuple[Constraint, ...] = (Budget(1.0), LongOnly())
RATES = TaxRates(0.35, 0.15)
DAY = date(2025, 6, 30)
OLD, NEW = date(2020, 1, 2), date(2025, 3, 3)
TURNOVER = 0.3


def lots_of(gains: list[tuple[float, float]]) -> list[TaxLotOption]:
    """For each name a lot of long term with the first gain and one of short term with the second, equally large."""
    return [
        TaxLotOption(name, weight / 2, gain, long_term=long)
        for name, weight, pair in zip(NAMES, CURRENT.tolist(), gains, strict=True)
        for gain, long in ((pair[0], True), (pair[1], False))
    ]


CASES = {
    "gains": (lots_of([(0.8, 0.1), (0.5, 0.3), (0.9, 0.6), (0.2, 0.2), (0.7, 0.05)]), (0.0, 0.0)),
    "losses of short term": (lots_of([(0.8, -0.6), (0.5, -0.1), (0.9, 0.6), (0.2, -0.5), (0.7, 0.05)]), (0.02, 0.01)),
    "losses of long term": (lots_of([(-0.8, 0.6), (-0.5, 0.1), (0.9, 0.6), (-0.2, 0.5), (0.7, 0.05)]), (0.3, -0.01)),
    "losses": (lots_of([(-0.8, -0.6), (-0.5, -0.1), (-0.9, 0.6), (-0.2, -0.5), (-0.7, 0.05)]), (0.01, 0.02)),
}
OBJECTIVES = [MaximumUtility(4.0), MaximumSharpe(0.02), MaximumReturn(), MinimumVolatility()]


def option(case: str, **changes: Any) -> TaxOption:
    lots, (near, far) = CASES[case]
    given = {"horizon_years": 2.0, "realized_short_term": near, "realized_long_term": far, **changes}
    return TaxOption(lots, RATES.short_term, RATES.long_term, **given)


def rebalanced(objective: Objective, tax: TaxOption, **options: Any) -> Solution:
    problem = posed(S, MU, objective, LIMITS, NAMES)
    problem = replace(problem, current=CURRENT, risk_aversion=4.0)
    asked = RebalancingOptions(max_turnover=TURNOVER, tax=tax, **options)
    return solve_with(problem, estimated(problem), Rebalancing(), asked, HighsLinearPrograms())


def value_before_tax(objective: Objective, w: np.ndarray) -> tuple[float, float]:
    """Higher is better; and what a unit of tax takes from it."""
    variance = float(w @ S @ w)
    if isinstance(objective, MaximumSharpe):
        risk = variance**0.5
        return float((MU - objective.risk_free_rate) @ w) / risk, 1 / risk
    gain = 0.0 if isinstance(objective, MinimumVolatility) else float(MU @ w)
    return gain - (0.0 if isinstance(objective, MaximumReturn) else 2.0 * variance), 1.0


def tax_of(w: np.ndarray, tax: TaxOption) -> float:
    """By the rules of lots, over the portfolio's value: a unit of a lot is worth 1."""
    lots = [
        TaxLot(str(i), each.name, each.weight, 1.0 - each.gain, OLD if each.long_term else NEW)
        for i, each in enumerate(tax.lots)
    ]
    sold = [(name, float(c - v)) for name, c, v in zip(NAMES, CURRENT, w, strict=True) if c - v > 1e-9]
    sales = [Sale(name, min(units, float(CURRENT[NAMES.index(name)])), 1.0, DAY) for name, units in sold]
    realized = Gains(tax.realized_short_term, tax.realized_long_term)
    return due(disposed(sales, lots, LotRule.MIN_TAX, RATES, (), realized), RATES, realized)


def after_tax(objective: Objective, w: np.ndarray, tax: TaxOption) -> float:
    value, unit = value_before_tax(objective, w)
    return value - unit * tax_of(w, tax) / tax.horizon_years


def cones(tax: TaxOption) -> Iterator[tuple[Any, Any]]:
    """Tax and limits of each case of (S, L), for cvxpy."""
    rs, rl, a, b = RATES.short_term, RATES.long_term, tax.realized_short_term, tax.realized_long_term
    for ts, tl, sign_s, sign_l, sign_both in (
        (rs, rl, 1, 1, 0),
        (rl, rl, -1, 0, 1),
        (rs, rs, 0, -1, 1),
        (0.0, 0.0, 0, 0, -1),
    ):
        yield (
            lambda s, far, ts=ts, tl=tl: ts * s + tl * far - Gains(a, b).tax(RATES),
            lambda s, far, x=sign_s, y=sign_l, z=sign_both: [x * s >= 0, y * far >= 0, z * (s + far) >= 0],
        )


def by_cvxpy(objective: Objective, tax: TaxOption) -> float:
    ratio = isinstance(objective, MaximumSharpe)
    lots, best = tax.lots, []
    owner = np.array([[lot.name == name for lot in lots] for name in NAMES], dtype=float)
    gain, long = np.array([lot.gain for lot in lots]), np.array([lot.long_term for lot in lots], dtype=float)
    for due_on, within in cones(tax):
        b, u, k = cp.Variable(SIZE, nonneg=True), cp.Variable(len(lots), nonneg=True), cp.Variable(nonneg=True)
        x = k * CURRENT + b - owner @ u
        near = k * tax.realized_short_term + (gain * (1 - long)) @ u
        far = k * tax.realized_long_term + (gain * long) @ u
        owed = (
            due_on(near, far)
            if not ratio
            else due_on(near, far) + (1 - k) * Gains(tax.realized_short_term, tax.realized_long_term).tax(RATES)
        )
        limits = [x >= 0, cp.sum(x) == k, cp.sum(b) <= TURNOVER * k, *within(near, far)]
        limits += [u <= k * np.array([lot.weight for lot in lots])]
        root = np.linalg.cholesky(S).T
        if ratio:
            rate = cast(MaximumSharpe, objective).risk_free_rate
            limits.append((MU - rate) @ x - owed / tax.horizon_years == 1)
            loss = cp.norm(root @ x)
        else:
            limits.append(k == 1)
            risk = 0.0 if isinstance(objective, MaximumReturn) else 2.0
            mean = 0.0 if isinstance(objective, MinimumVolatility) else 1.0
            loss = risk * cp.sum_squares(root @ x) - mean * (MU @ x) + owed / tax.horizon_years
        problem = cp.Problem(cp.Minimize(loss), limits)
        problem.solve(solver=cp.CLARABEL, tol_gap_abs=1e-9, tol_gap_rel=1e-9, tol_feas=1e-9)
        if problem.status == "optimal":
            best.append(1 / float(problem.value) if ratio else -float(problem.value))
    return max(best)


@cache
def cvxpys_best(objective: Objective, case: str) -> float:
    return by_cvxpy(objective, option(case))


@pytest.mark.parametrize("objective", OBJECTIVES, ids=lambda each: type(each).__name__)
@pytest.mark.parametrize("case", CASES)
def test_the_objective_after_tax_is_that_of_cvxpy_and_no_random_sales_beat_it(objective: Objective, case: str) -> None:
    tax = option(case)
    found = rebalanced(objective, tax)
    assert found.weights is not None
    assert found.status is Status.OPTIMAL  # proven by cases
    told = cast(dict[str, float], found.findings["tax"])
    value = told["before_tax"] - told["per_unit"] * told["counted"]
    assert value == pytest.approx(after_tax(objective, found.weights, tax), abs=1e-7)
    assert told["bound"] == pytest.approx(value, abs=1e-7)
    theirs = cvxpys_best(objective, case)
    if not any(lot.gain < 0 for lot in tax.lots):  # else cvxpy may sell a lot and buy the name again
        assert value == pytest.approx(theirs, abs=1e-7)
    assert value <= theirs + 1e-7
    assert best_at_random(objective, case) <= value + 1e-9


def random_portfolios() -> Iterator[np.ndarray]:
    rng = np.random.default_rng(5)
    yield CURRENT
    for _ in range(120):
        target = rng.dirichlet(np.full(SIZE, 0.5))
        turnover = 0.5 * np.abs(target - CURRENT).sum()
        yield CURRENT + (target - CURRENT) * min(1.0, TURNOVER / turnover) * rng.choice([0.1, 0.5, 1.0])


@cache
def taxed_portfolios(case: str) -> list[tuple[np.ndarray, float]]:
    """Each of the random portfolios, and the tax on what is sold for it."""
    return [(w, tax_of(w, option(case))) for w in random_portfolios()]


def best_at_random(objective: Objective, case: str) -> float:
    years = option(case).horizon_years
    before = ((*value_before_tax(objective, w), tax) for w, tax in taxed_portfolios(case))
    return max(value - unit * tax / years for value, unit, tax in before)


def test_a_dear_tax_keeps_what_is_held_and_a_long_horizon_makes_up_for_it() -> None:
    dear, cheap = (rebalanced(MaximumUtility(4.0), option("gains", horizon_years=years)) for years in (0.01, 1e9))
    free = rebalanced(MaximumUtility(4.0), TaxOption([replace(lot, gain=0.0) for lot in CASES["gains"][0]], 0.35, 0.15))
    assert dear.weights is not None
    assert cheap.weights is not None
    assert dear.weights == pytest.approx(CURRENT, abs=1e-7)
    assert cheap.weights == pytest.approx(free.weights, abs=1e-5)


def test_few_trades_after_tax_are_no_better_than_many_and_keep_their_number() -> None:
    tax = option("losses of short term")
    many, few = (rebalanced(MaximumUtility(4.0), tax, max_trades=most) for most in (None, 2))
    assert few.weights is not None
    assert int((np.abs(few.weights - CURRENT) > 1e-9).sum()) <= 2
    assert many.weights is not None
    assert after_tax(MaximumUtility(4.0), few.weights, tax) <= after_tax(MaximumUtility(4.0), many.weights, tax) + 1e-9


def test_without_an_aversion_the_least_volatility_is_as_if_nothing_were_due() -> None:
    problem = replace(posed(S, MU, MinimumVolatility(), LIMITS, NAMES), current=CURRENT)
    untaxed, taxed = (
        solve_with(problem, estimated(problem), Rebalancing(), RebalancingOptions(tax=tax), HighsLinearPrograms())
        for tax in (None, option("gains"))
    )
    assert taxed.weights is not None
    assert untaxed.weights is not None
    assert (taxed.weights == untaxed.weights).all()
    assert "tax" not in taxed.findings


def test_losses_that_may_not_count_widen_the_bound_alone() -> None:
    sure = option("losses of short term")
    doubtful = replace(sure, lots=[replace(lot, gain=max(lot.gain, 0.0), best_gain=lot.gain) for lot in sure.lots])
    one, two = (rebalanced(MaximumUtility(4.0), tax) for tax in (sure, doubtful))
    bound = cast(dict[str, float], two.findings["tax"])
    assert bound["bound"] == pytest.approx(cast(dict[str, float], one.findings["tax"])["bound"], abs=1e-9)
    assert bound["bound"] > bound["before_tax"] - bound["counted"] + 1e-6


def test_mistakes_are_told() -> None:
    with pytest.raises(InvalidInput, match="horizon_years"):
        TaxOption([], 0.3, 0.1, horizon_years=0.0)
    with pytest.raises(InvalidInput, match="did you mean"):
        rebalanced(MaximumReturn(), TaxOption([TaxLotOption(NAMES[0] + "X", 0.1, 0.1)], 0.3, 0.1))
