"""Views on returns as a request states them, lined up with the names, and how uncertain each is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, TypeAlias

import msgspec
import numpy as np

from tangency.domain.errors import InvalidInput, Path
from tangency.domain.market.universe import Universe
from tangency.domain.numbers import Matrix, Vector, frozen
from tangency.plugins.kernels.view_text import read_view, write_terms

INDEFINITE = 1e-8
"""Of the largest entry of omega: an eigenvalue that is further below zero, or an asymmetry that is larger, is no
rounding."""
NO_CONFIDENCE = 0.0

Figure: TypeAlias = Annotated[float, msgspec.Meta(ge=-1e6, le=1e6)]
NotNegative: TypeAlias = Annotated[float, msgspec.Meta(ge=0.0, le=1e6)]
Share: TypeAlias = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]


class View(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"annual_return": "return"}):
    """A portfolio is expected to return so much a year in excess of the risk-free rate.

    Attributes:
        weights: weights of the portfolio that the view is about, by asset; a view of one asset against another has
            weights 1 and -1.
        annual_return: expected annual return of that portfolio in excess of the risk-free rate.
        variance: variance of the view's error, annual and including tau; 0 makes the view certain.
        confidence: from 0 (the view is ignored) to 1 (the view is certain).
    """

    weights: dict[str, Figure]
    annual_return: Figure
    variance: NotNegative | None = None
    confidence: Share | None = None

    def __post_init__(self) -> None:
        if self.variance is not None and self.confidence is not None:
            raise ValueError("states a variance and a confidence; one follows from the other, so give one of them")
        if not any(self.weights.values()):
            raise ValueError("has no weight that is not 0; say which names the view is about")

    @property
    def stated(self) -> bool:
        """Whether it says how uncertain it is."""
        return self.variance is not None or self.confidence is not None

    @property
    def held(self) -> bool:
        """Whether anybody believes in it at all."""
        return self.confidence != NO_CONFIDENCE

    @property
    def sentence(self) -> str:
        """The view as text."""
        return f"{write_terms(self.weights)} = {self.annual_return:g}"

    def row(self, universe: Universe) -> Vector:
        """The weights in the order of the names; shape (n,)."""
        weights = np.zeros(len(universe))
        for name, weight in self.weights.items():
            weights[universe.position(name)] = weight
        return weights

    def error_variance(self, prior_variance: float) -> float:
        """Of the view: its own, or by its confidence C (1 - C) / C times that of the prior (Idzorek 2005; Walters).

        Args:
            prior_variance: of the mean return of the view's portfolio, tau p'Sp; the error's too where none is stated
                (He and Litterman 1999).
        """
        if self.variance is not None:
            return self.variance
        return prior_variance * (1.0 if self.confidence is None else (1.0 - self.confidence) / self.confidence)


def read_views(stated: Sequence[str | View], universe: Universe, path: Path) -> list[View]:
    """Views, those that are text read.

    Raises:
        InvalidInput: text that is no equality, or a name that is not there.
    """
    views = []
    for position, view in enumerate(stated):
        own = (*path, position)
        views.append(_from_text(view, universe, own) if isinstance(view, str) else view)
        for name in views[-1].weights:
            universe.position(name, (*own, "weights", name))
    return views


def _from_text(text: str, universe: Universe, path: Path) -> View:
    written = read_view(text, universe.names, path)
    if written.relation != "=":
        raise InvalidInput.at(path, f"{text!r} is not an equality; give a view with '='.")
    if not any(written.weights.values()):
        raise InvalidInput.at(path, f"{text!r} has no weight that is not 0; say which names the view is about.")
    return View(written.weights, written.value)


def omega_of(stated: Sequence[Sequence[float]], count: int, path: Path) -> Matrix:
    """A covariance of errors as it is stated; shape (k, k).

    Raises:
        InvalidInput: not one row and column per view, or not symmetric and positive semidefinite.
    """
    omega = _table(stated, count, path)
    if len(omega) != count:
        raise InvalidInput.at(path, f"has {len(omega)} rows; {count} views need {count}, in their order.", "shape")
    largest = float(np.abs(omega).max(initial=0.0))
    if float(np.abs(omega - omega.T).max(initial=0.0)) > INDEFINITE * largest:
        raise InvalidInput.at(path, "is not symmetric; a covariance of errors is.", "asymmetric")
    smallest = float(np.linalg.eigvalsh(omega).min(initial=0.0))
    if smallest < -INDEFINITE * largest:
        detail = f"is not positive semidefinite: its smallest eigenvalue is {smallest:.6g}; no errors have it."
        raise InvalidInput.at(path, detail, "indefinite")
    return 0.5 * (omega + omega.T)


def omega_from(errors: Sequence[Sequence[float]], count: int, path: Path) -> Matrix:
    """Mean squares and products of past errors, which are expected to be 0; shape (k, k).

    Raises:
        InvalidInput: no errors, or not one per view in each row.
    """
    table = _table(errors, count, path)
    if not len(table):
        raise InvalidInput.at(path, "is empty; give a row of errors for each past occasion.", "missing")
    moments: Matrix = table.T @ table / len(table)
    return moments


def _table(rows: Sequence[Sequence[float]], count: int, path: Path) -> Matrix:
    for position, row in enumerate(rows):
        if len(row) != count:
            detail = f"has {len(row)} figures for {count} views; give one each, in their order."
            raise InvalidInput.at((*path, position), detail, "shape")
    return frozen(np.array(rows, dtype=float).reshape(len(rows), count), path)
