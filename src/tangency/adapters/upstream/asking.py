"""Asks a neighbour for a document: in time, a few times, and with what it wants to be shown."""

from __future__ import annotations

import asyncio
import email.utils
import logging
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from http.cookiejar import CookieJar, DefaultCookiePolicy
from random import SystemRandom
from urllib.parse import quote

import httpx

from tangency.adapters.settings import Settings
from tangency.adapters.upstream.addresses import ForbiddenAddress
from tangency.adapters.upstream.body import UnreadableBody, whole
from tangency.adapters.upstream.breaker import CallFailed, CircuitBreaker, CircuitOpen
from tangency.adapters.upstream.neighbour import Neighbour
from tangency.domain.errors import NeighbourUnavailable, NeighbourUnusable, NotFound
from tangency.domain.portfolio.portfolio import id_fault

OK, FIRST_REDIRECT, LAST_REDIRECT, UNAUTHORIZED, FORBIDDEN, MISSING = 200, 300, 399, 401, 403, 404
JSON, PROBLEM = "application/json", "application/problem+json"
OPTIONAL = "optional"
"""Says of a request that there may be no such address: a 404 of any type is then no wrong address."""
PASSING = frozenset({429, 500, 502, 503, 504})
"""Statuses that may be gone when the question is asked again."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 2.0
"""Before the second attempt at most, doubled for each further one up to the longest."""
Query = Sequence[tuple[str, str]]

log = logging.getLogger("tangency.upstream")


class Passing(Exception):
    """An attempt that may succeed when it is made again; the message completes a sentence."""

    def __init__(self, reason: str, after_s: float = 0.0) -> None:
        self.after_s = after_s
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for a neighbour.

    Attributes:
        read_s: for the next bytes of an answer.
        deadline_s: for everything, every attempt and the pauses between them.
        pause_s: after which a neighbour that was left alone is asked again.
    """

    connect_s: float
    read_s: float
    deadline_s: float
    attempts: int
    limit_bytes: int
    pause_s: float

    @classmethod
    def of(cls, settings: Settings) -> Patience:
        """What the operator set."""
        return cls(
            settings.upstream_connect_s,
            settings.upstream_read_s,
            settings.upstream_deadline_s,
            settings.upstream_attempts,
            settings.upstream_limit_bytes,
            settings.upstream_pause_s,
        )


class Asking:
    """Reads documents of one neighbour. Nothing but reading is done, so every question may be asked again."""

    def __init__(
        self, neighbour: Neighbour, patience: Patience, breaker: CircuitBreaker, transport: httpx.AsyncBaseTransport
    ) -> None:
        self.neighbour, self.breaker = neighbour, breaker
        self._patience = patience
        timeout = httpx.Timeout(patience.read_s, connect=patience.connect_s, pool=None)  # the deadline holds there
        self._client = httpx.AsyncClient(
            transport=transport,
            timeout=timeout,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
            follow_redirects=False,
            trust_env=False,
        )

    async def document(self, path: str, query: Query = (), optional: bool = False) -> bytes | None:
        """The body of what stands at a path; None where the neighbour has nothing there.

        Args:
            path: below the neighbour's address, its parts quoted.
            query: parameters.
            optional: whether the neighbour may have no such address at all.

        Raises:
            NeighbourUnavailable: it cannot be asked, or does not answer in time.
            NeighbourUnusable: what it answers is no document.
        """
        request = await self._request(path, query)
        request.extensions[OPTIONAL] = optional
        try:
            with self.breaker.call():
                return await self._in_time(request)
        except CircuitOpen as left_alone:
            reason = "failed several times in a row and is left alone for a while"
            raise self._unavailable(reason, left_alone.wait_s) from None
        except CallFailed as failed:
            log.warning("the %s (%s) %s", self.neighbour.name, self.neighbour.url.host, failed)
            raise self._unavailable(str(failed), self._patience.pause_s) from failed.__cause__

    async def aclose(self) -> None:
        """Close every connection."""
        await self._client.aclose()

    async def _request(self, path: str, query: Query) -> httpx.Request:
        url = self.neighbour.url.copy_with(path=f"{self.neighbour.url.path.rstrip('/')}{path}")
        headers = {"Accept": JSON, "Accept-Encoding": "gzip", **await self._credentials()}
        return self._client.build_request("GET", url, params=list(query) or None, headers=headers)

    async def _in_time(self, request: httpx.Request) -> bytes | None:
        ends = asyncio.get_running_loop().time() + self._patience.deadline_s
        try:
            async with asyncio.timeout_at(ends):
                return await self._in_attempts(request, ends)
        except TimeoutError as error:
            raise CallFailed(f"did not answer within {self._patience.deadline_s:g} s") from error

    async def _in_attempts(self, request: httpx.Request, ends: float) -> bytes | None:
        attempt = 1
        while True:
            try:
                return await self._once(request)
            except Passing as passing:
                pause = _pause(attempt, passing.after_s)
                if attempt == self._patience.attempts or asyncio.get_running_loop().time() + pause >= ends:
                    raise CallFailed(str(passing)) from passing
                await asyncio.sleep(pause)
            attempt += 1

    async def _once(self, request: httpx.Request) -> bytes | None:
        try:
            async with aclosing(await self._client.send(request, stream=True)) as response:
                return await self._read(response)
        except httpx.TimeoutException as error:
            raise Passing("took too long to connect or to go on") from error
        except httpx.TransportError as error:
            raise Passing("cannot be reached, or broke the connection") from error
        except ForbiddenAddress as forbidden:
            log.warning("%s leads to %s, which is not connected with", self.neighbour.url.host, forbidden)
            allowed = "" if self.neighbour.private else "; put its host on TANGENCY_UPSTREAM_PRIVATE_HOSTS if it may"
            raise self._unavailable(f"leads to an address that is not public{allowed}") from None

    async def _read(self, response: httpx.Response) -> bytes | None:
        status = response.status_code
        if status in PASSING:
            raise Passing(f"answered with status {status}", _asked_to_wait(response))
        if status in (UNAUTHORIZED, FORBIDDEN):
            variable = self.neighbour.variable.replace("_URL", "_TOKEN_FILE")
            raise self._unavailable(f"refuses this service with status {status}; look at {variable}")
        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        if status == MISSING and (kind in (JSON, PROBLEM) or response.request.extensions[OPTIONAL]):
            return None
        if FIRST_REDIRECT <= status <= LAST_REDIRECT:
            raise self.unusable(f"is a redirect, which is not followed; let {self.neighbour.variable} lead there")
        if status != OK:
            raise self.unusable(f"has status {status} and type {kind[:60]!r}; look at {self.neighbour.variable}")
        if kind != JSON:
            raise self.unusable(f"is of type {kind[:60]!r} and no JSON")
        try:
            return await whole(response, self._patience.limit_bytes)
        except UnreadableBody as unreadable:
            raise self.unusable(str(unreadable)) from None

    async def _credentials(self) -> dict[str, str]:
        if self.neighbour.token_file is None:
            return {}
        try:
            token = (await asyncio.to_thread(self.neighbour.token_file.read_text, "ascii")).strip()
        except (OSError, UnicodeDecodeError):
            token = ""
        if not token or not token.isprintable():
            variable = self.neighbour.variable.replace("_URL", "_TOKEN_FILE")
            raise self._unavailable(f"wants a token, and {variable} names no file with one line of ASCII")
        return {"Authorization": f"Bearer {token}"}

    def unusable(self, reason: str) -> NeighbourUnusable:
        """The error for an answer; the reason completes a sentence."""
        return NeighbourUnusable(
            f"the answer of the {self.neighbour.name} {reason.rstrip('.')}. Tell the people who run it."
        )

    def _unavailable(self, reason: str, after_s: float = 1.0) -> NeighbourUnavailable:
        remedy = "Ask again later, or state the data in the request."
        return NeighbourUnavailable(f"the {self.neighbour.name} {reason}. {remedy}", after_s)


def step(portfolio_id: str) -> str:
    """A portfolio's id as one step of a path, whatever letters it has.

    Raises:
        NotFound: it is none, or a step that leads elsewhere.
    """
    if id_fault(portfolio_id) is not None:
        raise NotFound(f"there is no portfolio {portfolio_id[:120]!r}.")
    return quote(portfolio_id, safe="")


def _pause(attempt: int, asked_s: float) -> float:
    """Seconds before the next attempt: as the neighbour asked, and a random part of a pause that doubles."""
    longest = min(FIRST_PAUSE_S * 2.0 ** (attempt - 1), LONGEST_PAUSE_S)
    return asked_s + SystemRandom().uniform(0.0, longest)


def _asked_to_wait(response: httpx.Response) -> float:
    """What the header Retry-After says, in seconds; 0 where it says nothing that can be read."""
    text = response.headers.get("retry-after", "").strip()
    if text.isdecimal():
        return float(text)
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return 0.0
    return max(0.0, (moment.replace(tzinfo=moment.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
