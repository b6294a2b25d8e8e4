"""The risk of one portfolio, and what each name, sector, asset class and factor contributes to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tangency.domain.market.factor_covariance import SPECIFIC, FactorModel
from tangency.domain.market.universe import Asset, Universe
from tangency.domain.numbers import Vector
from tangency.domain.risk.risk import Risk


@dataclass(frozen=True, slots=True)
class Contribution:
    """Of a name, of a group of them, or of a factor, to the risk of a portfolio.

    Attributes:
        marginal: by how much the risk grows per unit of weight, or of exposure; None for a group.
        absolute: weight times marginal, summed over a group; these sum to the risk over all names, and over all factors
            and what is specific.
        share: the same over the risk; None where the portfolio has no risk that is above 0.
    """

    marginal: float | None
    absolute: float
    share: float | None


@dataclass(frozen=True, eq=False)
class PortfolioRisk:
    """Euler's decomposition of a risk that is homogeneous in the weights.

    Attributes:
        measure: the name of the measure.
        total: the risk.
        weights: shape (n,).
        marginal: derivative of the risk by each weight; shape (n,).
        by_factor: the contribution of each factor, and ``specific``; None where the risk stands on no factor model.
    """

    measure: str
    total: float
    weights: Vector
    marginal: Vector
    by_factor: Mapping[str, Contribution] | None = None

    @classmethod
    def of(cls, measure: str, risk: Risk, weights: Vector, dual: Vector | None = None) -> PortfolioRisk:
        """Take a portfolio's risk apart.

        Args:
            measure: the name of the measure.
            risk: the measure over its data.
            weights: shape (n,).
            dual: attains the risk, where a proof found one: at a kink, it decides between the derivatives there.
        """
        total, model = risk.value(weights), risk.factor_model
        factors = None if model is None else _by_factor(model, weights, total)
        return cls(measure, total, weights, risk.marginal(weights, dual), factors)

    @cached_property
    def absolute(self) -> Vector:
        """What each name contributes; shape (n,)."""
        return self.weights * self.marginal

    @cached_property
    def shares(self) -> Vector | None:
        """The same as shares that sum to 1; shape (n,). None without risk, and where risk is a gain."""
        total = float(self.absolute.sum())
        return self.absolute / total if total > 0 and self.total > 0 else None

    def by_name(self, universe: Universe) -> Iterable[tuple[str, float, float, float | None]]:
        """Each name with its marginal and absolute contribution and its share."""
        shares: list[float | None] = [None] * len(universe) if self.shares is None else self.shares.tolist()
        return zip(universe.names, self.marginal.tolist(), self.absolute.tolist(), shares, strict=True)

    def by_group(self, universe: Universe, group: Callable[[Asset], str | None]) -> Mapping[str, Contribution]:
        """The contribution of each group; names without one are in none."""
        members: dict[str, list[int]] = {}
        for position, asset in enumerate(universe.assets):
            label = group(asset)
            if label is not None:
                members.setdefault(label, []).append(position)
        return {label: self._together(np.array(positions)) for label, positions in members.items()}

    def _together(self, positions: Vector) -> Contribution:
        share = None if self.shares is None else float(self.shares[positions].sum())
        return Contribution(None, float(self.absolute[positions].sum()), share)


def _by_factor(model: FactorModel, weights: Vector, total: float) -> dict[str, Contribution]:
    """x_k (F x)_k over the risk for each factor, x = B'w, and what the names do on their own; they sum to the risk."""
    exposures = model.exposures(weights)
    image = model.covariance @ exposures
    parts, own = exposures * image, float(model.specific @ weights**2)
    variance = float(parts.sum()) + own
    per_variance, moves = (total / variance, True) if variance > 0 else (0.0, False)
    found = {
        name: Contribution(float(steep) * per_variance, float(part) * per_variance, part / variance if moves else None)
        for name, steep, part in zip(model.factors, image.tolist(), parts.tolist(), strict=True)
    }
    return {**found, SPECIFIC: Contribution(None, own * per_variance, own / variance if moves else None)}
