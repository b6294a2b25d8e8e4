"""One spelling for texts that read alike: é is one character, or e with an accent behind it; only the first comes in.

Every door composes what it reads (Unicode normalization form C), so that a name means the same wherever it comes from.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from unicodedata import is_normalized, normalize

from tangency.domain.errors import InvalidInput, Path

FORM: Final = "NFC"


def is_plain(body: bytes) -> bool:
    """Whether every text of a JSON document is of characters that have one spelling."""
    return body.isascii() and (b"\\" not in body or b"\\u" not in body)  # one byte is looked for twenty times as fast


def composed_text(text: str) -> str:
    """A text with every accent joined to its letter where there is a character for both."""
    return text if text.isascii() or is_normalized(FORM, text) else normalize(FORM, text)


def composed(value: object, path: Path = ()) -> object:
    """Plain values with every text in them composed, keys too.

    Raises:
        InvalidInput: two keys of one object read alike; ``path`` says where the value stands.
    """
    if isinstance(value, str):
        return composed_text(value)
    if isinstance(value, list):
        return [composed(part, (*path, position)) for position, part in enumerate(value)]
    return _object(value, path) if isinstance(value, Mapping) else value


def _object(value: Mapping[object, object], path: Path) -> dict[object, object]:
    found: dict[object, object] = {}
    for key, part in value.items():
        own = composed_text(key) if isinstance(key, str) else key
        if own in found:
            detail = f"{own!r} is there twice, in two spellings that read alike; give it once."
            raise InvalidInput.at((*path, str(own)), detail, "duplicate")
        found[own] = composed(part, (*path, str(own)))
    return found
