"""What happens when a client disconnects: its solve is stopped, and its database work still ends in good order.

Cancelling a task inside a database call would leave a connection in an unknown state. So the work itself is never
cancelled; only its solves are, and the handler then ends with :class:`NobodyWaits`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from tangency.application.message import Message, Result
from tangency.application.service import Service
from tangency.domain.errors import TangencyError
from tangency.domain.frontier.frontier import Curve
from tangency.domain.frontier.question import FrontierQuestion
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.solution import Solution
from tangency.domain.optimization.solver_pool import SolverPool

Solved = TypeVar("Solved")


class NobodyWaits(TangencyError):
    """The client has disconnected; nothing is kept."""


async def handled_while_awaited(service: Service, message: Message[Result]) -> Result:
    """Handle a message. If this call is cancelled, the running solve is stopped and no further one starts."""
    left = asyncio.Event()
    solvers = SolversWhileAwaited(service.context.solvers, left)
    work = asyncio.create_task(Service(replace(service.context, solvers=solvers)).handle(message))
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        left.set()
        await asyncio.gather(work, return_exceptions=True)
        raise


@dataclass(frozen=True, slots=True)
class SolversWhileAwaited:
    """A ``SolverPool`` whose solves stop once ``left`` is set."""

    solvers: SolverPool
    left: asyncio.Event

    async def solve(self, problem: Problem, deadline_s: float) -> Solution:
        """Solve; see the port.

        Raises:
            NobodyWaits: it was stopped.
        """
        return await self._unless_left(self.solvers.solve(problem, deadline_s))

    async def trace(self, problem: Problem, question: FrontierQuestion, deadline_s: float) -> Curve:
        """Trace; see the port.

        Raises:
            NobodyWaits: it was stopped.
        """
        return await self._unless_left(self.solvers.trace(problem, question, deadline_s))

    async def _unless_left(self, work: Coroutine[Any, Any, Solved]) -> Solved:
        solving, leaving = asyncio.create_task(work), asyncio.create_task(self.left.wait())
        try:
            await asyncio.wait({solving, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if leaving.done():
                raise NobodyWaits("the client has disconnected.")
            return await solving
        finally:
            solving.cancel()
            leaving.cancel()
            await asyncio.gather(solving, leaving, return_exceptions=True)
