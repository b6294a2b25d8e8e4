"""A method under test: found, asked, and judged as the service would, with the domain and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from typing import cast

from tangency.domain.errors import Unsupported
from tangency.domain.market.covariance import DenseCovariance
from tangency.domain.market.estimates import Estimates, Sources
from tangency.domain.optimization.crash import told
from tangency.domain.optimization.judgement import Outcome, judge
from tangency.domain.optimization.method import OptimizationMethod, can_check, refuse_unsupported
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Proposal
from tangency.domain.optimization.solution import Solution

GROUP = "tangency.methods"


class Crashed(Exception):
    """The method raised on a sound problem, or returned something that is no proposal."""


@dataclass(frozen=True, eq=False)
class Verdict:
    """What a method proposed for a problem, and what the domain made of it."""

    proposal: Proposal
    solution: Solution


@dataclass(frozen=True, eq=False)
class Subject:
    """A method and the options to try it with."""

    method: OptimizationMethod
    options: Mapping[str, object] = field(default_factory=dict)

    @classmethod
    def of(cls, method: OptimizationMethod | str, options: Mapping[str, object]) -> Subject:
        """A method, or the installed one of that name."""
        return cls.named(method, options) if isinstance(method, str) else cls(method, options)

    @classmethod
    def named(cls, name: str, options: Mapping[str, object] | None = None) -> Subject:
        """The installed method of that name.

        Raises:
            LookupError: no distribution here declares it.
        """
        found = [point for point in entry_points(group=GROUP) if point.name.lower() == name.lower()]
        if not found:
            raise LookupError(f"no installed distribution has an entry point {name!r} in group {GROUP!r}")
        return cls(cast(OptimizationMethod, found[0].load()()), options or {})

    def verdict(self, problem: Problem) -> Verdict:
        """Ask the method, and judge its answer.

        Raises:
            Unsupported: the method cannot honour what the problem asks, or is a rule whose weights break it.
            Crashed: it raised anything else, or its check refused a problem that is sound.
        """
        refuse_unsupported(problem, self.method)
        options = self.method.options(**self.options)
        if can_check(self.method):
            with _crashing("check()"):
                self.method.check(problem, options)
        estimates = estimates_of(problem)
        with _crashing("solve()"):
            proposal: object = self.method.solve(problem, estimates, options)
        if not isinstance(proposal, Proposal):
            raise Crashed(f"solve() returned {type(proposal).__name__}; give a Proposal")
        try:
            solution = judge(problem, Outcome(estimates, proposal, None), self.method.capabilities.rule)
        except (TypeError, ValueError, AttributeError) as error:
            raise Crashed(f"its proposal cannot be read: {told(error)}") from error
        return Verdict(proposal, solution)


@contextmanager
def _crashing(call: str) -> Iterator[None]:
    """What a method raises on a sound problem, beside that it cannot honour something, is a crash."""
    try:
        yield
    except Unsupported:
        raise
    except (Exception, SystemExit) as error:
        raise Crashed(f"{call} raised {told(error)}") from error


def estimates_of(problem: Problem) -> Estimates:
    """The moments that a problem gives; every problem of the suite gives its own."""
    market = problem.market
    if market.covariance is None:
        raise ValueError("problems of the suite give their covariance")
    sources = Sources("absent" if market.mean is None else "given", "given")
    history = market.history()
    scenarios = None if history is None else market.of_all(history[0])
    return Estimates(market.universe, market.mean, DenseCovariance.of(market.covariance), sources, scenarios)
