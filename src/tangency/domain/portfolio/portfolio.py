"""A portfolio as it is held: quantities, and cash."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tangency.domain.errors import Fault, InvalidInput, hint
from tangency.domain.market.universe import CASH, MAX_NAME_LENGTH
from tangency.domain.numbers import LARGEST

LONGEST_ID = 100


def id_fault(portfolio_id: str) -> str | None:
    """What is wrong with a portfolio id, which has to fit into an address; None where nothing is."""
    if not portfolio_id.strip() or len(portfolio_id) > LONGEST_ID:
        return f"{portfolio_id[:120]!r} must have 1 to {LONGEST_ID} characters."
    if not portfolio_id.isprintable() or "/" in portfolio_id:
        return f"{portfolio_id!r} must be of printable characters, without a slash."
    if portfolio_id in (".", ".."):
        return f"{portfolio_id!r} means a folder in an address; give another one."
    return None


@dataclass(frozen=True, slots=True)
class Holding:
    """A position in one name.

    Attributes:
        quantity: units held; negative for a short position.
    """

    name: str
    quantity: float
    sector: str | None = None
    asset_class: str | None = None


@dataclass(frozen=True)
class Portfolio:
    """Holdings and cash under one id.

    Attributes:
        id: the portfolio id of requests.
        holdings: one per name; names are unique, and none is ``CASH``.
        cash: in the currency of the prices; negative where borrowed.
        source: where it was read and as of when, for the record; None for what was imported.

    Raises:
        InvalidInput: nothing held at all, a name twice or without letters, or a quantity that is not finite.
    """

    id: str
    holdings: tuple[Holding, ...]
    cash: float = 0.0
    source: str | None = None

    def __post_init__(self) -> None:
        faults = [] if self.holdings else [Fault(("holdings",), "are empty; give at least one name.", "empty")]
        if not abs(self.cash) <= LARGEST:
            faults.append(Fault(("cash",), f"is {self.cash}; give a finite amount.", "not_finite"))
        seen: set[str] = set()
        for row, holding in enumerate(self.holdings):
            faults += _faults(row, holding, seen)
            seen.add(holding.name)
        if faults:
            raise InvalidInput(faults)

    @cached_property
    def by_name(self) -> dict[str, Holding]:
        """The holdings by their names."""
        return {holding.name: holding for holding in self.holdings}

    def weights(self, prices: Mapping[str, float]) -> dict[str, float]:
        """Current weights: quantity x price over the total with cash. Cash is what they leave of 1.

        Args:
            prices: the latest price of every name held, in the currency of the cash.

        Raises:
            InvalidInput: a holding without a price, or a total that is not above zero.
        """
        values = {holding.name: holding.quantity * self._price(holding, prices) for holding in self.holdings}
        total = float(np.sum([*values.values(), self.cash]))
        if not 0.0 < total <= LARGEST:
            detail = f"are worth {total:.6g} with cash; weights need a total above 0."
            raise InvalidInput.at(("holdings",), detail)
        return {name: value / total for name, value in values.items()}

    @staticmethod
    def _price(holding: Holding, prices: Mapping[str, float]) -> float:
        if holding.quantity == 0.0:
            return prices.get(holding.name, 0.0)
        if holding.name not in prices:
            detail = f"{holding.name!r} is held and has no price; {hint(holding.name, prices)}"
            raise InvalidInput.at(("holdings", holding.name), detail, "missing")
        return prices[holding.name]


def _faults(row: int, holding: Holding, seen: set[str]) -> list[Fault]:
    if holding.name == CASH:
        return [Fault(("holdings", row, "name"), f"{CASH!r} is not a holding; give the amount as cash.", "reserved")]
    if not holding.name.strip() or len(holding.name) > MAX_NAME_LENGTH:
        detail = f"{holding.name[:120]!r} must have 1 to {MAX_NAME_LENGTH} characters."
        return [Fault(("holdings", row, "name"), detail)]
    if holding.name in seen:
        return [Fault(("holdings", row, "name"), f"{holding.name!r} is held twice; add its rows up.", "duplicate")]
    if not abs(holding.quantity) <= LARGEST:
        detail = f"{holding.name!r} is {holding.quantity}; give a finite number."
        return [Fault(("holdings", row, "quantity"), detail, "not_finite")]
    return []
