"""A covariance in factor form reaches the answer in that form, whoever solved the problem and wherever it is kept."""

from dataclasses import replace

import numpy as np
import pytest

from tangency.adapters.document.answer import _portfolio_risk
from tangency.adapters.entry_points import EntryPointPlugins
from tangency.adapters.solving.conclusion import conclude
from tangency.adapters.solving.in_process import proposed, solve
from tangency.adapters.solving.wire import pack_proposed, unpack
from tangency.adapters.sql.solutions import columns_of, metadata_of, solution_of
from tangency.domain.market.estimates import EstimatorChoice
from tangency.domain.market.factor_covariance import FactorCovariance
from tangency.domain.market.market import Market
from tangency.domain.market.returns import Returns
from tangency.domain.market.universe import Universe
from tangency.domain.optimization.constraint import Budget, LongOnly
from tangency.domain.optimization.objective import MinimumVolatility
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.solution import Solution
from tangency.domain.risk.portfolio_risk import PortfolioRisk
from tests.support.samples import returns_of

UNIVERSE = Universe.of(["A", "B", "C", "D"])
ROWS = returns_of(80, 4)
FACTORS = {"MKT": (ROWS.mean(axis=1) + 0.001).tolist(), "HML": (ROWS[:, 0] - ROWS[:, 3]).tolist()}
PLUGINS = EntryPointPlugins()


def problem(name: str = "time_series_factor") -> Problem:
    options = {"factors": FACTORS} if name == "time_series_factor" else {}
    market = Market(UNIVERSE, returns=Returns(UNIVERSE, ROWS), covariance_estimator=EstimatorChoice(name, options))
    current = np.array([0.4, 0.3, 0.2, 0.1])
    return Problem(market, MinimumVolatility(), (Budget(), LongOnly()), current=current)


def by_factor(risk: PortfolioRisk | None) -> dict[str, float]:
    assert risk is not None
    assert risk.by_factor is not None
    return {name: part.absolute for name, part in risk.by_factor.items()}


@pytest.mark.parametrize("name", ["time_series_factor", "statistical_factor"])
def test_an_answer_on_a_factor_model_is_proven_and_taken_apart_by_factor(name: str) -> None:
    solution = solve(problem(name), PLUGINS)
    assert solution.certificate is not None
    assert solution.certificate.relative_gap is not None
    assert solution.certificate.relative_gap < 1e-8
    for risk in (solution.risk, solution.current_risk):
        parts = by_factor(risk)
        assert list(parts)[-1] == "specific"
        assert risk is not None
        assert sum(parts.values()) == pytest.approx(risk.total, rel=1e-12)


def test_it_travels_between_processes_as_it_is() -> None:
    asked = problem()
    found = proposed(asked, PLUGINS)
    arrived = unpack(asked, pack_proposed(asked, found))
    sent, received = found.outcome.estimates.covariance, arrived.outcome.estimates.covariance
    assert isinstance(sent, FactorCovariance)
    assert isinstance(received, FactorCovariance)
    assert received.model.factors == ("MKT", "HML")
    assert np.array_equal(received.dense(), sent.dense())
    assert received.spectrum == sent.spectrum
    assert by_factor(conclude(asked, arrived, PLUGINS).risk) == by_factor(solve(asked, PLUGINS).risk)


def test_so_it_does_with_what_was_added_where_factors_explain_everything() -> None:
    rows = np.outer(ROWS[:, 0], [1.0, 2.0, 0.5, 1.5])
    estimator = EstimatorChoice("time_series_factor", {"factors": {"M": ROWS[:, 0].tolist()}})
    asked = replace(problem(), market=Market(UNIVERSE, returns=Returns(UNIVERSE, rows), covariance_estimator=estimator))
    found = proposed(asked, PLUGINS)
    repair = found.outcome.estimates.covariance.repair
    assert repair is not None
    assert unpack(asked, pack_proposed(asked, found)).outcome.estimates.covariance.repair == repair


def kept(solution: Solution) -> Solution:
    """As a database gives it back."""
    read = solution_of({**columns_of(solution), "optimization_metadata": metadata_of(solution)}, solution.message)
    assert read is not None
    return read


def test_it_is_kept_with_the_answer() -> None:
    solution = solve(problem(), PLUGINS)
    read = kept(solution)
    assert by_factor(read.risk) == by_factor(solution.risk)
    assert by_factor(read.current_risk) == by_factor(solution.current_risk)


def test_answers_kept_before_there_were_factors_have_none() -> None:
    solution = solve(problem(), PLUGINS)
    columns = columns_of(solution)
    for which in ("target", "current"):
        del columns["risk_decomposition"][which]["factors"]
    read = solution_of({**columns, "optimization_metadata": metadata_of(solution)}, solution.message)
    assert read is not None
    assert read.risk is not None
    assert read.risk.by_factor is None


def test_it_is_served() -> None:
    solution = solve(problem(), PLUGINS)
    document = _portfolio_risk(solution.risk, UNIVERSE)
    assert document is not None
    assert document.factors is not None
    assert list(document.factors) == ["MKT", "HML", "specific"]
    dense = solve(replace(problem(), market=Market(UNIVERSE, returns=Returns(UNIVERSE, ROWS))), PLUGINS)
    without = _portfolio_risk(dense.risk, UNIVERSE)
    assert without is not None
    assert without.factors is None
