"""Columns keep what they are given, or refuse it: nothing is lost in silence."""

import json
import math
import struct
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import sqlite

from tangency.adapters.sql.column_types import FiniteFloat, UtcDateTime, to_json

DIALECT = sqlite.dialect()
ZONES = st.sampled_from([UTC, timezone(timedelta(hours=2)), timezone(-timedelta(hours=9, minutes=30))])


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_column_of_numbers_takes_numbers(value: float) -> None:
    with pytest.raises(ValueError, match="not a finite number"):
        FiniteFloat().process_bind_param(value, DIALECT)
    with pytest.raises(ValueError, match="not JSON compliant"):
        to_json({"a": [value]})
    with pytest.raises(ValueError, match="not JSON compliant"):
        to_json({"a": [None, value]})


LOOKS_INFINITE = struct.unpack(">d", b"\x3f\xcb\x7f\xf0\x00\x00\x00\x00")[0]


@pytest.mark.parametrize("value", [0.1, -1e150, LOOKS_INFINITE, "null", "\u02ff"])
def test_a_null_beside_finite_numbers_is_kept_to_the_letter(value: object) -> None:
    document = {"a": None, "b": [value]}
    assert json.loads(to_json(document)) == document


def test_none_stays_none() -> None:
    assert FiniteFloat().process_bind_param(None, DIALECT) is None
    assert UtcDateTime().process_bind_param(None, DIALECT) is None
    assert UtcDateTime().process_result_value(None, DIALECT) is None


@given(st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2200, 1, 1), timezones=ZONES))  # noqa: DTZ001 - hypothesis adds the zone
def test_a_moment_comes_back_as_the_same_moment_in_utc(moment: datetime) -> None:
    bound = UtcDateTime().process_bind_param(moment, DIALECT)
    assert bound is not None
    back = UtcDateTime().process_result_value(bound.replace(tzinfo=None), DIALECT)  # as SQLite gives it back
    assert back == moment
    assert back.tzinfo is UTC
    assert UtcDateTime().process_result_value(moment, DIALECT) == moment


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="has no time zone"):
        UtcDateTime().process_bind_param(datetime(2026, 1, 1), DIALECT)  # noqa: DTZ001 - that is the point
