"""The factor returns and the benchmark that a request states, names or refers to."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np

from tangency.application.context import Context
from tangency.application.factors.command import FACTORS, AnalyzeFactors
from tangency.domain.errors import Fault, InvalidInput, Path, hint
from tangency.domain.factors.document import dates_of, history_of, is_dated
from tangency.domain.factors.history import FactorHistory
from tangency.domain.factors.periods import frequency_of
from tangency.domain.factors.sets import STATISTICAL, WHERE, columns_by_set
from tangency.domain.library.entry import REFERENCE, Address, Shelf, checked, missing

Stated = FactorHistory | Mapping[str, Sequence[float]] | None
"""Factors with dates, factors that have as many returns as the portfolio, or none: statistical ones."""


class StatedReturns:
    """Finds what a request means by its factors and its benchmark.

    Attributes:
        references: the stored documents that were read for it, by address and version.
    """

    def __init__(self, command: AnalyzeFactors, context: Context) -> None:
        self._command, self._context = command, context
        self.references: set[str] = set()

    async def benchmark(self) -> Mapping[str, float] | None:
        """Weights by name; None where none is stated and none was imported.

        Raises:
            InvalidInput: weights that are none, or a reference that leads nowhere.
        """
        stated = self._command.benchmark
        if stated is None:
            return await self._context.records.benchmark(self._command.portfolio_id)
        content: object = stated
        if set(stated) == {REFERENCE}:
            content = await self._entry(stated[REFERENCE], Shelf.MODELS, ("benchmark", REFERENCE))
        return _by_name(Shelf.MODELS, content, ("benchmark",))

    async def factors(self) -> Stated:
        """The factors' returns; None for statistical ones, which are made of the portfolio's own.

        Raises:
            InvalidInput: factors that are not known, that differ in length, or a reference that leads nowhere.
        """
        factors = self._command.factors
        if isinstance(factors, str) and factors.lower() == STATISTICAL:
            return None
        if isinstance(factors, Mapping):
            return await self._own(factors)
        names = [factors] if isinstance(factors, str) else list(factors)
        return await self._published(columns_by_set(names, FACTORS))

    async def _own(self, factors: Mapping[str, object]) -> Stated:
        content: object = factors
        if set(factors) == {REFERENCE}:
            content = await self._entry(factors[REFERENCE], Shelf.FACTORS, (*FACTORS, REFERENCE))
        if is_dated(content):
            return history_of(content, FACTORS)
        columns = _by_name(Shelf.FACTORS, content, FACTORS)
        if not columns:
            raise InvalidInput.at(FACTORS, "is empty; give at least one factor.", "empty")
        return columns if self._command.dates is None else _dated(columns, self._command.dates, self._command)

    async def _published(self, columns: Mapping[str, Sequence[str]]) -> FactorHistory:
        """The columns asked for, over the periods that all of their sets have."""
        parts = [_chosen(name, wanted, await self._set(name)) for name, wanted in columns.items()]
        first, *others = parts
        for other in others:
            first = _side_by_side(first, other)
        return first

    async def _set(self, name: str) -> FactorHistory:
        """What was imported under the set's name, or else what comes with the product."""
        entry = await self._context.library.entry(Address(Shelf.FACTORS, name))
        if entry is not None and is_dated(entry.content):
            self.references.add(str(entry.address))
            return history_of(entry.content, FACTORS)
        published = await asyncio.to_thread(self._context.published_factors.published, name)
        if published is None:
            detail = (
                f"{name!r} does not come with this service; download {WHERE[name]} from Kenneth French's data library "
                f"and run: tangency import factors FILE --id {name}"
            )
            raise InvalidInput.at(FACTORS, detail, "missing")
        return published

    async def _entry(self, reference: object, shelf: Shelf, path: Path) -> object:
        address = Address.of(reference, path)
        if address.shelf is not shelf:
            raise InvalidInput.at(path, f"{address} is on another shelf; give /api/v1/{shelf}/ID.", "reference")
        entry = await self._context.library.entry(address)
        if entry is None:
            raise InvalidInput([Fault(path, str(missing(address)), "reference")])
        self.references.add(str(entry.address))
        return entry.content


def _dated(columns: Mapping[str, Sequence[float]], stated: Sequence[str], command: AnalyzeFactors) -> FactorHistory:
    dates = dates_of(stated, ("dates",))
    wrong = [name for name, column in columns.items() if len(column) != len(dates)]
    if wrong:
        detail = f"has {len(columns[wrong[0]])} returns for {len(dates)} dates; give one for each."
        raise InvalidInput.at((*FACTORS, wrong[0]), detail, "length")
    values = np.column_stack([np.array(column) for column in columns.values()])
    return FactorHistory(tuple(columns), dates, values, command.frequency or frequency_of(dates))


def _chosen(name: str, wanted: Sequence[str], history: FactorHistory) -> FactorHistory:
    """Some columns of a set."""
    absent = [factor for factor in wanted if factor not in history.names]
    if absent:
        detail = f"/api/v1/factors/{name} has no column {absent[0]!r}; {hint(absent[0], history.names)}"
        raise InvalidInput.at(FACTORS, detail, "missing")
    places = [history.names.index(factor) for factor in wanted]
    return replace(history, names=tuple(wanted), values=history.values[:, places])


def _side_by_side(one: FactorHistory, other: FactorHistory) -> FactorHistory:
    if one.frequency != other.frequency:
        detail = f"are {one.frequency} and {other.frequency}; import both with one frequency."
        raise InvalidInput.at(FACTORS, detail, "frequency")
    dates = tuple(day for day in one.dates if other.covers(day))
    left, right = one.on(dates), other.on(dates)
    return replace(left, names=left.names + right.names, values=np.hstack([left.values, right.values]))


def _by_name(shelf: Shelf, content: object, path: Path) -> Mapping[str, Any]:
    """Content as the shelf wants it, with mistakes where they stand in the request."""
    try:
        found = checked(shelf, "stated", content)
    except InvalidInput as error:
        raise InvalidInput([replace(fault, path=(*path, *fault.path)) for fault in error.faults]) from None
    return cast(Mapping[str, Any], found)  # both shelves hold objects
