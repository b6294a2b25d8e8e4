"""Messages in: one thread with a client of its own receives them, the event loop deals with them one by one."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from tangency.adapters.pulsar.broker import told
from tangency.adapters.pulsar.client import SUBSCRIPTION, client_of, topic_of
from tangency.adapters.settings import Settings

if TYPE_CHECKING:
    import pulsar

RECEIVE_MS = 250
"""After so long without a message the thread looks whether it is to stop."""
PREFETCHED = 10
"""Messages that wait in this process, out of reach of others that are free."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0
"""After a message that could not be dealt with, or a broker that is away; doubled each time."""

log = logging.getLogger("tangency.pulsar")


class Verdict(Enum):
    """What becomes of a message."""

    DONE = "done"
    LATER = "later"


@dataclass(frozen=True, slots=True)
class Received:
    """A message.

    Attributes:
        identity: of the message, the same whenever it is delivered.
        deliveries: how often it was given back so far. Those that a process took along when it ended do not count.
    """

    data: bytes
    properties: Mapping[str, str]
    identity: str
    deliveries: int


Handle = Callable[[Received], Coroutine[Any, Any, Verdict]]


class Subscription:
    """Receives what is sent to a topic, together with every other process of the service: each message goes to one."""

    def __init__(self, settings: Settings, topic: str, handle: Handle, prefetched: int = PREFETCHED) -> None:
        self._settings, self._topic, self._handle, self._prefetched = settings, topic, handle, prefetched
        self._stopping = threading.Event()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Receive until the end of the context. What is under way then comes again, here or elsewhere."""
        loop = asyncio.get_running_loop()
        thread = threading.Thread(target=self._work, args=(loop,), name=f"pulsar-{self._topic}", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._stopping.set()
            await asyncio.to_thread(thread.join)

    def _work(self, loop: asyncio.AbstractEventLoop) -> None:
        """In the thread: connect again whenever that is needed."""
        import pulsar

        pause = FIRST_PAUSE_S
        while not self._stopping.is_set():
            client = client_of(self._settings)
            try:
                self._receive(self._subscribed(client), loop)
                pause = FIRST_PAUSE_S
            except pulsar.PulsarException as error:
                log.warning("nothing is received from %s for now: %s", self._topic, told(error))
                self._stopping.wait(pause)
                pause = min(2 * pause, LONGEST_PAUSE_S)
            except Exception:
                log.exception("receiving from %s failed and begins again", self._topic)
                self._stopping.wait(pause)
            finally:
                with suppress(pulsar.PulsarException):
                    client.close()

    def _subscribed(self, client: pulsar.Client) -> pulsar.Consumer:
        import pulsar

        return client.subscribe(
            topic_of(self._settings, self._topic),
            SUBSCRIPTION,
            consumer_type=pulsar.ConsumerType.Shared,
            receiver_queue_size=self._prefetched,
            initial_position=pulsar.InitialPosition.Earliest,
            negative_ack_redelivery_delay_ms=round(FIRST_PAUSE_S * 1000),
        )

    def _receive(self, consumer: pulsar.Consumer, loop: asyncio.AbstractEventLoop) -> None:
        """Until told to stop. The client connects again by itself."""
        import pulsar

        pause = FIRST_PAUSE_S
        try:
            while not self._stopping.is_set():
                try:
                    message = consumer.receive(timeout_millis=RECEIVE_MS)
                except pulsar.Timeout:
                    continue
                if self._dealt_with(message, loop) is Verdict.DONE:
                    consumer.acknowledge(message)
                    pause = FIRST_PAUSE_S
                else:
                    consumer.negative_acknowledge(message)
                    self._stopping.wait(pause)
                    pause = min(2 * pause, LONGEST_PAUSE_S)
        finally:
            consumer.close()

    def _dealt_with(self, message: pulsar.Message, loop: asyncio.AbstractEventLoop) -> Verdict:
        """Wait for the event loop; whoever is told to stop meanwhile lets the message come again."""
        handling = self._handle(_received(message))
        try:
            dealt: Future[Verdict] = asyncio.run_coroutine_threadsafe(handling, loop)
        except RuntimeError:  # the loop is closed
            handling.close()
            return Verdict.LATER
        while not self._stopping.is_set():
            with suppress(NotYet):
                return dealt.result(RECEIVE_MS / 1000)
        dealt.cancel()
        return Verdict.LATER


def _received(message: pulsar.Message) -> Received:
    place = message.message_id()
    identity = f"{place.ledger_id()}:{place.entry_id()}:{place.batch_index()}@{message.publish_timestamp()}"
    return Received(message.data(), message.properties(), identity, message.redelivery_count())
