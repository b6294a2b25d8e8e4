"""Every method by the names that clients rely on: its options, and what its answer has beside the standard fields."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import httpx
import numpy as np
import pytest

NAMES = ("AAPL", "MSFT", "KO", "XOM", "JNJ")
SECTORS = ("technology", "technology", "staples", "energy", "health")
SCORES = (71.2, 80.0, 55.0, 30.0, 64.0)
PERIODS = 60
RNG = np.random.default_rng(7)
RETURNS = (
    0.004 + RNG.normal(0.0, 0.01, (PERIODS, 1)) * np.linspace(0.6, 1.4, 5) + RNG.normal(0.0, 0.012, (PERIODS, 5))
).round(6)

MEASURES = (
    "volatility",
    "variance",
    "mad",
    "semi_deviation",
    "first_lower_partial_moment",
    "second_lower_partial_moment",
    "var",
    "cvar",
    "evar",
    "worst_realization",
    "max_drawdown",
    "average_drawdown",
    "cdar",
    "edar",
    "ulcer_index",
    "gini_mean_difference",
)
EQUAL = dict.fromkeys(NAMES, 0.2)
SQUARE = {"names": list(NAMES), "values": np.diag([0.04, 0.05, 0.02, 0.06, 0.03]).tolist()}
BLACK_LITTERMAN = {
    "market_weights": EQUAL,
    "market_risk_premium": None,
    "tau": 0.05,
    "views": [
        {"weights": {"AAPL": 1, "MSFT": -1}, "return": 0.02, "variance": 0.0004},
        {"weights": {"KO": 1}, "return": 0.06, "confidence": 0.65},
        "XOM - JNJ = 0.01",
    ],
    "uncertainty": "he_litterman",
    "omega": None,
    "posterior_covariance_rule": "posterior",
}
RISK_PARITY = {"budgets": EQUAL, "budget_rule": "equal", "risk_measure": "volatility", "target_volatility": 0.10}
HIERARCHICAL = {
    "linkage": "single",
    "codependence": "pearson",
    "distance": "lopez_de_prado",
    "leaf_order": "input",
    "risk_measure": "variance",
}
MEAN_RISK = {
    "risk_measure": "cvar",
    "risk_limits": {"cvar": 0.03, "max_drawdown": {"limit": 0.2}, "evar": {"limit": 0.05, "confidence_level": 0.9}},
    "threshold": 0.0,
    "probabilities": None,
    "var_method": "exact",
}
UNCERTAIN = {
    "kind": "ellipsoid",
    "estimate": "given",
    "confidence_level": 0.95,
    "radius": None,
    "center": None,
    "shape": None,
    "half_width": None,
}
SETS = {
    "mean_uncertainty": UNCERTAIN,
    "covariance_uncertainty": {**UNCERTAIN, "kind": "box", "half_width": 0.1},
    "scenarios": None,
    "criterion": "worst_case",
    "wasserstein_radius": None,
}
MARKETS = [
    {"name": "calm", "probability": 0.7, "expected_returns": dict.fromkeys(NAMES, 0.08), "covariance": SQUARE},
    {"name": "crash", "probability": 0.3, "expected_returns": dict.fromkeys(NAMES, -0.1), "covariance": SQUARE},
]
AIMS = [
    {"name": "return", "weight": 1.0, "bound": None, "target": 0.2},
    {"name": "risk", "weight": 1.0, "bound": 0.2, "target": 0.1},
    {"name": "esg", "weight": 0.5, "bound": None, "target": 70.0},
]


def asked(method: str, objective: str, options: Mapping[str, Any] | None = None, **risk: Any) -> dict[str, Any]:
    strategies = [
        {
            "name": name,
            "sector": sector,
            "asset_class": "equity",
            "current_weight": 0.2,
            "scores": {"esg": score},
            "returns": column,
        }
        for name, sector, score, column in zip(NAMES, SECTORS, SCORES, RETURNS.T.tolist(), strict=True)
    ]
    return {
        "portfolio_id": "by-name",
        "objective": objective,
        "method": method,
        "method_options": dict(options or {}),
        "risk_parameters": risk,
        "strategies": strategies,
    }


def answered(http: httpx.Client, document: Mapping[str, Any]) -> Any:
    response = http.post("/api/v1/optimize", json=document)
    assert response.status_code == 200, response.text
    return response.json()


CASES: list[tuple[str, str, dict[str, Any], set[str]]] = [
    ("BLACK_LITTERMAN", "MAX_SHARPE", BLACK_LITTERMAN, {"estimates"}),
    ("RISK_PARITY", "RISK_PARITY", RISK_PARITY, {"budgets_met", "budget_deviation", "cash_weight"}),
    ("HIERARCHICAL_RISK_PARITY", "RISK_PARITY", HIERARCHICAL, {"clusters"}),
    ("HIERARCHICAL_EQUAL_RISK_CONTRIBUTION", "RISK_PARITY", HIERARCHICAL, {"clusters"}),
    ("NESTED_CLUSTERS_OPTIMIZATION", "MIN_VOLATILITY", HIERARCHICAL, {"clusters"}),
    ("SCHUR_COMPLEMENTARY", "RISK_PARITY", {"gamma": 0.5}, {"clusters"}),
    ("MEAN_RISK", "MAX_RETURN", MEAN_RISK, set()),
    ("ROBUST_OPTIMIZATION", "MAX_UTILITY", SETS, {"robustness"}),
    ("ROBUST_OPTIMIZATION", "MAX_UTILITY", {**SETS, "covariance_uncertainty": UNCERTAIN}, {"robustness"}),
    ("ROBUST_OPTIMIZATION", "MAX_UTILITY", {"scenarios": MARKETS, "criterion": "regret"}, {"robustness"}),
    ("ROBUST_OPTIMIZATION", "MIN_RISK", {"wasserstein_radius": 0.001}, {"robustness"}),
    *(
        (
            "MULTI_OBJECTIVE",
            "MULTI_OBJECTIVE",
            {"objectives": AIMS, "scheme": scheme, "scale": scale, "points": 4},
            PARETO,
        )
        for PARETO in [{"pareto", "ideal", "nadir"}]
        for scheme in ("weighted_sum", "epsilon_constraint", "goal", "chebyshev")
        for scale in ("ideal_nadir", "none")
    ),
    *(
        (method, "MULTI_OBJECTIVE", {**options, "objectives": AIMS, "points": 3}, {"pareto", "ideal", "nadir"})
        for method, options in (
            ("MEAN_VARIANCE", {}),
            ("BLACK_LITTERMAN", BLACK_LITTERMAN),
            ("MEAN_RISK", {}),
            ("ROBUST_OPTIMIZATION", {}),
        )
    ),
    ("MEAN_VARIANCE", "MAX_SHARPE", {}, set()),
    ("MEAN_VARIANCE", "RISK_PARITY", {}, {"budgets_met"}),
    ("MAXIMUM_DIVERSIFICATION", "MAX_RATIO", {}, {"diversification_ratio"}),
    ("MAXIMUM_DECORRELATION", "MIN_RISK", {}, set()),
    ("INVERSE_VARIANCE", "RISK_PARITY", {}, set()),
    ("INVERSE_VOLATILITY", "RISK_PARITY", {}, set()),
    ("EQUAL_WEIGHT", "MAX_SHARPE", {}, set()),
    ("TRACKING_ERROR", "MIN_RISK", {"benchmark": EQUAL}, set()),
    ("MAXIMUM_GROWTH", "MAX_RETURN", {"probabilities": [1 / PERIODS] * PERIODS}, set()),
    ("SUBSET_RESAMPLING", "MIN_VOLATILITY", {"subsets": 5}, set()),
    ("STACKING", "MIN_VOLATILITY", {"folds": 0}, set()),
    ("PYPFOPT", "MIN_VOLATILITY", {}, set()),
]


@pytest.mark.parametrize(("method", "objective", "options", "added"), CASES)
def test_an_answer_has_its_shares_of_risk_and_what_the_method_adds(
    http: httpx.Client, method: str, objective: str, options: dict[str, Any], added: set[str]
) -> None:
    answer = answered(http, asked(method, objective, options))
    assert set(answer) >= {"optimal_weights", "certificate", "why", "provenance", "unused_inputs"} | added
    assert list(answer["optimal_weights"]) == list(NAMES)
    assert answer["optimization_metadata"]["constraints_satisfied"] is True
    assert list(answer["risk_contributions"]) == list(NAMES)
    assert math.isclose(sum(answer["risk_contributions"].values()), 1.0, abs_tol=1e-9)
    assert answer["optimization_metadata"]["convergence_status"] in ("optimal", "feasible")
    if answer["optimization_metadata"]["convergence_status"] == "optimal":
        assert answer["certificate"]["relative_gap"] <= 1e-6
    for side in ("target", "current"):
        part = answer["risk_decomposition"][side]
        for group in ("assets", "sectors", "asset_classes"):
            assert math.isclose(sum(row["share"] for row in part[group].values()), 1.0, abs_tol=1e-9)
        assert set(part["sectors"]) == set(SECTORS)
        assert set(part["assets"]["KO"]) == {"marginal", "absolute", "share"}


def test_views_add_every_estimate_behind_the_answer(http: httpx.Client) -> None:
    found = answered(http, asked("black_litterman", "max_sharpe", BLACK_LITTERMAN, risk_aversion=2.5))["estimates"]
    for figure in ("equilibrium_returns", "posterior_returns", "unconstrained_weights"):
        assert list(found[figure]) == list(NAMES)
    assert found["posterior_covariance"]["names"] == list(NAMES)
    assert len(found["view_tilts"]) == len(found["implied_confidences"]) == 3


def test_idzoreks_confidences_are_taken(http: httpx.Client) -> None:
    views = [{"weights": {"KO": 1}, "return": 0.06, "confidence": 0.65}]
    options = {**BLACK_LITTERMAN, "views": views, "uncertainty": "idzorek", "posterior_covariance_rule": "prior"}
    found = answered(http, asked("BLACK_LITTERMAN", "MAX_UTILITY", options))["estimates"]
    assert found["implied_confidences"] == pytest.approx([0.65])


def test_a_volatility_target_leaves_the_rest_in_cash(http: httpx.Client) -> None:
    answer = answered(http, asked("RISK_PARITY", "RISK_PARITY", RISK_PARITY))
    assert answer["expected_volatility"] == pytest.approx(0.10, rel=1e-9)
    assert answer["cash_weight"] == pytest.approx(1 - sum(answer["optimal_weights"].values()), abs=1e-12)
    assert answer["budgets_met"] is True
    assert answer["budget_deviation"] < 1e-8
    assert list(answer["risk_contributions"].values()) == pytest.approx([0.2] * 5, abs=1e-8)


def test_a_dendrogram_is_told_with_its_names(http: httpx.Client) -> None:
    tree = answered(http, asked("HIERARCHICAL_RISK_PARITY", "RISK_PARITY", HIERARCHICAL))["clusters"]
    assert set(tree["leaf_order"]) == set(NAMES)
    assert len(tree["linkage"]) == len(NAMES) - 1


def test_points_of_a_pareto_set_have_weights_values_and_trade_offs(http: httpx.Client) -> None:
    options = {"objectives": AIMS[:2], "scheme": "weighted_sum", "scale": "ideal_nadir", "points": 5}
    answer = answered(http, asked("MULTI_OBJECTIVE", "MULTI_OBJECTIVE", options))
    assert len(answer["pareto"]) == 5
    for point in answer["pareto"]:
        assert set(point) >= {"weights", "values", "trade_offs"}
        assert set(point["values"]) == set(answer["ideal"]) == set(answer["nadir"]) == {"return", "risk"}
        assert answer["nadir"]["return"] - 1e-9 <= point["values"]["return"] <= answer["ideal"]["return"] + 1e-9


@pytest.mark.parametrize("measure", MEASURES)
def test_every_measure_is_minimised_and_limited_by_its_name(http: httpx.Client, measure: str) -> None:
    options = {**MEAN_RISK, "risk_measure": measure, "risk_limits": {}}
    least = answered(http, asked("MEAN_RISK", "MIN_RISK", options))
    assert least["risk_decomposition"]["target"]["measure"] == measure
    value = least["optimization_metadata"]["objective_value"]
    limited = {"risk_limits": {measure: value + 0.2 * abs(value)}}
    most = answered(http, asked("MEAN_RISK", "MAX_RETURN", limited))
    assert most["expected_return"] >= least["expected_return"] - 1e-9
    too_little = http.post("/api/v1/optimize", json=asked("MEAN_RISK", "MAX_RETURN", {"risk_limits": {measure: -9.0}}))
    assert too_little.status_code == 422
    assert f"risk_limits.{measure}" in too_little.text.replace("/", ".")


def test_methods_and_estimators_are_listed_with_the_schema_of_their_options(http: httpx.Client) -> None:
    methods = {method["name"].upper(): method for method in http.get("/api/v1/methods").json()["methods"]}
    for name, objective, options, _ in CASES:
        assert objective in methods[name]["objectives"]
        assert set(options) <= set(methods[name]["options"]["properties"])
    for estimator in http.get("/api/v1/estimators").json()["estimators"]:
        if estimator["error"] is None:
            assert set(estimator["estimates"]) <= {"mean", "covariance", "scenarios"}
            assert estimator["options"]["type"] == "object"


OUTSIDE = {
    "implied_volatility": {"volatilities": EQUAL},
    "capm": {"market_weights": EQUAL, "market_risk_premium": 0.05},
}
FACTORS = {"factors": {"market": RETURNS.mean(axis=1).tolist()}}
OUTSIDE |= {"factor_regression": FACTORS, "time_series_factor": FACTORS}
ROLES = {"mean": "expected_return_estimator", "covariance": "covariance_estimator", "scenarios": "prior"}


def test_every_estimator_is_used_by_its_name(http: httpx.Client) -> None:
    listed = http.get("/api/v1/estimators").json()["estimators"]
    for estimator in (each for each in listed if each["distribution"] == "tangency"):  # other tests install strangers
        name = estimator["name"]
        choice = {"name": name, "options": OUTSIDE[name]} if name in OUTSIDE else name
        for role in estimator["estimates"]:
            document = asked("MEAN_VARIANCE", "MAX_UTILITY", **{ROLES[role]: choice})
            told = answered(http, document)["provenance"]["estimates"]
            assert told[ROLES[role]] == name
            assert set(told["data"]) >= {"given", "used", "dropped", "causes"}


@pytest.mark.parametrize("policy", ["intersect", "pairwise", "em", {"policy": "proxy", "proxies": {"AAPL": "MSFT"}}])
def test_gaps_are_met_by_each_policy(http: httpx.Client, policy: Any) -> None:
    document = asked("MEAN_VARIANCE", "MIN_VOLATILITY", missing_data=policy)
    document["strategies"][0]["returns"][:5] = [None] * 5
    data = answered(http, document)["provenance"]["estimates"]["data"]
    assert data["given"] == PERIODS
    assert data["dropped"] == (5 if policy == "intersect" else 0)
    assert data["scenarios"] == (PERIODS - 5 if policy in ("intersect", "pairwise") else PERIODS)


def test_a_risk_that_is_not_above_zero_has_no_shares_and_says_why(http: httpx.Client) -> None:
    document = asked("EQUAL_WEIGHT", "MIN_VOLATILITY")
    for strategy in document["strategies"]:
        strategy["returns"] = [0.0] * PERIODS
    answer = answered(http, document)
    assert answer["risk_contributions"] is None
    assert "volatility is not above 0" in answer["risk_decomposition"]["target"]["reason"]
    assert "reason" not in answered(http, asked("EQUAL_WEIGHT", "MIN_VOLATILITY"))["risk_decomposition"]["target"]


TOLD = {f"/problems/{slug}" for slug in ("invalid", "unsupported", "not-applicable", "infeasible", "unbounded")}
CORNERS = {
    "fewer returns than names": RETURNS[:4],
    "a name twice and one without risk": RETURNS[:, [0, 0, 2, 3, 4]] * [1, 1, 0, 1, 1],
    "a pair of perfect correlation in tiny returns": 1e-12 * np.column_stack([2 * RETURNS[:, 1], RETURNS[:, 1:]]),
}
DATA_ALONE = {"MULTI_OBJECTIVE": {"points": 0}, "MAXIMUM_GROWTH": {}}
"""Options that a corner of the data makes no nonsense of."""


@pytest.mark.parametrize("corner", CORNERS)
def test_no_corner_of_the_data_breaks_a_method(http: httpx.Client, corner: str) -> None:
    each = {method: (objective, DATA_ALONE.get(method, options)) for method, objective, options, _ in CASES}
    batch = []
    for method, (objective, options) in each.items():
        document = asked(method, objective, options)
        for strategy, column in zip(document["strategies"], CORNERS[corner].T.tolist(), strict=True):
            strategy["returns"] = column
        batch.append(document)
    entries = http.post("/api/v1/optimize/batch", json=batch[:20]).json()
    entries += http.post("/api/v1/optimize/batch", json=batch[20:]).json()
    assert len(entries) == len(each)
    for document, entry in zip(batch, entries, strict=True):
        if entry["status"] == 200:
            assert entry["result"]["optimization_metadata"]["constraints_satisfied"] is True
        else:
            assert entry["status"] == 422, entry
            assert entry["problem"]["type"] in TOLD, (document["method"], entry)


@pytest.mark.parametrize(
    ("method", "objective", "options", "pointer", "words"),
    [
        ("RISK_PARITY", "RISK_PARITY", {"budget": EQUAL}, "/budget", "did you mean budget"),
        ("RISK_PARITY", "RISK_PARITY", {"risk_measure": "var"}, "/risk_measure", "is 'var'; give 'volatility' or"),
        ("RISK_PARITY", "RISK_PARITY", {"target_volatility": "low"}, "/target_volatility", "is 'low'; give a number"),
        ("BLACK_LITTERMAN", "MAX_SHARPE", {"uncertainty": "some"}, "/uncertainty", "give 'he_litterman' or 'idzorek'"),
        ("BLACK_LITTERMAN", "MAX_SHARPE", {"views": ["APPL = 0.02"]}, "/views/0", "did you mean AAPL?"),
        ("HIERARCHICAL_RISK_PARITY", "RISK_PARITY", {"linkage": 3}, "/linkage", "is 3; give text"),
        ("MEAN_RISK", "MIN_RISK", {"risk_limits": {"cvra": 0.1}}, "/risk_limits/cvra", "did you mean cvar or"),
        ("MULTI_OBJECTIVE", "MULTI_OBJECTIVE", {"objectives": [{"name": "esq"}]}, "/objectives/0/name", "'esq' is no"),
        ("MEAN_VARIANCE", "MULTI_OBJECTIVE", {"objectives": [{"name": "esq"}]}, "/objectives/0/name", "'esq' is no"),
        ("MEAN_RISK", "MULTI_OBJECTIVE", {"risk_measure": "var"}, "/risk_measure", "'var' is not a convex measure"),
        ("ROBUST_OPTIMIZATION", "MAX_UTILITY", {"criterion": "best"}, "/criterion", "is 'best'; give 'worst_case' or"),
    ],
)
def test_an_option_that_does_not_fit_is_told_with_its_place_its_value_and_the_remedy(
    http: httpx.Client, method: str, objective: str, options: dict[str, Any], pointer: str, words: str
) -> None:
    response = http.post("/api/v1/optimize", json=asked(method, objective, options))
    assert response.status_code == 422
    (error,) = response.json()["errors"]
    assert error["pointer"] == f"/method_options{pointer}"
    assert words in error["detail"]


@pytest.mark.parametrize(
    ("method", "objective", "options", "unused"),
    [
        ("MEAN_RISK", "MIN_VOLATILITY", {"risk_measure": "cvar"}, ["risk_measure"]),
        ("MEAN_RISK", "MAX_SHARPE", {"risk_measure": "cdar"}, ["risk_measure"]),
        (
            "MEAN_RISK",
            "MAX_RETURN",
            {"risk_measure": "cvar", "var_method": "cvar_proxy"},
            ["risk_measure", "var_method"],
        ),
        ("MEAN_RISK", "MIN_RISK", {"risk_measure": "cvar", "threshold": 0.001}, ["threshold"]),
        ("MEAN_RISK", "MIN_RISK", {"risk_measure": "first_lower_partial_moment", "threshold": 0.001}, []),
        ("MEAN_RISK", "MIN_RISK", MEAN_RISK, []),
        ("MEAN_RISK", "MAX_UTILITY", {"risk_measure": "variance"}, []),
        ("MULTI_OBJECTIVE", "MULTI_OBJECTIVE", {"objectives": AIMS[::2], "risk_measure": "cvar"}, ["risk_measure"]),
        ("MULTI_OBJECTIVE", "MULTI_OBJECTIVE", {"points": 0, "cost_rate": 0.001}, ["cost_rate"]),
        ("MULTI_OBJECTIVE", "MULTI_OBJECTIVE", {"points": 0, "risk_measure": "cvar"}, []),
        ("MEAN_VARIANCE", "MIN_VOLATILITY", {"objectives": AIMS, "scheme": "weighted_sum"}, ["objectives"]),
        ("MEAN_VARIANCE", "MULTI_OBJECTIVE", {"points": 0, "transaction_cost": 0.001}, ["transaction_cost"]),
        ("BLACK_LITTERMAN", "MAX_SHARPE", {"points": 5}, ["points"]),
        ("MEAN_RISK", "MIN_RISK", {"points": 5}, ["points"]),
        ("ROBUST_OPTIMIZATION", "MIN_VOLATILITY", SETS, ["mean_uncertainty"]),
        (
            "ROBUST_OPTIMIZATION",
            "MAX_UTILITY",
            {"criterion": "regret", "ground_norm": "l2"},
            ["criterion", "ground_norm"],
        ),
        ("ROBUST_OPTIMIZATION", "MIN_RISK", {"wasserstein_radius": 0.001, "ground_norm": "l2"}, []),
    ],
)
def test_an_option_that_makes_no_difference_is_listed(
    http: httpx.Client, method: str, objective: str, options: dict[str, Any], unused: list[str]
) -> None:
    answer = answered(http, asked(method, objective, options))
    assert answer["unused_inputs"] == [f"method_options.{name}" for name in unused]


@pytest.mark.parametrize(
    ("objective", "aim"), [("MIN_VOLATILITY", "MIN_RISK"), ("MIN_RISK", "MIN_RISK"), ("MAX_SHARPE", "MAX_RATIO")]
)
def test_mean_variance_by_another_measure_is_mean_risk_and_says_so(
    http: httpx.Client, objective: str, aim: str
) -> None:
    by_measure = answered(http, asked("MEAN_VARIANCE", objective, {"risk_measure": "cvar"}))
    assert by_measure["provenance"]["method"]["name"] == "mean_risk"
    assert by_measure["risk_decomposition"]["target"]["measure"] == "cvar"
    assert by_measure["unused_inputs"] == []
    itself = answered(http, asked("MEAN_RISK", aim, {"risk_measure": "cvar"}))
    assert by_measure["optimal_weights"] == itself["optimal_weights"]


def test_mean_variance_by_the_volatility_is_mean_variance(http: httpx.Client) -> None:
    named = answered(http, asked("MEAN_VARIANCE", "MIN_VOLATILITY", {"risk_measure": "volatility"}))
    assert named["provenance"]["method"]["name"] == "mean_variance"
    assert named["optimal_weights"] == answered(http, asked("MEAN_VARIANCE", "MIN_VOLATILITY"))["optimal_weights"]


def test_aims_beside_mean_variance_are_those_of_multi_objective(http: httpx.Client) -> None:
    options = {"objectives": AIMS, "scheme": "chebyshev", "points": 4}
    answer = answered(http, asked("MEAN_VARIANCE", "MULTI_OBJECTIVE", options))
    itself = answered(http, asked("MULTI_OBJECTIVE", "MULTI_OBJECTIVE", options))
    assert answer["provenance"]["method"]["name"] == "mean_variance"
    assert answer["optimal_weights"] == itself["optimal_weights"]
    assert answer["pareto"] == itself["pareto"]


def test_aims_beside_views_are_counted_by_the_posterior(http: httpx.Client) -> None:
    answer = answered(http, asked("BLACK_LITTERMAN", "MULTI_OBJECTIVE", {**BLACK_LITTERMAN, "points": 3}))
    w, posterior = np.array(list(answer["optimal_weights"].values())), answer["estimates"]
    covariance = np.array(posterior["posterior_covariance"]["values"])
    values = answer["objective_values"]
    assert values["return"] == pytest.approx(w @ list(posterior["posterior_returns"].values()), rel=1e-9)
    assert values["risk"] == pytest.approx(np.sqrt(w @ covariance @ w), rel=1e-9)


def test_aims_beside_mean_risk_take_its_measure_its_limits_and_its_probabilities(http: httpx.Client) -> None:
    shares = np.linspace(1.0, 2.0, PERIODS) / np.linspace(1.0, 2.0, PERIODS).sum()
    options = {"risk_measure": "cvar", "probabilities": shares.tolist(), "points": 0}
    answer = answered(http, asked("MEAN_RISK", "MULTI_OBJECTIVE", options))
    assert answer["risk_decomposition"]["target"]["measure"] == "cvar"
    losses = -RETURNS @ list(answer["optimal_weights"].values())
    tail = min(z + shares @ np.maximum(losses - z, 0.0) / 0.05 for z in losses)
    assert answer["objective_values"]["risk"] == pytest.approx(tail, rel=1e-7)
    tighter = {**options, "risk_limits": {"cvar": 0.999 * tail}}
    limited = answered(http, asked("MEAN_RISK", "MULTI_OBJECTIVE", tighter))
    assert limited["objective_values"]["risk"] <= 0.999 * tail * (1 + 1e-9)
