"""Identities as text: a prefix that says of what, and 26 characters that are not mistaken for each other."""

from __future__ import annotations

from uuid import UUID

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's: without I, L, O and U."""
LENGTH = 26


def token(prefix: str, identity: UUID) -> str:
    """The 128 bits of an identity behind a prefix such as ``fac-``, five bits to a letter."""
    number = identity.int
    return prefix + "".join(ALPHABET[(number >> 5 * place) & 31] for place in reversed(range(LENGTH)))
