"""A covariance kept as a factor model: what the factors explain, and what each name does on its own."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tangency.domain.errors import InvalidInput, Path
from tangency.domain.market.covariance import EXACT_SPECTRUM_SIZE, Covariance, DenseCovariance, Repair, Spectrum
from tangency.domain.numbers import Matrix, Vector, frozen

CLEAR = 1e-10
"""Of the mean variance: with so much specific variance everywhere, the matrix has a factor without trying."""

PATH: Path = ("risk_parameters", "covariance_estimator")


@dataclass(frozen=True, eq=False)
class FactorModel:
    """Returns as loadings on a few factors and a rest that is each name's own. Build one with :meth:`of`.

    Attributes:
        factors: the factors' names.
        loadings: B; shape (n, k).
        covariance: annual covariances F of the factors; shape (k, k).
        specific: annual variances of the rests; shape (n,).
    """

    factors: tuple[str, ...]
    loadings: Matrix
    covariance: Matrix
    specific: Vector

    @classmethod
    def of(
        cls, factors: tuple[str, ...], loadings: Matrix, covariance: Matrix, specific: Vector, path: Path = PATH
    ) -> FactorModel:
        """Check the figures against each other.

        Raises:
            InvalidInput: shapes that do not fit, a factor named twice, a specific variance below 0, or a factor
                covariance that is none.
        """
        size, count = len(specific), len(factors)
        if loadings.shape != (size, count) or covariance.shape != (count, count):
            detail = (
                f"has loadings of shape {loadings.shape} and a factor covariance of shape {covariance.shape}; "
                f"{size} names and {count} factors need {(size, count)} and {(count, count)}."
            )
            raise InvalidInput.at(path, detail, "shape")
        if len(set(factors)) < count or SPECIFIC in factors:
            detail = f"has the factors {', '.join(factors)}; give each a name of its own, and none {SPECIFIC!r}."
            raise InvalidInput.at(path, detail, "duplicate")
        if size and specific.min() < 0:
            detail = f"has a specific variance of {specific.min():.6g}; none is below 0."
            raise InvalidInput.at(path, detail, "range")
        sound = DenseCovariance.of(covariance, path).values if count else covariance
        rows = np.ascontiguousarray(loadings)  # as it arrives elsewhere: sums keep their order, and their last bits
        return cls(factors, frozen(rows, path, 2), sound, frozen(specific, path, 1))

    @property
    def size(self) -> int:
        """Number of names n."""
        return len(self.specific)

    def exposures(self, weights: Vector) -> Vector:
        """B'w; shape (k,)."""
        found: Vector = self.loadings.T @ weights
        return found


SPECIFIC = "specific"
"""The word for the part of a risk that no factor explains."""


@dataclass(frozen=True, eq=False)
class FactorCovariance:
    """B F B' + D over n names, with the model that it stands on. Build one with :meth:`of`."""

    model: FactorModel
    repair: Repair | None = None
    reported: Spectrum | None = None
    """What another process has found out about the spectrum already."""

    @classmethod
    def of(cls, model: FactorModel) -> FactorCovariance:
        """The covariance of a model; where it has no Cholesky factor, a little is added to every specific variance."""
        sound = cls(model)
        mean_variance = float(sound.variances.mean())
        if model.specific.min() > CLEAR * mean_variance or mean_variance == 0.0:
            return sound
        shift = 0.0
        while not _factorable(cls(_shifted(model, shift))):
            shift = 2.0 * shift or np.finfo(float).eps * mean_variance
        if not shift:
            return sound
        distance = shift * np.sqrt(model.size) / float(np.linalg.norm(sound.dense()))
        return cls(_shifted(model, shift), Repair(float(shift), float(distance)))

    @property
    def size(self) -> int:
        """Number of names n."""
        return self.model.size

    @cached_property
    def variances(self) -> Vector:
        """The diagonal; shape (n,)."""
        explained = (self._spread * self.model.loadings).sum(axis=1)
        return frozen(np.maximum(explained, 0.0) + self.model.specific)

    @cached_property
    def _spread(self) -> Matrix:
        """B F; shape (n, k)."""
        spread: Matrix = self.model.loadings @ self.model.covariance
        return spread

    def times(self, x: Vector) -> Vector:
        """S x, in the order of n k; shape (n,)."""
        product: Vector = self._spread @ (self.model.loadings.T @ x) + self.model.specific * x
        return product

    def dense(self) -> Matrix:
        """The matrix, number by number; shape (n, n)."""
        return self._dense

    @cached_property
    def _dense(self) -> Matrix:
        explained = self._spread @ self.model.loadings.T
        whole = 0.5 * (explained + explained.T)
        whole[np.diag_indices(self.size)] = self.variances
        return frozen(whole)

    def factor(self) -> Matrix:
        """Lower triangular L with L L' = S; shape (n, n)."""
        return self._factor

    @cached_property
    def _factor(self) -> Matrix:
        return frozen(np.linalg.cholesky(self._dense) if self._dense.any() else np.zeros_like(self._dense))

    @cached_property
    def spectrum(self) -> Spectrum:
        """Exact up to n = 64; above, what the parts say: no eigenvalue is below the least specific variance."""
        if self.reported is not None:
            return self.reported
        if self.size <= EXACT_SPECTRUM_SIZE:
            eigenvalues = np.linalg.eigvalsh(self._dense)
            low, high = float(eigenvalues[0]), float(eigenvalues[-1])
            return Spectrum((low, low), (high, high))
        return Spectrum(self._smallest_between(), self._largest_between())

    def _smallest_between(self) -> tuple[float, float]:
        """Some portfolio of the k + 1 names with least specific variance is exposed to no factor."""
        own, count = np.sort(self.model.specific), len(self.model.factors)
        above = float(own[count]) if count < self.size else np.inf
        return float(own[0]), min(above, float(self.variances.min()))

    def _largest_between(self) -> tuple[float, float]:
        inner = self.model.loadings.T @ self._spread
        explained = float(np.linalg.eigvals(inner).real.max(initial=0.0))
        own = self.model.specific
        return max(explained + float(own.min()), float(self.variances.max())), explained + float(own.max())


def factor_model_of(covariance: Covariance) -> FactorModel | None:
    """The model that a covariance stands on; None where it stands on none."""
    return covariance.model if isinstance(covariance, FactorCovariance) else None


def _shifted(model: FactorModel, shift: float) -> FactorModel:
    return FactorModel(model.factors, model.loadings, model.covariance, frozen(model.specific + shift))


def _factorable(covariance: FactorCovariance) -> bool:
    try:
        covariance.factor()
    except np.linalg.LinAlgError:
        return False
    return True
