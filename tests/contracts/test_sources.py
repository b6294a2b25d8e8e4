"""What every source of portfolios, prices and risk models must do, be it imports or a neighbour."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
import pytest

from tangency.adapters.settings import Settings
from tangency.application.portfolio import ImportHoldings, ImportPrices, ImportRiskModel
from tangency.domain.errors import NotFound
from tangency.domain.market.risk_model import RiskModel
from tangency.domain.portfolio.portfolio import Holding, Portfolio
from tangency.domain.portfolio.prices import PriceHistory
from tests.support.asking import settings_for
from tests.support.held import NAMES, history
from tests.support.neighbour import AS_OF, document, neighbour
from tests.support.service import Door, running_service

ID = "port 1-é"
HELD = Portfolio(
    ID, (Holding(NAMES[0], 120.5, "technology", "equity"), Holding(NAMES[1], -3.0), Holding(NAMES[2], 0.0)), -250.75
)
VALUES = history().values[:, :3].copy()
VALUES[[0, 7, 8], [0, 1, 1]] = np.nan
PRICES = PriceHistory(NAMES[:3], history().dates, VALUES)
MODEL = RiskModel(NAMES[:3], np.array([[0.04, 0.01, 0.0], [0.01, 0.09, 0.02], [0.0, 0.02, 0.16]]))

Found = TypeVar("Found")


@pytest.fixture(scope="module")
def imports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    with running_service(tmp_path_factory.mktemp("imports")) as door:
        for message in (ImportHoldings(HELD), ImportPrices(ID, PRICES), ImportRiskModel(ID, MODEL)):
            door.handle(message)
        yield door


@pytest.fixture(scope="module")
def neighbours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    with neighbour() as stub:
        stub.hold(HELD, PRICES)
        path = stub.answers.pop(f"/portfolios/{ID}")
        stub.answers["/portfolios/port%201-%C3%A9"] = path
        model = {"portfolio_id": ID, "as_of": AS_OF, "names": MODEL.names, "covariance": MODEL.covariance.tolist()}
        stub.answer("/portfolios/port%201-%C3%A9/risk-model", document(model))
        chosen: Settings = settings_for(stub)
        changes: dict[str, Any] = {
            name: getattr(chosen, name) for name in chosen.__struct_fields__ if name.startswith("upstream_")
        }
        with running_service(tmp_path_factory.mktemp("neighbours"), **changes) as door:
            yield door


@pytest.fixture(params=["imports", "neighbours"])
def door(request: pytest.FixtureRequest) -> Door:
    found: Door = request.getfixturevalue(request.param)
    return found


def absent(door: Door, ask: Callable[[], Any]) -> bool:
    """Nothing was imported, or the neighbour's word is final."""
    try:
        return door.run(ask) is None
    except NotFound:
        return True


def test_a_portfolio_comes_as_it_is_held(door: Door) -> None:
    found = door.run(lambda: door.service.context.portfolios.portfolio(ID))
    assert found is not None
    assert replace(found, source=None) == HELD


def test_prices_come_to_the_last_bit_with_their_gaps(door: Door) -> None:
    found = door.run(lambda: door.service.context.market_data.prices(ID, tuple(HELD.by_name)))
    assert found is not None
    assert (found.names, found.dates) == (PRICES.names, PRICES.dates)
    assert np.array_equal(found.values, PRICES.values, equal_nan=True)


def test_a_risk_model_comes_to_the_last_bit(door: Door) -> None:
    found = door.run(lambda: door.service.context.risk_models.risk_model(ID))
    assert found is not None
    assert found.names == MODEL.names
    assert np.array_equal(found.covariance, MODEL.covariance)


def test_what_nobody_has_is_absent_and_no_error_of_another_kind(door: Door) -> None:
    context = door.service.context
    assert absent(door, lambda: context.portfolios.portfolio("nobody"))
    assert absent(door, lambda: context.market_data.prices("nobody", ("XXX",)))
    assert absent(door, lambda: context.risk_models.risk_model("nobody"))
