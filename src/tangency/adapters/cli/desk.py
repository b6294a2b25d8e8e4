"""Where optimizations are ordered: in the database that the settings name, or at a service that runs elsewhere."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import click
import httpx
import msgspec

from tangency.adapters import container
from tangency.adapters.cli.failures import Told
from tangency.adapters.document.order_request import order_request_of
from tangency.adapters.document.orders import (
    Accepted,
    OptimizationDocument,
    OptimizationList,
    accepted_of,
    document_of,
    list_of,
    wanted_by,
)
from tangency.adapters.document.problem import Problem
from tangency.adapters.settings import Settings
from tangency.application.orders import CancelOrder, ListOrders, PlaceOrder, ReadOrder
from tangency.domain.errors import NeighbourUnavailable, NeighbourUnusable
from tangency.domain.optimization.identity import identity_of

if TYPE_CHECKING:
    from tangency.application.service import Service

ADDRESS = "/api/v1/optimizations"
PATIENCE_S = 30.0
Answer = TypeVar("Answer")


class Desk(Protocol):
    """What can be asked about orders; the documents are those of REST."""

    async def order(self, document: object) -> Accepted:
        """Order what a document says."""

    async def show(self, optimization_id: str) -> OptimizationDocument:
        """How far it got."""

    async def find(self, query: Mapping[str, str]) -> OptimizationList:
        """A page of those that were ordered."""

    async def cancel(self, optimization_id: str) -> OptimizationDocument:
        """Call it off."""


@asynccontextmanager
async def desk_at(url: str | None) -> AsyncIterator[Desk]:
    """The desk of a service, or that of the database where no address is given."""
    if url is None:
        async with container.keeping(Settings.load()) as service:
            yield OwnDesk(service)
        return
    async with httpx.AsyncClient(base_url=url, timeout=PATIENCE_S) as client:
        yield DeskOfService(client)


class OwnDesk:
    """The desk in the database: whoever serves it carries orders out."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def order(self, document: object) -> Accepted:
        """See :class:`Desk`."""
        return accepted_of(await self._service.handle(PlaceOrder(order_request_of(document))))

    async def show(self, optimization_id: str) -> OptimizationDocument:
        """See :class:`Desk`."""
        return document_of(await self._service.handle(ReadOrder(identity_of(optimization_id))))

    async def find(self, query: Mapping[str, str]) -> OptimizationList:
        """See :class:`Desk`."""
        wanted = wanted_by(query)
        return list_of(await self._service.handle(ListOrders(wanted)), wanted.limit - 1)

    async def cancel(self, optimization_id: str) -> OptimizationDocument:
        """See :class:`Desk`."""
        return document_of(await self._service.handle(CancelOrder(identity_of(optimization_id))))


class DeskOfService:
    """The desk of a service, over REST."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def order(self, document: object) -> Accepted:
        """See :class:`Desk`."""
        return await self._asked(Accepted, "POST", ADDRESS, json=document)

    async def show(self, optimization_id: str) -> OptimizationDocument:
        """See :class:`Desk`."""
        return await self._asked(OptimizationDocument, "GET", _address_of(optimization_id))

    async def find(self, query: Mapping[str, str]) -> OptimizationList:
        """See :class:`Desk`."""
        return await self._asked(OptimizationList, "GET", ADDRESS, params=query)

    async def cancel(self, optimization_id: str) -> OptimizationDocument:
        """See :class:`Desk`."""
        return await self._asked(OptimizationDocument, "DELETE", _address_of(optimization_id))

    async def _asked(self, kind: type[Answer], verb: str, address: str, **content: Any) -> Answer:  # noqa: ANN401 - httpx's
        try:
            response = await self._client.request(verb, address, **content)
        except httpx.InvalidURL as error:
            raise click.BadParameter(f"is not an address: {error}.", param_hint="--url") from None
        except httpx.TransportError as error:
            detail = f"{self._client.base_url} cannot be asked: {str(error) or type(error).__name__}."
            raise NeighbourUnavailable(detail, 1.0) from None
        if response.is_success:
            return _read(response, kind)
        raise Told(_read(response, Problem))


def _address_of(optimization_id: str) -> str:
    identity_of(optimization_id)
    return f"{ADDRESS}/{optimization_id}"


def _read(response: httpx.Response, kind: type[Answer]) -> Answer:
    try:
        return msgspec.json.decode(response.content, type=kind)
    except msgspec.DecodeError:
        told = f"{response.url} answers {response.status_code} with something that is not a document of Tangency."
        raise NeighbourUnusable(told) from None
