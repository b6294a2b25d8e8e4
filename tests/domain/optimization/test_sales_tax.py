"""The tax on sales as a term: by the rules of lots, and never below what cases say of it."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from tangency.domain.market.covariance import DenseCovariance
from tangency.domain.market.estimates import Estimates, Sources
from tangency.domain.market.universe import Asset, Universe
from tangency.domain.optimization.after_tax import traded
from tangency.domain.optimization.cases import gap_by_cases
from tangency.domain.optimization.objective import Blend
from tangency.domain.optimization.proposal import Case, Witness
from tangency.domain.optimization.region import Bounds, Region, Row, Side
from tangency.domain.optimization.sales_tax import Half, SalesCase, TaxOnSales, Trade
from tangency.domain.optimization.term import Variance
from tangency.domain.portfolio.tax_lots import TaxLot
from tangency.domain.rebalancing.disposals import LotRule, Sale, disposed, due
from tangency.domain.rebalancing.gains import Gains, TaxRates

SIZE = 4
DAY, OLD, NEW = date(2025, 6, 30), date(2020, 1, 2), date(2025, 3, 3)
CURRENT = np.array([0.4, 0.3, 0.2, 0.1])
REGION = Region.of(
    SIZE, [Bounds("box", np.zeros(SIZE), np.full(SIZE, 0.7)), Row("budget", np.ones(SIZE), 1.0, equality=True)]
)


def drawn(random: np.random.Generator) -> TaxOnSales:
    """Three lots of every name, gains and losses of either term, at rates of which either may be the larger."""
    shares = random.dirichlet(np.ones(3), SIZE) * CURRENT[:, None]
    short, long = random.uniform(0.0, 0.5, 2).tolist()
    near, far = random.uniform(-0.05, 0.05, 2).tolist()
    return TaxOnSales(
        short_term=short,
        long_term=long,
        realized_short_term=near,
        realized_long_term=far,
        horizon_years=float(random.uniform(0.5, 5.0)),
        owners=tuple(np.repeat(np.arange(SIZE), 3).astype(float).tolist()),
        lots=tuple(shares.ravel().tolist()),
        gains=tuple(random.uniform(-0.8, 0.8, 3 * SIZE).tolist()),
        long=tuple((random.random(3 * SIZE) < 0.5).astype(float).tolist()),
        current=tuple(CURRENT.tolist()),
    )


def by_rules(tax: TaxOnSales, w: np.ndarray) -> float:
    """What the sales owe by the rules of lots: a unit of weight is worth 1."""
    lots = [
        TaxLot(str(i), str(int(owner)), weight, 1.0 - gain, OLD if long else NEW)
        for i, (owner, weight, gain, long) in enumerate(zip(tax.owners, tax.lots, tax.gains, tax.long, strict=True))
    ]
    sales = [Sale(str(i), float(CURRENT[i] - w[i]), 1.0, DAY) for i in range(SIZE) if CURRENT[i] > w[i]]
    rates, realized = TaxRates(tax.short_term, tax.long_term), Gains(tax.realized_short_term, tax.realized_long_term)
    return due(disposed(sales, lots, LotRule.MIN_TAX, rates, (), realized), rates, realized) / tax.horizon_years


def estimates() -> Estimates:
    universe = Universe(tuple(Asset(str(i)) for i in range(SIZE)))
    return Estimates(universe, None, DenseCovariance.of(0.04 * np.eye(SIZE)), Sources("absent", "given"))


@pytest.mark.parametrize("seed", range(4))
def test_no_case_says_more_than_the_rules_of_lots_owe_whatever_its_dual(seed: int) -> None:
    random = np.random.default_rng(seed)
    for _ in range(40):
        tax = drawn(random)
        w = REGION.upper * random.dirichlet(np.full(SIZE, 0.7))
        owed = by_rules(tax, w)
        assert tax.value(w, estimates()) == pytest.approx(owed, abs=1e-12)
        assert tax.minorant(w, estimates()).constant <= owed + 1e-12
        settled = tax.case_of(w)
        open_ = random.random(SIZE) < 0.5
        trades = np.where(open_, Trade.ANY, np.where(w < CURRENT, Trade.SELL, Trade.BUY)).astype(np.int8)
        case = SalesCase(settled.half if random.random() < 0.5 else Half.ANY, trades)
        dual = random.normal(0.0, 0.3, 2 + 2 * SIZE + len(tax.lots))
        below = tax.below(case, dual, traded(REGION, case, tax)).value(w, estimates())
        assert below <= owed + 1e-12


def test_a_dear_term_is_either_one_of_the_two() -> None:
    tax = drawn(np.random.default_rng(1))
    swapped = replace(
        tax,
        short_term=tax.long_term,
        long_term=tax.short_term,
        realized_short_term=tax.realized_long_term,
        realized_long_term=tax.realized_short_term,
        long=tuple(1.0 - each for each in tax.long),
    )
    for w in np.random.default_rng(2).dirichlet(np.ones(SIZE), 20):
        assert swapped.value(w, estimates()) == pytest.approx(tax.value(w, estimates()), abs=1e-12)


def test_cases_that_leave_out_a_half_or_a_side_prove_nothing() -> None:
    tax, w = drawn(np.random.default_rng(3)), CURRENT
    objective = Blend("MIN_VOLATILITY", (Variance(1.0), tax))
    any_side = np.full(SIZE, Side.ANY, np.int8)

    def gap(*settled: tuple[Half, Trade]) -> float:
        cases = []
        for half, trade in settled:
            trades = np.array([trade, *[Trade.ANY] * (SIZE - 1)], np.int8)
            cases.append(Case(any_side, w, Witness(), SalesCase(half, trades)))
        return gap_by_cases(objective, estimates(), REGION, w, Witness(cases=tuple(cases)))

    whole = gap((Half.ANY, Trade.ANY))
    assert 0 < whole < np.inf
    assert gap((Half.GAIN, Trade.ANY)) == np.inf
    assert gap((Half.GAIN, Trade.ANY), (Half.LOSS, Trade.BUY)) == np.inf
    assert gap((Half.GAIN, Trade.ANY), (Half.LOSS, Trade.BUY), (Half.LOSS, Trade.SELL)) < np.inf
