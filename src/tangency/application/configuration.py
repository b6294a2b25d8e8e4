"""Storing the configuration of a portfolio, and giving requests what they leave out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from tangency.application.context import Context
from tangency.application.message import Message
from tangency.application.order_request import OBJECTIVES as WORDS
from tangency.application.order_request import OrderLimits, OrderRequest, Preferences, cost_faults
from tangency.application.posing import OBJECTIVES
from tangency.application.question import Limits, Question, RiskParameters
from tangency.domain.errors import Fault, InvalidInput, NotFound, Unsupported, hint
from tangency.domain.market.estimates import EstimatorChoice
from tangency.domain.optimization.configuration import StandingConfiguration
from tangency.domain.portfolio.portfolio import id_fault

Values = TypeVar("Values", Limits, RiskParameters, Preferences)

SUPPLIED = "supplied_by_configuration"
"""Where a wording says what was not in the request."""

POSITIONS = {"max_weight": "max_position_size", "turnover_limit": "max_turnover"}
"""Limits of a configuration that an order states by other names."""

STATED_BY = {**POSITIONS, "sector_limits": "max_sector_exposure", "target_volatility": "target_volatility"}


@dataclass(frozen=True, eq=False, slots=True)
class WriteConfiguration(Message[StandingConfiguration]):
    """Store the configuration of a portfolio, in place of the one before; see :class:`StandingConfiguration`."""

    portfolio_id: str
    objective: str
    method: str
    constraints: Mapping[str, Any] = field(default_factory=dict)
    risk_parameters: Mapping[str, Any] = field(default_factory=dict)
    preferences: Mapping[str, Any] = field(default_factory=dict)
    tax: Mapping[str, Any] = field(default_factory=dict)
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class ReadConfiguration(Message[StandingConfiguration]):
    """The configuration of a portfolio."""

    portfolio_id: str


async def write_configuration(command: WriteConfiguration, context: Context) -> StandingConfiguration:
    """Store it.

    Raises:
        Unsupported: no such objective or method.
        InvalidInput: an id that fits into no address, or costs out of their range.
    """
    _check(command, context)
    async with context.units() as unit:
        before, now = await unit.configurations.get(command.portfolio_id), context.clock.now()
        configuration = StandingConfiguration(
            context.ids.new() if before is None else before.id,
            command.portfolio_id,
            command.objective,
            command.method,
            command.constraints,
            command.risk_parameters,
            command.preferences,
            command.tax,
            command.enabled,
            now if before is None else before.created_at,
            now,
        )
        await unit.configurations.put(configuration)
        await unit.commit()
    return configuration


def _check(command: WriteConfiguration, context: Context) -> None:
    known = {*OBJECTIVES, *(word.upper() for word in WORDS)}
    if command.objective.upper() not in known:
        detail = f"{command.objective!r} is not a known objective; {hint(command.objective.upper(), OBJECTIVES)}"
        raise Unsupported.at(("objective",), detail, "unsupported")
    context.plugins.origin(command.method)
    wrong = id_fault(command.portfolio_id)
    faults = [] if wrong is None else [Fault(("portfolio_id",), wrong, "characters")]
    preferences = Preferences(**command.preferences)
    faults += cost_faults(preferences)
    if faults:
        raise InvalidInput(faults)


async def read_configuration(query: ReadConfiguration, context: Context) -> StandingConfiguration:
    """Read it.

    Raises:
        NotFound: none is stored.
    """
    found = await context.configurations.configuration(query.portfolio_id)
    if found is None:
        raise NotFound(f"no configuration is stored for portfolio {query.portfolio_id[:100]!r}; put it there first.")
    return found


async def with_configuration(question: Question, context: Context) -> Question:
    """The question with what it leaves out, and what that was.

    Raises:
        InvalidInput: it leaves out its objective or method, and nothing supplies them.
    """
    configuration = await enabled_configuration(question.portfolio_id, context)
    if configuration is not None:
        question = supplied_to(question, configuration)
    _require(question, ("objective", "method"))
    return question


async def request_with_configuration(request: OrderRequest, context: Context) -> OrderRequest:
    """The same for a request, in whose words is told what it was given.

    Raises:
        InvalidInput: it leaves out its objective or method, and nothing supplies them.
    """
    configuration = await enabled_configuration(request.portfolio_id, context)
    if configuration is not None:
        request = supplied_to_request(request, configuration)
    _require(request, ("objective", "optimization_type"))
    return request


async def enabled_configuration(portfolio_id: str, context: Context) -> StandingConfiguration | None:
    """The configuration of a portfolio, where one is stored that supplies anything."""
    found = await context.configurations.configuration(portfolio_id)
    return found if found is not None and found.enabled else None


def _require(asked: Question | OrderRequest, fields: tuple[str, str]) -> None:
    detail = f"is left out, and no enabled configuration is stored for {asked.portfolio_id!r}; state it, or store one."
    faults = [Fault((each,), detail, "missing") for each in fields if not getattr(asked, each)]
    if faults:
        raise InvalidInput(faults)


def supplied_to(question: Question, configuration: StandingConfiguration) -> Question:
    """The question with what it leaves out; nothing that it states is touched."""
    standing = {"objective": configuration.objective, "method": configuration.method}
    supplied = {word: value for word, value in standing.items() if not getattr(question, word)}
    objective = question.objective or WORDS.get(configuration.objective.lower(), configuration.objective)
    limits, limited = _given(question.limits, Limits(**configuration.constraints), configuration.constraints)
    parameters = dict(configuration.risk_parameters)
    if question.risk.covariance is not None:
        parameters.pop("covariance_estimator", None)
    risk, measured = _given(question.risk, risk_parameters(parameters), parameters)
    told = {**question.supplied, **supplied, **_at("constraints", limited), **_at("risk_parameters", measured)}
    method = question.method or configuration.method
    return replace(question, objective=objective, method=method, limits=limits, risk=risk, supplied=told)


def supplied_to_request(request: OrderRequest, configuration: StandingConfiguration) -> OrderRequest:
    """The request with what it leaves out, and its wording with what holds now.

    Limits that only a question has wait in ``supply``, until there is one.
    """
    words = {"optimization_type": "method", "objective": "objective"}
    chosen: dict[str, Any] = {
        own: getattr(configuration, word) for own, word in words.items() if not getattr(request, own)
    }
    standing = configuration.preferences
    preferences, preferred = _given(request.preferences, Preferences(**standing), standing)
    tax, taxed = request.tax.supplied(configuration.tax) if preferences.consider_tax_implications else (request.tax, {})
    bounds = {word: value for word, value in configuration.constraints.items() if word in POSITIONS}
    taken = {word: value for word, value in bounds.items() if getattr(request.limits, POSITIONS[word]) is None}
    limits = {POSITIONS[word]: value for word, value in taken.items()}
    rest = {word: value for word, value in configuration.constraints.items() if word not in POSITIONS}
    told = {
        **{words[own]: value for own, value in chosen.items()},
        **_at("constraints", taken),
        **_at("preferences", preferred),
        **taxed,
    }
    wording = {
        **request.wording,
        **chosen,
        "constraints": {**request.wording.get("constraints", {}), **limits},
        "preferences": {**request.wording.get("preferences", {}), **preferred},
    }
    return replace(
        request,
        **chosen,
        limits=replace(request.limits, **limits),
        preferences=preferences,
        tax=tax,
        supply=replace(configuration, constraints=rest),
        wording={**wording, SUPPLIED: told},
    )


def apart_from(limits: OrderLimits, configuration: StandingConfiguration) -> StandingConfiguration:
    """The configuration without what limits in the words of an order state."""
    own = {word for word, other in STATED_BY.items() if getattr(limits, other) is not None}
    constraints = {word: limit for word, limit in configuration.constraints.items() if word not in own}
    measures = {word: value for word, value in configuration.risk_parameters.items() if word not in own}
    return replace(configuration, constraints=constraints, risk_parameters=measures)


def risk_parameters(words: Mapping[str, Any]) -> RiskParameters:
    """Stored words as parameters."""
    values = dict(words)
    for word in ("expected_return_estimator", "covariance_estimator", "prior"):
        if word in values:
            values[word] = _estimator(values[word])
    policy = values.get("missing_data")
    if isinstance(policy, Mapping):
        values |= {"missing_data": policy["policy"], "proxies": policy.get("proxies", {})}
    return RiskParameters(**values)


def _estimator(stated: str | Mapping[str, Any]) -> EstimatorChoice:
    if isinstance(stated, str):
        return EstimatorChoice(stated)
    return EstimatorChoice(stated["name"], stated.get("options", {}))


def _given(own: Values, standing: Values, words: Mapping[str, Any]) -> tuple[Values, dict[str, Any]]:
    """One's own values, with those of the standing ones that are left out; and these in their words."""
    told = {word: value for word, value in words.items() if getattr(own, word) in (None, {})}
    taken = {word: getattr(standing, word) for word in told}
    if "missing_data" in taken and isinstance(standing, RiskParameters):
        taken["proxies"] = standing.proxies
    return replace(own, **taken), told


def _at(place: str, words: Mapping[str, Any]) -> dict[str, Any]:
    return {f"{place}.{word}": value for word, value in words.items()}
