"""What the configuration of a portfolio gives a plan that is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tangency.application.configuration import enabled_configuration, supplied_to
from tangency.application.context import Context
from tangency.application.rebalancing.command import MakePlan
from tangency.domain.optimization.configuration import StandingConfiguration

OBJECTIVE = "MAX_SHARPE"
"""Where neither says."""
TURNOVER, COST = "turnover_limit", "transaction_cost_model"
NOT_OF_PLANS = frozenset({"leverage_limit", "target_return", "target_volatility"})
"""A plan takes none of them, whoever states it."""


async def configured(command: MakePlan, context: Context) -> MakePlan:
    """The command with what it leaves out."""
    configuration = await enabled_configuration(command.question.portfolio_id, context)
    if configuration is not None:
        command = _supplied_to(command, configuration)
    question = command.question
    return replace(command, question=replace(question, objective=question.objective or OBJECTIVE))


def _supplied_to(command: MakePlan, configuration: StandingConfiguration) -> MakePlan:
    limits = _without(configuration.constraints, NOT_OF_PLANS | {TURNOVER})
    measures = _without(configuration.risk_parameters, NOT_OF_PLANS)
    question = supplied_to(command.question, replace(configuration, constraints=limits, risk_parameters=measures))
    supplied, rules, rate = dict(question.supplied), command.rules, command.cost_rate
    turnover, cost = configuration.constraints.get(TURNOVER), configuration.preferences.get(COST)
    if rules.max_turnover is None and turnover is not None:
        rules, supplied[f"constraints.{TURNOVER}"] = replace(rules, max_turnover=turnover), turnover
    if rate is None and cost is not None:
        rate = supplied[f"preferences.{COST}"] = cost
    tax = command.tax
    if rules.consider_tax_implications:
        tax, told = tax.supplied(configuration.tax)
        supplied |= told
    return replace(command, question=question, rules=rules, cost_rate=rate, tax=tax, supplied=supplied)


def _without(words: Mapping[str, Any], left_out: frozenset[str]) -> dict[str, Any]:
    return {word: value for word, value in words.items() if word not in left_out}
