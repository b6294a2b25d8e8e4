"""A problem as a plain document of names, numbers and lists, to be written by hand, stored, sent and hashed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from typing import Any, TypeAlias, TypeVar, cast, get_args
from weakref import WeakKeyDictionary

import numpy as np

from tangency.domain import plain_values as read
from tangency.domain.errors import InvalidInput, Path
from tangency.domain.market.estimates import EstimatorChoice
from tangency.domain.market.market import Market
from tangency.domain.market.returns import MissingData, Returns
from tangency.domain.market.universe import Asset, Universe
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
from tangency.domain.optimization.objective import (
    Blend,
    MaximumRatio,
    MaximumReturn,
    MaximumSharpe,
    MaximumUtility,
    MinimumRisk,
    MinimumVolatility,
    MultiObjective,
    Objective,
    RiskParity,
)
from tangency.domain.optimization.problem import Problem, SolverPolicy
from tangency.domain.optimization.risk_limit import RiskLimit
from tangency.domain.optimization.risk_budgeting import RiskBudgeting
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
from tangency.domain.optimization.stated_objective import StatedObjective
from tangency.domain.optimization.term import Linear, Return, RiskOf, Term, Variance
from tangency.domain.optimization.trade_limit import TradeLimit
from tangency.domain.plain_values import Array, as_buffer, as_lists
from tangency.domain.risk.measure import Measure

VERSION_FIELD = "tangency_problem"
VERSION = 1

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
}

Pack: TypeAlias = Callable[[Array], object]
"""How an array is written: as a leaf that :func:`from_document` reads."""


def to_document(problem: Problem, pack: Pack = as_lists) -> dict[str, object]:
    """Write a problem as a document.

    Args:
        problem: what to write.
        pack: how to write arrays; ``as_buffer`` where the document travels as bytes.

    Raises:
        InvalidInput: options that are no plain values, or a constraint or objective that is not in the tables above.
    """
    policy = problem.solver
    return _present(
        tangency_problem=VERSION,
        universe=[_asset_document(asset) for asset in problem.universe.assets],
        market=_market_document(problem.market, pack),
        objective=written(problem.objective, pack),
        constraints=[written(constraint, pack) for constraint in problem.constraints],
        method=problem.method,
        options=read.plain(problem.options, ("options",)),
        current=None if problem.current is None else pack(problem.current),
        risk_free_rate=float(problem.risk_free_rate),
        confidence_level=float(problem.confidence_level),
        risk_aversion=None if problem.risk_aversion is None else float(problem.risk_aversion),
        solver={
            "sequence": list(policy.sequence),
            "tolerance": float(policy.tolerance),
            "time_limit_s": float(policy.time_limit_s),
        },
        seed=problem.seed,
        references=list(problem.references) or None,
    )


def content_hash(problem: Problem) -> str:
    """SHA-256 of everything that a problem says, in hexadecimal.

    Equal exactly where two documents are equal to the last bit: -0.0 and 0.0 are different doubles and hash
    differently, and so do two orders of the names. Arrays are hashed as raw doubles, the rest as sorted JSON.
    """
    if problem not in _hashes:
        document = to_document(problem, _digest)
        text = json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False)
        _hashes[problem] = hashlib.sha256(text.encode()).hexdigest()
    return _hashes[problem]


_hashes: WeakKeyDictionary[Problem, str] = WeakKeyDictionary()
"""A problem never changes, so it is hashed once, while it lives."""


def from_document(document: object) -> Problem:
    """Read a problem from a document; what :func:`to_document` wrote comes back bit by bit.

    Raises:
        InvalidInput: another version, a missing or unknown field, a value of the wrong type or shape, each with its
            place in the document; or a problem that contradicts itself.
    """
    version = read.mapping(document, ()).get(VERSION_FIELD)
    if version != VERSION or isinstance(version, bool):
        detail = f"is {version!r}; this release reads version {VERSION} of the document."
        raise InvalidInput.at((VERSION_FIELD,), detail, "version")
    required, optional = (VERSION_FIELD, "universe", "objective", "constraints"), ("market", "current", *_READERS)
    given = read.fields(document, (), required, optional)
    universe = _universe(given["universe"], ("universe",))
    current = given.get("current")
    return Problem(
        market=_market(given.get("market") or {}, ("market",), universe),
        objective=read_objective(given["objective"], ("objective",)),
        constraints=read_constraints(given["constraints"], ("constraints",)),
        current=None if current is None else _finite(current, ("current",), len(universe)),
        **_read(given, (), _READERS),
    )


# --- writing ------------------------------------------------------------------------------------------------------


def _asset_document(asset: Asset) -> dict[str, object]:
    scores = {key: float(score) for key, score in asset.scores.items()} or None
    return _present(name=asset.name, sector=asset.sector, asset_class=asset.asset_class, scores=scores)


def _market_document(market: Market, pack: Pack) -> dict[str, object]:
    returns = market.returns
    return _present(
        mean=None if market.mean is None else pack(market.mean),
        covariance=None if market.covariance is None else pack(market.covariance),
        returns=None if returns is None else {"names": list(returns.universe.names), "values": pack(returns.values)},
        mean_estimator=_choice_document(market.mean_estimator),
        covariance_estimator=_choice_document(market.covariance_estimator),
        missing_data=market.missing_data,
        proxies=dict(market.proxies) or None,
        periods_per_year=float(market.periods_per_year),
        prior=None if market.prior is None else _choice_document(market.prior),
    )


def _choice_document(choice: EstimatorChoice) -> dict[str, object]:
    return {"name": choice.name, "options": read.plain(choice.options, ("options",))}


def written(value: Constraint | Objective | Term, pack: Pack) -> dict[str, object]:
    """A value of the tables above as an object that says which it is, with its own fields beside.

    Raises:
        InvalidInput: it is in none of them.
    """
    for tag, table in (("kind", CONSTRAINTS), ("name", OBJECTIVES), ("kind", TERMS)):
        kind = next((word for word, known in table.items() if type(value) is known), None)
        if kind is not None:
            own = {field.name: _written(getattr(value, field.name), pack) for field in fields(cast(Any, value))}
            return _present(**{tag: kind}, **own)
    raise InvalidInput.at((), f"{type(value).__name__} has no place in the document; add it to its table.")


def _written(value: object, pack: Pack) -> object:
    if isinstance(value, tuple | frozenset):
        return _written_parts(value, pack)
    if isinstance(value, Term):
        return written(value, pack)
    if isinstance(value, Measure):
        return {"name": value.name, "confidence_level": value.confidence_level, "threshold": value.threshold}
    return value if value is None or isinstance(value, str | bool) else float(cast(float, value))


def _written_parts(values: tuple[object, ...] | frozenset[object], pack: Pack) -> object:
    if isinstance(values, frozenset):
        return sorted(cast(frozenset[str], values))
    if all(isinstance(part, str) for part in values):
        return list(values)
    if isinstance(values[0], Term):
        return [written(cast(Term, term), pack) for term in values]
    return pack(np.array(values, dtype=float))


def _present(**values: object) -> dict[str, object]:
    return {key: value for key, value in values.items() if value is not None}


def _digest(values: Array) -> object:
    packed = as_buffer(values)
    return {**packed, "f8": hashlib.sha256(packed["f8"]).hexdigest()}  # type: ignore[arg-type]


# --- reading ------------------------------------------------------------------------------------------------------

Reader: TypeAlias = Callable[[object, Path], Any]
Kind = TypeVar("Kind")


def _read(given: Mapping[str, object], path: Path, readers: Mapping[str, Reader]) -> dict[str, Any]:
    """Each field that is there, read by its reader; null is as good as absent."""
    present = {key: given[key] for key in readers if given.get(key) is not None}
    return {key: readers[key](value, (*path, key)) for key, value in present.items()}


def _universe(value: object, path: Path) -> Universe:
    entries = read.listed(value, path)
    for position, entry in enumerate(entries):
        if not _is_asset(entry):  # one look at each of a thousand names; only the wrong one is asked what is wrong
            own = (*path, position)
            given = read.fields(entry, own, ("name",), ("sector", "asset_class", "scores"))
            for field in ("name", "sector", "asset_class"):
                read.optional_text(given.get(field), (*own, field))
            for score, figure in read.mapping(given.get("scores") or {}, (*own, "scores")).items():
                read.number(figure, (*own, "scores", score))
    return Universe(tuple([Asset(**{key: part for key, part in each.items() if part is not None}) for each in entries]))


def _is_asset(entry: object) -> bool:
    if type(entry) is not dict or not entry.keys() <= _ASSET_FIELDS:
        return False
    return type(entry.get("name")) is str and {type(text) for text in entry.values()} <= _TEXT_OR_NOTHING


def _market(value: object, path: Path, universe: Universe) -> Market:
    size = len(universe)
    readers: Mapping[str, Reader] = {
        "mean": lambda part, at: read.array(part, at, (size,)),
        "covariance": lambda part, at: read.array(part, at, (size, size)),
        "returns": lambda part, at: _returns(part, at, universe),
        "mean_estimator": _choice,
        "covariance_estimator": _choice,
        "missing_data": lambda part, at: read.one_of(part, at, get_args(MissingData)),
        "proxies": _proxies,
        "periods_per_year": read.positive,
        "prior": _choice,
    }
    return Market(universe, **_read(read.fields(value, path, optional=tuple(readers)), path, readers))


def _returns(value: object, path: Path, universe: Universe) -> Returns:
    given = read.fields(value, path, ("names", "values"))
    names = _names(given["names"], (*path, "names"))
    own = universe
    if names != universe.names:
        own = Universe(tuple(universe.assets[universe.position(name, (*path, "names"))] for name in names))
    return Returns(own, read.array(given["values"], (*path, "values"), (None, len(names))))


def _proxies(value: object, path: Path) -> Mapping[str, str]:
    return {name: read.text(proxy, (*path, name)) for name, proxy in read.mapping(value, path).items()}


def _choice(value: object, path: Path) -> EstimatorChoice:
    given = read.fields(value, path, ("name",), ("options",))
    return EstimatorChoice(**_read(given, path, {"name": read.text, "options": _options}))


def _options(value: object, path: Path) -> Mapping[str, object]:
    return cast(Mapping[str, object], read.plain(read.mapping(value, path), path))


def _policy(value: object, path: Path) -> SolverPolicy:
    readers: Mapping[str, Reader] = {"sequence": _names, "tolerance": read.positive, "time_limit_s": read.positive}
    return SolverPolicy(**_read(read.fields(value, path, optional=tuple(readers)), path, readers))


def _names(value: object, path: Path) -> tuple[str, ...]:
    return tuple(read.text(name, (*path, position)) for position, name in enumerate(read.listed(value, path)))


def _finite(value: object, path: Path, size: int | None) -> Array:
    figures = read.array(value, path, (size,))
    if not np.isfinite(figures).all():
        where = int(np.argmin(np.isfinite(figures)))
        raise InvalidInput.at((*path, where), f"is {figures[where]}; give a finite number.", "not_finite")
    return figures


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
    return Measure(**_read(read.fields(value, path, optional=tuple(readers)), path, readers))


def _floats(value: object, path: Path) -> tuple[float, ...]:
    return tuple(_finite(value, path, None).tolist())


def _tagged(value: object, path: Path, tag: str, table: Mapping[str, type[Kind]]) -> Kind:
    """An instance of the class of a table that the tag names, from its other fields."""
    kind = table[read.one_of(read.mapping(value, path).get(tag), (*path, tag), table)]
    own = fields(cast(Any, kind))
    required = [field.name for field in own if field.default is MISSING]
    readers = {field.name: _BY_TYPE[str(field.type)] for field in own}
    given = read.fields(value, path, (tag, *required), tuple(readers))
    return kind(**_read(given, path, readers))


_ASSET_FIELDS = {"name", "sector", "asset_class"}
_TEXT_OR_NOTHING = {str, type(None)}

_BY_TYPE: Mapping[str, Reader] = {
    "float": read.number,
    "str": read.text,
    "str | None": read.optional_text,
    "bool": read.truth,
    "frozenset[str]": lambda value, path: frozenset(_names(value, path)),
    "tuple[str, ...]": _names,
    "tuple[float, ...]": _floats,
    "tuple[float, ...] | None": _floats,
    "Term": _term,
    "tuple[Term, ...]": _terms,
    "Rows": _rows,
    "Measure": _measure,
}
"""By the type that a constraint, an objective or a term states for its field."""

_READERS: Mapping[str, Reader] = {
    "method": read.text,
    "options": _options,
    "risk_free_rate": read.number,
    "confidence_level": read.number,
    "risk_aversion": read.positive,
    "solver": _policy,
    "seed": read.whole,
    "references": _names,
}
"""What a document may leave out, beside the market and the current weights."""
