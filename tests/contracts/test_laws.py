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
from tangency.contracts.__main__ import main
from tangency.contracts.together import Together
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
    capabilities = Capabilities(frozenset({"MIN_VOLATILITY"}), frozenset({"budget", "long_only"}))  # none to break

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


class LeavesTheProcess(Honest):
    def solve(self, problem: Problem, estimates: Estimates, options: object) -> Proposal:
        raise SystemExit(0)


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
    (DropsAConstraint, "limits", "The method returned weights that break"),
    (PairsNumbersWithTheWrongNames, "permutation", "With its names in the order"),
    (PrefersTheFirstName, "permutation", "With its names in the order"),
    (LiesAboutOptimality, "proof", "It says 'optimal', and its witness leaves a relative gap of"),
    (LiesWithoutAWitness, "proof", "its witness bounds nothing; without a proof, say 'feasible'"),
    (CountsNames, "duplication", "With its last name there twice it reaches"),
    (IsNotDeterministic, "determinism", "Asked twice it gave"),
    (AddsARidge, "scale", "With returns counted in units of"),
    (ChangesTheProblem, "innocence", "It changed the problem that it was asked"),
    (CannotTakeSingular, "degeneracy", "solve() raised LinAlgError: Singular matrix. A method never raises"),
    (LeavesTheProcess, "limits", "solve() raised SystemExit: 0. A method never raises"),
    (CallsDegenerateInfeasible, "degeneracy", "It said 'infeasible' of a problem that has a best portfolio"),
    (AlwaysHasAnAnswer, "infeasibility", "No portfolio satisfies constraints.max_weight and the budget, and it said"),
    (RefusesEverything, "limits", "It refuses every problem that its capabilities allow"),
    (ReturnsNothing, "limits", "solve() returned NoneType; give a Proposal"),
    (SpeaksOfWeightsAsText, "limits", "its proposal cannot be read: AttributeError"),
    (InventsAConstraint, "declaration", "'max_wait', which is not a known constraint; there are budget,"),
    (InventsAnObjective, "declaration", "'MAX_FUN', which is not a known objective"),
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
    examples = 4 if bad is RefusesEverything else 40  # ten times as many are refused before that is taken for all
    with pytest.raises(LawBroken, match=re.escape(words)):
        Together(Subject(method), examples).check(law, LAWS[law])


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
    outcomes = {law.law: law.outcome for law in check(DropsAConstraint(), examples=40).laws}
    assert outcomes["limits"] == "broken"
    assert outcomes["permutation"] == "untried"
    assert outcomes["degeneracy"] == "holds"


class LiesOnce(Honest):
    """Asked again it is honest: only the trial of all laws together sees it."""

    def __init__(self) -> None:
        self.lied = False

    def solve(self, problem: Problem, estimates: Estimates, options: object) -> Proposal:
        honest, self.lied = self.lied, True
        return super().solve(problem, estimates, options) if honest else Proposal(Status.NUMERICAL_ERROR)


def test_what_only_the_trial_of_all_laws_sees_is_told_too() -> None:
    outcomes = {law.law: law for law in check(LiesOnce(), examples=5).laws}
    assert outcomes["limits"].outcome == "broken"
    assert "A feasible problem ended 'numerical_error'" in outcomes["limits"].detail
    assert outcomes["degeneracy"].outcome == "holds"


class Counted(Honest):
    def __init__(self) -> None:
        self.asked = 0

    def solve(self, problem: Problem, estimates: Estimates, options: object) -> Proposal:
        self.asked += 1
        return super().solve(problem, estimates, options)


def test_laws_on_the_same_problems_share_the_first_answer() -> None:
    method = Counted()
    assert check(method, examples=10).passed
    in_another_order, in_another_unit, again = 10, 10, 10
    with_a_name_twice, impossible, degenerate = 20, 10, 10
    assert method.asked <= 10 + in_another_order + in_another_unit + again + with_a_name_twice + impossible + degenerate


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


EQUAL = "return Proposal(Status.FEASIBLE, weights=np.full(len(problem.universe), 1 / len(problem.universe)))"


def test_the_command_says_by_its_exit_code_that_a_method_does_not_pass(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Distribution("hasty-rule", method("hasty", EQUAL, citation="''"), methods={"hasty": "Method"}).install(
        tmp_path, monkeypatch
    )
    result = subprocess.run(
        [sys.executable, "-m", "tangency.contracts", "hasty"],
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(tmp_path / "hasty-rule"), os.environ.get("PYTHONPATH", "")]),
        },
        check=False,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 1, result.stderr
    assert "hasty breaks 1 of 10" in result.stdout


def test_the_command_says_by_its_exit_code_that_all_methods_pass(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    source = method("somebodys", EQUAL, citation="'Somebody (2024).'")
    Distribution("somebodys-rule", source, methods={"somebodys": "Method"}).install(tmp_path, monkeypatch)
    assert main(["somebodys"]) == 0
    assert "somebodys obeys every law" in capsys.readouterr().out
