"""Portfolios that books and papers print, stated as their readers would, to the precision that they are printed in."""

from typing import Any

import httpx
import numpy as np
import pytest

from tests.support.stated import answered, covariance, weights

ABCD = ["A", "B", "C", "D"]
RONCALLI = {
    "mean": [0.05, 0.06, 0.08, 0.06],
    "covariance": covariance(
        [0.15, 0.20, 0.25, 0.30], [[1, 0.1, 0.4, 0.5], [0.1, 1, 0.7, 0.4], [0.4, 0.7, 1, 0.8], [0.5, 0.4, 0.8, 1]]
    ),
}
MATLAB = {
    "mean": [0.05, 0.10, 0.12, 0.18],
    "covariance": [
        [0.0064, 0.00408, 0.00192, 0.0],
        [0.00408, 0.0289, 0.0204, 0.0119],
        [0.00192, 0.0204, 0.0576, 0.0336],
        [0.0, 0.0119, 0.0336, 0.1225],
    ],
}


# --- mean and variance --------------------------------------------------------------------------------------------


def test_the_portfolio_of_rockafellar_and_uryasev(http: httpx.Client) -> None:
    """Rockafellar and Uryasev (2000), Optimization of conditional value-at-risk, tables 1 to 3; monthly figures."""
    returns = {"S&P 500": 0.0101110, "government bonds": 0.0043532, "small caps": 0.0137058}
    table = [
        [0.00324625, 0.00022983, 0.00420395],
        [0.00022983, 0.00049937, 0.00019247],
        [0.00420395, 0.00019247, 0.00764097],
    ]
    answer = answered(
        http, ("MEAN_VARIANCE", "MIN_VOLATILITY"), list(returns), mean=list(returns.values()), covariance=table,
        target_return=0.011,
    )  # fmt: skip
    assert weights(answer) == pytest.approx([0.452013, 0.115573, 0.432414], abs=3e-6)
    assert answer["expected_volatility"] ** 2 == pytest.approx(0.00378529, abs=5e-9)


@pytest.mark.parametrize(
    ("target", "variance", "printed"),
    [
        (0.065, 0.0010, [0.03, 0.10, 0.87]),
        (0.090, 0.0102, [0.56, 0.20, 0.24]),
        (0.100, 0.0189, [0.78, 0.22, 0.00]),
        (0.105, 0.0246, [0.93, 0.07, 0.00]),
    ],
)
def test_the_frontier_of_cornuejols_and_tutuncu(
    http: httpx.Client, target: float, variance: float, printed: list[float]
) -> None:
    """Cornuejols and Tutuncu (2007), Optimization methods in finance, table 8.3: stocks, bonds and money market."""
    table = [[0.02778, 0.00387, 0.00021], [0.00387, 0.01112, -0.0002], [0.00021, -0.0002, 0.00115]]
    answer = answered(
        http, ("MEAN_VARIANCE", "MIN_VOLATILITY"), ["stocks", "bonds", "MM"], mean=[0.1073, 0.0737, 0.0627],
        covariance=table, target_return=target,
    )  # fmt: skip
    assert weights(answer) == pytest.approx(printed, abs=0.006)
    assert answer["expected_volatility"] ** 2 == pytest.approx(variance, abs=6e-5)


@pytest.mark.parametrize(
    ("limit", "printed"),
    [
        ({"target_return": 0.06}, [0.8772, 0.0434, 0.0416, 0.0378]),
        ({"target_return": 0.12}, [0.1293, 0.4541, 0.1143, 0.3022]),
        ({"target_volatility": 0.12}, [0.3984, 0.3064, 0.0882, 0.2071]),
        ({"target_volatility": 0.16}, [0.1416, 0.4474, 0.1131, 0.2979]),
    ],
)
def test_portfolios_of_the_financial_toolbox(http: httpx.Client, limit: dict[str, float], printed: list[float]) -> None:
    """MathWorks, Financial Toolbox: estimateFrontierByReturn, estimateFrontierByRisk; their Sharpe ratios."""
    objective = "MIN_VOLATILITY" if "target_return" in limit else "MAX_RETURN"
    answer = answered(http, ("MEAN_VARIANCE", objective), ABCD, **MATLAB, **limit)
    assert weights(answer) == pytest.approx(printed, abs=5.1e-5)
    ratios = {0.06: 0.7796, 0.12: 0.7406}
    if "target_return" in limit:
        assert answer["sharpe_ratio"] == pytest.approx(ratios[limit["target_return"]], abs=5e-5)


def test_borrowing_costs_more_than_lending_earns(http: httpx.Client) -> None:
    """MathWorks, Financial Toolbox, portalloc: 0.1899 and 0.1527 on a frontier of 20 points; the best has more."""
    table = np.zeros((5, 5))
    table[:3, :3] = [[0.005, -0.010, 0.004], [-0.010, 0.040, -0.002], [0.004, -0.002, 0.023]]
    answer = answered(
        http, ("MEAN_VARIANCE", "MAX_UTILITY"), ["A", "B", "C", "lent", "borrowed"],
        mean=[0.10, 0.20, 0.15, 0.08, 0.12], covariance=table, risk_aversion=3,
        of_names={"borrowed": {"min_weight": -10.0, "max_weight": 0.0}},
    )  # fmt: skip
    utility = answer["optimization_metadata"]["objective_value"]
    assert 0.1899 - 1.5 * 0.1527**2 <= utility <= 0.1899 - 1.5 * 0.1527**2 + 2e-4
    assert answer["optimal_weights"]["borrowed"] == pytest.approx(1 - 1.1898, abs=0.004)


@pytest.mark.parametrize(
    ("aversion", "printed", "mean", "volatility"),
    [
        (5.0, [68.48, 35.35, 12.61, -16.44], 5.57, 12.57),
        (1.0, [51.44, -21.13, 144.88, -75.20], 8.38, 22.27),
        (0.2, [-33.75, -303.49, 806.22, -368.99], 22.46, 94.57),
    ],
)
def test_roncallis_portfolios_by_aversion_to_risk(
    http: httpx.Client, aversion: float, printed: list[float], mean: float, volatility: float
) -> None:
    """Roncalli (2013), Introduction to risk parity and budgeting, example 1: any weights, in percent."""
    limits = {"min_weight": -10.0}
    answer = answered(
        http, ("MEAN_VARIANCE", "MAX_UTILITY"), ABCD, **RONCALLI, constraints=limits, risk_aversion=aversion
    )
    found = [*weights(answer), answer["expected_return"], answer["expected_volatility"]]
    assert 100.0 * np.array(found) == pytest.approx([*printed, mean, volatility], abs=0.0051)


def test_roncallis_least_volatile_portfolio(http: httpx.Client) -> None:
    """The same table, its first column."""
    answer = answered(http, ("MEAN_VARIANCE", "MIN_VOLATILITY"), ABCD, **RONCALLI, constraints={"min_weight": -10.0})
    assert 100.0 * np.array(weights(answer)) == pytest.approx([72.74, 49.46, -20.45, -1.75], abs=0.0051)
    assert answer["expected_volatility"] == pytest.approx(0.12, abs=5e-5)


def test_the_bonds_and_stocks_of_bodie_kane_and_marcus(http: httpx.Client) -> None:
    """Bodie, Kane and Marcus, Investments, 7.3 and 7.4; with an aversion of 4, 74.39 % are in risky assets."""
    risky: dict[str, Any] = {"mean": [0.08, 0.13], "covariance": covariance([0.12, 0.20], [[1, 0.3], [0.3, 1]])}
    names = ["debt", "equity"]
    least = answered(http, ("MEAN_VARIANCE", "MIN_VOLATILITY"), names, **risky)
    assert weights(least) == pytest.approx([0.82, 0.18], abs=1e-9)
    assert least["expected_volatility"] == pytest.approx(0.1145, abs=5e-5)
    tangent = answered(http, ("MEAN_VARIANCE", "MAX_SHARPE"), names, **risky, risk_free_rate=0.05)
    assert weights(tangent) == pytest.approx([0.4, 0.6], abs=1e-9)
    assert tangent["expected_volatility"] == pytest.approx(0.142, abs=5e-4)
    assert tangent["sharpe_ratio"] == pytest.approx(0.42, abs=5e-3)
    table = np.zeros((3, 3))
    table[:2, :2] = risky["covariance"]
    complete = answered(
        http, ("MEAN_VARIANCE", "MAX_UTILITY"), [*names, "bills"], mean=[0.08, 0.13, 0.05], covariance=table,
        risk_aversion=4,
    )  # fmt: skip
    assert weights(complete) == pytest.approx([0.2976, 0.4463, 0.2561], abs=2e-4)


def test_the_three_securities_of_elton_and_gruber(http: httpx.Client) -> None:
    """Elton and Gruber, Modern portfolio theory, chapter 6: 14/18, 1/18 and 3/18 at a lending rate of 5 %."""
    table = covariance([0.06, 0.03, 0.15], [[1, 0.5, 0.2], [0.5, 1, 0.4], [0.2, 0.4, 1]])
    answer = answered(
        http, ("MEAN_VARIANCE", "MAX_SHARPE"), ["Colonel", "Separated", "Unique"], mean=[0.14, 0.08, 0.20],
        covariance=table, risk_free_rate=0.05,
    )  # fmt: skip
    assert weights(answer) == pytest.approx([14 / 18, 1 / 18, 3 / 18], abs=1e-9)
    assert answer["expected_volatility"] ** 2 == pytest.approx(0.0203 / 6, abs=1e-12)


def test_luenbergers_three_uncorrelated_assets(http: httpx.Client) -> None:
    """Luenberger, Investment science, example 6.10: means of 1, 2 and 3, a rate of 0.5."""
    answer = answered(
        http, ("MEAN_VARIANCE", "MAX_SHARPE"), ["A", "B", "C"], mean=[1, 2, 3], covariance=np.eye(3), risk_free_rate=0.5
    )
    assert weights(answer) == pytest.approx([1 / 9, 1 / 3, 5 / 9], abs=1e-9)


@pytest.mark.parametrize(
    ("objective", "printed", "mean", "deviation"),
    [
        ("MIN_VOLATILITY", [0.088, 0.251, 0.282, 0.104, 0.275], 14.413, 0.791),
        ("MAX_SHARPE", [0.158, 0.155, 0.314, 0.038, 0.334], 15.202, 0.812),
    ],
)
def test_luenbergers_five_securities(
    http: httpx.Client, objective: str, printed: list[float], mean: float, deviation: float
) -> None:
    """Luenberger, Investment science, chapter 6, a securities portfolio: two efficient funds, in the book's units."""
    table = [
        [2.30, 0.93, 0.62, 0.74, -0.23],
        [0.93, 1.40, 0.22, 0.56, 0.26],
        [0.62, 0.22, 1.80, 0.78, -0.27],
        [0.74, 0.56, 0.78, 3.40, -0.56],
        [-0.23, 0.26, -0.27, -0.56, 2.60],
    ]
    answer = answered(
        http, ("MEAN_VARIANCE", objective), list("ABCDE"), mean=[15.1, 12.5, 14.7, 9.02, 17.68], covariance=table
    )
    assert weights(answer) == pytest.approx(printed, abs=6e-4)
    assert answer["expected_return"] == pytest.approx(mean, abs=6e-4)
    assert answer["expected_volatility"] == pytest.approx(deviation, abs=6e-4)


def test_the_transaction_costs_of_lingo(http: httpx.Client) -> None:
    """LINGO, model TRANCOST: 1 % of every trade is paid out of what is invested; returns are growth factors."""
    table = [
        [0.01080754, 0.01240721, 0.01307513],
        [0.01240721, 0.05839170, 0.05542639],
        [0.01307513, 0.05542639, 0.09422681],
    ]
    held = {name: {"current_weight": weight} for name, weight in (("ATT", 0.5), ("GMC", 0.35), ("USX", 0.15))}
    answer = answered(
        http, ("REBALANCING", "MIN_VOLATILITY"), list(held), mean=[1.089083, 1.213667, 1.234583], covariance=table,
        of_names=held, options={"cost": 0.01}, target_return=1.15,
    )  # fmt: skip
    assert answer["optimization_metadata"]["convergence_status"] == "optimal"
    assert weights(answer) == pytest.approx([0.5264748, 0.3500000, 0.1229903], abs=1e-6)
    assert answer["expected_volatility"] ** 2 == pytest.approx(0.02261146, abs=6e-9)


# --- active risk --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("alpha", "aversion", "risk", "added"), [(3.0, 0.10, 2.5, 0.625), (3.6, 0.12, 2.5, 0.75)])
def test_the_active_risk_of_grinold_and_kahn(
    http: httpx.Client, alpha: float, aversion: float, risk: float, added: float
) -> None:
    """Grinold and Kahn, Active portfolio management, chapter 5: IR / (2 lambda), and IR^2 / (4 lambda), in percent."""
    specific = 0.06
    answer = answered(
        http, ("TRACKING_ERROR", "MAX_UTILITY"), ["benchmark", "active"], mean=[0.06, 0.06 + alpha / 100],
        covariance=[[0.0225, 0.0225], [0.0225, 0.0225 + specific**2]],
        options={"benchmark": {"benchmark": 1, "active": 0}}, risk_aversion=2 * 100 * aversion,
    )  # fmt: skip
    assert 100 * answer["tracking_error"] == pytest.approx(risk, abs=1e-9)
    assert answer["information_ratio"] == pytest.approx(alpha / 6, abs=1e-9)
    assert 100 * answer["optimization_metadata"]["objective_value"] == pytest.approx(added, abs=1e-9)


# --- shares of risk -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "budgets", "printed"),
    [
        (
            [[1.0, 0.0015, -0.0119], [0.0015, 1.0, -0.0308], [-0.0119, -0.0308, 1.0]],
            {"A": 0.1594, "B": 0.0126, "C": 0.8280},
            [0.2798628, 0.08774909, 0.6323881],
        ),
        (
            [
                [94.868, 33.750, 12.325, -1.178, 8.778],
                [33.750, 445.642, 98.955, -7.901, 84.954],
                [12.325, 98.955, 117.265, 0.503, 45.184],
                [-1.178, -7.901, 0.503, 5.460, 1.057],
                [8.778, 84.954, 45.184, 1.057, 34.126],
            ],
            None,
            [0.125, 0.047, 0.083, 0.613, 0.132],
        ),
    ],
    ids=["riskParityPortfolio", "Bai, Scheinberg and Tutuncu"],
)
def test_risk_parity_of_packages_and_papers(
    http: httpx.Client, table: list[list[float]], budgets: dict[str, float] | None, printed: list[float]
) -> None:
    """The manual of riskParityPortfolio; Bai, Scheinberg and Tutuncu (2016), Quantitative Finance 16(3), 357-376."""
    names = ["A", "B", "C", "D", "E"][: len(table)]
    options = {} if budgets is None else {"budgets": budgets}
    answer = answered(http, ("RISK_PARITY", "RISK_PARITY"), names, covariance=table, options=options)
    assert weights(answer) == pytest.approx(printed, abs=5.1e-4 if budgets is None else 5e-8)


def test_qians_stocks_and_bonds(http: httpx.Client) -> None:
    """Qian (2005), Risk parity portfolios: 60/40 takes 93 % of its risk from stocks; parity holds 23 % of them.

    Levered to the 9.6 % of 60/40, parity earns 8.4 %, borrowing at what the excess returns are in excess of.
    """
    stated: dict[str, Any] = {"mean": [0.083, 0.037], "covariance": covariance([0.151, 0.046], [[1, 0.2], [0.2, 1]])}
    held = {"stocks": {"current_weight": 0.6}, "bonds": {"current_weight": 0.4}}
    answer = answered(
        http, ("RISK_PARITY", "RISK_PARITY"), list(held), **stated, of_names=held,
        options={"target_volatility": 0.096}, constraints={"leverage_limit": 3},
    )  # fmt: skip
    current = answer["risk_decomposition"]["current"]
    assert current["total"] == pytest.approx(0.096, abs=5e-5)
    assert current["assets"]["stocks"]["share"] == pytest.approx(0.93, abs=5e-3)
    stocks, bonds = weights(answer)
    assert stocks / (stocks + bonds) == pytest.approx(0.23, abs=5e-3)
    assert answer["expected_return"] == pytest.approx(0.084, abs=5e-4)
    assert answer["sharpe_ratio"] == pytest.approx(0.87, abs=5e-3)


@pytest.mark.parametrize(
    ("held", "table", "total", "shares"),
    [
        ({"CAD": 2 / 3, "EUR": 1 / 3}, [[0.0025, 0], [0, 0.0144]], 257_738 / 3e6 / 1.65, [0.410, 0.590]),
        (
            {"DJIA": 0.4, "FTSE 100": 0.3, "CAC 40": 0.1, "Nikkei 225": 0.2},
            [
                [0.0001227, 0.0000768, 0.0000767, -0.0000095],
                [0.0000768, 0.0002010, 0.0001817, 0.0000394],
                [0.0000767, 0.0001817, 0.0001950, 0.0000407],
                [-0.0000095, 0.0000394, 0.0000407, 0.0001909],
            ],
            93.60 / 10_000,
            None,
        ),
    ],
    ids=["Jorion", "Hull"],
)
def test_the_risk_of_what_is_held(
    http: httpx.Client, held: dict[str, float], table: Any, total: float, shares: list[float] | None
) -> None:
    """Jorion, Value at risk, 7.2: component VaR of two currencies; Hull, Risk management, on four indices."""
    answer = answered(
        http, ("EQUAL_WEIGHT", "MIN_VOLATILITY"), list(held), covariance=table,
        of_names={name: {"current_weight": weight} for name, weight in held.items()},
    )  # fmt: skip
    current = answer["risk_decomposition"]["current"]
    assert current["total"] == pytest.approx(total, rel=5e-5)
    if shares is not None:
        assert [each["share"] for each in current["assets"].values()] == pytest.approx(shares, abs=5e-4)


def test_two_assets_are_most_diversified_by_inverse_volatility(http: httpx.Client) -> None:
    """Choueifaty and Coignard (2008), Toward maximum diversification: volatilities of 20 and 10 % give 1/3 and 2/3."""
    table = covariance([0.2, 0.1], [[1, 0.5], [0.5, 1]])
    answer = answered(http, ("MAXIMUM_DIVERSIFICATION", "MAX_RATIO"), ["A", "B"], covariance=table)
    assert weights(answer) == pytest.approx([1 / 3, 2 / 3], abs=1e-9)


# --- the worst case -----------------------------------------------------------------------------------------------


def test_the_worst_covariance_of_a_given_portfolio_when_only_signs_are_known(http: httpx.Client) -> None:
    """Boyd and Vandenberghe, Convex optimization, additional exercises: the risk is 0.1232 at worst."""
    held, variances = np.array([0.1, 0.2, -0.05, 0.1]), np.array([0.2, 0.1, 0.3, 0.1])
    signs = np.array([[0, 1, 1, 2], [1, 0, -1, -1], [1, -1, 0, 1], [2, -1, 1, 0]])
    widest = np.sqrt(np.outer(variances, variances))
    low, high = np.where(signs == 1, 0, -widest), np.where(signs == -1, 0, widest)
    np.fill_diagonal(low, variances)
    np.fill_diagonal(high, variances)
    fixed = dict(zip(ABCD, (held / held.sum()).tolist(), strict=True))
    answer = answered(
        http, ("ROBUST_OPTIMIZATION", "MIN_VOLATILITY"), ABCD,
        of_names={name: {"min_weight": weight, "max_weight": weight} for name, weight in fixed.items()},
        options={
            "covariance_uncertainty": {
                "center": ((low + high) / 2).tolist(), "half_width": ((high - low) / 2).tolist()
            }
        },
    )  # fmt: skip
    assert held.sum() * answer["robustness"]["worst_case_volatility"] == pytest.approx(0.1232, abs=5.1e-5)


def test_the_worst_case_analysis_of_cvxpy(http: httpx.Client) -> None:
    """CVXPY's example of worst-case risk: the portfolio, and the change of its covariance that hurts it most."""
    draws = np.random.RandomState(2)
    mean = np.abs(draws.randn(5)) / 15
    root = draws.uniform(-0.15, 0.8, size=(5, 5))
    table, names = root.T @ root, [*ABCD, "E"]
    nominal = answered(
        http, ("MEAN_VARIANCE", "MIN_VOLATILITY"), names, mean=mean.tolist(), covariance=table,
        constraints={"min_weight": -2.0, "leverage_limit": 2.0}, target_return=0.1,
    )  # fmt: skip
    assert weights(nominal) == pytest.approx([-0.01, 0.13, 0.18, 0.88, -0.18], abs=0.0051)
    answer = answered(
        http, ("ROBUST_OPTIMIZATION", "MIN_VOLATILITY"), names, mean=mean.tolist(), covariance=table,
        of_names={name: {"min_weight": w, "max_weight": w} for name, w in nominal["optimal_weights"].items()},
        options={"covariance_uncertainty": {"half_width": (0.2 * (1 - np.eye(5))).tolist()}},
    )  # fmt: skip
    worst = answer["robustness"]["worst_case"]["covariance"]
    change = np.array([list(row.values()) for row in worst.values()]) - table
    assert change[0] == pytest.approx([0.0, 0.04, -0.2, 0.0, 0.2], abs=0.0051)


# --- factors ------------------------------------------------------------------------------------------------------


def test_the_single_index_portfolio_of_elton_and_gruber(http: httpx.Client) -> None:
    """Elton and Gruber, Modern portfolio theory, table 9.2: ten securities, a cut-off rate of 5.45, long only."""
    names = [f"security {number}" for number in range(1, 11)]
    betas, residual = [1, 1.5, 1, 2, 1, 1.5, 2, 0.8, 1, 0.6], [50, 40, 20, 10, 40, 30, 40, 16, 20, 6]
    model = {
        "loadings": {"index": dict(zip(names, betas, strict=True))},
        "covariance": {"index": {"index": 0.0010}},
        "specific": dict(zip(names, (np.array(residual) / 1e4).tolist(), strict=True)),
    }
    mean = [0.15, 0.17, 0.12, 0.17, 0.11, 0.11, 0.11, 0.07, 0.07, 0.056]
    answer = answered(
        http, ("FACTOR_BASED", "MAX_SHARPE"), names, mean=mean, options={"model": model}, risk_free_rate=0.05
    )
    printed = [0.235, 0.246, 0.200, 0.284, 0.035, 0, 0, 0, 0, 0]
    assert weights(answer) == pytest.approx(printed, abs=1e-3)
    assert answer["provenance"]["estimates"]["covariance"] == "given"


def test_the_factors_of_roncalli_and_weisang(http: httpx.Client) -> None:
    """Roncalli and Weisang (2016), Risk parity portfolios with risk factors, section 2: equal weights, then budgets.

    Their factors are three, and a fourth orthogonal to the loadings that has what the others leave.
    """
    loadings = np.array([[0.9, 0, 0.5], [1.1, 0.5, 0], [1.2, 0.3, 0.2], [0.8, 0.1, 0.7]])
    table = loadings @ np.diag([0.04, 0.01, 0.01]) @ loadings.T + np.diag([0.01, 0.0225, 0.01, 0.0225])
    basis = np.column_stack([loadings, np.linalg.svd(loadings)[0][:, 3]])
    theirs = np.linalg.inv(basis) @ table @ np.linalg.inv(basis).T
    factors = ["F1", "F2", "F3", "rest"]
    model = {
        "loadings": {
            name: dict(zip(ABCD, column, strict=True)) for name, column in zip(factors, basis.T.tolist(), strict=True)
        },
        "covariance": {
            name: dict(zip(factors, row, strict=True)) for name, row in zip(factors, theirs.tolist(), strict=True)
        },
        "specific": dict.fromkeys(ABCD, 0.0),
    }
    equal = {name: {"current_weight": 0.25} for name in ABCD}
    answer = answered(
        http, ("FACTOR_BASED", "MIN_VOLATILITY"), ABCD, of_names=equal,
        options={"model": model, "risk_budgets": {"F1": 0.49, "F2": 0.25, "F3": 0.25}},
    )  # fmt: skip
    current = answer["risk_decomposition"]["current"]
    assert current["total"] == pytest.approx(0.2140, abs=5e-5)
    shares = [current["factors"][name]["share"] for name in factors[:3]]
    assert shares == pytest.approx([0.8049, 0.0953, 0.0991], abs=5.1e-5)
    assert weights(answer) == pytest.approx([0.1508, 0.3838, 0.0089, 0.4565], abs=2e-4)
    assert answer["expected_volatility"] == pytest.approx(0.2127, abs=5.1e-5)
