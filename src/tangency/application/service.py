"""The entry to the application: one table says which handler answers which message."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

from tangency.application.answering import (
    AnswerBatch,
    AnswerQuestion,
    answer_batch,
    answer_question,
    answered_again,
)
from tangency.application.backlog import Announcing, refuse_where_the_outbox_is_full
from tangency.application.configuration import (
    ReadConfiguration,
    WriteConfiguration,
    read_configuration,
    write_configuration,
)
from tangency.application.context import Context
from tangency.application.factors.analyses import (
    ListFactorAnalyses,
    ReadFactorAnalysis,
    analysis_again,
    analyze_factors,
    list_factor_analyses,
    read_factor_analysis,
)
from tangency.application.factors.command import AnalyzeFactors
from tangency.application.fleet import ReadFleet, read_fleet
from tangency.application.frontier import (
    ReadFrontier,
    TraceFrontier,
    TraceProblem,
    frontier_again,
    read_frontier,
    trace_frontier,
    trace_problem,
)
from tangency.application.idempotency import Again, Creating, once
from tangency.application.library import ReadEntry, WriteEntry, entry_again, read_entry, write_entry
from tangency.application.message import Message, Result
from tangency.application.methods import ListMethods, list_methods
from tangency.application.optimization import (
    LatestOptimization,
    OptimizePortfolio,
    PoseQuestion,
    SolveProblem,
    latest_optimization,
    optimize_portfolio,
    pose_question,
    solve_problem,
)
from tangency.application.orders import (
    CancelOrder,
    LastPosition,
    ListOrders,
    PlaceOrder,
    ReadEvents,
    ReadOrder,
    cancel_order,
    last_position,
    list_orders,
    order_again,
    place_order,
    read_events,
    read_order,
)
from tangency.application.portfolio import (
    ImportBenchmark,
    ImportHoldings,
    ImportLabels,
    ImportPrices,
    ImportRiskModel,
    ImportTaxLots,
    import_benchmark,
    import_holdings,
    import_labels,
    import_prices,
    import_risk_model,
    import_tax_lots,
)
from tangency.application.portfolio_data import reading_once
from tangency.application.readiness import CheckReadiness, check_readiness
from tangency.application.rebalancing.command import MakePlan
from tangency.application.rebalancing.evaluation import EvaluateTriggers, evaluate_triggers
from tangency.application.rebalancing.plans import (
    DecidePlan,
    ListPlans,
    ReadPlan,
    decide_plan,
    list_plans,
    make_plan,
    plan_again,
    read_plan,
)
from tangency.application.refusal import RefuseOrder, refuse_order
from tangency.application.series import ReadHistory, read_history
from tangency.domain.trace import TraceContext

Handler = Callable[[Any, Context], Awaitable[object]]

HANDLERS: Mapping[type[Message[Any]], Handler] = {
    PoseQuestion: pose_question,
    OptimizePortfolio: optimize_portfolio,
    AnswerQuestion: answer_question,
    AnswerBatch: answer_batch,
    SolveProblem: solve_problem,
    LatestOptimization: latest_optimization,
    ListMethods: list_methods,
    CheckReadiness: check_readiness,
    WriteConfiguration: write_configuration,
    ReadConfiguration: read_configuration,
    WriteEntry: write_entry,
    ReadEntry: read_entry,
    AnalyzeFactors: analyze_factors,
    ReadFactorAnalysis: read_factor_analysis,
    ListFactorAnalyses: list_factor_analyses,
    TraceFrontier: trace_frontier,
    ReadHistory: read_history,
    TraceProblem: trace_problem,
    ReadFrontier: read_frontier,
    ReadFleet: read_fleet,
    PlaceOrder: place_order,
    RefuseOrder: refuse_order,
    ReadOrder: read_order,
    ListOrders: list_orders,
    CancelOrder: cancel_order,
    ReadEvents: read_events,
    LastPosition: last_position,
    ImportHoldings: import_holdings,
    ImportPrices: import_prices,
    ImportTaxLots: import_tax_lots,
    ImportBenchmark: import_benchmark,
    ImportLabels: import_labels,
    ImportRiskModel: import_risk_model,
    MakePlan: make_plan,
    EvaluateTriggers: evaluate_triggers,
    ReadPlan: read_plan,
    ListPlans: list_plans,
    DecidePlan: decide_plan,
}

AGAIN: Mapping[type[Creating[Any]], Again[Any]] = {
    AnswerQuestion: answered_again,
    WriteEntry: entry_again,
    AnalyzeFactors: analysis_again,
    TraceFrontier: frontier_again,
    PlaceOrder: order_again,
    MakePlan: plan_again,
}
"""How a command that comes again with its key is answered; a batch looks after its parts itself."""


@dataclass(frozen=True, slots=True)
class Service:
    """What doors talk to."""

    context: Context

    def traced(self, trace: TraceContext | None) -> Service:
        """The same door, for a request of that trace."""
        if trace is None:
            return self
        return Service(replace(self.context, units=self.context.units.traced(trace)))

    async def handle(self, message: Message[Result]) -> Result:
        """Do what a command says, or answer a query."""
        handler, context = HANDLERS[type(message)], reading_once(self.context)
        if isinstance(message, Announcing):
            await refuse_where_the_outbox_is_full(context)
        if isinstance(message, Creating) and type(message) in AGAIN:
            return cast(Result, await once(message, handler, AGAIN[type(message)], context))
        return cast(Result, await handler(message, context))
