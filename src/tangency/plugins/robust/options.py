"""What a request can say about what is uncertain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

import msgspec

from tangency.domain.errors import InvalidInput
from tangency.plugins.multi.options import Aims

ByName: TypeAlias = dict[str, dict[str, float] | list[str | list[float]]]
"""A matrix row by row under the names, or ``names`` and ``values`` as in a request's own covariance."""

Square: TypeAlias = Annotated[ByName | list[list[float]], msgspec.Meta(title="matrix")]
"""A matrix by names, or in the names' order."""


@dataclass(frozen=True, slots=True)
class MeanUncertainty:
    """The uncertainty set of the annual expected returns.

    Attributes:
        kind: ``ellipsoid``: (mu - center)' shape^-1 (mu - center) <= radius^2. ``box``: |mu - center| <= half_width.
        estimate: ``given``: by ``shape`` or ``half_width``. ``empirical``: from the annual covariance divided by the
            years of data. ``bootstrap``: from histories drawn with replacement.
        confidence_level: probability that the true means lie in the set; used if the radius or half-width is left out.
        radius: of the ellipsoid (kappa). Default: the square root of a chi-squared quantile with n degrees of freedom.
            For an empirical box: the half-width in standard errors.
        center: annual expected returns, by asset or in the order of the assets. Default: those of the request.
        shape: of the ellipsoid: annual covariance of the errors of the means, as ``names`` and ``values``, as rows by
            asset, or as rows in the order of the assets. Default: the annual covariance divided by the years of data.
        half_width: of the box, annual: one number for all assets, by asset, or in the order of the assets.
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
    """The uncertainty set of the annual covariance: all positive semidefinite matrices in a box or ellipsoid.

    Attributes:
        kind: ``box``: each entry within ``half_width`` of the center. ``ellipsoid``: |F^-1 (covariance - center) F^-T|
            <= radius in the Frobenius norm, with F F' = shape.
        estimate: ``given``: by ``half_width``, or by ``radius`` and ``shape``. ``empirical``: from the standard errors
            of the covariance of a normal sample. ``bootstrap``: from histories drawn with replacement.
        confidence_level: probability that an entry lies in the box, or the covariance in the ellipsoid; used if the
            half-width or radius is left out.
        radius: of the ellipsoid. Default: for ``bootstrap`` the quantile of the distances drawn, otherwise the square
            root of a chi-squared quantile with n (n + 1) / 2 degrees of freedom. For an empirical box: the half-width
            in standard errors.
        center: annual covariance, as ``names`` and ``values``, as rows by asset, or as rows in the order of the assets.
            Default: that of the request.
        half_width: of the box, annual, in the same forms as ``center``; a single number is relative to each entry of
            the center.
        shape: of the ellipsoid, annual, in the same forms as ``center``. Default: the center times sqrt(2 / (periods -
            1)), or the identity if a radius is given, so that the radius is a distance between covariances.
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
    """One possible market: expected returns and covariance.

    Attributes:
        name: a name for the scenario.
        probability: used by the criterion ``expected``. Default: all scenarios are equally likely.
        expected_returns: annual, by asset or in the order of the assets. Default: those of the request.
        covariance: annual, as ``names`` and ``values``, as rows by asset, or as rows in the order of the assets.
            Default: that of the request.
    """

    name: str
    probability: float | None = None
    expected_returns: dict[str, float] | list[float] | None = None
    covariance: Square | None = None


@dataclass(frozen=True)
class RobustOptions(Aims):
    """What is uncertain; for MULTI_OBJECTIVE also the objectives.

    If no uncertainty is stated, the means are uncertain, in their empirical ellipsoid at 95 %.

    Attributes:
        mean_uncertainty: uncertainty set of the expected returns. If no uncertainty is stated at all, an empirical
            ellipsoid at 95 % is used.
        covariance_uncertainty: uncertainty set of the covariance.
        scenarios: a finite list of possible markets, in place of uncertainty sets.
        criterion: for scenarios: optimize the objective in the ``worst_case``, its ``expected`` value, or the largest
            ``regret`` (how far the objective falls short of the best possible one in that scenario).
        wasserstein_radius: for MIN_RISK with CVaR: minimize the worst CVaR over all distributions of returns within
            this type-1 Wasserstein distance, per period, of the historical one.
        ground_norm: norm of the returns that defines the Wasserstein distance.
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
