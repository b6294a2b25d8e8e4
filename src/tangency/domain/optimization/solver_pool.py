"""The port for solving problems outside the calling process."""

from __future__ import annotations

from typing import Protocol

from tangency.domain.frontier.frontier import Curve
from tangency.domain.frontier.question import FrontierQuestion
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.solution import Solution


class SolverPool(Protocol):
    """Solves problems side by side, each isolated from the others and from the caller."""

    async def solve(self, problem: Problem, deadline_s: float) -> Solution:
        """A checked solution with its provenance, whatever its status.

        Args:
            problem: what to solve.
            deadline_s: seconds from now, the wait for a free solver included.

        Raises:
            InvalidInput: what was asked cannot be solved by the method, or cannot be estimated.
            TimeLimitReached: the deadline passed.
            ResourcesExhausted: the solve outgrew its memory or processor limit.
            MethodCrashed: the method, or an estimator, raised or took its process down.
            NoFreeSolver: every solver is busy and the queue is full, or the deadline passed in the queue.
            PluginError: the method or an estimator cannot be loaded.
        """

    async def trace(self, problem: Problem, question: FrontierQuestion, deadline_s: float) -> Curve:
        """A checked frontier with its provenance.

        Args:
            problem: least risk within the limits.
            question: what is asked of the frontier.
            deadline_s: as for a problem.

        Raises:
            InvalidInput: an end is out of reach; and whatever a problem raises.
            NoAnswer: there is no frontier, or no proof of it.
        """
