"""A wire between a client and a server that a test can cut, and that can lose an answer on the way."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

CHUNK = 65_536
Pair = tuple[socket.socket, socket.socket]


class Proxy:
    """Listens on loopback and hands on what it hears. While it is silent, connections open and nothing is answered.

    Attributes:
        lost: answers that were lost on the way.
    """

    def __init__(self, port: int) -> None:
        self._server = ("127.0.0.1", port)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._lock, self._pairs = threading.Lock(), set[Pair]()
        self._open, self._speaks = True, threading.Event()
        self._speaks.set()
        self._losing: bytes | None = None
        self._mute: Pair | None = None
        self.lost = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """End every connection, without a word."""
        with self._lock:
            pairs, self._pairs = self._pairs, set()
        for pair in pairs:
            self._end(pair)

    def refuse(self) -> None:
        """End every connection, and every new one at once."""
        self._open = False
        self.cut()

    def fall_silent(self) -> None:
        """Hand nothing on any more."""
        self._speaks.clear()

    def heal(self) -> None:
        """Work again."""
        self._open = True
        self._speaks.set()

    def lose_answer_to(self, request: bytes) -> None:
        """Hand the next such request on, and cut the connection instead of handing the answer back."""
        self._losing = request

    def close(self) -> None:
        """The end."""
        self._listening.close()
        self.heal()
        self.cut()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            if not self._open:
                client.close()
                continue
            pair = (client, socket.create_connection(self._server))
            with self._lock:
                self._pairs.add(pair)
            for source, sink in (pair, pair[::-1]):
                threading.Thread(target=self._carry, args=(source, sink, pair), daemon=True).start()

    def _carry(self, source: socket.socket, sink: socket.socket, pair: Pair) -> None:
        with suppress(OSError):
            while heard := source.recv(CHUNK):
                self._speaks.wait()
                if pair is self._mute:  # the server has answered, so it has done it
                    self.lost += 1
                    break
                if self._losing is not None and self._losing in heard:
                    self._losing, self._mute = None, pair
                sink.sendall(heard)
        with self._lock:
            ours = pair in self._pairs
            self._pairs.discard(pair)
        if ours:
            self._end(pair)

    @staticmethod
    def _end(pair: Pair) -> None:
        for end in pair:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


@contextmanager
def proxy(port: int) -> Iterator[Proxy]:
    """A wire to a port of this machine."""
    made = Proxy(port)
    try:
        yield made
    finally:
        made.close()
