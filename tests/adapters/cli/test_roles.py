"""Roles of processes on one PostgreSQL: each does its part, and says whether it lives."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tangency.adapters.settings import Settings
from tests.support import plain_http, postgres
from tests.support.command import Command, Served
from tests.support.held import hold_in

ADDRESS = "/api/v1/optimizations"
WISH = {"portfolio_id": "desk", "optimization_type": "mean_variance", "objective": "minimize_risk"}
PATIENCE_S = 60.0

pytestmark = pytest.mark.service("postgresql")

Processes = dict[str, Served]


@pytest.fixture(scope="module")
def processes(cluster: postgres.Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Processes]:
    """An API, a relay and a worker, started in this order."""
    with cluster.database() as url, ExitStack() as running:
        hold_in(Settings(database_url=url), "desk")
        folder: Path = tmp_path_factory.mktemp("roles")
        command = Command(folder, settings={"TANGENCY_DATABASE_URL": url, "TANGENCY_STREAM_S": "2"})
        yield {
            "api": running.enter_context(command.serving("--role", "api,grpc")),
            "relay": running.enter_context(command.serving("--role", "relay")),
            "worker": running.enter_context(command.serving("--concurrency", "1", verb="worker")),
        }


def ended(address: str) -> dict[str, Any]:
    until = time.monotonic() + PATIENCE_S
    document: dict[str, Any] = {}
    while time.monotonic() < until:
        document = plain_http.get(address, timeout=PATIENCE_S).json()
        if document["status"] != "processing":
            return document
        time.sleep(0.05)
    raise AssertionError(document)


def test_what_one_process_accepts_another_carries_out_and_a_third_publishes(processes: Processes) -> None:
    api = processes["api"].address
    accepted = plain_http.post(api + ADDRESS, json=WISH, timeout=PATIENCE_S)
    assert accepted.status_code == 202

    document = ended(api + accepted.headers["Location"])
    assert document["status"] == "completed"

    with plain_http.stream("GET", f"{api}/api/v1/events", headers={"Last-Event-ID": "0"}, timeout=30.0) as response:
        kinds = [line for line in response.iter_lines() if line.startswith("event: ")]
    assert "event: optimization_completed" in kinds


@pytest.mark.parametrize("role", ["api", "relay", "worker"])
def test_every_role_says_that_it_lives_and_is_ready(processes: Processes, role: str) -> None:
    address = processes[role].address

    assert plain_http.get(f"{address}/health/live", timeout=PATIENCE_S).json() == {"status": "live"}
    assert plain_http.get(f"{address}/health/ready", timeout=PATIENCE_S).json() == {"status": "ready"}


@pytest.mark.parametrize("role", ["relay", "worker"])
def test_only_the_api_answers_requests(processes: Processes, role: str) -> None:
    address = processes[role].address

    for refused in (
        plain_http.post(address + ADDRESS, json=WISH, timeout=PATIENCE_S),
        plain_http.get(f"{address}/schema", timeout=PATIENCE_S),
    ):
        assert refused.status_code == 404
        assert refused.headers["content-type"] == "application/problem+json"
        assert "/health/live" in refused.json()["detail"]
    wrong = plain_http.post(f"{address}/health/live", json={}, timeout=PATIENCE_S)
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "GET")
    stranger = plain_http.get(f"{address}/health/live", headers={"Host": "elsewhere.example"}, timeout=PATIENCE_S)
    assert stranger.status_code == 403


@pytest.mark.parametrize("arguments", [("serve", "--role", "api"), ("serve", "--role", "relay,worker"), ("worker",)])
def test_a_database_in_a_file_has_one_process_that_does_everything(
    arguments: tuple[str, ...], command: Command
) -> None:
    ran = command(*arguments, "--port", 0)

    assert ran.code == 2
    assert "TANGENCY_DATABASE_URL" in ran.err


def test_a_worker_with_too_few_connections_does_not_start_and_says_so(
    cluster: postgres.Cluster, command: Command
) -> None:
    with cluster.database() as url:
        few = {"TANGENCY_DATABASE_URL": url, "TANGENCY_DATABASE_CONNECTIONS": "1"}
        ran = command.apart("worker", "--port", 0, **few)

    assert ran.code == 2
    assert "Error: TANGENCY_DATABASE_CONNECTIONS is 1" in ran.err


def test_a_role_that_there_is_not_is_told(command: Command) -> None:
    ran = command("serve", "--role", "api,juggler")

    assert ran.code == 2
    assert "'juggler' is not a role" in ran.err
