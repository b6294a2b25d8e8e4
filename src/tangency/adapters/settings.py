"""All settings, typed in one place, from the environment and an optional file.

The environment takes precedence over the file, and the file over the defaults. A variable is the name of the field in
capitals with the prefix ``TANGENCY_``. The file is TOML, with the same names in lower case; ``TANGENCY_CONFIG`` is its
path.
"""

from __future__ import annotations

import logging
import os
import tomllib
from collections.abc import Mapping
from functools import lru_cache
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
    """The settings of a process.

    Attributes:
        database_url: the database. Empty: a SQLite file in the data folder. ``sqlite:///path/to/file.db``: another
            SQLite file. ``postgresql+psycopg://user@host/name``: PostgreSQL, whose tables ``tangency db upgrade``
            creates
        database_connections: largest number of database connections of this process
        database_wait_s: seconds that a request waits for PostgreSQL, for a connection and for its answers together,
            before it gets 503
        statement_timeout_s: seconds after which PostgreSQL cancels a statement
        outbox_limit: how many events may wait for the broker; beyond that, requests that would add to them get 503
        events_days: days for which published events are kept for readers over REST and gRPC; 0: for ever. The newest
            event of each portfolio always stays
        pulsar_url: the Pulsar broker for events, ``pulsar://host:6650`` or ``pulsar+ssl://host:6651``. Empty: no
            broker; events are only at ``GET /api/v1/events``
        pulsar_web_url: the broker's web address, ``http://host:8080``; used only by ``tangency pulsar setup``
        pulsar_tenant: tenant of the broker's topics; not related to ``TANGENCY_TENANT``
        pulsar_namespace: namespace of the broker's topics. Services that share a broker, or serve different values of
            ``TANGENCY_TENANT``, each need their own
        pulsar_send_timeout_s: seconds after which an event that the broker has not confirmed is sent again
        pulsar_tls_ca_file: certificates to check the broker's certificate against; empty: those of the operating system
        pulsar_tls_certificate_file: client certificate with which the service authenticates itself to the broker
        pulsar_tls_key_file: private key of that certificate
        pulsar_tls_validate_hostname: whether the broker's certificate must match the host of ``TANGENCY_PULSAR_URL``
        pulsar_token_file: file with the token for the broker; read whenever a token is needed, so it can be replaced
        pulsar_oauth2_issuer_url: issuer of OAuth 2.0 tokens, for client credentials
        pulsar_oauth2_key_file: JSON file with ``client_id`` and ``client_secret``
        pulsar_oauth2_audience: audience of the OAuth 2.0 tokens
        pulsar_oauth2_scope: scope of the OAuth 2.0 tokens
        data_dir: folder of the SQLite database; empty: the operating system's data folder of the user
        tenant: the tenant whose data this process serves
        host: address to listen on. There are no user accounts yet: anybody who can reach the address can use the
            service
        port: port to listen on
        grpc: address to answer gRPC on, such as ``127.0.0.1:50051``; empty: no gRPC
        grpc_concurrent_calls: largest number of gRPC calls at a time, including streams and health checks; beyond that,
            a call gets ``RESOURCE_EXHAUSTED``
        grpc_reflection: whether clients may read the descriptions of the messages (server reflection)
        body_limit_bytes: largest request body, and largest gRPC message in either direction
        body_budget_bytes: largest total of request bodies being processed; the same again for gRPC messages
        body_deadline_s: seconds for a request body to arrive
        names_limit: largest number of assets in a problem
        batch_limit: largest number of requests in a batch
        deadline_s: seconds for an answer, including the wait for a free solver
        order_deadline_s: seconds for solving an order
        light_s: largest estimated solving time, in seconds, of a light problem. Heavier requests become orders, and
            heavy orders have their own queue
        most_s: largest estimated solving time, in seconds, of any problem; above it a request is refused, with the
            numbers
        attempts: how many workers may be lost over an order before it fails, with the reason of each
        drain_s: seconds that a worker has to finish its orders when it is told to stop; then it hands them back to the
            queue
        lease_s: seconds without a sign of life after which a worker counts as lost and its order is returned to the
            queue
        stream_s: seconds after which a stream of events ends; clients reconnect and resume
        tax_short_term: tax rate of short-term gains, if neither the request nor the configuration of its portfolio
            states rates. Default: the highest United States bracket, 37% and 3.8%
        tax_long_term: tax rate of long-term gains, likewise. Default: 20% and 3.8%
        solver_workers: number of solver processes; 0: one per processor core
        solver_queue: how many problems may wait for a solver
        solver_memory_mb: address space of a solver process
        solver_jobs: number of problems after which a solver process is replaced
        series: how the history of portfolios is stored, decided when the tables are created: ``timescale`` (a
            hypertable), ``postgres`` (partitions by day) or ``sqlite`` (a table). ``auto`` chooses TimescaleDB if the
            PostgreSQL server has loaded it
        series_days: days for which the history is kept; 0: for ever
        blocked_plugins: names of methods and estimators that may not be loaded, separated by commas
        upstream_portfolios_url: address of the portfolio service, such as ``https://portfolios.example.com/v1``
        upstream_market_data_url: address of the market data service
        upstream_risk_models_url: address of the risk model service
        upstream_portfolios_token_file: file with the bearer token for the portfolio service; read for every request, so
            it can be replaced
        upstream_market_data_token_file: the same for the market data service
        upstream_risk_models_token_file: the same for the risk model service
        upstream_hosts: hosts that these addresses may have, separated by commas. They are contacted over TLS, at public
            addresses
        upstream_private_hosts: hosts that may also be on this machine or in a private network, and be contacted without
            TLS. Tokens are sent unencrypted to an ``http://`` address
        upstream_ca_file: file of certificates to trust instead of the usual ones
        upstream_connect_s: seconds to open a connection
        upstream_read_s: seconds to wait for the next bytes of an answer
        upstream_deadline_s: seconds for an answer, including all attempts and the pauses between them
        upstream_attempts: largest number of attempts for an answer
        upstream_limit_bytes: largest answer, both compressed and uncompressed
        upstream_failures: number of failures in a row after which a service is not asked for a while
        upstream_pause_s: seconds for which it is not asked; then a single request tries it
        upstream_history_days: days of prices to ask for
        upstream_fallback: when imported data may replace a service: ``none`` (never), ``unknown`` (if it does not know
            what is asked for) or ``unavailable`` (also if it cannot be reached). The answer then says so. Tax lots and
            benchmarks are optional for a service: without them, imported ones are always used
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
        """Whether the database is SQLite. It belongs to one process, and is migrated automatically."""
        return not self.database_url or self.database_url.startswith("sqlite")

    def refuse_fewer_connections(self, needed: int) -> None:
        """Refuse settings with fewer database connections than the work of this process needs.

        Raises:
            InvalidSettings: the process would wait for itself.
        """
        if self.database_connections < needed and not self.embedded:
            raise InvalidSettings(
                f"TANGENCY_DATABASE_CONNECTIONS is {self.database_connections}: for what it does, this process needs "
                f"{needed} at least. Give {needed} or more, or have other processes do some of it (--role)."
            )

    @property
    def ticketed(self) -> bool:
        """Whether workers are woken by tickets of the broker."""
        return bool(self.pulsar_url) and not self.embedded

    @property
    def notified(self) -> bool:
        """Whether the database wakes workers: all of them, for each order."""
        return not self.pulsar_url and not self.embedded

    @property
    def relayed(self) -> bool:
        """Whether a relay publishes events. With SQLite and no broker they are published on commit."""
        return bool(self.pulsar_url) or not self.embedded

    @property
    def most_waiting(self) -> int:
        """How many events may wait; 0: any number, as without a broker none wait."""
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


@lru_cache(256)
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
