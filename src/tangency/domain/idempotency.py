"""Keys of whoever calls: a call that comes again with its key makes nothing new."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from tangency.domain.errors import InvalidInput, TangencyError

LONGEST_KEY = 255
VISIBLE = re.compile("[!-~]+")


class KeyReused(TangencyError):
    """An idempotency key came with another request than the first time."""

    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__(f"the key {key[:100]!r} was used for another request; use a new key for each.")


@dataclass(frozen=True, slots=True)
class Key:
    """What makes a second request the first one's echo.

    Attributes:
        text: chosen by whoever asks.
        fingerprint: of the request.
        part: which of several things the request makes, from 0.
    """

    text: str
    fingerprint: str
    part: int = 0

    @classmethod
    def of(cls, text: str, *request: object) -> Key:
        """The key of a request in plain values, whatever the order of their members.

        Raises:
            InvalidInput: a key that is empty, too long, or has other characters than visible ones of ASCII.
        """
        if not 1 <= len(text) <= LONGEST_KEY:
            words = f"the Idempotency-Key has {len(text)} characters; give 1 to {LONGEST_KEY}."
            raise InvalidInput.at((), words, "length")
        if not VISIBLE.fullmatch(text):
            words = f"the Idempotency-Key is {text[:100]!r}; give visible characters of ASCII alone, such as a UUID."
            raise InvalidInput.at((), words, "characters")
        return cls(text, hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest())


class Keys(Protocol):
    """The read side of keys."""

    async def made(self, key: Key) -> str | None:
        """What was made for a key; None where nothing was.

        Raises:
            KeyReused: the first request was another.
        """


class KeyRepository(Protocol):
    """Keys, within one transaction."""

    async def claim(self, key: Key, subject: str, at: datetime) -> str:
        """What a key stands for: this subject where the key is new, else that of the first time.

        Raises:
            KeyReused: the first request was another.
        """
