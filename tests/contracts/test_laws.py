"""Each law notices the method that breaks it, and shows a problem small enough to read."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, settings

from tangency.contracts import LAWS, LawBroken, Subject, check
from tangency.domain.errors import Unsupported
from tangency.domain.market.estimates import Estimates
from tangency.domain.optimization.document import from_document
from tangency.domain.optimization.method import Capabilities, NoOptions, OptimizationMethod
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Proposal, Status, Witness
from tests.support.distributions import Distribution, method

REFERENCE = Subject.named("mean_variance").method


class Honest:
    """A method that passes, to be spoilt in one respect at a time."""

    name = "honest"
    citation = "Nobody (2024)."
    capabilities = Capabilities(
        objectives=frozenset({"MIN_VOLATILITY"}),
        constraints=frozenset({"budget", "long_only", "max_weight", "sector_limits"}),
    )
    options: type = NoOptions

    def solve(self, problem: Problem, estimates: Estimates, options: object) -> Proposal:
        return REFERENCE.solve(problem, estimates, NoOptions())


class DropsAConstraint(Honest):
    def solve(self, problem: Problem, estimates: Estimates, options: object) -> Proposal:
        kept = tuple(c for c in problem.constraints if c.kind != "max_weight")
        return super().solve(replace(problem, constraints=kept), estimates, options)


class PairsNumbersWithTheWrongNames(Honest):
    def solve(self, problem: Problem, estimates: Estimates, options: object) -> Proposal:
        proposal = super().solve(problem, estimates, options)
        by_name = sorted(range(len(problem.universe)), key=lambda i: problem.universe.names[i])
        return replace(proposal, weights=None if proposal.weights is None else proposal.weights[by_name])


class PrefersTheFirstName(Honest):
    capabilities = Capabilities(rule=True)

    def solve(self, problem: Problem, estimates: Estimates, options: object) -> Proposal:
        parts = np.arange(len(problem.universe), 0.0, -1.0)
        return Proposal(Status.FEASIBLE, weights=parts / parts.sum())


class LiesAboutOptimality(Honest):
    def solve(self, problem: Problem, estimates: Estimates, options: object) -> Proposal:
        size = len(problem.universe)
        return Proposal(Status.OPTIMAL, weights=np.full(size, 1 / size), witness=Witness({"budget": 0.0}))


class LiesWithoutAWitness(Honest):
    def solve(self, problem: Problem, estimates: Estimates, options: object) -> Proposal:
        return replace(super().solve(problem, estimates, options), witness=None)


class CountsNames(Honest):
    def solve(self, problem: Problem, estimates: Estimates, options: object) -> Proposal:
        size = len(problem.universe)
        return Proposal(Status.FEASIBLE, weights=np.full(size, 1 / size))


class IsNotDeterministic(Honest):
    def solve(self, problem: Problem, estimates: Estimates, options: object) -> Proposal:
        proposal = super().solve(problem, estimates, options)
        noise = 1e-13 * int.from_bytes(os.urandom(2), "big") / 2**16
        return replace(proposal, weights=None if proposal.weights is None else proposal.weights * (1 + noise))


class AddsARidge(Honest):
    """A hundredth of a percent is nothing, its author thought; in other units it is everything."""

    def solve(self, problem: Problem, estimates: Estimates, options: object) -> Proposal:
        covariance = estimates.covariance.dense() + 1e-4 * np.eye(len(problem.universe))
        spoilt = replace(estimates, covariance=type(estimates.covariance).of(covariance))  # type: ignore[attr-defined]
        return replace(super().solve(problem, spoilt, options), status=Status.FEASIBLE)


class ChangesTheProblem(Honest):
    def solve(self, problem: Problem, estimates: Estimates, options: object) -> Proposal:
        proposal = super().solve(problem, estimates, options)
        np.asarray(problem.market.covariance)[0, 0] += 0.5
        return proposal


class CannotTakeSingular(Honest):
    def solve(self, problem: Problem, estimates: Estimates, options: object) -> Proposal:
        if estimates.covariance.repair is not None:
            raise np.linalg.LinAlgError("Singular matrix")
        return super().solve(problem, estimates, options)


class CallsDegenerateInfeasible(Honest):
    def solve(self, problem: Problem, estimates: Estimates, options: object) -> Proposal:
        if len(problem.universe) == 1:
            return Proposal(Status.INFEASIBLE)
        return super().solve(problem, estimates, options)


class AlwaysHasAnAnswer(Honest):
    def solve(self, problem: Problem, estimates: Estimates, options: object) -> Proposal:
        proposal = super().solve(problem, estimates, options)
        size = len(problem.universe)
        return proposal if proposal.weights is not None else Proposal(Status.FEASIBLE, np.full(size, 1 / size))


class RefusesEverything(Honest):
    def solve(self, problem: Problem, estimates: Estimates, options: object) -> Proposal:
        raise Unsupported.at((), "is too hard.")


class ReturnsNothing(Honest):
    def solve(self, problem: Problem, estimates: Estimates, options: object) -> Any:
        return None


class SpeaksOfWeightsAsText(Honest):
    def solve(self, problem: Problem, estimates: Estimates, options: object) -> Any:
        return Proposal(Status.FEASIBLE, weights=["a"])  # type: ignore[arg-type]


class InventsAConstraint(Honest):
    capabilities = Capabilities(frozenset({"MIN_VOLATILITY"}), frozenset({"budget", "long_only", "max_wait"}))


class InventsAnObjective(Honest):
    capabilities = Capabilities(frozenset({"MAX_FUN"}), frozenset({"budget", "long_only"}))


class HasNoBudget(Honest):
    capabilities = Capabilities(frozenset({"MIN_VOLATILITY"}), frozenset({"long_only"}))


class HasNoAim(Honest):
    capabilities = Capabilities()


class HasNoCitation(Honest):
    citation = " "


class HasFreeOptions(Honest):
    options = dict


BROKEN: list[tuple[type[Honest], str, str]] = [
    (DropsAConstraint, "limits", "'numerical_error': it breaks constraints.max_weight by"),
    (PairsNumbersWithTheWrongNames, "permutation", "With its names in the order"),
    (PrefersTheFirstName, "permutation", "With its names in the order"),
    (LiesAboutOptimality, "proof", "It says 'optimal', and its witness leaves a relative gap of"),
    (LiesWithoutAWitness, "proof", "its witness bounds nothing; without a proof, say 'feasible'"),
    (CountsNames, "duplication", "With its last name there twice it reaches"),
    (IsNotDeterministic, "determinism", "Asked twice it gave"),
    (AddsARidge, "scale", "With returns counted in units of"),
    (ChangesTheProblem, "innocence", "It changed the problem that it was asked"),
    (CannotTakeSingular, "degeneracy", "solve() raised LinAlgError: Singular matrix. A method never raises"),
    (CallsDegenerateInfeasible, "degeneracy", "It said 'infeasible' of a problem that has a best portfolio"),
    (AlwaysHasAnAnswer, "infeasibility", "No portfolio satisfies constraints.max_weight and the budget, and it said"),
    (RefusesEverything, "limits", "It refuses every problem that its capabilities allow"),
    (ReturnsNothing, "limits", "solve() returned NoneType; give a Proposal"),
    (SpeaksOfWeightsAsText, "limits", "its proposal cannot be read: AttributeError"),
    (InventsAConstraint, "declaration", "'max_wait', which is no constraint; there are budget,"),
    (InventsAnObjective, "declaration", "'MAX_FUN', which is no objective"),
    (HasNoBudget, "declaration", "capabilities lack 'budget' or 'long_only'"),
    (HasNoAim, "declaration", "capabilities name no objective"),
    (HasNoCitation, "declaration", "citation is empty"),
    (HasFreeOptions, "declaration", "options is not a dataclass"),
]


@pytest.fixture
def _unshrunk() -> Iterator[None]:
    """Whether a law notices is one question, how small an example it finds another, and a slower one."""
    settings.register_profile("unshrunk", settings(), phases=(Phase.explicit, Phase.generate))
    settings.load_profile("unshrunk")
    yield
    settings.load_profile("steady")


@pytest.mark.parametrize("law", LAWS)
def test_an_honest_method_obeys_each_law(law: str) -> None:
    LAWS[law].check(Subject(Honest()), 15)


@pytest.mark.usefixtures("_unshrunk")
@pytest.mark.parametrize(("bad", "law", "words"), BROKEN, ids=lambda part: getattr(part, "__name__", str(part)[:20]))
def test_a_law_notices_who_breaks_it(bad: type[Honest], law: str, words: str) -> None:
    method: OptimizationMethod = bad()
    with pytest.raises(LawBroken, match=re.escape(words)):
        LAWS[law].check(Subject(method), 40)


def test_every_law_has_been_seen_to_break() -> None:
    assert {law for _, law, _ in BROKEN} == set(LAWS)


def test_the_example_is_small_and_can_be_solved_again() -> None:
    report = check(DropsAConstraint(), examples=40)
    broken, beside = [law for law in report.laws if law.outcome == "broken"]
    assert (broken.law, beside.law) == ("limits", "infeasibility")
    text = broken.detail.splitlines()[-1]
    example = from_document(json.loads(text))
    assert len(example.universe) == 2
    assert [constraint.kind for constraint in example.constraints] == ["budget", "long_only", "max_weight"]
    assert not report.passed
    assert f"        {text}" in report.text
    assert "honest breaks 2 of 10" in report.text


def test_a_heuristic_may_count_a_name_twice_and_is_held_to_everything_else() -> None:
    declared = replace(Honest.capabilities, heuristic=True)
    procedure = type("Procedure", (CountsNames,), {"capabilities": declared})
    spared = [name for name, law in LAWS.items() if law.spares(Subject(procedure())) is not None]
    assert spared == ["duplication"]


@pytest.mark.usefixtures("_unshrunk")
def test_a_law_that_stands_on_a_broken_one_is_not_tried() -> None:
    outcomes = {law.law: law.outcome for law in check(DropsAConstraint(), examples=20).laws}
    assert outcomes["limits"] == "broken"
    assert outcomes["permutation"] == "untried"
    assert outcomes["degeneracy"] == "holds"


def test_what_was_drawn_beside_the_problem_is_shown_too() -> None:
    report = check(PrefersTheFirstName(), examples=20)
    (broken,) = [law for law in report.laws if law.outcome == "broken"]
    assert broken.law == "permutation"
    assert "order of the names" in broken.detail


def test_without_a_declaration_no_other_law_is_tried() -> None:
    outcomes = [law.outcome for law in check(InventsAConstraint(), examples=5).laws]
    assert outcomes == ["broken"] + ["untried"] * (len(LAWS) - 1)


@dataclass(frozen=True)
class Fast:
    fast: bool = False


class NeedsAnOption(Honest):
    options: type = Fast

    def solve(self, problem: Problem, estimates: Estimates, options: object) -> Proposal:
        if not isinstance(options, Fast) or not options.fast:
            return Proposal(Status.NUMERICAL_ERROR)
        return super().solve(problem, estimates, NoOptions())


@pytest.mark.usefixtures("_unshrunk")
def test_options_are_handed_over() -> None:
    assert not check(NeedsAnOption(), examples=5).passed
    assert check(NeedsAnOption(), {"fast": True}, examples=5).passed


@pytest.mark.usefixtures("_unshrunk")
def test_the_same_examples_are_tried_every_time() -> None:
    said = []
    for _ in range(2):
        with pytest.raises(LawBroken) as caught:
            LAWS["limits"].check(Subject(DropsAConstraint()), 20)
        said.append(str(caught.value))
    assert said[0] == said[1]


@pytest.mark.parametrize(("citation", "code"), [("Somebody (2024).", 0), ("", 1)])
def test_the_command_says_by_its_exit_code_whether_a_method_passes(
    citation: str, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    equal = "return Proposal(Status.FEASIBLE, weights=np.full(len(problem.universe), 1 / len(problem.universe)))"
    source = method("rule", equal, citation=repr(citation))
    Distribution("somebodys-rule", source, methods={"rule": "Method"}).install(tmp_path, monkeypatch)
    result = subprocess.run(
        [sys.executable, "-m", "tangency.contracts", "rule"],
        env={**os.environ, "PYTHONPATH": str(tmp_path / "somebodys-rule")},
        check=False,
        capture_output=True,
        text=True,
    )
    assert result.returncode == code, result.stderr
    assert ("rule obeys every law" in result.stdout) == (code == 0)
