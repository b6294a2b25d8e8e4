"""What kinds of constraints, objectives and terms there are, and how one is written in a document and read again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from functools import cache
from typing import Any, TypeAlias, TypeVar, cast

import numpy as np

from tangency.domain import plain_values as read
from tangency.domain.errors import InvalidInput, Path
from tangency.domain.optimization.active_risk import ActiveVariance, MinimumActiveRisk, TrackingErrorLimit
from tangency.domain.optimization.aim_limit import AimCap, AimFloor
from tangency.domain.optimization.composite_ratio import WorstRatio
from tangency.domain.optimization.composite_terms import Constant, Sum, WorstOf
from tangency.domain.optimization.constraint import (
    AssetClassLimit,
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
from tangency.domain.optimization.factor_exposure import ExposureCap, ExposureFloor, ExposureTarget
from tangency.domain.optimization.log_growth import LogGrowth
from tangency.domain.optimization.minimum_position import MinimumPosition
from tangency.domain.optimization.objective import (
    Blend,
    MaximumReturn,
    MaximumUtility,
    MinimumRisk,
    MinimumVolatility,
    MultiObjective,
    Objective,
    RiskParity,
)
from tangency.domain.optimization.ratio import MaximumRatio, MaximumSharpe
from tangency.domain.optimization.risk_budgeting import RiskBudgeting
from tangency.domain.optimization.risk_limit import RiskLimit
from tangency.domain.optimization.robust_terms import (
    Concentration,
    Deviation,
    LargestWeight,
    Norm,
    Rows,
    SquaredNorm,
    WorstCovariance,
    rows_of,
)
from tangency.domain.optimization.sales_tax import TaxOnSales
from tangency.domain.optimization.stated_objective import StatedObjective
from tangency.domain.optimization.term import Linear, Return, RiskOf, Term, Variance
from tangency.domain.optimization.trade_limit import LeastInvested, TradeLimit
from tangency.domain.plain_values import Array, Reader
from tangency.domain.risk.measure import Measure

Kind = TypeVar("Kind")

CONSTRAINTS: Mapping[str, type[Constraint]] = {
    "budget": Budget,
    "long_only": LongOnly,
    "min_weight": MinimumWeight,
    "max_weight": MaximumWeight,
    "sector_limits": SectorLimit,
    "asset_class_limits": AssetClassLimit,
    "turnover_limit": TurnoverLimit,
    "leverage_limit": LeverageLimit,
    "target_return": TargetReturn,
    "target_volatility": TargetVolatility,
    "tracking_error_limit": TrackingErrorLimit,
    "trade_limit": TradeLimit,
    "least_invested": LeastInvested,
    "min_position_size": MinimumPosition,
    "risk_limits": RiskLimit,
    "exposure_floor": ExposureFloor,
    "exposure_cap": ExposureCap,
    "exposure_target": ExposureTarget,
    "aim_floor": AimFloor,
    "aim_cap": AimCap,
}
OBJECTIVES: Mapping[str, type[Objective]] = {
    "MIN_VOLATILITY": MinimumVolatility,
    "MAX_RETURN": MaximumReturn,
    "MAX_UTILITY": MaximumUtility,
    "MAX_SHARPE": MaximumSharpe,
    "MIN_RISK": MinimumRisk,
    "MAX_RATIO": MaximumRatio,
    "RISK_PARITY": RiskParity,
    "RISK_BUDGETING": RiskBudgeting,
    "MINIMUM_ACTIVE_RISK": MinimumActiveRisk,
    "MULTI_OBJECTIVE": MultiObjective,
    "BLEND": Blend,
    "WORST_RATIO": WorstRatio,
    "STATED": StatedObjective,
}
TERMS: Mapping[str, type[Term]] = {
    "return": Return,
    "variance": Variance,
    "active_variance": ActiveVariance,
    "linear": Linear,
    "risk": RiskOf,
    "log_growth": LogGrowth,
    "constant": Constant,
    "sum": Sum,
    "worst_of": WorstOf,
    "norm": Norm,
    "squared_norm": SquaredNorm,
    "concentration": Concentration,
    "deviation": Deviation,
    "largest_weight": LargestWeight,
    "worst_covariance": WorstCovariance,
    "tax": TaxOnSales,
}

_TAGS: Mapping[type, tuple[str, str]] = {
    known: (tag, word)
    for tag, table in (("kind", CONSTRAINTS), ("name", OBJECTIVES), ("kind", TERMS))
    for word, known in table.items()
}
"""The field and the word that say what a value is, by its type."""

Pack: TypeAlias = Callable[[Array], object]
"""How an array is written: as a leaf that ``plain_values.array`` reads."""


def written(value: Constraint | Objective | Term, pack: Pack) -> dict[str, object]:
    """A value of the tables above as an object that says which it is, with its own fields beside.

    Raises:
        InvalidInput: it is in none of them.
    """
    kind = type(value)
    if kind not in _TAGS:
        raise InvalidInput.at((), f"{kind.__name__} has no place in the document; add it to its table.")
    tag, word = _TAGS[kind]
    return read.present(**{tag: word}, **{name: _written(getattr(value, name), pack) for name in _field_names(kind)})


@cache
def _field_names(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


def _written(value: object, pack: Pack) -> object:
    if value is None or type(value) in (float, str, bool):
        return value
    if isinstance(value, tuple | frozenset):
        return _written_parts(value, pack)
    if isinstance(value, Term):
        return written(value, pack)
    if isinstance(value, Measure):
        return {"name": value.name, "confidence_level": value.confidence_level, "threshold": value.threshold}
    return float(cast(float, value))


def _written_parts(values: tuple[object, ...] | frozenset[object], pack: Pack) -> object:
    if isinstance(values, frozenset):
        return sorted(cast(frozenset[str], values))
    if all(isinstance(part, str) for part in values):
        return list(values)
    if isinstance(values[0], Term):
        return [written(cast(Term, term), pack) for term in values]
    return pack(np.array(values, dtype=float))


def read_objective(value: object, path: Path) -> Objective:
    """The inverse of :func:`written`."""
    return _tagged(value, path, "name", OBJECTIVES)


def read_constraints(value: object, path: Path) -> tuple[Constraint, ...]:
    """The inverse of :func:`written`, for a list."""
    return tuple(_tagged(each, (*path, i), "kind", CONSTRAINTS) for i, each in enumerate(read.listed(value, path)))


def _terms(value: object, path: Path) -> tuple[Term, ...]:
    return tuple(_tagged(each, (*path, i), "kind", TERMS) for i, each in enumerate(read.listed(value, path)))


def _term(value: object, path: Path) -> Term:
    return _tagged(value, path, "kind", TERMS)


def _rows(value: object, path: Path) -> Rows:
    return () if value == [] else rows_of(read.array(value, path, (None, None)))


def _measure(value: object, path: Path) -> Measure:
    readers: Mapping[str, Reader] = {"name": read.text, "confidence_level": read.number, "threshold": read.number}
    return Measure(**read.by_readers(read.fields(value, path, optional=tuple(readers)), path, readers))


def _floats(value: object, path: Path) -> tuple[float, ...]:
    return tuple(read.finite_vector(value, path, None).tolist())


def _tagged(value: object, path: Path, tag: str, table: Mapping[str, type[Kind]]) -> Kind:
    """An instance of the class of a table that the tag names, from its other fields."""
    kind = table[read.one_of(read.mapping(value, path).get(tag), (*path, tag), table)]
    own = fields(cast(Any, kind))
    required = [field.name for field in own if field.default is MISSING]
    readers = {field.name: _BY_TYPE[str(field.type)] for field in own}
    given = read.fields(value, path, (tag, *required), tuple(readers))
    return kind(**read.by_readers(given, path, readers))


_BY_TYPE: Mapping[str, Reader] = {
    "float": read.number,
    "str": read.text,
    "str | None": read.optional_text,
    "bool": read.truth,
    "frozenset[str]": lambda value, path: frozenset(read.texts(value, path)),
    "tuple[str, ...]": read.texts,
    "tuple[float, ...]": _floats,
    "tuple[float, ...] | None": _floats,
    "Term": _term,
    "tuple[Term, ...]": _terms,
    "Rows": _rows,
    "Measure": _measure,
}
"""By the type that a constraint, an objective or a term states for its field."""
