"""Rebalancing: the best portfolio that a few trades, each large enough, lead to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from time import monotonic
from typing import cast

import numpy as np

from tangency.domain.errors import Fault, InvalidInput
from tangency.domain.market.estimates import Estimates
from tangency.domain.numbers import Vector
from tangency.domain.optimization.active_risk import MinimumActiveRisk
from tangency.domain.optimization.certificate import certify
from tangency.domain.optimization.constraint import Budget, Constraint
from tangency.domain.optimization.method import Capabilities
from tangency.domain.optimization.objective import MaximumReturn, MaximumUtility, MinimumVolatility, Objective
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Proposal, Reading, Status, Witness
from tangency.domain.optimization.ratio import MaximumSharpe
from tangency.domain.optimization.region import Bounds
from tangency.domain.optimization.trade_limit import LeastInvested, TradeLimit
from tangency.plugins.kernels.after_tax import with_proof
from tangency.plugins.kernels.few_trades import Search, best_case, fewest_trades
from tangency.plugins.kernels.linearised import in_balance, witness_at
from tangency.plugins.kernels.riskless import BESIDE, settled
from tangency.plugins.kernels.tax_lots import TaxOption
from tangency.plugins.kernels.trading import Aim, Load, Point, Side, Trading

LARGEST_COST = 0.1
"""Of what is traded. Nothing that is traded on an exchange costs more; 10 is meant as basis points."""
ENDLESS = 1e4
"""A turnover beyond it is as good as none, and would drown every other figure."""
SETTLED = 1e-14
"""Of the portfolio's value: what is invested no longer moves with the costs."""
SEARCHES = 8
"""Of the time that is left, each search of a case of the tax has this part."""
MOST_ROUNDS = 25
"""Each round leaves at most the cost rate of the miss before it: 0.1 ^ 14 is below SETTLED."""
CLOSED = 1e-9
"""Relative gap of a proof that no other can make much better."""

TOO_FEW = (
    "No set of trades within the limits on their number and size satisfies every limit on the portfolio; allow more "
    "trades, smaller ones, or a larger turnover."
)
NO_EXCESS = (
    "No portfolio that these trades lead to has an expected return above the risk-free rate. Lower risk_free_rate, "
    "loosen the limits, or minimise volatility instead."
)


@dataclass(frozen=True)
class RebalancingOptions:
    """Limits on the trades, and what they cost.

    Attributes:
        benchmark: target weights by asset. If given, the method minimizes the tracking error to them; otherwise it
            optimizes the objective of the request.
        max_turnover: one-way turnover, cash included, as a fraction of the portfolio's value. Default: no limit.
        max_trades: the largest number of assets that may be traded. Default: no limit.
        min_trade: the smallest trade allowed, as a fraction of the portfolio's value.
        cost: trading cost as a fraction of the traded value, from 0 to 0.1.
        cash_floor: cash that must be left after all trades and costs, as a fraction of the portfolio's value.
        node_limit: the largest number of sets of traded assets that the search examines before it returns the best
            portfolio found.
        tax: tax lots and rates. The tax on the sales is subtracted from the objective. Volatility and tracking error
            take it into account only if the request states a ``risk_aversion``.
    """

    benchmark: dict[str, float] | None = None
    max_turnover: float | None = None
    max_trades: int | None = None
    min_trade: float = 0.0
    cost: float = 0.0
    cash_floor: float = 0.0
    node_limit: int = 400
    tax: TaxOption | None = None

    def __post_init__(self) -> None:
        faults = [
            Fault((name,), f"is {value}; give a number of at least 0.", "range")
            for name in ("max_turnover", "max_trades", "min_trade", "node_limit")
            if (value := getattr(self, name)) is not None and not 0 <= value < np.inf
        ]
        if not 0 <= self.cost <= LARGEST_COST:
            hint = f" {self.cost:g} basis points are {self.cost / 1e4:g}." if self.cost > 0 else ""
            faults.append(Fault(("cost",), f"is {self.cost}; give a rate from 0 to {LARGEST_COST}.{hint}", "range"))
        if faults:
            raise InvalidInput(faults)


class Rebalancing:
    """The best portfolio that can be reached with a limited number, size and cost of trades.

    "Best" refers to the objective of the request, or to the tracking error to a target portfolio (``benchmark``).
    Without limits on the number or size of trades the answer is proven optimal. With such limits, branch and bound
    searches over the sets of assets to trade and reports how far from optimal its answer can be.
    """

    name = "rebalancing"
    citation = (
        "Bertsimas, D. and Shioda, R. (2009). Algorithm for cardinality-constrained quadratic optimization. "
        "Computational Optimization and Applications 43, 1-22."
    )
    capabilities = Capabilities(
        objectives=frozenset({"MAX_SHARPE", "MIN_VOLATILITY", "MAX_RETURN", "MAX_UTILITY"}),
        constraints=frozenset({"budget", "long_only", "min_weight", "max_weight", "sector_limits", "target_return"}),
    )
    options: type = RebalancingOptions

    def check(self, problem: Problem, options: object) -> None:
        """Refuse a benchmark or tax lots of other names."""
        asked = cast(RebalancingOptions, options)
        if asked.benchmark is not None:
            problem.universe.join(asked.benchmark, ("method_options", "benchmark"))
        if asked.tax is not None:
            asked.tax.in_weights(problem.universe, best=False)

    def solve(self, problem: Problem, estimates: Estimates, options: object) -> Proposal:
        """Weights by trades within the limits from the current ones, or from cash where those are unknown."""
        asked = cast(RebalancingOptions, options)
        current = np.zeros(len(problem.universe)) if problem.current is None else problem.current
        ends_at = monotonic() + problem.solver.time_limit_s
        if asked.benchmark is not None:
            center = problem.universe.join(asked.benchmark, ("method_options", "benchmark"))
            return _Run(problem, estimates, asked, current, MinimumActiveRisk(tuple(center.tolist())), ends_at).free()
        return _Run(problem, estimates, asked, current, problem.objective, ends_at).proven()


@dataclass(frozen=True, eq=False, slots=True)
class _Run:
    """One call."""

    problem: Problem
    estimates: Estimates
    asked: RebalancingOptions
    current: Vector
    objective: Objective
    ends_at: float

    def proven(self) -> Proposal:
        """The best that is invested; after tax it is proven by cases, where trades may be of any number and size."""
        found, option = self.invested(), self.asked.tax
        limited = self.asked.max_trades is not None or self.asked.min_trade > 0
        if option is None or limited or found.weights is None or not self._weighs_taxes:
            return found
        left_s = max(self.ends_at - monotonic(), 0.0)
        return with_proof(found, self.problem, self.estimates, option, self.current, left_s)

    def invested(self) -> Proposal:
        """What the budget asks to be invested, or what the costs leave of it: they are paid out of cash."""
        budget = most = self.problem.invested
        found = self._with(Budget(budget))
        for _ in range(MOST_ROUNDS):
            if found.weights is None:
                break
            left = 1.0 - self.asked.cash_floor - self.asked.cost * float(np.abs(found.weights - self.current).sum())
            if abs(min(most, left) - budget) <= SETTLED:
                break
            budget = min(most, left)
            found = self._with(Budget(budget))
        short = self.asked.cost > 0 and budget < most - SETTLED and found.weights is not None
        return self._thrifty(found, budget, most) if short else found

    def _thrifty(self, found: Proposal, least: float, most: float) -> Proposal:
        """The best of all that pay for their own trades and invest no less: fewer trades leave more to invest.

        A ratio has no use for more, and taxes are weighed by cases that know one budget.
        """
        if isinstance(self.objective, MaximumSharpe) or self._weighs_taxes:
            return found
        whole = self._investment_limit(most - float(self.current.sum()))
        better = self._with(LeastInvested(least), self._cash_limit(), whole)
        return found if better.weights is None else better

    def free(self) -> Proposal:
        """Toward a target, cash is what the target and the limits leave."""
        return self._with()

    def _with(self, *budget: Constraint) -> Proposal:
        limits = (*self._trade_limits(), *budget)
        reading = Reading(self.objective, limits)
        region = reading.of(self.problem).region(self.estimates)
        loads = [
            Load(limit.id, limit.buying, limit.selling, limit.limit)
            for limit in limits
            if isinstance(limit, TradeLimit) and limit.buying + limit.selling > 0
        ]
        trading = Trading(
            self._aim(), self.current, region, loads, self.asked.min_trade, self.asked.max_trades,
            self.problem.solver.tolerance,
        )  # fmt: skip
        if self._weighs_taxes:
            return self._after_tax(trading, reading)
        search = fewest_trades(trading, self.asked.node_limit, self.problem.solver.time_limit_s)
        made = self._proposal(self._on_bounds(search, trading), trading, reading)
        found = replace(made, reading=reading, attempts=tuple(trading.attempts[:12]))
        return settled(found, self.problem, self.estimates)

    def _on_bounds(self, search: Search, trading: Trading) -> Search:
        """Without risk, on the bounds that the solver stopped beside: the square of what it left open is nothing."""
        if search.point is None or not search.continuous or not self.estimates.riskless(search.point.weights):
            return search
        region, weights = trading.region, search.point.weights
        lower = np.where(region.upper - weights < BESIDE, region.upper, region.lower)
        upper = np.where(weights - region.lower < BESIDE, region.lower, region.upper)
        parked = replace(region, bounds=(*region.bounds, Bounds("", lower, upper)))
        exact = replace(trading, region=parked).best(np.full(len(weights), Side.OPEN))
        return search if exact is None else replace(search, point=exact)

    @property
    def _weighs_taxes(self) -> bool:
        """Whether taxes count against the objective, rather than after it."""
        stated = self.problem.risk_aversion is not None
        own = not isinstance(self.objective, MinimumVolatility | MinimumActiveRisk)
        return self.asked.tax is not None and (own or stated)

    def _after_tax(self, trading: Trading, reading: Reading) -> Proposal:
        """The best over the cases of the tax, on gains to count on; the bound is from the best gains there may be."""
        option = cast(TaxOption, self.asked.tax)
        universe, node_limit = self.problem.universe, self.asked.node_limit
        limit_s = max(self.ends_at - monotonic(), 0.0) / SEARCHES
        found = best_case(trading, option.in_weights(universe, best=False), node_limit, limit_s)
        bound = found.bound
        if any(lot.best_gain is not None for lot in option.lots):
            bound = best_case(trading, option.in_weights(universe, best=True), node_limit, limit_s).bound
        made = self._proposal(replace(found.search, continuous=False), trading, reading)
        if found.search.point is not None:
            findings = {**made.findings, "tax": self._trade_off(found.search.point, trading.aim, bound)}
            made = replace(made, findings=findings)
        return replace(made, reading=reading, attempts=tuple(trading.attempts[:12]))

    def _trade_off(self, point: Point, aim: Aim, bound: float) -> dict[str, float]:
        """What the objective is before tax, what a unit of tax takes from it, and the most that it can be."""
        risk = float(np.sqrt(point.weights @ aim.S @ point.weights)) if aim.ratio else 1.0
        unit = 1.0 / risk if risk > 0 else 1.0
        before = -point.loss + point.tax * unit
        return {"before_tax": before, "per_unit": unit, "counted": point.tax, "bound": -bound}

    def _trade_limits(self) -> tuple[TradeLimit, ...]:
        asked, current = self.asked, tuple(self.current.tolist())
        limits: list[TradeLimit] = []
        if (
            asked.max_turnover is not None and asked.max_turnover < ENDLESS
        ):  # half of |changes| and |change of cash| is the larger of the two
            limits.append(TradeLimit(asked.max_turnover, "max_turnover", "purchases", 1.0, 0.0, current))
            limits.append(TradeLimit(asked.max_turnover, "max_turnover", "sales", 0.0, 1.0, current))
        if asked.benchmark is not None:
            limits.append(self._cash_limit())
            limits.append(self._investment_limit(self._cash))
        return tuple(limits)

    @property
    def _cash(self) -> float:
        """What may be spent."""
        return 1.0 - float(self.current.sum()) - self.asked.cash_floor

    def _cash_limit(self) -> TradeLimit:
        """Purchases and what all trades cost are paid by sales and by the cash that may be spent."""
        cost = self.asked.cost
        return TradeLimit(self._cash, "min_cash", "cash", 1.0 + cost, cost - 1.0, tuple(self.current.tolist()))

    def _investment_limit(self, most: float) -> TradeLimit:
        """So much more may be invested than is now."""
        return TradeLimit(most, "min_cash", "investment", 1.0, -1.0, tuple(self.current.tolist()))

    def _aim(self) -> Aim:
        objective, S = self.objective, self.estimates.covariance.dense()
        none = np.zeros(len(S))
        aversion = (self.problem.risk_aversion or 1.0) if self._weighs_taxes else 1.0
        if isinstance(objective, MinimumActiveRisk):
            return Aim(aversion * S, objective.terms[0].middle(len(S)), none)  # type: ignore[attr-defined]
        if isinstance(objective, MaximumSharpe):
            return Aim(S, none, objective.gain(self.estimates), ratio=True)
        if isinstance(objective, MaximumUtility):
            return Aim(objective.risk_aversion * S, none, self.estimates.required_mean("the objective"))
        if isinstance(objective, MaximumReturn):
            return Aim(0.0 * S, none, self.estimates.required_mean("the objective"))
        return Aim(aversion * S, none, none)

    def _proposal(self, search: Search, trading: Trading, reading: Reading) -> Proposal:
        if search.point is None:
            return self._nothing(search, trading)
        point = search.point
        findings = {
            "search": {"nodes": search.nodes, "gap": search.gap, "exhausted": search.exhausted},
            "distance": self.estimates.volatility(self.current - self._target(point)),
            "volatilities": self.problem.universe.named(np.sqrt(self.estimates.covariance.variances)),
            "before": self._figures(self.current),
            "after": self._figures(point.weights),
        }
        witness = self._witness(point, reading) if search.continuous else None
        status = Status.OPTIMAL if search.continuous else Status.FEASIBLE
        return Proposal(status, point.weights, witness, search.nodes, findings=findings)

    def _nothing(self, search: Search, trading: Trading) -> Proposal:
        if search.feasible_without_numbers:
            return Proposal(Status.NOT_APPLICABLE, message=TOO_FEW)
        richest = replace(
            trading, aim=replace(trading.aim, S=0.0 * trading.aim.S, ratio=False), smallest=0.0, most=None
        )
        if trading.aim.ratio and richest.best(np.full(len(self.current), Side.OPEN)) is not None:
            return Proposal(Status.NOT_APPLICABLE, message=NO_EXCESS)
        return Proposal(Status.INFEASIBLE)

    def _witness(self, point: Point, reading: Reading) -> Witness:
        """The solver's prices, or those of a linear program where these prove more.

        A program in which names are kept tells no price that keeps them.
        """
        problem = reading.of(self.problem)
        slope = problem.objective.minorant(point.weights, self.estimates).slope
        told = in_balance(slope, problem.region(self.estimates), Witness(point.prices))
        gap = self._gap(problem, point.weights, told)
        if gap <= CLOSED:
            return told
        found = witness_at(problem, self.estimates, point.weights)
        return found if self._gap(problem, point.weights, found) < gap else told

    def _gap(self, problem: Problem, weights: Vector, witness: Witness) -> float:
        gap = certify(problem, self.estimates, weights, witness).relative_gap
        return np.inf if gap is None else gap

    def _figures(self, w: Vector) -> dict[str, float | None]:
        """Annual, with interest on cash."""
        rate = self._rate()
        mean, risk = self.estimates.expected_return(w), self.estimates.volatility(w)
        total = None if mean is None else mean + rate * (1.0 - float(w.sum()))
        return {
            "return": total,
            "risk": risk,
            "sharpe": None if total is None or risk <= 0 else (total - rate) / risk,
        }

    def _target(self, point: Point) -> Vector:
        """The benchmark, or where there is none the answer; shape (n,)."""
        benchmark = self.asked.benchmark
        return point.weights if benchmark is None else self.problem.universe.join(benchmark)

    def _rate(self) -> float:
        own = isinstance(self.problem.objective, MaximumSharpe)
        return self.problem.objective.risk_free_rate if own else self.problem.risk_free_rate  # type: ignore[attr-defined]
