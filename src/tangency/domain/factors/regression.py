"""Least squares, several columns at once, with plain or Newey-West errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from tangency.domain.errors import InvalidInput
from tangency.domain.numbers import Matrix, Vector

Errors = Literal["plain", "newey_west"]

DEPENDENT = 1e-10
"""Of a regressor's length: what the others leave of it is rounding."""


@dataclass(frozen=True, eq=False)
class Regression:
    """Columns explained by regressors.

    Attributes:
        regressors: with a leading column of ones where there is an intercept; shape (T, p).
        inverse: of regressors' regressors; shape (p, p).
        coefficients: shape (p, m), the intercept first.
        residuals: shape (T, m).
        intercept: whether the first coefficient is one.
        lag: of the Newey-West errors; None for plain ones.
    """

    regressors: Matrix
    inverse: Matrix
    coefficients: Matrix
    residuals: Matrix
    intercept: bool
    lag: int | None

    @property
    def degrees_of_freedom(self) -> int:
        """T - p."""
        return len(self.regressors) - len(self.inverse)

    @cached_property
    def residual_variances(self) -> Vector:
        """Sum of squared residuals over T - p; shape (m,). NaN without a degree of freedom."""
        squares: Vector = (self.residuals**2).sum(axis=0)
        return squares / self.degrees_of_freedom if self.degrees_of_freedom else np.full_like(squares, np.nan)

    @cached_property
    def standard_errors(self) -> Matrix:
        """Of the coefficients; shape (p, m)."""
        if self.lag is None:
            return np.sqrt(np.outer(np.diagonal(self.inverse), self.residual_variances))
        return np.stack([self._newey_west(column, self.lag) for column in self.residuals.T], axis=1)

    def _newey_west(self, residuals: Vector, lag: int) -> Vector:
        scores = self.regressors * residuals[:, None]
        long_run = scores.T @ scores
        for step in range(1, lag + 1):
            cross = scores[step:].T @ scores[:-step]
            long_run += (1.0 - step / (lag + 1.0)) * (cross + cross.T)
        return np.sqrt(np.maximum(np.diagonal(self.inverse @ long_run @ self.inverse), 0.0))

    @cached_property
    def t_statistics(self) -> Matrix:
        """Coefficients over their standard errors; shape (p, m). Infinite or NaN where a fit is perfect."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return self.coefficients / self.standard_errors

    @cached_property
    def r_squared(self) -> Vector:
        """Share of the variation explained, about the mean where there is an intercept; shape (m,)."""
        fitted = self.regressors @ self.coefficients + self.residuals
        around = fitted - fitted.mean(axis=0) if self.intercept else fitted
        total, left = (around**2).sum(axis=0), (self.residuals**2).sum(axis=0)
        return np.where(total > 0, 1.0 - left / np.where(total > 0, total, 1.0), np.nan)


def default_lag(rows: int) -> int:
    """floor(4 (T / 100)^(2/9)), as Newey and West (1994) suggest."""
    return int(np.floor(4.0 * (rows / 100.0) ** (2.0 / 9.0)))


def regress(
    explained: Matrix,
    regressors: Matrix,
    intercept: bool = True,
    errors: Errors = "plain",
    lag: int | None = None,
    names: Sequence[str] = (),
) -> Regression:
    """Explain columns by regressors, by the QR factors of the regressors.

    Args:
        explained: shape (T, m), or (T,) for one column.
        regressors: shape (T, k).
        intercept: whether to put a column of ones before them.
        errors: ``plain`` for independent residuals of one variance; ``newey_west`` (1987) for residuals that are
            neither, with Bartlett's weights.
        lag: of the latter; floor(4 (T / 100)^(2/9)) where left out.
        names: of the regressors, for errors; their places where left out.

    Raises:
        InvalidInput: fewer rows than coefficients, or a regressor that is a combination of the others.
    """
    columns = explained[:, None] if explained.ndim == 1 else explained
    design = np.column_stack([np.ones(len(regressors)), regressors]) if intercept else regressors
    rows, size = design.shape
    if rows < size:
        detail = f"{rows} periods cannot tell {size} coefficients apart; give more periods, or fewer factors."
        raise InvalidInput.at(("factors",), detail, "too_few_rows")
    lengths = np.linalg.norm(design, axis=0)
    scaled = design / np.where(lengths > 0, lengths, 1.0)
    orthogonal, triangular = np.linalg.qr(scaled)
    left = np.abs(np.diagonal(triangular))
    if left.min() <= DEPENDENT:
        place = int(left.argmin()) - intercept
        which = repr(names[place]) if names else f"regressor {place}"
        detail = f"have {which}, which is constant or a combination of those before it; leave it out."
        raise InvalidInput.at(("factors",), detail, "collinear")
    back = np.linalg.inv(triangular) / lengths[:, None]
    coefficients = back @ (orthogonal.T @ columns)
    residuals = columns - orthogonal @ (orthogonal.T @ columns)
    chosen = None if errors == "plain" else min(default_lag(rows) if lag is None else lag, rows - 1)
    return Regression(design, back @ back.T, coefficients, residuals, intercept, chosen)
