"""The description of the service (OpenAPI 3.0.3, the newest that the bundled page can show)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from tangency.adapters.document.answer import OptimizationResponse
from tangency.adapters.document.configuration import ConfigurationDocument, ConfigurationRequest
from tangency.adapters.document.factors import FactorAnalysisList, FactorAnalysisRequest, FactorAnalysisResponse
from tangency.adapters.document.frontier import FrontierQuery, FrontierRequest, FrontierResponse
from tangency.adapters.document.orders import LARGEST_PAGE, STAGES, Accepted, OptimizationDocument, OptimizationList
from tangency.adapters.document.problem import INTERNAL, KINDS, Problem
from tangency.adapters.document.rebalancing.evaluation import EvaluationDocument, EvaluationRequest
from tangency.adapters.document.rebalancing.plan import RebalancePlanDocument
from tangency.adapters.document.rebalancing.request import RebalanceRequest
from tangency.adapters.document.request import LONGEST_TEXT, OptimizationRequest
from tangency.adapters.document.series import LARGEST_PAGE as LONGEST_PAGE
from tangency.adapters.document.series import HistoryResponse
from tangency.adapters.document.wish import CreateOptimization
from tangency.adapters.rest.documents import BatchEntry, EntryDocument, EstimatorList, Health, MethodList, ProblemType
from tangency.adapters.rest.problems import HTTP_KINDS, MEDIA_TYPE
from tangency.adapters.rest.rebalancing import RebalancePlanList
from tangency.adapters.rest.shelves import CONTENTS
from tangency.adapters.settings import Settings
from tangency.domain.library.entry import Shelf
from tangency.domain.portfolio.portfolio import LONGEST_ID
from tangency.domain.series.point import Interval

Json = dict[str, Any]

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
REFERENCE = "#/components/schemas/{name}"

OF_A_BODY = (400, 403, 408, 413, 415, 422, 429, 500, 502, 503)
OF_A_LOOK = (403, 404, 422, 500, 502, 503)
OF_A_PLAN_DECISION = (403, 404, 408, 409, 413, 422, 429, 500, 502, 503)

EXAMPLE: Json = {
    "portfolio_id": "port-1",
    "strategies": [
        {"name": "AAPL", "sector": "technology", "expected_return": 0.11, "max_weight": 0.5},
        {"name": "XOM", "sector": "energy", "expected_return": 0.08},
        {"name": "JNJ", "sector": "health_care", "expected_return": 0.06},
    ],
    "objective": "MAX_SHARPE",
    "method": "MEAN_VARIANCE",
    "constraints": {"max_weight": 0.6, "sector_limits": {"technology": 0.45}},
    "risk_parameters": {
        "risk_free_rate": 0.02,
        "covariance": {
            "names": ["AAPL", "XOM", "JNJ"],
            "values": [[0.0625, 0.01, 0.0075], [0.01, 0.0484, 0.006], [0.0075, 0.006, 0.0225]],
        },
    },
}


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
        "components": {"schemas": {name: _as_3_0(schema) for name, schema in components.items()}},
    }


def _paths(settings: Settings) -> Json:
    request, answer = _reference("OptimizationRequest"), _reference("OptimizationResponse")
    item = {"description": "An `OptimizationRequest`. One that is not is answered in its place and spoils no other."}
    batch = {"type": "array", "items": item, "maxItems": settings.batch_limit}
    entries = {"type": "array", "items": _reference("BatchEntry")}
    portfolio, slug = _parameter("portfolio_id", LONGEST_TEXT), _parameter("slug", LONGEST_TEXT)
    return {
        "/api/v1/optimize": {
            "post": _operation(
                "optimize", "Optimize a portfolio and keep the answer", answer, (404, *OF_A_BODY), request, [_KEY]
            )
        },
        "/api/v1/optimize/batch": {
            "post": _operation(
                "optimize_batch",
                "Optimize several portfolios, each as if it stood alone",
                entries,
                OF_A_BODY,
                batch,
                [_KEY],
            )
        },
        "/api/v1/optimization/{portfolio_id}/latest": {
            "get": _operation("latest", "The last answer for a portfolio", answer, OF_A_LOOK, parameters=[portfolio])
        },
        "/api/v1/methods": {
            "get": _operation("methods", "What there is to ask for", _reference("MethodList"), OF_A_LOOK)
        },
        "/api/v1/estimators": {
            "get": _operation("estimators", "What estimates there are", _reference("EstimatorList"), OF_A_LOOK)
        },
        **_library_paths(),
        **_factor_paths(portfolio),
        **_configuration_paths(),
        **_frontier_paths(),
        **_series_paths(),
        **_rebalancing_paths(),
        **_order_paths(),
        "/health/live": {"get": _operation("live", "Whether the process answers", _reference("Health"), OF_A_LOOK)},
        "/health/ready": {
            "get": _operation("ready", "Whether answers can be given and kept", _reference("Health"), OF_A_LOOK)
        },
        "/problems/{slug}": {
            "get": _operation(
                "explain_problem", "What a problem type means", _reference("ProblemType"), OF_A_LOOK, parameters=[slug]
            )
        },
    }


def _rebalancing_paths() -> Json:
    """Plans of trades."""
    plan, portfolio = _reference("RebalancePlanDocument"), _parameter("portfolio_id", LONGEST_ID)
    id_, of_a_plan = [_parameter("rebalance_id", LONGEST_TEXT)], (404, *OF_A_BODY)
    body = _reference("RebalanceRequest")
    paths: Json = {
        "/api/v1/portfolios/{portfolio_id}/rebalance": {
            "post": _operation("rebalance", "Plan the trades toward a target", plan, of_a_plan, body, [portfolio, _KEY])
        },
        "/api/v1/portfolios/{portfolio_id}/rebalance/evaluate": {
            "post": _operation(
                "evaluate_rebalance",
                "Whether to rebalance now, and why or why not",
                _reference("EvaluationDocument"),
                of_a_plan,
                _reference("EvaluationRequest"),
                [portfolio],
            )
        },
        "/api/v1/portfolios/{portfolio_id}/rebalances": {
            "get": _operation(
                "rebalances", "The plans of a portfolio", _reference("RebalancePlanList"), OF_A_LOOK, None, [portfolio]
            )
        },
        "/api/v1/rebalances/{rebalance_id}": {
            "get": _operation("rebalance_plan", "A plan as it stands now", plan, OF_A_LOOK, None, id_)
        },
    }
    for decision in ("approve", "reject"):
        name, summary = f"{decision}_rebalance", f"{decision.capitalize()} a plan"
        operation = _operation(name, summary, plan, OF_A_PLAN_DECISION, None, id_)
        paths[f"/api/v1/rebalances/{{rebalance_id}}/{decision}"] = {"post": operation}
    return paths


def _factor_paths(portfolio: Json) -> Json:
    answer, several = _reference("FactorAnalysisResponse"), _reference("FactorAnalysisList")
    problems = tuple(sorted({*OF_A_BODY, *OF_A_LOOK}))
    summary = "Explain a portfolio's returns and risk by factors"
    body = _reference("FactorAnalysisRequest")
    made = _operation("analyze_factors", summary, answer, problems, body, [portfolio, _KEY])
    listed = _operation(
        "factor_analyses", "The factor analyses of a portfolio", several, OF_A_LOOK, parameters=[portfolio]
    )
    one = [_parameter("analysis_id", LONGEST_TEXT)]
    return {
        "/api/v1/portfolios/{portfolio_id}/factor-analysis": {"post": made},
        "/api/v1/portfolios/{portfolio_id}/factor-analyses": {"get": listed},
        "/api/v1/factor-analyses/{analysis_id}": {
            "get": _operation("factor_analysis", "A factor analysis", answer, OF_A_LOOK, parameters=one)
        },
    }


def _configuration_paths() -> Json:
    """What requests are given where they leave it out."""
    portfolio, answer = _parameter("portfolio_id", LONGEST_ID), _reference("ConfigurationDocument")
    body, summary = _reference("ConfigurationRequest"), "Store what a portfolio's requests may leave out"
    read = "What a portfolio's requests may leave out"
    return {
        "/api/v1/portfolios/{portfolio_id}/configuration": {
            "put": _operation("write_configuration", summary, answer, OF_A_BODY, body, [portfolio]),
            "get": _operation("read_configuration", read, answer, OF_A_LOOK, None, [portfolio]),
        }
    }


def _frontier_paths() -> Json:
    """Efficient frontiers."""
    portfolio, answer = _parameter("portfolio_id", LONGEST_ID), _reference("FrontierResponse")
    schema = msgspec.json.schema(FrontierQuery)["$defs"]["FrontierQuery"]["properties"]
    query = [{"name": n, "in": "query", "required": False, "schema": _as_3_0(schema[n])} for n in schema]
    trace = _operation(
        "efficient_frontier", "The efficient frontier of an imported portfolio", answer, (*OF_A_LOOK, 429), None,
        [portfolio, *query],
    )  # fmt: skip
    within = _operation(
        "constrained_frontier", "The efficient frontier within limits", answer, (404, *OF_A_BODY),
        _reference("FrontierRequest"), [portfolio, _KEY],
    )  # fmt: skip
    id_ = _parameter("frontier_id", LONGEST_TEXT)
    stored = _operation("stored_frontier", "A frontier that was traced", answer, OF_A_LOOK, None, [id_])
    return {
        "/api/v1/portfolios/{portfolio_id}/efficient-frontier": {"get": _tagged(trace), "post": within},
        "/api/v1/efficient-frontiers/{frontier_id}": {"get": _tagged(stored)},
    }


def _series_paths() -> Json:
    """What optimizations came to, over time."""
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
    parameters = [_parameter("portfolio_id", LONGEST_ID), *(_query(name, schema) for name, schema in asked.items())]
    summary, answer = "What its optimizations came to, oldest first", _reference("HistoryResponse")
    look = _operation("history", summary, answer, OF_A_LOOK, parameters=parameters)
    return {"/api/v1/portfolios/{portfolio_id}/history": {"get": look}}


def _tagged(operation: Json) -> Json:
    """An operation whose answer has an ETag, and which answers 304 to whoever has it."""
    header = {"name": "If-None-Match", "in": "header", "required": False, "schema": {"type": "string"}}
    operation["parameters"] = [*operation["parameters"], header]
    operation["responses"]["200"]["headers"] = {"ETag": {"schema": {"type": "string"}, "required": True}}
    operation["responses"]["304"] = {"description": "As the header If-None-Match says."}
    return operation


def _library_paths() -> Json:
    """Each shelf of the library."""
    entry, id_, version = _reference("EntryDocument"), _parameter("id", LONGEST_ID), _VERSION
    paths: Json = {}
    for shelf in Shelf:
        write = _operation(
            f"write_{shelf}", f"Keep {shelf} to refer to", entry, OF_A_BODY, CONTENTS[shelf], [id_, _KEY]
        )
        look = _operation(f"newest_{shelf}", f"The newest version of {shelf}", entry, OF_A_LOOK, parameters=[id_])
        one = _operation(f"version_of_{shelf}", f"A version of {shelf}", entry, OF_A_LOOK, parameters=[id_, version])
        paths[f"/api/v1/{shelf}/{{id}}"] = {"put": write, "get": look}
        paths[f"/api/v1/{shelf}/{{id}}/versions/{{version}}"] = {"get": one}
    return paths


def _order_paths() -> Json:
    """Optimizations that are carried out later, and events."""
    id_, document = _parameter("optimization_id", LONGEST_TEXT), _reference("OptimizationDocument")
    address = "/api/v1/optimizations/{optimization_id}"
    create = _operation(
        "create_optimization", "Accept an optimization", _reference("Accepted"), (404, *OF_A_BODY),
        _reference("CreateOptimization"), [_KEY], "202",
    )  # fmt: skip
    create["responses"]["202"]["headers"] = {"Location": {"schema": {"type": "string"}, "required": True}}
    cancel = _operation("cancel_optimization", "Call it off", document, (*OF_A_LOOK, 409), parameters=[id_])
    follow = _stream("follow_optimization", "Progress as server-sent events, until it ended", [id_])
    return {
        "/api/v1/optimizations": {
            "post": create,
            "get": _operation(
                "list_optimizations",
                "Optimizations that were ordered, newest first",
                _reference("OptimizationList"),
                OF_A_LOOK,
                parameters=_PAGE,
            ),
        },
        address: {
            "get": _operation("read_optimization", "What came of it", document, OF_A_LOOK, parameters=[id_]),
            "delete": cancel,
        },
        f"{address}/events": {"get": follow},
        "/api/v1/events": {"get": _stream("follow_events", "What happened, as server-sent events", [_LAST])},
    }


def _stream(name: str, summary: str, parameters: Sequence[Json]) -> Json:
    operation = _operation(name, summary, {"type": "string"}, OF_A_LOOK, parameters=parameters)
    parts: Json = {name: {"type": "string"} for name in ("id", "event", "data")}
    event: Json = {"type": "object", "properties": parts, "required": ["event", "data"]}
    operation["responses"]["200"]["content"] = {"text/event-stream": {"schema": event}}
    return operation


def _query(name: str, schema: Json, where: str = "query") -> Json:
    return {"name": name, "in": where, "required": False, "schema": schema}


_KEY = _query("Idempotency-Key", {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"}, "header")
_LAST = _query("Last-Event-ID", {"type": "integer", "minimum": 0, "maximum": 2**62}, "header")
_PAGE = [
    _query("portfolio_id", {"type": "string"}),
    _query("status", {"type": "string", "enum": sorted(STAGES)}),
    _query("limit", {"type": "integer", "minimum": 1, "maximum": LARGEST_PAGE}),
    _query("cursor", {"type": "string", "pattern": "^[1-9][0-9]{0,17}$"}),
]
_VERSION: Json = {"name": "version", "in": "path", "required": True, "schema": {"type": "integer", "minimum": 1}}


def _operation(
    name: str,
    summary: str,
    schema: Json,
    problems: tuple[int, ...],
    body: Json | None = None,
    parameters: Sequence[Json] = (),
    status: str = "200",
) -> Json:
    responses: Json = {status: {"description": "Done.", "content": {"application/json": {"schema": schema}}}}
    responses |= {str(status): _problem_response(status) for status in problems}
    operation: Json = {"operationId": name, "summary": summary, "responses": responses}
    if parameters:
        operation["parameters"] = list(parameters)
    if body is not None:
        content = {"application/json": {"schema": body, **_EXAMPLES.get(name, {})}}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


_EXAMPLES: dict[str, Json] = {"optimize": {"example": EXAMPLE}, "optimize_batch": {"example": [EXAMPLE]}}


def _problem_response(status: int) -> Json:
    kinds = [kind for kind in (*KINDS.values(), *HTTP_KINDS) if kind.status == status]
    listed = "; ".join(f"`{kind.type}`: {kind.title}" for kind in kinds) or INTERNAL.title
    response: Json = {"description": listed, "content": {MEDIA_TYPE: {"schema": _reference("Problem")}}}
    if status == 429:  # noqa: PLR2004 - Too Many Requests
        response["headers"] = {
            "Retry-After": {"description": "Seconds.", "schema": {"type": "integer", "minimum": 0}, "required": True}
        }
    return response


def _parameter(name: str, longest: int) -> Json:
    schema = {"type": "string", "minLength": 1, "maxLength": longest, "pattern": "^[^/]+$"}
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _reference(name: str) -> Json:
    return {"$ref": REFERENCE.format(name=name)}


def _as_3_0(schema: Any) -> Any:  # noqa: ANN401 - JSON of any depth
    """A schema of JSON Schema 2020-12 in the words of OpenAPI 3.0."""
    if isinstance(schema, list):
        return [_as_3_0(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    translated = {key: _as_3_0(part) for key, part in schema.items() if key not in ("examples", "required")}
    if schema.get("required"):
        translated["required"] = schema["required"]
    if schema.get("examples") and isinstance(schema["examples"], list):
        translated["example"] = schema["examples"][0]
    for word, bound in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if word in schema and not isinstance(schema[word], bool | dict):
            translated |= {bound: schema[word], word: True}
    return _without_null(_without_siblings(translated))


def _without_siblings(schema: Json) -> Json:
    """In 3.0 a reference stands alone; what stood beside it moves around it."""
    if "$ref" not in schema or len(schema) == 1:
        return schema
    return {"allOf": [{"$ref": schema["$ref"]}], **{key: part for key, part in schema.items() if key != "$ref"}}


def _without_null(schema: Json) -> Json:
    """In 3.0 null is no type but a property of one."""
    members = schema.get("anyOf")
    if not isinstance(members, list) or {"type": "null"} not in members:
        return schema
    others = [member for member in members if member != {"type": "null"}]
    rest = {key: part for key, part in schema.items() if key != "anyOf"}
    if len(others) == 1 and "$ref" not in others[0]:
        return {**rest, **others[0], "nullable": True}
    return {**rest, "allOf" if len(others) == 1 else "anyOf": others, "nullable": True}
