"""The configuration of a portfolio over the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from tangency.adapters.document.diagnosis import faults_in, first_fault
from tangency.adapters.document.mapping import given, risk_of
from tangency.adapters.document.order_request import OptimizationPreferences
from tangency.adapters.document.request import Document, OptimizationConstraints, RiskParameters, Word
from tangency.adapters.document.taxes import TaxPolicy
from tangency.application.configuration import WriteConfiguration
from tangency.domain.errors import InvalidInput
from tangency.domain.optimization.configuration import StandingConfiguration


class ConfigurationRequest(Document, frozen=True):
    """What the requests of a portfolio are given where they leave it out."""

    objective: Annotated[Word, Meta(examples=["MAX_SHARPE"])]
    method: Annotated[Word, Meta(examples=["MEAN_VARIANCE"])]
    constraints: Annotated[OptimizationConstraints, Meta(description="As in an optimization.")] | UnsetType = UNSET
    risk_parameters: (
        Annotated[RiskParameters, Meta(description="As in an optimization, without a covariance.")] | UnsetType
    ) = UNSET
    preferences: Annotated[OptimizationPreferences, Meta(description="For orders and rebalance plans.")] | UnsetType = (
        UNSET
    )
    tax: Annotated[TaxPolicy, Meta(description="For everything that takes taxes into account.")] | UnsetType = UNSET
    enabled: Annotated[bool, Meta(description="If false, the configuration is kept but not used.")] = True


class ConfigurationDocument(Struct, frozen=True, kw_only=True):
    """The configuration of a portfolio."""

    id: str
    portfolio_id: str
    objective: str
    method: str
    constraints: dict[str, Any]
    risk_parameters: dict[str, Any]
    preferences: dict[str, Any]
    tax: dict[str, Any]
    enabled: bool
    created_at: Annotated[datetime, Meta(description="UTC.")]
    updated_at: Annotated[datetime, Meta(description="UTC.")]


def command_of(portfolio_id: str, value: object) -> WriteConfiguration:
    """The command that a request document stands for.

    Raises:
        InvalidInput: every mistake with its place.
    """
    try:
        asked = msgspec.convert(value, ConfigurationRequest)
    except msgspec.ValidationError as error:
        raise InvalidInput(faults_in(value, ConfigurationRequest) or [first_fault(error)]) from None
    risk = given(asked.risk_parameters) or RiskParameters()
    if risk.covariance is not UNSET:
        detail = "is data, which a configuration has none of; state it in the request."
        raise InvalidInput.at(("risk_parameters", "covariance"), detail, "unsupported")
    risk_of(risk)
    plain: dict[str, Any] = msgspec.to_builtins(asked)
    return WriteConfiguration(portfolio_id, **plain)


def document_of(configuration: StandingConfiguration) -> ConfigurationDocument:
    """The document of a configuration."""
    return ConfigurationDocument(
        id=str(configuration.id),
        portfolio_id=configuration.portfolio_id,
        objective=configuration.objective,
        method=configuration.method,
        constraints=dict(configuration.constraints),
        risk_parameters=dict(configuration.risk_parameters),
        preferences=dict(configuration.preferences),
        tax=dict(configuration.tax),
        enabled=configuration.enabled,
        created_at=configuration.created_at,
        updated_at=configuration.updated_at,
    )
