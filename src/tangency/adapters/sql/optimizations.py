"""Optimizations as rows."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from tangency.adapters.sql.column_types import to_json
from tangency.adapters.sql.matrices import Freezer, FrozenMatrix, references, thaw, thaw_matrix
from tangency.adapters.sql.projections import OPTIMIZATIONS
from tangency.adapters.sql.schema import (
    KnownPortfolio,
    OptimizationConfiguration,
    OptimizationRequest,
    OptimizationResult,
    PortfolioOptimization,
    StoredMatrix,
)
from tangency.adapters.sql.solutions import columns_in, columns_of, metadata_of, solution_of
from tangency.adapters.sql.statements import insert_matrix, insert_numbered, insert_unless_there
from tangency.adapters.sql.writes import Writes
from tangency.domain.numbers import Matrix
from tangency.domain.optimization.identity import identity_of, spelled
from tangency.domain.optimization.optimization import Answer, Configuration, Optimization, Stage, Turnover
from tangency.domain.optimization.problem import Problem

NEVER_STARTED: Mapping[str, Any] = {"optimization_metadata": {"time_ms": 0.0}, "unused_inputs": ()}
"""What is known of the solve of an order that was cancelled, or whose workers were lost."""


class SqlOptimizations:
    """The repository, within one transaction.

    Attributes:
        written: digests and ids of what equal requests share and this transaction holds.
    """

    def __init__(self, session: AsyncSession, tenant: str, freezer: Freezer, writes: Writes) -> None:
        self._session, self._tenant, self._freezer, self._writes = session, tenant, freezer, writes
        self._database = writes.database
        self.written: set[str] = set()

    async def add(self, optimization: Optimization) -> None:
        """Keep an optimization that has ended and was answered at once: its request, and its result if it completed."""
        document, configuration_id = await self.keep_problem(optimization)
        asked, ended = optimization.configuration, optimization.ended_at
        request = {
            **self.asked(optimization),
            "configuration_id": configuration_id,
            "ordered": False,
            "optimization_type": asked.method,
            "objective": asked.objective,
            "risk_measure": optimization.problem.risk_measure,
            "constraints": dict(asked.constraints),
            "preferences": dict(asked.risk_parameters),
            "problem": dict(document),
            **ending(optimization),
            "updated_at": ended,
        }
        self._writes.later(insert_numbered(OptimizationRequest, self._database), request)
        self.keep_result(optimization, None)
        self.project(optimization.id)

    def project(self, identity: UUID) -> None:
        """Write what is read of an optimization."""
        self._writes.later(OPTIMIZATIONS.upsert(self._database), OPTIMIZATIONS.of(self._tenant, spelled(identity)))

    def asked(self, optimization: Optimization) -> dict[str, Any]:
        """The columns of every request."""
        return {
            "tenant": self._tenant,
            "numbered_for": self._tenant,
            "id": spelled(optimization.id),
            "portfolio_id": optimization.portfolio_id,
            "attempt": 0,
            "progress": 0.0,
            "losses": [],
            "version": 1,
            "created_at": optimization.requested_at,
        }

    def keep_result(self, optimization: Optimization, report: Mapping[str, Any] | None) -> None:
        """Keep the answer, where there is one."""
        if optimization.answer is not None:
            own = {"tenant": self._tenant, "numbered_for": self._tenant}
            statement = insert_numbered(OptimizationResult, self._database)
            self._writes.later(statement, own | _result(optimization, optimization.answer, report))

    async def keep_problem(self, optimization: Optimization) -> tuple[Mapping[str, object], UUID]:
        """Keep what equal requests share; gives the document of the problem and the id of the configuration."""
        frozen = await self._freezer.frozen(optimization.problem)
        self._know(optimization.portfolio_id)
        for matrix in frozen.matrices:
            self._put_matrix(matrix, optimization)
        return frozen.document, self._put_configuration(optimization)

    def _know(self, portfolio_id: str) -> None:
        """A portfolio that is known stays so."""
        if known(portfolio_id) not in self._freezer.kept:
            row = {"tenant": self._tenant, "id": portfolio_id}
            self._writes.later(insert_unless_there(KnownPortfolio, self._database), row)
            self.written.add(known(portfolio_id))

    async def get(self, optimization_id: UUID) -> Optimization | None:
        """The optimization of that id, with its problem; None where there is none, or it has not ended."""
        return await self._one(OptimizationRequest.id == spelled(optimization_id))

    async def latest(self, portfolio_id: str) -> Optimization | None:
        """The last completed optimization of a portfolio, with its problem."""
        return await self._one(OptimizationResult.portfolio_id == portfolio_id)

    async def _one(self, condition: ColumnElement[bool]) -> Optimization | None:
        await self._writes.send()
        request, result = OptimizationRequest, OptimizationResult
        ours = (request.tenant == result.tenant) & (request.id == result.optimization_id)
        query = select(request, result).outerjoin(result, ours)
        query = query.where(request.tenant == self._tenant, request.completed_at.is_not(None), condition)
        rows = (await self._session.execute(query.order_by(result.sequence.desc()).limit(1))).first()
        return None if rows is None else await self._optimization(*rows)

    async def _optimization(self, row: OptimizationRequest, result: OptimizationResult | None) -> Optimization:
        problem = await self.problem_of(row.problem)
        kept = (row.failure or NEVER_STARTED) if result is None else columns_in(result)
        return Optimization(
            id=identity_of(row.id),
            portfolio_id=row.portfolio_id,
            configuration=await self.configuration_of(row.configuration_id),
            problem=problem,
            requested_at=row.created_at,
            stage=Stage(row.status),
            ended_at=row.completed_at,
            outcome=row.outcome,
            message=row.message,
            solution=solution_of(kept, row.message, problem.universe),
            time_ms=kept["optimization_metadata"]["time_ms"],
            unused_inputs=tuple(kept["unused_inputs"]),
            supplied=kept["optimization_metadata"].get("supplied", {}),
        )

    async def problem_of(self, document: Mapping[str, Any]) -> Problem:
        """The problem of a document that was kept."""
        return thaw(document, await self._matrices(references(document)))

    async def configuration_of(self, configuration_id: UUID) -> Configuration:
        """What was asked, without the data."""
        recent, key = self._freezer.configurations, str(configuration_id)
        known = recent.get(key)
        if known is not None:
            return known
        row = await self._session.get_one(OptimizationConfiguration, (self._tenant, configuration_id))
        asked = Configuration(row.objective, row.method, row.constraints, row.risk_parameters)
        recent.keep(key, asked)
        return asked

    async def _matrices(self, digests: tuple[str, ...]) -> dict[str, Matrix]:
        recent = self._freezer.matrices
        found = {digest: matrix for digest in digests if (matrix := recent.get(digest)) is not None}
        missing = [digest for digest in digests if digest not in found]
        if missing:
            query = select(StoredMatrix).where(StoredMatrix.tenant == self._tenant, StoredMatrix.digest.in_(missing))
            for row in await self._session.scalars(query):
                found[row.digest] = thaw_matrix(row.height, row.width, row.encoding, row.data)
                recent.keep(row.digest, found[row.digest], found[row.digest].nbytes)
        return found

    def _put_matrix(self, matrix: FrozenMatrix, optimization: Optimization) -> None:
        self.written.add(matrix.digest)
        if matrix.data is not None:
            row = {**matrix.columns, "tenant": self._tenant, "created_at": optimization.requested_at}
            self._writes.later(insert_matrix(self._database), row)

    def _put_configuration(self, optimization: Optimization) -> UUID:
        asked = optimization.configuration
        content: dict[str, Any] = {
            "portfolio_id": optimization.portfolio_id,
            "objective": asked.objective,
            "method": asked.method,
            "constraints": dict(asked.constraints),
            "risk_parameters": dict(asked.risk_parameters),
        }
        identity = uuid5(NAMESPACE_OID, hashlib.sha256(to_json(content).encode()).hexdigest())
        own = {"tenant": self._tenant, "id": identity, "enabled": True, "created_at": optimization.requested_at}
        if str(identity) not in self._freezer.kept:
            statement = insert_unless_there(OptimizationConfiguration, self._database)
            self._writes.later(statement, content | own)
            self.written.add(str(identity))
        return identity


def known(portfolio_id: str) -> str:
    """What stands for a portfolio among the digests and ids that are known to be kept."""
    return f"portfolio {portfolio_id}"


async def latest_answer(session: AsyncSession, tenant: str, portfolio_id: str) -> Answer | None:
    """The last answer for a portfolio, without its problem."""
    return await _answer(session, tenant, PortfolioOptimization.portfolio_id == portfolio_id)


async def read_answer(session: AsyncSession, tenant: str, optimization_id: UUID) -> Answer | None:
    """The answer of an optimization, without its problem."""
    return await _answer(session, tenant, PortfolioOptimization.optimization_id == spelled(optimization_id))


async def _answer(session: AsyncSession, tenant: str, condition: ColumnElement[bool]) -> Answer | None:
    query = select(PortfolioOptimization).where(
        PortfolioOptimization.tenant == tenant, condition, PortfolioOptimization.answered.is_not(None)
    )
    row = await session.scalar(query.order_by(PortfolioOptimization.answered.desc()).limit(1))
    return None if row is None else answer_of(row)


def answer_of(row: PortfolioOptimization) -> Answer | None:
    """The answer of a row; None where there is none."""
    solution = None if row.answered is None else solution_of(columns_in(row), row.message)
    if solution is None or row.completed_at is None or row.optimization_metadata is None:
        return None
    metadata = row.optimization_metadata
    return Answer(
        optimization_id=identity_of(row.optimization_id),
        portfolio_id=row.portfolio_id,
        solution=solution,
        time_ms=metadata["time_ms"],
        turnover=None if metadata["turnover"] is None else Turnover(**metadata["turnover"]),
        unused_inputs=tuple(row.unused_inputs or ()),
        answered_at=row.completed_at,
        supplied=metadata.get("supplied", {}),
    )


def ending(optimization: Optimization) -> dict[str, Any]:
    """The columns that the end of an optimization fills in its request."""
    failed = optimization.answer is None
    return {
        "status": optimization.stage.value,
        "outcome": optimization.outcome or optimization.stage.value,
        "message": optimization.message,
        "failure": _brought(optimization) if failed else None,
        "progress": 1.0,
        "completed_at": optimization.ended_at,
    }


def _brought(optimization: Optimization) -> dict[str, Any]:
    """What a solver brought, with what is known about the solve."""
    solution, answer = optimization.solution, optimization.answer
    metadata = {} if solution is None else metadata_of(solution)
    turnover = answer.turnover if answer else None
    metadata["time_ms"] = optimization.time_ms
    metadata["supplied"] = dict(optimization.supplied)
    metadata["turnover"] = None if turnover is None else {"one_way": turnover.one_way, "l1": turnover.l1}
    return {
        **columns_of(solution),
        "optimization_metadata": metadata,
        "unused_inputs": list(optimization.unused_inputs),
    }


def _result(optimization: Optimization, answer: Answer, report: Mapping[str, Any] | None) -> dict[str, Any]:
    """The row of a result: without a report, what is known of a portfolio whose worth is not."""
    brought, solution = _brought(optimization), answer.solution
    del brought["infeasibility"]
    weights = solution.weights_by_name
    plain: Mapping[str, Any] = report or {
        "metrics": {
            "expected_return": solution.expected_return,
            "expected_volatility": solution.expected_volatility,
            "sharpe_ratio": solution.sharpe_ratio,
        },
        "metric_basis": None,
        "current_allocation": _current(optimization.problem),
        "target_allocation": weights,
        "trades": [],
        "efficient_frontier": None,
        "frontier_reason": None,
    }
    return {
        **brought,
        **plain,
        "optimization_id": spelled(optimization.id),
        "id": optimization.id,
        "portfolio_id": optimization.portfolio_id,
        "target_allocation": brought["optimal_weights"],
        "allocation": plain["target_allocation"],
        "trades": list(plain["trades"]),
        "created_at": optimization.ended_at,
        "completed_at": optimization.ended_at,
    }


def _current(problem: Problem) -> dict[str, float]:
    return {} if problem.current is None else dict(problem.universe.named(problem.current))
