"""The assets of a problem: an ordered list of unique names, and the only way to line figures up with them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Self

import numpy as np

from tangency.domain.errors import MOST_NAMES, Fault, InvalidInput, Path, hint
from tangency.domain.numbers import Vector

CASH = "CASH"
"""The name reserved for cash, in holdings and in universes."""

MAX_NAME_LENGTH = 100


class _NoScores(Mapping[str, float]):
    """None, and none to be added, since requests share assets. A mapping proxy could not be copied or pickled."""

    def __getitem__(self, name: str) -> float:
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0

    def __repr__(self) -> str:
        return "{}"


@dataclass(frozen=True, slots=True)
class Asset:
    """Something with a weight: a share, a fund, a strategy.

    Attributes:
        scores: by name, such as ``esg``; higher is better.
    """

    name: str
    sector: str | None = None
    asset_class: str | None = None
    scores: Mapping[str, float] = field(default_factory=_NoScores, hash=False)


@lru_cache(maxsize=2**14)
def labelled(name: str, sector: str | None, asset_class: str | None) -> Asset:
    """An asset without scores: one object for the same words, which come with one request after another."""
    return Asset(name, sector, asset_class)


@dataclass(frozen=True)
class Universe:
    """Ordered assets with unique names.

    Raises:
        InvalidInput: no asset at all, an empty or overlong name, or a name that occurs twice.
    """

    assets: tuple[Asset, ...]

    def __post_init__(self) -> None:
        names = [asset.name for asset in self.assets]
        fitting = all(map(str.strip, names)) and max(map(len, names), default=0) <= MAX_NAME_LENGTH
        if names and fitting and len(set(names)) == len(names):
            return
        faults = [] if self.assets else [Fault(("strategies",), "is empty; give at least one name.", "empty")]
        seen: dict[str, int] = {}
        for position, asset in enumerate(self.assets):
            path: Path = ("strategies", position, "name")
            if not asset.name.strip() or len(asset.name) > MAX_NAME_LENGTH:
                faults.append(Fault(path, f"{asset.name[:120]!r} must have 1 to {MAX_NAME_LENGTH} characters."))
            elif asset.name in seen:
                first = seen[asset.name]
                detail = f"{asset.name!r} is already the name of strategy {first}; give each a name of its own."
                faults.append(Fault(path, detail, "duplicate"))
            seen.setdefault(asset.name, position)
        if faults:
            raise InvalidInput(faults)

    @classmethod
    def of(cls, names: Sequence[str], sectors: Mapping[str, str] | None = None) -> Self:
        """A universe from names, and sectors by name where known."""
        sectors = sectors or {}
        return cls(tuple(Asset(name, sectors.get(name)) for name in names))

    def __len__(self) -> int:
        return len(self.assets)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names, in order."""
        return tuple(asset.name for asset in self.assets)

    @cached_property
    def positions(self) -> dict[str, int]:
        """The position of each name."""
        return {name: position for position, name in enumerate(self.names)}

    @cached_property
    def sectors(self) -> dict[str, tuple[str, ...]]:
        """The names in each sector; a name without a sector is in none."""
        return self._grouped([asset.sector for asset in self.assets])

    @cached_property
    def asset_classes(self) -> dict[str, tuple[str, ...]]:
        """The names in each asset class; a name without one is in none."""
        return self._grouped([asset.asset_class for asset in self.assets])

    def _grouped(self, labels: Sequence[str | None]) -> dict[str, tuple[str, ...]]:
        groups: dict[str, list[str]] = {}
        for name, label in zip(self.names, labels, strict=True):
            if label is not None:
                groups.setdefault(label, []).append(name)
        return {label: tuple(names) for label, names in groups.items()}

    def position(self, name: str, path: Path = ()) -> int:
        """Where a name stands; an unknown one is refused with the nearest valid names."""
        try:
            return self.positions[name]
        except KeyError:
            raise InvalidInput.at(path, f"{name!r} is not a name here; {hint(name, self.names)}", "unknown") from None

    def scored(self, scores: Mapping[str, Mapping[str, float]]) -> Universe:
        """The same names with more scores; a name's own win.

        Raises:
            InvalidInput: scores of a name that is not here.
        """
        if not scores:
            return self
        for name in scores:
            self.position(name, ("scores", name))
        return Universe(
            tuple(replace(asset, scores={**scores.get(asset.name, {}), **asset.scores}) for asset in self.assets)
        )

    def mask(self, members: Collection[str], path: Path = ()) -> Vector:
        """1.0 for each of ``members``, 0.0 for the others; shape (n,)."""
        ones = np.zeros(len(self))
        ones[[self.position(name, path) for name in members]] = 1.0
        return ones

    def join(self, figures: Mapping[str, float], path: Path = ()) -> Vector:
        """Figures by name, lined up with the universe; shape (n,).

        Raises:
            InvalidInput: a name is missing or unknown, or a figure is not finite.
        """
        for name in figures:
            self.position(name, path)
        missing = [name for name in self.names if name not in figures]
        if missing:
            detail = f"has no figure for {', '.join(missing[:MOST_NAMES])}; every name needs one."
            raise InvalidInput.at(path, detail, "missing")
        values = np.array([figures[name] for name in self.names], dtype=float)
        if not np.isfinite(values).all():
            wrong = self.names[int(np.argmin(np.isfinite(values)))]
            raise InvalidInput.at(path, f"{wrong!r} is {figures[wrong]}; give a finite number.", "not_finite")
        return values

    def named(self, values: Vector) -> dict[str, float]:
        """The inverse of :meth:`join`."""
        return dict(zip(self.names, values.tolist(), strict=True))
