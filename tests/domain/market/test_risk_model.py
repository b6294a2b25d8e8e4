"""A risk model gives the covariances of the names asked for, or says which it lacks."""

import numpy as np
import pytest

from tangency.domain.errors import InvalidInput
from tangency.domain.market.risk_model import RiskModel

COVARIANCE = np.array([[0.04, 0.01, 0.0], [0.01, 0.09, 0.02], [0.0, 0.02, 0.16]])
MODEL = RiskModel(("A", "B", "C"), COVARIANCE)


def test_the_covariances_come_in_the_order_asked_for() -> None:
    assert MODEL.of(["C", "A"]).tolist() == [[0.16, 0.0], [0.0, 0.04]]


def test_a_name_that_it_lacks_is_said_with_the_remedy() -> None:
    with pytest.raises(InvalidInput, match=r"lacks X, Y; state it, or a covariance_estimator") as caught:
        MODEL.of(["A", "X", "Y"])
    assert caught.value.faults[0].path == ("risk_parameters", "covariance")


@pytest.mark.parametrize(
    ("names", "covariance", "told"),
    [
        ((), np.zeros((0, 0)), "is empty"),
        (("A", "A"), COVARIANCE[:2, :2], "already the name"),
        (("A", "B"), COVARIANCE, "2 names need"),
        (("A", "B"), np.array([[0.04, np.nan], [np.nan, 0.09]]), "finite"),
    ],
)
def test_a_model_that_contradicts_itself_is_refused(names: tuple[str, ...], covariance: np.ndarray, told: str) -> None:
    with pytest.raises(InvalidInput, match=told):
        RiskModel(names, covariance)
