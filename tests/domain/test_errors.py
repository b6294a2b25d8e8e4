"""The error tree: what is caught by what, and what a reader is told."""

import pickle

import pytest

from tangency.domain import errors
from tangency.domain.errors import Fault, InvalidInput, NoAnswer, NoFreeSolver, PluginError, TangencyError, hint

NO_ANSWERS = [
    errors.ProblemInfeasible,
    errors.NotApplicable,
    errors.ProblemUnbounded,
    errors.TimeLimitReached,
    errors.NumericalFailure,
    errors.ResourcesExhausted,
    errors.MethodCrashed,
]


def test_one_root_catches_everything_raised_on_purpose() -> None:
    tree = [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, Exception)]
    assert len(tree) == 20
    assert all(issubclass(error, TangencyError) for error in tree)


def test_the_drawing_names_every_error_and_no_other() -> None:
    drawn = {line.split("──")[1].split()[0] for line in (errors.__doc__ or "").splitlines() if "──" in line}
    tree = {name for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, Exception)}
    assert drawn | {"TangencyError"} == tree


def test_the_drawing_is_indented_as_the_classes_inherit() -> None:
    parents = {"": "TangencyError"}
    for line in (errors.__doc__ or "").splitlines():
        if "──" in line:
            stem, name = line.split("──")[0][:-1], line.split("──")[1].split()[0]
            parent = parents[max((known for known in parents if len(known) < len(stem)), key=len, default="")]
            assert getattr(errors, name).__mro__[1].__name__ == parent
            parents = {known: error for known, error in parents.items() if len(known) < len(stem)} | {stem: name}


@pytest.mark.parametrize("error", NO_ANSWERS)
def test_no_answer_carries_a_solution_or_none(error: type[NoAnswer]) -> None:
    raised = error("nothing to give")
    assert isinstance(raised, NoAnswer)
    assert raised.solution is None
    assert raised.detail == "nothing to give"


def test_every_fault_keeps_its_place_and_the_message_tells_all() -> None:
    faults = [Fault(("strategies", 2, "min_weight"), "is 2.", "range"), Fault((), "is empty.")]
    error = InvalidInput(faults)
    assert error.faults == tuple(faults)
    assert error.detail == "strategies.2.min_weight: is 2.; request: is empty."
    assert error.faults[1].code == "invalid"


def test_a_single_fault_comes_back_as_the_class_it_was_asked_of() -> None:
    error = errors.Unsupported.at(("method",), "is nobody's.", "unsupported")
    assert type(error) is errors.Unsupported
    assert error.faults == (Fault(("method",), "is nobody's.", "unsupported"),)


def test_what_callers_need_to_act_is_carried() -> None:
    assert NoFreeSolver("full", 1.5).retry_after_s == 1.5
    broken = PluginError("clever", "clever-portfolios", "no module named x")
    assert (broken.name, broken.distribution, broken.reason) == ("clever", "clever-portfolios", "no module named x")
    assert "'clever-portfolios'" in broken.detail


def test_a_no_answer_survives_the_way_between_processes() -> None:
    copied = pickle.loads(pickle.dumps(errors.TimeLimitReached("too late")))  # noqa: S301 - our own bytes
    assert type(copied) is errors.TimeLimitReached
    assert copied.detail == "too late"


class TestHint:
    def test_the_nearest_names_come_first(self) -> None:
        assert hint("AAPLL", ["MSFT", "AAPL", "XOM"]) == "did you mean AAPL?"

    def test_lower_case_finds_a_name_in_capitals(self) -> None:
        assert hint("msft", ["MSFT", "AAPL"]) == "did you mean MSFT?"

    def test_no_case_hides_a_name(self) -> None:
        assert hint("CVaR", ["mad", "cvar", "evar"]) == "did you mean cvar or evar?"

    def test_a_name_cut_short_finds_the_whole(self) -> None:
        assert hint("robust", ["mean_risk", "robust_optimization"]) == "did you mean robust_optimization?"

    def test_several_near_names_are_all_offered(self) -> None:
        assert hint("BRK", ["BRK.A", "BRK.B", "XOM"]) == "did you mean BRK.B or BRK.A?"

    def test_where_none_is_near_some_are_listed(self) -> None:
        assert hint("zzzz", ["AAPL", "XOM"]) == "valid: AAPL, XOM."

    def test_a_long_list_is_cut_at_a_dozen(self) -> None:
        names = [f"N{i:02d}" for i in range(13)]
        assert hint("?", names[:12]) == f"valid: {', '.join(names[:12])}."
        assert hint("?", names) == f"valid: {', '.join(names[:12])}, ..."

    def test_without_any_name_it_says_so(self) -> None:
        assert hint("AAPL", []) == "there are none."
