"""What a request can say about what is uncertain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from tangency.domain.errors import InvalidInput
from tangency.plugins.multi.options import Aims

ByName: TypeAlias = dict[str, dict[str, float] | list[str | list[float]]]
"""A matrix row by row under the names, or ``names`` and ``values`` as in a request's own covariance."""

Square: TypeAlias = ByName | list[list[float]]
"""A matrix by names, or in the names' order."""


@dataclass(frozen=True, slots=True)
class MeanUncertainty:
    """A set that the annual means lie in.

    Attributes:
        kind: ``ellipsoid``, (mu - center)' shape^-1 (mu - center) <= radius^2, or ``box``, |mu - center| <= half_width.
        estimate: ``given`` by shape or half_width; ``empirical``, from the annual covariance over the years of data;
            or ``bootstrap``, from histories drawn with replacement.
        confidence_level: that the means lie in the set; used where the radius or the half-width is left out.
        radius: of the ellipsoid, kappa; where left out the root of a chi-squared quantile with n degrees. Of an
            empirical box: how many standard errors wide.
        center: annual means by name; the expected returns of the request where left out.
        shape: annual, of the ellipsoid: the covariance of the errors of the means; as ``names`` and ``values``, row by
            row under the names, or in their order. Where left out, the annual covariance over the years of data.
        half_width: annual, of the box; one figure, by name, or in the names' order.
    """

    kind: Literal["ellipsoid", "box"] = "ellipsoid"
    estimate: Literal["given", "empirical", "bootstrap"] = "given"
    confidence_level: float = 0.95
    radius: float | None = None
    center: dict[str, float] | list[float] | None = None
    shape: Square | None = None
    half_width: float | dict[str, float] | list[float] | None = None


@dataclass(frozen=True, slots=True)
class CovarianceUncertainty:
    """A set that the annual covariance lies in: the positive semidefinite members of a box or of an ellipsoid.

    Attributes:
        kind: ``box``: entry by entry within half_width of the center; or ``ellipsoid``: with the norm of Frobenius,
            |F^-1 (covariance - center) F^-T| <= radius, F F' = shape.
        estimate: ``given`` by half_width, or by radius and shape; ``empirical``, from the errors of a normal sample's
            covariance; or ``bootstrap``, from histories drawn with replacement.
        confidence_level: that an entry lies in the box, or the covariance in the ellipsoid; used where the half-width
            or the radius is left out.
        radius: of the ellipsoid; where left out, of a bootstrap the quantile of the distances drawn, else the root of a
            chi-squared quantile with n (n + 1) / 2 degrees. Of an empirical box: how many standard errors wide.
        center: annual covariance, as ``names`` and ``values``, row by row under the names, or in their order; that of
            the request where left out.
        half_width: annual, of the box; in the forms of a center. A single figure is a share of each entry of the
            center.
        shape: annual, of the ellipsoid; in the forms of a center. Where left out, the center times
            sqrt(2 / (periods - 1)); but beside a given radius the identity, so that it is a distance of covariances.
    """

    kind: Literal["box", "ellipsoid"] = "box"
    estimate: Literal["given", "empirical", "bootstrap"] = "given"
    confidence_level: float = 0.95
    radius: float | None = None
    center: Square | None = None
    half_width: float | Square | None = None
    shape: Square | None = None


@dataclass(frozen=True, slots=True)
class Scenario:
    """One way in which the market may turn out.

    Attributes:
        name: of the scenario.
        probability: used by criterion ``expected``; all are equally likely where none has one.
        expected_returns: annual, by name or in the names' order; those of the request where left out.
        covariance: annual, as ``names`` and ``values``, row by row under the names, or in their order; that of the
            request where left out.
    """

    name: str
    probability: float | None = None
    expected_returns: dict[str, float] | list[float] | None = None
    covariance: Square | None = None


@dataclass(frozen=True)
class RobustOptions(Aims):
    """What is uncertain; and under objective MULTI_OBJECTIVE, the aims.

    Where nothing is said to be uncertain, the mean is, in its empirical ellipsoid at 95 %.

    Attributes:
        mean_uncertainty: the set of the means.
        covariance_uncertainty: the set of the covariance.
        scenarios: finitely many markets in place of sets.
        criterion: over the scenarios: ``worst_case``, the ``expected`` value of the objective, or the largest
            ``regret``, which is how far the objective falls short of the best in that scenario.
        wasserstein_radius: for objective MIN_RISK: the conditional value at risk in the worst of all distributions
            within this type-1 distance, per period, of the historical one.
        ground_norm: the norm of returns that the Wasserstein distance is made of.
    """

    mean_uncertainty: MeanUncertainty | None = None
    covariance_uncertainty: CovarianceUncertainty | None = None
    scenarios: tuple[Scenario, ...] | None = None
    criterion: Literal["worst_case", "expected", "regret"] = "worst_case"
    wasserstein_radius: float | None = None
    ground_norm: Literal["l1", "l2"] = "l1"

    def __post_init__(self) -> None:
        Aims.__post_init__(self)
        for field in ("mean_uncertainty", "covariance_uncertainty"):
            _check(getattr(self, field), field)
        if self.scenarios and (self.mean_uncertainty or self.covariance_uncertainty):
            detail = "say themselves what may happen; leave them out, or mean_uncertainty and covariance_uncertainty."
            raise InvalidInput.at(("scenarios",), detail, "conflict")
        if self.wasserstein_radius is None:
            return
        if self.wasserstein_radius < 0:
            raise InvalidInput.at(
                ("wasserstein_radius",), f"is {self.wasserstein_radius}; give a number from 0 on.", "range"
            )
        if self.scenarios or self.mean_uncertainty or self.covariance_uncertainty:
            detail = "is a set of distributions by itself; leave out the other sets and the scenarios."
            raise InvalidInput.at(("wasserstein_radius",), detail, "conflict")

    @property
    def silent(self) -> bool:
        """Whether nothing is said about what is uncertain."""
        said = self.mean_uncertainty or self.covariance_uncertainty or self.scenarios
        return not said and self.wasserstein_radius is None


def _check(said: MeanUncertainty | CovarianceUncertainty | None, field: str) -> None:
    if said is None:
        return
    if not 0 < said.confidence_level < 1:
        detail = f"is {said.confidence_level}; give a number between 0 and 1, such as 0.95."
        raise InvalidInput.at((field, "confidence_level"), detail, "range")
    if said.radius is not None and said.radius < 0:
        raise InvalidInput.at((field, "radius"), f"is {said.radius}; give a number from 0 on.", "range")
    _refuse_other_kind(said, field)


def _refuse_other_kind(said: MeanUncertainty | CovarianceUncertainty, field: str) -> None:
    """Refuse what only the other kind of set has, and a box without a width."""
    if said.kind == "ellipsoid" and said.half_width is not None:
        detail = (
            "belongs to kind box, and kind is 'ellipsoid'; leave it out and give shape or radius, or give kind box."
        )
        raise InvalidInput.at((field, "half_width"), detail, "conflict")
    if said.kind == "box" and said.shape is not None:
        detail = (
            "belongs to kind ellipsoid, and kind is 'box'; leave it out and give half_width, or give kind ellipsoid."
        )
        raise InvalidInput.at((field, "shape"), detail, "conflict")
    if said.kind == "box" and said.half_width is None and said.estimate == "given":
        raise InvalidInput.at((field, "half_width"), "is missing; give it, or estimate empirical.", "missing")
