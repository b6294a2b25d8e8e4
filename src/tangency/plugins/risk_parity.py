"""Risk parity: every name carries the share of the risk that its budget says, or as near as the limits allow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias, cast, get_args

import numpy as np

from tangency.domain.errors import Fault, InvalidInput
from tangency.domain.market.estimates import Estimates
from tangency.domain.market.universe import Universe
from tangency.domain.numbers import Vector
from tangency.domain.optimization.method import Capabilities
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Proposal, Status
from tangency.domain.optimization.risk_budgeting import RiskBudgeting
from tangency.domain.risk.measure import Measure
from tangency.plugins.kernels.budgets import BudgetRule, NoBudgets, Wish, check_budgets
from tangency.plugins.kernels.factor_parity import by_factor, no_factors, refuse_shares
from tangency.plugins.kernels.limits import EVERY_LIMIT
from tangency.plugins.kernels.risk_parity import RiskParityProgram

RiskMeasure: TypeAlias = Literal[
    "volatility",
    "variance",
    "mad",
    "semi_deviation",
    "first_lower_partial_moment",
    "second_lower_partial_moment",
    "cvar",
    "evar",
    "worst_realization",
    "max_drawdown",
    "average_drawdown",
    "cdar",
    "edar",
    "ulcer_index",
    "gini_mean_difference",
]
"""Every convex one."""


@dataclass(frozen=True)
class RiskParityOptions:
    """The risk measure, the risk budgets and the target volatility.

    Attributes:
        budgets: risk budget of every asset, in any proportion; sets ``budget_rule`` to ``given``.
        budget_rule: if no ``budgets`` are given: ``equal`` budgets, or budgets in proportion to each asset's inverse
            volatility (``inverse_volatility``) or Sharpe ratio (``sharpe``).
        sector_budgets: risk budget of every sector, in any proportion. The assets of a sector share its budget equally,
            or as ``budgets`` or ``budget_rule`` say.
        factor_budgets: risk budgets of factors, or of ``specific`` risk, as fractions of the total; factors not named
            are free. Needs a covariance in factor form and cannot be combined with other budgets. The answer is
            ``feasible``, never ``optimal``, because such portfolios are neither unique nor the solution of a convex
            problem.
        risk_measure: the risk to be shared out; ``variance`` gives the same portfolio as ``volatility``. Tail measures
            use the confidence level of the request, lower partial moments the threshold 0.
        target_volatility: annual. The risky portfolio is scaled to this volatility, up to the leverage limit (or full
            investment if there is none). The rest is held in cash at the risk-free rate, or borrowed if negative.
        signs: -1 for each asset to be sold short; the others are held long. Short positions also need a negative
            ``min_weight``, which lifts ``long_only``.
    """

    budgets: dict[str, float] | None = None
    budget_rule: BudgetRule = "equal"
    sector_budgets: dict[str, float] | None = None
    factor_budgets: dict[str, float] | None = None
    risk_measure: RiskMeasure = "volatility"
    target_volatility: float | None = None
    signs: dict[str, Literal[1, -1]] | None = None

    def __post_init__(self) -> None:
        faults = [*_wrong_shares("budgets", self.budgets), *_wrong_shares("sector_budgets", self.sector_budgets)]
        faults += self._beside_factors()
        if self.budget_rule == "given" and self.budgets is None:
            faults.append(Fault(("budgets",), "are missing; give them, or another budget_rule.", "missing"))
        if self.budget_rule in ("inverse_volatility", "sharpe") and self.budgets is not None:
            detail = f"is {self.budget_rule!r}, and budgets are given; leave out one of the two."
            faults.append(Fault(("budget_rule",), detail))
        if self.target_volatility is not None and not 0 < self.target_volatility < np.inf:
            faults.append(Fault(("target_volatility",), f"is {self.target_volatility}; give a number above 0."))
        if faults:
            raise InvalidInput(faults)

    def _beside_factors(self) -> list[Fault]:
        """What cannot be asked together with budgets of factors."""
        if self.factor_budgets is None:
            return []
        usual = {"risk_measure": ("volatility", "variance"), "budget_rule": ("equal",)}
        others = ("budgets", "sector_budgets", "target_volatility", "signs", "budget_rule", "risk_measure")
        given = [name for name in others if getattr(self, name) not in usual.get(name, (None,))]
        detail = "does not go with factor_budgets; leave out one of the two."
        return [Fault((name,), detail) for name in given]


class RiskParity:
    """Portfolios in which every asset contributes its budgeted share of the risk (equal shares by default).

    It works for any risk measure that is convex and positively homogeneous. Without binding constraints every share
    equals its budget. Otherwise the answer is the portfolio that minimizes ln risk - sum budget ln weight within the
    constraints, and this optimum is proven. Volatility is handled by Newton's method, other measures by exponential
    cones.
    """

    name = "risk_parity"
    citation = (
        "Maillard, S., Roncalli, T., Teiletche, J. (2010). The properties of equally weighted risk contribution "
        "portfolios. Journal of Portfolio Management 36(4), 60-70."
    )
    capabilities = Capabilities(
        objectives=frozenset({"RISK_PARITY"}),
        constraints=EVERY_LIMIT,
        risk_measures=frozenset(get_args(RiskMeasure)),
        uses_scenarios=True,
    )
    options: type = RiskParityOptions

    def check(self, problem: Problem, options: object) -> None:
        """Refuse signs and budgets of other names, sectors or factors, and budgets that leave some out."""
        asked = cast(RiskParityOptions, options)
        _signs(problem.universe, asked.signs)
        check_budgets(problem.universe, asked.budgets, asked.sector_budgets)
        if asked.factor_budgets is not None:
            refuse_shares(asked.factor_budgets)
            if problem.market.covariance_is_plain:
                raise no_factors()

    def solve(self, problem: Problem, estimates: Estimates, options: object) -> Proposal:
        """Budgets from the options, weights from the budgets."""
        asked = cast(RiskParityOptions, options)
        if asked.factor_budgets is not None:
            return by_factor(problem, estimates, asked.factor_budgets)
        rule = "given" if asked.budgets is not None else asked.budget_rule
        try:
            shares = Wish(rule, asked.budgets, asked.sector_budgets).shares(problem, estimates)
        except NoBudgets as refusal:
            return Proposal(Status.NOT_APPLICABLE, message=str(refusal))
        word = "volatility" if asked.risk_measure == "variance" else asked.risk_measure
        measure = Measure(word, problem.confidence_level)
        aim = RiskBudgeting(tuple(shares.tolist()), measure, _signs(problem.universe, asked.signs))
        return RiskParityProgram(problem, estimates, aim).proposal(asked.target_volatility)


def _signs(universe: Universe, signs: Mapping[str, int] | None) -> tuple[float, ...] | None:
    if signs is None:
        return None
    values: Vector = np.ones(len(universe))
    for name, sign in signs.items():
        values[universe.position(name, ("method_options", "signs", name))] = sign
    return tuple(values.tolist())


def _wrong_shares(field: str, shares: Mapping[str, float] | None) -> list[Fault]:
    if shares is None:
        return []
    below = [name for name, share in shares.items() if not 0 <= share < np.inf]
    faults = [Fault((field, name), f"is {shares[name]}; give a number of at least 0.") for name in below]
    if not faults and not any(shares.values()):
        faults.append(Fault((field,), "has no share above 0; give proportions, such as 0.6 and 0.4."))
    return faults
