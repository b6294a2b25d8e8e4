"""Rows: every contender on one case, judged by the same limits and the same objective."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from benchmarks.cases import Array, Case
from benchmarks.claims import Claim
from benchmarks.contenders import Contender, Role
from benchmarks.stopwatch import Times, interleaved

LARGEST_VIOLATION = 1e-6
LARGEST_DEVIATION = 1e-6
ROUNDING = 1e-9
"""Who breaks the limits by more than this gains from it, and does not set the mark that the others are held to."""
TOO_SLOW_S = 20.0
"""Who takes longer is not asked at the next size."""


@dataclass(frozen=True, eq=False)
class Result:
    """One contender on one case.

    Attributes:
        deviation: of the objective from the best, relative.
        excuse: why it does not count; empty where it does.
    """

    contender: Contender
    milliseconds: float | None
    wall_milliseconds: float | None
    calls: int
    objective: float | None
    violation: float | None
    deviation: float | None
    excuse: str

    def record(self) -> dict[str, object]:
        """The same for a JSON file."""
        own = {key: value for key, value in vars(self).items() if key != "contender"}
        return {"name": self.contender.name, "role": self.contender.role, **own}


@dataclass(frozen=True, eq=False)
class Row:
    """Every contender on one case."""

    case: Case
    results: tuple[Result, ...]

    @property
    def title(self) -> str:
        cap = f", cap {self.case.cap_words}" if self.case.cap < 1 else ""
        return f"{self.case.aim}, n = {self.case.size}{cap}"

    def of(self, contender: Contender) -> Result | None:
        return next((result for result in self.results if result.contender.name == contender.name), None)

    def playing(self, role: Role) -> Result | None:
        """Ours, or the floor."""
        return next((result for result in self.results if result.contender.role == role), None)

    @property
    def ours(self) -> float | None:
        """Our milliseconds, where our answer counts."""
        own = self.playing("ours")
        return None if own is None or own.excuse else own.milliseconds

    @property
    def fastest(self) -> Result | None:
        """The fastest peer that counts."""
        peers = [result for result in self.results if result.contender.role == "peer" and not result.excuse]
        return min(peers, key=lambda result: result.milliseconds or 0.0, default=None)

    @property
    def claims(self) -> list[Claim]:
        return [claim for claim in (self._speed(), self._floor()) if claim is not None]

    def _speed(self) -> Claim | None:
        if self.fastest is None or self.fastest.milliseconds is None:
            return None
        ratio = self.fastest.milliseconds / self.ours if self.ours else 0.0
        unit = f"times {self.fastest.contender.name}"
        return Claim(self.title, ratio, self.case.faster, unit, at_least=True)

    def _floor(self) -> Claim | None:
        floor = self.playing("floor")
        if floor is None or floor.milliseconds is None or self.ours is None:
            return None
        unit = f"ms, {floor.contender.name} doubled + 1"
        return Claim(self.title, self.ours, 2.0 * floor.milliseconds + 1.0, unit, at_least=False)


def measured(posed: Iterable[tuple[Case, Sequence[Contender]]], calls: int) -> Iterator[Row]:
    """Run the cases one after the other; a row comes as soon as it is measured.

    Args:
        posed: cases of ascending size, each with those who solve it.
        calls: how often to call the quick ones.
    """
    too_slow: dict[Contender, int] = {}
    for case, asked in posed:
        row = measured_row(case, asked, too_slow, calls)
        for result in row.results:
            if (result.wall_milliseconds or 0.0) > 1e3 * TOO_SLOW_S:
                too_slow.setdefault(result.contender, case.size)
        yield row


def loaded(case: Case, asked: Sequence[Contender]) -> None:
    """Everybody's first call, which imports what it needs."""
    interleaved({each.name: partial(each.prepare, case) for each in asked if each.installed}, calls=0)


def measured_row(case: Case, asked: Sequence[Contender], too_slow: dict[Contender, int], calls: int) -> Row:
    running = [each for each in asked if each.installed and case.size <= too_slow.get(each, case.size)]
    times = interleaved({each.name: partial(each.prepare, case) for each in running}, calls)
    best = _best(case, [own.answer for own in times.values() if own.answer is not None])
    skipped = [_absent(each, too_slow) for each in asked if each not in running]
    return Row(case, (*(_result(case, each, times[each.name], best) for each in running), *skipped))


def _best(case: Case, answers: Sequence[Array]) -> float:
    values = [case.value(weights) for weights in answers if case.violation(weights) <= ROUNDING]
    return max(values, default=float("nan")) if case.sharpe else min(values, default=float("nan"))


def _result(case: Case, contender: Contender, times: Times[Array], best: float) -> Result:
    if times.answer is None or times.failure:
        return Result(contender, None, None, 0, None, None, None, f"failed: {times.failure}")
    violation, objective = case.violation(times.answer), case.value(times.answer)
    deviation = abs(objective - best) / abs(best)
    return Result(
        contender,
        times.milliseconds,
        times.wall_milliseconds,
        len(times.wall),
        objective,
        violation,
        deviation,
        _excuse(violation, deviation),
    )


def _excuse(violation: float, deviation: float) -> str:
    if not violation <= LARGEST_VIOLATION:
        return f"breaks a limit by {violation:.1e}"
    if not deviation <= LARGEST_DEVIATION:
        return f"its objective is {deviation:.1e} from the best"
    return ""


def _absent(contender: Contender, too_slow: dict[Contender, int]) -> Result:
    slow = too_slow.get(contender)
    excuse = "not installed" if slow is None else f"skipped: over {TOO_SLOW_S:g} s at n = {slow}"
    return Result(contender, None, None, 0, None, None, None, excuse)
