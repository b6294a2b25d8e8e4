"""The body of an answer, read within a size that holds for its bytes as they come and as they are unpacked."""

from __future__ import annotations

import zlib

import httpx

GZIP = 31
"""The window of zlib, with the header and the checksum of gzip."""


class UnreadableBody(Exception):
    """A body that is too large, or packed in a way that cannot be undone; the message completes a sentence."""


async def whole(response: httpx.Response, limit: int) -> bytes:
    """Everything, never more of it in memory than the limit and one packet.

    Raises:
        UnreadableBody: it is larger, not complete, or packed in another way than gzip.
        httpx.TransportError: the connection broke.
    """
    if int(response.headers.get("content-length", "0")) > limit:
        raise _too_large(limit)
    packing = response.headers.get("content-encoding", "identity").strip().lower()
    if packing not in ("identity", "gzip"):
        raise UnreadableBody(f"is packed as {packing[:40]!r}, and only gzip was asked for")
    unpack = zlib.decompressobj(GZIP) if packing == "gzip" else None
    body = bytearray()
    async for packet in response.aiter_raw():
        body += packet if unpack is None else _unpacked(unpack, packet, limit + 1 - len(body))
        if len(body) > limit:
            raise _too_large(limit)
    if unpack is not None and not unpack.eof:
        raise UnreadableBody("ends in the middle of its gzip")
    return bytes(body)


def _unpacked(unpack: zlib._Decompress, packet: bytes, most: int) -> bytes:
    """What a packet unpacks to, and no more of it than the one byte by which the whole becomes too large."""
    try:
        part = unpack.decompress(packet, most)
    except zlib.error as error:
        raise UnreadableBody(f"is not gzip: {error}") from None
    if unpack.unused_data:
        raise UnreadableBody("goes on after the end of its gzip")
    return part


def _too_large(limit: int) -> UnreadableBody:
    return UnreadableBody(f"has more than {limit:,} bytes, the most that TANGENCY_UPSTREAM_LIMIT_BYTES allows")
