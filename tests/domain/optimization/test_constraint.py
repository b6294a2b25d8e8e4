"""Constraints: their ids and sentences, what they mean for weights, and what makes them unusable."""

import numpy as np
import pytest

from tangency.domain.errors import InvalidInput, Path
from tangency.domain.market.covariance import DenseCovariance
from tangency.domain.market.estimates import Estimates, Sources
from tangency.domain.market.universe import Universe
from tangency.domain.optimization.constraint import (
    Budget,
    Constraint,
    LeverageLimit,
    LongOnly,
    MaximumWeight,
    MinimumWeight,
    SectorLimit,
    TargetReturn,
    TargetVolatility,
    TurnoverLimit,
)
from tangency.domain.optimization.region import Bounds, Distance, RiskCap, Row

INF = np.inf
UNIVERSE = Universe.of(["A", "B", "C"], {"A": "technology", "C": "technology"})
COVARIANCE = DenseCovariance.of(np.diag([0.04, 0.09, 0.01]))
ESTIMATES = Estimates(UNIVERSE, np.array([0.1, 0.05, 0.02]), COVARIANCE, Sources("given", "given"))
CURRENT = (0.2, 0.3, 0.4)

EVERY: list[tuple[Constraint, str, str, Path]] = [
    (Budget(), "budget", "budget", ()),
    (LongOnly(), "long_only", "long_only", ("constraints", "min_weight")),
    (MinimumWeight(0.1), "min_weight", "constraints.min_weight", ("constraints", "min_weight")),
    (MinimumWeight(0.1, "B"), "min_weight", "strategies.B.min_weight", ("strategies", "B", "min_weight")),
    (MaximumWeight(0.5), "max_weight", "constraints.max_weight", ("constraints", "max_weight")),
    (MaximumWeight(0.5, "B"), "max_weight", "strategies.B.max_weight", ("strategies", "B", "max_weight")),
    (
        SectorLimit(0.6, "technology"),
        "sector_limits",
        "constraints.sector_limits.technology",
        ("constraints", "sector_limits", "technology"),
    ),
    (TurnoverLimit(0.2, CURRENT), "turnover_limit", "constraints.turnover_limit", ("constraints", "turnover_limit")),
    (LeverageLimit(1.3), "leverage_limit", "constraints.leverage_limit", ("constraints", "leverage_limit")),
    (TargetReturn(0.06), "target_return", "risk_parameters.target_return", ("risk_parameters", "target_return")),
    (
        TargetVolatility(0.15),
        "target_volatility",
        "risk_parameters.target_volatility",
        ("risk_parameters", "target_volatility"),
    ),
]


@pytest.mark.parametrize(("constraint", "kind", "identity", "path"), EVERY, ids=lambda value: str(value)[:20])
class TestEvery:
    def test_the_words_that_clients_rely_on(self, constraint: Constraint, kind: str, identity: str, path: Path) -> None:
        assert (constraint.kind, constraint.id, constraint.path) == (kind, identity, path)
        assert constraint.shape(UNIVERSE, ESTIMATES).id == identity

    def test_it_is_sound_as_it_stands(self, constraint: Constraint, kind: str, identity: str, path: Path) -> None:
        assert constraint.faults(UNIVERSE) == []

    def test_the_sentence_tells_the_limit(self, constraint: Constraint, kind: str, identity: str, path: Path) -> None:
        assert kind == "long_only" or f"{constraint.limit:g}" in constraint.sentence()
        assert constraint.sentence().endswith(".")

    @pytest.mark.parametrize("bad", [np.nan, INF, -INF, 1e151])
    def test_a_limit_that_is_no_finite_number_is_a_fault(
        self, constraint: Constraint, kind: str, identity: str, path: Path, bad: float
    ) -> None:
        (fault,) = constraint.with_limit(bad).faults(UNIVERSE)
        assert fault.path == path

    def test_another_limit_changes_nothing_else(
        self, constraint: Constraint, kind: str, identity: str, path: Path
    ) -> None:
        moved = constraint.with_limit(0.25)
        assert (moved.limit, moved.id) == (0.25, identity)
        assert moved.with_limit(constraint.limit) == constraint

    def test_the_shape_gives_on_the_looser_side_by_its_sensitivity(
        self, constraint: Constraint, kind: str, identity: str, path: Path
    ) -> None:
        if kind == "budget":
            return
        x, step = np.array([0.9, -0.4, 0.7]), 1e-3
        looser = constraint.limit + np.sign(constraint.sensitivity) * step
        before = constraint.shape(UNIVERSE, ESTIMATES).excess(x)
        after = constraint.with_limit(float(looser)).shape(UNIVERSE, ESTIMATES).excess(x)
        assert before - after == pytest.approx(abs(constraint.sensitivity) * step, rel=1e-9)


class TestMeaning:
    """Of weights 0.9, -0.4, 0.7 beside current ones 0.2, 0.3, 0.4 and 0.1 cash."""

    X = np.array([0.9, -0.4, 0.7])

    @pytest.mark.parametrize(
        ("constraint", "excess"),
        [
            (Budget(), 0.2),
            (Budget(1.2), 0.0),
            (LongOnly(), 0.4),
            (LongOnly(exempt=frozenset({"B"})), -0.7),
            (MinimumWeight(-0.3), 0.1),
            (MinimumWeight(0.8, "C"), 0.1),
            (MaximumWeight(0.5), 0.4),
            (MaximumWeight(0.5, "C"), 0.2),
            (SectorLimit(1.5, "technology"), 0.1),
            (LeverageLimit(1.7), 0.3),
            (TargetReturn(0.1), 0.1 - (0.09 - 0.02 + 0.014)),
            (TargetVolatility(0.2), np.sqrt(0.81 * 0.04 + 0.16 * 0.09 + 0.49 * 0.01) - 0.2),
        ],
        ids=lambda value: str(value)[:24],
    )
    def test_excess_in_its_own_unit(self, constraint: Constraint, excess: float) -> None:
        assert constraint.shape(UNIVERSE, ESTIMATES).excess(self.X) == pytest.approx(excess, abs=1e-15)

    def test_one_way_turnover_counts_cash_and_half_of_every_change(self) -> None:
        x = np.array([0.5, 0.3, 0.2])
        one_way = 0.5 * (0.3 + 0.0 + 0.2 + 0.1)  # the cash of 0.1 is spent
        assert TurnoverLimit(one_way, CURRENT).shape(UNIVERSE, ESTIMATES).excess(x) == pytest.approx(0.0, abs=1e-15)
        over = TurnoverLimit(one_way - 0.05, CURRENT).shape(UNIVERSE, ESTIMATES)
        assert over.excess(x) == pytest.approx(0.1, abs=1e-15)  # in L1, twice the one-way turnover

    def test_a_turnover_out_of_debt_counts_what_is_paid_back(self) -> None:
        shape = TurnoverLimit(0.2, (0.5, 0.5, 0.2)).shape(UNIVERSE, ESTIMATES)
        assert shape.limit == pytest.approx(0.4 - 0.2)

    def test_a_turnover_towards_another_budget(self) -> None:
        shape = TurnoverLimit(0.2, CURRENT, budget=0.9).shape(UNIVERSE, ESTIMATES)
        assert shape.limit == pytest.approx(0.4)

    def test_shapes_are_of_four_kinds(self) -> None:
        kinds = [type(constraint.shape(UNIVERSE, ESTIMATES)) for constraint, *_ in EVERY]
        assert kinds == [Row, Bounds, Bounds, Bounds, Bounds, Bounds, Row, Distance, Distance, Row, RiskCap]

    def test_only_the_budget_is_an_equality(self) -> None:
        rows = [constraint.shape(UNIVERSE, ESTIMATES) for constraint, *_ in EVERY]
        assert [row.id for row in rows if isinstance(row, Row) and row.equality] == ["budget"]

    def test_bounds_of_one_name_leave_the_others_free(self) -> None:
        shape = MinimumWeight(0.1, "B").shape(UNIVERSE, ESTIMATES)
        assert shape.lower.tolist() == [-INF, 0.1, -INF]
        assert shape.upper.tolist() == [INF, INF, INF]
        shape = MaximumWeight(0.1, "B").shape(UNIVERSE, ESTIMATES)
        assert shape.lower.tolist() == [-INF, -INF, -INF]
        assert shape.upper.tolist() == [INF, 0.1, INF]

    def test_budget_and_the_ban_on_short_positions_do_not_give(self) -> None:
        assert [c.id for c, *_ in EVERY if not c.relaxable] == ["budget", "long_only"]

    def test_only_a_target_return_needs_means(self) -> None:
        assert [c.kind for c, *_ in EVERY if c.needs_mean] == ["target_return"]
        without = Estimates(UNIVERSE, None, COVARIANCE, Sources("absent", "given"))
        with pytest.raises(InvalidInput, match="a target return needs"):
            TargetReturn(0.1).shape(UNIVERSE, without)


class TestFaults:
    @pytest.mark.parametrize("constraint", [MinimumWeight(0.1, "AA"), MaximumWeight(0.1, "AA")])
    def test_a_bound_on_nobody(self, constraint: Constraint) -> None:
        (fault,) = constraint.faults(UNIVERSE)
        assert fault.code == "unknown"
        assert "did you mean A?" in fault.detail

    def test_a_sector_of_nobody(self) -> None:
        (fault,) = SectorLimit(0.3, "technolgy").faults(UNIVERSE)
        assert (fault.code, fault.path) == ("unknown", ("constraints", "sector_limits", "technolgy"))
        assert "did you mean technology?" in fault.detail

    def test_a_sector_where_there_are_none(self) -> None:
        (fault,) = SectorLimit(0.3, "technology").faults(Universe.of(["A"]))
        assert "there are none" in fault.detail

    @pytest.mark.parametrize("current", [(), (0.5, 0.5), (0.25,) * 4])
    def test_a_turnover_without_one_current_weight_per_name(self, current: tuple[float, ...]) -> None:
        (fault,) = TurnoverLimit(0.2, current).faults(UNIVERSE)
        assert fault.code == "missing"
        assert f"there are {len(current)}" in fault.detail

    @pytest.mark.parametrize("bad", [np.nan, INF])
    def test_a_turnover_from_a_current_weight_that_is_not_finite(self, bad: float) -> None:
        (fault,) = TurnoverLimit(0.2, (0.5, bad, 0.2)).faults(UNIVERSE)
        assert (fault.path, fault.code) == (("strategies", "B", "current_weight"), "not_finite")

    def test_a_negative_turnover_and_none_at_all(self) -> None:
        (fault,) = TurnoverLimit(-0.01, CURRENT).faults(UNIVERSE)
        assert "at least 0" in fault.detail
        assert TurnoverLimit(0.0, CURRENT).faults(UNIVERSE) == []

    @pytest.mark.parametrize("constraint", [LeverageLimit(0.0), LeverageLimit(-1.0), TargetVolatility(0.0)])
    def test_limits_that_nothing_fits_in(self, constraint: Constraint) -> None:
        (fault,) = constraint.faults(UNIVERSE)
        assert "above 0" in fault.detail

    def test_a_negative_limit_is_sound_where_shorts_are(self) -> None:
        for constraint in (MinimumWeight(-0.5), MaximumWeight(-0.1, "A"), SectorLimit(-0.2, "technology")):
            assert constraint.faults(UNIVERSE) == []
        assert TargetReturn(-0.1).faults(UNIVERSE) == []
