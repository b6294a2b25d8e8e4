"""The pages of the plugins that are installed, with every example answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import msgspec

from tangency.adapters.cli.demo import PORTFOLIO, import_sample
from tangency.adapters.cli.optimizing import optimized, passing_service
from tangency.adapters.cli.pages.notes import Notes
from tangency.adapters.cli.pages.writing import estimators_page, method_page, methods_index

if TYPE_CHECKING:
    from tangency.adapters.settings import Settings
    from tangency.application.service import Service

Row: TypeAlias = Mapping[str, Any]
"""How the catalogue describes a plugin."""


class Pages(NamedTuple):
    """Pages about plugins.

    Attributes:
        texts: every page by its path.
        left_out: why a plugin has none, for each that cannot be used.
    """

    texts: Mapping[str, str]
    left_out: Sequence[str]


async def pages(settings: Settings, distribution: str | None = None) -> Pages:
    """A page for every method, one that lists them, and one for all estimators.

    Args:
        settings: which plugins are blocked; the examples run on a database that is gone afterwards.
        distribution: that brought the plugins; any where left out.

    Raises:
        Failed: an example gets no answer.
    """
    from tangency.application.methods import ListMethods

    async with passing_service(settings) as service:
        offer = await service.handle(ListMethods())
        wanted = [[row for row in rows if _wanted(row, distribution)] for rows in (offer.methods, offer.estimators)]
        methods, estimators = ([row for row in rows if row["error"] is None] for rows in wanted)
        texts = {**await _of_methods(service, methods), **_of_estimators(service, estimators)}
        return Pages(texts, [row["error"] for rows in wanted for row in rows if row["error"] is not None])


async def _of_methods(service: Service, rows: Sequence[Row]) -> dict[str, str]:
    plugins = [service.context.plugins.find_method(row["name"]) for row in rows]
    notes = [Notes.of(plugin) for plugin in plugins]
    if any(note.request and note.request["portfolio_id"] == PORTFOLIO for note in notes):
        await import_sample(service)
    made = {"methods/README.md": methods_index(list(zip(rows, notes, strict=True)))}
    for row, plugin, note in zip(rows, plugins, notes, strict=True):
        answer = None if note.request is None else await answered(service, note.request)
        made[f"methods/{row['name']}.md"] = method_page(row, plugin, note, answer)
    return made


def _of_estimators(service: Service, rows: Sequence[Row]) -> dict[str, str]:
    plugins = [service.context.plugins.find_estimator(row["name"], ()) for row in rows]
    described = [(row, plugin, Notes.of(plugin)) for row, plugin in zip(rows, plugins, strict=True)]
    return {"estimators/README.md": estimators_page(described)}


def _wanted(row: Row, distribution: str | None) -> bool:
    return distribution in (None, row["distribution"])


async def answered(service: Service, request: Mapping[str, Any]) -> dict[str, Any]:
    """The answer document to a request document, with ``added``: the fields that only this method's answers have."""
    from tangency.adapters.document.answer import OptimizationResponse, response_of
    from tangency.adapters.document.mapping import question_of
    from tangency.adapters.document.reading import request_from

    findings = await optimized(service, question_of(request_from(request)))
    document: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(response_of(findings.answer)))
    added = {key: value for key, value in document.items() if key not in OptimizationResponse.__struct_fields__}
    return {**document, "added": added}
