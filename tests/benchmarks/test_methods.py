"""The rows of the methods measure answers to one and the same question."""

import numpy as np
import pytest

from benchmarks import tables
from benchmarks.cases import Case
from benchmarks.method_contenders import PEERS
from benchmarks.methods import TailCase, _asked, _cases
from benchmarks.rows import measured_row

SMALLEST = list(_cases([20]))


@pytest.mark.parametrize("case", SMALLEST, ids=lambda case: f"{case.aim}, {case.cap_words}")
def test_ours_and_the_floor_solve_the_same_problem(case: Case) -> None:
    row = measured_row(case, _asked(case)[:2], {}, calls=1)
    ours, floor = row.playing("ours"), row.playing("floor")
    assert ours is not None
    assert floor is not None
    assert ours.excuse == floor.excuse == ""
    assert len(tables.row_line(row, PEERS).split("|")) == len(tables.header(PEERS).splitlines()[0].split("|"))


def test_the_tail_is_the_mean_of_the_worst_twentieth() -> None:
    case = next(case for case in SMALLEST if isinstance(case, TailCase))
    weights = np.full(20, 0.05)
    losses = np.sort(-(case.sample.returns @ weights))[::-1]
    assert len(losses) == 290  # 14.5 days of them
    assert case.value(weights) == pytest.approx((losses[:14].sum() + 0.5 * losses[14]) / 14.5, rel=1e-12)
