"""Clients of a broker as the settings say, and the addresses of its topics.

A client is made by the thread that uses it, which is the only one that ever does. It is made after every process that
this one forks: a child that inherits a client hangs.
"""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import TYPE_CHECKING

from tangency.adapters.settings import InvalidSettings, Settings

if TYPE_CHECKING:
    import pulsar

OPERATION_TIMEOUT_S = 5
"""For what is neither sent nor received: looking a topic up, subscribing, closing. No more than for sending."""

EVENTS = (
    "portfolio_optimized",
    "optimization_completed",
    "optimization_failed",
    "efficient_frontier_generated",
    "rebalance_plan_created",
    "rebalance_plan_approved",
    "rebalance_plan_rejected",
    "rebalance_plan_expired",
    "factor_analysis_completed",
)
"""The topics of events, one for each type; their documents are described in docs/events."""

REQUESTS = "optimization_requested"
TICKETS = {"light": "tickets_light", "heavy": "tickets_heavy"}
"""The topics of tickets, by queue."""
SUBSCRIPTION = "tangency"
"""The name under which the service itself subscribes, the same for all its processes: each message goes to one."""


def topic_of(settings: Settings, name: str) -> str:
    """The address of a topic."""
    return f"persistent://{settings.pulsar_tenant}/{settings.pulsar_namespace}/{name}"


def client_of(settings: Settings) -> pulsar.Client:
    """A client that connects when it is first used.

    Raises:
        InvalidSettings: the settings contradict each other, or name a file that is not there.
    """
    import pulsar

    timeout_s = min(OPERATION_TIMEOUT_S, math.ceil(settings.pulsar_send_timeout_s))
    return pulsar.Client(
        settings.pulsar_url,
        authentication=authentication_of(settings),
        operation_timeout_seconds=timeout_s,
        connection_timeout_ms=timeout_s * 1000,
        tls_trust_certs_file_path=file_of(settings.pulsar_tls_ca_file, "tls_ca_file"),
        tls_validate_hostname=settings.pulsar_tls_validate_hostname,
        # Whatever fails is raised too, and goes to our own log from there.
        logger=pulsar.FileLogger(pulsar.LoggerLevel.Error, os.devnull),
    )


def authentication_of(settings: Settings) -> pulsar.Authentication | None:
    """How the service says who it is; None where it does not.

    Raises:
        InvalidSettings: the settings contradict each other, or name a file that is not there.
    """
    import pulsar

    certificate = file_of(settings.pulsar_tls_certificate_file, "tls_certificate_file")
    token = file_of(settings.pulsar_token_file, "token_file")
    issuer = settings.pulsar_oauth2_issuer_url
    if sum(map(bool, (certificate, token, issuer))) > 1:
        raise InvalidSettings(
            "TANGENCY_PULSAR_TLS_CERTIFICATE_FILE, _TOKEN_FILE and _OAUTH2_ISSUER_URL are three ways of saying who "
            "this service is; choose one."
        )
    if certificate:
        return pulsar.AuthenticationTLS(certificate, file_of(settings.pulsar_tls_key_file, "tls_key_file") or "")
    if token:
        return pulsar.AuthenticationToken(lambda: Path(token).read_text().strip())
    return pulsar.AuthenticationOauth2(json.dumps(_oauth2(settings))) if issuer else None


def _oauth2(settings: Settings) -> dict[str, str]:
    stated = {
        "issuer_url": settings.pulsar_oauth2_issuer_url,
        "private_key": file_of(settings.pulsar_oauth2_key_file, "oauth2_key_file") or "",
        "audience": settings.pulsar_oauth2_audience,
        "scope": settings.pulsar_oauth2_scope,
    }
    return {name: value for name, value in stated.items() if value}


def file_of(path: str, name: str) -> str | None:
    """The path of a file that is there; None where none is named.

    Raises:
        InvalidSettings: it is not there.
    """
    if path and not Path(path).is_file():
        raise InvalidSettings(f"TANGENCY_PULSAR_{name.upper()} names {path}, which is not a file that can be read.")
    return path or None
