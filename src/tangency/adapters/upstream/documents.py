"""What neighbours answer, as ``docs/upstream`` has it, and the values that it stands for.

Fields that are not known here are passed over, so that a neighbour can add some. Figures by name are lists of objects
and no objects by name: a name that comes twice can be seen then.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime
from itertools import pairwise
from typing import Annotated, TypeVar

import msgspec
import numpy as np
from msgspec import Meta, Struct

from tangency.domain.composed import composed, is_plain
from tangency.domain.errors import InvalidInput, hint
from tangency.domain.market.covariance import DenseCovariance
from tangency.domain.market.risk_model import RiskModel
from tangency.domain.numbers import LARGEST
from tangency.domain.portfolio.benchmark import refuse_other_totals
from tangency.domain.portfolio.portfolio import Holding, Portfolio
from tangency.domain.portfolio.prices import PriceHistory
from tangency.domain.portfolio.tax_lots import TaxLot, refuse_repeated

Name = Annotated[str, Meta(min_length=1, max_length=100)]
Number = Annotated[float, Meta(ge=-LARGEST, le=LARGEST)]
Price = Annotated[float, Meta(gt=0.0, le=LARGEST)]
Moment = Annotated[datetime, Meta(tz=True)]
LARGEST_LOOKED_THROUGH = 2 * 2**20
"""Bytes of a document in which keys that come twice are looked for; it costs some twenty times its size in memory."""


class Foreign(Exception):
    """A document that cannot be used; the message completes a sentence."""


class HoldingDocument(Struct, frozen=True, kw_only=True):
    """A position, or a name to consider that is not held."""

    name: Name
    quantity: Annotated[Number, Meta(description="Units held; negative for a short position, 0 to be considered.")]
    sector: Annotated[Name | None, Meta(description="Limits on sectors go by it.")] = None
    asset_class: Annotated[Name | None, Meta(description="Limits on asset classes go by it.")] = None


class PortfolioDocument(Struct, frozen=True, kw_only=True):
    """What a portfolio holds."""

    portfolio_id: Annotated[str, Meta(description="The one that was asked for.")]
    as_of: Annotated[Moment, Meta(description="When this was the state; equal states have equal times.")]
    cash: Annotated[Number, Meta(description="In the currency of the prices; negative where borrowed.")]
    holdings: Annotated[list[HoldingDocument], Meta(description="Each name once; `CASH` is none.", min_length=1)]


class PriceSeries(Struct, frozen=True, kw_only=True):
    """The prices of one name."""

    name: Annotated[Name, Meta(description="One that was asked for.")]
    prices: Annotated[
        list[Price | None],
        Meta(description="One per date in the currency of the cash, adjusted for splits and dividends; null for none."),
    ]


class PricesDocument(Struct, frozen=True, kw_only=True):
    """Prices of some names on the same dates."""

    as_of: Annotated[Moment, Meta(description="When these were the prices; equal prices have equal times.")]
    dates: Annotated[list[date], Meta(description="Ascending, each once; two at least for all questions together.")]
    series: Annotated[list[PriceSeries], Meta(description="Each name once; names without prices are left out.")]


class RiskModelDocument(Struct, frozen=True, kw_only=True):
    """Annual covariances of returns, of the names of a portfolio and perhaps more."""

    portfolio_id: Annotated[str, Meta(description="The one that was asked for.")]
    as_of: Annotated[Moment, Meta(description="When these were the estimates; equal estimates have equal times.")]
    names: Annotated[list[Name], Meta(description="In row order, each once.", min_length=1)]
    covariance: Annotated[
        list[list[Number]],
        Meta(description="One row and one column per name; symmetric, no eigenvalue below 0.", min_length=1),
    ]


class TaxLotDocument(Struct, frozen=True, kw_only=True):
    """Units bought together."""

    lot_id: Annotated[Name, Meta(description="Unique among the lots of the portfolio.")]
    name: Annotated[Name, Meta(description="Of what was bought.")]
    quantity: Annotated[float, Meta(gt=0.0, le=LARGEST, description="Units left.")]
    cost: Annotated[float, Meta(ge=0.0, le=LARGEST, description="Of a unit, in the currency of the cash.")]
    bought: Annotated[date, Meta(description="The day of the purchase.")]


class TaxLotsDocument(Struct, frozen=True, kw_only=True):
    """The tax lots of what a portfolio holds."""

    portfolio_id: Annotated[str, Meta(description="The one that was asked for.")]
    as_of: Annotated[Moment, Meta(description="When this was the state; equal states have equal times.")]
    lots: Annotated[list[TaxLotDocument], Meta(description="Each id once; none where nothing is held.")]


class WeightDocument(Struct, frozen=True, kw_only=True):
    """The share of one name."""

    name: Annotated[Name, Meta(description="Each once; `CASH` means cash.")]
    weight: Annotated[Number, Meta(description="Fraction of the whole; negative where sold short.")]


class BenchmarkDocument(Struct, frozen=True, kw_only=True):
    """What a portfolio is measured against."""

    portfolio_id: Annotated[str, Meta(description="The one that was asked for.")]
    as_of: Annotated[Moment, Meta(description="When these were the weights; equal weights have equal times.")]
    weights: Annotated[list[WeightDocument], Meta(description="They sum to 1, within 1e-6.", min_length=1)]


DOCUMENTS = (PortfolioDocument, PricesDocument, RiskModelDocument, TaxLotsDocument, BenchmarkDocument)

Document = TypeVar("Document")


def read_portfolio(body: bytes, portfolio_id: str, service: str) -> Portfolio:
    """A portfolio.

    Raises:
        Foreign: the bytes are none, or that of another id.
    """
    document = _read(body, PortfolioDocument)
    _refuse_other(document.portfolio_id, portfolio_id)
    holdings = [Holding(each.name, each.quantity, each.sector, each.asset_class) for each in document.holdings]
    source = told_source(service, f"portfolio {portfolio_id}", document.as_of)
    try:
        return Portfolio(portfolio_id, tuple(holdings), document.cash, source)
    except InvalidInput as error:
        raise Foreign(f"is not a portfolio: {error.faults[0]}") from None


def read_prices(bodies: Sequence[tuple[bytes, Sequence[str]]], service: str) -> PriceHistory | None:
    """One history out of several documents, each with the names that it was asked for; None where none has a price.

    Raises:
        Foreign: the bytes are no prices, or some of other names.
    """
    documents = [_asked_for(_read(body, PricesDocument), names) for body, names in bodies]
    dates = sorted({day for document in documents for day in document.dates})
    series = [(document, each) for document in documents for each in document.series]
    kept = [(document, each) for document, each in series if any(price is not None for price in each.prices)]
    if not kept:
        return None
    rows = {day: row for row, day in enumerate(dates)}
    values = np.full((len(dates), len(kept)), np.nan)
    for column, (document, each) in enumerate(kept):
        values[[rows[day] for day in document.dates], column] = np.array(each.prices, dtype=float)
    oldest = min(document.as_of for document in documents)
    try:
        source = told_source(service, "prices", oldest)
        return PriceHistory(tuple(each.name for _, each in kept), tuple(dates), values, source)
    except InvalidInput as error:
        raise Foreign(f"is not a history of prices: {error.faults[0]}") from None


def read_risk_model(body: bytes, portfolio_id: str, service: str) -> RiskModel:
    """A risk model.

    Raises:
        Foreign: the bytes are none, or that of another id.
    """
    document = _read(body, RiskModelDocument)
    _refuse_other(document.portfolio_id, portfolio_id)
    source = told_source(service, f"risk model of portfolio {portfolio_id}", document.as_of)
    try:
        covariance = DenseCovariance.of(document.covariance, ("covariance",)).values
        return RiskModel(tuple(document.names), covariance, source)
    except InvalidInput as error:
        raise Foreign(f"is not a risk model: {error.faults[0]}") from None


def read_tax_lots(body: bytes, portfolio_id: str) -> tuple[TaxLot, ...]:
    """The tax lots of a portfolio.

    Raises:
        Foreign: the bytes are none, or those of another id.
    """
    document = _read(body, TaxLotsDocument)
    _refuse_other(document.portfolio_id, portfolio_id)
    try:
        lots = tuple(TaxLot(each.lot_id, each.name, each.quantity, each.cost, each.bought) for each in document.lots)
        refuse_repeated(lots)
    except InvalidInput as error:
        raise Foreign(f"has no such lots: {error.faults[0]}") from None
    return lots


def read_benchmark(body: bytes, portfolio_id: str) -> dict[str, float]:
    """The weights of what a portfolio is measured against.

    Raises:
        Foreign: the bytes are none, or those of another id.
    """
    document = _read(body, BenchmarkDocument)
    _refuse_other(document.portfolio_id, portfolio_id)
    weights = {each.name: each.weight for each in document.weights}
    if len(weights) < len(document.weights):
        twice = next(name for name in weights if sum(each.name == name for each in document.weights) > 1)
        raise Foreign(f"has a weight of {twice!r} twice")
    try:
        refuse_other_totals(weights, ("weights",))
    except InvalidInput as error:
        raise Foreign(f"is not a benchmark: {error.faults[0]}") from None
    return weights


def told_source(service: str, what: str, as_of: datetime) -> str:
    """Where something was read, for the record of an answer."""
    return f"{service}: {what} as of {as_of.isoformat()}"


def _read(body: bytes, kind: type[Document]) -> Document:
    try:
        document = _decoded(body, kind)
        if len(body) <= LARGEST_LOOKED_THROUGH:
            json.loads(body, object_pairs_hook=_unique)
    except msgspec.ValidationError as error:
        raise Foreign(f"is against the contract: {error}") from None
    except RecursionError:
        raise Foreign("is nested too deeply") from None
    except UnicodeDecodeError:
        raise Foreign("is not UTF-8") from None
    except msgspec.DecodeError as error:
        raise Foreign(f"is no JSON: {error}") from None
    return document


def _decoded(body: bytes, kind: type[Document]) -> Document:
    """The document with its texts composed; most have none that could be anything else."""
    if is_plain(body):
        return msgspec.json.decode(body, type=kind)
    try:
        return msgspec.convert(composed(msgspec.json.decode(body)), kind)
    except InvalidInput as error:
        raise Foreign(f"is ambiguous: {error.faults[0]}") from None


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    keys = dict(pairs)
    if len(keys) < len(pairs):
        twice = next(key for key in keys if sum(key == other for other, _ in pairs) > 1)
        raise Foreign(f"has the key {twice[:100]!r} twice in one object")
    return keys


def _refuse_other(given: str, asked: str) -> None:
    if given != asked:
        raise Foreign(f"is about {given[:100]!r}, and {asked[:100]!r} was asked for")


def _asked_for(document: PricesDocument, names: Sequence[str]) -> PricesDocument:
    dates = document.dates
    if any(before >= after for before, after in pairwise(dates)):
        raise Foreign("has dates that do not ascend, each once")
    asked = set(names)
    for each in document.series:
        if each.name not in asked:
            raise Foreign(
                f"has prices of {each.name!r}, which was not asked for or came before; {hint(each.name, names)}"
            )
        asked.remove(each.name)
        if len(each.prices) != len(dates):
            raise Foreign(f"has {len(each.prices)} prices of {each.name!r} for {len(dates)} dates")
    return document
