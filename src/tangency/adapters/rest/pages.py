"""The description for programs and for people. The page and everything it loads come from this service alone."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import get
from litestar.params import FromPath

from tangency.adapters.rest.exchange import Incoming, Outgoing
from tangency.adapters.rest.kinds import NOT_FOUND
from tangency.adapters.rest.problems import refusal

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Tangency REST API</title>
<link rel="icon" type="image/png" href="/schema/ui/favicon-32x32.png">
<link rel="stylesheet" href="/schema/ui/swagger-ui.css">
</head>
<body>
<div id="description"></div>
<script src="/schema/ui/swagger-ui-bundle.js"></script>
<script src="/schema/ui/start.js"></script>
</body>
</html>
"""

START = """SwaggerUIBundle({
  url: "/schema/openapi.json",
  dom_id: "#description",
  deepLinking: true,
  validatorUrl: null,
});
"""

POLICY = "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'"
"""The browser itself refuses whatever the page might want from elsewhere."""

SCRIPT = "text/javascript; charset=utf-8"
FILES = {
    "swagger-ui.css": "text/css; charset=utf-8",
    "swagger-ui-bundle.js": SCRIPT,
    "favicon-32x32.png": "image/png",
}


@get("/schema/openapi.json")
async def description(request: Incoming) -> Outgoing:
    """The description as JSON."""
    return Outgoing(request.app.state.description)


@get("/schema")
async def page(request: Incoming) -> Outgoing:
    """The description as a page; as JSON for those who ask for that."""
    if "application/json" in request.headers.get("accept", ""):
        return Outgoing(request.app.state.description)
    return _served(PAGE.encode(), "text/html; charset=utf-8")


@get("/schema/ui/{name:str}")
async def part_of_page(name: FromPath[str]) -> Outgoing:
    """What the page loads."""
    if name == "start.js":
        return _served(START.encode(), SCRIPT)
    if name not in FILES:
        return refusal(NOT_FOUND, f"{name[:100]!r} is not a part of the page.")
    from swagger_ui_bundle import swagger_ui_path

    return _served((swagger_ui_path / name).read_bytes(), FILES[name])


def _served(content: bytes, media_type: str) -> Outgoing:
    return Outgoing(content, media_type=media_type, headers={"Content-Security-Policy": POLICY})


def encoded(document: dict[str, Any]) -> bytes:
    """The description, written once."""
    return msgspec.json.encode(document)


HANDLERS = (description, page, part_of_page)
