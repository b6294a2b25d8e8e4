"""Documents that only HTTP has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType

from tangency.adapters.document.answer import OptimizationResponse
from tangency.adapters.document.orders import Accepted
from tangency.adapters.document.problem import Problem


class BatchEntry(Struct, frozen=True, kw_only=True):
    """What became of one item of a batch: a result, an order that was accepted, or a problem."""

    status: Annotated[int, Meta(description="The HTTP status that the request would have had on its own.")]
    result: OptimizationResponse | UnsetType = UNSET
    accepted: (
        Annotated[Accepted, Meta(description="For a request that became an order: what was accepted.")] | UnsetType
    ) = UNSET
    location: (
        Annotated[
            str,
            Meta(
                description="Where to read the order.",
                examples=["/api/v1/optimizations/opt-01ARZ3NDEKTSV4RRFFQ69G5FAV"],
            ),
        ]
        | UnsetType
    ) = UNSET
    problem: Problem | UnsetType = UNSET


class MethodList(Struct, frozen=True, kw_only=True):
    """What there is to ask for."""

    methods: Annotated[
        Sequence[Mapping[str, Any]],
        Meta(
            description="Each with `name`, `distribution`, `version`, `citation`, `capabilities`, `objectives`, "
            "`options` (a JSON schema) and `error`: null, or why it cannot be used."
        ),
    ]
    estimators: Annotated[
        Sequence[Mapping[str, Any]], Meta(description="The same, without objectives and capabilities.")
    ]


class EstimatorList(Struct, frozen=True, kw_only=True):
    """What estimates there are to ask for."""

    estimators: Annotated[
        Sequence[Mapping[str, Any]],
        Meta(
            description="Each with `name`, `distribution`, `version`, `citation`, `options` (a JSON schema), "
            "`estimates` (`mean`, `covariance`, `scenarios`) and `error`: null, or why it cannot be used."
        ),
    ]


class EntryDocument(Struct, frozen=True, kw_only=True):
    """A stored document, in the version that `address` names; a request refers to it by `{"$ref": address}`."""

    address: Annotated[str, Meta(examples=["/api/v1/views/house/versions/3"])]
    shelf: str
    id: str
    version: int
    content: Annotated[Any, Meta(description="The content as it was written.")]
    written_at: Annotated[datetime, Meta(description="UTC.")]


class Health(Struct, frozen=True, kw_only=True):
    """How the service is."""

    status: Annotated[str, Meta(examples=["ready"])]


class ProblemType(Struct, frozen=True, kw_only=True):
    """What a problem type means."""

    type: str
    title: str
    status: int
    meaning: str
