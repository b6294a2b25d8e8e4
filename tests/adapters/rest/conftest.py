"""One service for the whole folder: every test asks about a portfolio of its own."""

from collections.abc import Iterator

import httpx
import pytest

from tests.support.server import client, served


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(tmp_path_factory.mktemp("rest"), batch_limit=20, body_limit_bytes=2**20, names_limit=50) as address:
        yield address


@pytest.fixture(scope="session")
def http(address: str) -> Iterator[httpx.Client]:
    with client(address) as http:
        yield http
