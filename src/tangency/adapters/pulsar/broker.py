"""The connection that events go out on: one client in one thread, and whether the broker is there."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, TypeVar

from tangency.adapters.pulsar.client import REQUESTS, client_of, topic_of
from tangency.adapters.settings import Settings
from tangency.domain.errors import BrokerUnavailable

if TYPE_CHECKING:
    import pulsar

LOOK_S = 5.0
"""How often somebody asks whether the broker is there, where nothing is being published."""

Result = TypeVar("Result")

log = logging.getLogger("tangency.pulsar")


class Broker:
    """One client in a thread of its own, made when it is first needed. Everything that touches it runs there."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.away = ""
        """Why the broker could not be used the last time; empty where it could."""
        self._client: pulsar.Client | None = None
        self._producers: dict[str, pulsar.Producer] = {}
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="pulsar")

    @asynccontextmanager
    async def looked_after(self) -> AsyncIterator[None]:
        """Ask now and then whether it is there, and close everything at the end. Nothing waits for it to be there."""
        watch = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            watch.cancel()
            await asyncio.gather(watch, return_exceptions=True)
            await self.run(self._close)
            self._thread.shutdown(wait=False)

    async def run(self, work: Callable[[], Result]) -> Result:
        """Do something in the thread that owns the client. Who stops waiting for it does not stop it."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def check(self) -> None:
        """Nothing, where the broker could be used the last time.

        Raises:
            BrokerUnavailable: it could not.
        """
        if self.away:
            raise BrokerUnavailable(self.away)

    def producer(self, name: str) -> pulsar.Producer:
        """In the thread: what sends to a topic."""
        if name not in self._producers:
            self._producers[name] = self.client().create_producer(
                topic_of(self.settings, name),
                send_timeout_millis=round(self.settings.pulsar_send_timeout_s * 1000),
                batching_enabled=False,  # a batch goes whole to one consumer, and is refused whole
            )
        return self._producers[name]

    def client(self) -> pulsar.Client:
        """In the thread: the client."""
        if self._client is None:
            self._client = client_of(self.settings)
        return self._client

    def forget(self, name: str) -> None:
        """In the thread: whatever sent to a topic is of no use any more."""
        import pulsar

        producer = self._producers.pop(name, None)
        if producer is not None:
            with suppress(pulsar.PulsarException):
                producer.close()

    async def _watch(self) -> None:
        while True:
            try:
                await self.run(self._look)
            except Exception:
                log.exception("the broker could not be looked at")
            await asyncio.sleep(LOOK_S)

    def _look(self) -> None:
        import pulsar

        try:
            self.client().get_topic_partitions(topic_of(self.settings, REQUESTS))
        except pulsar.PulsarException as error:
            self.noted(told(error))
        else:
            self.noted("")

    def noted(self, away: str) -> None:
        """In the thread: why the broker cannot be used, or that it can."""
        if away and not self.away:
            log.warning("the broker at %s cannot be used: %s", self.settings.pulsar_url, away)
        elif self.away and not away:
            log.warning("the broker at %s can be used again", self.settings.pulsar_url)
        self.away = away

    def _close(self) -> None:
        import pulsar

        with suppress(pulsar.PulsarException):
            if self._client is None:
                return
            if self.away:  # closing would wait for an answer
                self._client.shutdown()
                return
            for name in list(self._producers):
                self.forget(name)
            self._client.close()


def told(error: Exception) -> str:
    """What an error of the client means, for the log and for operators."""
    name = type(error).__name__
    return f"{name}; has `tangency pulsar setup` been run?" if name == "TopicNotFound" else name
