"""Tax lots and benchmarks of a portfolio service that keeps some, and imported ones beside one that keeps none."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import pytest

from tangency.domain.errors import NeighbourUnavailable, NeighbourUnusable
from tangency.domain.portfolio.tax_lots import TaxLot
from tests.support.asking import NOTHING, Imports, asking, settings_for
from tests.support.neighbour import AS_OF, Answer, Neighbour, document, raw, reset

LOT: dict[str, Any] = {"lot_id": "1", "name": "A", "quantity": 10.0, "cost": 9.5, "bought": "2021-03-04"}
LOTS: dict[str, Any] = {"portfolio_id": "p", "as_of": AS_OF, "lots": [LOT]}
WEIGHTS = [{"name": "A", "weight": 0.9}, {"name": "CASH", "weight": 0.1}]
BENCHMARK: dict[str, Any] = {"portfolio_id": "p", "as_of": AS_OF, "weights": WEIGHTS}
THEIRS = (TaxLot("1", "A", 10.0, 9.5, date(2021, 3, 4)),)
OURS = Imports(lots=(TaxLot("own", "A", 1.0, 2.0, date(2020, 1, 2)),), benchmark={"A": 1.0})
NO_PAGE = raw(b"<h1>Not Found</h1>", 404, {"Content-Type": "text/html"})


def lots_from(stub: Neighbour, answer: Answer, imports: Imports = NOTHING, **changes: Any) -> Sequence[TaxLot]:
    stub.answer("/portfolios/p/tax-lots", answer)
    return asking(settings_for(stub, upstream_attempts=1, **changes), lambda all_: all_.records.tax_lots("p"), imports)


def benchmark_from(
    stub: Neighbour, answer: Answer, imports: Imports = NOTHING, **changes: Any
) -> Mapping[str, float] | None:
    stub.answer("/portfolios/p/benchmark", answer)
    return asking(settings_for(stub, upstream_attempts=1, **changes), lambda all_: all_.records.benchmark("p"), imports)


def test_lots_and_a_benchmark_arrive_and_come_before_imported_ones(stub: Neighbour) -> None:
    assert lots_from(stub, document(LOTS), OURS) == THEIRS
    assert benchmark_from(stub, document(BENCHMARK), OURS) == {"A": 0.9, "CASH": 0.1}


@pytest.mark.parametrize("answer", [document({}, 404), NO_PAGE])
def test_a_service_that_keeps_none_leaves_those_that_were_imported(stub: Neighbour, answer: Answer) -> None:
    assert (lots_from(stub, answer), benchmark_from(stub, answer)) == ((), None)
    assert [lot.id for lot in lots_from(stub, answer, OURS)] == ["own"]
    assert benchmark_from(stub, answer, OURS) == {"A": 1.0}
    assert lots_from(stub, document({**LOTS, "lots": []})) == ()


def test_a_service_that_cannot_be_asked_is_no_service_without_lots(stub: Neighbour) -> None:
    for read in (lots_from, benchmark_from):
        with pytest.raises(NeighbourUnavailable, match="the portfolio service cannot be reached"):
            read(stub, reset, OURS)
    assert benchmark_from(stub, reset, OURS, upstream_fallback="unavailable") == {"A": 1.0}
    assert lots_from(stub, reset, OURS, upstream_fallback="unavailable")[0].id == "own"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"portfolio_id": "q"}, "is about 'q'"),
        ({"lots": [LOT, LOT]}, "is the id of two lots"),
        ({"lots": [{**LOT, "quantity": 0.0}]}, "against the contract"),
        ({"lots": [{**LOT, "cost": -1.0}]}, "against the contract"),
        ({"lots": [{**LOT, "bought": "March"}]}, "against the contract"),
        ({"lots": None}, "against the contract"),
    ],
)
def test_lots_against_the_contract_are_refused(stub: Neighbour, changes: dict[str, Any], told: str) -> None:
    with pytest.raises(NeighbourUnusable, match=told):
        lots_from(stub, document({**LOTS, **changes}), OURS, upstream_fallback="unavailable")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"portfolio_id": "q"}, "is about 'q'"),
        ({"weights": [*WEIGHTS, {"name": "A", "weight": 0.0}]}, "has a weight of 'A' twice"),
        ({"weights": WEIGHTS[:1]}, "sums to 0.9"),
        ({"weights": []}, "against the contract"),
        ({"weights": [{"name": "A"}]}, "against the contract"),
    ],
)
def test_a_benchmark_against_the_contract_is_refused(stub: Neighbour, changes: dict[str, Any], told: str) -> None:
    with pytest.raises(NeighbourUnusable, match=told):
        benchmark_from(stub, document({**BENCHMARK, **changes}), OURS, upstream_fallback="unavailable")
