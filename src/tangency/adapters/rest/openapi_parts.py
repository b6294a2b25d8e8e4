"""The parts of an OpenAPI 3.0 description."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tangency.adapters.document.problem import INTERNAL, KINDS
from tangency.adapters.rest.kinds import HTTP_KINDS, MEDIA_TYPE

Json = dict[str, Any]

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

_EXAMPLES: dict[str, Json] = {"optimize": {"example": EXAMPLE}, "optimize_batch": {"example": [EXAMPLE]}}


def described(
    name: str,
    summary: str,
    schema: Json,
    problems: tuple[int, ...],
    body: Json | None = None,
    parameters: Sequence[Json] = (),
    status: str = "200",
) -> Json:
    """What an address does for a method: what it takes, gives, and is refused with."""
    responses: Json = {status: {"description": "Done.", "content": {"application/json": {"schema": schema}}}}
    responses |= {str(status): _problem_response(status) for status in problems}
    operation: Json = {"operationId": name, "summary": summary, "responses": responses}
    if parameters:
        operation["parameters"] = list(parameters)
    if body is not None:
        content = {"application/json": {"schema": body, **_EXAMPLES.get(name, {})}}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def streamed(name: str, summary: str, parameters: Sequence[Json]) -> Json:
    """An operation that answers with server-sent events."""
    operation = described(name, summary, {"type": "string"}, OF_A_LOOK, parameters=parameters)
    parts: Json = {name: {"type": "string"} for name in ("id", "event", "data")}
    event: Json = {"type": "object", "properties": parts, "required": ["event", "data"]}
    operation["responses"]["200"]["content"] = {"text/event-stream": {"schema": event}}
    return operation


def or_accepted(operation: Json) -> Json:
    """An operation that becomes an order where it is too heavy to be waited for."""
    operation["responses"]["202"] = ACCEPTED
    return operation


def with_tag(operation: Json) -> Json:
    """An operation whose answer has an ETag, and which answers 304 to whoever has it."""
    header = {"name": "If-None-Match", "in": "header", "required": False, "schema": {"type": "string"}}
    operation["parameters"] = [*operation["parameters"], header]
    operation["responses"]["200"]["headers"] = {"ETag": {"schema": {"type": "string"}, "required": True}}
    operation["responses"]["304"] = {"description": "As the header If-None-Match says."}
    return operation


def in_query(name: str, schema: Json, where: str = "query") -> Json:
    """A parameter that may be left out."""
    return {"name": name, "in": where, "required": False, "schema": schema}


def in_path(name: str, longest: int) -> Json:
    """A step of the path: text that ends before the next slash."""
    schema = {"type": "string", "minLength": 1, "maxLength": longest, "pattern": "^[^/]+$"}
    return {"name": name, "in": "path", "required": True, "schema": schema}


def schema_of(name: str) -> Json:
    """The schema of that name."""
    return {"$ref": REFERENCE.format(name=name)}


ACCEPTED: Json = {
    "description": "Accepted: it is carried out later, and read at `Location`.",
    "content": {"application/json": {"schema": schema_of("Accepted")}},
    "headers": {"Location": {"schema": {"type": "string"}, "required": True}},
}


def _problem_response(status: int) -> Json:
    kinds = [kind for kind in (*KINDS.values(), *HTTP_KINDS) if kind.status == status]
    listed = "; ".join(f"`{kind.type}`: {kind.title}" for kind in kinds) or INTERNAL.title
    response: Json = {"description": listed, "content": {MEDIA_TYPE: {"schema": schema_of("Problem")}}}
    if status == 429:  # noqa: PLR2004 - Too Many Requests
        response["headers"] = {
            "Retry-After": {"description": "Seconds.", "schema": {"type": "integer", "minimum": 0}, "required": True}
        }
    return response


def as_3_0(schema: Any) -> Any:  # noqa: ANN401 - JSON of any depth
    """A schema of JSON Schema 2020-12 in the words of OpenAPI 3.0."""
    if isinstance(schema, list):
        return [as_3_0(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    translated = {key: as_3_0(part) for key, part in schema.items() if key not in ("examples", "required")}
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
