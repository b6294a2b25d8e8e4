"""From the request document to a question in plain domain values. Decides nothing."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

import numpy as np
from msgspec import UNSET, UnsetType
from msgspec.structs import astuple

from tangency.adapters.document import request as wire
from tangency.adapters.document.diagnosis import faults_in
from tangency.adapters.document.reading import DEEPEST
from tangency.application.question import Limits, NamedCovariance, Question, RiskParameters, Strategy
from tangency.domain.errors import Fault, InvalidInput, Path
from tangency.domain.market.estimates import EstimatorChoice
from tangency.domain.market.universe import Asset, labelled
from tangency.domain.numbers import LARGEST, Matrix
from tangency.domain.plain_values import is_too_wide, too_wide
from tangency.domain.portfolio.portfolio import id_fault

VALUES: Path = ("risk_parameters", "covariance", "values")

Value = TypeVar("Value")


def question_of(request: wire.OptimizationRequest) -> Question:
    """The question that a request asks.

    Raises:
        InvalidInput: a text with control characters, a covariance whose rows differ in length, or an option that is
            out of every range.
    """
    faults = list(_text_faults(request))
    options = given(request.method_options) or {}
    scores = given(request.scores) or {}
    faults += [*option_faults(options, ("method_options",)), *option_faults(scores, ("scores",))]
    risk = given(request.risk_parameters) or wire.RiskParameters()
    if faults:
        raise InvalidInput(faults)
    return Question(
        portfolio_id=request.portfolio_id,
        objective=given(request.objective) or "",
        method=given(request.method) or "",
        options=options,
        strategies=None if request.strategies is UNSET else tuple(map(_strategy, request.strategies)),
        limits=_limits(given(request.constraints) or wire.OptimizationConstraints()),
        risk=risk_of(risk),
        scores=scores,
    )


def given(value: Value | UnsetType) -> Value | None:
    """The value, or None where it was left out."""
    return None if isinstance(value, UnsetType) else value


def _strategy(stated: wire.StrategyDefinition) -> Strategy:
    # all fields at once: one by one they take twice as long
    values: list[Any] = [None if value is UNSET else value for value in astuple(stated)]
    name, sector, asset_class, mean, current, least, most, returns, scores = values
    asset = Asset(name, sector, asset_class, scores) if scores else labelled(name, sector, asset_class)
    return Strategy(asset, mean, current, least, most, returns)


def _limits(stated: wire.OptimizationConstraints) -> Limits:
    return Limits(
        given(stated.min_weight),
        given(stated.max_weight),
        given(stated.sector_limits) or {},
        given(stated.turnover_limit),
        given(stated.leverage_limit),
        min_position_size=given(stated.min_position_size),
    )


def risk_of(stated: wire.RiskParameters) -> RiskParameters:
    """How risk and return are measured.

    Raises:
        InvalidInput: a covariance whose rows differ in length, or an option that is out of every range.
    """
    path: Path = ("risk_parameters",)
    policy = stated.missing_data
    stand_ins = policy.proxies if isinstance(policy, wire.ProxyPolicy) else UNSET
    return RiskParameters(
        risk_free_rate=given(stated.risk_free_rate),
        risk_aversion=given(stated.risk_aversion),
        target_return=given(stated.target_return),
        target_volatility=given(stated.target_volatility),
        confidence_level=given(stated.confidence_level),
        periods_per_year=given(stated.periods_per_year),
        expected_return_estimator=_estimator(stated.expected_return_estimator, (*path, "expected_return_estimator")),
        covariance_estimator=_estimator(stated.covariance_estimator, (*path, "covariance_estimator")),
        missing_data=policy.policy if isinstance(policy, wire.ProxyPolicy) else given(policy),
        proxies=given(stand_ins) or {},
        covariance=_covariance(stated.covariance),
        prior=_estimator(stated.prior, (*path, "prior")),
    )


def _estimator(stated: str | wire.EstimatorReference | UnsetType, path: Path) -> EstimatorChoice | None:
    if isinstance(stated, UnsetType):
        return None
    if isinstance(stated, str):
        return EstimatorChoice(stated)
    options = given(stated.options) or {}
    faults = list(option_faults(options, (*path, "options")))
    if faults:
        raise InvalidInput(faults)
    return EstimatorChoice(stated.name, options)


def _covariance(stated: wire.CovarianceMatrix | UnsetType) -> NamedCovariance | None:
    if isinstance(stated, UnsetType):
        return None
    return NamedCovariance(tuple(stated.names), _matrix(stated.values, len(stated.names)))


def _matrix(rows: list[list[float]], size: int) -> Matrix:
    wrong = [position for position, row in enumerate(rows) if len(row) != size]
    if wrong or len(rows) != size:
        each = f"for {size} names; give one for each."
        faults = [Fault(VALUES, f"has {len(rows)} rows {each}", "shape")] if len(rows) != size else []
        faults += [Fault((*VALUES, at), f"has {len(rows[at])} figures {each}", "shape") for at in wrong[:12]]
        raise InvalidInput(faults)
    row_of_doubles = struct.Struct(f"{size}d").pack  # a third of the time that numpy takes for nested lists
    matrix: Matrix = np.frombuffer(b"".join([row_of_doubles(*row) for row in rows])).reshape(size, size)
    if not np.abs(matrix).max(initial=0.0) <= LARGEST:
        raise InvalidInput(faults_in(rows, list[list[wire.Figure]], VALUES))
    return matrix


def _text_faults(request: wire.OptimizationRequest) -> Iterator[Fault]:
    wrong = id_fault(request.portfolio_id)
    if wrong is not None:
        yield Fault(("portfolio_id",), wrong, "characters")
    strategies = given(request.strategies) or ()
    texts = [text for s in strategies for text in (s.name, s.sector, s.asset_class) if isinstance(text, str)]
    if "".join(texts).isprintable():
        return
    for position, strategy in enumerate(strategies):
        for field in ("name", "sector", "asset_class"):
            text = getattr(strategy, field)
            if isinstance(text, str) and not text.isprintable():
                yield Fault(("strategies", position, field), f"{text!r} must be of printable characters.", "characters")


def option_faults(value: object, path: Path) -> Iterator[Fault]:
    """Numbers of any size, at any depth, can be written in a file; what no computation could use is refused."""
    if len(path) > DEEPEST:
        yield Fault(path[:2], f"is nested too deeply; a document has {DEEPEST} levels at most.", "depth")
    elif isinstance(value, int | float) and not abs(value) <= LARGEST:
        yield Fault(path, "is out of range; give a number between -1e150 and 1e150.", "range")
    elif is_too_wide(value):
        yield Fault(path, too_wide(value), "range")
    elif isinstance(value, Mapping):
        for key, part in value.items():
            yield from option_faults(part, (*path, key))
    elif isinstance(value, list):
        for position, part in enumerate(value):
            yield from option_faults(part, (*path, position))
