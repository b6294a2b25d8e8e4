"""What each shelf of the library holds, as schemas."""

from __future__ import annotations

from typing import Any

from tangency.domain.library.entry import Shelf

Json = dict[str, Any]

_BY_NAME: Json = {"type": "object", "minProperties": 1, "additionalProperties": {"type": "number"}}
_RETURNS: Json = {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "number"}}}
_GAPPED: Json = {"type": "array", "items": {"type": "number", "nullable": True}}
_DATED: Json = {
    "type": "object",
    "properties": {
        "frequency": {"type": "string", "enum": ["daily", "monthly"]},
        "dates": {"type": "array", "minItems": 1, "items": {"type": "string", "format": "date"}},
        "returns": {"type": "object", "minProperties": 1, "additionalProperties": _GAPPED},
        "risk_free": _GAPPED,
    },
    "required": ["frequency", "dates", "returns"],
    "additionalProperties": False,
}
CONTENTS: dict[Shelf, Json] = {
    Shelf.VIEWS: {"type": "array", "items": {"anyOf": [{"type": "string"}, {"type": "object"}]}},
    Shelf.BUDGETS: _BY_NAME,
    Shelf.SCORES: {"type": "object", "additionalProperties": _BY_NAME},
    Shelf.FACTORS: {"anyOf": [_RETURNS, _DATED]},
    Shelf.MODELS: {**_BY_NAME, "description": "Weights by name; they sum to 1."},
}
"""What each shelf holds."""
