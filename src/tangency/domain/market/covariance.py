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
SETTLED = 1e-4
"""Relative gain of a power iteration after which there is no other: the upper bound is far looser."""
BLOCK = 4
"""One in so many names is in the block; its factor takes a 64th of the time."""
SHARE_OF_PIVOT = 0.1
"""Of the smallest squared pivot: the smallest eigenvalue is seldom further below."""
CLEAR_PIVOT = 1e-5
"""Of the mean variance: from here on the factor has digits to spare."""
LARGEST_IN_ONE = 400
PANEL = 96


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


@dataclass(frozen=True, slots=True)
class Definite:
    """What factoring S - shift I has proven: every eigenvalue of S is at least ``shift``.

    Attributes:
        shift: 0 or above.
        pivot: the smallest squared pivot; the smallest eigenvalue is at most shift + pivot.
    """

    shift: float
    pivot: float


@dataclass(frozen=True, eq=False)
class DenseCovariance:
    """A covariance given number by number. Build one with :meth:`of`, which checks and repairs."""

    values: Matrix
    repair: Repair | None
    definite: Definite

    @classmethod
    def of(cls, values: ArrayLike, path: Path = ("risk_parameters", "covariance", "values")) -> DenseCovariance:
        """Check and symmetrise a matrix, and prove by factoring it that it is positive definite.

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
        definite = _definite(matrix, _share_of_a_block(matrix)) or _definite(matrix, 0.0)
        if definite is not None:
            return cls(matrix, None, definite)
        shift = _repairing_shift(matrix, path)
        distance = shift * np.sqrt(len(matrix)) / max(float(np.linalg.norm(matrix)), np.finfo(float).tiny)
        matrix = frozen(_plus(matrix, shift))
        repair = Repair(float(shift), float(distance)) if shift else None
        return cls(matrix, repair, _definite(matrix, 0.0) or Definite(0.0, 0.0))

    @property
    def size(self) -> int:
        """Number of names n."""
        return len(self.values)

    @cached_property
    def variances(self) -> Vector:
        """The diagonal; shape (n,)."""
        return frozen(np.diagonal(self.values).copy())

    def times(self, x: Vector) -> Vector:
        """S x; shape (n,). Remembered for the last x that cannot change: a certificate asks for it a dozen times."""
        known = self._products.get("last")
        if known is not None and known[0] is x:
            return known[1]
        product: Vector = self.values @ x
        if x.flags.owndata and not x.flags.writeable:
            product.flags.writeable = False
            self._products["last"] = (x, product)
        return product

    @cached_property
    def _products(self) -> dict[str, tuple[Vector, Vector]]:
        return {}

    def dense(self) -> Matrix:
        """The matrix as used; shape (n, n)."""
        return self.values

    def factor(self) -> Matrix:
        """Lower triangular L with L L' = S; shape (n, n). Made when asked for: few methods need it."""
        return self._factor

    @cached_property
    def _factor(self) -> Matrix:
        return frozen(np.linalg.cholesky(self.values) if self.values.any() else np.zeros_like(self.values))

    @cached_property
    def spectrum(self) -> Spectrum:
        """Exact up to n = 64, an interval from the factor above."""
        if self.size <= EXACT_SPECTRUM_SIZE:
            eigenvalues = np.linalg.eigvalsh(self.values)
            low, high = float(eigenvalues[0]), float(eigenvalues[-1])
            return Spectrum((low, low), (high, high))
        return Spectrum(self._smallest_between(), self._largest_between())

    def _smallest_between(self) -> tuple[float, float]:
        above = self.definite.shift + self.definite.pivot
        if self.definite.shift:
            return self.definite.shift, above
        closer = _definite(self.values, SHARE_OF_PIVOT * above)  # the first names have misled
        return closer.shift if closer else 0.0, above

    def _largest_between(self) -> tuple[float, float]:
        direction, rayleigh = np.sqrt(self.variances) + np.finfo(float).tiny, 0.0
        for _ in range(POWER_ITERATIONS):
            length = float(np.linalg.norm(direction))
            if length == 0.0:  # nothing varies
                break
            direction = direction / length
            image = self.values @ direction
            before, rayleigh, direction = rayleigh, float(direction @ image), image
            if rayleigh - before <= SETTLED * rayleigh:
                break
        return rayleigh, float(np.abs(self.values).sum(axis=1).max())


def images(covariance: Covariance, portfolios: Matrix) -> Matrix:
    """S x of portfolios x by row, shape (k, n); one product for all where the matrix is written out anyway."""
    if isinstance(covariance, DenseCovariance):
        return portfolios @ covariance.values
    return np.array([covariance.times(x) for x in portfolios]).reshape(portfolios.shape)


def _symmetric(matrix: Matrix, path: Path) -> Matrix:
    if np.array_equal(matrix, matrix.T):
        return matrix
    difference = matrix - matrix.T
    worst, largest = float(np.abs(difference).max(initial=0.0)), float(np.abs(matrix).max(initial=0.0))
    if worst > ASYMMETRY_REFUSED * largest:
        row, column = np.unravel_index(int(np.abs(difference).argmax()), matrix.shape)
        raise InvalidInput.at(
            (*path, int(row), int(column)),
            f"is {matrix[row, column]} and its mirror is {matrix[column, row]}; a covariance is symmetric, so give "
            "both the same value.",
            "asymmetric",
        )
    return frozen(0.5 * (matrix + matrix.T))


def _definite(matrix: Matrix, shift: float) -> Definite | None:
    """What the factor of matrix - shift I says; None where there is none."""
    try:
        if shift and len(matrix) > LARGEST_IN_ONE:
            return Definite(shift, _least_pivot(_plus(matrix, -shift)) ** 2)
        return Definite(shift, float(np.diagonal(np.linalg.cholesky(_plus(matrix, -shift))).min()) ** 2)
    except np.linalg.LinAlgError:
        return None


def _least_pivot(matrix: Matrix) -> float:
    """The smallest diagonal entry of the Cholesky factor of a well-conditioned matrix, which is overwritten.

    Block by block, since only the pivots are wanted: factoring at once takes two more matrices, and the time to fill
    them. Multiplying by the inverse of a block costs as many digits as its factor's condition has.
    """
    n, least = len(matrix), np.inf
    for first in range(0, n, PANEL):
        rest = min(first + PANEL, n)
        block = np.linalg.cholesky(matrix[first:rest, first:rest])
        least = min(least, float(np.diagonal(block).min()))
        panel = np.linalg.inv(block) @ matrix[first:rest, rest:]
        for row in range(rest, n, PANEL):
            columns = panel[:, row - rest :]
            matrix[row : row + PANEL, row:] -= columns[:, :PANEL].T @ columns
    return least


def _share_of_a_block(matrix: Matrix) -> float:
    """A shift that most matrices still factor with: some of the smallest pivot of their first names.

    So that one factor proves both that a matrix is positive definite and by how much. 0 where the exact spectrum is as
    quick, and where the pivot is too small to tell from rounding.
    """
    if len(matrix) <= EXACT_SPECTRUM_SIZE:
        return 0.0
    first = len(matrix) // BLOCK
    block = _definite(matrix[:first, :first], 0.0)
    clear = block is not None and block.pivot > CLEAR_PIVOT * float(np.trace(matrix)) / len(matrix)
    return SHARE_OF_PIVOT * block.pivot if block and clear else 0.0


def _plus(matrix: Matrix, shift: float) -> Matrix:
    """Matrix + shift I."""
    if not shift:
        return matrix
    shifted = matrix.copy()
    shifted.flat[:: len(matrix) + 1] += shift
    return shifted


def _repairing_shift(matrix: Matrix, path: Path) -> float:
    """The smallest shift that makes an almost semidefinite matrix factor; 0 where nothing varies."""
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
        return 0.0
    shift = max(-smallest, np.finfo(float).eps * mean_variance)
    while _definite(matrix, -shift) is None:
        shift *= 2.0
    return shift
