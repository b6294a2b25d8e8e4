"""Which share of the risk each name is to carry: what the options of a risk parity portfolio come to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from tangency.domain.errors import Fault, InvalidInput, hint
from tangency.domain.market.estimates import Estimates
from tangency.domain.market.universe import Universe
from tangency.domain.numbers import Vector
from tangency.domain.optimization.problem import Problem

BudgetRule: TypeAlias = Literal["equal", "given", "inverse_volatility", "sharpe"]


class NoBudgets(Exception):
    """The rule gives some name no share that is above 0; the message says which and what to do."""


@dataclass(frozen=True)
class Wish:
    """Whose risk is to be how large a share.

    Attributes:
        rule: how the shares follow from the data where no name's is given.
        names: by name, in any proportion; None where they follow from the rule.
        sectors: by sector, in any proportion; None where sectors do not matter. The names of a sector divide its
            share as they would the whole.
    """

    rule: BudgetRule
    names: Mapping[str, float] | None
    sectors: Mapping[str, float] | None

    def shares(self, problem: Problem, estimates: Estimates) -> Vector:
        """The budgets, summing to 1; shape (n,).

        Raises:
            InvalidInput: a name or a sector without a budget, or a budget of what is not there.
            NoBudgets: the rule has no positive share for some name.
        """
        universe = problem.universe
        alone = self._rule(problem, estimates) if self.names is None else _given(self.names, universe.names, "budgets")
        if self.sectors is None:
            return np.asarray(alone / alone.sum())
        return _within_sectors(alone, self.sectors, universe)

    def _rule(self, problem: Problem, estimates: Estimates) -> Vector:
        volatilities = np.sqrt(estimates.covariance.variances)
        if self.rule == "inverse_volatility":
            return _positive(volatilities.min() / volatilities, problem.universe, "inverse volatility")
        if self.rule == "sharpe":
            excess = estimates.required_mean("budget_rule 'sharpe'") - problem.risk_free_rate
            return _positive(excess / volatilities, problem.universe, "Sharpe ratio")
        return np.ones(len(problem.universe))


def check_budgets(universe: Universe, names: Mapping[str, float] | None, sectors: Mapping[str, float] | None) -> None:
    """Refuse budgets of what is not there, and those that leave out a name or a sector.

    Raises:
        InvalidInput: either.
    """
    if names is not None:
        _given(names, universe.names, "budgets")
    if sectors is not None:
        _within_sectors(np.ones(len(universe)), sectors, universe)


def _given(budgets: Mapping[str, float], known: tuple[str, ...], field: str) -> Vector:
    """A budget for each of the names that are known, in their order; strictly joined."""
    path = ("method_options", field)
    faults = [
        Fault((*path, name), f"{name!r} is not a name here; {hint(name, known)}", "unknown")
        for name in budgets
        if name not in known
    ]
    missing = [name for name in known if name not in budgets]
    if missing:
        faults.append(Fault(path, f"has nothing for {', '.join(missing[:12])}; every one needs a budget.", "missing"))
    if faults:
        raise InvalidInput(faults)
    return np.array([budgets[name] for name in known], dtype=float)


def _within_sectors(alone: Vector, sectors: Mapping[str, float], universe: Universe) -> Vector:
    """Each sector's budget, divided as its names' own budgets are to each other; equally where those are all 0."""
    homeless = [asset.name for asset in universe.assets if asset.sector is None]
    if homeless:
        detail = f"need a sector for every name; {', '.join(homeless[:12])} has none."
        raise InvalidInput.at(("method_options", "sector_budgets"), detail, "missing")
    totals = _given(sectors, tuple(universe.sectors), "sector_budgets")
    shares = np.zeros(len(universe))
    for total, members in zip((totals / totals.sum()).tolist(), universe.sectors.values(), strict=True):
        inside = universe.mask(members) > 0
        own = alone[inside] if alone[inside].any() else np.ones(int(inside.sum()))
        shares[inside] = total * own / own.sum()
    return shares


def _positive(shares: Vector, universe: Universe, word: str) -> Vector:
    """The shares where all are above 0 and finite."""
    wrong = [name for name, share in zip(universe.names, shares.tolist(), strict=True) if not 0 < share < np.inf]
    if not wrong:
        return shares
    raise NoBudgets(
        f"Risk budgets in proportion to the {word} need one above 0 for every name; {', '.join(wrong[:12])} has none. "
        "Leave such names out, or give budgets."
    )
