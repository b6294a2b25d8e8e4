"""The sample portfolio optimized once, with the frontier around it, by the service itself."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tangency.adapters.container import Findings, Frontier, findings_of, read_holdings, read_prices, trace
from tangency.application.optimization import OptimizePortfolio
from tangency.application.portfolio import ImportHoldings, ImportPrices
from tangency.application.posing import gathered, pose
from tangency.application.question import Limits, Question, RiskParameters
from tangency.sample import holdings_path, prices_path
from tests.support.service import Door, running_service


@dataclass(frozen=True)
class Reported:
    """What a report is made of."""

    findings: Findings
    frontier: Frontier | None


class Reporter:
    """Optimizes with a service and gathers what a report needs."""

    def __init__(self, door: Door) -> None:
        self.door = door

    def report(self, question: Question) -> Reported:
        context = self.door.service.context
        answer = self.door.handle(OptimizePortfolio(question))
        problem = pose(question, self.door.run(lambda: gathered(question, context)), context)
        findings = findings_of(problem, answer, context.plugins)
        return Reported(findings, self.door.run(lambda: trace(self.door.service, findings)))


@pytest.fixture(scope="session")
def reporter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reporter]:
    with running_service(tmp_path_factory.mktemp("report")) as door:
        door.handle(ImportPrices("sample", read_prices(prices_path()).history))
        door.handle(ImportHoldings(read_holdings(Path(holdings_path()), "sample").portfolio))
        yield Reporter(door)


@pytest.fixture(scope="session")
def sample(reporter: Reporter) -> Reported:
    limits = Limits(max_weight=0.12, sector_limits={"technology": 0.25}, turnover_limit=0.3)
    asked = Question("sample", "MAX_SHARPE", "MEAN_VARIANCE", limits=limits, risk=RiskParameters(risk_free_rate=0.02))
    return reporter.report(asked)
