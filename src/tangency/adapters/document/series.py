"""The series of a portfolio as documents, and the questions about it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta

from tangency.application.series import History, ReadHistory
from tangency.domain.errors import Fault, InvalidInput, hint
from tangency.domain.optimization.identity import spelled
from tangency.domain.series.point import Interval, Mark, Period, SeriesPoint, Span

PAGE, LARGEST_PAGE = 100, 1000
DAYS = 90
"""Looked back over where nobody says from when."""
EARLIEST = datetime(1970, 1, 5, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)
NOBODY = UUID(int=0)
"""Before every id: a page of intervals ends at a moment, not at a point."""
QUERY = frozenset({"from", "to", "interval", "limit", "cursor"})


class HistoryPeriod(msgspec.Struct, frozen=True, kw_only=True):
    """The optimizations of one interval; the figures beside it are those of the last."""

    start: datetime
    count: Annotated[int, Meta(ge=1)]
    mean_optimization_time_ms: float
    longest_optimization_time_ms: float


class HistoryPoint(msgspec.Struct, frozen=True, kw_only=True):
    """What an optimization came to when it ended."""

    timestamp: datetime
    optimization_id: str
    optimal_weights: dict[str, float]
    expected_return: float | None
    expected_volatility: float | None
    sharpe_ratio: float | None
    optimization_metadata: dict[str, Any]
    period: Annotated[HistoryPeriod | None, Meta(description="Null unless an interval was asked for.")]


class HistoryResponse(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the series of a portfolio, oldest first."""

    portfolio_id: str
    from_: datetime = msgspec.field(name="from")
    to: datetime
    interval: str | None
    points: list[HistoryPoint]
    latest: Annotated[HistoryPoint, Meta(description="The newest point of all, even outside the range.")]
    next_cursor: Annotated[str | None, Meta(description="Cursor of the next page; null on the last one.")]


def history_asked_by(portfolio_id: str, query: Mapping[str, str], now: datetime) -> tuple[ReadHistory, datetime]:
    """The question of a query, for a page of it, and the end of the whole span.

    Raises:
        InvalidInput: every parameter that cannot be used.
    """
    faults: list[Fault] = []
    end = _moment(query.get("to"), "to", faults) or now + timedelta(seconds=1)
    start = _moment(query.get("from"), "from", faults) or end - timedelta(days=DAYS)
    interval, limit = _interval(query.get("interval"), faults), _limit(query.get("limit"), faults)
    after = _mark(query.get("cursor"), faults)
    if not faults and start >= end:
        faults.append(Fault(("from",), f"is {start.isoformat()}, which is not before to; turn them round.", "range"))
    if faults:
        raise InvalidInput(faults)
    if interval is None:
        return ReadHistory(Span(portfolio_id, start, end, limit + 1, after), None), end
    first = max(start, after.timestamp) if after else start
    last = interval.start(interval.number(first) + limit)
    return ReadHistory(Span(portfolio_id, first, min(end, last), limit), interval), end


def response_of_history(asked: ReadHistory, end: datetime, found: History) -> HistoryResponse:
    """A page of the series.

    Args:
        asked: by :func:`history_asked_by`.
        end: of the whole span.
        found: what was read.
    """
    span, interval = asked.span, asked.interval
    if interval is None:
        page = found.points[: span.limit - 1]
        more = _cursor(page[-1].timestamp, page[-1].optimization_id) if len(found.points) > len(page) else None
        points = [_document(point) for point in page]
    else:
        more = _cursor(span.end, NOBODY) if span.end < end else None
        points = [_document(period.last, period) for period in found.periods]
    return HistoryResponse(
        portfolio_id=span.portfolio_id,
        from_=span.start,
        to=end,
        interval=interval and interval.value,
        points=points,
        latest=_document(found.latest),
        next_cursor=more,
    )


def _document(point: SeriesPoint, period: Period | None = None) -> HistoryPoint:
    return HistoryPoint(
        timestamp=point.timestamp,
        optimization_id=spelled(point.optimization_id),
        optimal_weights=dict(point.optimal_weights),
        expected_return=point.expected_return,
        expected_volatility=point.expected_volatility,
        sharpe_ratio=point.sharpe_ratio,
        optimization_metadata=dict(point.optimization_metadata),
        period=None if period is None else _period(period),
    )


def _period(period: Period) -> HistoryPeriod:
    return HistoryPeriod(
        start=period.start,
        count=period.count,
        mean_optimization_time_ms=period.mean_time_ms,
        longest_optimization_time_ms=period.longest_time_ms,
    )


def _moment(text: str | None, name: str, faults: list[Fault]) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text.replace(" ", "+"))  # a plus that nobody escaped arrives as a space
        moment = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        moment = None
    if moment is None or not EARLIEST <= moment <= LATEST:
        words = f"is {text[:100]!r}; give a moment from 1970-01-05 to 2200-01-01, such as 2026-01-31T09:30:00Z."
        faults.append(Fault((name,), words, "range"))
        return None
    return moment


def _interval(text: str | None, faults: list[Fault]) -> Interval | None:
    known: Sequence[str] = [interval.value for interval in Interval]
    if text is None or text in known:
        return None if text is None else Interval(text)
    faults.append(Fault(("interval",), f"{text[:100]!r} is not an interval; {hint(text[:100], known)}", "unknown"))
    return None


def _limit(text: str | None, faults: list[Fault]) -> int:
    if text is None:
        return PAGE
    if text.isascii() and text.isdigit() and len(text) < 6 and 1 <= int(text) <= LARGEST_PAGE:  # noqa: PLR2004 - digits
        return int(text)
    words = f"is {text[:100]!r}; give a whole number from 1 to {LARGEST_PAGE}."
    faults.append(Fault(("limit",), words, "range"))
    return PAGE


def _cursor(moment: datetime, identity: UUID) -> str:
    written = f"{moment.isoformat()}|{identity.hex}"
    return base64.urlsafe_b64encode(written.encode()).decode().rstrip("=")


def _mark(text: str | None, faults: list[Fault]) -> Mark | None:
    if text is None:
        return None
    try:
        written = base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True).decode("ascii")
        moment, _, identity = written.partition("|")
        mark = Mark(datetime.fromisoformat(moment).astimezone(UTC), UUID(hex=identity))
    except (ValueError, OverflowError, binascii.Error):
        words = f"is {text[:100]!r}, which no page gave; leave it out, or give the next_cursor of a page."
        faults.append(Fault(("cursor",), words, "unknown"))
        return None
    return mark
