"""The identity of an optimization, as text, and back."""

from __future__ import annotations

from uuid import UUID

from tangency.domain.errors import NotFound
from tangency.domain.identity import ALPHABET, LENGTH, token

PREFIX = "opt-"
_VALUES = {letter: value for value, letter in enumerate(ALPHABET)}


def spelled(identity: UUID) -> str:
    """The 128 bits of an identity, five to a letter."""
    return token(PREFIX, identity)


def identity_of(text: str) -> UUID:
    """The inverse of :func:`spelled`.

    Raises:
        NotFound: the text is nobody's identity.
    """
    letters = text.removeprefix(PREFIX)
    known = text.startswith(PREFIX) and len(letters) == LENGTH and set(letters) <= _VALUES.keys()
    number = 0
    for letter in letters if known else "":
        number = number << 5 | _VALUES[letter]
    if not known or number >> 128:
        raise NotFound(f"there is no optimization {text[:100]!r}.")
    return UUID(int=number)
