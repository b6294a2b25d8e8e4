"""When to rebalance: each trigger looks at a portfolio and says why now, or why not."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Protocol

TRADING_DAYS = 252.0
"""In a year."""


@dataclass(frozen=True, slots=True)
class Drift:
    """A portfolio next to its target.

    Attributes:
        weights: by name, without cash.
        target: of the same names.
        volatilities: annual, of the same names.
        today: the date of the prices.
        last_rebalance: when the weights were last those of the target; None where unknown.
        tracking_error: annual, to the target.
        total: what the portfolio is worth.
        cash: in money.
        gain: the annual certainty equivalent of the planned trades, as a rate; None without means.
        cost: of those trades with taxes, in money.
    """

    weights: Mapping[str, float]
    target: Mapping[str, float]
    volatilities: Mapping[str, float]
    today: date
    last_rebalance: date | None
    tracking_error: float
    total: float
    cash: float
    gain: float | None
    cost: float

    @property
    def days(self) -> int | None:
        """Trading days since the last rebalancing, by the calendar of weekdays; None where that is unknown."""
        return None if self.last_rebalance is None else weekdays(self.last_rebalance, self.today)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a trigger says.

    Attributes:
        trigger: its word.
        fires: whether it asks to rebalance now.
        value: what it measured; None where that cannot be known.
        limit: what it compared that with.
        reason: the comparison, as a sentence.
        names: the names that are outside, the worst first.
    """

    trigger: str
    fires: bool
    value: float | None
    limit: float
    reason: str
    names: tuple[str, ...] = ()


class Trigger(Protocol):
    """A reason to rebalance."""

    def look(self, drift: Drift) -> Verdict:
        """Whether it is one now."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """So many days have passed since the last rebalancing."""

    every_days: int

    def look(self, drift: Drift) -> Verdict:
        """Fires where the last rebalancing is unknown or as long ago."""
        if drift.last_rebalance is None:
            return Verdict("calendar", True, None, self.every_days, "The last rebalancing is unknown.")
        passed = (drift.today - drift.last_rebalance).days
        fires = passed >= self.every_days
        reason = f"{passed} days have passed since {drift.last_rebalance}; it is due after {self.every_days}."
        return Verdict("calendar", fires, passed, self.every_days, reason)


@dataclass(frozen=True, slots=True)
class AbsoluteBand:
    """|w - target| > band for some name."""

    band: float

    def look(self, drift: Drift) -> Verdict:
        """Fires where a weight is outside."""
        away = {name: abs(drift.weights[name] - target) for name, target in drift.target.items()}
        return _outside("absolute_band", away, dict.fromkeys(away, self.band), self.band, "weight is off target by")


@dataclass(frozen=True, slots=True)
class RelativeBand:
    """|w - target| > band x target for some name."""

    band: float

    def look(self, drift: Drift) -> Verdict:
        """Fires where a weight is outside. A name that is held and not wanted is outside of every band."""
        away = {name: _over(abs(drift.weights[name] - target), abs(target)) for name, target in drift.target.items()}
        return _outside(
            "relative_band", away, dict.fromkeys(away, self.band), self.band, "share of its target is off by"
        )


@dataclass(frozen=True, slots=True)
class VolatilityBand:
    """|w - target| > multiple x volatility x target x sqrt(trading days since the rebalancing / 252)."""

    multiple: float

    def look(self, drift: Drift) -> Verdict:
        """Fires where a name drifted further than its volatility explains; not where the days are unknown."""
        days = drift.days
        if days is None:
            reason = "The last rebalancing is unknown, and the band grows with the time since it."
            return Verdict("volatility_band", False, None, self.multiple, reason)
        root = math.sqrt(days / TRADING_DAYS)
        units = {
            name: _over(abs(drift.weights[name] - target), drift.volatilities[name] * abs(target) * root)
            for name, target in drift.target.items()
        }
        limits = dict.fromkeys(units, self.multiple)
        return _outside("volatility_band", units, limits, self.multiple, "drift in units of its own volatility is")


@dataclass(frozen=True, slots=True)
class TrackingErrorBand:
    """The annual tracking error to the target is above a limit."""

    limit: float

    def look(self, drift: Drift) -> Verdict:
        """Fires above it."""
        error = drift.tracking_error
        reason = f"The tracking error to the target is {error:.4g}; the limit is {self.limit:g}."
        return Verdict("tracking_error", error > self.limit, error, self.limit, reason)


@dataclass(frozen=True, slots=True)
class CashFlow:
    """Cash is off its target by more than a share of the portfolio: money came in, or went out."""

    limit: float

    def look(self, drift: Drift) -> Verdict:
        """Fires where cash is outside."""
        wanted = 1.0 - math.fsum(drift.target.values())
        share = drift.cash / drift.total
        away = abs(share - wanted)
        reason = f"Cash is {share:.4g} of the portfolio and {wanted:.4g} is wanted; the band is {self.limit:g}."
        return Verdict("cash_flow", away > self.limit, away, self.limit, reason)


@dataclass(frozen=True, slots=True)
class CostBenefit:
    """The certainty-equivalent gain over a horizon is worth more than costs and taxes.

    Attributes:
        horizon_years: for so long the gain is enjoyed.
    """

    horizon_years: float

    def look(self, drift: Drift) -> Verdict:
        """Fires where gain x horizon > cost + tax, both in money."""
        if drift.gain is None:
            return Verdict(
                "cost_benefit", False, None, drift.cost, "There are no expected returns to weigh the cost with."
            )
        worth = drift.gain * self.horizon_years * drift.total
        reason = f"The trades are worth {worth:,.2f} over {self.horizon_years:g} years, and cost {drift.cost:,.2f}."
        return Verdict("cost_benefit", worth > drift.cost, worth, drift.cost, reason)


def weekdays(first: date, last: date) -> int:
    """Days from Monday to Friday after the first date, up to the last one."""
    span = max((last - first).days, 0)
    weeks, rest = divmod(span, 7)
    return 5 * weeks + sum((first + timedelta(days=i)).weekday() < 5 for i in range(1, rest + 1))  # noqa: PLR2004


def _over(drift: float, unit: float) -> float:
    """0 / 0 is no drift; anything else over 0 is more than any band, and still a number."""
    if unit > 0:
        return min(drift / unit, LARGEST_RATIO)
    return LARGEST_RATIO if drift > 0 else 0.0


LARGEST_RATIO = 1e9
"""Stands for a drift from nothing, which no multiple of nothing reaches."""


def _outside(trigger: str, away: Mapping[str, float], limits: Mapping[str, float], limit: float, what: str) -> Verdict:
    worst = sorted(away, key=lambda name: (-away[name], name))
    names = tuple(name for name in worst if away[name] > limits[name] * (1 + ROUNDING))
    value = away[worst[0]] if worst else 0.0
    count = f"{len(names)} names are outside" if names else "every name is inside"
    reason = (
        f"The {what} {value:.4g} for {worst[0]}; the band is {limit:g}, and {count}." if worst else "No name is held."
    )
    return Verdict(trigger, bool(names), value, limit, reason, names)


ROUNDING = 1e-12
"""A drift of exactly the band is inside."""
