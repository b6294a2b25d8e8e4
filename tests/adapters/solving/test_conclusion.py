"""How an answer came about: whose code had a part in it."""

from pathlib import Path

import pytest

from tangency.adapters.entry_points import EntryPointPlugins
from tangency.adapters.solving.in_process import solve
from tangency.domain.market.estimates import EstimatorChoice
from tangency.domain.market.market import Market
from tangency.domain.market.returns import Returns
from tangency.domain.market.universe import Universe
from tangency.domain.optimization.constraint import Budget, LongOnly
from tangency.domain.optimization.objective import MinimumVolatility
from tangency.domain.optimization.problem import Problem
from tests.support.distributions import Distribution
from tests.support.samples import returns_of

STRESSED = """
from dataclasses import replace
from tangency.domain.market.estimates import Estimator

class Stressed(Estimator):
    name, citation, options = "stressed", "Nobody.", NoOptions

    def scenarios(self, sample, options):
        return replace(sample, returns=2 * sample.returns)
"""


def test_the_version_of_the_prior_stands_beside_those_of_the_other_estimators(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Distribution("stress-tests", STRESSED, estimators={"stressed": "Stressed"}, version="0.7").install(
        tmp_path, monkeypatch
    )
    universe = Universe.of(["A", "B", "C"])
    market = Market(universe, returns=Returns(universe, returns_of(60, 3)), prior=EstimatorChoice("stressed"))
    solution = solve(Problem(market, MinimumVolatility(), (Budget(), LongOnly())), EntryPointPlugins())
    assert solution.provenance is not None
    assert solution.provenance.versions["stress-tests"] == "0.7"
