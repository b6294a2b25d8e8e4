"""Writing documents down, reading them, and putting them where a question refers to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from tangency.application.context import Context
from tangency.application.idempotency import Creating, claim
from tangency.application.message import Message
from tangency.application.question import Question, RiskParameters
from tangency.domain.errors import Fault, InvalidInput, Path
from tangency.domain.library.entry import REFERENCE, Address, Entry, Shelf, checked, missing, next_version
from tangency.domain.market.estimates import EstimatorChoice
from tangency.domain.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class WriteEntry(Creating[Entry]):
    """Keep a document; equal content is no new version."""

    shelf: Shelf
    id: str
    content: object


@dataclass(frozen=True, slots=True)
class ReadEntry(Message[Entry]):
    """A version of a document."""

    address: Address


async def write_entry(command: WriteEntry, context: Context) -> Entry:
    """Keep the next version.

    Raises:
        InvalidInput: it is not what the shelf holds.
    """
    content = checked(command.shelf, command.id, command.content)
    address = Address(command.shelf, command.id)

    async def work(unit: UnitOfWork) -> Entry:
        before = await unit.library.newest(address)
        entry = next_version(before, address, content, context.clock.now())
        await claim(unit, command.key, str(entry.address), context.clock.now())
        if entry is not before:
            await unit.library.add(entry)
        return entry

    return await context.units.keep(work)


async def entry_again(subject: str, context: Context) -> Entry:
    """The entry that a key stands for."""
    return await read_entry(ReadEntry(Address.of(subject, ())), context)


async def read_entry(query: ReadEntry, context: Context) -> Entry:
    """Read it.

    Raises:
        NotFound: there is none.
    """
    entry = await context.library.entry(query.address)
    if entry is None:
        raise missing(query.address)
    return entry


async def with_entries(question: Question, context: Context) -> Question:
    """The question with every reference replaced by what it refers to, and the versions that were taken.

    Raises:
        InvalidInput: a reference to nothing.
    """
    taken = _Taken(context)
    options = await taken.resolved(question.options, ("method_options",))
    scores = await taken.resolved(question.scores, ("scores",))
    risk = await _risk(question.risk, taken)
    if not taken.addresses:
        return question
    addresses = tuple(sorted(set(taken.addresses)))
    return replace(question, options=_mapping(options), scores=_mapping(scores), risk=risk, references=addresses)


async def _risk(risk: RiskParameters, taken: _Taken) -> RiskParameters:
    choices: dict[str, Any] = {}
    for field in ("expected_return_estimator", "covariance_estimator", "prior"):
        choice: EstimatorChoice | None = getattr(risk, field)
        if choice is not None:
            options = await taken.resolved(choice.options, ("risk_parameters", field, "options"))
            choices[field] = replace(choice, options=_mapping(options))
    return replace(risk, **choices) if taken.addresses else risk


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


class _Taken:
    """Reads entries for one question, and remembers which."""

    def __init__(self, context: Context) -> None:
        self._library = context.library
        self.addresses: list[str] = []

    async def resolved(self, value: object, path: Path) -> object:
        """The same value with every reference in it replaced."""
        if isinstance(value, Mapping) and set(value) == {REFERENCE}:
            return await self._content(value[REFERENCE], (*path, REFERENCE))
        if isinstance(value, Mapping):
            return {key: await self.resolved(part, (*path, key)) for key, part in value.items()}
        if isinstance(value, list):
            return [await self.resolved(part, (*path, position)) for position, part in enumerate(value)]
        return value

    async def _content(self, reference: object, path: Path) -> object:
        address = Address.of(reference, path)
        entry = await self._library.entry(address)
        if entry is None:
            raise InvalidInput([Fault(path, str(missing(address)), "reference")])
        self.addresses.append(str(entry.address))
        return entry.content
