"""Everything that an operator may set, typed in one place, from the environment and an optional file.

The environment wins over the file, the file over the defaults. A variable is the field's name in capitals behind
``TANGENCY_``; the file is TOML with the same names in lower case, and ``TANGENCY_CONFIG`` says where it is.
"""

from __future__ import annotations

import logging
import os
import tomllib
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from tangency.domain.errors import TangencyError, hint

PREFIX = "TANGENCY_"
FILE_VARIABLE = "TANGENCY_CONFIG"

log = logging.getLogger(__name__)

Count = Annotated[int, Meta(ge=1, le=1_000_000)]
Bytes = Annotated[int, Meta(ge=1024, le=2**40)]
PORT = r"\d{1,4}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d{2}|655[0-2]\d|6553[0-5]"
Address = Annotated[str, Meta(pattern=rf"^(.+:({PORT}))?$")]
"""Host and port; or empty."""
Seconds = Annotated[float, Meta(ge=0.01, le=86_400)]
PULSAR_NAME = r"^[A-Za-z0-9_=:.-]{1,100}$"
"""What tenants and namespaces of Pulsar may be called."""


class InvalidSettings(TangencyError):
    """A setting that cannot be used; the message names the variable or the file."""


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an operator may set.

    Attributes:
        database_url: where answers are kept, with its driver; empty means a SQLite file in ``data_dir``.
        database_connections: most connections of this process to the database.
        database_wait_s: seconds that a request waits for a server: for a free connection, and for its answers.
        statement_timeout_s: seconds after which the server of a database gives up a statement.
        outbox_limit: most events that may wait for the broker; above it nothing is accepted that would add to them.
        pulsar_url: the broker that events are published to; empty means that they stay in this process.
        pulsar_web_url: its web address, which only ``tangency pulsar setup`` uses.
        pulsar_tenant: of the broker's topics; not whose data this process serves.
        pulsar_namespace: within that tenant; two services, or two tenants of ours, need one each.
        pulsar_send_timeout_s: seconds after which a message that the broker has not confirmed is sent again.
        pulsar_tls_ca_file: certificates that the broker's own is checked against; empty means the usual ones.
        pulsar_tls_certificate_file: certificate that this service shows to the broker.
        pulsar_tls_key_file: private key of that certificate.
        pulsar_tls_validate_hostname: whether the broker's certificate must be for the host of ``pulsar_url``.
        pulsar_token_file: file with the token that this service shows; read again whenever one is needed.
        pulsar_oauth2_issuer_url: who gives out tokens, where OAuth 2.0 is used.
        pulsar_oauth2_key_file: JSON file with ``client_id`` and ``client_secret`` for it.
        pulsar_oauth2_audience: the audience that tokens are asked for.
        pulsar_oauth2_scope: the scope that tokens are asked for.
        data_dir: folder of the embedded database; empty means the user's data folder of the platform.
        tenant: whose data this process serves.
        host: address to listen on.
        port: port to listen on.
        grpc: address to answer gRPC on, such as 127.0.0.1:50051; empty means that it is not.
        grpc_concurrent_calls: most calls of gRPC at once, streams among them; one above it is asked to come again.
        grpc_reflection: whether clients may ask for the description of the messages.
        body_limit_bytes: largest body of a request; a covariance of 1,000 names is 22 MB.
        body_budget_bytes: most bytes of bodies in memory at once; a request above it is asked to come again.
        body_deadline_s: a client that has not sent its whole body by then is refused.
        names_limit: most names in one problem.
        batch_limit: most items in one batch.
        deadline_s: seconds from the hand-over to the solvers until a request is given up.
        order_deadline_s: the same for an optimization that was ordered and is waited for by nobody.
        light_s: seconds that a problem may be estimated at to be solved while its caller waits, and to count as light.
        most_s: seconds above which a problem is refused.
        attempts: workers that may be lost over one order; then it has failed.
        drain_s: seconds that a worker gives what it is doing when it is told to end; then it hands it back.
        lease_s: after so many seconds without a sign of life a worker is taken for lost, its order taken up again.
        stream_s: seconds after which a stream of events ends; clients come back and resume.
        solver_workers: solver processes; 0 means one per processor core.
        solver_queue: problems that may wait for a solver; above it the service is busy.
        solver_memory_mb: address space of one solver process.
        solver_jobs: problems after which a solver process is replaced.
        series: what keeps the series of portfolios: ``auto``, or ``timescale``, ``postgres``, ``sqlite``.
        series_days: how many days of it are kept; 0 means all.
        blocked_plugins: names of methods and estimators that may not be loaded, separated by commas.
        upstream_portfolios_url: of the service that knows what portfolios hold; empty for imports.
        upstream_market_data_url: of the service that knows prices; empty for imports.
        upstream_risk_models_url: of the service that knows covariances; empty to estimate them from returns.
        upstream_portfolios_token_file: file with the bearer token for that service; empty for none.
        upstream_market_data_token_file: the same for prices.
        upstream_risk_models_token_file: the same for covariances.
        upstream_hosts: hosts that these addresses may name, at public addresses, separated by commas.
        upstream_private_hosts: hosts that may be on this machine or in a private network, and be asked without TLS.
        upstream_ca_file: certificates to trust in place of those that everybody does.
        upstream_connect_s: seconds for a connection.
        upstream_read_s: seconds for the next bytes of an answer.
        upstream_deadline_s: seconds for an answer, every attempt included.
        upstream_attempts: most attempts for an answer.
        upstream_limit_bytes: largest answer, unpacked.
        upstream_failures: failures in a row after which a service is left alone.
        upstream_pause_s: seconds for which it is.
        upstream_history_days: days of prices to ask for.
        upstream_fallback: whether imports take the place of what a service does not know, or cannot be asked for.
    """

    database_url: str = ""
    database_connections: Annotated[int, Meta(ge=1, le=1_000)] = 10
    database_wait_s: Seconds = 2.0
    statement_timeout_s: Seconds = 30.0
    outbox_limit: Count = 100_000
    pulsar_url: Annotated[str, Meta(pattern=r"^(pulsar(\+ssl)?://[^\s]+)?$")] = ""
    pulsar_web_url: Annotated[str, Meta(pattern=r"^(https?://[^\s]+)?$")] = ""
    pulsar_tenant: Annotated[str, Meta(pattern=PULSAR_NAME)] = "tangency"
    pulsar_namespace: Annotated[str, Meta(pattern=PULSAR_NAME)] = "default"
    pulsar_send_timeout_s: Annotated[float, Meta(ge=1, le=300)] = 10.0
    pulsar_tls_ca_file: str = ""
    pulsar_tls_certificate_file: str = ""
    pulsar_tls_key_file: str = ""
    pulsar_tls_validate_hostname: bool = True
    pulsar_token_file: str = ""
    pulsar_oauth2_issuer_url: str = ""
    pulsar_oauth2_key_file: str = ""
    pulsar_oauth2_audience: str = ""
    pulsar_oauth2_scope: str = ""
    data_dir: str = ""
    tenant: Annotated[str, Meta(min_length=1, max_length=100)] = "default"
    host: Annotated[str, Meta(min_length=1)] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65_535)] = 8000
    grpc: Address = ""
    grpc_concurrent_calls: Count = 100
    grpc_reflection: bool = False
    body_limit_bytes: Bytes = 32 * 2**20
    body_budget_bytes: Bytes = 256 * 2**20
    body_deadline_s: Seconds = 30.0
    names_limit: Count = 2_000
    batch_limit: Count = 100
    deadline_s: Seconds = 30.0
    order_deadline_s: Seconds = 300.0
    light_s: Seconds = 5.0
    most_s: Seconds = 300.0
    attempts: Annotated[int, Meta(ge=1, le=100)] = 3
    drain_s: Annotated[float, Meta(ge=0, le=86_400)] = 20.0
    lease_s: Seconds = 15.0
    stream_s: Seconds = 300.0
    solver_workers: Annotated[int, Meta(ge=0, le=1_024)] = 0
    solver_queue: Count = 64
    solver_memory_mb: Annotated[int, Meta(ge=256, le=1_048_576)] = 4_096
    solver_jobs: Count = 500
    series: Literal["auto", "timescale", "postgres", "sqlite"] = "auto"
    series_days: Annotated[int, Meta(ge=0, le=36_500)] = 0
    blocked_plugins: tuple[str, ...] = ()
    upstream_portfolios_url: str = ""
    upstream_market_data_url: str = ""
    upstream_risk_models_url: str = ""
    upstream_portfolios_token_file: str = ""
    upstream_market_data_token_file: str = ""
    upstream_risk_models_token_file: str = ""
    upstream_hosts: tuple[str, ...] = ()
    upstream_private_hosts: tuple[str, ...] = ()
    upstream_ca_file: str = ""
    upstream_connect_s: Seconds = 2.0
    upstream_read_s: Seconds = 5.0
    upstream_deadline_s: Seconds = 10.0
    upstream_attempts: Annotated[int, Meta(ge=1, le=10)] = 3
    upstream_limit_bytes: Bytes = 32 * 2**20
    upstream_failures: Count = 5
    upstream_pause_s: Seconds = 30.0
    upstream_history_days: Count = 1_826
    upstream_fallback: Literal["none", "unknown", "unavailable"] = "none"

    @classmethod
    def load(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Read the file that the environment names, then the environment itself.

        Raises:
            InvalidSettings: every value that cannot be used, each with its variable or its file.
        """
        environment = os.environ if environment is None else environment
        path = environment.get(FILE_VARIABLE, "")
        stated = {**(_from_file(Path(path)) if path else {}), **_from_environment(environment)}
        fields = {field.name: field for field in msgspec.structs.fields(cls)}
        values, faults = {}, []
        for name, (origin, value) in stated.items():
            try:
                values[name] = msgspec.convert(value, fields[name].type, strict=not isinstance(value, str | list))
            except msgspec.ValidationError as error:
                faults.append(f"{origin} is {value!r}: {error}.")
        if faults:
            raise InvalidSettings(" ".join(faults))
        return cls(**values)

    @property
    def embedded(self) -> bool:
        """Whether the database is a file of this machine, which migrates itself, and not a server's, which does not."""
        return not self.database_url or self.database_url.startswith("sqlite")

    @property
    def ticketed(self) -> bool:
        """Whether workers are woken by tickets of the broker; an embedded database has one process, which knows."""
        return bool(self.pulsar_url) and not self.embedded

    @property
    def most_waiting(self) -> int:
        """Events that may wait; 0 for no limit, since without a broker nothing waits."""
        return self.outbox_limit if self.pulsar_url else 0

    @property
    def sqlalchemy_url(self) -> str:
        """Where answers are kept; the folder of the embedded default is made by whoever opens it."""
        return self.database_url or f"sqlite+aiosqlite:///{self.data_path / 'tangency.db'}"

    @property
    def data_path(self) -> Path:
        """The folder of the embedded database."""
        if self.data_dir:
            return Path(self.data_dir).expanduser()
        import platformdirs

        return Path(platformdirs.user_data_dir("tangency", appauthor=False))

    @property
    def workers(self) -> int:
        """Solver processes."""
        return self.solver_workers or _cores()


def split_address(address: str) -> tuple[str, int]:
    """Host and port of ``HOST:PORT``; an IPv6 address stands in brackets."""
    host, _, port = address.rpartition(":")
    return host, int(port)


def is_loopback(host: str) -> bool:
    """Whether a name or address means this machine alone. A name other than localhost may mean anything tomorrow."""
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):  # where the system knows which cores are ours
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


LISTS = frozenset({"blocked_plugins", "upstream_hosts", "upstream_private_hosts"})
"""Settings that a variable writes with commas."""

_Stated = dict[str, tuple[str, object]]


def _from_environment(environment: Mapping[str, str]) -> _Stated:
    stated: _Stated = {}
    for variable, value in environment.items():
        if not variable.startswith(PREFIX) or variable == FILE_VARIABLE:
            continue
        name = variable.removeprefix(PREFIX).lower()
        if name not in Settings.__struct_fields__:
            log.warning("%s is not a setting; %s", variable, hint(name, Settings.__struct_fields__))
        elif name in LISTS:
            stated[name] = (variable, [part.strip() for part in value.split(",") if part.strip()])
        else:
            stated[name] = (variable, value)
    return stated


def _from_file(path: Path) -> _Stated:
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidSettings(f"{FILE_VARIABLE} names {path}, which cannot be read: {error}.") from None
    unknown = [name for name in document if name not in Settings.__struct_fields__]
    if unknown:
        known = "; ".join(f"{name!r} is not a setting; {hint(name, Settings.__struct_fields__)}" for name in unknown)
        raise InvalidSettings(f"{path}: {known}")
    return {name: (f"{name} in {path}", value) for name, value in document.items()}
