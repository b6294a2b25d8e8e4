"""The weights that a plan leads to, by its kind of target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from tangency.application.context import Context
from tangency.application.rebalancing.command import MakePlan
from tangency.domain.errors import Fault, InvalidInput, hint
from tangency.domain.library.entry import Address, Shelf, missing
from tangency.domain.market.universe import CASH
from tangency.domain.portfolio.prices import PriceHistory
from tangency.domain.rebalancing.plan import TargetType

LARGEST_MISS = 1e-6
"""By which the weights of a target may miss 1."""


async def target_weights(command: MakePlan, prices: PriceHistory, context: Context) -> dict[str, float] | None:
    """Weights of every name with a price; None where the objective decides. What they leave of 1 is cash."""
    kind = command.target_type
    _refuse_another_target(command)
    if kind is TargetType.OPTIMAL:
        return None
    if kind is TargetType.EQUAL_WEIGHT:
        return dict.fromkeys(prices.names, 1.0 / len(prices.names))
    if kind is TargetType.CUSTOM:
        if command.target_allocation is None:
            raise InvalidInput.at(("target_allocation",), "is left out; a custom target needs it.", "missing")
        return _lined_up(command.target_allocation, prices.names, "target_allocation")
    if command.model_id is None and kind is TargetType.BENCHMARK:
        return _lined_up(await _benchmark(command, context), prices.names, "target_type")
    if command.model_id is None:
        detail = f"is left out; a target of type {kind.value} needs the id of a portfolio kept at /api/v1/models."
        raise InvalidInput.at(("model_id",), detail, "missing")
    address = Address(Shelf.MODELS, command.model_id)
    entry = await context.library.entry(address)
    if entry is None:
        raise InvalidInput.at(("model_id",), str(missing(address)), "reference")
    weights = cast(Mapping[str, float], entry.content)  # the shelf holds nothing else
    return _lined_up(weights, prices.names, "model_id")


TOLD_BY: Mapping[str, tuple[TargetType, ...]] = {
    "target_allocation": (TargetType.CUSTOM,),
    "model_id": (TargetType.MODEL, TargetType.BENCHMARK),
}
"""Which targets a field tells of. Beside another one it would be passed over, and the trades lead elsewhere."""


def _refuse_another_target(command: MakePlan) -> None:
    wrong = [
        Fault(
            (name,),
            f"goes with target_type {' or '.join(kinds)}, and {command.target_type} is stated; leave one of them out.",
            "unused",
        )
        for name, kinds in TOLD_BY.items()
        if getattr(command, name) is not None and command.target_type not in kinds
    ]
    if wrong:
        raise InvalidInput(wrong)


async def _benchmark(command: MakePlan, context: Context) -> Mapping[str, float]:
    portfolio_id = command.question.portfolio_id
    weights = await context.records.benchmark(portfolio_id)
    if weights is None:
        detail = (
            f"is left out, and no benchmark is imported under {portfolio_id!r}; give the id of a portfolio kept at "
            "/api/v1/models, or import one with `tangency import benchmark`."
        )
        raise InvalidInput.at(("model_id",), detail, "missing")
    return weights


def _lined_up(weights: Mapping[str, float], names: Sequence[str], field_name: str) -> dict[str, float]:
    for name, weight in weights.items():
        if name != CASH and name not in names:
            detail = f"{name!r} has no price under this portfolio's id; {hint(name, [*names, CASH])}"
            raise InvalidInput.at((field_name, name), detail, "unknown")
        if weight < 0:
            raise InvalidInput.at((field_name, name), f"is {weight}; give a weight of at least 0.", "range")
    total = sum(weights.values())
    if abs(total - 1.0) > LARGEST_MISS:
        raise InvalidInput.at(
            (field_name,), f"sums to {total:.9g}; the weights, including {CASH}, must sum to 1.", "budget"
        )
    return {name: weights.get(name, 0.0) for name in names}


def with_cash(target: Mapping[str, float]) -> dict[str, float]:
    """The target with cash for what it leaves of 1, and without names of no weight."""
    return {**{name: weight for name, weight in target.items() if weight}, CASH: max(0.0, 1.0 - sum(target.values()))}
