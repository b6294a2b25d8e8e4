"""What others are told about a factor analysis."""

from __future__ import annotations

from dataclasses import asdict

from tangency.domain.clock import IdGenerator
from tangency.domain.event import Event, announcement, stamp
from tangency.domain.factors.analysis import FactorAnalysis

COMPLETED = "factor_analysis_completed"


def completed(analysis: FactorAnalysis, ids: IdGenerator) -> Event:
    """The event of an analysis that was made: exposures and attribution, as the contract has them."""
    told = {
        "analysis_id": analysis.analysis_id,
        "portfolio_id": analysis.portfolio_id,
        "as_of": stamp(analysis.as_of),
        "factors": list(analysis.factors),
        "exposures": [asdict(row) for row in analysis.findings.exposures],
        "attribution": [asdict(row) for row in analysis.findings.attribution],
    }
    return announcement(COMPLETED, analysis.analysis_id, analysis.created_at, ids, told)
