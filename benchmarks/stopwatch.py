"""Calls of several contenders, taken in turns, so that whatever disturbs the machine disturbs them alike."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from statistics import median
from time import perf_counter, process_time
from typing import Generic, TypeVar

Answer = TypeVar("Answer")

PATIENCE_S = 1.0
"""So long each contender is measured on one case; the quick ones reach their number of calls before."""
FEWEST = 3
SLOW_S = 3.0
"""A first call that takes longer is not a warm-up but the measurement."""
ROUNDS = 5
"""In each, a contender has a fifth of its calls in a row: the first finds the caches as another left them, and the
median is that of the others, as in a program that solves one problem after the other."""


@dataclass
class Times(Generic[Answer]):
    """What one contender took, and what it answered at first.

    Attributes:
        processor: seconds of processor time per call, of all threads.
        wall: seconds per call by the clock on the wall.
        failure: why there is no answer.
    """

    processor: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)
    answer: Answer | None = None
    failure: str = ""

    @property
    def milliseconds(self) -> float:
        """Median of the processor time: what an idle machine's clock shows for one thread, on a busy one too."""
        return 1e3 * median(self.processor)

    @property
    def wall_milliseconds(self) -> float:
        return 1e3 * median(self.wall)


Prepare = Callable[[], Callable[[], Answer]]
"""Makes fresh inputs, untimed, and hands over the call to time."""


def interleaved(contenders: Mapping[str, Prepare[Answer]], calls: int) -> dict[str, Times[Answer]]:
    """Time every contender up to ``calls`` times, in rounds, each round in another order."""
    times: dict[str, Times[Answer]] = {name: Times() for name in contenders}
    gc.freeze()  # what was there before need not be looked at: walking over it takes time and empties the caches
    for name, prepare in contenders.items():
        _attempt(prepare, times[name])
    wanted = {name: _calls(own, calls) for name, own in times.items()}
    gc.collect()
    gc.freeze()  # nor what the warm-ups left
    for number in range(ROUNDS):
        for name in _in_turn(list(contenders), number):
            for _ in range(_share(number, wanted[name])):
                _attempt(contenders[name], times[name])
    gc.unfreeze()
    return times


def _in_turn(names: list[str], number: int) -> list[str]:
    """The same names, begun with another one in each round."""
    first = number % max(1, len(names))
    return names[first:] + names[:first]


def _attempt(prepare: Prepare[Answer], times: Times[Answer]) -> None:
    if times.failure:
        return
    try:
        times.answer = _timed(prepare(), times)
    except Exception as error:  # noqa: BLE001 - a contender may fail in any way; the row says so and goes on
        times.failure = f"{type(error).__name__}: {error}".splitlines()[0]


def _timed(call: Callable[[], Answer], times: Times[Answer]) -> Answer:
    gc.collect()
    gc.disable()
    try:
        wall, processor = perf_counter(), process_time()
        answer = call()
        spent, passed = process_time() - processor, perf_counter() - wall
    finally:
        gc.enable()
    times.processor.append(spent)
    times.wall.append(passed)
    return answer


def _calls(times: Times[Answer], most: int) -> int:
    """How often to call again; a first call that was quick was a warm-up and is forgotten."""
    if times.failure or times.processor[0] > SLOW_S:
        return 0
    first = times.processor.pop()
    times.wall.clear()
    return min(most, max(FEWEST, int(PATIENCE_S / first)))


def _share(number: int, wanted: int) -> int:
    """How many of the wanted calls fall into a round, spread evenly."""
    return (number + 1) * wanted // ROUNDS - number * wanted // ROUNDS
