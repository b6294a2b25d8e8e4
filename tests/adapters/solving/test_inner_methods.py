"""A method made of others finds them as the service does: what an operator blocked is blocked inside too."""

import numpy as np
import pytest

from tangency.adapters.entry_points import EntryPointPlugins
from tangency.adapters.solving import in_process
from tangency.domain.errors import Unsupported
from tangency.domain.market.market import Market
from tangency.domain.market.universe import Universe
from tangency.domain.optimization.constraint import Budget, LongOnly
from tangency.domain.optimization.objective import MinimumVolatility
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Status

MARKET = Market(Universe.of(["A", "B"]), covariance=np.diag([0.04, 0.09]))
STACKED = Problem(
    MARKET,
    MinimumVolatility(),
    (Budget(), LongOnly()),
    "stacking",
    {"methods": [{"method": "equal_weight"}, {"method": "inverse_volatility"}], "folds": 0},
)


def test_an_inner_method_is_found() -> None:
    assert in_process.solve(STACKED, EntryPointPlugins()).status is Status.FEASIBLE


def test_a_blocked_inner_method_is_refused_where_it_stands() -> None:
    with pytest.raises(Unsupported, match="blocked by the operator") as caught:
        in_process.solve(STACKED, EntryPointPlugins(blocked=["inverse_volatility"]))
    assert caught.value.faults[0].path == ("method_options", "methods", 1, "method")
