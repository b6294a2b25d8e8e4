"""The reference says what the service does: its examples run, its tables are whole, its defaults are the defaults."""

import json
import re
from typing import Any

import httpx
import msgspec
import pytest

from tangency.adapters.document import answer, request
from tangency.adapters.rest.kinds import ALL_KINDS
from tangency.adapters.settings import Settings
from tests.architecture.source_tree import REPOSITORY

REFERENCE = (REPOSITORY / "docs" / "rest.md").read_text()
SETTINGS = (REPOSITORY / "docs" / "settings.md").read_text()
ROWS = dict(re.findall(r"^\| `TANGENCY_(\w+)` \| (\S+) \|", SETTINGS, flags=re.MULTILINE))
LIMITS = re.findall(r"^\|[^|]+\| ([\d,]+) \| `TANGENCY_(\w+)` \|", REFERENCE, flags=re.MULTILINE)
PASSING = {"optimization_time_ms", "optimization_id", "answered_at", "time_ms", "versions", "problem_hash", "version"}


def example(kind: str) -> dict[str, Any]:
    found = re.search(rf"```json {kind}\n(.*?)```", REFERENCE, flags=re.DOTALL)
    assert found
    document: dict[str, Any] = json.loads(found[1])
    return document


def lasting(document: Any) -> Any:
    """The document without what differs from run to run, figures to nine digits."""
    if isinstance(document, dict):
        return {key: lasting(part) for key, part in document.items() if key not in PASSING}
    if isinstance(document, list):
        return [lasting(part) for part in document]
    return pytest.approx(document, rel=1e-7, abs=1e-9) if isinstance(document, float) else document


def test_the_request_of_the_reference_has_the_answer_of_the_reference(http: httpx.Client) -> None:
    response = http.post("/api/v1/optimize", json=example("request"))
    assert response.status_code == 200
    shown = example("answer")
    served = response.json()
    assert served["provenance"].keys() == shown["provenance"].keys()
    assert served["provenance"]["versions"].keys() == shown["provenance"]["versions"].keys()
    for document in (served, shown):
        for attempt in document["provenance"]["attempts"]:
            attempt.pop("iterations")
    assert lasting(served) == lasting(shown)


def test_the_infeasible_request_has_the_problem_of_the_reference(http: httpx.Client) -> None:
    document = example("request")
    document["constraints"]["turnover_limit"] = 0.1
    response = http.post("/api/v1/optimize", json=document)
    assert lasting(response.json()) == lasting(example("problem"))


def test_every_problem_type_is_in_the_reference_with_its_status() -> None:
    listed = dict(re.findall(r"^\| `/problems/([\w-]+)` \| (\d{3}) \|", REFERENCE, flags=re.MULTILINE))
    assert listed == {slug: str(kind.status) for slug, kind in ALL_KINDS.items()}


@pytest.mark.parametrize(
    "struct",
    [
        request.OptimizationRequest,
        request.StrategyDefinition,
        request.OptimizationConstraints,
        request.RiskParameters,
        answer.OptimizationResponse,
        answer.OptimizationMetadata,
        answer.CertificateDocument,
        answer.Why,
        answer.ProvenanceDocument,
    ],
)
def test_every_field_is_in_the_reference(struct: type[msgspec.Struct]) -> None:
    prose = re.sub(r"```json.*?```", "", REFERENCE, flags=re.DOTALL)
    missing = [field for field in struct.__struct_fields__ if f"`{field}`" not in prose]
    assert missing in ([], ["portfolio_id"])


def test_the_limits_of_the_reference_are_the_defaults() -> None:
    assert len(LIMITS) == 8
    for value, name in LIMITS:
        assert float(value.replace(",", "")) == getattr(Settings(), name.lower())


def test_every_setting_is_listed_with_its_default() -> None:
    defaults = {
        field.name.upper(): "empty" if field.default in ("", ()) else str(field.default).removesuffix(".0").lower()
        for field in msgspec.structs.fields(Settings)
    }
    assert {name: value.strip("`") for name, value in ROWS.items()} == defaults
