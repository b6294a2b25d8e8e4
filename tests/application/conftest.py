"""One service for the whole folder: every test asks about a portfolio of its own."""

from collections.abc import Iterator

import pytest

from tests.support.service import Door, running_service


@pytest.fixture(scope="session")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    with running_service(tmp_path_factory.mktemp("service")) as door:
        yield door


@pytest.fixture
def portfolio_id(request: pytest.FixtureRequest) -> str:
    return str(request.node.name)[:100]
