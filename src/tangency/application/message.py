"""What the service can be asked to do: commands change something, queries only look."""

from __future__ import annotations

from typing import Generic, TypeVar

Result = TypeVar("Result")


class Message(Generic[Result]):
    """A command or a query; ``Result`` is what its handler gives back."""
