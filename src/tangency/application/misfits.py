"""What a method and estimators do not take, found before anybody solves."""

from __future__ import annotations

from tangency.domain.market.estimates import EstimatorChoice
from tangency.domain.market.universe import Universe
from tangency.domain.optimization.method import AboutNames, refuse_unsupported
from tangency.domain.optimization.plugins import Plugins
from tangency.domain.optimization.problem import Problem


def refuse_misfits(problem: Problem, plugins: Plugins) -> None:
    """Refuse what can be seen from the declarations of the plugins and the names; the rest takes data, and a solver.

    Raises:
        Unsupported: no such estimator, or an objective or a limit that the method does not take.
        InvalidInput: an option that a plugin does not have, a value that it does not take, or a name that is not there.
        PluginError: a plugin cannot be loaded.
    """
    method, market = plugins.find_method(problem.method), problem.market
    refuse_unsupported(problem, method)
    _check(plugins.bind_options(method.options, problem.options, ("method_options",)), problem.universe)
    choices = {
        "expected_return_estimator": market.mean_estimator,
        "covariance_estimator": market.covariance_estimator,
        "prior": market.prior,
    }
    for word, choice in choices.items():
        if choice is not None and choice != EstimatorChoice():
            path = ("risk_parameters", word)
            declared = plugins.find_estimator(choice.name, path).options
            _check(plugins.bind_options(declared, choice.options, (*path, "options")), problem.universe)


def _check(options: object, universe: Universe) -> None:
    if isinstance(options, AboutNames):
        options.check(universe)
