"""Why nothing is feasible: a smallest set of limits that contradict each other, and the least that must give way.

Both come from :class:`ElasticPrograms`. Dropping the members of a conflict one by one makes it minimal.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from tangency.domain.market.estimates import Estimates
from tangency.domain.numbers import Vector
from tangency.domain.optimization.elastic_programs import ElasticPrograms, outward
from tangency.domain.optimization.lagrangian import SMALLEST_FARKAS_BOUND, farkas_bound
from tangency.domain.optimization.linear_programs import LinearPrograms
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Witness
from tangency.domain.optimization.term import NO_CUTS


@dataclass(frozen=True, slots=True)
class Conflicting:
    """A member of the conflict.

    Attributes:
        sufficient: the value of this limit alone, all others as they are, that would do; None where none would.
    """

    constraint: str
    sentence: str
    limit: float
    sufficient: float | None


@dataclass(frozen=True, slots=True)
class Relaxation:
    """A limit that must give way, together with the others in the list."""

    constraint: str
    limit: float
    needed: float


@dataclass(frozen=True, eq=False, slots=True)
class Infeasibility:
    """A minimal conflict, its proof, and the relaxation with the least sum of relative changes.

    Attributes:
        proof: multipliers of members of the conflict whose bound over the box of every weight is above zero.
        bound: by how much; see ``farkas_bound``.
    """

    conflict: tuple[Conflicting, ...]
    relaxation: tuple[Relaxation, ...]
    proof: Witness
    bound: float

    def renamed(self, name: Callable[[str], str]) -> Infeasibility:
        """The same with other names of its limits."""
        return replace(
            self,
            conflict=tuple(replace(each, constraint=name(each.constraint)) for each in self.conflict),
            relaxation=tuple(replace(each, constraint=name(each.constraint)) for each in self.relaxation),
        )


def with_names(message: str, names: Mapping[str, str]) -> str:
    """A message with other names of limits, whole ones and each once: no new name is taken for an old one."""
    if not names:
        return message
    longest_first = sorted(names, key=len, reverse=True)
    return re.sub("|".join(map(re.escape, longest_first)), lambda found: names[found[0]], message)


def explain_infeasibility(
    problem: Problem,
    estimates: Estimates,
    linear_programs: LinearPrograms,
    known: Mapping[str, Vector] = NO_CUTS,
) -> Infeasibility | None:
    """Find out whether any portfolio satisfies every constraint, and if none does, why.

    Args:
        problem: its constraints.
        estimates: annual moments, and scenarios.
        linear_programs: solves those that this takes.
        known: dual vectors by id of a risk cap that a method says prove something; half-spaces find the others.

    Returns:
        None where the constraints can be satisfied within 1e-9, or where the solver of linear programs failed.
    """
    elastic = ElasticPrograms(problem, estimates, linear_programs, known)
    conflict = elastic.conflict(problem.constraints)
    clash = elastic.clash(conflict) if conflict else None
    if clash is None:
        return None
    bound = farkas_bound(problem.region(estimates), clash.witness)
    if bound <= SMALLEST_FARKAS_BOUND:
        return None
    members = tuple(
        Conflicting(c.id, c.sentence(), c.limit, elastic.sufficient(c) if c.relaxable else None) for c in conflict
    )
    slacks = elastic.least_relaxation()
    relaxation = tuple(
        Relaxation(c.id, c.limit, outward(c, slacks[c.id])) for c in problem.constraints if c.id in slacks
    )
    return Infeasibility(members, relaxation, clash.witness, bound)
