"""What the broker must have before the service can use it, made over the broker's web port.

Everything is stated rather than left to the broker's defaults, under which an idle topic is deleted after a minute and
an event that nobody has subscribed to is dropped at once. What is there stays; running it again changes nothing.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from tangency.adapters.pulsar.client import EVENTS, REQUESTS, SUBSCRIPTION, TICKETS, authentication_of, file_of
from tangency.adapters.settings import InvalidSettings, Settings
from tangency.domain.errors import BrokerUnavailable

TIMEOUT_S = 30.0
ALREADY_THERE = (httpx.codes.CONFLICT, httpx.codes.PRECONDITION_FAILED)
MINUTES_A_DAY = 24 * 60

SUBSCRIBED = (REQUESTS, *TICKETS.values())
"""Topics that the service itself reads."""


def set_up(settings: Settings, retention_days: int) -> Iterator[str]:
    """Make tenant, namespace, topics and subscriptions; says what it does.

    Args:
        settings: where the web port is, and who we are.
        retention_days: how long events are kept for those who subscribe late, or start again from the beginning.

    Raises:
        InvalidSettings: no web port is named, or what is named cannot be used.
        BrokerUnavailable: the broker does not answer, or refuses.
    """
    if not settings.pulsar_web_url:
        raise InvalidSettings("TANGENCY_PULSAR_WEB_URL is empty; name the web port of the broker, http://HOST:8080.")
    space = f"namespaces/{settings.pulsar_tenant}/{settings.pulsar_namespace}"
    with _administrator(settings) as web:
        clusters = _asked(web, "GET", "clusters").json()
        yield f"tenant {settings.pulsar_tenant}"
        _asked(web, "PUT", f"tenants/{settings.pulsar_tenant}", {"allowedClusters": clusters, "adminRoles": []})
        yield f"namespace {settings.pulsar_tenant}/{settings.pulsar_namespace}"
        _asked(web, "PUT", space, {})
        kept = {"retentionTimeInMinutes": retention_days * MINUTES_A_DAY, "retentionSizeInMB": -1}
        _asked(web, "POST", f"{space}/retention", kept)
        stays = {
            "inactiveTopicDeleteMode": "delete_when_no_subscriptions",
            "maxInactiveDurationSeconds": 60,
            "deleteWhileInactive": False,
        }
        _asked(web, "POST", f"{space}/inactiveTopicPolicies", stays)
        for name in (*EVENTS, *SUBSCRIBED):
            yield f"topic {name}"
            topic = f"persistent/{settings.pulsar_tenant}/{settings.pulsar_namespace}/{name}"
            _asked(web, "PUT", topic, None)
            if name in SUBSCRIBED:
                _asked(web, "PUT", f"{topic}/subscription/{SUBSCRIPTION}", None)


def _asked(web: httpx.Client, method: str, path: str, document: Any = None) -> httpx.Response:  # noqa: ANN401 - JSON
    try:
        answer = web.request(method, path, **({} if document is None else {"json": document}))
    except httpx.TransportError as error:
        raise BrokerUnavailable(f"the web port of the broker does not answer: {error}.") from None
    if answer.is_success or answer.status_code in ALREADY_THERE:
        return answer
    raise BrokerUnavailable(f"the broker refuses {method} {path}: {answer.status_code} {answer.text[:300]}")


def _administrator(settings: Settings) -> httpx.Client:
    authentication_of(settings)
    verify = ssl.create_default_context(cafile=file_of(settings.pulsar_tls_ca_file, "tls_ca_file"))
    verify.check_hostname = settings.pulsar_tls_validate_hostname
    if settings.pulsar_tls_certificate_file:
        verify.load_cert_chain(settings.pulsar_tls_certificate_file, settings.pulsar_tls_key_file or None)
    token = _token(settings)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    base = f"{settings.pulsar_web_url.rstrip('/')}/admin/v2/"
    return httpx.Client(base_url=base, headers=headers, verify=verify, timeout=TIMEOUT_S)


def _token(settings: Settings) -> str:
    if settings.pulsar_token_file:
        return Path(settings.pulsar_token_file).read_text().strip()
    return _oauth2_token(settings) if settings.pulsar_oauth2_issuer_url else ""


def _oauth2_token(settings: Settings) -> str:
    """By the grant of client credentials, as the client itself gets one (RFC 6749, section 4.4)."""
    issuer = settings.pulsar_oauth2_issuer_url.rstrip("/")
    stated = {"audience": settings.pulsar_oauth2_audience, "scope": settings.pulsar_oauth2_scope}
    wanted = {
        "grant_type": "client_credentials",
        **_client(settings.pulsar_oauth2_key_file),
        **{name: value for name, value in stated.items() if value},
    }
    try:
        with httpx.Client(timeout=TIMEOUT_S) as web:
            place = web.get(f"{issuer}/.well-known/openid-configuration").raise_for_status().json()["token_endpoint"]
            token: str = web.post(place, data=wanted).raise_for_status().json()["access_token"]
    except (httpx.HTTPError, KeyError, ValueError) as error:
        raise BrokerUnavailable(f"{issuer} gives out no token: {error!r}.") from None
    return token


def _client(path: str) -> dict[str, str]:
    try:
        key = json.loads(Path(path).read_text())
        return {name: str(key[name]) for name in ("client_id", "client_secret")}
    except (OSError, ValueError, KeyError, TypeError):
        raise InvalidSettings(
            f"TANGENCY_PULSAR_OAUTH2_KEY_FILE names {path!r}, which is no JSON file with client_id and client_secret."
        ) from None
