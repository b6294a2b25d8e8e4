"""Prices come by name, in as many questions as it takes; risk models by portfolio."""

from datetime import date
from typing import Any

import numpy as np
import pytest

from tangency.domain.errors import InvalidInput, NeighbourUnusable, NotFound
from tangency.domain.market.risk_model import RiskModel
from tangency.domain.portfolio.prices import PriceHistory
from tests.support.asking import NOTHING, Imports, asking, settings_for
from tests.support.held import NAMES, history
from tests.support.neighbour import AS_OF, Answer, Neighbour, document, prices

DATES = ["2026-01-02", "2026-01-05", "2026-01-06"]
SERIES = [{"name": "A", "prices": [10.0, None, 11.0]}, {"name": "B", "prices": [20.0, 21.0, 22.0]}]
GOOD: dict[str, Any] = {"as_of": AS_OF, "dates": DATES, "series": SERIES}


def prices_from(stub: Neighbour, *names: str, imports: Imports = NOTHING, **changes: Any) -> PriceHistory | None:
    return asking(settings_for(stub, **changes), lambda all_: all_.market_data.prices("p", names), imports)


def test_prices_arrive_with_their_gaps_and_where_and_when_they_were_read(stub: Neighbour) -> None:
    stub.answer("/prices", document(GOOD))
    found = prices_from(stub, "A", "B")
    assert found is not None
    assert found.names == ("A", "B")
    assert found.dates == tuple(map(date.fromisoformat, DATES))
    assert np.array_equal(found.values, [[10.0, 20.0], [np.nan, 21.0], [11.0, 22.0]], equal_nan=True)
    assert found.source == "market data service: prices as of 2026-11-20T21:00:00+00:00"


def test_more_names_than_an_address_holds_are_asked_for_in_parts_and_joined(stub: Neighbour) -> None:
    every = history()
    names = tuple(f"{name}-{'x' * 60}" for name in NAMES)
    stub.answer("/prices", prices(PriceHistory(names, every.dates, every.values)))
    before = len(stub.asked_for("/prices"))
    many = (*names, *(f"unknown-{place}-{'y' * 60}" for place in range(100)))
    found = prices_from(stub, *many)
    assert found is not None
    assert found.names == names
    assert np.array_equal(found.values, every.values)
    asked = stub.asked_for("/prices")[before:]
    assert len(asked) == 3
    assert sorted(name for each in asked for name in each.query["name"]) == sorted(many)


def test_more_names_than_a_problem_may_have_are_not_asked_for(stub: Neighbour) -> None:
    before = len(stub.asked)
    with pytest.raises(InvalidInput, match="'p' has 3 names; this service takes 2 at most"):
        prices_from(stub, "A", "B", "C", names_limit=2)
    assert len(stub.asked) == before


def test_dates_that_only_some_parts_have_leave_gaps(stub: Neighbour) -> None:
    long = ("A" * 100, *(f"{'B' * 97}{place:03}" for place in range(50)))
    first = {"as_of": AS_OF, "dates": DATES[:2], "series": [{"name": long[0], "prices": [1.0, 2.0]}]}
    second = {"as_of": "2026-11-19T21:00:00Z", "dates": DATES[1:], "series": [{"name": long[-1], "prices": [3.0, 4.0]}]}

    def by_name(handler: Any) -> None:
        document(first if long[0] in handler.query()["name"] else second)(handler)

    stub.answer("/prices", by_name)
    found = prices_from(stub, *long)
    assert found is not None
    assert np.array_equal(found.values, [[1.0, np.nan], [2.0, 3.0], [np.nan, 4.0]], equal_nan=True)
    assert str(found.source).endswith("as of 2026-11-19T21:00:00+00:00")


def test_as_many_days_are_asked_for_as_the_operator_wants(stub: Neighbour) -> None:
    stub.answer("/prices", document(GOOD))
    prices_from(stub, "A", "B", upstream_history_days=365)
    prices_from(stub, "A", "B", upstream_history_days=730)
    late, early = (date.fromisoformat(each.query["from"][0]) for each in stub.asked_for("/prices")[-2:])
    assert (late - early).days == 365


def test_names_without_any_price_are_left_out_and_none_at_all_are_not_found(stub: Neighbour) -> None:
    stub.answer("/prices", document({**GOOD, "series": [SERIES[1], {"name": "A", "prices": [None] * 3}]}))
    found = prices_from(stub, "A", "B", "C")
    assert found is not None
    assert found.names == ("B",)
    stub.answer("/prices", document({**GOOD, "series": []}))
    with pytest.raises(NotFound, match="the market data service has no price of any name of portfolio 'p'"):
        prices_from(stub, "A", "B")
    imported = prices_from(stub, "A", imports=Imports(prices=history()), upstream_fallback="unknown")
    assert imported is not None
    assert imported.source == "imported, since the service that it comes from does not have it"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"series": [{"name": "X", "prices": [1.0, 2.0, 3.0]}]}, "has prices of 'X', which was not asked for"),
        ({"series": [SERIES[1], SERIES[1]]}, "or came before"),
        ({"series": [{"name": "B", "prices": [1.0, 2.0]}]}, "has 2 prices of 'B' for 3 dates"),
        ({"series": [{"name": "B", "prices": [1.0, 0.0, 2.0]}]}, "against the contract"),
        ({"series": [{"name": "B", "prices": [1.0, -1.0, 2.0]}]}, "against the contract"),
        ({"dates": DATES[::-1]}, "dates that do not ascend"),
        ({"dates": [DATES[0], DATES[0], DATES[1]]}, "dates that do not ascend"),
        ({"dates": DATES[:1], "series": [{"name": "B", "prices": [1.0]}]}, "is not a history of prices"),
        ({"dates": ["yesterday"]}, "against the contract"),
        ({"as_of": None}, "against the contract"),
    ],
)
def test_prices_against_the_contract_are_refused(stub: Neighbour, changes: dict[str, Any], told: str) -> None:
    stub.answer("/prices", document({**GOOD, **changes}))
    with pytest.raises(NeighbourUnusable, match=f"the answer of the market data service .*{told}"):
        prices_from(stub, "A", "B")


MODEL = {"portfolio_id": "p", "as_of": AS_OF, "names": ["A", "B"], "covariance": [[0.04, 0.01], [0.01, 0.09]]}


def model_from(stub: Neighbour, answer: Answer, imports: Imports = NOTHING, **changes: Any) -> RiskModel | None:
    stub.answer("/portfolios/p/risk-model", answer)

    async def ask(neighbours: Any) -> RiskModel | None:
        found: RiskModel | None = await neighbours.risk_models.risk_model("p")
        return found

    return asking(settings_for(stub, **changes), ask, imports)


def test_a_risk_model_arrives_and_one_that_nobody_has_is_none(stub: Neighbour) -> None:
    found = model_from(stub, document(MODEL))
    assert found is not None
    assert found.of(["B", "A"]).tolist() == [[0.09, 0.01], [0.01, 0.04]]
    assert found.source == "risk model service: risk model of portfolio p as of 2026-11-20T21:00:00+00:00"
    assert model_from(stub, document({}, 404)) is None
    imports = Imports(model=found)
    assert model_from(stub, document({}, 404), imports) is None
    assert model_from(stub, document({}, 404), imports, upstream_fallback="unknown") is found


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"portfolio_id": "q"}, "is about 'q'"),
        ({"names": ["A", "A"]}, "already the name"),
        ({"names": ["A", "B", "C"]}, "3 names need"),
        ({"covariance": [[0.04, 0.01], [0.01]]}, "rows of one length"),
        ({"covariance": [[0.04, None], [None, 0.09]]}, "against the contract"),
        ({"covariance": [[0.04, 0.02], [0.01, 0.09]]}, "a covariance is symmetric"),
        ({"covariance": [[0.04, 0.5], [0.5, 0.09]]}, "eigenvalue"),
        ({"covariance": []}, "against the contract"),
    ],
)
def test_a_risk_model_against_the_contract_is_refused(stub: Neighbour, changes: dict[str, Any], told: str) -> None:
    with pytest.raises(NeighbourUnusable, match=f"the answer of the risk model service .*{told}"):
        model_from(stub, document({**MODEL, **changes}))
