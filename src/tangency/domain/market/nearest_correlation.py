"""The correlation matrix nearest to one that is none, and a covariance made sound with it.

Pairs of names measured over different periods, or by statistics of their own, make up matrices that no set of returns
has. The nearest one that some set has, in the Frobenius norm, is Higham's problem; Qi and Sun solve its dual.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from tangency.domain.errors import InvalidInput, Path
from tangency.domain.market.covariance import DenseCovariance, Repair
from tangency.domain.numbers import Matrix, Vector, frozen

SETTLED = 1e-12
"""Of the diagonal's distance from 1; quadratic convergence reaches it in a handful of steps."""
STALLED = 1e-8
"""The same where rounding allows no more."""
MOST_STEPS = 200
SUFFICIENT = 1e-4
"""Of the slope: Armijo's share, as in the paper."""
RIDGE = 1e-12
"""Keeps the Newton system definite where the nearest matrix has few positive eigenvalues."""


@dataclass(frozen=True, eq=False, slots=True)
class NearestCorrelation:
    """Attributes: ``values``, shape (n, n), and ``distance``, the Frobenius norm of what was changed."""

    values: Matrix
    distance: float


def nearest_correlation(values: Matrix) -> NearestCorrelation:
    """The nearest positive semidefinite matrix with ones on its diagonal.

    Args:
        values: symmetric; shape (n, n).

    Raises:
        InvalidInput: rounding keeps it from settling.

    Source: Qi, H., Sun, D. (2006). A quadratically convergent Newton method for computing the nearest correlation
    matrix. SIAM J. Matrix Anal. Appl. 28(2), 360-385. The problem: Higham, N. (2002). IMA J. Numer. Anal. 22, 329-343.
    """
    given = 0.5 * (values + values.T)
    dual = 1.0 - np.diagonal(given)
    point = _Point.at(given, dual)
    for _ in range(MOST_STEPS):
        if np.abs(point.slope).max() <= SETTLED:
            break
        stepped = _step(given, point)
        if stepped is None:
            break
        point = stepped
    if np.abs(point.slope).max() > STALLED:
        raise InvalidInput.at((), "has no nearest correlation matrix that can be found; check its entries.")
    ones = np.sqrt(np.diagonal(point.positive))
    nearest = point.positive / np.outer(ones, ones)
    np.fill_diagonal(nearest, 1.0)
    return NearestCorrelation(frozen(nearest), float(np.linalg.norm(nearest - values)))


@dataclass(frozen=True, eq=False, slots=True)
class _Point:
    """A dual vector y, the positive part of G + Diag(y), the dual loss and its slope there."""

    dual: Vector
    eigenvalues: Vector
    vectors: Matrix
    positive: Matrix
    loss: float
    slope: Vector

    @classmethod
    def at(cls, given: Matrix, dual: Vector) -> _Point:
        eigenvalues, vectors = np.linalg.eigh(given + np.diag(dual))
        above = np.maximum(eigenvalues, 0.0)
        positive = (vectors * above) @ vectors.T
        loss = 0.5 * float(above @ above) - float(dual.sum())
        return cls(dual, eigenvalues, vectors, positive, loss, np.diagonal(positive) - 1.0)


def _step(given: Matrix, point: _Point) -> _Point | None:
    """Newton's, shortened until the loss falls enough; None where none does."""
    direction = _conjugate_gradients(_curvature(point), -point.slope)
    descent = float(direction @ point.slope)
    length = 1.0
    while length > np.finfo(float).eps:
        tried = _Point.at(given, point.dual + length * direction)
        if tried.loss <= point.loss + SUFFICIENT * length * descent + np.finfo(float).eps * abs(point.loss):
            return tried
        length *= 0.5
    return None


def _curvature(point: _Point) -> Callable[[Vector], Vector]:
    """The product with an element of the generalised Hessian (section 3 of the paper)."""
    values, vectors = point.eigenvalues, point.vectors
    above = np.maximum(values, 0.0)
    apart = np.abs(values)[:, None] + np.abs(values)[None, :]
    shares = np.where(apart > 0, (above[:, None] + above[None, :]) / np.where(apart > 0, apart, 1.0), 1.0)

    def times(direction: Vector) -> Vector:
        turned = (vectors.T * direction) @ vectors
        product: Vector = ((vectors @ (shares * turned)) * vectors).sum(axis=1) + RIDGE * direction
        return product

    return times


def _conjugate_gradients(times: Callable[[Vector], Vector], wanted: Vector) -> Vector:
    solution, residual = np.zeros_like(wanted), wanted
    direction, norm = residual, float(residual @ residual)
    target = norm * SUFFICIENT**4
    for _ in range(2 * len(wanted) + 10):
        image = times(direction)
        length = norm / float(direction @ image)
        solution, residual = solution + length * direction, residual - length * image
        previous, norm = norm, float(residual @ residual)
        if norm <= target:
            break
        direction = residual + (norm / previous) * direction
    return solution


def repaired(values: Matrix, path: Path = ("risk_parameters", "covariance_estimator")) -> DenseCovariance:
    """A covariance with these variances and, where its correlations are none, the nearest that are.

    Args:
        values: symmetric, with variances of at least 0 on the diagonal; shape (n, n).
        path: where it stands in the request, for messages.

    Returns:
        The covariance; its repair says how far it is from the values, relative to them.
    """
    volatilities = np.sqrt(np.diagonal(values))
    moving = volatilities > 0
    correlations = np.eye(len(values))
    units = np.outer(volatilities[moving], volatilities[moving])
    correlations[np.ix_(moving, moving)] = values[np.ix_(moving, moving)] / units
    np.fill_diagonal(correlations, 1.0)
    smallest = float(np.linalg.eigvalsh(correlations)[0])
    if smallest >= -len(values) * np.finfo(float).eps:
        return DenseCovariance.of(values, path)
    nearest = nearest_correlation(correlations)
    sound = DenseCovariance.of(nearest.values * np.outer(volatilities, volatilities), path)
    shift = 0.0 if sound.repair is None else sound.repair.shift
    distance = float(np.linalg.norm(sound.values - values) / np.linalg.norm(values))
    return replace(sound, repair=Repair(shift, distance))
