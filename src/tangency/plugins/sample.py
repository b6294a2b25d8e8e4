"""Sample mean and sample covariance."""

from __future__ import annotations

from tangency.domain.numbers import Matrix, Vector
from tangency.domain.optimization.method import NoOptions


class Sample:
    """Arithmetic mean and sample covariance with divisor T - 1, both times the periods per year."""

    name = "sample"
    citation = "Markowitz, H. (1952). Portfolio selection. Journal of Finance 7(1), 77-91."
    options: type = NoOptions

    def mean(self, returns: Matrix, periods_per_year: float, options: object) -> Vector:
        """Annual means: periods_per_year x arithmetic mean. Nothing is compounded.

        Args:
            returns: simple returns per period; shape (T, n).
            periods_per_year: for instance 252 for days.
            options: none.

        Returns:
            Shape (n,).
        """
        means: Vector = periods_per_year * returns.mean(axis=0)
        return means

    def covariance(self, returns: Matrix, periods_per_year: float, options: object) -> Matrix:
        """Annual covariances: periods_per_year x sample covariance, divisor T - 1.

        Args:
            returns: simple returns per period; shape (T, n), T >= 2.
            periods_per_year: for instance 252 for days.
            options: none.

        Returns:
            Shape (n, n).
        """
        centred = returns - returns.mean(axis=0)
        moments: Matrix = centred.T @ centred * (periods_per_year / (len(returns) - 1))
        return moments
