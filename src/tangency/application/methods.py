"""What there is to ask for."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tangency.application.context import Context
from tangency.application.message import Message
from tangency.application.posing import OBJECTIVES


@dataclass(frozen=True, slots=True)
class Offer:
    """Every method with the objectives that go with it, and every estimator, as plain values."""

    methods: Sequence[Mapping[str, Any]]
    estimators: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class ListMethods(Message[Offer]):
    """What is installed, and what cannot be used and why."""


async def list_methods(_query: ListMethods, context: Context) -> Offer:
    """Load every plugin once, away from the event loop: a stranger's module may take its time."""
    methods = await asyncio.to_thread(context.catalogue.describe)
    estimators = await asyncio.to_thread(context.catalogue.describe_estimators)
    return Offer([{**method, "objectives": objectives_of(method)} for method in methods], estimators)


def objectives_of(method: Mapping[str, Any]) -> list[str]:
    """The objectives that a described method goes with; a rule goes with any."""
    capabilities = method["capabilities"]
    if capabilities is None:
        return []
    return list(OBJECTIVES) if capabilities["rule"] else [o for o in OBJECTIVES if o in capabilities["objectives"]]
