"""The promises about what was accepted, by their numbers, kept by processes that are killed.

On each database; what it has to do for them is held to it by the suites of the store too.

J1: an accepted order is never lost. J2: one result and one final event for each, whatever dies. J4: an order that kills
whoever works on it stops, with the reason, and delays nobody. J5: requests that come twice make one order. J9: what is
cancelled is not worked on. J10: a service that is told to end hands back what it has not ended. J11: no solver outlives
the service that started it by more than its limit.
"""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from tangency.adapters.settings import Settings
from tangency.domain.optimization.order import MOST_LOSSES
from tests.adapters.cli import mortal
from tests.adapters.cli.mortal import PLACES
from tests.adapters.cli.test_restart import ADDRESS, PATIENCE_S, SLOW, completions, order, waited
from tests.support import plain_http
from tests.support.command import ADDRESS as URL
from tests.support.command import Command, Served
from tests.support.databases import DATABASES
from tests.support.evil_plugins import EVIL
from tests.support.held import hold_in

WISH = {"portfolio_id": "desk", "optimization_type": "mean_variance", "objective": "minimize_risk"}
FINAL = ("completed", "failed", "infeasible", "cancelled")
SETTINGS = {
    "TANGENCY_LEASE_S": "2",
    "TANGENCY_STREAM_S": "0.5",
    "TANGENCY_DRAIN_S": "0",
    "TANGENCY_ORDER_DEADLINE_S": "3",
    "TANGENCY_SOLVER_WORKERS": "2",
}


class House:
    """A database with a portfolio in it, and one service on it at a time; after one was ended there is another."""

    def __init__(self, command: Command) -> None:
        self._command, self._open, self._running = command, ExitStack(), False
        self._settings = SETTINGS

    @property
    def served(self) -> Served:
        """The service that runs; another one after the last was ended."""
        if not self._running:
            self._served = self._open.enter_context(self._command.serving(**self._settings))
            self._running = True
        assert self._served.process.poll() is None, f"the service ended by itself: {self._served.process.returncode}"
        return self._served

    def end(self, which: signal.Signals) -> int:
        """Send it a signal; how it ended."""
        self._running = False
        return self._served.ended_by(which)[0]

    @contextmanager
    def forgiving(self) -> Iterator[None]:
        """Meanwhile an order outlives all the workers that a test kills; three would be enough for it to fail."""
        self._settings = {**SETTINGS, "TANGENCY_ATTEMPTS": "20"}
        if self._running:
            self.end(signal.SIGTERM)
        yield
        self._settings = SETTINGS
        self.end(signal.SIGTERM)

    @contextmanager
    def mortals(self) -> Iterator["Mortals"]:
        """In place of the service that runs, others that are killed where they are told."""
        if self._running:
            self.end(signal.SIGTERM)
        environment = self._command.environment({"PYTHONUNBUFFERED": "1", **self._settings})
        command = [sys.executable, mortal.__file__]
        with subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:
            yield Mortals(process)

    def close(self) -> None:
        """End what still runs."""
        self._open.close()


class Mortals:
    """Services one after another, each killed where it was told."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._told, self._heard = process.stdin, process.stdout

    def born(self, place: str) -> str:
        """The address of the next, which dies there."""
        self._told.write(f"{place}\n")
        self._told.flush()
        address = URL.search(self._heard.readline())
        assert address, "the service ended before it listened"
        return address.group()

    def died(self) -> int:
        """How it ended."""
        return int(self._heard.readline().removeprefix("ended: "))


@pytest.fixture(scope="module", params=DATABASES)
def house(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house")
    with pytest.MonkeyPatch.context() as patch, ExitStack() as opened:
        for strange in (SLOW, EVIL):
            strange.install(folder, patch)
        command = Command(folder, plugins=(folder / SLOW.name, folder / EVIL.name))
        settings = Settings(data_dir=str(command.data))
        if request.param == "postgresql":
            url = opened.enter_context(request.getfixturevalue("cluster").database())
            command.settings["TANGENCY_DATABASE_URL"] = url
            settings = Settings(database_url=url)
        hold_in(settings, "desk")
        house = House(command)
        opened.callback(house.close)
        yield house


def keyed(address: str, key: str, body: Mapping[str, object] = WISH) -> str:
    headers = {"Idempotency-Key": key}
    response = plain_http.post(address + ADDRESS, json=body, headers=headers, timeout=PATIENCE_S)
    assert response.status_code == 202, response.text
    return str(response.json()["optimization_id"])


def marked(place: str) -> dict[str, float]:
    """The limits of the order over which a service dies."""
    return {"max_position_size": mortal.MARKS[place]}


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


def processes_with(mark: str) -> set[int]:
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
    while not processes_with(mark):
        assert time.monotonic() < until, "the method did not start"
        time.sleep(0.05)
    return processes_with(mark)


def test_j1_what_was_accepted_is_not_lost_wherever_the_service_dies_and_what_was_asked_again_is_not_doubled(
    house: House,
) -> None:
    with house.forgiving():
        _killed_everywhere(house)


def _killed_everywhere(house: House) -> None:
    accepted: dict[str, str] = {}
    with house.mortals() as mortals:
        for place in PLACES:
            address = mortals.born(place)
            for name, body in (("first", WISH), ("marked", {**WISH, "constraints": marked(place)})):
                with suppress(httpx.TransportError):  # nobody knows whether it was accepted
                    accepted[f"{place}-{name}"] = keyed(address, f"{place}-{name}", body)
            assert mortals.died() == -signal.SIGKILL
    address, known = house.served.address, dict(accepted)
    again = {
        f"{place}-{name}": keyed(address, f"{place}-{name}", body)
        for place in PLACES
        for name, body in (("first", WISH), ("marked", {**WISH, "constraints": marked(place)}))
    }
    assert {f"{place}-first" for place in PLACES} <= set(known)
    assert not {f"{place}-marked" for place in PLACES if "publish" not in place} & set(known)
    assert {key: again[key] for key in known} == known
    assert len(set(again.values())) == len(again)
    ended = [waited(address, each, "status", *FINAL) for each in again.values()]
    assert {document["status"] for document in ended} == {"completed"}
    told = completions(address)
    assert [told.count(each) for each in again.values()] == [1] * len(again)


def test_j2_each_has_one_result_and_one_final_event_whatever_dies(house: House) -> None:
    made = [order(house.served.address) for _ in range(2)]
    waited(house.served.address, made[0], "queue_state", "running")
    house.end(signal.SIGKILL)
    ended = [waited(house.served.address, each, "status", *FINAL) for each in made]
    assert [document["status"] for document in ended] == ["completed"] * 2
    assert ended[0]["attempt"] >= 2
    told = completions(house.served.address)
    assert [told.count(each) for each in made] == [1, 1]


@pytest.mark.parametrize("poison", ["segfault", "deadlock"])
def test_j4_what_kills_its_solver_stops_with_the_reason_and_delays_nobody(house: House, poison: str) -> None:
    served = house.served
    bad = order(served.address, optimization_type=poison)
    healthy = [order(served.address, optimization_type="mean_variance") for _ in range(2)]
    assert {waited(served.address, each, "status", *FINAL)["status"] for each in healthy} == {"completed"}
    document = waited(served.address, bad, "status", *FINAL)
    assert document["status"] == "failed"
    assert document["attempt"] <= MOST_LOSSES
    assert document["failure"]["message"]


def test_j5_requests_that_come_at_once_with_one_key_make_one_order(house: House) -> None:
    served = house.served
    first = keyed(served.address, "j5")

    def again(number: int) -> tuple[int, str]:
        body = {**WISH, "risk_measure": "cvar"} if number % 10 == 0 else WISH
        response = plain_http.post(
            served.address + ADDRESS, json=body, headers={"Idempotency-Key": "j5"}, timeout=PATIENCE_S
        )
        return response.status_code, response.json().get("optimization_id", "")

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(again, range(20)))
    assert sorted(answers) == sorted([(202, first)] * 18 + [(422, "")] * 2)
    waited(served.address, first, "status", *FINAL)


def test_j9_nobody_works_on_what_is_cancelled(house: House, tmp_path: Path) -> None:
    served = house.served
    mark = f"j9-{tmp_path}"
    made = _order_with_mark(served.address, mark)
    (left,) = started(mark)
    solver = parent_of(left)
    assert solver in processes_of(served.process.pid)
    cancelled = plain_http.delete(f"{served.address}{ADDRESS}/{made}", timeout=PATIENCE_S)
    assert cancelled.json()["status"] == "cancelled"
    assert gone({solver, left})
    assert plain_http.get(f"{served.address}{ADDRESS}/{made}", timeout=PATIENCE_S).json()["status"] == "cancelled"
    assert made not in completions(served.address)


def test_j10_a_service_that_is_told_to_end_hands_back_what_it_has_not_ended(house: House) -> None:
    address = house.served.address
    quick = order(address, optimization_type="mean_variance")
    at_first = waited(address, quick, "status", "completed")
    slow = order(address)
    waited(address, slow, "queue_state", "running")
    children = processes_of(house.served.process.pid)
    assert house.end(signal.SIGTERM) == 0
    assert gone(children)
    address = house.served.address
    document = waited(address, slow, "status", *FINAL)
    assert (document["status"], document["failure"]) == ("completed", None)
    assert document["attempt"] >= 2
    ended = plain_http.get(f"{address}{ADDRESS}/{quick}", timeout=PATIENCE_S).json()
    assert (ended["status"], ended["completed_at"]) == ("completed", at_first["completed_at"])


def test_j11_no_solver_outlives_the_service(house: House) -> None:
    made = order(house.served.address, optimization_type="deadlock")
    waited(house.served.address, made, "queue_state", "running")
    children = processes_of(house.served.process.pid)
    assert children
    house.end(signal.SIGKILL)
    assert gone(children)


def _order_with_mark(address: str, mark: str) -> str:
    body = {**WISH, "optimization_type": "leaves_a_child", "method_options": {"mark": mark}}
    response = plain_http.post(address + ADDRESS, json=body, timeout=PATIENCE_S)
    assert response.status_code == 202, response.text
    return str(response.json()["optimization_id"])
