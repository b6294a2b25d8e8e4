"""Sectors and asset classes of names, known apart from what is held of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from tangency.domain.portfolio.portfolio import Holding, Portfolio


@dataclass(frozen=True, slots=True)
class Label:
    """Of one name; None where nothing is known."""

    sector: str | None = None
    asset_class: str | None = None


Labels = Mapping[str, Label]


def labelled(portfolio: Portfolio, labels: Labels) -> Portfolio:
    """The portfolio with these labels in place of its own, and with names of which nothing is held."""
    held = tuple(_with(holding, labels.get(holding.name, Label())) for holding in portfolio.holdings)
    others = tuple(
        Holding(name, 0.0, label.sector, label.asset_class)
        for name, label in labels.items()
        if name not in portfolio.by_name
    )
    return replace(portfolio, holdings=held + others)


def _with(holding: Holding, label: Label) -> Holding:
    return replace(holding, sector=label.sector or holding.sector, asset_class=label.asset_class or holding.asset_class)
