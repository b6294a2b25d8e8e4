"""``python -m tests.storm``: 1,000 jobs through four workers, a relay and a broker that keep failing."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from importlib.metadata import entry_points
from pathlib import Path
from uuid import uuid4

import httpx

from tangency.adapters.pulsar.setup import set_up
from tangency.adapters.settings import Settings
from tests.storm.faults import LEAST, Faults
from tests.storm.processes import TANGENCY, Fleet, fleet
from tests.storm.verdict import Verdict, judged
from tests.support import plain_http, postgres, pulsar
from tests.support.distributions import Distribution, method
from tests.support.held import hold_in

WORKERS, CLIENTS, PORTFOLIOS = 4, 8, 20
LIMIT_S, AGAIN_S = 300.0, 0.5
WISH = {"optimization_type": "storm", "objective": "minimize_risk"}
WORKER = ("worker", "--queue", "light", "--concurrency", "1", "--port", "0")
PAUSE = "import time; time.sleep(0.1); return Proposal(Status.FEASIBLE, weights=np.full(30, 1 / 30))"
METHOD = Distribution("storm-method", method("storm", PAUSE), methods={"storm": "Method"})
SERVICE = {
    "TANGENCY_LEASE_S": "3",
    "TANGENCY_ATTEMPTS": "20",
    "TANGENCY_DRAIN_S": "2",
    "TANGENCY_SOLVER_WORKERS": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}


def main() -> int:
    """Run it, and say what was seen."""
    asked = _arguments()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tangency-storm-")))
        cluster = stack.enter_context(postgres.cluster())
        broker = stack.enter_context(pulsar.shared(folder))
        url = stack.enter_context(cluster.database())
        settings = _settings(url, broker)
        processes = stack.enter_context(fleet(folder, _environment(settings, folder)))
        return _storm(settings, cluster, broker, processes, asked)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.storm")
    parser.add_argument("--jobs", type=int, default=1_000)
    parser.add_argument("--over", type=float, default=0.0, help="seconds over which clients spread their jobs")
    return parser.parse_args()


def _settings(url: str, broker: pulsar.Broker) -> Settings:
    name = f"storm{uuid4().hex[:8]}"
    made = Settings(database_url=url, pulsar_url=broker.url, pulsar_web_url=broker.web_url, pulsar_namespace=name)
    list(set_up(made, retention_days=1))
    for number in range(PORTFOLIOS):
        hold_in(made, f"portfolio-{number}")
    return made


def _environment(settings: Settings, folder: Path) -> dict[str, str]:
    """Of every process: the one method of the storm is on the path, and no other is loaded."""
    place = METHOD.written(folder)
    others = [each.name for each in entry_points(group="tangency.methods")]
    stated = {name: getattr(settings, name) for name in ("database_url", "pulsar_url", "pulsar_namespace")}
    return {
        **SERVICE,
        **{f"TANGENCY_{name.upper()}": value for name, value in stated.items()},
        "TANGENCY_PULSAR_SEND_TIMEOUT_S": "2",
        "TANGENCY_BLOCKED_PLUGINS": ",".join(others),
        "PYTHONPATH": os.pathsep.join([str(place), os.environ.get("PYTHONPATH", "")]),
    }


def _storm(
    settings: Settings, cluster: postgres.Cluster, broker: pulsar.Broker, processes: Fleet, asked: argparse.Namespace
) -> int:
    death = processes.folder / "death"
    processes.start("api", *TANGENCY, "serve", "--role", "api", "--port", "0")
    processes.start("relay", sys.executable, "-m", "tests.storm.dying_relay", str(death))
    for number in range(WORKERS):
        processes.start(f"worker-{number}", *TANGENCY, *WORKER)
    for name in list(processes.running):
        processes.address(name)
    faults = Faults(processes, cluster, settings.database_url, broker, death)
    began = time.monotonic()
    faults.begin()
    accepted = _ordered(processes.address("api"), asked.jobs, asked.over, began + LIMIT_S)
    said = time.monotonic() - began
    settled = _settled(cluster, settings.database_url, began)
    faults.end()
    verdict = judged(settings, cluster, processes, accepted)
    verdict.must(len(accepted) == asked.jobs, f"{len(accepted)} of {asked.jobs} jobs were accepted")
    verdict.must(settled, f"not everything ended within {LIMIT_S:.0f} s")
    verdict.must(not faults.done["failed"], "a fault could not be brought about")
    for what, least in LEAST.items():
        verdict.must(faults.done[what] >= least, f"{what} {faults.done[what]} times, and {least} are the least")
    return _told(verdict, faults, accepted, said, time.monotonic() - began)


def _ordered(address: str, jobs: int, over_s: float, until: float) -> list[str]:
    """Every job, by clients that come again with the same key until they are told 202, or the run is over."""
    accepted: list[str] = []
    threads = [
        threading.Thread(
            target=_client, args=(address, range(number, jobs, CLIENTS), over_s / jobs * CLIENTS, until, accepted)
        )
        for number in range(CLIENTS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return accepted


def _client(address: str, numbers: Sequence[int], pause_s: float, until: float, accepted: list[str]) -> None:
    with plain_http.Client(base_url=address, timeout=30) as http:
        for number in numbers:
            wish = WISH | {"portfolio_id": f"portfolio-{number % PORTFOLIOS}"}
            while (order := _asked(http, wish, f"job-{number}")) is None:
                if time.monotonic() > until:
                    return
                time.sleep(AGAIN_S)
            accepted.append(order)
            time.sleep(pause_s)


def _asked(http: httpx.Client, wish: dict[str, str], key: str) -> str | None:
    """The order that was accepted; None where the service could not be reached, or could do nothing at this moment."""
    try:
        answer = http.post("/api/v1/optimizations", json=wish, headers={"Idempotency-Key": key})
    except httpx.TransportError:
        return None
    if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
        return None
    if answer.status_code != httpx.codes.ACCEPTED:
        raise RuntimeError(f"{answer.status_code}: {answer.text}")
    return str(answer.json()["optimization_id"])


def _settled(cluster: postgres.Cluster, url: str, began: float) -> bool:
    """Wait until everything has ended and is published, tickets included."""
    left = """
        SELECT (SELECT count(*) FROM optimization_requests WHERE status IN ('pending', 'processing')),
               (SELECT count(*) FROM outbox WHERE position IS NULL), (SELECT count(*) FROM tickets)
    """
    while time.monotonic() - began < LIMIT_S:
        if cluster.execute(left, url.rpartition("/")[2]) == [(0, 0, 0)]:
            return True
        time.sleep(0.5)
    return False


def _told(verdict: Verdict, faults: Faults, accepted: list[str], said_s: float, all_s: float) -> int:
    print(f"{len(accepted)} jobs accepted within {said_s:.0f} s, all ended and told after {all_s:.0f} s")
    print("brought about: " + ", ".join(f"{count} x {what}" for what, count in sorted(faults.done.items())))
    print("seen at work:  " + ", ".join(f"{count} x {what}" for what, count in verdict.seen.items()))
    print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    for fault in verdict.faults:
        print(f"FAILED: {fault}")
    return 1 if verdict.faults else 0


if __name__ == "__main__":
    sys.exit(main())
