"""The frames that the pool and a solver process exchange: a length, then that many bytes.

Nothing is unpickled, so a method cannot run code in the service through what it answers.
"""

from __future__ import annotations

import asyncio
import socket
import struct

LENGTH = struct.Struct("=Q")


def send(channel: socket.socket, content: bytes) -> None:
    """Send a frame, in the process."""
    channel.sendall(LENGTH.pack(len(content)) + content)


def receive(channel: socket.socket) -> bytes | None:
    """Wait for a frame, in the process; None if the pool has closed the socket."""
    size = _exactly(channel, LENGTH.size)
    return None if size is None else _exactly(channel, *LENGTH.unpack(size))


def _exactly(channel: socket.socket, size: int) -> bytes | None:
    content = channel.recv(size, socket.MSG_WAITALL)
    return content if len(content) == size else None


def write(writer: asyncio.StreamWriter, content: bytes) -> None:
    """Send a frame, in the pool."""
    writer.writelines((LENGTH.pack(len(content)), content))


async def read(reader: asyncio.StreamReader) -> bytes:
    """Wait for a frame, in the pool.

    Raises:
        IncompleteReadError: the process ended.
    """
    (size,) = LENGTH.unpack(await reader.readexactly(LENGTH.size))
    return await reader.readexactly(size)
