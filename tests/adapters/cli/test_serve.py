"""Serving from the command line: on this machine only unless told otherwise, and a good end on a signal."""

import signal
import socket
import time
from dataclasses import replace
from tempfile import TemporaryFile

import pytest

from tangency.adapters.cli.serve import _listen
from tangency.adapters.settings import Settings
from tests.support import plain_http
from tests.support.command import HANGS, Command, Served
from tests.support.requests import REQUEST


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.20", "example.com", "127.0.0.1.example.com"])  # noqa: S104 - refused
def test_an_address_that_others_can_reach_is_refused(host: str, command: Command) -> None:
    ran = command("serve", "--host", host, "--port", 0)
    assert ran.code == 2
    assert len(ran.err.splitlines()) == 1
    assert "--insecure-without-authentication" in ran.err


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("192.168.1.20:50051", "--insecure-without-authentication"),
        ("here", "HOST:PORT"),
        ("127.0.0.1:99999", "HOST:PORT"),
    ],
)
def test_an_address_of_grpc_that_cannot_be_used_is_told(address: str, told: str, command: Command) -> None:
    ran = command("serve", "--port", 0, "--grpc", address)
    assert ran.code == 2
    assert told in ran.err


def test_a_port_of_grpc_that_is_taken_is_told(command: Command) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ran = command("serve", "--port", 0, "--grpc", f"127.0.0.1:{taken.getsockname()[1]}")
    assert ran.code == 2
    assert "another --grpc" in ran.err


def test_an_address_that_is_not_of_this_machine_is_told(command: Command) -> None:
    ran = command("serve", "--host", "192.0.2.1", "--port", 0, "--insecure-without-authentication")
    assert ran.code == 2
    assert "another --host" in ran.err


def test_a_setting_that_only_the_start_looks_at_ends_it_with_2_and_says_which(command: Command) -> None:
    broker = {"TANGENCY_PULSAR_URL": "pulsar://127.0.0.1:1", "TANGENCY_PULSAR_TOKEN_FILE": "/nowhere"}
    ran = command.apart("serve", "--port", 0, **broker)
    assert ran.code == 2
    assert "Error: TANGENCY_PULSAR_TOKEN_FILE names /nowhere" in ran.err


def test_it_answers_and_ends_well(command: Command) -> None:
    with replace(command, cold=True).serving() as served:
        assert plain_http.get(f"{served.address}/health/ready", timeout=HANGS).status_code == 200
        answer = plain_http.post(f"{served.address}/api/v1/optimize", json=REQUEST, timeout=HANGS)
        assert answer.status_code == 200
        code, seconds = served.ended_by(signal.SIGTERM)
    assert code == 0
    assert seconds < HANGS


def test_the_risk_can_be_accepted_by_name_and_an_interrupt_is_a_good_end(command: Command) -> None:
    with command.serving("--host", "0.0.0.0", "--insecure-without-authentication") as served:  # noqa: S104 - the point
        port = served.address.rpartition(":")[2]
        assert plain_http.get(f"http://127.0.0.1:{port}/health/live", timeout=HANGS).status_code == 200
        assert served.ended_by(signal.SIGINT)[0] == 0


def test_a_second_interrupt_waits_for_no_client_and_ends_it_as_well(command: Command) -> None:
    with TemporaryFile("w+") as told, replace(command, errors=told).serving() as served:
        with _begun(served):
            served.process.send_signal(signal.SIGINT)
            while not _refused(_place_of(served)):
                pass
            assert served.ended_by(signal.SIGINT)[0] == 0
        told.seek(0)
        assert told.read() == ""


def test_a_body_that_does_not_come_does_not_keep_the_service(command: Command) -> None:
    with TemporaryFile("w+") as told, replace(command, errors=told).serving(TANGENCY_BODY_DEADLINE_S="3600") as served:
        with _begun(served) as slow:
            assert served.ended_by(signal.SIGTERM)[0] == 0
            assert slow.recv(64) == b""
        told.seek(0)
        assert told.read() == ""


def test_a_body_that_comes_late_is_still_answered(command: Command) -> None:
    with command.serving() as served:
        with _begun(served) as slow:
            served.process.send_signal(signal.SIGTERM)
            while not _refused(_place_of(served)):
                pass
            slow.sendall(b"nonsense!")
            assert slow.recv(64).startswith(b"HTTP/1.1 400 ")
        assert served.process.wait(HANGS) == 0


def test_a_silent_client_that_comes_at_the_last_moment_does_not_keep_the_service(command: Command) -> None:
    with command.serving() as served:
        assert plain_http.get(f"{served.address}/health/ready", timeout=HANGS).status_code == 200
        served.process.send_signal(signal.SIGSTOP)
        with socket.create_connection(_place_of(served), HANGS):
            served.process.send_signal(signal.SIGTERM)
            time.sleep(0.2)  # then it is accepted in the moment in which the server sees that it is to end
            served.process.send_signal(signal.SIGCONT)
            assert served.process.wait(HANGS) == 0


def _begun(served: Served) -> socket.socket:
    """A connection with a request whose body of 9 bytes the service waits for."""
    asked = b"POST /api/v1/optimize HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    slow = socket.create_connection(_place_of(served), HANGS)
    slow.sendall(asked + b"Expect: 100-continue\r\nContent-Length: 9\r\n\r\n")
    assert b"100" in slow.recv(64)
    return slow


def _place_of(served: Served) -> tuple[str, int]:
    host, _, port = served.address.removeprefix("http://").rpartition(":")
    return host, int(port)


def _refused(place: tuple[str, int]) -> bool:
    try:
        socket.create_connection(place).close()
    except (ConnectionRefusedError, ConnectionResetError):
        return True
    return False


def test_a_port_that_is_taken_is_told(command: Command) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ran = command("serve", "--port", taken.getsockname()[1])
    assert ran.code == 2
    assert "Address already in use" in ran.err


def test_answers_do_not_wait_for_an_acknowledgement() -> None:
    listening = _listen(Settings(host="127.0.0.1", port=0))
    with listening, socket.create_connection(listening.getsockname()):
        accepted, _ = listening.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
