"""The promises about what was accepted, by their numbers, kept by processes that are killed.

What the database has to do for them is held to each database by the suites of the store.

J1: an accepted order is never lost. J2: one result and one final event for each, whatever dies. J4: an order that kills
whoever works on it stops, with the reason, and delays nobody. J5: requests that come twice make one order. J9: what is
cancelled is not worked on. J10: a service that is told to end hands back what it has not ended. J11: no solver outlives
the service that started it.
"""

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.adapters.cli.test_restart import ADDRESS, PATIENCE_S, SLOW, completions, order, waited
from tests.support.command import Command, Served
from tests.support.evil_plugins import EVIL
from tests.support.held import hold

WISH = {"portfolio_id": "desk", "optimization_type": "mean_variance", "objective": "minimize_risk"}
FINAL = ("completed", "failed", "infeasible", "cancelled")
LIMITS = {"TANGENCY_LEASE_S": "1.5", "TANGENCY_STREAM_S": "2", "TANGENCY_ORDER_DEADLINE_S": "6"}


@dataclass(frozen=True)
class House:
    """A database with a portfolio in it, and the command that serves it."""

    command: Command

    @contextmanager
    def open(self, **settings: str) -> Iterator[Served]:
        with self.command.serving(**LIMITS, **settings) as served:
            yield served


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house")
    with pytest.MonkeyPatch.context() as patch:
        for strange in (SLOW, EVIL):
            strange.install(folder, patch)
        command = Command(folder, plugins=(folder / SLOW.name, folder / EVIL.name))
        hold(command.data, "desk")
        yield House(command)


@pytest.fixture(scope="module")
def served(house: House) -> Iterator[Served]:
    with house.open(TANGENCY_SOLVER_WORKERS="2") as served:
        yield served


def keyed(address: str, key: str) -> str:
    headers = {"Idempotency-Key": key}
    response = httpx.post(address + ADDRESS, json=WISH, headers=headers, timeout=PATIENCE_S)
    assert response.status_code == 202, response.text
    return str(response.json()["optimization_id"])


def processes_of(process: int) -> set[int]:
    """Those that a process started, and those that they started; the living."""
    parents = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = entry.read_text().rpartition(")")[2].split()[:2]
        except OSError:  # it ended while we looked
            continue
        if state != "Z":
            parents[int(entry.parent.name)] = int(parent)
    found, last = set[int](), {process}
    while last:
        last = {child for child, parent in parents.items() if parent in last}
        found |= last
    return found


def parent_of(process: int) -> int:
    return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])


def alive(processes: set[int]) -> set[int]:
    return {each for each in processes if _state(each) not in ("", "Z")}


def _state(process: int) -> str:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""


def gone(processes: set[int]) -> bool:
    """Whether they all end while somebody waits for it."""
    until = time.monotonic() + PATIENCE_S
    while alive(processes) and time.monotonic() < until:
        time.sleep(0.05)
    return not alive(processes)


def marked(mark: str) -> set[int]:
    """The processes whose command line has a mark."""
    found = set()
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if mark.encode() in entry.read_bytes():
                found.add(int(entry.parent.name))
        except OSError:  # it ended while we looked
            continue
    return found


def started(mark: str) -> set[int]:
    """What an order started, once it did."""
    until = time.monotonic() + PATIENCE_S
    while not marked(mark):
        assert time.monotonic() < until, "the method did not start"
        time.sleep(0.05)
    return marked(mark)


def test_j1_what_was_accepted_is_not_lost_and_what_was_asked_again_is_not_doubled(house: House) -> None:
    keys = [f"j1-{number}" for number in range(20)]
    accepted: dict[str, str] = {}
    with house.open() as first, ThreadPoolExecutor(4) as pool:

        def post(key: str) -> None:
            try:
                accepted[key] = keyed(first.address, key)
            except httpx.TransportError:
                return  # nobody knows whether it was accepted
            if len(accepted) == 7:
                first.process.send_signal(signal.SIGKILL)

        list(pool.map(post, keys))
        first.process.wait(PATIENCE_S)
    assert 7 <= len(accepted) < len(keys)
    with house.open() as second:
        again = {key: keyed(second.address, key) for key in keys}
        assert {key: again[key] for key in accepted} == accepted
        assert len(set(again.values())) == len(keys)
        ended = [waited(second.address, each, "status", *FINAL) for each in again.values()]
        assert {document["status"] for document in ended} == {"completed"}


def test_j2_each_has_one_result_and_one_final_event_whatever_dies(house: House) -> None:
    with house.open() as first:
        made = [order(first.address) for _ in range(3)]
        waited(first.address, made[0], "queue_state", "running")
        first.process.send_signal(signal.SIGKILL)
        first.process.wait(PATIENCE_S)
    with house.open() as second:
        ended = [waited(second.address, each, "status", *FINAL) for each in made]
        assert [document["status"] for document in ended] == ["completed"] * 3
        assert [document["attempt"] for document in ended] == [2, 1, 1]
        told = completions(second.address)
        assert [told.count(each) for each in made] == [1, 1, 1]


@pytest.mark.parametrize("poison", ["segfault", "c_loop"])
def test_j4_what_kills_its_solver_stops_with_the_reason_and_delays_nobody(served: Served, poison: str) -> None:
    bad = order(served.address, optimization_type=poison)
    healthy = [order(served.address, optimization_type="mean_variance") for _ in range(3)]
    assert {waited(served.address, each, "status", *FINAL)["status"] for each in healthy} == {"completed"}
    document = waited(served.address, bad, "status", *FINAL)
    assert (document["status"], document["attempt"]) == ("failed", 1)
    assert document["failure"]["message"]


def test_j5_requests_that_come_at_once_with_one_key_make_one_order(served: Served) -> None:
    first = keyed(served.address, "j5")

    def again(number: int) -> tuple[int, str]:
        body = {**WISH, "risk_measure": "cvar"} if number % 10 == 0 else WISH
        response = httpx.post(
            served.address + ADDRESS, json=body, headers={"Idempotency-Key": "j5"}, timeout=PATIENCE_S
        )
        return response.status_code, response.json().get("optimization_id", "")

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(again, range(50)))
    assert sorted(answers) == sorted([(202, first)] * 45 + [(422, "")] * 5)
    waited(served.address, first, "status", *FINAL)


def test_j9_nobody_works_on_what_is_cancelled(served: Served, tmp_path: Path) -> None:
    mark = f"j9-{tmp_path}"
    made = _order_with_mark(served.address, mark)
    (left,) = started(mark)
    solver = parent_of(left)
    try:
        assert solver in processes_of(served.process.pid)
        cancelled = httpx.delete(f"{served.address}{ADDRESS}/{made}", timeout=PATIENCE_S)
        assert cancelled.json()["status"] == "cancelled"
        assert gone({solver})
        assert httpx.get(f"{served.address}{ADDRESS}/{made}", timeout=PATIENCE_S).json()["status"] == "cancelled"
        assert made not in completions(served.address)
    finally:
        with suppress(ProcessLookupError):
            os.kill(left, signal.SIGKILL)


def test_j10_a_service_that_is_told_to_end_hands_back_what_it_has_not_ended(house: House) -> None:
    with house.open(TANGENCY_SOLVER_WORKERS="2") as first:
        quick, slow = order(first.address, optimization_type="mean_variance"), order(first.address)
        waited(first.address, quick, "status", "completed")
        waited(first.address, slow, "queue_state", "running")
        children = processes_of(first.process.pid)
        code, _ = first.ended_by(signal.SIGTERM)
    assert code == 0
    assert gone(children)
    with house.open() as second:
        document = waited(second.address, slow, "status", *FINAL)
        assert document["status"] == "completed"
        assert document["failure"] is None
        assert httpx.get(f"{second.address}{ADDRESS}/{quick}").json()["attempt"] == 1


def test_j11_no_solver_outlives_the_service(house: House) -> None:
    with house.open() as first:
        made = order(first.address, optimization_type="c_loop")
        waited(first.address, made, "queue_state", "running")
        children = processes_of(first.process.pid)
        assert children
        first.process.send_signal(signal.SIGKILL)
        first.process.wait(PATIENCE_S)
    assert gone(children)
    with house.open() as second:
        assert waited(second.address, made, "status", *FINAL)["status"] == "failed"


def _order_with_mark(address: str, mark: str) -> str:
    body = {**WISH, "optimization_type": "leaves_a_child", "method_options": {"mark": mark}}
    response = httpx.post(address + ADDRESS, json=body, timeout=PATIENCE_S)
    assert response.status_code == 202, response.text
    return str(response.json()["optimization_id"])
