"""What was read of late and never changes, because its key follows from its content."""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Recent(Generic[Value]):
    """Values by key, so many of the last ones as there is room for.

    Args:
        room: for the sizes of all together.
    """

    def __init__(self, room: int) -> None:
        self._room, self._held, self._values = room, 0, OrderedDict[str, tuple[Value, int]]()

    def get(self, key: str) -> Value | None:
        """A value; None where it is not here, or not any more."""
        if key not in self._values:
            return None
        self._values.move_to_end(key)
        return self._values[key][0]

    def keep(self, key: str, value: Value, size: int = 1) -> None:
        """Keep a value, and let go of those that were asked for longest ago. One that has no room is not kept."""
        if size > self._room or key in self._values:
            return
        self._values[key], self._held = (value, size), self._held + size
        while self._held > self._room:
            _, (_, freed) = self._values.popitem(last=False)
            self._held -= freed
