"""Laws of exposures and contributions, on random returns and on degenerate ones."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tangency.domain.errors import InvalidInput
from tangency.domain.factors.explaining import FactorSample, explain
from tangency.domain.numbers import Vector


def sample_of(seed: int, scale: float = 1.0, periods: int = 40, names: int = 4, factors: int = 2) -> FactorSample:
    source = np.random.default_rng(seed)
    causes = 0.04 * source.standard_normal((periods, factors)) + 0.005
    rest = 0.02 * source.standard_normal((periods, names))
    excess = causes @ source.normal(1.0, 0.5, (factors, names)) + rest
    days = tuple(date(2020, 1, 1) + timedelta(days=day) for day in range(periods))
    labels = [tuple(f"{letter}{place}" for place in range(count)) for letter, count in (("A", names), ("f", factors))]
    weights, benchmark = source.dirichlet(np.ones(names), 2)
    return FactorSample(labels[0], days, scale * excess, labels[1], scale * causes, 252.0, weights, benchmark)


def sums(sample: FactorSample, weights: Vector) -> tuple[float, float]:
    returns = sample.excess @ weights
    return float(np.sqrt(252.0 * returns.var(ddof=1))), float(252.0 * returns.mean())


@given(st.integers(0, 10_000), st.sampled_from([1e-12, 1.0, 1e12]))
def test_contributions_sum_to_what_they_are_parts_of(seed: int, scale: float) -> None:
    sample = sample_of(seed, scale)
    assert sample.benchmark is not None
    found = explain(sample, "newey_west")
    volatility, mean = sums(sample, sample.weights)
    error, difference = sums(sample, sample.weights - sample.benchmark)
    rows = found.attribution
    assert sum(row.contribution for row in rows) == pytest.approx(volatility, rel=1e-12)
    assert sum(row.percent_contribution or 0.0 for row in rows) == pytest.approx(1.0, abs=1e-12)
    assert sum(row.return_contribution for row in rows) == pytest.approx(mean, rel=1e-9, abs=1e-12 * scale)
    assert sum(row.active_contribution or 0.0 for row in rows) == pytest.approx(error, rel=1e-11)
    assert sum(row.active_percent_contribution or 0.0 for row in rows) == pytest.approx(1.0, abs=1e-11)
    active = sum(row.active_return_contribution or 0.0 for row in rows)
    assert active == pytest.approx(difference, rel=1e-9, abs=1e-12 * scale)
    assert found.portfolio.volatility == pytest.approx(volatility, rel=1e-12)
    squares = found.portfolio.factor_volatility**2 + found.portfolio.specific_volatility**2
    assert squares == pytest.approx(volatility**2, rel=1e-11)


@given(st.integers(0, 10_000))
def test_exposures_are_weighted_sums_of_the_assets_own(seed: int) -> None:
    found = explain(sample_of(seed), "plain")
    for place, row in enumerate(found.exposures):
        betas = [
            (asset.weight, asset.benchmark_weight, asset.coefficients[place].coefficient) for asset in found.assets
        ]
        assert row.exposure == pytest.approx(sum(weight * beta for weight, _, beta in betas), abs=1e-13)
        benchmark = sum((weight or 0.0) * beta for _, weight, beta in betas)
        assert row.benchmark_exposure == pytest.approx(benchmark, abs=1e-13)


def test_a_factor_of_its_own_explains_everything() -> None:
    sample = sample_of(1, names=1, factors=1)
    whole = FactorSample(("A",), sample.dates, sample.factors, ("f",), sample.factors, 252.0, np.ones(1))
    found = explain(whole, "plain")
    (row,) = found.exposures
    assert row.exposure == pytest.approx(1.0, abs=1e-13)
    assert row.benchmark_exposure is None
    assert [part.percent_contribution for part in found.attribution] == pytest.approx([1.0, 0.0], abs=1e-13)
    assert found.active is None


def test_what_does_not_move_has_no_shares() -> None:
    sample = sample_of(2, names=1)
    still = FactorSample(
        ("A",), sample.dates, np.zeros_like(sample.excess), ("x", "y"), sample.factors, 252.0, np.ones(1)
    )
    found = explain(still, "newey_west")
    assert [part.contribution for part in found.attribution] == [0.0, 0.0, 0.0]
    assert [part.percent_contribution for part in found.attribution] == [None, None, None]
    assert found.portfolio.r_squared is None


def test_the_benchmark_itself_has_no_active_risk() -> None:
    sample = sample_of(3)
    same = FactorSample(
        sample.names,
        sample.dates,
        sample.excess,
        sample.factor_names,
        sample.factors,
        252.0,
        sample.weights,
        sample.weights,
    )
    found = explain(same, "plain")
    assert [row.active_exposure for row in found.exposures] == [0.0, 0.0]
    assert found.active is not None
    assert found.active.volatility == 0.0
    assert [part.active_percent_contribution for part in found.attribution] == [None, None, None]


def test_too_few_periods_and_repeated_factors_are_refused() -> None:
    with pytest.raises(InvalidInput, match="at least 4"):
        explain(sample_of(4, periods=3), "plain")
    sample = sample_of(5)
    twice = np.column_stack([sample.factors[:, 0], sample.factors[:, 0]])
    with pytest.raises(InvalidInput, match="combination"):
        explain(
            FactorSample(sample.names, sample.dates, sample.excess, ("a", "b"), twice, 252.0, sample.weights), "plain"
        )
