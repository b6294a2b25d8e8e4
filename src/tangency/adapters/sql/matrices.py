"""Matrices as they are kept: by the hash of their content, compressed, and given back to the last bit."""

from __future__ import annotations

import asyncio
import hashlib
import zlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from tangency.adapters.sql.recent import Recent
from tangency.domain.market.market import Market
from tangency.domain.numbers import Matrix
from tangency.domain.optimization.document import content_hash, from_document, to_document
from tangency.domain.optimization.optimization import Configuration
from tangency.domain.optimization.problem import Problem
from tangency.domain.plain_values import as_lists

REFERENCE = "matrix_sha256"
"""The one key of the object that stands in the market of a problem in place of a matrix."""

LEVEL = 1
"""Doubles hardly compress beyond their exponents: level 6 takes twice the time for one percent."""
ROOM_BYTES, CONFIGURATIONS = 64 * 2**20, 1_000
"""For what orders of one portfolio share, so that it is not read and taken apart for each of them."""
FEW_BYTES = 2**17
"""Up to this size it takes a millisecond of the event loop, which waits for the answer; a thread would compete."""


@dataclass(frozen=True, slots=True)
class FrozenMatrix:
    """A matrix as bytes.

    Attributes:
        digest: SHA-256 of its shape and its doubles, in hexadecimal.
        encoding: ``full``, or ``symmetric`` where the lower triangle says it all.
        data: None where the content is kept already.
    """

    digest: str
    height: int
    width: int
    encoding: str
    data: bytes | None

    @property
    def columns(self) -> dict[str, object]:
        """The columns that follow from the content."""
        return {each.name: getattr(self, each.name) for each in fields(self)}


@dataclass(frozen=True, slots=True)
class FrozenProblem:
    """A problem as a JSON document without matrices, and the matrices it refers to."""

    document: Mapping[str, object]
    matrices: tuple[FrozenMatrix, ...]


class Freezer:
    """Hashes and compresses what is kept of a problem, while a process solves it.

    Attributes:
        kept: digests of matrices, and ids of configurations and portfolios, that this process knows to be kept.
        matrices: those that were read of late, by digest.
        configurations: likewise, by id.
    """

    def __init__(self) -> None:
        self.kept: set[str] = set()
        self.matrices = Recent[Matrix](ROOM_BYTES)
        self.configurations = Recent[Configuration](CONFIGURATIONS)
        self._under_way: WeakKeyDictionary[Problem, asyncio.Future[FrozenProblem]] = WeakKeyDictionary()

    def prepare(self, problem: Problem) -> None:
        """Begin, unless it has begun."""
        if problem not in self._under_way:
            self._under_way[problem] = asyncio.create_task(self._made(problem))

    async def ready(self, problem: Problem) -> None:
        """Wait for the work, without taking it."""
        self.prepare(problem)
        if not self._under_way[problem].done():  # else to wait is a turn of the event loop for nothing
            await asyncio.wait([self._under_way[problem]])

    async def frozen(self, problem: Problem) -> FrozenProblem:
        """The finished work; whoever asks first takes it."""
        self.prepare(problem)
        return await self._under_way.pop(problem)

    async def _made(self, problem: Problem) -> FrozenProblem:
        if _bytes(problem.market) <= FEW_BYTES:
            return _hashed_and_frozen(problem, self.kept)
        return await asyncio.to_thread(_hashed_and_frozen, problem, self.kept)


def _bytes(market: Market) -> int:
    """How much there is to hash and to compress."""
    returns = None if market.returns is None else market.returns.values
    return sum(each.nbytes for each in (market.covariance, returns) if each is not None)


def _hashed_and_frozen(problem: Problem, kept: Collection[str]) -> FrozenProblem:
    content_hash(problem)  # kept with the problem, for whoever tells how its answer came about
    return freeze(problem, kept)


def freeze(problem: Problem, kept: Collection[str] = ()) -> FrozenProblem:
    """Take a problem apart."""
    matrices: dict[str, FrozenMatrix] = {}

    def pack(array: Matrix) -> object:
        if array.ndim != 2:  # noqa: PLR2004 - a vector is short enough to stand in the document
            return as_lists(array)
        matrix = freeze_matrix(array, kept)
        matrices[matrix.digest] = matrix
        return {REFERENCE: matrix.digest}

    document = to_document(problem, pack)
    return FrozenProblem(document, tuple(matrices.values()))


def freeze_matrix(matrix: Matrix, kept: Collection[str] = ()) -> FrozenMatrix:
    """Hash and compress; shape (height, width), NaN allowed."""
    array = np.ascontiguousarray(matrix, dtype="<f8")
    height, width = array.shape
    digest = hashlib.sha256(b"%d,%d;" % (height, width) + array.tobytes()).hexdigest()
    if digest in kept:
        return FrozenMatrix(digest, height, width, "", None)
    if height == width and np.array_equal(array.view("<u8"), array.T.copy().view("<u8")):
        triangle = array[np.tril_indices(height)]
        return FrozenMatrix(digest, height, width, "symmetric", _without_repeats(triangle.tobytes()))
    return FrozenMatrix(digest, height, width, "full", zlib.compress(array.tobytes(), LEVEL))


def _without_repeats(raw: bytes) -> bytes:
    """Compress what hardly repeats itself, as covariances: in a third of the time that looking for repeats takes."""
    deflate = zlib.compressobj(LEVEL, strategy=zlib.Z_HUFFMAN_ONLY)
    return deflate.compress(raw) + deflate.flush()


def thaw_matrix(height: int, width: int, encoding: str, data: bytes) -> Matrix:
    """The inverse of :func:`freeze_matrix`."""
    values = np.frombuffer(zlib.decompress(data), dtype="<f8")
    if encoding == "full":
        return values.reshape(height, width)
    matrix = np.empty((height, width))
    rows, columns = np.tril_indices(height)
    matrix[rows, columns] = values
    matrix[columns, rows] = values
    matrix.flags.writeable = False
    return matrix


def references(document: Mapping[str, Any]) -> tuple[str, ...]:
    """The digests that a frozen document refers to."""
    return tuple(holder[key][REFERENCE] for holder, key in _places(document))


def thaw(document: Mapping[str, Any], matrices: Mapping[str, Matrix]) -> Problem:
    """The problem that was frozen, to the last bit.

    Args:
        document: as it was kept.
        matrices: by the digests of :func:`references`.
    """
    market = dict(document["market"])
    if market.get("returns") is not None:
        market["returns"] = dict(market["returns"])
    whole = {**document, "market": market}
    for holder, key in _places(whole):
        array = matrices[holder[key][REFERENCE]]
        holder[key] = {"shape": list(array.shape), "f8": array.tobytes()}
    return from_document(whole)


def _places(document: Mapping[str, Any]) -> list[tuple[dict[str, Any], str]]:
    """Where matrices stand: the covariance, and the returns."""
    market = document["market"]
    places = [(market, "covariance"), (market.get("returns") or {}, "values")]
    return [(holder, key) for holder, key in places if isinstance(holder.get(key), dict)]
