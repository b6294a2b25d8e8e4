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
from tangency.domain.rebalancing.gains import HIGHEST_BRACKET

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
        database_url: where answers are kept. Empty is a SQLite file in the data folder. ``sqlite:///path/to/file.db``
            is another file, ``postgresql+psycopg://user@host/name`` a PostgreSQL server, whose tables ``tangency db
            upgrade`` makes
        database_connections: most connections of this process to the database
        database_wait_s: seconds that a request waits for PostgreSQL, for a free connection and for all of its answers,
            before it is asked to come again
        statement_timeout_s: seconds after which PostgreSQL gives up a statement
        outbox_limit: most events that may wait for the broker; with more, whatever would add to them is answered 503
        events_days: how many days published events are kept, for whoever reads them over REST or gRPC; 0 is all. The
            newest of each portfolio stays
        pulsar_url: the broker that events are published to, ``pulsar://host:6650`` or ``pulsar+ssl://host:6651``; empty
            is no broker, and events are at ``GET /api/v1/events`` alone
        pulsar_web_url: its web address, ``http://host:8080``, which only ``tangency pulsar setup`` uses
        pulsar_tenant: tenant of the broker's topics; not ``TANGENCY_TENANT``
        pulsar_namespace: namespace of the broker's topics. Services that share a broker, or serve different values of
            ``TANGENCY_TENANT``, need one each
        pulsar_send_timeout_s: seconds after which an event that the broker has not confirmed is sent again
        pulsar_tls_ca_file: certificates that the broker's is checked against; empty is those of the platform
        pulsar_tls_certificate_file: certificate by which the service says who it is
        pulsar_tls_key_file: private key of that certificate
        pulsar_tls_validate_hostname: whether the broker's certificate must be for the host of ``TANGENCY_PULSAR_URL``
        pulsar_token_file: file with the token by which the service says who it is; read whenever one is needed, so that
            it can be replaced
        pulsar_oauth2_issuer_url: who gives out tokens by OAuth 2.0, for client credentials
        pulsar_oauth2_key_file: JSON file with ``client_id`` and ``client_secret``
        pulsar_oauth2_audience: audience of those tokens
        pulsar_oauth2_scope: scope of those tokens
        data_dir: folder of the embedded database; empty is the user's data folder of the platform
        tenant: whose data this process serves
        host: address to listen on. There are no accounts yet: whoever reaches another address than this machine's own
            may use the service
        port: port to listen on
        grpc: address to answer gRPC on, such as ``127.0.0.1:50051``; empty is not at all
        grpc_concurrent_calls: most calls of gRPC at once, streams and health checks among them; one more is answered
            ``RESOURCE_EXHAUSTED``
        grpc_reflection: whether clients may ask for the description of the messages
        body_limit_bytes: largest body, and largest message of gRPC either way
        body_budget_bytes: most bytes of bodies being worked on at once; as many of messages of gRPC
        body_deadline_s: seconds for a body to arrive
        names_limit: most names in a problem
        batch_limit: most items in a batch
        deadline_s: seconds for an answer, the wait for a free solver included
        order_deadline_s: the same for an optimization that was ordered and that nobody waits for
        light_s: seconds that a problem may be estimated at, from its shape, to be solved while somebody waits, or to
            wait among the light orders; what is heavier becomes an order, in a queue of its own
        most_s: seconds above which a problem is refused, with the numbers
        attempts: workers that may be lost over one optimization; then it has failed, with the reason of each
        drain_s: seconds that a worker gives to what it is doing when it is told to end; then it hands it back to the
            queue
        lease_s: seconds without a sign of life after which a worker is taken for lost, and its order is taken up again
        stream_s: seconds after which a stream of events ends; clients come back and resume
        tax_short_term: rate of tax on gains of short term, where neither a request nor the configuration of its
            portfolio states rates; that of the highest bracket of the United States, 37% and 3.8%
        tax_long_term: the same of long term, 20% and 3.8%
        solver_workers: solver processes; 0 is one per processor core
        solver_queue: problems that may wait for a solver
        solver_memory_mb: address space of one solver process
        solver_jobs: problems after which a solver process is replaced
        series: what keeps the series of portfolios, settled when the tables are made: ``timescale`` a hypertable,
            ``postgres`` partitions by day, ``sqlite`` a table. ``auto`` takes TimescaleDB wherever a PostgreSQL server
            has loaded it
        series_days: how many days of it are kept; 0 is all
        blocked_plugins: methods and estimators that may not be loaded, by name, separated by commas
        upstream_portfolios_url: address of the service that knows what portfolios hold, such as
            ``https://portfolios.example.com/v1``
        upstream_market_data_url: the same for prices
        upstream_risk_models_url: the same for risk models
        upstream_portfolios_token_file: file with the bearer token for that service, and for no other; read for every
            request, so that it can be replaced at any time
        upstream_market_data_token_file: the same for prices
        upstream_risk_models_token_file: the same for risk models
        upstream_hosts: hosts that the addresses may name, separated by commas; they are asked over TLS, at public
            addresses
        upstream_private_hosts: hosts that may be on this machine or in a private network as well, and be asked without
            TLS. Tokens travel in the clear to an ``http://`` address
        upstream_ca_file: file of certificates to trust in place of those that everybody does
        upstream_connect_s: seconds for a connection
        upstream_read_s: seconds for the next bytes of an answer
        upstream_deadline_s: seconds for an answer, every attempt and the pauses between them included
        upstream_attempts: most attempts for an answer
        upstream_limit_bytes: largest answer, as it comes and unpacked
        upstream_failures: failures in a row after which a service is left alone
        upstream_pause_s: seconds for which it is; then one request tries it
        upstream_history_days: days of prices to ask for
        upstream_fallback: when imports take the place of a service: ``none`` is never, ``unknown`` where it does not
            know what is asked for, ``unavailable`` where it cannot be asked as well. The answer says so. Lots and
            benchmarks, which a service need not have, are imports' wherever it has none
    """

    database_url: str = ""
    database_connections: Annotated[int, Meta(ge=1, le=1_000)] = 10
    database_wait_s: Seconds = 2.0
    statement_timeout_s: Seconds = 30.0
    outbox_limit: Count = 100_000
    events_days: Annotated[int, Meta(ge=0, le=36_500)] = 0
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
    tax_short_term: Annotated[float, Meta(ge=0, le=1)] = HIGHEST_BRACKET.short_term
    tax_long_term: Annotated[float, Meta(ge=0, le=1)] = HIGHEST_BRACKET.long_term
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
                faults.append(f"{origin} {_remedy(name, value, str(error))}")
        if faults:
            raise InvalidSettings(" ".join(faults))
        return cls(**values)

    @property
    def embedded(self) -> bool:
        """Whether the database is a file of this machine, which migrates itself, and not a server's, which does not."""
        return not self.database_url or self.database_url.startswith("sqlite")

    def refuse_fewer_connections(self, needed: int) -> None:
        """Where a server has the database.

        Raises:
            InvalidSettings: a process that needs so many would wait for itself.
        """
        if self.database_connections < needed and not self.embedded:
            raise InvalidSettings(
                f"TANGENCY_DATABASE_CONNECTIONS is {self.database_connections}: for what it does, this process needs "
                f"{needed} at least. Give {needed} or more, or have other processes do some of it (--role)."
            )

    @property
    def ticketed(self) -> bool:
        """Whether workers are woken by tickets of the broker; an embedded database has one process, which knows."""
        return bool(self.pulsar_url) and not self.embedded

    @property
    def notified(self) -> bool:
        """Whether the server of the database wakes workers, all of them for each order."""
        return not self.pulsar_url and not self.embedded

    @property
    def relayed(self) -> bool:
        """Whether events wait for a relay; where one process writes and there is no broker, commits publish them."""
        return bool(self.pulsar_url) or not self.embedded

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


def _remedy(name: str, value: object, message: str) -> str:
    """What is wrong with a value, and what to give."""
    default = Settings.__struct_defaults__[Settings.__struct_fields__.index(name)]
    if "matching regex" in message:
        shape = "HOST:PORT, such as 127.0.0.1:50051" if name == "grpc" else FORMS.get(name, f"one such as {default!r}")
        return f"is {value!r}; give {shape}."
    from tangency.domain.optimization.misfit import misfit  # only where something is wrong

    fault = misfit(Settings, {name: value}, f"{message} - at `$.{name}`", ())
    return fault.detail if fault.detail.startswith("is ") else f"is {value!r}: {fault.detail}"


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


FORMS = {
    "pulsar_url": "an address that begins with pulsar:// or pulsar+ssl://, or nothing",
    "pulsar_web_url": "an address that begins with http:// or https://, or nothing",
}
"""What settings of a written form look like."""

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
