"""A real PostgreSQL: one cluster for the process that runs tests, and a database for each test that wants one.

The cluster listens on loopback and on a Unix socket in its folder, and ends with the process that started it.
"""

import asyncio
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import psycopg

from tangency.adapters.settings import Settings
from tangency.adapters.sql.revisions import upgrade

PATIENCE_S = 30.0
OWNER = "tangency"
TEMPLATE = "migrated"
SERVER_USER = "postgres"
"""Who runs the server where tests run as root, which PostgreSQL refuses."""

# What tests need of a server: room for many pools, and no wait for the disk. What was committed survives the end of the
# server's processes all the same; only the end of the machine would lose it.
CONFIGURATION = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "100",
    "shared_buffers": "32MB",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "max_wal_size": "256MB",
}


def missing() -> str | None:
    """Why there is no server to start; None where there is one."""
    if _programs() is None:
        return "initdb and postgres are neither on the path nor under /usr/lib/postgresql"
    if os.geteuid() == 0 and shutil.which("setpriv") is None:
        return "PostgreSQL does not run as root, and setpriv, which would make it run as somebody else, is not there"
    return None


def timescale_missing() -> str | None:
    """Why the server cannot load TimescaleDB; None where it can."""
    reason = missing()
    if reason:
        return reason
    asks = Path(program("postgres")).resolve().with_name("pg_config")
    if not asks.exists():
        return f"{asks}, which would say where extensions are, is not there"
    asked = subprocess.run([asks, "--sharedir"], capture_output=True, text=True, check=False)
    control = Path(asked.stdout.strip()) / "extension" / "timescaledb.control"
    return None if control.exists() else "its extension is not installed beside the server"


def program(name: str) -> str:
    """Where a program of PostgreSQL is, of the same release as the server."""
    folder = _programs()
    if folder is None:
        raise FileNotFoundError(missing())
    return str(folder / name)


def _programs() -> Path | None:
    found = [Path(each).parent for each in [shutil.which("initdb")] if each]
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: float(folder.parent.name))
    folders = [*found, *reversed(installed)]
    return next((each for each in folders if (each / "initdb").exists() and (each / "postgres").exists()), None)


@dataclass(frozen=True)
class Cluster:
    """A server that runs."""

    folder: Path
    port: int
    numbers: Iterator[int] = field(default_factory=count)

    def url(self, database: str) -> str:
        """As ``TANGENCY_DATABASE_URL`` says it."""
        return f"postgresql+psycopg://{OWNER}@127.0.0.1:{self.port}/{database}"

    def execute(self, statement: str, database: str = "postgres") -> list[tuple[object, ...]]:
        """A statement of an administrator, outside of transactions; rows where it gives any."""
        with psycopg.connect(host=str(self.folder), port=self.port, user=OWNER, dbname=database, autocommit=True) as on:
            cursor = on.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def cut(self, url: str, which: str) -> int:
        """End those connections to a database of which a condition on ``pg_stat_activity`` holds, and say how many."""
        name = url.rpartition("/")[2]
        ended = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}' AND {which}"  # noqa: S608
        return len(self.execute(ended))

    @contextmanager
    def database(self, migrated: bool = True) -> Iterator[str]:
        """The address of a database of one's own, empty or as the migrations make it."""
        name = f"test_{next(self.numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE if migrated else 'template1'} STRATEGY file_copy")
        try:
            yield self.url(name)
        finally:
            self.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def cluster(kept: Path | None = None, /, **stated: str) -> Iterator[Cluster]:
    """A server with a migrated template.

    Args:
        kept: a folder that several processes share, where the first one keeps what it made for the others to copy.
        stated: settings of the server beside those that tests need.
    """
    with tempfile.TemporaryDirectory(prefix="tangency-pg-", ignore_cleanup_errors=True) as own:
        folder = Path(own)
        if os.geteuid() == 0:
            shutil.chown(folder, SERVER_USER, SERVER_USER)
        if kept is None:
            _make(folder, stated)
        else:
            _copy(folder, kept / "postgresql", stated)
        with _served(folder, {**CONFIGURATION, **stated}) as made:
            yield made


def _copy(folder: Path, kept: Path, stated: Mapping[str, str]) -> None:
    with kept.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            _make(folder, stated)
            subprocess.run(["cp", "-a", folder / "data", kept], check=True)
            return
    subprocess.run(["cp", "-a", kept, folder / "data"], check=True)


def _make(folder: Path, stated: Mapping[str, str]) -> None:
    _initialize(folder)
    with _served(folder, {**CONFIGURATION, **stated}) as made:
        made.execute(f"CREATE DATABASE {TEMPLATE}")
        asyncio.run(upgrade(Settings(database_url=made.url(TEMPLATE))))


def _initialize(folder: Path) -> None:
    options = ["--username", OWNER, "--auth", "trust", "--encoding", "UTF8", "--locale", "C", "--no-sync"]
    command = [*_as_server(), program("initdb"), "--pgdata", str(folder / "data"), *options]
    done = subprocess.run(command, capture_output=True, text=True, cwd="/", check=False)
    if done.returncode:
        raise RuntimeError(f"initdb failed: {done.stderr}")


@contextmanager
def _served(folder: Path, configuration: Mapping[str, str]) -> Iterator[Cluster]:
    port = _free_port()
    settings = [part for name, value in configuration.items() for part in ("-c", f"{name}={value}")]
    place = ["-D", str(folder / "data"), "-k", str(folder), "-p", str(port)]
    log = (folder / "log").open("wb")
    server = subprocess.Popen(
        [*_as_server(), program("postgres"), *place, *settings], stdout=log, stderr=log, cwd="/", start_new_session=True
    )
    try:
        made = Cluster(folder, port)
        _wait_for(made, server)
        yield made
    finally:
        server.send_signal(signal.SIGINT)  # ends at once, every connection cut, everything written
        server.wait(PATIENCE_S)
        log.close()


def _as_server() -> list[str]:
    """Ahead of a program of the server: as somebody who is not root, and not beyond our own end."""
    if shutil.which("setpriv") is None:
        return []
    who = ["--reuid", SERVER_USER, "--regid", SERVER_USER, "--init-groups", "--reset-env"] if os.geteuid() == 0 else []
    return ["setpriv", "--pdeathsig", "QUIT", *who]


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def _wait_for(made: Cluster, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            made.execute("SELECT 1")
        except psycopg.OperationalError as error:
            if server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start: {(made.folder / 'log').read_text()}") from error
            time.sleep(0.02)
        else:
            return
