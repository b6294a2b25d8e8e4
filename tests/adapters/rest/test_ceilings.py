"""What costs too much is refused, whichever way it is asked for, with the numbers."""

from pathlib import Path

import pytest

from tests.support.held import hold
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
