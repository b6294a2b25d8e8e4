"""The benchmark measures answers to one and the same question. Nothing here depends on how long they take."""

from dataclasses import replace

import pytest

from benchmarks import tables
from benchmarks.cases import Array, Case, cases
from benchmarks.claims import Claim
from benchmarks.contenders import CONTENDERS, FLOOR, OURS, PEERS, Call
from benchmarks.rows import Row, measured_row
from benchmarks.stopwatch import ROUNDS, _share, interleaved

CLARABEL = next(peer for peer in PEERS if peer.name == "cvxpy, Clarabel")
SMALLEST = list(cases([20]))


@pytest.fixture(scope="module", params=SMALLEST, ids=lambda case: f"{case.aim}, {case.cap_words}")
def row(request: pytest.FixtureRequest) -> Row:
    case: Case = request.param
    return measured_row(case, [OURS, FLOOR, CLARABEL], {}, calls=1)


def test_ours_and_a_peer_agree_on_the_objective(row: Row) -> None:
    ours, theirs = row.of(OURS), row.of(CLARABEL)
    assert ours is not None
    assert theirs is not None
    assert ours.objective == pytest.approx(theirs.objective, rel=1e-6)
    assert ours.excuse == theirs.excuse == ""


def test_the_floor_solves_the_same_problem(row: Row) -> None:
    ours, floor = row.of(OURS), row.of(FLOOR)
    assert ours is not None
    assert floor is not None
    assert floor.objective == pytest.approx(ours.objective, rel=1e-6)


def test_a_row_is_one_line_of_the_table(row: Row) -> None:
    cells = tables.row_line(row).strip("|").split("|")
    assert len(cells) == len(tables.header().splitlines()[0].strip("|").split("|"))
    assert [cell.strip() for cell in cells[:3]] == [row.case.aim, "20", row.case.cap_words]


def careless_call(case: Case) -> Call:
    """Weights that add up to a little more than there is."""
    right = OURS.prepare(case)

    def call() -> Array:
        return right() * 1.00001

    return call


def test_who_breaks_a_limit_does_not_count() -> None:
    careless = replace(CLARABEL, name="careless", prepare=careless_call)
    row = measured_row(SMALLEST[0], [OURS, careless], {}, calls=1)
    result = row.of(careless)
    assert result is not None
    assert result.excuse.startswith("breaks a limit by")
    assert row.fastest is None
    assert tables.notes(row) == [f"- {row.title}: careless {result.excuse}"]


def test_who_is_too_slow_is_skipped_at_larger_sizes() -> None:
    row = measured_row(SMALLEST[0], CONTENDERS, dict.fromkeys(CONTENDERS, 10), calls=1)
    assert {result.milliseconds for result in row.results} == {None}
    assert all("skipped" in result.excuse for result in row.results)


def test_a_failure_is_told_and_spoils_nothing_else() -> None:
    def fails() -> int:
        raise ArithmeticError("out of luck")

    times = interleaved({"lucky": lambda: lambda: 7, "unlucky": lambda: fails}, calls=3)
    assert times["unlucky"].failure == "ArithmeticError: out of luck"
    assert times["lucky"].answer == 7
    assert len(times["lucky"].wall) == 3


@pytest.mark.parametrize("wanted", [0, 1, 3, ROUNDS, 17, 25])
def test_the_calls_of_all_rounds_are_those_that_were_wanted(wanted: int) -> None:
    assert sum(_share(number, wanted) for number in range(ROUNDS)) == wanted


def test_a_claim_holds_on_its_limit_and_on_the_right_side_of_it() -> None:
    faster = Claim("row", 3.0, 3.0, "times", at_least=True)
    smaller = Claim("row", 3.0, 3.0, "ms", at_least=False)
    assert faster.holds
    assert smaller.holds
    assert not replace(faster, figure=2.9).holds
    assert not replace(smaller, figure=3.1).holds
