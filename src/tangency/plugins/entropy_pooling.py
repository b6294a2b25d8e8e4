"""Entropy pooling: the probabilities nearest to those of the sample under which an investor's views hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Literal, TypeAlias, cast

import msgspec
import numpy as np

from tangency.domain.errors import Fault, InvalidInput, Path
from tangency.domain.market.estimates import Estimator
from tangency.domain.market.returns import Returns
from tangency.domain.market.scenarios import Scenarios
from tangency.domain.market.universe import Universe
from tangency.domain.numbers import Vector
from tangency.plugins.kernels.pooled_views import Aspect, PooledView, pooled
from tangency.plugins.kernels.view_text import read_view

PRIOR: Path = ("risk_parameters", "prior", "options")
CONSTANT = 1e-12
"""Of the largest return of all names: a portfolio that varies less has no variance, correlation or tail to move."""

Figure: TypeAlias = Annotated[float, msgspec.Meta(ge=-1e6, le=1e6)]
Level: TypeAlias = Annotated[float, msgspec.Meta(gt=0.0, lt=1.0)]


class MomentView(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A view: a measure of an asset or portfolio equals a value, or is at least or at most that value.

    Attributes:
        measure: what the view is about. ``mean``, ``variance``, ``volatility`` and ``correlation`` are annual; ``cvar``
            and ``var`` are losses per period of the data, as positive numbers.
        value: value of the measure.
        names: the asset, or the two assets of a correlation.
        weights: of a portfolio by asset, in place of a single asset.
        relation: whether the measure equals the value, or is at least or at most the value.
        confidence_level: for ``cvar`` and ``var``.
    """

    measure: Aspect
    value: Figure
    names: tuple[str, ...] = ()
    weights: dict[str, Figure] | None = None
    relation: Literal["=", ">=", "<="] = "="
    confidence_level: Level = 0.95

    def __post_init__(self) -> None:
        wanted = 2 if self.measure == "correlation" else 1
        if self.weights is not None and (self.names or self.measure == "correlation"):
            raise ValueError("has weights beside names, or for a correlation, which is of two names; leave them out")
        if self.weights is None and len(self.names) != wanted:
            raise ValueError(f"has {len(self.names)} names; a view on a {self.measure} needs {wanted}")
        if self.measure == "correlation" and not -1.0 <= self.value <= 1.0:
            raise ValueError(f"is a correlation of {self.value}; give a number from -1 to 1")
        if self.measure in ("variance", "volatility") and self.value <= 0.0:
            raise ValueError(f"is a {self.measure} of {self.value}; give a number above 0")

    @property
    def portfolio(self) -> dict[str, float]:
        """Weights by name; those of the first name of a correlation."""
        return {self.names[0]: 1.0} if self.weights is None else self.weights


@dataclass(frozen=True, slots=True)
class EntropyPoolingOptions:
    """The views.

    Attributes:
        views: as text on annual means, such as ``"AAPL - MSFT >= 0.02"``, or as objects on any measure.
    """

    views: tuple[str | MomentView, ...] = ()


class EntropyPooling(Estimator):
    """Reweights the historical scenarios so that your views hold, changing probabilities as little as possible.

    Of all probabilities under which the views hold, it chooses those with the smallest relative entropy to the original
    ones (Meucci's fully flexible views). Use it for views on volatility, correlation or tail risk, and for views stated
    as inequalities. The scenarios themselves stay the same, so a view outside the range of what the history contains is
    refused.
    """

    name = "entropy_pooling"
    citation = (
        "Meucci, A. (2008), Fully Flexible Views: Theory and Practice, Risk 21(10), 97-102; on CVaR: Meucci, A., "
        "Ardia, D., Keel, S. (2011), Fully Flexible Extreme Views, Journal of Risk 14(2), 39-49"
    )
    options: type = EntropyPoolingOptions
    weighs = True

    def check(self, returns: Returns, options: object) -> None:
        """Refuse views of other names, and those that cannot be read."""
        check_views(cast(EntropyPoolingOptions, options).views, returns.universe, (*PRIOR, "views"))

    def scenarios(self, sample: Scenarios, options: object) -> Scenarios:
        """The same returns under other probabilities.

        Raises:
            InvalidInput: an unknown name, or views that no probabilities of these scenarios satisfy.
        """
        return pool(sample, cast(EntropyPoolingOptions, options).views, (*PRIOR, "views"))


def check_views(stated: Sequence[str | MomentView], universe: Universe, path: Path) -> None:
    """Refuse views of other names, and those that cannot be read.

    Raises:
        InvalidInput: either, with its place.
    """
    for position, each in enumerate(stated):
        view = _from_text(each, universe, (*path, position)) if isinstance(each, str) else each
        for name in (*view.portfolio, *view.names):
            universe.position(name, (*path, position))


def pool(sample: Scenarios, stated: Sequence[str | MomentView], path: Path) -> Scenarios:
    """A sample under the probabilities nearest to its own under which views hold.

    Args:
        sample: of all names that the views are about.
        stated: the views.
        path: where they stand in the request, for messages.

    Raises:
        InvalidInput: an unknown name, or views that no probabilities of these scenarios satisfy.
    """
    possible = sample.weights > 0
    returns, prior = sample.returns[possible], sample.weights[possible]
    rows = replace(sample, returns=returns, probabilities=prior, periods=None)
    views = [_view(view, rows, (*path, position)) for position, view in enumerate(stated)]
    found = pooled(rows.weights, views)
    if found is None:
        raise _contradiction(rows, views, path)
    probabilities = np.zeros(len(sample))
    probabilities[possible] = found.probabilities
    return replace(sample, probabilities=probabilities)


def _view(stated: str | MomentView, sample: Scenarios, path: Path) -> PooledView:
    """A view per period of the data."""
    view = _from_text(stated, sample.universe, path) if isinstance(stated, str) else stated
    returns = _returns(view.portfolio, sample, path)
    other = _returns({view.names[1]: 1.0}, sample, path) if view.measure == "correlation" else np.zeros(0)
    varying = (returns, other) if view.measure == "correlation" else (returns,)
    largest = float(np.abs(sample.returns).max())
    if view.measure != "mean" and any(float(np.ptp(each)) <= CONSTANT * largest for each in varying):
        detail = f"is a view on the {view.measure} of returns that never change; leave it out."
        raise InvalidInput.at(path, detail, "constant")
    return PooledView(view.measure, returns, _per_period(view, sample), view.relation, other, view.confidence_level)


def _per_period(view: MomentView, sample: Scenarios) -> float:
    if view.measure == "volatility":
        return view.value / float(np.sqrt(sample.periods_per_year))
    return view.value / sample.periods_per_year if view.measure in ("mean", "variance") else view.value


def _from_text(text: str, universe: Universe, path: Path) -> MomentView:
    written = read_view(text, universe.names, path)
    return MomentView("mean", written.value, weights=written.weights, relation=written.relation)


def _returns(portfolio: dict[str, float], sample: Scenarios, path: Path) -> Vector:
    weights = np.zeros(len(sample.universe))
    for name, weight in portfolio.items():
        weights[sample.universe.position(name, path)] = weight
    returns: Vector = sample.returns @ weights
    return returns


def _contradiction(sample: Scenarios, views: Sequence[PooledView], path: Path) -> InvalidInput:
    """A smallest set of views that do not hold together: dropped one by one while the others still do not."""
    conflict = list(range(len(views)))
    for position in range(len(views)):
        fewer = [i for i in conflict if i != position]
        if pooled(sample.weights, [views[i] for i in fewer]) is None:
            conflict = fewer
    faults = [Fault((*path, position), _why(conflict, position, len(sample)), "infeasible") for position in conflict]
    return InvalidInput(faults)


def _why(conflict: Sequence[int], position: int, count: int) -> str:
    others = ", ".join(f"views.{i}" for i in conflict if i != position)
    together = f"contradicts {others}" if others else "is out of reach"
    return f"{together}: no probabilities of these {count} scenarios satisfy it. Give a figure closer to the sample's."
