"""What shows to be wrong with a problem before anybody solves it: every door takes what passes, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tangency.domain.errors import Path
from tangency.domain.market.estimates import Estimator, EstimatorChoice, SampleKind
from tangency.domain.market.market import Market
from tangency.domain.market.returns import Returns
from tangency.domain.market.scenarios import cannot_weigh, needs_rows
from tangency.domain.optimization.crash import named
from tangency.domain.optimization.method import (
    OptimizationMethod,
    can_check,
    can_state_moments,
    refuse_unsupported,
)
from tangency.domain.optimization.plugins import Finder, found_by
from tangency.domain.optimization.problem import Problem

MEAN: Path = ("risk_parameters", "expected_return_estimator")
COVARIANCE: Path = ("risk_parameters", "covariance_estimator")
PRIOR: Path = ("risk_parameters", "prior")


_DEFAULT = EstimatorChoice()


def accept(problem: Problem, plugins: Finder) -> tuple[OptimizationMethod, object]:
    """Refuse what the problem and the plugins that it names show to be wrong; what is left takes data, and a solver.

    Returns:
        The method that was asked for, and its typed options.

    Raises:
        Unsupported: no such method or estimator, or an objective or a limit that the method does not take.
        InvalidInput: an option that a plugin does not have, a value that it does not take, or a name that is not there.
        PluginError: a plugin cannot be loaded.
        MethodCrashed: a plugin raised something else.
        ResourcesExhausted: a plugin ran out of memory.
    """
    method = plugins.find_method(problem.method)
    refuse_unsupported(problem, method)
    options = plugins.bind_options(method.options, problem.options, ("method_options",))
    _check_estimators(problem.market, plugins)
    if can_check(method):
        with found_by(plugins), named(f"the check of method {problem.method!r}"):
            method.check(problem, options)
    return method, options


def lacks_moments(problem: Problem) -> bool:
    """Whether neither figures nor returns say all of the market that the problem needs."""
    market = problem.market
    uses_mean = problem.objective.needs_mean or problem.constraints_need_mean()
    return (market.covariance is None and not market.has_every_name) or (uses_mean and market.lacks_means)


def with_stated_moments(problem: Problem, plugins: Finder) -> Problem:
    """The problem, with what its method's options state of the market where nothing else says it.

    Raises:
        InvalidInput: the options are wrong.
        PluginError: the method cannot be loaded.
        MethodCrashed: it raised something else.
        ResourcesExhausted: it ran out of memory.
    """
    if not lacks_moments(problem):
        return problem
    method = plugins.find_method(problem.method)
    if not can_state_moments(method):
        return problem
    options = plugins.bind_options(method.options, problem.options, ("method_options",))
    with found_by(plugins), named(f"method {problem.method!r}"):
        stated = method.stated_moments(problem.universe, options)
    return replace(problem, market=problem.market.with_moments(stated.mean, stated.covariance))


def _check_estimators(market: Market, plugins: Finder) -> None:
    prior = None if market.prior is None else plugins.find_estimator(market.prior.name, PRIOR)
    for path, choice in _chosen(market):
        estimator = plugins.find_estimator(choice.name, path)
        options = plugins.bind_options(estimator.options, choice.options, (*path, "options"))
        if market.returns is not None:
            _refuse_sample(estimator, market.sample_kind(None if path == PRIOR else prior), market, path)
            with named(f"the check of estimator {choice.name!r}"):
                getattr(estimator, "check", _nothing)(market.returns, options)


def _refuse_sample(estimator: Estimator, kind: SampleKind, market: Market, path: Path) -> None:
    """Refuse what an estimator cannot estimate from; a prior is made from rows whatever it says."""
    takes = "rows" if path == PRIOR else getattr(estimator, "takes", "moments")
    if (path == MEAN and not market.estimates_means) or (path == COVARIANCE and market.covariance is not None):
        return
    if (kind == "moments" and takes != "moments") or (kind == "own_rows" and takes not in ("moments", "own_rows")):
        raise needs_rows(market.missing_data, estimator.name)
    if kind == "rows" and takes == "equal_rows":
        raise cannot_weigh(estimator.name)


def _nothing(_returns: Returns, _options: object) -> None:
    """The check of an estimator that does not inherit one."""


def _chosen(market: Market) -> Iterator[tuple[Path, EstimatorChoice]]:
    """The estimators that somebody chose, and where they stand in the request."""
    choices = {MEAN: market.mean_estimator, COVARIANCE: market.covariance_estimator, PRIOR: market.prior}
    for path, choice in choices.items():
        if choice is not None and choice != _DEFAULT:
            yield path, choice
