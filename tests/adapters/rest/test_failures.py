"""What goes wrong on our side of the door, and how little of it is told."""

import json
import logging
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import httpx
import pytest

from tangency.adapters import container, logs
from tangency.adapters.rest.app import create_app
from tangency.adapters.rest.openapi_parts import EXAMPLE
from tangency.adapters.rest.vital_signs import create_vital_signs
from tangency.adapters.settings import Settings
from tangency.application.service import Service
from tangency.domain.errors import (
    MethodCrashed,
    NeighbourUnavailable,
    NeighbourUnusable,
    NoFreeSolver,
    NumericalFailure,
    PluginError,
    ResourcesExhausted,
    StoreUnavailable,
    TimeLimitReached,
)
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.solution import Solution
from tests.domain.test_trace import PARENT
from tests.support.server import client, listening, served


class Failing:
    """Solvers, or a store, that raise."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    async def solve(self, problem: Problem, deadline_s: float) -> Solution:
        raise self.error

    async def check(self) -> None:
        raise self.error

    async def answer(self, portfolio_id: str) -> None:
        raise self.error


def with_ports(**ports: Any) -> Callable[[Settings], AbstractAsyncContextManager[Service]]:
    @asynccontextmanager
    async def running(settings: Settings) -> AsyncIterator[Service]:
        async with container.running(settings) as service:
            yield Service(replace(service.context, **ports))

    return running


@contextmanager
def failing(folder: Path, **ports: Any) -> Iterator[httpx.Client]:
    settings = Settings(data_dir=str(folder), solver_workers=1)
    with listening(create_app(settings, with_ports(**ports))) as address, client(address) as http:
        yield http


@pytest.mark.parametrize(
    ("error", "status", "slug"),
    [
        (TimeLimitReached("the deadline of 30 s passed"), 422, "time-limit"),
        (NumericalFailure("nothing passed"), 422, "numerical-error"),
        (ResourcesExhausted("more than 4 GB"), 422, "resources-exhausted"),
        (MethodCrashed("the method raised ZeroDivisionError"), 422, "method-crashed"),
        (PluginError("mine", "my-methods", "it is broken"), 422, "plugin-unusable"),
        (NoFreeSolver("all are busy", 1.2), 429, "no-free-solver"),
        (NeighbourUnavailable("the portfolio service does not answer", 1.2), 503, "neighbour-unavailable"),
        (NeighbourUnusable("the portfolio service answers what is not a portfolio"), 502, "neighbour-unusable"),
    ],
)
def test_every_outcome_that_is_no_answer_has_its_own_type(
    tmp_path: Path, error: Exception, status: int, slug: str
) -> None:
    with failing(tmp_path, solvers=Failing(error)) as http:
        response = http.post("/api/v1/optimize", json=EXAMPLE)
        assert response.status_code == status
        assert response.json()["type"] == f"/problems/{slug}"
        assert response.json()["detail"] == str(error)
        assert response.headers.get("retry-after") == ("2" if status in (429, 503) else None)
        (entry,) = http.post("/api/v1/optimize/batch", json=[EXAMPLE]).json()
        assert entry == {"status": status, "problem": response.json()}


def test_a_mistake_of_ours_is_logged_and_not_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with failing(tmp_path, solvers=Failing(ZeroDivisionError("the secret of the service"))) as http:
        with caplog.at_level(logging.ERROR):
            response = http.post("/api/v1/optimize", json=EXAMPLE)
            entries = http.post("/api/v1/optimize/batch", json=[EXAMPLE, {}]).json()
        assert response.status_code == 500
        assert response.headers["content-type"] == "application/problem+json"
        assert response.json()["type"] == "/problems/internal-error"
        assert [entry["status"] for entry in entries] == [500, 422]
        for text in (response.text, str(entries)):
            assert "secret" not in text
            assert "Traceback" not in text
        assert "the secret of the service" in caplog.text


def test_problems_and_lines_of_the_log_name_the_trace_of_their_request(tmp_path: Path) -> None:
    written, trace = StringIO(), PARENT.split("-")[1]
    handler = logs.write_to(written)
    try:
        with failing(tmp_path, solvers=Failing(ZeroDivisionError("ours"))) as http:
            batch = http.post("/api/v1/optimize/batch", json=[7], headers={"traceparent": PARENT})
            failed, refused, strange, untraced = (
                http.post("/api/v1/optimize", content=content, headers={**headers, "Content-Type": "application/json"})
                for content, headers in (
                    (json.dumps(EXAMPLE), {"traceparent": PARENT}),
                    ("{", {"traceparent": PARENT}),
                    ("{}", {"traceparent": PARENT, "Host": "elsewhere.example"}),
                    (json.dumps(EXAMPLE), {}),
                )
            )
    finally:
        logging.getLogger().removeHandler(handler)
    assert [each.status_code for each in (failed, refused, strange, untraced)] == [500, 400, 403, 500]
    assert [each.json().get("trace_id") for each in (failed, refused, strange, untraced)] == [trace, trace, trace, None]
    assert [entry["problem"]["trace_id"] for entry in batch.json()] == [trace]
    lines = [line for line in written.getvalue().splitlines() if "a request failed" in line]
    told = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z ERROR tangency\.rest(.*): a request failed")
    assert [found[1] for found in map(told.fullmatch, lines) if found] == [f" [{trace}]", ""]


def test_a_process_without_a_door_whose_store_is_gone_is_alive_and_not_ready(tmp_path: Path) -> None:
    gone = Failing(StoreUnavailable("the database failed: unable to open database file."))
    settings = Settings(data_dir=str(tmp_path), solver_workers=1)
    application = create_vital_signs(settings, with_ports(store=gone))
    with listening(application) as address, client(address) as http:
        assert http.get("/health/live").json() == {"status": "live"}
        response = http.get("/health/ready")
        assert response.status_code == 503
        assert response.json()["type"] == "/problems/store-unavailable"
        assert response.headers["content-type"] == "application/problem+json"
        assert int(response.headers["retry-after"]) >= 1


def test_a_store_that_is_gone_makes_the_service_alive_and_not_ready(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    gone = Failing(StoreUnavailable("the database failed: unable to open database file."))
    with failing(tmp_path, store=gone, answers=gone) as http:
        assert http.get("/health/live").status_code == 200
        for path in ("/health/ready", "/api/v1/optimization/p/latest"):
            response = http.get(path)
            assert response.status_code == 503
            assert response.json()["type"] == "/problems/store-unavailable"
    told = [record for record in caplog.records if record.name == "tangency.rest"]
    assert [record.getMessage() for record in told] == [f"a request failed: {gone.error}"] * 2
    assert not any(record.exc_info for record in told)


@pytest.mark.parametrize(
    ("successor", "told"), [(None, "cannot be found"), (b"", "was replaced by another one while it was open")]
)
def test_a_file_that_is_taken_away_from_the_service_makes_it_not_ready(
    tmp_path: Path, successor: bytes | None, told: str
) -> None:
    file, aside = tmp_path / "tangency.db", tmp_path / "aside.db"
    with served(tmp_path) as address, client(address) as http:
        assert http.get("/health/ready").json() == {"status": "ready"}
        file.rename(aside)
        if successor is not None:
            file.write_bytes(successor)
        for _ in range(2):
            response = http.get("/health/ready")
            assert response.status_code == 503
            assert told in response.json()["detail"]
        assert http.get("/health/live").status_code == 200
        aside.rename(file)
        assert http.get("/health/ready").json() == {"status": "ready"}


def test_no_body_is_ever_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    canary = "canary-7f3a"
    with caplog.at_level(logging.DEBUG), failing(tmp_path) as http:
        for document in (
            {**EXAMPLE, "portfolio_id": canary},
            {**EXAMPLE, canary: canary},
            {**EXAMPLE, "method": canary},
        ):
            http.post("/api/v1/optimize", json=document)
    logged = [record for record in caplog.records if not record.name.startswith(("httpcore", "httpx"))]
    assert all(canary not in record.getMessage() for record in logged)
