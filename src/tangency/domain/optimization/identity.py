"""The identity of an optimization, as text: a prefix and 26 characters that are not mistaken for each other."""

from __future__ import annotations

from uuid import UUID

from tangency.domain.errors import NotFound

PREFIX = "opt-"
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's: without I, L, O and U."""
LENGTH = 26
_VALUES = {letter: value for value, letter in enumerate(ALPHABET)}


def spelled(identity: UUID) -> str:
    """The 128 bits of an identity, five to a letter."""
    number = identity.int
    return PREFIX + "".join(ALPHABET[(number >> 5 * place) & 31] for place in reversed(range(LENGTH)))


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
