"""Covariance as a value that owns its factor, its spectrum and its repair, never a bare matrix handed around.

Methods ask for products and quadratic forms; only a method that cannot work otherwise asks for the dense matrix. A
factor model or a Gram matrix of scenarios can therefore stand behind the same interface.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike

from tangency.domain.errors import InvalidInput, Path
from tangency.domain.numbers import Matrix, Vector, frozen

ASYMMETRY_REFUSED = 1e-8
"""Relative to max|S|. Below it, an asymmetry is rounding in whatever printed the matrix; above, it is a mistake."""
NEGATIVITY_REFUSED = 1e-8
"""Relative to the mean variance. Estimators on duplicated assets give -1e-16; an indefinite matrix gives far more."""
EXACT_SPECTRUM_SIZE = 64
"""Up to here eigvalsh costs under 0.2 ms; at n = 100 it was a fifth of the whole solve, at n = 1000 more than all."""
POWER_ITERATIONS = 12


@dataclass(frozen=True, slots=True)
class Spectrum:
    """Bounds on the extreme eigenvalues; both ends of an interval are equal where they are exact."""

    smallest: tuple[float, float]
    largest: tuple[float, float]

    @property
    def condition(self) -> tuple[float, float]:
        """Bounds on largest over smallest eigenvalue; infinite where the smallest may be zero."""
        low = self.largest[0] / self.smallest[1] if self.smallest[1] > 0 else np.inf
        high = self.largest[1] / self.smallest[0] if self.smallest[0] > 0 else np.inf
        return float(low), float(high)


@dataclass(frozen=True, slots=True)
class Repair:
    """What was added so that a positive semidefinite matrix has a Cholesky factor: ``shift`` times the identity."""

    shift: float
    distance: float
    """Frobenius norm of what was added, over that of the matrix."""


class Covariance(Protocol):
    """Annual covariance of simple returns over an ordered universe of ``size`` names."""

    @property
    def size(self) -> int:
        """Number of names n."""

    @property
    def variances(self) -> Vector:
        """The diagonal; shape (n,)."""

    @property
    def repair(self) -> Repair | None:
        """What was done to make it factorable, or None."""

    @property
    def spectrum(self) -> Spectrum:
        """Bounds on the extreme eigenvalues."""

    def times(self, x: Vector) -> Vector:
        """S x; shape (n,)."""

    def dense(self) -> Matrix:
        """The matrix as used, repaired where it had to be; shape (n, n)."""

    def factor(self) -> Matrix:
        """Lower triangular L with L L' = S; shape (n, n)."""


@dataclass(frozen=True, eq=False)
class DenseCovariance:
    """A covariance given number by number. Build one with :meth:`of`, which checks and repairs."""

    values: Matrix
    cholesky: Matrix
    repair: Repair | None

    @classmethod
    def of(cls, values: ArrayLike, path: Path = ("risk_parameters", "covariance", "values")) -> DenseCovariance:
        """Check, symmetrise and factor a matrix.

        Args:
            values: annual covariances; shape (n, n).
            path: where the matrix stands in the request, for messages.

        Raises:
            InvalidInput: not square, not finite, asymmetric beyond 1e-8 of its largest entry, or indefinite beyond
                1e-8 of the mean variance.
        """
        matrix = frozen(values, path, ndim=2)
        if matrix.shape[0] != matrix.shape[1]:
            raise InvalidInput.at(path, f"has shape {matrix.shape}; a covariance is square.", "shape")
        matrix = _symmetric(matrix, path)
        cholesky, shift = _factored(matrix, path)
        if shift:
            distance = shift * np.sqrt(len(matrix)) / max(float(np.linalg.norm(matrix)), np.finfo(float).tiny)
            matrix = matrix + shift * np.eye(len(matrix))
            return cls(frozen(matrix), frozen(cholesky), Repair(float(shift), float(distance)))
        return cls(matrix, frozen(cholesky), None)

    @property
    def size(self) -> int:
        """Number of names n."""
        return len(self.values)

    @cached_property
    def variances(self) -> Vector:
        """The diagonal; shape (n,)."""
        return frozen(np.diagonal(self.values).copy())

    def times(self, x: Vector) -> Vector:
        """S x; shape (n,)."""
        product: Vector = self.values @ x
        return product

    def dense(self) -> Matrix:
        """The matrix as used; shape (n, n)."""
        return self.values

    def factor(self) -> Matrix:
        """Lower triangular L with L L' = S; shape (n, n)."""
        return self.cholesky

    @cached_property
    def spectrum(self) -> Spectrum:
        """Exact up to n = 64, an interval from the factor above."""
        if self.size <= EXACT_SPECTRUM_SIZE:
            eigenvalues = np.linalg.eigvalsh(self.values)
            low, high = float(eigenvalues[0]), float(eigenvalues[-1])
            return Spectrum((low, low), (high, high))
        return Spectrum(self._smallest_between(), self._largest_between())

    def _smallest_between(self) -> tuple[float, float]:
        # lambda_min is at most any squared pivot, and at least delta where S - delta I still factors.
        above = float(np.diagonal(self.cholesky).min()) ** 2
        delta = 0.1 * above
        shifted = self.values.copy()
        shifted[np.diag_indices(self.size)] -= delta
        try:
            np.linalg.cholesky(shifted)
        except np.linalg.LinAlgError:
            return 0.0, above
        return delta, above

    def _largest_between(self) -> tuple[float, float]:
        direction, rayleigh = np.sqrt(self.variances) + np.finfo(float).tiny, 0.0
        for _ in range(POWER_ITERATIONS):
            length = float(np.linalg.norm(direction))
            if length == 0.0:  # nothing varies
                break
            direction = direction / length
            image = self.values @ direction
            rayleigh, direction = float(direction @ image), image
        return rayleigh, float(np.abs(self.values).sum(axis=1).max())


def _symmetric(matrix: Matrix, path: Path) -> Matrix:
    if np.array_equal(matrix, matrix.T):
        return matrix
    difference = matrix - matrix.T
    worst, largest = float(np.abs(difference).max(initial=0.0)), float(np.abs(matrix).max(initial=0.0))
    if worst > ASYMMETRY_REFUSED * largest:
        row, column = np.unravel_index(int(np.abs(difference).argmax()), matrix.shape)
        raise InvalidInput.at(
            (*path, int(row), int(column)),
            f"is {matrix[row, column]} and its mirror is {matrix[column, row]}; a covariance is symmetric.",
            "asymmetric",
        )
    return frozen(0.5 * (matrix + matrix.T))


def _cholesky(matrix: Matrix) -> Matrix:
    return np.asarray(np.linalg.cholesky(matrix), dtype=float)


def _factored(matrix: Matrix, path: Path) -> tuple[Matrix, float]:
    try:
        return _cholesky(matrix), 0.0
    except np.linalg.LinAlgError:
        pass
    mean_variance = float(np.trace(matrix)) / len(matrix)
    smallest = float(np.linalg.eigvalsh(matrix)[0])
    if smallest < -NEGATIVITY_REFUSED * mean_variance or mean_variance < 0:
        raise InvalidInput.at(
            path,
            f"is not positive semidefinite: its smallest eigenvalue is {smallest:.6g}. No set of returns has such a "
            "covariance; estimate it from complete returns, or repair it before sending it.",
            "indefinite",
        )
    if mean_variance == 0.0:
        return np.zeros_like(matrix), 0.0
    shift = max(-smallest, np.finfo(float).eps * mean_variance)
    while True:
        try:
            return _cholesky(matrix + shift * np.eye(len(matrix))), shift
        except np.linalg.LinAlgError:
            shift *= 2.0
