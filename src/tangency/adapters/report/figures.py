"""Figures as people read them."""

from __future__ import annotations

OBJECTIVES = {
    "MAX_SHARPE": "maximum Sharpe ratio",
    "MIN_VOLATILITY": "minimum volatility",
    "MAX_RETURN": "maximum expected return",
    "MAX_UTILITY": "maximum utility",
}
VALUES = {
    "MAX_SHARPE": "the Sharpe ratio",
    "MIN_VOLATILITY": "the volatility",
    "MAX_RETURN": "the expected return",
    "MAX_UTILITY": "the utility",
}
"""What ``objective_value`` is."""

NONE = "\N{EN DASH}"


def objective_words(name: str) -> str:
    """An objective for people."""
    return OBJECTIVES.get(name, name.lower().replace("_", " "))


def value_words(name: str) -> str:
    """What the value of an objective is."""
    return VALUES.get(name, "the objective")


def percent(value: float | None, none: str = NONE) -> str:
    """A fraction in per cent, two decimals; a trace of rounding is zero."""
    return none if value is None else f"{_clean(value):.2%}"


def change(value: float | None, none: str = NONE) -> str:
    """A difference of weights in percentage points, with its sign."""
    if value is None:
        return none
    points = 100 * _clean(value)
    return f"{points:+.2f}" if points else "0.00"


def ratio(value: float | None, none: str = NONE) -> str:
    """A ratio, three decimals."""
    return none if value is None else f"{value:.3f}"


def small(value: float | None, none: str = NONE) -> str:
    """A violation, a gap or a price."""
    return none if value is None else f"{value:.2g}"


def _clean(value: float) -> float:
    return 0.0 if abs(value) < 5e-5 else value  # noqa: PLR2004 - half of the last digit shown
