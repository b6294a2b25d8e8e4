"""What each factor contributes to a portfolio's risk, where the risk stands on a factor model."""

import numpy as np
import pytest

from tangency.domain.market.covariance import DenseCovariance
from tangency.domain.market.estimates import Estimates, Sources
from tangency.domain.market.factor_covariance import FactorCovariance, FactorModel
from tangency.domain.market.universe import Universe
from tangency.domain.numbers import Matrix
from tangency.domain.risk.measure import Measure
from tangency.domain.risk.portfolio_risk import PortfolioRisk

LOADINGS = np.array([[1.0, 0.2], [0.8, -0.5], [1.2, 0.0]])
FACTORS = np.array([[0.04, 0.005], [0.005, 0.01]])
OWN = np.array([0.01, 0.02, 0.03])
WEIGHTS = np.array([0.5, 0.3, 0.2])


def taken_apart(measure: str, factor_form: bool = True, weights: Matrix = WEIGHTS) -> PortfolioRisk:
    model = FactorModel.of(("MKT", "HML"), LOADINGS, FACTORS, OWN)
    covariance = FactorCovariance.of(model) if factor_form else DenseCovariance.of(FactorCovariance.of(model).dense())
    estimates = Estimates(Universe.of(["A", "B", "C"]), None, covariance, Sources("absent", "estimated"))
    return PortfolioRisk.of(measure, Measure(measure).of(estimates), weights)


@pytest.mark.parametrize(("measure", "power"), [("volatility", 0.5), ("variance", 1.0)])
def test_factors_and_what_is_specific_sum_to_the_risk(measure: str, power: float) -> None:
    found = taken_apart(measure)
    assert found.by_factor is not None
    exposures = LOADINGS.T @ WEIGHTS
    variance = exposures @ FACTORS @ exposures + OWN @ WEIGHTS**2
    assert found.total == pytest.approx(variance**power)
    assert list(found.by_factor) == ["MKT", "HML", "specific"]
    for k, name in enumerate(["MKT", "HML"]):
        part = exposures[k] * (FACTORS @ exposures)[k]
        assert found.by_factor[name].absolute == pytest.approx(part * found.total / variance)
        assert found.by_factor[name].share == pytest.approx(part / variance)
        assert found.by_factor[name].marginal == pytest.approx((FACTORS @ exposures)[k] * found.total / variance)
    assert found.by_factor["specific"].share == pytest.approx(OWN @ WEIGHTS**2 / variance)
    assert found.by_factor["specific"].marginal is None
    assert sum(part.absolute for part in found.by_factor.values()) == pytest.approx(found.total)


def test_without_risk_nothing_has_a_share() -> None:
    found = taken_apart("volatility", weights=np.zeros(3))
    assert found.by_factor is not None
    assert {part.share for part in found.by_factor.values()} == {None}
    assert {part.absolute for part in found.by_factor.values()} == {0.0}


def test_a_matrix_has_no_factors() -> None:
    assert taken_apart("volatility", factor_form=False).by_factor is None
