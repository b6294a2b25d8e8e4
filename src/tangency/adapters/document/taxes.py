"""What taxes are counted from, over the wire: by requests, and by the configuration of a portfolio."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from tangency.adapters.document.mapping import given
from tangency.adapters.document.request import Document, Finite, Name, NotNegative, Positive, Text
from tangency.application.taxes import StatedTax
from tangency.domain.portfolio.tax_lots import TaxLot
from tangency.domain.rebalancing.disposals import LotRule
from tangency.domain.rebalancing.gains import Gains, TaxRates
from tangency.domain.rebalancing.wash_sales import Purchase


class TaxLotDocument(Document, frozen=True):
    """Units bought together."""

    instrument_id: Name
    quantity: Positive
    cost: Annotated[NotNegative, Meta(description="Cost per unit.")]
    date: Annotated[date, Meta(description="Date of purchase.")]
    lot_id: Annotated[Text, Meta(description="Default: its place in the list.")] | UnsetType = UNSET


class PurchaseDocument(Document, frozen=True):
    """Units bought, or announced to be bought, outside of the lots."""

    instrument_id: Name
    quantity: Positive
    date: date


class TaxRatesDocument(Document, frozen=True):
    """Of gains."""

    short_term: Annotated[float, Meta(ge=0.0, le=1.0)]
    long_term: Annotated[float, Meta(ge=0.0, le=1.0, description="For assets held for more than a year.")]


class RealizedGains(Document, frozen=True):
    """Of the year so far, in money; losses are negative."""

    short_term: Finite = 0.0
    long_term: Finite = 0.0


class TaxPolicy(Document, frozen=True):
    """How taxes are counted, whatever is held."""

    rates: (
        Annotated[
            TaxRatesDocument,
            Meta(description="Default: those of the portfolio's configuration, else of the settings."),
        ]
        | UnsetType
    ) = UNSET
    lot_rule: (
        Annotated[
            Literal["min_tax", "fifo", "lifo", "hifo", "specific"],
            Meta(description="Which lots are sold; default `min_tax`."),
        ]
        | UnsetType
    ) = UNSET
    horizon_years: (
        Annotated[Positive, Meta(description="Years over which a tax is spread against an annual gain; default 1.")]
        | UnsetType
    ) = UNSET


class TaxRequest(TaxPolicy, frozen=True):
    """What taxes are counted from."""

    lots: (
        Annotated[list[TaxLotDocument], Meta(description="The lots of every asset held; default: the imported ones.")]
        | UnsetType
    ) = UNSET
    chosen_lots: (
        Annotated[dict[str, dict[str, Finite]], Meta(description="For `specific`: units by asset and lot.")] | UnsetType
    ) = UNSET
    purchases: (
        Annotated[list[PurchaseDocument], Meta(description="Purchases that disallow losses within 30 days.")]
        | UnsetType
    ) = UNSET
    realized_gains: RealizedGains | UnsetType = UNSET


def tax_of(stated: TaxRequest | UnsetType) -> StatedTax:
    """What a request says of taxes."""
    if isinstance(stated, UnsetType):
        return StatedTax()
    realized, rule = stated.realized_gains or RealizedGains(), given(stated.lot_rule)
    return StatedTax(
        None if isinstance(stated.rates, UnsetType) else TaxRates(stated.rates.short_term, stated.rates.long_term),
        None if isinstance(stated.lots, UnsetType) else _lots(stated.lots),
        None if rule is None else LotRule(rule),
        [Purchase(each.instrument_id, each.quantity, each.date) for each in stated.purchases or ()],
        Gains(realized.short_term, realized.long_term),
        stated.chosen_lots or {},
        given(stated.horizon_years),
    )


def _lots(stated: list[TaxLotDocument]) -> list[TaxLot]:
    return [
        TaxLot(lot.lot_id or str(place), lot.instrument_id, lot.quantity, lot.cost, lot.date)
        for place, lot in enumerate(stated)
    ]
