"""Whatever the description allows, and much that it does not, is answered as the description says."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, seed, settings
from schemathesis.config import SchemathesisConfig

from tangency.adapters.rest.openapi import description
from tangency.adapters.settings import Settings
from tests.support.server import served

LIMITS: dict[str, Any] = {"batch_limit": 5, "stream_s": 0.05}
CONFIGURATION = SchemathesisConfig.from_dict(
    {"checks": {"positive_data_acceptance": {"expected-statuses": ["2xx", "401", "403", "404", "422", "429"]}}}
)
"""A request may be well formed and ask for what is not there, or for what contradicts itself: that is 422."""

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "8"))
"""For each operation, of which there are forty; a search for more is asked for by the variable."""

schema = schemathesis.openapi.from_dict(description(Settings(**LIMITS), "0"), config=CONFIGURATION)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(tmp_path_factory.mktemp("fuzzed"), **LIMITS) as address:
        yield address


@schema.parametrize()
@seed(20260102)
@settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
def test_the_service_is_as_it_is_described(case: schemathesis.Case[Any], address: str) -> None:
    case.call_and_validate(base_url=address)
