"""The header Idempotency-Key."""

from __future__ import annotations

from tangency.adapters.document.reading import read_value
from tangency.adapters.rest.exchange import Incoming
from tangency.domain.idempotency import Key

HEADER = "idempotency-key"


async def key_of(request: Incoming) -> Key | None:
    """The key that a request came with, and the fingerprint of its method, address and body; None without the header.

    Raises:
        UnreadableDocument: the body is no JSON.
        InvalidInput: the key is empty or too long.
    """
    text = request.headers.get(HEADER)
    if text is None:
        return None
    return Key.of(text, request.method, request.url.path, read_value(await request.body()))
