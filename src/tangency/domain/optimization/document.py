"""A problem as a plain document of names, numbers and lists, to be written by hand, stored, sent and hashed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import Any, cast, get_args
from weakref import WeakKeyDictionary

from tangency.domain import plain_values as read
from tangency.domain.errors import InvalidInput, Path
from tangency.domain.market.estimates import EstimatorChoice
from tangency.domain.market.market import Market
from tangency.domain.market.returns import MissingData, Returns
from tangency.domain.market.universe import Asset, Universe, labelled
from tangency.domain.optimization.kinds import Pack, read_constraints, read_objective, written
from tangency.domain.optimization.problem import Problem, SolverPolicy
from tangency.domain.plain_values import Array, Reader, as_buffer, as_lists

VERSION_FIELD = "tangency_problem"
VERSION = 1


def to_document(problem: Problem, pack: Pack = as_lists) -> dict[str, object]:
    """Write a problem as a document.

    Args:
        problem: what to write.
        pack: how to write arrays; ``as_buffer`` where the document travels as bytes.

    Raises:
        InvalidInput: options that are no plain values, or a constraint or an objective of no kind that has a word.
    """
    policy = problem.solver
    return read.present(
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
        _hashes[problem] = hashlib.sha256(_sorted.encode(document).encode()).hexdigest()
    return _hashes[problem]


_sorted = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False)
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
        current=None if current is None else read.finite_vector(current, ("current",), len(universe)),
        **read.by_readers(given, (), _READERS),
    )


# --- writing ------------------------------------------------------------------------------------------------------


def _asset_document(asset: Asset) -> dict[str, object]:
    if asset.sector is None and asset.asset_class is None and not asset.scores:
        return {"name": asset.name}
    scores = {key: float(score) for key, score in asset.scores.items()} or None
    return read.present(name=asset.name, sector=asset.sector, asset_class=asset.asset_class, scores=scores)


def _market_document(market: Market, pack: Pack) -> dict[str, object]:
    returns = market.returns
    return read.present(
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


def _digest(values: Array) -> object:
    packed = as_buffer(values)
    return {**packed, "f8": hashlib.sha256(packed["f8"]).hexdigest()}  # type: ignore[arg-type]


# --- reading ------------------------------------------------------------------------------------------------------


def _universe(value: object, path: Path) -> Universe:
    entries = read.listed(value, path)
    if _are_labelled(entries):
        return Universe(tuple(map(labelled, *([entry.get(label) for entry in entries] for label in _LABELS))))
    for position, entry in enumerate(entries):
        _check_asset(entry, (*path, position))
    return Universe(tuple([_asset(entry.get) for entry in entries]))


def _asset(field: Callable[[str], Any]) -> Asset:
    return Asset(field("name"), field("sector"), field("asset_class"), field("scores") or {})


def _are_labelled(entries: Sequence[Any]) -> bool:
    """One look at a thousand assets: whether all are objects with a name and perhaps labels, and nothing else."""
    if set(map(type, entries)) != {dict} or not set().union(*entries) <= set(_LABELS):
        return False
    labels = set(map(type, chain.from_iterable(map(dict.values, entries))))
    return labels <= _TEXT_OR_NOTHING and all(entry.get("name") is not None for entry in entries)


def _check_asset(entry: object, path: Path) -> None:
    given = read.fields(entry, path, ("name",), ("sector", "asset_class", "scores"))
    for field in _LABELS:
        read.optional_text(given.get(field), (*path, field))
    for score, figure in read.mapping(given.get("scores") or {}, (*path, "scores")).items():
        read.number(figure, (*path, "scores", score))


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
    return Market(universe, **read.by_readers(read.fields(value, path, optional=tuple(readers)), path, readers))


def _returns(value: object, path: Path, universe: Universe) -> Returns:
    given = read.fields(value, path, ("names", "values"))
    names = read.texts(given["names"], (*path, "names"))
    own = universe
    if names != universe.names:
        own = Universe(tuple(universe.assets[universe.position(name, (*path, "names"))] for name in names))
    return Returns(own, read.array(given["values"], (*path, "values"), (None, len(names))))


def _proxies(value: object, path: Path) -> Mapping[str, str]:
    return {name: read.text(proxy, (*path, name)) for name, proxy in read.mapping(value, path).items()}


def _choice(value: object, path: Path) -> EstimatorChoice:
    given = read.fields(value, path, ("name",), ("options",))
    return EstimatorChoice(**read.by_readers(given, path, {"name": read.text, "options": _options}))


def _options(value: object, path: Path) -> Mapping[str, object]:
    return cast(Mapping[str, object], read.plain(read.mapping(value, path), path))


def _policy(value: object, path: Path) -> SolverPolicy:
    readers: Mapping[str, Reader] = {"sequence": read.texts, "tolerance": read.positive, "time_limit_s": read.positive}
    return SolverPolicy(**read.by_readers(read.fields(value, path, optional=tuple(readers)), path, readers))


_LABELS = ("name", "sector", "asset_class")
_TEXT_OR_NOTHING = {str, type(None)}

_READERS: Mapping[str, Reader] = {
    "method": read.text,
    "options": _options,
    "risk_free_rate": read.number,
    "confidence_level": read.number,
    "risk_aversion": read.positive,
    "solver": _policy,
    "seed": read.whole,
    "references": read.texts,
}
"""What a document may leave out, beside the market and the current weights."""
