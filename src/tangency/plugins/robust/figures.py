"""Figures of options lined up with the names, by name or in their order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from tangency.domain.errors import InvalidInput, Path
from tangency.domain.market.covariance import NEGATIVITY_REFUSED, DenseCovariance
from tangency.domain.market.universe import Universe
from tangency.domain.numbers import Matrix, Vector, frozen
from tangency.plugins.robust.options import ByName, Square


def vector(given: Mapping[str, float] | Sequence[float] | float, universe: Universe, path: Path) -> Vector:
    """One figure per name; shape (n,). A single one stands for all."""
    if isinstance(given, int | float):
        return np.full(len(universe), float(given))
    if isinstance(given, Mapping):
        return universe.join(given, path)
    values = frozen(list(given), path, ndim=1)
    if len(values) != len(universe):
        detail = f"has {len(values)} figures; give one per name, {len(universe)} in all."
        raise InvalidInput.at(path, detail, "shape")
    return values


def matrix(given: Square, universe: Universe, path: Path) -> Matrix:
    """A symmetric one; shape (n, n)."""
    rows = _joined(_rows(given, path), universe, path) if isinstance(given, Mapping) else given
    values = frozen(rows, path, ndim=2)
    if values.shape != (len(universe), len(universe)):
        detail = f"has shape {values.shape}; give {len(universe)} rows of {len(universe)} figures."
        raise InvalidInput.at(path, detail, "shape")
    if np.abs(values - values.T).max() > NEGATIVITY_REFUSED * np.abs(values).max():
        raise InvalidInput.at(path, "is not symmetric; give the same figure on both sides of the diagonal.", "range")
    return 0.5 * (values + values.T)


def _rows(given: ByName, path: Path) -> dict[str, dict[str, float]]:
    """The rows under their names, whichever of the two forms they are given in."""
    rows = {name: row for name, row in given.items() if isinstance(row, dict)}
    if len(rows) == len(given):
        return rows
    names = [name for name in given.get("names", ()) if isinstance(name, str)]
    values = [row for row in given.get("values", ()) if isinstance(row, list)]
    if set(given) != {"names", "values"} or {len(names)} != {len(values), *map(len, values)}:
        detail = "is not a matrix; give names, and values with a row of as many figures for each, or the rows by name."
        raise InvalidInput.at(path, detail, "shape")
    return {name: dict(zip(names, row, strict=True)) for name, row in zip(names, values, strict=True)}


def _joined(rows: Mapping[str, Mapping[str, float]], universe: Universe, path: Path) -> list[list[float]]:
    """The rows in the order of the names."""
    places = [universe.position(name, path) for name in rows]
    if len(places) != len(universe):
        raise InvalidInput.at(path, "lacks the rows of some names; give one per name.", "missing")
    joined = np.array([universe.join(row, (*path, name)) for name, row in rows.items()])
    ordered: list[list[float]] = joined[np.argsort(places)].tolist()
    return ordered


def covariance(given: Square, universe: Universe, path: Path) -> Matrix:
    """A positive semidefinite one; shape (n, n)."""
    return DenseCovariance.of(matrix(given, universe, path), path).dense()


def spread(values: Matrix | Vector, path: Path) -> Matrix | Vector:
    """Half-widths: none below 0."""
    if float(values.min()) < 0:
        raise InvalidInput.at(path, f"has {float(values.min()):g}; a half-width is at least 0.", "range")
    return values
