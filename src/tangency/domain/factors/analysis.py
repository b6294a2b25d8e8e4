"""What a portfolio's returns and its risk come from: factors, and the rest."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from tangency.domain.factors.history import Frequency
from tangency.domain.factors.regression import Errors

SPECIFIC = "specific"
"""The row for what no factor explains."""

PREFIX = "fac-"


@dataclass(frozen=True, slots=True)
class Window:
    """The periods that were looked at: the ends of the first and the last."""

    start: date
    end: date


@dataclass(frozen=True, slots=True)
class Exposure:
    """A portfolio's exposure to a factor: the sum of w_i beta_i, with the errors of the portfolio's own regression.

    Attributes:
        active_exposure: exposure minus that of the benchmark; None without one.
    """

    factor: str
    exposure: float
    benchmark_exposure: float | None
    active_exposure: float | None
    standard_error: float | None
    t_statistic: float | None


@dataclass(frozen=True, slots=True)
class Attribution:
    """A factor's part of risk and return, annual.

    Attributes:
        contribution: to the volatility of excess returns: x_k (F x)_k / sigma.
        percent_contribution: the same as a fraction of it; None where there is no risk.
        return_contribution: to the mean excess return: x_k mean f_k; of ``specific``, alpha.
        active_contribution: to the tracking error, likewise; None without a benchmark, as are the others.
    """

    factor: str
    contribution: float
    percent_contribution: float | None
    return_contribution: float
    active_contribution: float | None = None
    active_percent_contribution: float | None = None
    active_return_contribution: float | None = None


@dataclass(frozen=True, slots=True)
class Totals:
    """A portfolio's annual figures over the window.

    Attributes:
        volatility: of excess returns; what the contributions sum to.
        factor_volatility, specific_volatility: their squares sum to its square.
        excess_return: mean over the risk-free rate; what the return contributions sum to.
        alpha: its part that no factor explains; with its standard error and t.
    """

    volatility: float
    factor_volatility: float
    specific_volatility: float
    excess_return: float
    alpha: float
    alpha_standard_error: float | None
    alpha_t_statistic: float | None
    r_squared: float | None


@dataclass(frozen=True, slots=True)
class Coefficient:
    """An asset's beta."""

    factor: str
    coefficient: float
    standard_error: float | None
    t_statistic: float | None


@dataclass(frozen=True, slots=True)
class AssetFactors:
    """A name's own regression; alpha and volatility are annual."""

    name: str
    weight: float
    benchmark_weight: float | None
    alpha: float
    alpha_standard_error: float | None
    alpha_t_statistic: float | None
    r_squared: float | None
    specific_volatility: float
    coefficients: tuple[Coefficient, ...]


@dataclass(frozen=True, slots=True)
class Series:
    """Returns per period, ready to be drawn: the portfolio's is what factors explain plus the rest."""

    dates: tuple[date, ...]
    portfolio: tuple[float, ...]
    benchmark: tuple[float, ...] | None
    explained: tuple[float, ...]
    specific: tuple[float, ...]
    factors: dict[str, tuple[float, ...]]


@dataclass(frozen=True, slots=True)
class FactorFindings:
    """What the regressions say.

    Attributes:
        periods: T.
        lag: of Newey-West errors; None for plain ones.
        active: of the portfolio minus the benchmark; its volatility is the tracking error.
        factor_covariance: annual, by factor and factor.
    """

    window: Window
    periods: int
    periods_per_year: float
    lag: int | None
    exposures: tuple[Exposure, ...]
    attribution: tuple[Attribution, ...]
    portfolio: Totals
    benchmark: Totals | None
    active: Totals | None
    assets: tuple[AssetFactors, ...]
    factor_covariance: dict[str, dict[str, float]]
    series: Series


@dataclass(frozen=True, slots=True)
class FactorAnalysis:
    """An analysis that was made; nothing about it changes afterwards.

    Attributes:
        as_of: the day of the prices that the weights are taken at.
        factors: analyzed.
        source: what was asked for: a set, sets and factors by name, ``statistical``, or ``custom``.
        references: the stored documents that took part, each with its version.
    """

    analysis_id: str
    portfolio_id: str
    created_at: datetime
    as_of: datetime
    factors: tuple[str, ...]
    source: tuple[str, ...]
    errors: Errors
    frequency: Frequency
    references: tuple[str, ...]
    findings: FactorFindings
