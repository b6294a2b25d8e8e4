"""Robust optimization obeys every law of a method with boxes too, as it does with its defaults."""

from collections.abc import Mapping
from typing import ClassVar

from tangency.contracts import MethodContract
from tangency.plugins.robust.options import CovarianceUncertainty, MeanUncertainty

EXAMPLES = 12


class TestBoxes(MethodContract):
    method = "robust_optimization"
    examples = EXAMPLES
    options: ClassVar[Mapping[str, object]] = {
        "mean_uncertainty": MeanUncertainty(kind="box", estimate="empirical", radius=0.3),
        "covariance_uncertainty": CovarianceUncertainty(estimate="given", half_width=0.3),
    }


class TestACovarianceKnownByItsErrors(MethodContract):
    method = "robust_optimization"
    examples = EXAMPLES
    options: ClassVar[Mapping[str, object]] = {"covariance_uncertainty": CovarianceUncertainty(estimate="empirical")}


class TestEllipsoidsOfCovariances(MethodContract):
    method = "robust_optimization"
    examples = EXAMPLES
    options: ClassVar[Mapping[str, object]] = {
        "covariance_uncertainty": CovarianceUncertainty("ellipsoid", "empirical", confidence_level=0.9),
    }
