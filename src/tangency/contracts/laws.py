"""What every method must obey, one function per law, in one table; a broken law shows the smallest problem.

The laws look at answers only. How a method comes to them is its own affair.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, is_dataclass, replace

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st

from tangency.contracts.cases import degenerate_problems, permuted, problems, rescaled, retold, twinned
from tangency.contracts.subject import Subject, Verdict
from tangency.contracts.trial import On, Trial, answered, broken, said_by
from tangency.domain.optimization.constraint import Budget, LongOnly, MaximumWeight, MinimumWeight
from tangency.domain.optimization.document import content_hash
from tangency.domain.optimization.kinds import CONSTRAINTS, OBJECTIVES
from tangency.domain.optimization.log_growth import LogGrowth
from tangency.domain.optimization.method import Capabilities
from tangency.domain.optimization.objective import MaximumUtility, MultiObjective, RiskParity, SumOfTerms
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Status
from tangency.domain.optimization.ratio import MaximumRatio, MaximumSharpe
from tangency.domain.risk.measure import MOMENT_MEASURES

CLOSE = 1e-6
"""Relative: two answers that are both proven to a relative gap of 1e-6 cannot be further apart."""
UNITS = (2.0**20, 2.0**-20, 2.0**7)
"""Powers of two lose no digit; the first two make variances of 1e12 and 1e-12."""
SMALL_UNITS = (2.0**-20, 2.0**-7)


@dataclass(frozen=True)
class Law:
    """Something that holds for every method, or for those that it concerns.

    Attributes:
        sentence: what must be so.
        check: tries it on a method with so many problems; raises LawBroken.
        spares: None where it concerns a method, else why it does not.
        stands_on: the law without which it says nothing new; it is not tried where that one is broken.
    """

    sentence: str
    check: Callable[[Subject, int], None] | On
    spares: Callable[[Subject], str | None] = lambda _: None
    stands_on: str | None = "limits"


# --- the laws -----------------------------------------------------------------------------------------------------


def _declares(subject: Subject, _examples: int) -> None:
    method = subject.method
    can = method.capabilities
    if not isinstance(can, Capabilities):
        broken("capabilities is not an instance of tangency.domain.optimization.method.Capabilities.")
    if not method.citation.strip():
        broken("citation is empty; say in one line where the method was published.")
    if not is_dataclass(method.options):
        broken("options is not a dataclass; give NoOptions where there are none.")
    for word, said, known in (("objective", can.objectives, OBJECTIVES), ("constraint", can.constraints, CONSTRAINTS)):
        unknown = sorted(said - set(known))
        if unknown:
            broken(f"capabilities name {unknown[0]!r}, which is not a known {word}; there are {', '.join(known)}.")
    if not can.rule and not can.objectives:
        broken("capabilities name no objective; a method without any is a rule.")
    if not can.rule and not {"budget", "long_only"} <= can.constraints:
        broken("capabilities lack 'budget' or 'long_only'; every portfolio has both unless it lifts the second.")


def _honours(trial: Trial) -> None:
    _ = trial.first


def _proves(trial: Trial) -> None:
    found = trial.first
    certificate = found.solution.certificate
    if found.proposal.status is Status.OPTIMAL and found.solution.status is not Status.OPTIMAL:
        gap = None if certificate is None else certificate.relative_gap
        why = "its witness bounds nothing" if gap is None else f"its witness leaves a relative gap of {gap:.3g}"
        broken(f"It says 'optimal', and {why}; without a proof, say 'feasible'.", trial.problem)
    if trial.subject.method.capabilities.rule and found.proposal.status is Status.OPTIMAL:
        broken("It is a rule and says 'optimal'; a rule's answer is 'feasible'.", trial.problem)


def _permutes(trial: Trial) -> None:
    subject, problem = trial.subject, trial.problem
    order = trial.data.draw(st.permutations(range(len(problem.universe))), label="order of the names")
    first, second = trial.first, answered(subject, permuted(problem, order))
    how = f"With its names in the order {order} it"
    _same_value(first, second, 1.0, how, problem)
    if subject.method.capabilities.rule:
        _same_weights(first, second, order, how, problem)


def _scales(trial: Trial) -> None:
    subject, problem = trial.subject, trial.problem
    wants_scenarios = subject.method.capabilities.uses_scenarios  # and no simple return is below -1
    units = SMALL_UNITS if wants_scenarios else UNITS
    unit = trial.data.draw(st.sampled_from(units), label="unit of returns")
    first = trial.first
    read = first.proposal.reading.objective
    utility = isinstance(problem.objective, MaximumUtility)  # its aversion has the unit of 1 / returns, for a variance
    assume(not (utility and read is not None and read.risk_measure.name not in MOMENT_MEASURES))
    if isinstance(read, SumOfTerms) and any(isinstance(term, LogGrowth) for term in read.terms):
        return  # growth is that of 1 + r, which is in no other unit
    second = answered(subject, rescaled(problem, unit))
    how = f"With returns counted in units of {1 / unit:g} it"
    number = isinstance(problem.objective, MaximumSharpe | MaximumRatio | MultiObjective)  # scaled aims have no unit
    _same_value(first, second, 1.0 if number else unit, how, problem)


def _duplicates(trial: Trial) -> None:
    problem = trial.problem
    assume(not isinstance(problem.objective, RiskParity))  # a budget is a name's: twice there, it has two
    first = trial.first
    second = answered(trial.subject, retold(problem, twinned(problem.market)))
    _same_value(first, second, 1.0, "With its last name there twice it", problem)


def _repeats(trial: Trial) -> None:
    first, second = trial.first.proposal.weights, trial.again().proposal.weights
    if first is None or second is None or first.tobytes() != second.tobytes():
        how = f"Asked twice it gave {_list(first)} and {_list(second)}; the same problem has one answer."
        broken(how, trial.problem)


def _leaves_alone(trial: Trial) -> None:
    _ = trial.first
    if content_hash(replace(trial.problem)) != trial.content:
        broken("It changed the problem that it was asked.", trial.problem)


def _stays_calm(trial: Trial) -> None:
    problem, found = trial.problem, trial.said
    if found is None:
        return
    said, ended = found.proposal.status, found.solution.status
    endless = isinstance(
        problem.objective, MaximumSharpe | MaximumRatio
    )  # a riskless name with an excess has no largest ratio
    if said is Status.INFEASIBLE or (said is Status.UNBOUNDED and not endless):
        broken(f"It said {said.value!r} of a problem that has a best portfolio.", problem)
    if said.answered and not ended.answered and not (endless and ended is Status.UNBOUNDED):
        broken(f"It said {said.value!r}, and its answer ends {ended.value!r}. {found.solution.message}", problem)


def _admits_defeat(trial: Trial) -> None:
    subject, problem = trial.subject, trial.problem
    size, can = len(problem.universe), subject.method.capabilities
    kinds = [kind for kind in ("max_weight", "min_weight") if can.rule or kind in can.constraints]
    kind = trial.data.draw(st.sampled_from(kinds), label="limit that nothing satisfies")
    limit = MaximumWeight(0.9 / size) if kind == "max_weight" else MinimumWeight(1.1 / size)
    impossible = replace(problem, constraints=(Budget(), LongOnly(), limit))
    found = said_by(subject, impossible)
    if found is None:
        return
    if can.rule:
        broken(f"No portfolio satisfies {limit.id}, and the rule's weights passed for one.", impossible)
    said = found.proposal.status
    if said not in (Status.INFEASIBLE, Status.NUMERICAL_ERROR, Status.TIME_LIMIT):
        broken(f"No portfolio satisfies {limit.id} and the budget, and it said {said.value!r}.", impossible)


def _same_value(first: Verdict, second: Verdict, factor: float, how: str, problem: Problem) -> None:
    one, other = first.solution.objective_value, second.solution.objective_value
    if one is None and other is None:
        return
    if (
        one is None
        or other is None
        or not np.isclose(other, one * factor, rtol=CLOSE, atol=CLOSE * _floor(problem, factor))
    ):
        expected = "a value" if one is None else f"{one * factor:.12g}"
        broken(f"{how} reaches {other}; {expected} was expected.", problem)


def _floor(problem: Problem, factor: float) -> float:
    """The size of a typical figure, for values that cross zero."""
    return factor * float(np.sqrt(np.mean(np.diagonal(np.asarray(problem.market.covariance)))))


def _same_weights(first: Verdict, second: Verdict, order: list[int], how: str, problem: Problem) -> None:
    one, other = first.proposal.weights, second.proposal.weights
    if one is None or other is None or not np.allclose(one[order], other, rtol=0, atol=CLOSE):
        broken(f"{how} gives {_list(other)}; {_list(None if one is None else one[order])} was expected.", problem)


def _list(weights: object) -> object:
    return weights.tolist() if isinstance(weights, np.ndarray) else weights


def _order_matters(subject: Subject) -> str | None:
    return "it declares that the order of the names matters" if subject.method.capabilities.order_dependent else None


def _optimizes(subject: Subject) -> str | None:
    can = subject.method.capabilities
    if can.heuristic:
        return "it is a heuristic, whose procedure may count a name twice"
    if can.objectives == {RiskParity.name}:
        return "it budgets the risk of names, and a name that is there twice has two budgets"
    return "it is a rule, which optimizes nothing" if can.rule else None


def _can_be_overasked(subject: Subject) -> str | None:
    can = subject.method.capabilities
    limits = can.rule or can.constraints & {"max_weight", "min_weight"}
    return None if limits else "it takes no limit that could contradict the budget"


def _any(subject: Subject) -> st.SearchStrategy[Problem]:
    return problems(subject.method)


def _without_limits(subject: Subject) -> st.SearchStrategy[Problem]:
    return problems(subject.method, constraints=False)


def _degenerate(subject: Subject) -> st.SearchStrategy[Problem]:
    return degenerate_problems(subject.method)


LAWS: Mapping[str, Law] = {
    "declaration": Law("what it declares is complete, in names that exist", _declares, stands_on=None),
    "limits": Law(
        "every feasible problem that it accepts gets an answer within every limit",
        On(_any, _honours),
        stands_on="declaration",
    ),
    "proof": Law("'optimal' comes with a witness that proves it", On(_any, _proves)),
    "permutation": Law("the order of the names does not change the answer", On(_any, _permutes), _order_matters),
    "scale": Law("the unit of returns does not change the answer", On(_any, _scales)),
    "duplication": Law("a copy of a name does not improve the answer", On(_without_limits, _duplicates), _optimizes),
    "determinism": Law("the same problem gives the same weights, bit for bit", On(_any, _repeats)),
    "innocence": Law("the problem is not modified", On(_any, _leaves_alone)),
    "degeneracy": Law(
        "singular, riskless and single-name markets get an honest answer",
        On(_degenerate, _stays_calm),
        stands_on="declaration",
    ),
    "infeasibility": Law(
        "a problem without a solution gets none",
        On(_without_limits, _admits_defeat),
        _can_be_overasked,
        stands_on="declaration",
    ),
}
