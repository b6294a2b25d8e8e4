"""Tax lots and rates, as options of methods that count taxes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tangency.domain.errors import Fault, InvalidInput, hint
from tangency.domain.market.universe import Universe
from tangency.domain.numbers import Vector
from tangency.domain.optimization.sales_tax import TaxOnSales
from tangency.plugins.kernels.taxed_sales import Lots

FAR = 1e6
"""Times the portfolio's value, or the proceeds: what is beyond it was meant in another unit."""
COVERED = 1e-6
"""Of a current weight: what lots may miss of it."""


def _fault(word: str, value: float, wanted: str) -> Fault:
    return Fault((word,), f"is {value:g}; give a number {wanted}.", "range")


@dataclass(frozen=True)
class TaxLotOption:
    """A tax lot in weights.

    Attributes:
        name: the asset.
        weight: what is left of the lot, as a fraction of the portfolio's value.
        gain: taxable gain per unit of weight sold, net of costs: 0.25 if a quarter of the proceeds is gain, negative
            for a loss.
        long_term: whether the gain is taxed at the long-term rate (held for more than a year).
        best_gain: the gain if no loss is disallowed (wash sales); used for the bound only. Default: ``gain``.
        lot: a label for the lot.
    """

    name: str
    weight: float
    gain: float
    long_term: bool = False
    best_gain: float | None = None
    lot: str = ""

    def __post_init__(self) -> None:
        faults = [] if 0 < self.weight <= FAR else [_fault("weight", self.weight, f"above 0, at most {FAR:g}")]
        faults += [
            _fault(word, gain, f"from {-FAR:g} to 1: all of the proceeds")
            for word, gain in (("gain", self.gain), ("best_gain", self.best_gain))
            if gain is not None and not -FAR <= gain <= 1
        ]
        if faults:
            raise InvalidInput(faults)


@dataclass(frozen=True)
class TaxOption:
    """Tax lots and tax rates.

    Attributes:
        lots: the tax lots of every asset that may be sold.
        short_term: tax rate on short-term gains, from 0 to 1.
        long_term: tax rate on long-term gains, from 0 to 1.
        realized_short_term: net short-term gains already realized this year, as a fraction of the portfolio's value.
        realized_long_term: net long-term gains already realized this year, as a fraction of the portfolio's value.
        horizon_years: years over which the tax is spread, because the objective is annual.
    """

    lots: list[TaxLotOption]
    short_term: float
    long_term: float
    realized_short_term: float = 0.0
    realized_long_term: float = 0.0
    horizon_years: float = 1.0

    def __post_init__(self) -> None:
        faults = [
            Fault((name,), f"is {value}; give a rate from 0 to 1.", "range")
            for name in ("short_term", "long_term")
            if not 0 <= (value := getattr(self, name)) <= 1
        ]
        faults += [
            _fault(name, value, f"from {-FAR:g} to {FAR:g}")
            for name in ("realized_short_term", "realized_long_term")
            if not abs(value := getattr(self, name)) <= FAR
        ]
        if not 0 < self.horizon_years < np.inf:
            faults.append(Fault(("horizon_years",), f"is {self.horizon_years}; give years above 0.", "range"))
        if faults:
            raise InvalidInput(faults)

    def in_weights(self, universe: Universe, best: bool) -> Lots:
        """The lots as arrays, with the gains to count on, or with the best ones."""
        gains = [lot.best_gain if best and lot.best_gain is not None else lot.gain for lot in self.lots]
        unknown = [place for place, lot in enumerate(self.lots) if lot.name not in universe.positions]
        if unknown:
            name = self.lots[unknown[0]].name
            path = ("method_options", "tax", "lots", unknown[0], "name")
            raise InvalidInput.at(path, f"{name!r} is not a name here; {hint(name, universe.names)}", "unknown")
        return Lots(
            np.array([universe.positions[lot.name] for lot in self.lots], dtype=int),
            np.array([lot.weight for lot in self.lots], dtype=float),
            np.array(gains, dtype=float),
            np.array([lot.long_term for lot in self.lots], dtype=bool),
            (self.short_term, self.long_term),
            (self.realized_short_term, self.realized_long_term),
            self.horizon_years,
        )

    def on_sales(self, universe: Universe, current: Vector) -> TaxOnSales:
        """The tax as a term of an objective, on sales from the current weights; gains are those to count on.

        Raises:
            InvalidInput: a lot of a name that is not there, or a name that is held beyond its lots.
        """
        lots = self.in_weights(universe, best=False)
        missing = uncovered(lots, universe, current)
        if missing:
            detail = f"hold less than the current weights of {', '.join(missing)}; give lots for all that is held."
            raise InvalidInput.at(("method_options", "tax", "lots"), detail, "missing")
        return self.tax_on(lots, current)

    def tax_on(self, lots: Lots, current: Vector) -> TaxOnSales:
        """The same for lots that are known to cover the current weights."""
        return TaxOnSales(
            self.short_term,
            self.long_term,
            self.realized_short_term,
            self.realized_long_term,
            self.horizon_years,
            tuple(lots.owner.astype(float).tolist()),
            tuple(lots.weights.tolist()),
            tuple(lots.gains.tolist()),
            tuple(lots.long.astype(float).tolist()),
            tuple(current.tolist()),
        )


def uncovered(lots: Lots, universe: Universe, current: Vector) -> list[str]:
    """Names that more is held of than there is in lots."""
    missing = current * (1.0 - COVERED) > np.bincount(lots.owner, lots.weights, len(current))
    return [universe.names[i] for i in np.flatnonzero(missing & (current > 0)).tolist()]
