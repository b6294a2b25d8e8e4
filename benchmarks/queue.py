"""What the queue costs: ``python -m benchmarks.queue``, on a PostgreSQL of its own, with real worker processes.

Efficiency is the time that the jobs take by themselves over that of all slots. Jobs are ordered while no worker takes
their queue, so that the clock starts with everything ready.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from statistics import median, quantiles

import httpx
import psutil  # type: ignore[import-untyped]
import psycopg

from tangency.adapters import container
from tangency.adapters.document.order_request import order_request_of
from tangency.adapters.settings import Settings
from tangency.application.orders import PlaceOrder
from tests.storm.processes import TANGENCY, Fleet, fleet
from tests.support import postgres
from tests.support.distributions import Distribution, method
from tests.support.held import hold_in

SLOTS = (1, 2, 4, 8)
CLIENTS = 16
WEIGHTS = "return Proposal(Status.FEASIBLE, weights=np.full(30, 1 / 30))"
METHODS = {f"sleep_{ms}": f"import time; time.sleep({ms / 1e3}); {WEIGHTS}" for ms in (50, 200)}
PLUGIN = Distribution(
    "sleeping-methods",
    "\n".join(method(name, body, name.title().replace("_", "")) for name, body in METHODS.items()),
    methods={name: name.title().replace("_", "") for name in METHODS},
)
RELEASE = """
    WITH released AS (UPDATE optimization_requests SET queue = 'light' RETURNING id, tenant)
    SELECT pg_notify('tangency_tickets', 'light ' || id || ' ' || tenant) FROM released
"""
"""Every order and its ticket, as if all of them were accepted at this moment."""
OPEN = "SELECT count(*) FROM optimization_requests WHERE status <> 'completed'"
LATENCIES = """
    CREATE TABLE claims (id text, accepted timestamptz, claimed timestamptz);
    CREATE FUNCTION told() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      IF TG_OP = 'INSERT' THEN INSERT INTO claims VALUES (NEW.id, clock_timestamp());
      ELSIF NEW.status = 'processing' AND OLD.status = 'pending' THEN
        UPDATE claims SET claimed = clock_timestamp() WHERE id = NEW.id;
      END IF; RETURN NULL; END $$;
    CREATE TRIGGER told AFTER INSERT OR UPDATE ON optimization_requests FOR EACH ROW EXECUTE FUNCTION told();
"""


@dataclass(frozen=True)
class Place:
    """A database of one's own, and where logs go."""

    cluster: postgres.Cluster
    url: str
    folder: Path

    def ask(self, statement: str) -> list[tuple[object, ...]]:
        """A statement on it."""
        return self.cluster.execute(statement, self.url.rpartition("/")[2])

    @property
    def server(self) -> psutil.Process:
        """The one whose children serve connections."""
        return psutil.Process(int((self.cluster.folder / "data" / "postmaster.pid").read_text().split()[0]))

    def wait_for_all(self) -> None:
        """Let workers have what was ordered, until all of it has ended; on one connection, which takes them little."""
        with psycopg.connect(self.url.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute(RELEASE)
            while connection.execute(OPEN).fetchone() != (0,):
                time.sleep(0.05)


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.queue")
    parser.add_argument("--jobs", type=int, default=400)
    jobs = parser.parse_args().jobs
    print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    with postgres.cluster() as cluster:
        for name in METHODS:
            for slots in SLOTS:
                with _placed(cluster) as place:
                    print(_efficiency(place, name, jobs, slots), flush=True)
        with _placed(cluster) as place:
            print(_latency(place, min(jobs, 100)), flush=True)
        with _placed(cluster) as place:
            print(_accepting(place, jobs), flush=True)
    print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


@contextmanager
def _placed(cluster: postgres.Cluster) -> Iterator[Place]:
    with cluster.database() as url, tempfile.TemporaryDirectory(prefix="tangency-queue-") as folder:
        sys.path.insert(0, str(PLUGIN.written(Path(folder))))
        hold_in(Settings(database_url=url), "desk")
        yield Place(cluster, url, Path(folder))


@contextmanager
def _workers(place: Place, slots: int) -> Iterator[Fleet]:
    """So many, each with one slot and nothing but the sleeping methods, that are registered and idle."""
    others = [each.name for each in entry_points(group="tangency.methods") if each.name not in METHODS]
    environment = {
        "TANGENCY_DATABASE_URL": place.url,
        "TANGENCY_LEASE_S": "6",
        "TANGENCY_DRAIN_S": "0",
        "PYTHONPATH": os.pathsep.join([str(place.folder / PLUGIN.name), os.environ.get("PYTHONPATH", "")]),
        "TANGENCY_BLOCKED_PLUGINS": ",".join(others),
    }
    with fleet(place.folder, environment) as processes:
        for number in range(slots):
            command = ("worker", "--queue", "light", "--concurrency", "1", "--port", "0")
            processes.start(f"worker-{number}", *TANGENCY, *command)
        while place.ask("SELECT count(*) FROM workers") != [(slots,)]:
            time.sleep(0.2)
        time.sleep(1.0)
        yield processes


def _efficiency(place: Place, name: str, jobs: int, slots: int) -> str:
    alone_s = float(name.removeprefix("sleep_")) / 1e3
    with _workers(place, slots) as processes:
        asyncio.run(_order(place.url, name, jobs))
        workers, server = [psutil.Process(each.pid) for each in processes.running.values()], [place.server]
        used, served, began = _cpu_s(workers), _cpu_s(server), time.monotonic()
        place.wait_for_all()
        took_s, cpu_s, server_s = time.monotonic() - began, _cpu_s(workers) - used, _cpu_s(server) - served
    efficiency = jobs * alone_s / (slots * took_s)
    each_ms, server_ms = 1e3 * (cpu_s + server_s) / jobs, 1e3 * server_s / jobs
    told = f"efficiency {efficiency:.2f}, {each_ms:.0f} ms of CPU per job, {server_ms:.0f} of them PostgreSQL's"
    return f"{jobs} jobs of {alone_s * 1e3:.0f} ms, {slots} slots: {told}"


async def _order(url: str, name: str, jobs: int) -> None:
    """Ordered as heavy, which no worker here takes."""
    wish = order_request_of({"portfolio_id": "desk", "optimization_type": name, "objective": "minimize_risk"})
    async with container.keeping(Settings(database_url=url, light_s=0.01)) as service:
        for _ in range(jobs):
            await service.handle(PlaceOrder(wish))


def _cpu_s(processes: Sequence[psutil.Process]) -> float:
    """Of processes and everything that they started and that lives."""
    return sum(_own_cpu_s(each) for process in processes for each in (process, *process.children(recursive=True)))


def _own_cpu_s(process: psutil.Process) -> float:
    try:
        return float(sum(process.cpu_times()[:2]))
    except psutil.NoSuchProcess:  # a connection of the server that was just closed
        return 0.0


def _latency(place: Place, jobs: int) -> str:
    place.ask(LATENCIES)
    with _workers(place, 4):
        asyncio.run(_steadily(place.url, jobs))
        time.sleep(3.0)
        rows = place.ask("SELECT extract(epoch FROM claimed - accepted) * 1000 FROM claims WHERE claimed IS NOT NULL")
        ratios = place.ask(
            "SELECT extract(epoch FROM estimated_completion_time - created_at) / extract(epoch FROM completed_at - "
            "created_at) FROM optimization_requests WHERE status = 'completed'"
        )
    waits = sorted(float(str(row[0])) for row in rows)
    told = f"{len(waits)} of {jobs} jobs at 10 a second to 4 idle slots: from acceptance to claim"
    predicted = median(float(str(row[0])) for row in ratios)
    return f"{told} {_spread(waits)}; predicted over actual time, median {predicted:.2f}"


async def _steadily(url: str, jobs: int) -> None:
    wish = order_request_of({"portfolio_id": "desk", "optimization_type": "sleep_50", "objective": "minimize_risk"})
    async with container.keeping(Settings(database_url=url)) as service:
        for _ in range(jobs):
            await service.handle(PlaceOrder(wish))
            await asyncio.sleep(0.1)


def _accepting(place: Place, jobs: int) -> str:
    with fleet(place.folder, {"TANGENCY_DATABASE_URL": place.url}) as processes:
        processes.start("api", *TANGENCY, "serve", "--role", "api", "--port", "0")
        address, answers = processes.address("api"), list[tuple[int, float]]()
        threads = [threading.Thread(target=_client, args=(address, jobs // CLIENTS, answers)) for _ in range(CLIENTS)]
        began = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        took_s = time.monotonic() - began
    statuses, waits = {status for status, _ in answers}, [1e3 * seconds for _, seconds in answers]
    told = f"{len(answers)} requests by {CLIENTS} clients: {len(answers) / took_s:.0f} a second"
    return f"{told}, {_spread(waits)}, answered {sorted(statuses)}"


def _spread(milliseconds: Sequence[float]) -> str:
    return f"median {median(milliseconds):.0f} ms, P99 {quantiles(milliseconds, n=100)[98]:.0f} ms"


def _client(address: str, count: int, answers: list[tuple[int, float]]) -> None:
    wish = {"portfolio_id": "desk", "optimization_type": "mean_variance", "objective": "minimize_risk"}
    with httpx.Client(base_url=address, timeout=60) as http:
        for _ in range(count):
            began = time.monotonic()
            status = http.post("/api/v1/optimizations", json=wish).status_code
            answers.append((status, time.monotonic() - began))


if __name__ == "__main__":
    main()
