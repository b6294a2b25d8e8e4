"""What costs too much is refused, whichever way it is asked for, with the numbers."""

from pathlib import Path

import pytest

from tests.support.held import hold
from tests.support.pulsar import wait_until
from tests.support.requests import REQUEST
from tests.support.server import client, served

WISH = {"portfolio_id": "desk", "optimization_type": "mean_variance", "objective": "minimize_risk"}


@pytest.mark.parametrize(
    ("address", "document"), [("/api/v1/optimize", REQUEST), ("/api/v1/optimizations", WISH)], ids=["now", "later"]
)
def test_a_problem_above_the_ceiling_is_refused_with_its_shape_and_its_cost(
    address: str, document: object, tmp_path: Path
) -> None:
    hold(tmp_path, "desk")
    with served(tmp_path, most_s=0.01) as service, client(service) as http:
        answer = http.post(address, json=document)
        kept = http.get("/api/v1/optimizations").json()["optimizations"]

    assert answer.status_code == 422
    assert "names" in answer.text
    assert "seconds, and this service takes up to 0" in answer.text
    assert "too_expensive" in answer.text
    assert kept == []


def test_what_is_too_heavy_to_be_waited_for_is_accepted_and_read_where_the_answer_says(tmp_path: Path) -> None:
    with served(tmp_path, light_s=0.01) as service, client(service) as http:
        heavy = http.post("/api/v1/optimize", json=REQUEST)
        entries = http.post("/api/v1/optimize/batch", json=[REQUEST, {"objective": "MAX_SHARPE"}]).json()
        wait_until(lambda: http.get(heavy.headers["Location"]).json()["status"] != "processing")
        order, latest = (http.get(at) for at in (heavy.headers["Location"], "/api/v1/optimization/port-1/latest"))

    assert heavy.status_code == 202
    assert heavy.headers["Location"].endswith(heavy.json()["optimization_id"])
    assert heavy.json().keys() == {
        "optimization_id", "portfolio_id", "status", "created_at", "estimated_completion_time"
    }  # fmt: skip
    assert order.json()["status"] == "completed"
    assert order.json()["target_allocation"].keys() >= {"AAPL", "XOM", "JNJ"}
    assert latest.status_code == 200
    assert [entry["status"] for entry in entries] == [202, 422]
    assert entries[0]["location"].endswith(entries[0]["accepted"]["optimization_id"])
