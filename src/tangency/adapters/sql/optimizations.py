"""Optimizations as rows."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer

from tangency.adapters.sql.column_types import to_json
from tangency.adapters.sql.matrices import Freezer, FrozenMatrix, references, thaw, thaw_matrix
from tangency.adapters.sql.schema import OptimizationConfiguration, OptimizationResult, StoredMatrix
from tangency.adapters.sql.solutions import columns_of, metadata_of, solution_of
from tangency.adapters.sql.statements import dialect, insert_matrix, insert_numbered, insert_unless_there
from tangency.domain.numbers import Matrix
from tangency.domain.optimization.optimization import Answer, Configuration, Optimization, Stage, Turnover
from tangency.domain.optimization.problem import Problem


class SqlOptimizations:
    """The repository, within one transaction.

    Attributes:
        written: digests and ids of what equal requests share and this transaction holds.
    """

    def __init__(self, session: AsyncSession, tenant: str, freezer: Freezer) -> None:
        self._session, self._tenant, self._freezer = session, tenant, freezer
        self._database = dialect(session)
        self.written: set[str] = set()

    async def add(self, optimization: Optimization) -> None:
        """Keep an optimization that has ended."""
        document, configuration_id = await self.keep_problem(optimization)
        keys = {"tenant": self._tenant, "numbered_for": self._tenant, "configuration_id": configuration_id}
        statement = insert_numbered(OptimizationResult, self._database)
        await self._session.execute(statement, _values(optimization, document) | keys)

    async def keep_problem(self, optimization: Optimization) -> tuple[Mapping[str, object], UUID]:
        """Keep what equal requests share; gives the document of the problem and the id of the configuration."""
        frozen = await self._freezer.frozen(optimization.problem)
        for matrix in frozen.matrices:
            await self._put_matrix(matrix, optimization)
        return frozen.document, await self._put_configuration(optimization)

    async def get(self, optimization_id: UUID) -> Optimization | None:
        """The optimization of that id, with its problem."""
        return await self._one(OptimizationResult.id == optimization_id)

    async def latest(self, portfolio_id: str) -> Optimization | None:
        """The last completed optimization of a portfolio, with its problem."""
        return await self._one(
            OptimizationResult.portfolio_id == portfolio_id, OptimizationResult.status == Stage.COMPLETED.value
        )

    async def _one(self, *conditions: ColumnElement[bool]) -> Optimization | None:
        query = select(OptimizationResult).where(OptimizationResult.tenant == self._tenant, *conditions)
        row = await self._session.scalar(query.order_by(OptimizationResult.sequence.desc()).limit(1))
        return None if row is None else await self._optimization(row)

    async def _optimization(self, row: OptimizationResult) -> Optimization:
        problem = await self.problem_of(row.problem)
        return Optimization(
            id=row.id,
            portfolio_id=row.portfolio_id,
            configuration=await self.configuration_of(row.configuration_id),
            problem=problem,
            requested_at=row.requested_at,
            stage=Stage(row.status),
            ended_at=row.created_at,
            outcome=row.outcome,
            message=row.message,
            solution=solution_of(row, problem.universe),
            time_ms=row.optimization_metadata["time_ms"],
            unused_inputs=tuple(row.unused_inputs),
            supplied=row.optimization_metadata.get("supplied", {}),
        )

    async def problem_of(self, document: Mapping[str, Any]) -> Problem:
        """The problem of a document that was kept."""
        return thaw(document, await self._matrices(references(document)))

    async def configuration_of(self, configuration_id: UUID) -> Configuration:
        """What was asked, without the data."""
        asked = await self._session.get_one(OptimizationConfiguration, (self._tenant, configuration_id))
        return Configuration(asked.objective, asked.method, asked.constraints, asked.risk_parameters)

    async def _matrices(self, digests: tuple[str, ...]) -> dict[str, Matrix]:
        query = select(StoredMatrix).where(StoredMatrix.tenant == self._tenant, StoredMatrix.digest.in_(digests))
        rows = await self._session.scalars(query)
        return {row.digest: thaw_matrix(row.height, row.width, row.encoding, row.data) for row in rows}

    async def _put_matrix(self, matrix: FrozenMatrix, optimization: Optimization) -> None:
        self.written.add(matrix.digest)
        if matrix.data is not None:
            row = {**matrix.columns, "tenant": self._tenant, "created_at": optimization.requested_at}
            await self._session.execute(insert_matrix(self._database), row)

    async def _put_configuration(self, optimization: Optimization) -> UUID:
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
            await self._session.execute(statement, content | own)
            self.written.add(str(identity))
        return identity


async def latest_answer(session: AsyncSession, tenant: str, portfolio_id: str) -> Answer | None:
    """The last answer for a portfolio, without its problem."""
    return await answer_where(session, tenant, OptimizationResult.portfolio_id == portfolio_id)


async def answer_where(session: AsyncSession, tenant: str, condition: ColumnElement[bool]) -> Answer | None:
    """The last answer of those that are meant, without its problem."""
    query = (
        select(OptimizationResult)
        .options(defer(OptimizationResult.problem, raiseload=True))
        .where(
            OptimizationResult.tenant == tenant,
            condition,
            OptimizationResult.status == Stage.COMPLETED.value,
        )
        .order_by(OptimizationResult.sequence.desc())
        .limit(1)
    )
    row = await session.scalar(query)
    solution = None if row is None else solution_of(row)
    if row is None or solution is None:
        return None
    metadata = row.optimization_metadata
    return Answer(
        optimization_id=row.id,
        portfolio_id=row.portfolio_id,
        solution=solution,
        time_ms=metadata["time_ms"],
        turnover=None if metadata["turnover"] is None else Turnover(**metadata["turnover"]),
        unused_inputs=tuple(row.unused_inputs),
        answered_at=row.created_at,
        supplied=metadata.get("supplied", {}),
    )


def _values(optimization: Optimization, document: Mapping[str, object]) -> dict[str, Any]:
    solution, answer = optimization.solution, optimization.answer
    columns = columns_of(solution)
    metadata = {} if solution is None else metadata_of(solution)
    turnover = answer.turnover if answer else None
    metadata["time_ms"] = optimization.time_ms
    metadata["supplied"] = dict(optimization.supplied)
    metadata["turnover"] = None if turnover is None else {"one_way": turnover.one_way, "l1": turnover.l1}
    return {
        **columns,
        "id": optimization.id,
        "portfolio_id": optimization.portfolio_id,
        "status": optimization.stage.value,
        "outcome": optimization.outcome or optimization.stage.value,
        "message": optimization.message,
        "optimization_metadata": metadata,
        "unused_inputs": list(optimization.unused_inputs),
        "problem": dict(document),
        "requested_at": optimization.requested_at,
        "created_at": optimization.ended_at,
    }
