"""What taxes are counted from: as it is stated, as a portfolio's configuration or the operator completes it."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from tangency.application.context import Context
from tangency.domain.errors import InvalidInput, Path
from tangency.domain.portfolio.portfolio import Portfolio
from tangency.domain.portfolio.tax_lots import TaxLot, refuse_repeated
from tangency.domain.rebalancing.disposals import LotRule
from tangency.domain.rebalancing.gains import Gains, TaxRates, is_long_term
from tangency.domain.rebalancing.wash_sales import Purchase

TAX_TERMS = "tax_terms"
"""Where a wording says what taxes are counted from."""
SHORTFALL = 1e-9
"""Of a quantity: by so much the lots of a name may miss what is held of it."""
HORIZON_YEARS = 1.0
"""Where nobody says: a tax is worth paying for the gain of a year."""


@dataclass(frozen=True, eq=False, slots=True)
class StatedTax:
    """What a request says of taxes; None where it leaves something out.

    Attributes:
        lots: of every name that is held; None for those that were imported.
        purchases: announced, or made outside of these lots; they take over losses too.
        realized: gains of the year so far.
        chosen: for the rule ``specific``: by name, quantities by id of the lot.
        horizon_years: over which a tax is worth paying for an annual gain.
        rates_from: who stated the rates: ``request`` or ``configuration``.
    """

    rates: TaxRates | None = None
    lots: Sequence[TaxLot] | None = None
    rule: LotRule | None = None
    purchases: Sequence[Purchase] = ()
    realized: Gains = field(default_factory=Gains)
    chosen: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    horizon_years: float | None = None
    rates_from: str = "request"

    def supplied(self, standing: Mapping[str, Any]) -> tuple[StatedTax, dict[str, Any]]:
        """The same with what it leaves out and a configuration states; and that, by its place there."""
        words = {"rates": self.rates, "lot_rule": self.rule, "horizon_years": self.horizon_years}
        taken = {word: standing[word] for word, own in words.items() if own is None and word in standing}
        given: dict[str, Any] = {}
        if "rates" in taken:
            given |= {"rates": TaxRates(**taken["rates"]), "rates_from": "configuration"}
        if "lot_rule" in taken:
            given["rule"] = LotRule(taken["lot_rule"])
        if "horizon_years" in taken:
            given["horizon_years"] = taken["horizon_years"]
        return replace(self, **given), {f"tax.{word}": value for word, value in taken.items()}


@dataclass(frozen=True, eq=False, slots=True)
class TaxTerms:
    """What taxes are counted from, complete.

    Attributes:
        lots: of every name that is held.
        rates_from: who stated the rates: ``request``, ``configuration`` or ``settings``.
        purchases, realized, chosen, horizon_years: see :class:`StatedTax`.
    """

    rates: TaxRates
    rates_from: str
    lots: Sequence[TaxLot]
    rule: LotRule
    purchases: Sequence[Purchase]
    realized: Gains
    chosen: Mapping[str, Mapping[str, float]]
    horizon_years: float

    def in_weights(self, prices: Mapping[str, float], total: float, cost_rate: float, day: date) -> dict[str, object]:
        """Rates and lots as the method takes them, over the portfolio's value."""
        washing = {each.instrument_id for each in (*self.history, *self.purchases) if each.washes(day)}
        return {
            "short_term": self.rates.short_term,
            "long_term": self.rates.long_term,
            "realized_short_term": self.realized.short_term / total,
            "realized_long_term": self.realized.long_term / total,
            "horizon_years": self.horizon_years,
            "lots": [
                _in_weights(lot, prices[lot.instrument_id], total, cost_rate, day, lot.instrument_id in washing)
                for lot in self.lots
                if lot.instrument_id in prices
            ],
        }

    @property
    def history(self) -> list[Purchase]:
        """When the lots were bought."""
        return [Purchase(lot.instrument_id, lot.quantity, lot.bought) for lot in self.lots]

    @property
    def source(self) -> str:
        """Whose word the rates are, for the record."""
        return f"tax rates {self.rates.short_term:g} and {self.rates.long_term:g}, of the {self.rates_from}"

    @property
    def told(self) -> dict[str, object]:
        """What was taken, and whose word the rates are, as plain values."""
        return {
            "rates": {"short_term": self.rates.short_term, "long_term": self.rates.long_term},
            "rates_from": self.rates_from,
            "lot_rule": self.rule.value,
            "horizon_years": self.horizon_years,
        }


def _in_weights(
    lot: TaxLot, price: float, total: float, cost_rate: float, day: date, washed: bool
) -> dict[str, object]:
    """A lot; no loss is counted on where units bought around the day may take it over, and all of it for the bound."""
    gain = 1.0 - cost_rate - lot.cost / price
    told = {
        "name": lot.instrument_id,
        "lot": lot.id,
        "weight": lot.quantity * price / total,
        "gain": gain,
        "long_term": is_long_term(lot.bought, day),
    }
    return {**told, "gain": 0.0, "best_gain": gain} if washed and gain < 0 else told


async def complete_terms(portfolio: Portfolio, stated: StatedTax, context: Context, path: Path) -> TaxTerms:
    """The terms with lots for all of a portfolio, stated or imported, and with rates, if need be the operator's.

    Args:
        portfolio: what is held.
        stated: by the request and the configuration.
        context: the ports.
        path: where the request asks for taxes.

    Raises:
        InvalidInput: a name that is held without lots for all of it, or a lot's id given twice.
    """
    lots = await context.records.tax_lots(portfolio.id) if stated.lots is None else stated.lots
    refuse_repeated(lots)
    missing = _without_lots(portfolio, lots)
    if missing:
        detail = (
            "needs the tax lots of every name that is held, stated as `tax.lots` or imported with `tangency import "
            f"lots`; missing: {', '.join(missing)}."
        )
        raise InvalidInput.at(path, detail, "missing")
    return TaxTerms(
        rates=context.tax_rates if stated.rates is None else stated.rates,
        rates_from="settings" if stated.rates is None else stated.rates_from,
        lots=lots,
        rule=stated.rule or LotRule.MIN_TAX,
        purchases=stated.purchases,
        realized=stated.realized,
        chosen=stated.chosen,
        horizon_years=stated.horizon_years or HORIZON_YEARS,
    )


def _without_lots(portfolio: Portfolio, lots: Sequence[TaxLot]) -> list[str]:
    """The names that are held without lots for all of them."""
    known = defaultdict[str, list[float]](list)
    for lot in lots:
        known[lot.instrument_id].append(lot.quantity)
    least = ((holding, holding.quantity * (1.0 - SHORTFALL)) for holding in portfolio.holdings)
    return [holding.name for holding, needed in least if math.fsum(known[holding.name]) < needed]
