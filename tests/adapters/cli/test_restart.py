"""What was accepted ends exactly once, however often the service dies meanwhile."""

import json
import signal
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.support import plain_http
from tests.support.command import Command
from tests.support.distributions import Distribution, method
from tests.support.held import hold

ADDRESS = "/api/v1/optimizations"
SLOW = Distribution(
    "slow-methods",
    method("slow", "import time; time.sleep(1.5); return Proposal(Status.FEASIBLE, weights=np.full(30, 1 / 30))"),
    methods={"slow": "Method"},
)
WISH = {"portfolio_id": "desk", "optimization_type": "slow", "objective": "minimize_risk"}
PATIENCE_S = 60.0


@pytest.fixture
def slow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    SLOW.install(tmp_path, monkeypatch)
    command = Command(tmp_path, plugins=(tmp_path / SLOW.name,))
    hold(command.data, "desk")
    return command


def order(address: str, **changes: str) -> str:
    response = plain_http.post(address + ADDRESS, json={**WISH, **changes}, timeout=PATIENCE_S)
    assert response.status_code == 202, response.text
    return str(response.json()["optimization_id"])


def waited(address: str, optimization_id: str, field: str, *wanted: str) -> dict[str, Any]:
    until = time.monotonic() + PATIENCE_S
    document: dict[str, Any] = {}
    while time.monotonic() < until:
        document = plain_http.get(f"{address}{ADDRESS}/{optimization_id}", timeout=PATIENCE_S).json()
        if document[field] in wanted:
            return document
        time.sleep(0.2)
    raise AssertionError(document)


def completions(address: str) -> list[str]:
    """The orders that events say are completed, one entry for each event."""
    found = []
    with plain_http.stream("GET", f"{address}/api/v1/events", headers={"Last-Event-ID": "0"}, timeout=30.0) as response:
        for line in response.iter_lines():
            if line.startswith("data: "):
                told = json.loads(line.removeprefix("data: "))
                found += [told[word]["optimization_id"] for word in told if word == "optimization_completed"]
    return found


def test_a_service_that_is_ended_first_ends_what_it_works_on_and_hands_back_what_takes_too_long(slow: Command) -> None:
    # so that nobody would take an order up for a lease that ends
    settings = {"TANGENCY_LEASE_S": "3600"}
    with (
        slow.serving(**settings) as first,
        plain_http.stream("GET", f"{first.address}/api/v1/events", timeout=30.0) as response,
    ):
        assert response.status_code == 200
        made = [order(first.address) for _ in range(2)]
        waited(first.address, made[0], "queue_state", "running")
        code, seconds = first.ended_by(signal.SIGTERM)  # which a stream does not keep from ending
        assert code == 0
        assert seconds < 30.0
    with slow.serving(**settings, TANGENCY_DRAIN_S="0") as second:
        documents = [waited(second.address, each, "status", "completed", "failed") for each in made]
        assert [each["attempt"] for each in documents] == [1, 1]
        began = datetime.fromisoformat(documents[1]["completed_at"])
        assert datetime.fromisoformat(documents[0]["completed_at"]) < began
        handed_back = order(second.address)
        waited(second.address, handed_back, "queue_state", "running")
        assert second.ended_by(signal.SIGTERM)[0] == 0
    with slow.serving(**settings) as third:
        document = waited(third.address, handed_back, "status", "completed", "failed")
        assert (document["status"], document["attempt"]) == ("completed", 2)
