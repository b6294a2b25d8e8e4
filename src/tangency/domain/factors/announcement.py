"""What others are told about a factor analysis."""

from __future__ import annotations

from dataclasses import asdict

from tangency.domain.clock import IdGenerator
from tangency.domain.event import Event
from tangency.domain.factors.analysis import FactorAnalysis

COMPLETED = "factor_analysis_completed"


def completed(analysis: FactorAnalysis, ids: IdGenerator) -> Event:
    """The event of an analysis that was made: exposures and attribution, as the contract has them."""
    stamp, as_of = (
        at.isoformat(timespec="milliseconds").replace("+00:00", "Z") for at in (analysis.created_at, analysis.as_of)
    )
    told = {
        "analysis_id": analysis.analysis_id,
        "portfolio_id": analysis.portfolio_id,
        "as_of": as_of,
        "factors": list(analysis.factors),
        "exposures": [asdict(row) for row in analysis.findings.exposures],
        "attribution": [asdict(row) for row in analysis.findings.attribution],
    }
    payload = {"event_id": str(ids.new()), "timestamp": stamp, COMPLETED: told}
    return Event(COMPLETED, analysis.analysis_id, analysis.created_at, payload)
