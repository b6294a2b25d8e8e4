"""The whole service on whatever database is behind it: what it makes is read again, and made again, as it was."""

import asyncio
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tangency.adapters.settings import Settings
from tangency.adapters.sql import upkeep
from tests.support.databases import DATABASES
from tests.support.held import NAMES, hold_in
from tests.support.postgres import Cluster
from tests.support.requests import REQUEST
from tests.support.server import client, served

DESK = "/api/v1/portfolios/desk"
WISH = {"portfolio_id": "desk", "optimization_type": "mean_variance", "objective": "minimize_risk"}
PATIENCE_S = 60.0


@dataclass(frozen=True)
class Running:
    """A service, and the settings of whoever looks after its database."""

    http: httpx.Client
    settings: Settings


@pytest.fixture(scope="module", params=DATABASES)
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder: Path = tmp_path_factory.mktemp("service")
    if request.param == "sqlite":
        yield from _running(folder, Settings(data_dir=str(folder)))
        return
    cluster: Cluster = request.getfixturevalue("cluster")
    with cluster.database() as url:
        yield from _running(folder, Settings(data_dir=str(folder), database_url=url, database_wait_s=PATIENCE_S))


def _running(folder: Path, settings: Settings) -> Iterator[Running]:
    hold_in(settings, "desk")
    how = {"database_url": settings.database_url, "database_wait_s": settings.database_wait_s}
    with served(folder, **how) as address, client(address) as http:
        yield Running(http, settings)


def made(running: Running, address: str, document: dict[str, Any] | None = None) -> dict[str, Any]:
    response = running.http.post(address, json=document) if document is not None else running.http.post(address)
    assert response.status_code in (200, 202), response.text
    answer: dict[str, Any] = response.json()
    return answer


def read(running: Running, address: str) -> Any:
    response = running.http.get(address)
    assert response.status_code == 200, response.text
    return response.json()


def ended(running: Running, optimization_id: str) -> str:
    """The address of an order that has ended."""
    address, until = f"/api/v1/optimizations/{optimization_id}", time.monotonic() + PATIENCE_S
    while read(running, address)["status"] == "processing":
        assert time.monotonic() < until
        time.sleep(0.05)
    return address


def planned(running: Running) -> str:
    """The id of a new plan."""
    plan: str = made(running, f"{DESK}/rebalance", {"target_type": "optimal"})["rebalance_id"]
    return plan


def everything(running: Running) -> list[str]:
    """One of each; gives the addresses at which they are read."""
    made(running, "/api/v1/optimize", REQUEST)
    taken, waiting = planned(running), planned(running)
    made(running, f"/api/v1/rebalances/{taken}/approve")
    plans = (taken, waiting, planned(running))
    frontier = made(running, f"{DESK}/efficient-frontier", {"points": 3})["frontier_id"]
    analysis = made(running, f"{DESK}/factor-analysis", {"factors": "statistical"})["analysis_id"]
    order = made(running, "/api/v1/optimizations", WISH)["optimization_id"]
    put = running.http.put("/api/v1/budgets/house", json={NAMES[0]: 0.5, NAMES[1]: 0.5})
    assert put.status_code in (200, 201), put.text
    return [
        f"/api/v1/optimization/{REQUEST['portfolio_id']}/latest",
        *(f"/api/v1/rebalances/{plan}" for plan in plans),
        f"{DESK}/rebalances",
        f"/api/v1/efficient-frontiers/{frontier}",
        f"/api/v1/factor-analyses/{analysis}",
        f"{DESK}/factor-analyses",
        ended(running, order),
        "/api/v1/optimizations?portfolio_id=desk",
        "/api/v1/budgets/house",
    ]


def test_what_is_read_stays_the_same_when_it_is_made_again(running: Running) -> None:
    addresses = everything(running)
    before = [read(running, address) for address in addresses]
    rows = asyncio.run(upkeep.check(running.settings))
    assert asyncio.run(upkeep.rebuild(running.settings)) == rows
    assert all(rows.values())
    assert [read(running, address) for address in addresses] == before
    assert [before[place]["status"] for place in (1, 2, 3)] == ["approved", "expired", "proposed"]
    assert before[8]["status"] == "completed"


def test_of_plans_that_are_approved_at_the_same_moment_one_is(running: Running) -> None:
    plans = [planned(running) for _ in range(4)]
    with ThreadPoolExecutor(len(plans)) as desks:
        told = desks.map(lambda plan: running.http.post(f"/api/v1/rebalances/{plan}/approve").status_code, plans)
        assert sorted(told) == [200, 409, 409, 409]
    states = [read(running, f"/api/v1/rebalances/{plan}")["status"] for plan in plans]
    assert sorted(states) == ["approved", "expired", "expired", "expired"]


def test_equal_questions_share_a_frontier(running: Running) -> None:
    first, second = [made(running, f"{DESK}/efficient-frontier", {"points": 4, "min_return": 1e-9}) for _ in range(2)]
    assert first == second


def test_a_figure_beyond_its_rounded_copy_is_no_matter(running: Running) -> None:
    found = made(running, f"{DESK}/efficient-frontier", {"points": 3, "max_risk": 12345.678901234567})
    assert read(running, f"/api/v1/efficient-frontiers/{found['frontier_id']}") == found


@pytest.mark.parametrize(
    ("method", "address", "document"),
    [
        ("POST", "/api/v1/optimize", {**REQUEST, "portfolio_id": "a\0b"}),
        ("POST", "/api/v1/optimizations", {**WISH, "portfolio_id": "a\0b"}),
        ("POST", "/api/v1/optimizations", {**WISH, "preferences": {"a\0b": 1}}),
        ("PUT", "/api/v1/budgets/nothing", {"a\0b": 1.0}),
        ("GET", "/api/v1/optimization/a%00b/latest", None),
        ("GET", "/api/v1/rebalances/a%00b", None),
        ("GET", "/api/v1/budgets/a%00b", None),
    ],
)
def test_a_character_that_a_database_cannot_keep_is_the_clients_mistake(
    method: str, address: str, document: object, running: Running
) -> None:
    """PostgreSQL has no text with a zero in it; SQLite has."""
    response = running.http.request(method, address, json=document)
    assert response.status_code < 500, response.text


def test_a_key_that_a_database_cannot_keep_is_the_clients_mistake(running: Running) -> None:
    response = running.http.post("/api/v1/optimizations", json=WISH, headers={"Idempotency-Key": "x" * 255})
    assert response.status_code == 202, response.text
