"""One call while it is answered."""

from __future__ import annotations

import asyncio
import hashlib
import json
from dataclasses import dataclass, field

from tangency.adapters.grpc.messages import Plain
from tangency.application.message import Message, Result
from tangency.application.orders import Key
from tangency.application.question import Question
from tangency.application.service import Service
from tangency.domain.errors import InvalidInput

IDEMPOTENCY_KEY = "idempotency-key"


@dataclass(slots=True)
class Call:
    """What a handler works with.

    Attributes:
        metadata: what the client sent beside its message, by key.
        ending: set when the service is about to end; streams look at it.
        question: what was asked, once that could be read: errors point into it.
    """

    service: Service
    metadata: dict[str, str | bytes]
    ending: asyncio.Event
    question: Question | None = field(default=None)

    async def handle(self, message: Message[Result]) -> Result:
        """Hand a message to the application."""
        return await self.service.handle(message)

    def key(self, asked: object) -> Key | None:
        """What makes this call the echo of an earlier one; None where the client did not say.

        Args:
            asked: plain values that tell this request from others.
        """
        text = self.metadata.get(IDEMPOTENCY_KEY)
        if text is None:
            return None
        return Key(str(text), hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest())


def portfolio_of(document: Plain) -> str:
    """Take the portfolio's id out of a document; REST has it in the address.

    Raises:
        InvalidInput: there is none.
    """
    if "portfolio_id" not in document:
        raise InvalidInput.at(("portfolio_id",), "is missing.", "missing")
    portfolio_id: str = document.pop("portfolio_id")
    return portfolio_id


def with_cost_model(stated: Plain, path: tuple[str, ...]) -> Plain:
    """The cost model under the one name that REST has for both of its fields.

    Raises:
        InvalidInput: both are stated.
    """
    if "cost_model" not in stated:
        return stated
    if "transaction_cost_model" in stated:
        detail = "is stated beside transaction_cost_model; state one of them."
        raise InvalidInput.at((*path, "cost_model"), detail, "duplicate")
    return {**stated, "transaction_cost_model": stated.pop("cost_model")}
