"""How a solver's run ended: its own word in ours, which attempts carry, and ours as the status of a proposal."""

from __future__ import annotations

from collections.abc import Mapping

from tangency.domain.optimization.proposal import Status

CLARABEL: Mapping[str, str] = {
    "Solved": "solved",
    "AlmostSolved": "almost_solved",
    "PrimalInfeasible": "infeasible",
    "AlmostPrimalInfeasible": "infeasible",
    "DualInfeasible": "unbounded",
    "AlmostDualInfeasible": "unbounded",
    "MaxTime": "time_limit",
    "MaxIterations": "iteration_limit",
}
"""Our words for Clarabel's; any other is a numerical error."""

_STATUS: Mapping[str, Status] = {
    "solved": Status.OPTIMAL,
    "almost_solved": Status.OPTIMAL,
    "infeasible": Status.INFEASIBLE,
    "unbounded": Status.UNBOUNDED,
    "time_limit": Status.TIME_LIMIT,
}


def status_of(word: str) -> Status:
    """The status of a proposal whose solver ended with that word of ours; whether it is optimal is judged later."""
    return _STATUS.get(word, Status.NUMERICAL_ERROR)
