"""Positions that are large enough where they have a smallest size, and what solvers miss of that."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from tangency.domain.numbers import Vector
from tangency.domain.optimization.region import HELD_OR_NOT, Region, Side, Sides

FITS = 1e-9
"""A weight as near to 0, or to the smallest position, is there."""
ALIKE = 1e-6
"""Weights that differ by less are alike to a solver: which of them is held, the order of the names decides."""


def misses(region: Region, weights: Vector) -> Vector:
    """By how much each name misses the nearest weight that it may have; shape (n,)."""
    size = np.abs(weights)
    missing: Vector = np.minimum(size, region.least - size)
    return np.where(missing > FITS, missing, 0.0)


def smallest_first(weights: Vector, names: NDArray[np.intp]) -> NDArray[np.intp]:
    """Names by the size of their weights; of those that are alike the last one first, so that the first ones stay."""
    later = names[::-1]
    return later[np.argsort(np.round(np.abs(weights[later]) / ALIKE), kind="stable")]


def exact(region: Region, weights: Vector) -> Vector:
    """The same without what rounding leaves of a name that is left out, or misses of the smallest position."""
    part = region.on(region.sides_of(weights))
    nearest: Vector = np.clip(weights, part.lower, part.upper)
    roomiest = int(np.argmax(np.minimum(part.upper - nearest, nearest - part.lower)))
    nearest[roomiest] += float(np.sum(weights - nearest))  # so that the sum stays what it was
    return nearest


def settled(sides: Sides, name: int, side: Side) -> Sides:
    """The same sides with that of a name settled."""
    known = sides.copy()
    known[name] = side
    return known


def branches(region: Region, sides: Sides, missing: Vector) -> Iterator[Sides]:
    """The name that misses most of its smallest position is left out, or held.

    Args:
        region: the feasible set.
        sides: what is settled already.
        missing: see :func:`misses`.
    """
    shares = missing / np.maximum(region.least, FITS)
    name = int(np.argmax(shares >= (1.0 - ALIKE) * shares.max()))  # one that misses something, however little it is
    possible = [side for side in HELD_OR_NOT if region.sides[name, side]]
    for side in possible or HELD_OR_NOT[:1]:  # where no side is possible, any shows it
        yield settled(sides, name, side)


class Parent(Protocol):
    """A node of a search."""

    @property
    def children(self) -> Sequence[Self]:
        """Those that it was branched into."""


Node = TypeVar("Node", bound=Parent)


def fewest_leaves(root: Node, closed: Callable[[Node], bool]) -> Iterator[Node]:
    """The fewest nodes that prove as much: what is below a closed node needs no looking at."""
    left = [root]
    while left:
        node = left.pop()
        if node.children and not closed(node):
            left += node.children
        else:
            yield node
