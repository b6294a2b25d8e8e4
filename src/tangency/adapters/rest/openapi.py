"""The description of the service (OpenAPI 3.0.3, the newest that the bundled page can show)."""

from __future__ import annotations

import msgspec

from tangency.adapters.document.answer import OptimizationResponse
from tangency.adapters.document.configuration import ConfigurationDocument, ConfigurationRequest
from tangency.adapters.document.factors import FactorAnalysisList, FactorAnalysisRequest, FactorAnalysisResponse
from tangency.adapters.document.frontier import FrontierQuery, FrontierRequest, FrontierResponse
from tangency.adapters.document.order_request import CreateOptimization
from tangency.adapters.document.orders import LARGEST_PAGE, STAGES, Accepted, OptimizationDocument, OptimizationList
from tangency.adapters.document.problem import Problem
from tangency.adapters.document.rebalancing.evaluation import EvaluationDocument, EvaluationRequest
from tangency.adapters.document.rebalancing.plan import RebalancePlanDocument
from tangency.adapters.document.rebalancing.request import RebalanceRequest
from tangency.adapters.document.request import LONGEST_TEXT, OptimizationRequest
from tangency.adapters.document.series import LARGEST_PAGE as LONGEST_PAGE
from tangency.adapters.document.series import HistoryResponse
from tangency.adapters.rest.documents import BatchEntry, EntryDocument, EstimatorList, Health, MethodList, ProblemType
from tangency.adapters.rest.openapi_parts import (
    ACCEPTED,
    OF_A_BODY,
    OF_A_LOOK,
    OF_A_PLAN_DECISION,
    REFERENCE,
    Json,
    as_3_0,
    described,
    in_path,
    in_query,
    or_accepted,
    schema_of,
    streamed,
    with_tag,
)
from tangency.adapters.rest.rebalancing import RebalancePlanList
from tangency.adapters.rest.shelves import CONTENTS
from tangency.adapters.settings import Settings
from tangency.domain.library.entry import Shelf
from tangency.domain.portfolio.portfolio import LONGEST_ID
from tangency.domain.series.point import Interval

STRUCTS = (
    ConfigurationRequest,
    ConfigurationDocument,
    CreateOptimization,
    Accepted,
    OptimizationDocument,
    OptimizationList,
    OptimizationRequest,
    OptimizationResponse,
    BatchEntry,
    MethodList,
    EstimatorList,
    EntryDocument,
    FactorAnalysisRequest,
    FactorAnalysisResponse,
    FactorAnalysisList,
    FrontierQuery,
    FrontierRequest,
    FrontierResponse,
    RebalanceRequest,
    RebalancePlanDocument,
    RebalancePlanList,
    EvaluationRequest,
    EvaluationDocument,
    HistoryResponse,
    Health,
    ProblemType,
    Problem,
)


def description(settings: Settings, version: str) -> Json:
    """The whole document."""
    _, components = msgspec.json.schema_components(STRUCTS, ref_template=REFERENCE)
    return {
        "openapi": "3.0.3",
        "info": {
            "title": "Tangency",
            "version": version,
            "description": "Portfolio optimization with proven answers. "
            f"Limits of this service: bodies of {settings.body_limit_bytes:,} bytes, {settings.names_limit:,} names, "
            f"batches of {settings.batch_limit:,}, {settings.deadline_s:g} seconds for an answer.",
        },
        "paths": _paths(settings),
        "components": {"schemas": {name: as_3_0(schema) for name, schema in components.items()}},
    }


def _paths(settings: Settings) -> Json:
    portfolio, slug = in_path("portfolio_id", LONGEST_TEXT), in_path("slug", LONGEST_TEXT)
    return {
        **_optimization_paths(settings, portfolio),
        "/api/v1/methods": {
            "get": described("methods", "List methods and estimators", schema_of("MethodList"), OF_A_LOOK)
        },
        "/api/v1/estimators": {
            "get": described("estimators", "List estimators", schema_of("EstimatorList"), OF_A_LOOK)
        },
        **_library_paths(),
        **_factor_paths(portfolio),
        **_configuration_paths(),
        **_frontier_paths(),
        **_series_paths(),
        **_rebalancing_paths(),
        **_order_paths(),
        "/health/live": {"get": described("live", "Whether the process runs", schema_of("Health"), OF_A_LOOK)},
        "/health/ready": {
            "get": described("ready", "Whether answers can be given and stored", schema_of("Health"), OF_A_LOOK)
        },
        "/problems/{slug}": {
            "get": described(
                "explain_problem", "Explain a problem type", schema_of("ProblemType"), OF_A_LOOK, parameters=[slug]
            )
        },
    }


def _optimization_paths(settings: Settings, portfolio: Json) -> Json:
    """Optimizations that are answered at once."""
    request, answer = schema_of("OptimizationRequest"), schema_of("OptimizationResponse")
    item = {"description": "An `OptimizationRequest`. An invalid one gets its own problem and affects no other."}
    batch = {"type": "array", "items": item, "maxItems": settings.batch_limit}
    entries = {"type": "array", "items": schema_of("BatchEntry")}
    return {
        "/api/v1/optimize": {
            "post": or_accepted(
                described("optimize", "Optimize a portfolio", answer, (404, *OF_A_BODY), request, [_KEY])
            )
        },
        "/api/v1/optimize/batch": {
            "post": described(
                "optimize_batch",
                "Optimize several portfolios",
                entries,
                OF_A_BODY,
                batch,
                [_KEY],
            )
        },
        "/api/v1/optimization/{portfolio_id}/latest": {
            "get": described("latest", "The latest answer for a portfolio", answer, OF_A_LOOK, parameters=[portfolio])
        },
    }


def _rebalancing_paths() -> Json:
    """Plans of trades."""
    plan, portfolio = schema_of("RebalancePlanDocument"), in_path("portfolio_id", LONGEST_ID)
    id_, of_a_plan = [in_path("rebalance_id", LONGEST_TEXT)], (404, *OF_A_BODY)
    body = schema_of("RebalanceRequest")
    paths: Json = {
        "/api/v1/portfolios/{portfolio_id}/rebalance": {
            "post": described("rebalance", "Plan the trades toward a target", plan, of_a_plan, body, [portfolio, _KEY])
        },
        "/api/v1/portfolios/{portfolio_id}/rebalance/evaluate": {
            "post": described(
                "evaluate_rebalance",
                "Whether to rebalance now, and why or why not",
                schema_of("EvaluationDocument"),
                of_a_plan,
                schema_of("EvaluationRequest"),
                [portfolio],
            )
        },
        "/api/v1/portfolios/{portfolio_id}/rebalances": {
            "get": described(
                "rebalances",
                "The rebalance plans of a portfolio",
                schema_of("RebalancePlanList"),
                OF_A_LOOK,
                None,
                [portfolio],
            )
        },
        "/api/v1/rebalances/{rebalance_id}": {
            "get": described("rebalance_plan", "A rebalance plan", plan, OF_A_LOOK, None, id_)
        },
    }
    for decision in ("approve", "reject"):
        name, summary = f"{decision}_rebalance", f"{decision.capitalize()} a plan"
        operation = described(name, summary, plan, OF_A_PLAN_DECISION, None, id_)
        paths[f"/api/v1/rebalances/{{rebalance_id}}/{decision}"] = {"post": operation}
    return paths


def _factor_paths(portfolio: Json) -> Json:
    answer, several = schema_of("FactorAnalysisResponse"), schema_of("FactorAnalysisList")
    problems = tuple(sorted({*OF_A_BODY, *OF_A_LOOK}))
    summary = "Explain a portfolio's returns and risk by factors"
    body = schema_of("FactorAnalysisRequest")
    made = described("analyze_factors", summary, answer, problems, body, [portfolio, _KEY])
    listed = described(
        "factor_analyses", "The factor analyses of a portfolio", several, OF_A_LOOK, parameters=[portfolio]
    )
    one = [in_path("analysis_id", LONGEST_TEXT)]
    return {
        "/api/v1/portfolios/{portfolio_id}/factor-analysis": {"post": made},
        "/api/v1/portfolios/{portfolio_id}/factor-analyses": {"get": listed},
        "/api/v1/factor-analyses/{analysis_id}": {
            "get": described("factor_analysis", "A factor analysis", answer, OF_A_LOOK, parameters=one)
        },
    }


def _configuration_paths() -> Json:
    """Default values for the requests of a portfolio."""
    portfolio, answer = in_path("portfolio_id", LONGEST_ID), schema_of("ConfigurationDocument")
    body, summary = schema_of("ConfigurationRequest"), "Store default values for the requests of a portfolio"
    read = "The default values for the requests of a portfolio"
    return {
        "/api/v1/portfolios/{portfolio_id}/configuration": {
            "put": described("write_configuration", summary, answer, OF_A_BODY, body, [portfolio]),
            "get": described("read_configuration", read, answer, OF_A_LOOK, None, [portfolio]),
        }
    }


def _frontier_paths() -> Json:
    """Efficient frontiers."""
    portfolio, answer = in_path("portfolio_id", LONGEST_ID), schema_of("FrontierResponse")
    schema = msgspec.json.schema(FrontierQuery)["$defs"]["FrontierQuery"]["properties"]
    query = [{"name": n, "in": "query", "required": False, "schema": as_3_0(schema[n])} for n in schema]
    trace = described(
        "efficient_frontier", "The efficient frontier of an imported portfolio", answer, (*OF_A_LOOK, 429), None,
        [portfolio, *query],
    )  # fmt: skip
    within = described(
        "constrained_frontier", "The efficient frontier of a portfolio within limits", answer, (404, *OF_A_BODY),
        schema_of("FrontierRequest"), [portfolio, _KEY],
    )  # fmt: skip
    id_ = in_path("frontier_id", LONGEST_TEXT)
    stored = described("stored_frontier", "A stored efficient frontier", answer, OF_A_LOOK, None, [id_])
    return {
        "/api/v1/portfolios/{portfolio_id}/efficient-frontier": {"get": with_tag(trace), "post": within},
        "/api/v1/efficient-frontiers/{frontier_id}": {"get": with_tag(stored)},
    }


def _series_paths() -> Json:
    """The history of portfolios."""
    moment: Json = {"type": "string", "format": "date-time"}
    most: Json = {"type": "integer", "minimum": 1, "maximum": LONGEST_PAGE}
    interval: Json = {"type": "string", "enum": [each.value for each in Interval]}
    text: Json = {"type": "string"}
    asked = {
        "from": moment,
        "to": moment,
        "interval": interval,
        "limit": most,
        "cursor": text,
    }
    parameters = [in_path("portfolio_id", LONGEST_ID), *(in_query(name, schema) for name, schema in asked.items())]
    summary, answer = "Weights and figures of a portfolio over time, oldest first", schema_of("HistoryResponse")
    look = described("history", summary, answer, OF_A_LOOK, parameters=parameters)
    return {"/api/v1/portfolios/{portfolio_id}/history": {"get": look}}


def _library_paths() -> Json:
    """Stored documents, by shelf."""
    entry, id_, version = schema_of("EntryDocument"), in_path("id", LONGEST_ID), _VERSION
    paths: Json = {}
    for shelf in Shelf:
        write = described(
            f"write_{shelf}", f"Store {shelf} for requests to refer to", entry, OF_A_BODY, CONTENTS[shelf], [id_, _KEY]
        )
        look = described(f"newest_{shelf}", f"The newest version of stored {shelf}", entry, OF_A_LOOK, parameters=[id_])
        one = described(
            f"version_of_{shelf}", f"A version of stored {shelf}", entry, OF_A_LOOK, parameters=[id_, version]
        )
        paths[f"/api/v1/{shelf}/{{id}}"] = {"put": write, "get": look}
        paths[f"/api/v1/{shelf}/{{id}}/versions/{{version}}"] = {"get": one}
    return paths


def _order_paths() -> Json:
    """Orders, and events."""
    id_, document = in_path("optimization_id", LONGEST_TEXT), schema_of("OptimizationDocument")
    address = "/api/v1/optimizations/{optimization_id}"
    create = described(
        "create_optimization", "Order an optimization to be solved later", schema_of("Accepted"), (404, *OF_A_BODY),
        schema_of("CreateOptimization"), [_KEY], "202",
    )  # fmt: skip
    create["responses"]["202"] = ACCEPTED
    cancel = described("cancel_optimization", "Cancel an order", document, (*OF_A_LOOK, 409), parameters=[id_])
    follow = streamed("follow_optimization", "The progress of an order as server-sent events", [id_])
    return {
        "/api/v1/optimizations": {
            "post": create,
            "get": described(
                "list_optimizations",
                "List orders, newest first",
                schema_of("OptimizationList"),
                OF_A_LOOK,
                parameters=_PAGE,
            ),
        },
        address: {
            "get": described(
                "read_optimization", "The state and the result of an order", document, OF_A_LOOK, parameters=[id_]
            ),
            "delete": cancel,
        },
        f"{address}/events": {"get": follow},
        "/api/v1/events": {"get": streamed("follow_events", "All events as server-sent events", [_LAST])},
    }


_KEY = in_query(
    "Idempotency-Key", {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"}, "header"
)
_LAST = in_query("Last-Event-ID", {"type": "integer", "minimum": 0, "maximum": 2**62}, "header")
_PAGE = [
    in_query("portfolio_id", {"type": "string"}),
    in_query("status", {"type": "string", "enum": sorted(STAGES)}),
    in_query("limit", {"type": "integer", "minimum": 1, "maximum": LARGEST_PAGE}),
    in_query("cursor", {"type": "string", "pattern": "^[1-9][0-9]{0,17}$"}),
]
_VERSION: Json = {"name": "version", "in": "path", "required": True, "schema": {"type": "integer", "minimum": 1}}
