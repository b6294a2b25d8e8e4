"""A named, versioned document. What was written stays: a change makes the next version."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from tangency.domain import plain_values as read
from tangency.domain.errors import InvalidInput, NotFound, Path
from tangency.domain.factors.document import content_of, history_of, is_dated
from tangency.domain.numbers import LARGEST
from tangency.domain.portfolio.portfolio import id_fault

REFERENCE = "$ref"
"""The one field of an object that stands for an entry."""

_ADDRESS = re.compile(r"/api/v1/(?P<shelf>[a-z]+)/(?P<id>[^/]+)(?:/versions/(?P<version>[1-9][0-9]{0,8}))?")


class Shelf(StrEnum):
    """What kind of document it is."""

    VIEWS = "views"
    BUDGETS = "budgets"
    SCORES = "scores"
    FACTORS = "factors"
    MODELS = "models"


@dataclass(frozen=True, slots=True)
class Address:
    """Where an entry is kept.

    Attributes:
        version: None for the newest.
    """

    shelf: Shelf
    id: str
    version: int | None = None

    @classmethod
    def of(cls, reference: object, path: Path) -> Address:
        """Read an address such as ``/api/v1/views/house`` or ``/api/v1/views/house/versions/3``.

        Raises:
            InvalidInput: it is none.
        """
        match = _ADDRESS.fullmatch(read.text(reference, path))
        if match is None or match["shelf"] not in set(Shelf):
            shelves = ", ".join(Shelf)
            detail = f"{reference!r} is not an address; give /api/v1/SHELF/ID, SHELF being one of {shelves}."
            raise InvalidInput.at(path, detail, "reference")
        version = match["version"]
        return cls(Shelf(match["shelf"]), match["id"], None if version is None else int(version))

    def __str__(self) -> str:
        version = "" if self.version is None else f"/versions/{self.version}"
        return f"/api/v1/{self.shelf}/{self.id}{version}"


@dataclass(frozen=True, slots=True)
class Entry:
    """A version of a document.

    Attributes:
        address: with its version.
        content: plain values, as the shelf wants them.
    """

    address: Address
    content: object
    written_at: datetime


def checked(shelf: Shelf, id: str, content: object) -> object:  # noqa: A002 - the word of the address
    """Content that may stand on a shelf, as it will be kept.

    Raises:
        InvalidInput: an id that fits into no address, or a document that is not what the shelf holds.
    """
    fault = id_fault(id)
    if fault is not None:
        raise InvalidInput.at(("id",), fault)
    return _READERS[shelf](content, ())


def next_version(before: Entry | None, address: Address, content: object, at: datetime) -> Entry:
    """The entry after another one; the other one itself where nothing changes."""
    if before is not None and before.content == content:
        return before
    version = 1 if before is None or before.address.version is None else before.address.version + 1
    return Entry(Address(address.shelf, address.id, version), content, at)


def missing(address: Address) -> NotFound:
    """There is no such entry."""
    return NotFound(f"{address} is not stored; put it there first, or name a version that exists.")


LAST_VERSION = 10**9
"""No document has so many versions; a larger number fits into no database."""


def _figure(value: object, path: Path) -> float:
    figure = read.number(value, path)
    if abs(figure) > LARGEST:
        raise InvalidInput.at(path, f"is {figure:g}; give a number between -1e150 and 1e150.", "range")
    return figure


def _named_numbers(value: object, path: Path) -> dict[str, float]:
    figures = {name: _figure(figure, (*path, name)) for name, figure in read.mapping(value, path).items()}
    if not figures:
        raise InvalidInput.at(path, "is empty; give at least one name.", "empty")
    return figures


def _budgets(value: object, path: Path) -> dict[str, float]:
    budgets = _named_numbers(value, path)
    for name, budget in budgets.items():
        if budget < 0:
            detail = f"is {budget:g}; give a number of at least 0: a budget is a share of the risk."
            raise InvalidInput.at((*path, name), detail, "range")
    if not any(budgets.values()):
        raise InvalidInput.at(path, "has no share above 0; give proportions, such as 0.6 and 0.4.", "range")
    return budgets


def _weights(value: object, path: Path) -> dict[str, float]:
    weights = _named_numbers(value, path)
    total = sum(weights.values())
    if abs(total - 1.0) > LARGEST_MISS:
        raise InvalidInput.at(path, f"sums to {total:.9g}; the weights of a model portfolio must sum to 1.", "budget")
    return weights


def _scores(value: object, path: Path) -> dict[str, object]:
    """By name of the asset, each score by its own name."""
    return {name: _named_numbers(scores, (*path, name)) for name, scores in read.mapping(value, path).items()}


def _factors(value: object, path: Path) -> dict[str, object]:
    """By name of the factor, its returns per period; or these beside the dates of the periods."""
    if is_dated(value):
        return content_of(history_of(value, path))
    found = {}
    for name, returns in read.mapping(value, path).items():
        at = (*path, name)
        found[name] = [_figure(part, (*at, i)) for i, part in enumerate(read.listed(returns, at))]
    return dict(found)


def _views(value: object, path: Path) -> list[object]:
    """Texts or objects; what a view must have is for the method that takes it."""
    views = [read.plain(view, (*path, i)) for i, view in enumerate(read.listed(value, path))]
    for position, view in enumerate(views):
        if not isinstance(view, str | dict):
            raise InvalidInput.at((*path, position), "is not a view; give its text, or an object.", "type")
    return views


LARGEST_MISS = 1e-6
"""By which the weights of a model portfolio may miss 1."""

_READERS: Mapping[Shelf, Callable[[object, Path], object]] = {
    Shelf.VIEWS: _views,
    Shelf.BUDGETS: _budgets,
    Shelf.SCORES: _scores,
    Shelf.FACTORS: _factors,
    Shelf.MODELS: _weights,
}
