"""Bytes for another process, lent in memory rather than pushed through a pipe.

A pipe holds 64 kB: more goes through it in turns of writer and reader, and every turn waits for two processes, two
threads and an interpreter's lock.
"""

from __future__ import annotations

import os
import weakref
from pathlib import Path

SHORT = 4096
"""Bytes that a pipe takes in one piece, together with what is around them."""


class Parcel:
    """Bytes in memory that an open file of this process stands for, and that are gone with it.

    Attributes:
        sent: what to send to the reader: where the bytes are, or the bytes themselves where they are few, or where the
            system has no such files.
    """

    def __init__(self, content: bytes) -> None:
        self.sent: bytes | str = content
        self.close = _nothing
        if len(content) > SHORT and hasattr(os, "memfd_create"):
            file = os.memfd_create("tangency")
            self.close = weakref.finalize(self, os.close, file)
            with os.fdopen(file, "wb", closefd=False) as writing:
                writing.write(content)
            self.sent = f"/proc/{os.getpid()}/fd/{file}"


def opened(sent: bytes | str) -> bytes:
    """The bytes of a parcel that is still open."""
    return sent if isinstance(sent, bytes) else Path(sent).read_bytes()


def _nothing() -> None:
    """There is no file to close."""
