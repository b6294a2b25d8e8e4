"""What a method and estimators do not take, found before anybody solves."""

from __future__ import annotations

from tangency.domain.market.estimates import EstimatorChoice
from tangency.domain.optimization.method import refuse_unsupported
from tangency.domain.optimization.plugins import Plugins
from tangency.domain.optimization.problem import Problem


def refuse_misfits(problem: Problem, plugins: Plugins) -> None:
    """Refuse what can be seen from the declarations of the plugins; what takes data to see is seen by the solver.

    Raises:
        Unsupported: no such estimator, or an objective or a limit that the method does not take.
        InvalidInput: an option that a plugin does not have, or a value that it does not take.
        PluginError: a plugin cannot be loaded.
    """
    method, market = plugins.find_method(problem.method), problem.market
    refuse_unsupported(problem, method)
    plugins.bind_options(method.options, problem.options, ("method_options",))
    choices = {
        "expected_return_estimator": market.mean_estimator,
        "covariance_estimator": market.covariance_estimator,
        "prior": market.prior,
    }
    for word, choice in choices.items():
        if choice is not None and choice != EstimatorChoice():
            path = ("risk_parameters", word)
            plugins.bind_options(plugins.find_estimator(choice.name, path).options, choice.options, (*path, "options"))
