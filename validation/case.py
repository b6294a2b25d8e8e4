"""A question, our answer, and the answers of others, on one scale."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from time import perf_counter
from typing import TypeAlias

import numpy as np

from tangency import Problem
from tangency.adapters.entry_points import EntryPointPlugins
from tangency.adapters.solving import in_process
from tangency.adapters.solving.conclusion import conclude
from tangency.domain.market.estimates import Estimates
from tangency.domain.optimization.certificate import certify
from tangency.domain.optimization.solution import Solution
from validation.sample import Array

PLUGINS = EntryPointPlugins()

Peer: TypeAlias = Callable[[], Array]
"""Weights in the order of the sample's names."""


@dataclass(frozen=True)
class Case:
    """One question.

    Attributes:
        asks: in a few words.
        peers: who else answers it, each in a way that is all its own.
        largest: whether more of the objective is better.
        remarks: by peer, why it differs where it does.
    """

    asks: str
    problem: Problem
    peers: Mapping[str, Peer]
    largest: bool = False
    remarks: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Row:
    """How one peer compares.

    Attributes:
        worse: by how much our objective is worse than the peer's, relative; negative where ours is better.
        distance: the largest difference of a weight.
        gap: proven of ours, relative; None where nothing is claimed.
        violation: of ours, the largest of any constraint; ``their_violation`` likewise.
    """

    method: str
    asks: str
    peer: str
    ours: float
    theirs: float
    worse: float
    distance: float
    gap: float | None
    violation: float
    their_violation: float
    remark: str


def compared(case: Case) -> Iterator[Row]:
    """A row per peer."""
    problem, solution, estimates = answered(case.problem)
    certificate, weights = solution.certificate, solution.weights
    if certificate is None or weights is None:
        raise ArithmeticError(f"{case.problem.method}, {case.asks}: {solution.status}: {solution.message}")
    ours = float(certificate.objective or 0.0)
    for peer, answer in case.peers.items():
        began = perf_counter()
        theirs = np.asarray(answer(), dtype=float).ravel()
        print(f"  {problem.method}, {case.asks}: {peer} in {perf_counter() - began:.1f} s", flush=True)
        checked = certify(problem, estimates, theirs, None)
        value = float(checked.objective or 0.0)
        worse = (value - ours if case.largest else ours - value) / max(abs(value), 1e-300)
        yield Row(
            problem.method,
            case.asks,
            peer,
            ours,
            value,
            worse,
            float(np.abs(weights - theirs).max()),
            certificate.relative_gap,
            certificate.max_violation,
            checked.max_violation,
            case.remarks.get(peer, ""),
        )


def answered(problem: Problem) -> tuple[Problem, Solution, Estimates]:
    """The problem as its method read it, the checked answer, and the estimates that it stands on."""
    proposed = in_process.proposed(problem, PLUGINS)
    solution = conclude(problem, proposed, PLUGINS)
    reading, given = proposed.outcome.proposal.reading, proposed.outcome.estimates
    return reading.of(problem), solution, given if reading.estimates is None else reading.estimates
