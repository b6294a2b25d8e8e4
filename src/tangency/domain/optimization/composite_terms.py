"""Convex terms made of others: weighted sums, and the worst of several.

A part of such a term has a dual vector too. The composite's own is a list of them in one vector, each after its length,
so that a witness stays a flat table of vectors.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import ClassVar

import numpy as np

from tangency.domain.market.estimates import Estimates
from tangency.domain.numbers import Vector
from tangency.domain.optimization.term import Minorant, Term


def packed(duals: Sequence[Vector | None]) -> Vector:
    """Vectors in one, each after its length; None as one of length 0."""
    parts = [np.zeros(0) if dual is None else dual for dual in duals]
    return np.concatenate([np.concatenate([[float(len(part))], part]) for part in parts])


def unpacked(dual: Vector | None) -> Iterator[Vector | None]:
    """The inverse of :func:`packed`; it ends early where a length makes no sense."""
    rest = np.zeros(0) if dual is None else dual
    while len(rest) and 0 <= rest[0] <= len(rest) - 1:
        size = int(rest[0])
        yield rest[1 : size + 1] if size else None
        rest = rest[size + 1 :]


@dataclass(frozen=True)
class Constant(Term):
    """The same for every portfolio."""

    kind: ClassVar[str] = "constant"
    amount: float

    def value(self, w: Vector, estimates: Estimates) -> float:
        """The amount."""
        return self.amount

    def minorant(self, w: Vector, estimates: Estimates, dual: Vector | None = None) -> Minorant:
        """Itself."""
        return Minorant(self.amount, np.zeros_like(w), 0.0)


@dataclass(frozen=True)
class Sum(Term):
    """A weighted sum of terms; the weights, one per part, are at least 0. Its dual: those of the parts, packed."""

    kind: ClassVar[str] = "sum"
    parts: tuple[Term, ...]
    weights: tuple[float, ...]
    label: str = "sum"

    @property
    def id(self) -> str:
        """By its label."""
        return f"objective.{self.label}"

    @property
    def needs_mean(self) -> bool:  # type: ignore[override]  # a matter of the parts, not of the class
        """Whether some part does."""
        return any(part.needs_mean for part in self.parts)

    def value(self, w: Vector, estimates: Estimates) -> float:
        """sum of weight x part(w)."""
        return sum(weight * part.value(w, estimates) for weight, part in zip(self.weights, self.parts, strict=True))

    def size(self, w: Vector, estimates: Estimates) -> float:
        """The same of the parts' sizes: what cancels between them counts."""
        return sum(weight * part.size(w, estimates) for weight, part in zip(self.weights, self.parts, strict=True))

    def minorant(self, w: Vector, estimates: Estimates, dual: Vector | None = None) -> Minorant:
        """The sum of the parts' minorants."""
        return _blended(self.weights, minorants(self.parts, w, estimates, unpacked(dual)), w)


@dataclass(frozen=True)
class WorstOf(Term):
    """The largest of several terms. Its dual: a convex weight for each of them, then their own, packed."""

    kind: ClassVar[str] = "worst_of"
    parts: tuple[Term, ...]
    label: str = "worst_of"

    @property
    def id(self) -> str:
        """By its label."""
        return f"objective.{self.label}"

    @property
    def needs_mean(self) -> bool:  # type: ignore[override]  # a matter of the parts, not of the class
        """Whether some part does."""
        return any(part.needs_mean for part in self.parts)

    def value(self, w: Vector, estimates: Estimates) -> float:
        """max of part(w)."""
        return max(part.value(w, estimates) for part in self.parts)

    def size(self, w: Vector, estimates: Estimates) -> float:
        """The largest size of a part."""
        return max(part.size(w, estimates) for part in self.parts)

    def minorant(self, w: Vector, estimates: Estimates, dual: Vector | None = None) -> Minorant:
        """A convex combination of the parts' minorants, which no maximum is below; without a dual, the largest's."""
        duals = unpacked(dual)
        shares = _shares(next(duals, None), [part.value(w, estimates) for part in self.parts])
        return _blended(shares.tolist(), minorants(self.parts, w, estimates, duals), w)


def leaves(terms: Sequence[Term]) -> Iterator[Term]:
    """The terms that others are made of, and those that stand alone."""
    for term in terms:
        if isinstance(term, Sum | WorstOf):
            yield from leaves(term.parts)
        else:
            yield term


def minorants(
    parts: Sequence[Term], w: Vector, estimates: Estimates, duals: Iterator[Vector | None]
) -> Iterator[Minorant]:
    """Of each part, by its own dual where there is one."""
    listed = list(duals)[: len(parts)]
    return (part.minorant(w, estimates, dual) for part, dual in zip_longest(parts, listed))


def _shares(given: Vector | None, values: Sequence[float]) -> Vector:
    """Convex weights of the parts: those given made convex, or all on the largest."""
    if given is not None and len(given) == len(values):
        clipped = np.maximum(given, 0.0)
        if 0 < clipped.sum() < np.inf:
            return np.asarray(clipped / clipped.sum())
    worst = np.zeros(len(values))
    worst[int(np.argmax(values))] = 1.0
    return worst


def _blended(weights: Sequence[float], parts: Iterator[Minorant], w: Vector) -> Minorant:
    total = Minorant(0.0, np.zeros_like(w), 0.0)
    for weight, part in zip(weights, parts, strict=True):
        if weight > 0:
            slope = total.slope + weight * part.slope
            curvature = total.curvature + weight * part.curvature
            total = Minorant(total.constant + weight * part.constant, slope, curvature)
    return total
