"""One neighbour for the whole folder: every test asks about a portfolio of its own."""

import re
from collections.abc import Iterator

import pytest

from tests.support.neighbour import Neighbour, neighbour


@pytest.fixture(scope="session")
def stub() -> Iterator[Neighbour]:
    with neighbour() as told:
        yield told


@pytest.fixture
def portfolio_id(request: pytest.FixtureRequest) -> str:
    return re.sub(r"\W+", "-", request.node.name)[-80:]
