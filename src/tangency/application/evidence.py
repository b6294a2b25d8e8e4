"""What is known about each asset, from the question itself or from imported data, in the order of the universe."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tangency.application.question import Strategy
from tangency.domain.errors import Fault, InvalidInput
from tangency.domain.market.returns import Returns
from tangency.domain.market.risk_model import RiskModel
from tangency.domain.market.universe import Asset, Universe
from tangency.domain.numbers import Vector
from tangency.domain.optimization.constraint import MaximumWeight, MinimumWeight
from tangency.domain.portfolio.portfolio import Holding, Portfolio
from tangency.domain.portfolio.prices import PriceHistory


@dataclass(frozen=True, eq=False, slots=True)
class Evidence:
    """What is known about the assets.

    Attributes:
        mean: annual means given, NaN where not; shape (n,). None where none was.
        returns: of the names that have any.
        current: current weights, NaN where unknown; shape (n,).
        limits: the names' own minimum and maximum weights.
        risk_model: covariances that somebody else has estimated; None where they are to be estimated here.
        sources: where neighbours' data was read, and as of when.
    """

    universe: Universe
    mean: Vector | None
    returns: Returns | None
    current: Vector
    limits: Sequence[MinimumWeight | MaximumWeight] = ()
    risk_model: RiskModel | None = None
    sources: tuple[str, ...] = ()

    @property
    def current_if_known(self) -> Vector | None:
        """Current weights where every name has one."""
        return None if np.isnan(self.current).any() else self.current


def stated(strategies: Sequence[Strategy]) -> Evidence:
    """What a question states about its names.

    Raises:
        InvalidInput: no name, a name twice, or returns of different lengths.
    """
    universe = Universe(tuple(strategy.asset for strategy in strategies))
    means = _figures([strategy.expected_return for strategy in strategies])
    return Evidence(
        universe,
        None if np.isnan(means).all() else frozen_with_gaps(means),
        _returns(strategies),
        _figures([strategy.current_weight for strategy in strategies]),
        tuple(_own_limits(strategies)),
    )


def known(portfolio: Portfolio | None, prices: PriceHistory, model: RiskModel | None) -> Evidence:
    """What prices, holdings and a risk model say. Without holdings, current weights and labels are unknown.

    Raises:
        InvalidInput: a name is held and has no price, or what is held is worth nothing.
    """
    held = portfolio.by_name if portfolio else {}
    weights = portfolio.weights(prices.latest()) if portfolio else {}
    holdings = [held.get(name, Holding(name, 0.0)) for name in prices.names]
    universe = Universe(tuple(Asset(h.name, h.sector, h.asset_class) for h in holdings))
    nothing = 0.0 if portfolio else np.nan
    current = np.array([weights.get(name, nothing) for name in prices.names])
    returns = Returns(universe, frozen_with_gaps(prices.returns()))
    read = [None if each is None else each.source for each in (portfolio, prices, model)]
    sources = tuple(source for source in read if source is not None)
    return Evidence(universe, None, returns, current, risk_model=model, sources=sources)


def _figures(values: Sequence[float | None]) -> Vector:
    figures: Vector = np.array(values, dtype=float)  # None becomes NaN
    return figures


def frozen_with_gaps(values: Vector) -> Vector:
    """A read-only array in which NaN means that nothing is known."""
    values.flags.writeable = False
    return values


def _own_limits(strategies: Sequence[Strategy]) -> Iterator[MinimumWeight | MaximumWeight]:
    for strategy in strategies:
        if strategy.min_weight is not None:
            yield MinimumWeight(strategy.min_weight, strategy.asset.name)
        if strategy.max_weight is not None:
            yield MaximumWeight(strategy.max_weight, strategy.asset.name)


def _returns(strategies: Sequence[Strategy]) -> Returns | None:
    columns = [(position, s.asset, s.returns) for position, s in enumerate(strategies) if s.returns is not None]
    if not columns:
        return None
    first, _, longest = columns[0]
    length = len(longest)
    faults = [
        Fault(
            ("strategies", position, "returns"),
            f"has {len(returns)} periods and strategy {first} has {length}; give equal lengths, null where missing.",
            "length",
        )
        for position, _, returns in columns
        if len(returns) != length
    ]
    if faults:
        raise InvalidInput(faults)
    values = np.array([returns for _, _, returns in columns], dtype=float).reshape(len(columns), length)
    try:
        return Returns(Universe(tuple(asset for _, asset, _ in columns)), frozen_with_gaps(values.T.copy()))
    except InvalidInput as error:
        raise InvalidInput(
            [_moved(fault, [position for position, _, _ in columns]) for fault in error.faults]
        ) from None


def _moved(fault: Fault, positions: Sequence[int]) -> Fault:
    """A fault of a column of returns, at the position of its strategy."""
    strategies, column, *rest = fault.path
    return replace(fault, path=(strategies, positions[int(column)], *rest))
