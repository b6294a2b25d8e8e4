"""Messages to the service: commands change something, queries only read."""

from __future__ import annotations

from typing import Generic, TypeVar

Result = TypeVar("Result")


class Message(Generic[Result]):
    """A command or a query; ``Result`` is the type that its handler returns."""
