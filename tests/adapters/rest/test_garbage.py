"""Nothing of a request waits for the garbage collector, whose turn comes the seldomer the fewer cycles there are."""

import gc
import types
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

QUESTION: dict[str, Any] = {
    "portfolio_id": "garbage",
    "objective": "MIN_VOLATILITY",
    "method": "MEAN_VARIANCE",
    "strategies": [{"name": "A"}, {"name": "B"}],
    "risk_parameters": {"covariance": {"names": ["A", "B"], "values": [[0.04, 0.0], [0.0, 0.09]]}},
}
INFEASIBLE = QUESTION | {"constraints": {"max_weight": 0.3}}
INVALID = QUESTION | {"constraints": {"max_weight": -1.0}}
NOBODY = QUESTION | {"method": "NOBODY"}


@contextmanager
def kept_for_the_collector() -> Iterator[list[object]]:
    """What only the collector would free."""
    gc.collect()
    gc.disable()
    found: list[object] = []
    try:
        yield found
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        found += gc.garbage
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()


def is_ours(thing: object) -> bool:
    return type(thing).__module__.startswith("tangency") or isinstance(thing, types.FrameType | types.TracebackType)


@pytest.mark.parametrize(
    ("path", "document", "status"),
    [
        ("/api/v1/optimize", QUESTION, 200),
        ("/api/v1/optimize", INFEASIBLE, 422),
        ("/api/v1/optimize", INVALID, 422),
        ("/api/v1/optimize", NOBODY, 422),
        ("/api/v1/optimize/batch", [QUESTION, INFEASIBLE, INVALID, NOBODY, {}], 200),
    ],
    ids=["answer", "infeasible", "invalid", "unsupported", "batch"],
)
def test_a_request_leaves_nothing_to_the_garbage_collector(
    http: httpx.Client, path: str, document: object, status: int
) -> None:
    http.post(path, json=document)
    with kept_for_the_collector() as found:
        for _ in range(3):
            assert http.post(path, json=document).status_code == status
    assert [thing for thing in found if is_ours(thing)] == []
