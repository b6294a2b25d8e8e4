"""Those who carry orders out, and the tickets that wake them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Identity, String, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from tangency.adapters.sql.table import IDENTITY, NAME, TENANT, Table


class RunningWorker(Table):
    """A worker as it describes itself, over and over."""

    __tablename__ = "workers"

    tenant: Mapped[str] = mapped_column(TENANT, primary_key=True)
    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    host: Mapped[str] = mapped_column(NAME)
    process: Mapped[int]
    version: Mapped[str] = mapped_column(NAME)
    queues: Mapped[list[Any]]
    slots: Mapped[int]
    busy: Mapped[int]
    draining: Mapped[bool]
    pace: Mapped[float]
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]


class Ticket(Table):
    """That an order waits, to be told to a broker; the row goes once it was told."""

    __tablename__ = "tickets"

    tenant: Mapped[str] = mapped_column(TENANT, primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    order_id: Mapped[str] = mapped_column(IDENTITY)
    queue: Mapped[str] = mapped_column(String(20))
    created_at: Mapped[datetime]
