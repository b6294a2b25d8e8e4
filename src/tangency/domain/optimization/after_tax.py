"""Objectives with a tax on sales among their terms: convex ones below them, over one case of the sales."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from tangency.domain.market.estimates import Estimates
from tangency.domain.numbers import Vector
from tangency.domain.optimization.composite_ratio import WorstRatio
from tangency.domain.optimization.composite_terms import Sum, leaves
from tangency.domain.optimization.objective import Blend, Objective
from tangency.domain.optimization.proposal import Case, Witness
from tangency.domain.optimization.region import Bounds, Region
from tangency.domain.optimization.sales_tax import SalesCase, TaxOnSales, Trade
from tangency.domain.optimization.term import RiskOf, Term


def tax_of(objective: Objective) -> TaxOnSales | None:
    """The tax among the terms of an objective; None where there is none."""
    terms = objective.losses if isinstance(objective, WorstRatio) else getattr(objective, "terms", ())
    return next((term for term in leaves(terms) if isinstance(term, TaxOnSales)), None)


def flat(objective: Objective, theta: float) -> Blend:
    """A sum of terms, or a ratio as the sum of theta times its risk and its loss: below 0 where the ratio is above."""
    if isinstance(objective, Blend):
        return objective
    if not (isinstance(objective, WorstRatio) and len(objective.losses) == 1):
        raise TypeError(f"{objective.name} has no cases of a tax")
    (risk,), (loss,) = objective.risks, objective.losses
    scaled = (replace(risk, weight=theta * risk.weight),) if theta > 0 and isinstance(risk, RiskOf) else ()
    return Blend(objective.word, (*scaled, *(loss.parts if isinstance(loss, Sum) else (loss,))), maximised=True)


def over(objective: Objective, case: Case, sales: SalesCase, part: Region) -> Blend:
    """The objective with a linear function in place of its tax that is nowhere above it over a case.

    Args:
        objective: with a tax.
        case: its theta, where the objective is a ratio, and its witness with the dual of the tax.
        sales: what the case settles of them.
        part: the portfolios of the case.
    """
    return _replaced(flat(objective, case.theta), lambda tax: tax.below(sales, case.witness.cuts.get(tax.id), part))


def seen_from(objective: Objective, case: Case, w: Vector, estimates: Estimates) -> float:
    """The loss at w in the terms of a case; 0 where a ratio is above that which the case is compared with."""
    loss = flat(objective, case.theta).loss(w, estimates)
    return max(0.0, loss) if isinstance(objective, WorstRatio) else loss


def traded(region: Region, sales: SalesCase, tax: TaxOnSales) -> Region:
    """The portfolios of a region on the sides of a case; a convex region."""
    current = tax.figures.current
    lower, upper = region.lower.copy(), region.upper.copy()
    buys, sells = sales.trades == Trade.BUY, sales.trades == Trade.SELL
    lower[buys], upper[sells] = lower[buys].clip(min=current[buys]), upper[sells].clip(max=current[sells])
    return replace(region, bounds=(Bounds("", lower, upper),))


def near(objective: Objective, w: Vector, estimates: Estimates, region: Region, witness: Witness) -> Objective:
    """What an objective is next to a portfolio: itself, or the convex one of the case that the portfolio is in."""
    tax = tax_of(objective)
    if tax is None:
        return objective
    sales, theta = tax.case_of(w), objective.value(w, estimates) if isinstance(objective, WorstRatio) else 0.0
    case = Case(np.zeros(len(w), np.int8), w, witness, sales, theta)
    return over(objective, case, sales, traded(region, sales, tax))


def _replaced(objective: Blend, make: Callable[[TaxOnSales], Term]) -> Blend:
    parts = (make(term) if isinstance(term, TaxOnSales) else term for term in objective.parts)
    return replace(objective, parts=tuple(parts))
