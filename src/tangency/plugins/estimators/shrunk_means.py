"""Sample means drawn towards a common one by as much as their own noise asks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, cast

import numpy as np

from tangency.domain.market.covariance import Covariance
from tangency.domain.market.estimates import Estimator, SampleKind
from tangency.domain.market.scenarios import Scenarios, equally_likely
from tangency.domain.numbers import Vector

Target = Literal["grand_mean", "minimum_variance"]


@dataclass(frozen=True, slots=True)
class JamesSteinOptions:
    """The target of the shrinkage.

    Attributes:
        target: ``grand_mean``: the average of all means. ``minimum_variance``: the mean of the minimum-variance
            portfolio.
    """

    target: Target = "grand_mean"


@dataclass(frozen=True, slots=True)
class BayesSteinOptions:
    """The target of the shrinkage.

    Attributes:
        target: ``grand_mean``: the average of all means. ``minimum_variance``: the mean of the minimum-variance
            portfolio.
    """

    target: Target = "minimum_variance"


class JamesStein(Estimator):
    """James-Stein shrinkage of the sample means toward a common target.

    (1 - b) mean + b target, with b = (trace - 2 largest eigenvalue of S) / (T |mean - target|^2), limited to between 0
    and 1 (positive part), because values outside make the means worse.

    Use it when sample means are too noisy to tell assets apart: the noisier they are, the closer they move to each
    other.
    """

    name = "james_stein"
    citation = (
        "James, W., Stein, C. (1961). Estimation with quadratic loss. Proc. Fourth Berkeley Symposium 1, 361-379; "
        "Jorion, P. (1986). Journal of Financial and Quantitative Analysis 21(3), 279-292."
    )
    options: type = JamesSteinOptions
    takes: SampleKind = "equal_rows"

    def mean(self, sample: Scenarios, covariance: Covariance, options: object) -> Vector:
        """Annual means; shape (n,).

        Raises:
            InvalidInput: the scenarios have probabilities, which the share knows nothing of.
        """
        rows = len(equally_likely(sample, self.name))
        mean = sample.periods_per_year * sample.mean
        target = _target(mean, covariance, cast(JamesSteinOptions, options).target)
        eigenvalues = np.linalg.eigvalsh(covariance.dense())
        noise = sample.periods_per_year * float(eigenvalues.sum() - 2.0 * eigenvalues[-1]) / rows
        distance = float((mean - target) @ (mean - target))
        share = min(1.0, max(0.0, noise) / distance) if distance > 0 else 1.0
        return _shrunk(mean, target, share)


class BayesStein(Estimator):
    """Bayes-Stein shrinkage (Jorion) of the sample means toward a common target.

    (1 - b) mean + b target, with b = (n + 2) / (n + 2 + T d'S^-1 d) and d the means minus the target.

    Use it like ``james_stein``; it also takes the correlations of the estimation errors into account.
    """

    name = "bayes_stein"
    citation = (
        "Jorion, P. (1986). Bayes-Stein estimation for portfolio analysis. Journal of Financial and Quantitative "
        "Analysis 21(3), 279-292, equations 14 and 17."
    )
    options: type = BayesSteinOptions
    takes: SampleKind = "equal_rows"

    def mean(self, sample: Scenarios, covariance: Covariance, options: object) -> Vector:
        """Annual means; shape (n,).

        Raises:
            InvalidInput: the scenarios have probabilities, which the share knows nothing of.
        """
        rows = len(equally_likely(sample, self.name))
        mean = sample.periods_per_year * sample.mean
        target = _target(mean, covariance, cast(BayesSteinOptions, options).target)
        apart = mean - target
        evidence = rows * float(apart @ _solved(covariance, apart)) / sample.periods_per_year
        share = (len(mean) + 2.0) / (len(mean) + 2.0 + evidence)
        return _shrunk(mean, target, share)


def _shrunk(mean: Vector, target: float, share: float) -> Vector:
    shrunk: Vector = (1.0 - share) * mean + share * target
    return shrunk


def _target(mean: Vector, covariance: Covariance, target: Target) -> float:
    if target == "grand_mean":
        return float(mean.mean())
    weights = _solved(covariance, np.ones(len(mean)))
    return float(weights @ mean) / float(weights.sum())


def _solved(covariance: Covariance, right: Vector) -> Vector:
    """S^-1 right; where nothing varies at all, as if every name varied alike."""
    factor = covariance.factor()
    if not factor.any():
        return right
    solved: Vector = np.linalg.solve(factor.T, np.linalg.solve(factor, right))
    return solved
