"""The risk of a cluster when each of its names is held in proportion to the inverse of its own risk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tangency.domain.market.estimates import Estimates
from tangency.domain.numbers import Matrix, Vector
from tangency.domain.optimization.method import Capabilities
from tangency.domain.optimization.objective import MinimumRisk, MinimumVolatility, RiskParity
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import AS_ASKED, Reading
from tangency.domain.risk.measure import MEASURES, Measure
from tangency.plugins.kernels.codependence import riskless
from tangency.plugins.kernels.limits import EVERY_LIMIT

OF_MOMENTS = ("variance", "volatility")
RISK_MEASURES = frozenset(MEASURES) | frozenset(OF_MOMENTS)
"""What a cluster's risk may be measured by."""
ALONG_A_TREE = Capabilities(
    objectives=frozenset({"RISK_PARITY", "MIN_VOLATILITY"}),
    constraints=EVERY_LIMIT,
    risk_measures=RISK_MEASURES,
    uses_scenarios=True,
    heuristic=True,
    order_dependent=True,
)
"""Of the methods that share out weight between clusters, and then move to the nearest feasible weights."""
NO_RISK = 1e-14
"""Of the largest risk of a name: less is rounding."""


class NoNaiveRisk(Exception):
    """Some name or cluster has a risk below 0, by which nothing can be divided; the message says which."""


def known_measure(name: str) -> None:
    """Refuse the name of a measure that does not exist.

    Raises:
        InvalidInput: there is no such measure.
    """
    if name not in OF_MOMENTS:
        Measure(name)


def reading(problem: Problem, name: str) -> Reading:
    """What a heuristic takes the aim to mean, where its own measure of risk is another than the volatility.

    The answer is then taken apart by that measure, and so is the least of it where the least volatility is asked.
    """
    if name in OF_MOMENTS:
        return AS_ASKED
    measure = Measure(name, problem.confidence_level)
    least = isinstance(problem.objective, MinimumVolatility)
    return Reading(objective=MinimumRisk(measure) if least else RiskParity(measure))


@dataclass(frozen=True, eq=False)
class NaiveRisk:
    """A measure of risk over the names of some estimates.

    A name without risk takes all the weight of its cluster, shared with others like it: that is the limit as its risk
    goes to 0.

    Attributes:
        measure: the name of the measure; the variance is the volatility squared.
        confidence_level: of a tail measure.
        estimates: what is measured.
    """

    measure: str
    confidence_level: float
    estimates: Estimates

    @cached_property
    def alone(self) -> Vector:
        """The risk of each name; shape (n,), 0 exactly where it has none.

        Raises:
            NoNaiveRisk: a name has a risk below 0.
        """
        if self.measure in OF_MOMENTS:
            covariance = self.estimates.covariance
            variances: Vector = np.where(riskless(covariance), 0.0, covariance.variances)
            return variances if self.measure == "variance" else np.sqrt(variances)
        risk = Measure(self.measure, self.confidence_level).of(self.estimates)
        alone = np.array([risk.value(unit) for unit in np.eye(len(self.estimates.universe))])
        rounding = NO_RISK * float(np.abs(alone).max())
        if alone.min() < -rounding:
            raise NoNaiveRisk(self._refusal([int(alone.argmin())], float(alone.min())))
        positive: Vector = np.where(alone <= rounding, 0.0, alone)
        return positive

    def weights(self, names: Sequence[int]) -> Vector:
        """Inverse-risk weights of the names at these positions, summing to 1; shape (len(names),)."""
        return _inverse(self.alone[list(names)])

    def of(self, names: Sequence[int]) -> float:
        """The risk of the names at these positions, held at their inverse-risk weights.

        Raises:
            NoNaiveRisk: it is below 0.
        """
        places = np.array(names)
        alone = self.alone[places]
        if not alone.all():
            return 0.0
        weights = _inverse(alone)
        if self.measure in OF_MOMENTS:
            variance = float(weights @ self._covariances[places[:, None], places] @ weights)
            return max(0.0, variance) if self.measure == "variance" else float(np.sqrt(max(0.0, variance)))
        whole = np.zeros(len(self.estimates.universe))
        whole[places] = weights
        risk = Measure(self.measure, self.confidence_level).of(self.estimates).value(whole)
        if risk < 0:
            raise NoNaiveRisk(self._refusal(names, risk))
        return risk

    @cached_property
    def _covariances(self) -> Matrix:
        return self.estimates.covariance.dense()

    def _refusal(self, places: Sequence[int], risk: float) -> str:
        names = ", ".join(self.estimates.universe.names[place] for place in places)
        return (
            f"The {self.measure} of {names} is {risk:.6g}, and a weight in proportion to its inverse has no meaning. "
            "Leave such names out, or choose another risk_measure."
        )


def _inverse(alone: Vector) -> Vector:
    """Shares in proportion to 1 / risk, or equal ones of the names without risk, if there are any."""
    inverse: Vector = alone.min() / alone if alone.all() else (alone == 0).astype(float)
    return inverse / float(inverse.sum())


def share_of_first(first: float, second: float) -> float:
    """What of a weight goes to the first of two risks: the more, the smaller it is; half where neither has any."""
    return second / (first + second) if first + second > 0 else 0.5
