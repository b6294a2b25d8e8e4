"""A question about a portfolio, in plain values: what REST, gRPC, messages and files all turn into."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import NamedTuple

from tangency.domain.market.estimates import EstimatorChoice
from tangency.domain.market.returns import MissingData
from tangency.domain.market.universe import Asset
from tangency.domain.numbers import Matrix
from tangency.domain.optimization.optimization import Configuration


class Strategy(NamedTuple):
    """What is stated about one name; None where nothing is.

    A named tuple, because a large request has a thousand, and a frozen dataclass takes three times as long to make.

    Attributes:
        expected_return: annual.
        current_weight: fraction of the portfolio's value.
        returns: simple, per period, oldest first; None marks a gap.
    """

    asset: Asset
    expected_return: float | None = None
    current_weight: float | None = None
    min_weight: float | None = None
    max_weight: float | None = None
    returns: Sequence[float | None] | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits on the whole portfolio; None where none is stated.

    Attributes:
        min_position_size: of every name that is held; 0 is none.
        own_minimum: names that have a smallest weight in place of that.
    """

    min_weight: float | None = None
    max_weight: float | None = None
    sector_limits: Mapping[str, float] = field(default_factory=dict)
    turnover_limit: float | None = None
    leverage_limit: float | None = None
    asset_class_limits: Mapping[str, float] = field(default_factory=dict)
    min_position_size: float | None = None
    own_minimum: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False, slots=True)
class NamedCovariance:
    """Annual covariances and the names they belong to.

    Attributes:
        names: in row order.
        values: shape (n, n).
    """

    names: tuple[str, ...]
    values: Matrix


@dataclass(frozen=True, eq=False, slots=True)
class RiskParameters:
    """How risk and return are measured, and what is asked of them; None where nothing is stated."""

    risk_free_rate: float | None = None
    risk_aversion: float | None = None
    target_return: float | None = None
    target_volatility: float | None = None
    confidence_level: float | None = None
    periods_per_year: float | None = None
    expected_return_estimator: EstimatorChoice | None = None
    covariance_estimator: EstimatorChoice | None = None
    missing_data: MissingData | None = None
    proxies: Mapping[str, str] = field(default_factory=dict)
    covariance: NamedCovariance | None = None
    prior: EstimatorChoice | None = None


@dataclass(frozen=True, eq=False, slots=True)
class Question:
    """A portfolio, an objective, a method and limits.

    Attributes:
        objective, method: empty where they are left out.
        strategies: the names in order; None means what was imported under the portfolio id.
        options: the method's own.
        scores: by asset, each under its own name; in addition to those in ``strategies``.
        references: the stored documents that were put in place of references.
        supplied: what the portfolio's configuration supplied, by its place there.
    """

    portfolio_id: str
    objective: str
    method: str
    options: Mapping[str, object] = field(default_factory=dict)
    strategies: tuple[Strategy, ...] | None = None
    limits: Limits = Limits()
    risk: RiskParameters = RiskParameters()
    scores: Mapping[str, object] = field(default_factory=dict)
    references: tuple[str, ...] = ()
    supplied: Mapping[str, object] = field(default_factory=dict)

    @property
    def configuration(self) -> Configuration:
        """What was asked, without the data; stored with the answer."""
        return Configuration(self.objective, self.method, _stated(self.limits), _stated(self.risk))


def _stated(values: Limits | RiskParameters) -> dict[str, object]:
    document: dict[str, object] = {}
    for each in fields(values):
        value = getattr(values, each.name)
        if isinstance(value, EstimatorChoice):
            document[each.name] = {"name": value.name, "options": dict(value.options)}
        elif isinstance(value, NamedCovariance):
            document[each.name] = {"names": list(value.names)}
        elif value not in (None, {}, ()):
            document[each.name] = dict(value) if isinstance(value, Mapping) else value
    return document
