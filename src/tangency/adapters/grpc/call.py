"""One call while it is answered."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import TypeVar

from google.protobuf.message import Message as ProtobufMessage

from tangency.adapters.grpc.messages import Plain, answer_of, document_of
from tangency.application.disconnection import handled_while_awaited
from tangency.application.idempotency import Creating
from tangency.application.message import Message, Result
from tangency.application.question import Question
from tangency.application.service import Service
from tangency.domain.errors import InvalidInput, Path
from tangency.domain.idempotency import Key

IDEMPOTENCY_KEY = "idempotency-key"
LARGE = 2**16
"""Bytes of a message from which a thread turns it into a document: a number in a Struct takes microseconds."""

Kind = TypeVar("Kind", bound=ProtobufMessage)


@dataclass(slots=True)
class Call:
    """What a handler works with.

    Attributes:
        metadata: what the client sent beside its message, by key.
        ending: set when the service is about to end; streams look at it.
        question: what was asked, once that could be read: errors point into it.
        renamed: by places in the document, the fields of the request that have another name.
    """

    service: Service
    metadata: dict[str, str | bytes]
    ending: asyncio.Event
    question: Question | None = field(default=None)
    renamed: dict[Path, Path] = field(default_factory=dict)

    async def document(self, request: ProtobufMessage) -> Plain:
        """The document that a request stands for; see :func:`document_of`."""
        return document_of(request) if request.ByteSize() < LARGE else await asyncio.to_thread(document_of, request)

    async def answer(self, kind: type[Kind], document: object) -> Kind:
        """A document that may be large as a message; see :func:`answer_of`."""
        return await asyncio.to_thread(answer_of, kind, document)

    async def handle(self, message: Message[Result]) -> Result:
        """Hand a message to the application; where the call is cancelled, its solve is stopped."""
        return await handled_while_awaited(self.service, message)

    async def create(self, command: Creating[Result], request: ProtobufMessage) -> Result:
        """Hand over a command that makes something, with the key that the client sent beside its message, if any.

        Raises:
            InvalidInput: the key is empty or too long.
        """
        text = self.metadata.get(IDEMPOTENCY_KEY)
        if text is None:
            return await self.handle(command)
        asked = request.SerializeToString(deterministic=True).hex()
        return await self.handle(replace(command, key=Key.of(str(text), type(request).__name__, asked)))


def portfolio_of(document: Plain) -> str:
    """Take the portfolio's id out of a document; REST has it in the address.

    Raises:
        InvalidInput: there is none.
    """
    if "portfolio_id" not in document:
        raise InvalidInput.at(("portfolio_id",), "is missing.", "missing")
    portfolio_id: str = document.pop("portfolio_id")
    return portfolio_id


def with_cost_model(call: Call, stated: Plain, path: Path) -> Plain:
    """The cost model under the one name that REST has for both of its fields.

    Raises:
        InvalidInput: both are stated.
    """
    if "cost_model" not in stated:
        return stated
    if "transaction_cost_model" in stated:
        detail = "is stated beside transaction_cost_model; state one of them."
        raise InvalidInput.at((*path, "cost_model"), detail, "duplicate")
    call.renamed[*path, "transaction_cost_model"] = (*path, "cost_model")
    others = {name: value for name, value in stated.items() if name != "cost_model"}
    return {**others, "transaction_cost_model": stated["cost_model"]}
