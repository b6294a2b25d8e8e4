"""What robust and multi-objective answers stand on comes out of a solver process as it went in, and proves the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from tangency.adapters.entry_points.catalogue import EntryPointPlugins
from tangency.adapters.solving.conclusion import conclude
from tangency.adapters.solving.in_process import proposed, solve
from tangency.adapters.solving.wire import pack_proposed, unpack
from tangency.domain.optimization.constraint import Budget, MaximumWeight, MinimumWeight
from tangency.domain.optimization.objective import MaximumUtility, MinimumRisk, MultiObjective, Objective
from tangency.domain.optimization.proposal import Status
from tangency.domain.optimization.ratio import MaximumSharpe
from tests.support.history import of_sample

PLUGINS = EntryPointPlugins()
LONG_SHORT = (Budget(), MinimumWeight(-0.2), MaximumWeight(0.4))
AIMS = [
    {"name": "return", "bound": 0.2},
    {"name": "risk", "bound": 0.4},
    {"name": "turnover", "bound": 0.9},
    {"name": "concentration", "bound": 0.6},
]


@pytest.mark.parametrize(
    ("method", "objective", "options"),
    [
        ("multi_objective", MultiObjective(), {"objectives": AIMS, "points": 0, "scheme": "chebyshev"}),
        ("robust_optimization", MaximumSharpe(-0.5), {"covariance_uncertainty": {"estimate": "empirical"}}),
        ("robust_optimization", MinimumRisk(), {"wasserstein_radius": 0.001}),
        ("robust_optimization", MaximumUtility(2.0), {"scenarios": [{"name": "a"}, {"name": "b"}]}),
    ],
)
def test_a_proof_survives_the_journey(method: str, objective: Objective, options: Mapping[str, object]) -> None:
    problem, estimates = of_sample(objective, LONG_SHORT)
    names = len(problem.universe)
    problem = replace(problem, method=method, options=options, current=estimates.covariance.variances * 0 + 1 / names)
    arrived = unpack(problem, pack_proposed(problem, proposed(problem, PLUGINS)))
    solution, here = conclude(problem, arrived, PLUGINS), solve(problem, PLUGINS)
    assert solution.status is Status.OPTIMAL, solution.message
    assert solution.certificate is not None
    assert here.certificate is not None
    assert solution.certificate.relative_gap == here.certificate.relative_gap
    assert solution.objective_value == here.objective_value
    assert solution.findings == here.findings
