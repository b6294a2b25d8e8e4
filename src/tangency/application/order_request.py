"""What ``POST /api/v1/optimizations`` asks of an imported portfolio, and the question that it stands for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tangency.application.evidence import Evidence
from tangency.application.measured import MEASURED, VOLATILITY
from tangency.application.question import Limits, Question, RiskParameters
from tangency.application.taxes import StatedTax
from tangency.domain.errors import Fault, InvalidInput, Path, Unsupported, hint
from tangency.domain.optimization.configuration import StandingConfiguration
from tangency.domain.optimization.constraint import MaximumWeight, MinimumWeight
from tangency.domain.portfolio.portfolio import Portfolio
from tangency.domain.rebalancing.disposals import LotRule
from tangency.domain.risk.measure import MEASURES

OBJECTIVES: Mapping[str, str] = {
    "maximize_sharpe": "MAX_SHARPE",
    "minimize_risk": "MIN_RISK",
    "minimize_volatility": "MIN_VOLATILITY",
    "maximize_return": "MAX_RETURN",
    "maximize_utility": "MAX_UTILITY",
    "maximize_ratio": "MAX_RATIO",
    "minimize_cost": "MULTI_OBJECTIVE",
    "risk_parity": "RISK_PARITY",
    "multi_objective": "MULTI_OBJECTIVE",
}
"""Objectives of ``POST /api/v1/optimizations``; those of ``POST /api/v1/optimize`` are taken too, in either case."""

MOST_COST = 0.1
TAXED = frozenset({"MAX_SHARPE", "MIN_RISK", "MIN_VOLATILITY", "MAX_RETURN", "MAX_UTILITY"})
"""Objectives that taxes can be weighed against."""
TAXES = ("preferences", "consider_tax_implications")
"""Where an order asks for taxes."""


@dataclass(frozen=True, slots=True)
class OrderLimits:
    """Limits; None where none is stated. Weights are fractions of the portfolio's value.

    Attributes:
        max_sector_exposure: of every sector.
        max_asset_class_exposure: of every asset class.
        max_turnover: one way, cash included.
        min_position_size: of every name that is held.
        min_weights: by name; where given, in place of any limit for all.
        max_weights: by name; where given, in place of ``max_position_size``.
    """

    max_position_size: float | None = None
    min_position_size: float | None = None
    max_sector_exposure: float | None = None
    max_asset_class_exposure: float | None = None
    max_turnover: float | None = None
    target_volatility: float | None = None
    min_weights: Mapping[str, float] = field(default_factory=dict)
    max_weights: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Preferences:
    """What counts beside risk and return.

    Attributes:
        transaction_cost_model: one-off cost per traded value, each side.
    """

    risk_aversion: float | None = None
    include_transaction_costs: bool | None = None
    consider_tax_implications: bool | None = None
    transaction_cost_model: float | None = None

    @property
    def cost_rate(self) -> float | None:
        """What trading costs, where it is to count; None where the portfolio says so."""
        return self.transaction_cost_model if self.include_transaction_costs else None


@dataclass(frozen=True, eq=False, slots=True)
class OrderRequest:
    """What is asked of an imported portfolio.

    Attributes:
        optimization_type, objective: empty where they are left out.
        tax: what is said of taxes, for where they are to count.
        wording: the request as it was written, to be echoed.
        supply: what gives the question what both leave out.
    """

    portfolio_id: str
    optimization_type: str
    objective: str
    risk_measure: str = VOLATILITY
    limits: OrderLimits = OrderLimits()
    preferences: Preferences = Preferences()
    options: Mapping[str, object] = field(default_factory=dict)
    risk: RiskParameters = field(default_factory=RiskParameters)
    tax: StatedTax = field(default_factory=StatedTax)
    wording: Mapping[str, Any] = field(default_factory=dict)
    supply: StandingConfiguration | None = None


def faults_of(request: OrderRequest, portfolio: Portfolio | None) -> Iterator[Fault]:
    """What is wrong with a request, as far as it shows without prices."""
    preferences = request.preferences
    if request.risk_measure.lower() not in MEASURES:
        detail = f"{request.risk_measure!r} is not a known risk measure; {hint(request.risk_measure.lower(), MEASURES)}"
        yield Fault(("risk_measure",), detail, "unknown")
    if portfolio is None:
        detail = f"{request.portfolio_id!r} holds nothing here; import holdings and prices under it first."
        yield Fault(("portfolio_id",), detail, "unknown")
    yield from cost_faults(preferences)
    if preferences.consider_tax_implications:
        yield from _tax_faults(request)


def _tax_faults(request: OrderRequest) -> Iterator[Fault]:
    """What is asked for beside taxes and cannot be weighed against them."""
    method = request.optimization_type.lower()
    objective = OBJECTIVES.get(request.objective.lower(), request.objective.upper())
    named = {
        "optimization_type": (request.optimization_type, method == "mean_variance"),
        "risk_measure": (request.risk_measure, request.risk_measure.lower() == VOLATILITY),
        "objective": (request.objective, objective in TAXED),
    }
    for word, (value, taxed) in named.items():
        if not taxed:
            detail = (
                f"is true, and {word} {value!r} takes no taxes into account; use mean_variance with volatility and "
                "maximize_sharpe, maximize_utility, maximize_return or minimize_risk, or leave it out."
            )
            yield Fault(TAXES, detail, "unsupported")
    if request.tax.rule not in (None, LotRule.MIN_TAX):
        detail = (
            f"is {request.tax.rule}, and an optimization sells the lots that owe least; state min_tax, or ask for a "
            "rebalance plan, which takes every rule."
        )
        yield Fault(("tax", "lot_rule"), detail, "unsupported")


def cost_faults(preferences: Preferences) -> Iterator[Fault]:
    """What is wrong with the costs that are stated."""
    path, rate = ("preferences", "transaction_cost_model"), preferences.transaction_cost_model
    if rate is not None and not 0.0 <= rate <= MOST_COST:
        detail = (
            f"is {rate:g}; give the one-off cost as a fraction of the traded value, at most {MOST_COST}: 10 basis "
            "points are 0.001."
        )
        yield Fault(path, detail, "range")
    if preferences.include_transaction_costs and rate is None:
        detail = "is true and there is no transaction_cost_model; give one, such as 0.001, or leave it out."
        yield Fault(("preferences", "include_transaction_costs"), detail, "missing")


def question_of(request: OrderRequest, evidence: Evidence) -> Question:
    """The question that a request stands for, about names that are known by now.

    Raises:
        InvalidInput: limits of names that are not there, or costs that the method cannot take into account.
    """
    method, objective, options = _chosen(request)
    limits, universe = request.limits, evidence.universe
    overridden = bool(limits.min_weights or limits.max_weights)
    return Question(
        portfolio_id=request.portfolio_id,
        objective=objective,
        method=method,
        options={**options, **request.options},
        limits=Limits(
            max_weight=None if overridden else limits.max_position_size,
            min_position_size=limits.min_position_size,
            own_minimum=tuple(limits.min_weights),
            turnover_limit=limits.max_turnover,
            sector_limits=_of_every(universe.sectors, limits.max_sector_exposure),
            asset_class_limits=_of_every(universe.asset_classes, limits.max_asset_class_exposure),
        ),
        risk=replace(
            request.risk,
            risk_aversion=request.preferences.risk_aversion or request.risk.risk_aversion,
            target_volatility=limits.target_volatility or request.risk.target_volatility,
        ),
    )


def bounds_of(request: OrderRequest, evidence: Evidence) -> Evidence:
    """The evidence with the bounds that a request states by name; those for all hold for the other names.

    Raises:
        InvalidInput: a name that is not there.
    """
    limits, names = request.limits, evidence.universe.names
    if not (limits.min_weights or limits.max_weights):
        return evidence
    faults = [
        Fault(("constraints", field_name, name), f"{name!r} is not a name here; {hint(name, names)}", "unknown")
        for field_name in ("min_weights", "max_weights")
        for name in getattr(limits, field_name)
        if name not in evidence.universe.positions
    ]
    if faults:
        raise InvalidInput(faults)
    ceilings = dict.fromkeys(names, limits.max_position_size) | dict(limits.max_weights)
    bounds: tuple[MinimumWeight | MaximumWeight, ...] = (
        *(MinimumWeight(limit, name) for name, limit in limits.min_weights.items()),
        *(MaximumWeight(limit, name) for name, limit in ceilings.items() if limit is not None),
    )
    return replace(evidence, limits=bounds)


def _of_every(groups: Mapping[str, object], limit: float | None) -> dict[str, float]:
    return {} if limit is None else dict.fromkeys(groups, limit)


def _chosen(request: OrderRequest) -> tuple[str, str, dict[str, object]]:
    """Method, objective and the options that follow from measure, costs and the rest."""
    method, objective = request.optimization_type.lower(), _objective(request.objective)
    measure = request.risk_measure.lower()
    rate = request.preferences.cost_rate
    if request.objective.lower() == "minimize_cost":
        return "multi_objective", objective, _cheapest(rate)
    if measure != VOLATILITY and method == "mean_variance":
        method = "mean_risk"
    if measure != VOLATILITY:
        objective = MEASURED.get(objective, objective)
    elif objective == "MIN_RISK":
        objective = "MIN_VOLATILITY"
    options = _measured(method, measure)
    if rate is not None:
        options |= _costed(method, rate)
    return method, objective, options


def _objective(word: str) -> str:
    """In the words of a question, one of which it may be already."""
    objective = OBJECTIVES.get(word.lower(), word.upper())
    if objective not in OBJECTIVES.values():
        detail = f"{word!r} is not a known objective; {hint(word.lower(), OBJECTIVES)}"
        raise Unsupported.at(("objective",), detail, "unsupported")
    return objective


def _cheapest(rate: float | None) -> dict[str, object]:
    """Least cost where its rate is known, else least turnover."""
    if rate is None:
        return {"objectives": [{"name": "turnover"}], "scale": "none", "points": 0}
    return {"objectives": [{"name": "cost"}], "scale": "none", "points": 0, "cost_rate": rate}


def _measured(method: str, measure: str) -> dict[str, object]:
    if method == "mean_risk" or measure != VOLATILITY:
        return {"risk_measure": measure}
    return {}


def _costed(method: str, rate: float) -> dict[str, object]:
    if method == "mean_variance":
        return {"transaction_cost": rate}
    if method == "multi_objective":
        return {"cost_rate": rate}
    detail = (
        f"is true, and optimization_type {method!r} cannot take costs into account; use mean_variance with volatility, "
        "or leave it out."
    )
    raise InvalidInput.at(("preferences", "include_transaction_costs"), detail, "unsupported")


WORDS: Mapping[Path, Path] = {
    ("constraints", "max_weight"): ("constraints", "max_position_size"),
    ("constraints", "turnover_limit"): ("constraints", "max_turnover"),
    ("constraints", "sector_limits"): ("constraints", "max_sector_exposure"),
    ("risk_parameters", "target_volatility"): ("constraints", "target_volatility"),
    ("risk_parameters", "risk_aversion"): ("preferences", "risk_aversion"),
    ("method",): ("optimization_type",),
    ("method_options", "risk_measure"): ("risk_measure",),
    ("method_options", "transaction_cost"): ("preferences", "transaction_cost_model"),
    ("method_options", "tax"): TAXES,
}
"""Where the question states what a request states elsewhere."""

BOUNDS = {"min_weight": "min_weights", "max_weight": "max_weights"}


def as_ordered(path: Path) -> Path:
    """Where a request states what stands at a place in its question."""
    if len(path) == 3 and path[0] == "strategies" and path[2] in BOUNDS:  # noqa: PLR2004 - the list, the name, the bound
        return ("constraints", BOUNDS[str(path[2])], path[1])
    for start, own in WORDS.items():
        if path[: len(start)] == start:
            return (*own, *path[len(start) :])
    return path


def place_of(limit: str) -> Path:
    """Where a limit of this id was stated; its id alone where it was not."""
    first, *rest = limit.split(".")
    if first == "strategies" and len(rest) > 1:
        return (first, ".".join(rest[:-1]), rest[-1])
    return (first, rest[0], ".".join(rest[1:])) if len(rest) > 1 else (first, *rest)


def fault_as_ordered(fault: Fault, request: OrderRequest) -> Fault:
    """A mistake at its place in the request; objectives are told in the words that the request is written in."""
    told = fault.detail
    if fault.path == ("method_options", "risk_measure") and fault.code == "unknown":
        told = f"is {request.risk_measure!r}, and {request.optimization_type!r} leaves no choice of one; leave it out."
    if fault.path == ("objective",) and not request.objective.isupper():
        for word, own in _OBJECTIVES_AS_ORDERED.items():
            told = re.sub(rf"\b{word}\b", own, told)
    return replace(fault, path=as_ordered(fault.path), detail=told)


_OBJECTIVES_AS_ORDERED = {question: request for request, question in OBJECTIVES.items()}


def in_own_words(message: str) -> str:
    """A message about limits, with their names as a request has them."""
    for start, own in WORDS.items():
        message = message.replace(".".join(map(str, start)), ".".join(map(str, own))) if len(start) > 1 else message
    return re.sub(r"\bstrategies\.(\S+?)\.(m[inax]{2}_weight)\b", r"constraints.\2s.\1", message)
