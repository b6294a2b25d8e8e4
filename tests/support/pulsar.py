"""A real Pulsar broker: one for all the processes of a test run, started by the first test that asks for it.

The server distribution is in no package registry, but its parts are: ``tools/services`` has Maven bring them into its
cache once, and the standalone broker runs from there. Its metadata is kept in ZooKeeper, because with the default a
broker that was killed does not come back. Run by itself, this module lays out the broker's classes.
"""

import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

import httpx

from tests.support import plain_http

PATIENCE_S = 120.0
CLASS_PATH = Path.home() / ".m2" / "tangency-pulsar-4.0.7.classpath"
"""Where ``tools/services`` writes down which jars of Maven's cache the broker consists of."""
ARCHIVE = CLASS_PATH.with_suffix(".jsa")
"""The classes of the broker as they lie in memory: where they are there, it starts with half the work."""
STARTER = "org.apache.pulsar.PulsarStandaloneStarter"
OPENED = ("java.nio", "jdk.internal.misc", "sun.net", "java.lang", "java.util", "sun.nio.ch", "jdk.internal.platform")
"""Parts of the Java runtime that the broker reaches into."""

READY = ("brokers/ready", "namespaces/public/default")
"""What it answers once it has started, and once it has made where topics are."""

CONFIGURATION = """
    brokerServicePort={broker}
    webServicePort={web}
    bindAddress=127.0.0.1
    advertisedAddress=127.0.0.1
    clusterName=tests
    managedLedgerDefaultEnsembleSize=1
    managedLedgerDefaultWriteQuorum=1
    managedLedgerDefaultAckQuorum=1
    loadBalancerEnabled=false
    systemTopicEnabled=false
    topicLevelPoliciesEnabled=false
    webSocketServiceEnabled=false
    numIOThreads=2
    numHttpServerThreads=4
"""
"""One copy of what is written, and nothing that serves several brokers, policies of topics or web sockets."""

LOGGING = """
    <Configuration status="WARN">
      <Appenders><Console name="out"><PatternLayout pattern="%d %p %c - %m%n"/></Console></Appenders>
      <Loggers><Root level="info"><AppenderRef ref="out"/></Root></Loggers>
    </Configuration>
"""


def missing() -> str | None:
    """Why there is no broker to start; None where there is one."""
    if shutil.which("java") is None:
        return "java is not on the path; Java 17 is needed"
    if shutil.which("flock") is None:
        return "flock is not on the path; util-linux is needed"
    if not CLASS_PATH.exists():
        return "its jars are not in Maven's cache; run tools/services"
    gone = [jar for jar in CLASS_PATH.read_text().split(":") if not Path(jar).exists()]
    return f"{len(gone)} of its jars are gone from Maven's cache; run tools/services" if gone else None


@dataclass(frozen=True)
class Broker:
    """A broker, and where its files are."""

    folder: Path
    ports: dict[str, int]

    @property
    def url(self) -> str:
        """As ``TANGENCY_PULSAR_URL`` says it."""
        return f"pulsar://127.0.0.1:{self.ports['broker']}"

    @property
    def web_url(self) -> str:
        """As ``TANGENCY_PULSAR_WEB_URL`` says it."""
        return f"http://127.0.0.1:{self.ports['web']}"

    def start(self, classes: str = f"-XX:SharedArchiveFile={ARCHIVE}") -> None:
        """Start it, on whatever an earlier one left, and wait until topics can be used."""
        arguments = ["--config", "standalone.conf", "-nfw", "-nss", "--zookeeper-dir", "zookeeper"]
        arguments += ["--bookkeeper-dir", "bookkeeper", "--bookkeeper-port", str(self.ports["bookkeeper"])]
        arguments += ["--zookeeper-port", str(self.ports["zookeeper"])]
        flags = [part for package in OPENED for part in ("--add-opens", f"java.base/{package}=ALL-UNNAMED")]
        flags += ["-Xmx1g", "-XX:MaxDirectMemorySize=512m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]
        flags += ["-Dio.netty.tryReflectionSetAccessible=true", "-Xshare:auto", classes]
        flags += ["-Dlog4j2.configurationFile=log4j2.xml", "-cp", CLASS_PATH.read_text()]
        # Not our child: another process of the run may use it after our end, and end it.
        subprocess.run(
            ["sh", "-c", 'exec java "$@" >>log 2>&1 & echo $! >pid', "sh", *flags, STARTER, *arguments],
            cwd=self.folder,
            env=os.environ | {"PULSAR_STANDALONE_USE_ZOOKEEPER": "1"},
            start_new_session=True,
            check=True,
        )
        deadline = time.monotonic() + PATIENCE_S
        while not self.ready():
            if not self._lives() or time.monotonic() > deadline:
                raise RuntimeError(f"the broker did not start: {(self.folder / 'log').read_text()[-3000:]}")
            time.sleep(0.1)

    def ready(self) -> bool:
        """Whether topics can be used.

        Its own check of its health would send a message, and start a timer in it that ticks a thousand times a second.
        """
        try:
            answers = [plain_http.get(f"{self.web_url}/admin/v2/{each}", timeout=10) for each in READY]
        except httpx.TransportError:
            return False
        return all(answer.status_code == httpx.codes.OK for answer in answers)

    @contextmanager
    def used(self, alone: bool = False) -> Iterator[None]:
        """While this lasts, nobody else has it alone, or uses it at all."""
        with _locked(self.folder, fcntl.LOCK_EX if alone else fcntl.LOCK_SH):
            yield

    def kill(self) -> None:
        """As if the machine had failed."""
        self._end(signal.SIGKILL)

    def close(self) -> None:
        """As an operator ends it."""
        self._end(signal.SIGTERM)

    def _end(self, which: signal.Signals) -> None:
        os.kill(self._pid, which)
        wait_until(lambda: not self._lives())

    @property
    def _pid(self) -> int:
        return int((self.folder / "pid").read_text())

    def _lives(self) -> bool:
        """Whether it runs; one that has ended may wait to be noticed by whoever looks after orphans here."""
        try:
            return Path(f"/proc/{self._pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
        except FileNotFoundError:
            return False


def wait_until(true: Callable[[], bool]) -> None:
    """Look again and again.

    Raises:
        TimeoutError: it did not come true.
    """
    deadline = time.monotonic() + PATIENCE_S
    while not true():
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(0.05)


@contextmanager
def shared(folder: Path) -> Iterator[Broker]:
    """The broker of a run, whose processes share a folder: the first one starts it, and it ends with the last one."""
    kept = folder / "pulsar.json"
    with (folder / "pulsar-users").open("w") as users:
        fcntl.flock(users, fcntl.LOCK_SH)
        with _locked(folder):
            broker = _read(kept)
            if broker is None:
                broker = _prepared(Path(tempfile.mkdtemp(prefix="tangency-pulsar-")))
                end_with(Path(users.name), broker.folder, kept)
                broker.start()
                kept.write_text(json.dumps({"folder": str(broker.folder), "ports": broker.ports}))
        yield broker


def end_with(users: Path, folder: Path, kept: Path) -> None:
    """Have a broker end, and its files with it, when nobody has a lock on a file any more.

    A run that is interrupted or killed ends nothing by itself. Its locks are gone all the same, and whoever waits for
    them outlives it, in a session of its own.
    """
    ended = 'kill -9 "$(cat "$1/pid")"; rm -rf "$1" "$2" || { sleep 1; rm -rf "$1"; }'
    waiting = ["flock", str(users), "sh", "-c", ended, "sh", str(folder), str(kept)]
    subprocess.run(["sh", "-c", '"$@" >/dev/null 2>&1 &', "sh", *waiting], start_new_session=True, check=True)


def lay_out() -> None:
    """Write down how the classes of a broker lie in memory once it has started."""
    broker, part = _prepared(Path(tempfile.mkdtemp(prefix="tangency-pulsar-"))), ARCHIVE.with_suffix(".part")
    broker.start(f"-XX:ArchiveClassesAtExit={part}")
    broker.close()
    part.rename(ARCHIVE)
    shutil.rmtree(broker.folder, ignore_errors=True)


@contextmanager
def _locked(folder: Path, mode: int = fcntl.LOCK_EX) -> Iterator[None]:
    with (folder / "pulsar-lock").open("w") as file:
        fcntl.flock(file, mode)
        yield


def _read(kept: Path) -> Broker | None:
    if not kept.exists():
        return None
    known = json.loads(kept.read_text())
    return Broker(Path(known["folder"]), known["ports"])


def _prepared(folder: Path) -> Broker:
    broker = Broker(folder, dict(zip(("broker", "web", "zookeeper", "bookkeeper"), _free_ports(4), strict=True)))
    (folder / "standalone.conf").write_text(dedent(CONFIGURATION).format(**broker.ports))
    (folder / "log4j2.xml").write_text(dedent(LOGGING))
    return broker


def _free_ports(count: int) -> list[int]:
    listening = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(each.getsockname()[1]) for each in listening]
    for each in listening:
        each.close()
    return ports


if __name__ == "__main__":
    lay_out()
