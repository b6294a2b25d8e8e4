"""Where labels go so that they cover neither a point nor each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

CHARACTER, LINE, GAP = 8.0, 13.0, 7.0
"""Pixels: the width of a character of 11 px, the height of a line, and the distance of a label from its point."""


class Box(NamedTuple):
    """A rectangle in pixels."""

    left: float
    bottom: float
    right: float
    top: float

    def overlaps(self, other: Box) -> bool:
        """Whether the two share more than an edge."""
        beside = self.right <= other.left or other.right <= self.left
        above = self.top <= other.bottom or other.top <= self.bottom
        return not (beside or above)


@dataclass(frozen=True, slots=True)
class Frame:
    """The part of a plane that a chart shows, and how large it is drawn."""

    x: tuple[float, float]
    y: tuple[float, float]
    width: float
    height: float

    def pixels(self, x: float, y: float) -> tuple[float, float]:
        """Where a point is drawn, counted from the lower left corner."""
        across = (x - self.x[0]) / (self.x[1] - self.x[0])
        up = (y - self.y[0]) / (self.y[1] - self.y[0])
        return across * self.width, up * self.height

    @property
    def box(self) -> Box:
        """All of it."""
        return Box(0.0, 0.0, self.width, self.height)


def placed(points: Sequence[tuple[float, float, str]], frame: Frame, taken: Sequence[tuple[float, float]]) -> list[str]:
    """A position for each label in plotly's words, empty where there is no room for it.

    Args:
        points: x, y and label.
        frame: the chart.
        taken: further points that no label may cover.
    """
    centres = [frame.pixels(x, y) for x, y, _ in points] + [frame.pixels(x, y) for x, y in taken]
    covered = [_around(x, y) for x, y in centres]
    positions = []
    for (x, y), (_, _, label) in zip(centres, points, strict=False):
        free = ((where, box) for where, box in _candidates(x, y, label) if _is_free(box, frame.box, covered))
        where, box = next(free, ("", None))
        positions.append(where)
        covered += [box] if box else []
    return positions


def _around(x: float, y: float) -> Box:
    return Box(x - GAP / 2, y - GAP / 2, x + GAP / 2, y + GAP / 2)


def _candidates(x: float, y: float, label: str) -> list[tuple[str, Box]]:
    wide, half = len(label) * CHARACTER, len(label) * CHARACTER / 2
    return [
        ("middle right", Box(x + GAP, y - LINE / 2, x + GAP + wide, y + LINE / 2)),
        ("top center", Box(x - half, y + GAP, x + half, y + GAP + LINE)),
        ("bottom center", Box(x - half, y - GAP - LINE, x + half, y - GAP)),
        ("middle left", Box(x - GAP - wide, y - LINE / 2, x - GAP, y + LINE / 2)),
    ]


def _is_free(box: Box, frame: Box, covered: Sequence[Box]) -> bool:
    inside = box.left >= frame.left and box.right <= frame.right and box.bottom >= frame.bottom and box.top <= frame.top
    return inside and not any(box.overlaps(other) for other in covered)
