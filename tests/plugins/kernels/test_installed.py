"""Methods inside methods: found by name, options bound, an objective chosen, mistakes placed where they were made."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tangency.domain.errors import InvalidInput, Unsupported
from tangency.domain.optimization.constraint import MaximumWeight
from tangency.domain.optimization.objective import MaximumUtility, MinimumVolatility, RiskParity
from tangency.domain.optimization.proposal import Proposal, Status
from tangency.domain.optimization.ratio import MaximumSharpe
from tangency.plugins.kernels.installed import (
    Inner,
    ask,
    bind_options,
    find_estimator,
    find_method,
    objective_of,
    unanswered,
)
from tests.support.posed import LONG_ONLY, estimated, posed

S = np.diag([0.04, 0.09])
HERE = ("method_options", "final")


def asked(inner: Inner, objective: Any = None) -> Proposal:
    problem = posed(S, [0.05, 0.07], objective)
    return ask(inner, problem, estimated(problem), HERE)


def test_a_method_is_found_in_upper_and_lower_case() -> None:
    assert find_method("MEAN_VARIANCE", ()).name == "mean_variance"
    assert find_method("mean_variance", ()) is find_method("Mean_Variance", ())
    assert find_estimator("Ewma", ()).name == "ewma"


def test_an_unknown_method_is_refused_with_its_place_and_a_hint() -> None:
    with pytest.raises(
        Unsupported, match=r"method_options\.final\.method: 'mean_varianc' is not a known method; did you mean"
    ):
        asked(Inner("mean_varianc"))
    with pytest.raises(Unsupported, match="'magic' is not a known estimator"):
        find_estimator("magic", HERE)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"linkag": "ward"}, r"final\.options\.linkag: 'linkag' is not a known option; did you mean linkage"),
        ({"linkage": "wart"}, r"final\.options\.linkage: is 'wart'; give 'single' or 'complete' or"),
        ({"risk_measure": "hope"}, r"final\.options\.risk_measure: 'hope' is not a known risk measure"),
    ],
)
def test_wrong_options_are_refused_with_their_place(options: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        asked(Inner("hierarchical_risk_parity", options))


def test_a_refusal_inside_is_placed_inside() -> None:
    with pytest.raises(InvalidInput, match=r"method_options\.final\.options\.clusters: is 9"):
        asked(Inner("hierarchical_equal_risk_contribution", {"clusters": 9}))


def test_options_are_typed() -> None:
    found: Any = bind_options(find_method("schur_complementary", ()).options, {"gamma": 1}, ())
    assert (found.gamma, found.linkage) == (1.0, "single")


@pytest.mark.parametrize(
    ("inner", "aim", "name"),
    [
        (Inner("mean_variance"), MaximumSharpe(0.01), "MAX_SHARPE"),
        (Inner("hierarchical_risk_parity"), MaximumSharpe(0.01), "MIN_VOLATILITY"),
        (Inner("risk_parity"), MinimumVolatility(), "RISK_PARITY"),
        (Inner("equal_weight"), RiskParity(), "RISK_PARITY"),
        (Inner("mean_variance", objective="max_utility"), MaximumUtility(3.0), "MAX_UTILITY"),
    ],
)
def test_the_objective_is_the_one_asked_where_the_method_takes_it(inner: Inner, aim: Any, name: str) -> None:
    found = objective_of(inner, find_method(inner.method, ()), aim, ())
    assert found.name == name
    if name == aim.name:
        assert found == aim


def test_an_objective_that_the_method_does_not_take_is_refused() -> None:
    with pytest.raises(
        Unsupported, match=r"final\.objective: method 'mean_variance' does not take MAX_RATIO; did you mean MAX"
    ):
        asked(Inner("mean_variance", objective="MAX_RATIO"))


def test_limits_that_a_method_cannot_keep_are_not_put_to_it() -> None:
    problem = replace(posed(S), constraints=(*LONG_ONLY, MaximumWeight(0.6)))
    free = ask(Inner("inverse_volatility"), problem, estimated(problem), HERE)
    bound = ask(Inner("mean_variance"), problem, estimated(problem), HERE)
    assert free.weights is not None
    assert bound.weights is not None
    np.testing.assert_allclose(free.weights, [0.6, 0.4], atol=1e-12)
    np.testing.assert_allclose(bound.weights, [0.6, 0.4], atol=1e-9)  # 9/13 without the limit


def test_who_has_no_weights_says_so() -> None:
    told = unanswered("Portfolio 2", Proposal(Status.TIME_LIMIT, iterations=7))
    assert (told.status, told.message, told.iterations) == (Status.TIME_LIMIT, "Portfolio 2: it ended time_limit", 7)
