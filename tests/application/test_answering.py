"""What is light is answered at once, and what is heavy becomes an order, on each database."""

from collections.abc import Iterator
from dataclasses import replace
from threading import Event
from typing import Any

import pytest

from tangency.adapters.document.orders import document_of
from tangency.adapters.settings import Settings
from tangency.application.answering import AnswerBatch, AnswerQuestion
from tangency.application.check_slots import CheckSlots
from tangency.application.optimization import LatestOptimization, OptimizePortfolio
from tangency.application.orders import ReadOrder
from tangency.application.question import Limits, Question
from tangency.domain.errors import TimeLimitReached, Unsupported
from tangency.domain.idempotency import Key
from tangency.domain.optimization.cost import QUICK_S, Shape
from tangency.domain.optimization.method import OptimizationMethod
from tangency.domain.optimization.optimization import Answer, Stage
from tangency.domain.optimization.order import OrderState
from tangency.domain.optimization.plugins import Plugins
from tests.support.databases import DATABASES
from tests.support.held import hold_in
from tests.support.pulsar import wait_until
from tests.support.questions import RISK, limited, question
from tests.support.service import Door, serving

LIGHT_S = QUICK_S + 1.001 * Shape(names=3, constraints=10).solve_s
"""Just enough for three names of which none has a smallest size."""
SMALLEST = 0.05


@pytest.fixture(scope="module", params=DATABASES)
def door(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    folder, url = tmp_path_factory.mktemp("answering"), ""
    if request.param == "postgresql":
        url = request.getfixturevalue("database_of_module")
    chosen = Settings(data_dir=str(folder), database_url=url, solver_workers=1, light_s=LIGHT_S)
    hold_in(chosen, "desk")
    with serving(chosen) as door:
        yield door


@pytest.fixture(scope="module")
def database_of_module(request: pytest.FixtureRequest) -> Iterator[str]:
    with request.getfixturevalue("cluster").database() as url:
        yield url


def ended(door: Door, order: OrderState) -> OrderState:
    wait_until(lambda: door.handle(ReadOrder(order.id)).ended_at is not None)
    return door.handle(ReadOrder(order.id))


def ordered(door: Door, **asked: Any) -> OrderState:
    came = door.handle(AnswerQuestion(question(**asked)))
    assert isinstance(came, OrderState)
    return came


def test_what_is_light_is_answered_at_once(door: Door) -> None:
    assert isinstance(door.handle(AnswerQuestion(question("light"))), Answer)


def test_what_is_heavy_becomes_an_order_and_comes_to_what_it_would_have_come_to_at_once(door: Door) -> None:
    asked = limited("heavy", min_position_size=SMALLEST)
    order = door.handle(AnswerQuestion(asked))
    assert isinstance(order, OrderState)

    state, at_once = ended(door, order), door.handle(OptimizePortfolio(replace(asked, portfolio_id="at-once")))

    assert state.answer is not None
    assert state.answer.solution.weights_by_name == pytest.approx(at_once.solution.weights_by_name)
    assert state.answer.turnover == at_once.turnover
    assert door.handle(LatestOptimization("heavy")).optimization_id == order.id


def test_an_order_of_names_that_nobody_holds_has_weights_and_no_trades(door: Door) -> None:
    document = document_of(ended(door, ordered(door, portfolio_id="stated", limits=Limits(min_position_size=0.05))))

    assert document.target_allocation is not None
    assert document.current_allocation == {"AAPL": 0.5, "XOM": 0.3, "JNJ": 0.2}
    assert document.trades == []
    assert document.metrics is not None
    assert document.metrics.turnover is not None
    assert document.optimization_type == "MEAN_VARIANCE"
    assert document.constraints == {"min_position_size": 0.05}


def test_an_order_of_what_is_held_has_trades(door: Door) -> None:
    document = document_of(ended(door, ordered(door, portfolio_id="desk", strategies=None, risk=RISKLESS)))

    assert document.trades
    assert document.current_allocation is not None
    assert len(document.current_allocation) == 31


RISKLESS = replace(RISK, covariance=None)


def test_what_nothing_used_is_said_of_an_order_too(door: Door) -> None:
    asked: dict[str, Any] = {"objective": "MIN_VOLATILITY", "limits": Limits(min_position_size=0.05)}
    stated = tuple(each._replace(returns=(0.01, 0.02)) for each in question().strategies or ())
    risk = replace(RISK, risk_aversion=3.0)

    state = ended(door, ordered(door, portfolio_id="unused", strategies=stated, risk=risk, **asked))

    assert state.answer is not None
    assert state.answer.unused_inputs == ("strategies.returns", "risk_parameters.risk_aversion")


def test_limits_that_contradict_each_other_are_told_in_the_words_of_the_question(door: Door) -> None:
    limits = Limits(max_weight=0.2, min_position_size=0.05)

    state = ended(door, ordered(door, portfolio_id="tight", limits=limits))
    failure = document_of(state).failure

    assert state.stage is Stage.INFEASIBLE
    assert failure is not None
    assert isinstance(failure.conflict, list)
    assert any("max_weight" in each.constraint for each in failure.conflict)
    assert not any("max_position_size" in each.constraint for each in failure.conflict)


def test_what_a_method_cannot_do_is_said_before_anything_is_kept(door: Door) -> None:
    with pytest.raises(Unsupported):
        door.handle(AnswerQuestion(question("desk", strategies=None, risk=RISKLESS, method="nonsense")))


def test_a_key_that_comes_again_stands_for_the_order(door: Door) -> None:
    asked = AnswerQuestion(limited("keyed", min_position_size=SMALLEST), key=Key("once", "print"))

    first, again = door.handle(asked), door.handle(asked)

    assert isinstance(first, OrderState)
    assert isinstance(again, OrderState)
    assert (again.id, again.expected_at) == (first.id, first.expected_at)
    ended(door, first)


def test_each_of_a_batch_is_answered_ordered_or_refused_by_itself_and_the_same_again(door: Door) -> None:
    questions = (question("b-1"), limited("b-2", min_position_size=SMALLEST), question("b-3", method="nonsense"))
    batch = AnswerBatch(questions, key=Key("batch", "print"))

    light, heavy, wrong = door.handle(batch)
    again = door.handle(batch)

    assert isinstance(light, Answer)
    assert isinstance(heavy, OrderState)
    assert isinstance(wrong, Unsupported)
    assert isinstance(again[0], Answer)
    assert isinstance(again[1], OrderState)
    assert (again[0].optimization_id, again[1].id) == (light.optimization_id, heavy.id)
    ended(door, heavy)


class Stuck:
    """Plugins of which none is loaded before somebody lets it."""

    def __init__(self, plugins: Plugins) -> None:
        self._plugins, self.free, self.asked = plugins, Event(), 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._plugins, name)

    def find_method(self, name: str) -> OptimizationMethod:
        self.asked += 1
        self.free.wait()
        return self._plugins.find_method(name)


@pytest.mark.parametrize(
    "asked",
    [question("bare", risk=RISKLESS), limited("stuck", min_position_size=SMALLEST)],
    ids=["before it is posed", "before it is ordered"],
)
def test_a_plugin_that_is_never_loaded_is_told_and_keeps_nobody_else(door: Door, asked: Question) -> None:
    stuck = Stuck(door.service.context.plugins)
    try:
        with pytest.raises(TimeLimitReached, match=r"'mean_variance'.* was not loaded and checked within 0\.05 s"):
            door.with_ports(plugins=stuck, deadline_s=0.05).handle(AnswerQuestion(asked))
    finally:
        stuck.free.set()


def test_plugins_that_hang_keep_so_many_threads_and_no_more(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tangency.application.check_slots.AT_ONCE", 1)
    stuck, asked = Stuck(door.service.context.plugins), AnswerQuestion(limited("stuck", min_position_size=SMALLEST))
    again = door.with_ports(plugins=stuck, check_slots=CheckSlots())
    try:
        for _ in range(3):
            with pytest.raises(TimeLimitReached, match=r"'mean_variance'.* was not loaded and checked within 0\.05 s"):
                again.with_ports(deadline_s=0.05).handle(asked)
        assert stuck.asked == 1
    finally:
        stuck.free.set()
    order = again.handle(asked)
    assert isinstance(order, OrderState)
    ended(door, order)
