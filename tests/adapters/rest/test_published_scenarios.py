"""Published figures that stand on returns: bets, tails, views on probabilities, shrunk covariances."""

import math

import httpx
import numpy as np
import pytest

from tests.plugins.test_mean_risk import MARKOWITZ
from tests.support.stated import answered, weights

STOCKS = ["ATT", "GMC", "USX"]


# --- bets ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("chance", "odds", "stake"),
    [(0.57, 1, 0.14), (0.38, 2, 0.07), (0.285, 3, 0.0467), (0.228, 4, 0.035), (0.19, 5, 0.028)],
)
def test_the_bets_of_ziemba_and_hausch(http: httpx.Client, chance: float, odds: float, stake: float) -> None:
    """Ziemba and Hausch (1986), in MacLean, Thorp and Ziemba (2011), The Kelly capital growth criterion: 14 % edges."""
    answer = answered(
        http, ("MAXIMUM_GROWTH", "MAX_RETURN"), ["bet", "CASH"], returns=[[odds, 0], [-1, 0]],
        options={"probabilities": [chance, 1 - chance]}, periods_per_year=1,
    )  # fmt: skip
    assert answer["optimal_weights"]["bet"] == pytest.approx(stake, abs=5e-5)


def test_two_bets_at_once_are_smaller(http: httpx.Client) -> None:
    """Thorp (2006), The Kelly criterion, section 8: of two even bets with edge m each is m / (1 + m^2)."""
    chance, edge = 0.6, 0.2
    answer = answered(
        http, ("MAXIMUM_GROWTH", "MAX_RETURN"), ["one", "other", "CASH"],
        returns=[[1, 1, 0], [1, -1, 0], [-1, 1, 0], [-1, -1, 0]],
        options={"probabilities": [chance**2, chance * (1 - chance), chance * (1 - chance), (1 - chance) ** 2]},
        periods_per_year=1,
    )  # fmt: skip
    assert weights(answer)[:2] == pytest.approx([edge / (1 + edge**2)] * 2, abs=1e-9)


def test_the_optimal_fraction_of_vince(http: httpx.Client) -> None:
    """Vince (1990), Portfolio management formulas: nine trades, 0.24 of the largest loss, in steps of 0.01."""
    trades = np.array([9, 18, 7, 1, 10, -5, -3, -17, -7]) / 17
    answer = answered(
        http, ("MAXIMUM_GROWTH", "MAX_RETURN"), ["system", "CASH"], returns=np.column_stack([trades, 0 * trades]),
        periods_per_year=1,
    )  # fmt: skip
    assert answer["optimal_weights"]["system"] == pytest.approx(0.24, abs=0.005)
    assert math.exp(answer["optimization_metadata"]["objective_value"]) == pytest.approx(1.0102, abs=5e-5)


def test_horses_are_backed_by_their_chances(http: httpx.Client) -> None:
    """Cover and Thomas, Elements of information theory, chapter 6: at odds of 3 the doubling rate is log 3 - H(p)."""
    answer = answered(
        http, ("MAXIMUM_GROWTH", "MAX_RETURN"), ["first", "second", "third"], returns=3 * np.eye(3) - 1,
        options={"probabilities": [0.5, 0.25, 0.25]}, periods_per_year=1,
    )  # fmt: skip
    assert weights(answer) == pytest.approx([0.5, 0.25, 0.25], abs=1e-9)
    rate = answer["optimization_metadata"]["objective_value"] / math.log(2)
    assert rate == pytest.approx(math.log2(3) - 1.5, abs=1e-9)


# --- shortfalls ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("measure", "printed"),
    [("volatility", [0.530, 0.357, 0.113]), ("semi_deviation", [0.575, 0.039, 0.386]), ("mad", [0.511, 0.489, 0.000])],
)
def test_three_measures_of_risk_in_the_manual_of_lingo(http: httpx.Client, measure: str, printed: list[float]) -> None:
    """LINGO, online help, model GENPRT: variance, semi-variance and downside risk, which is half of the MAD."""
    answer = answered(
        http, ("MEAN_RISK", "MIN_RISK"), STOCKS, returns=MARKOWITZ, options={"risk_measure": measure},
        periods_per_year=1, target_return=0.15,
    )  # fmt: skip
    assert weights(answer) == pytest.approx(printed, abs=1e-3)


@pytest.mark.parametrize(
    ("measure", "level", "printed"),
    [
        ("cvar", 7 / 12, (4 + 2 * 5 + 2 * 6) / 5),
        ("cvar", 4 / 6, (5 + 6) / 2),
        ("cvar", 5 / 6, 6.0),
        ("var", 4 / 6, 4.0),
    ],
)
def test_six_losses_of_sarykalin_serraino_and_uryasev(
    http: httpx.Client, measure: str, level: float, printed: float
) -> None:
    """Sarykalin, Serraino and Uryasev (2008), Value-at-risk vs. conditional value-at-risk, 2.3: six equal chances.

    At 7/12 the CVaR splits the atom at the VaR: f4 / 5 + 2 f5 / 5 + 2 f6 / 5.
    """
    answer = answered(
        http, ("MEAN_RISK", "MIN_RISK"), ["loan"], returns=[[-loss / 100] for loss in range(1, 7)],
        options={"risk_measure": measure}, confidence_level=level, periods_per_year=1,
    )  # fmt: skip
    assert 100 * answer["optimization_metadata"]["objective_value"] == pytest.approx(printed, abs=1e-7)


@pytest.mark.parametrize(("measure", "one", "both"), [("var", 1.0, 11.0), ("cvar", 8.2, 11.144)])
def test_two_projects_of_hull(http: httpx.Client, measure: str, one: float, both: float) -> None:
    """Hull, Risk management and financial institutions, chapter on VaR: each loses $10 million with a chance of 2 %,
    else $1 million. At 97.5 % two of them have more value at risk than one and one, and less expected shortfall."""
    losses, chances = np.array([[10, 10], [10, 1], [1, 10], [1, 1]]), [0.0004, 0.0196, 0.0196, 0.9604]
    for share, printed in ((1.0, one), (0.5, both / 2)):
        answer = answered(
            http, ("MEAN_RISK", "MIN_RISK"), ["first", "second"], returns=-losses / 100,
            of_names={"first": {"min_weight": share, "max_weight": share}},
            options={"risk_measure": measure, "probabilities": chances}, confidence_level=0.975, periods_per_year=1,
        )  # fmt: skip
        assert 100 * answer["optimization_metadata"]["objective_value"] == pytest.approx(printed, abs=1e-7)


# --- views --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("face", "chance"), [(1, 0.05435), (3, 0.11416), (6, 0.34749)])
def test_the_die_of_jaynes(http: httpx.Client, face: int, chance: float) -> None:
    """Jaynes (1963), Brandeis lectures: a die that shows 4.5 on average. Each name pays 1 where its face shows."""
    names = [f"face {number}" for number in range(1, 7)]
    view = {"measure": "mean", "value": 4.5, "weights": {name: place for place, name in enumerate(names, start=1)}}
    answer = answered(
        http, ("MEAN_VARIANCE", "MAX_RETURN"), names, returns=np.eye(6), of_names={names[face - 1]: {"min_weight": 1}},
        periods_per_year=1, prior={"name": "entropy_pooling", "options": {"views": [view]}},
    )  # fmt: skip
    assert answer["expected_return"] == pytest.approx(chance, abs=5.1e-6)


# --- estimators ---------------------------------------------------------------------------------------------------

SMALL = 0.1
"""What draws are multiplied by: no return is below -1."""


@pytest.mark.parametrize(
    ("estimator", "drawn", "rows", "printed"),
    [
        ({"name": "ledoit_wolf"}, [[0.4, 0.2], [0.2, 0.8]], 50, [[0.4406, 0.1616], [0.1616, 0.8022]]),
        ({"name": "oas"}, [[0.8, 0.3], [0.3, 0.4]], 500, [[0.7533, 0.2763], [0.2763, 0.3964]]),
    ],
    ids=["ledoit_wolf", "oas"],
)
def test_covariances_in_the_manual_of_scikit_learn(
    http: httpx.Client, estimator: dict[str, object], drawn: list[list[float]], rows: int, printed: list[list[float]]
) -> None:
    """scikit-learn, sklearn.covariance: the examples of LedoitWolf and OAS, row by row."""
    draws = np.random.RandomState(0).multivariate_normal([0.0, 0.0], drawn, size=rows)
    names = ["A", "B", "C", "D"][: len(drawn)]
    answer = answered(
        http, ("EQUAL_WEIGHT", "MIN_VOLATILITY"), names, returns=SMALL * draws, periods_per_year=1,
        covariance_estimator=estimator,
    )  # fmt: skip
    marginal = [each["marginal"] for each in answer["risk_decomposition"]["target"]["assets"].values()]
    found = np.array(marginal) * answer["expected_volatility"] / SMALL**2  # covariances with the average of all names
    assert found == pytest.approx(np.mean(printed, axis=1), abs=1e-4)
