"""Black-Litterman over HTTP, by the names that clients rely on."""

from typing import Any

import httpx
import pytest

from tests.support.stated import answered, covariance

MARKET = {"AAPL": 0.4, "MSFT": 0.35, "KO": 0.25}
VIEWS = [
    {"weights": {"AAPL": 1, "MSFT": -1}, "return": 0.02, "variance": 0.0004},
    {"weights": {"KO": 1}, "return": 0.06, "confidence": 0.65},
]


def asked(views: list[Any], **risk: Any) -> dict[str, Any]:
    return {
        "portfolio_id": "views",
        "objective": "MAX_SHARPE",
        "method": "BLACK_LITTERMAN",
        "strategies": [{"name": name, "expected_return": 0.1} for name in MARKET],
        "method_options": {
            "market_weights": MARKET,
            "market_risk_premium": None,
            "tau": 0.05,
            "views": views,
            "uncertainty": "he_litterman",
            "omega": None,
            "posterior_covariance_rule": "posterior",
        },
        "risk_parameters": {
            "risk_free_rate": 0.02,
            **risk,
            "covariance": {
                "names": list(MARKET),
                "values": [[0.0625, 0.03, 0.008], [0.03, 0.0484, 0.007], [0.008, 0.007, 0.0225]],
            },
        },
    }


def test_the_request_of_the_contract_is_answered_with_the_estimates_behind_it(http: httpx.Client) -> None:
    response = http.post("/api/v1/optimize", json=asked(VIEWS, risk_aversion=2.5))
    assert response.status_code == 200, response.text
    answer = response.json()
    found = answer["estimates"]
    assert list(found["posterior_returns"]) == list(found["unconstrained_weights"]) == list(MARKET)
    assert found["equilibrium_returns"]["KO"] == pytest.approx(2.5 * (0.4 * 0.008 + 0.35 * 0.007 + 0.25 * 0.0225))
    assert found["posterior_covariance"]["names"] == list(MARKET)
    assert len(found["view_tilts"]) == len(found["implied_confidences"]) == 2
    assert answer["optimization_metadata"]["convergence_status"] == "optimal"
    mean = sum(answer["optimal_weights"][name] * found["posterior_returns"][name] for name in MARKET)
    assert answer["expected_return"] == pytest.approx(mean + 0.02)
    assert answer["unused_inputs"] == ["strategies.expected_return"]
    assert answer["provenance"]["estimates"]["expected_return"] == "method"


def test_text_says_the_same_as_weights(http: httpx.Client) -> None:
    found = [
        http.post("/api/v1/optimize", json=asked([view])).json()["estimates"]["posterior_returns"]
        for view in ("AAPL - MSFT = 0.02", {"weights": {"AAPL": 1, "MSFT": -1}, "return": 0.02})
    ]
    assert found[0] == found[1]


def test_certain_views_that_contradict_each_other_are_infeasible_and_named(http: httpx.Client) -> None:
    certain = [{"weights": {"KO": 1}, "return": value, "confidence": 1} for value in (0.06, 0.05)]
    response = http.post("/api/v1/optimize", json=asked(["AAPL - MSFT = 0.02", *certain]))
    assert response.status_code == 422
    document = response.json()
    assert document["type"] == "/problems/infeasible"
    assert [member["constraint"] for member in document["conflict"]] == [
        "method_options.views.1",
        "method_options.views.2",
    ]
    assert "KO = 0.06" in document["detail"]


def test_an_unknown_name_is_refused_with_the_nearest_one(http: httpx.Client) -> None:
    response = http.post("/api/v1/optimize", json=asked([{"weights": {"APPL": 1}, "return": 0.05}]))
    assert response.status_code == 422
    (error,) = response.json()["errors"]
    assert error["pointer"] == "/method_options/views/0/weights/APPL"
    assert "AAPL" in error["detail"]


def test_the_bonds_and_stocks_of_bodie_kane_and_marcus(http: httpx.Client) -> None:
    """Bodie, Kane and Marcus, Investments, 27.3: 1.40 and 6.81 % before the view that bonds beat stocks by 0.5 %."""
    view = {"weights": {"bonds": 1, "stocks": -1}, "return": 0.005, "variance": 0.0001}
    answer = answered(
        http, ("BLACK_LITTERMAN", "MAX_UTILITY"), ["bonds", "stocks"],
        covariance=covariance([0.08, 0.17], [[1, 0.3], [0.3, 1]]), risk_aversion=3,
        options={"market_weights": {"bonds": 0.25, "stocks": 0.75}, "tau": 0.1, "views": [view]},
    )  # fmt: skip
    found = answer["estimates"]
    assert list(found["equilibrium_returns"].values()) == pytest.approx([0.0140, 0.0681], abs=5e-5)
    assert list(found["posterior_returns"].values()) == pytest.approx([0.0189, 0.0160], abs=5.1e-5)
