"""Published problems, stated as a client states them: as a document, over HTTP."""

from collections.abc import Mapping, Sequence
from typing import Any

import httpx
import numpy as np
from numpy.typing import ArrayLike


def covariance(volatilities: Sequence[float], correlations: ArrayLike) -> list[list[float]]:
    """What papers print as volatilities and correlations."""
    table: list[list[float]] = (np.asarray(correlations) * np.outer(volatilities, volatilities)).tolist()
    return table


def stated(
    question: tuple[str, str],
    names: Sequence[str],
    *,
    mean: Sequence[float] | None = None,
    covariance: ArrayLike | None = None,
    returns: ArrayLike | None = None,
    of_names: Mapping[str, Mapping[str, float]] | None = None,
    options: Mapping[str, Any] | None = None,
    constraints: Mapping[str, Any] | None = None,
    **risk: Any,
) -> dict[str, Any]:
    """The document of a published problem.

    Args:
        question: method and objective.
        names: of the assets.
        mean: by asset.
        covariance: by asset and asset.
        returns: a row per period, a column per asset.
        of_names: further fields of an asset, by its name.
        options: of the method.
        constraints: as in a request.
        risk: parameters of the risk.
    """
    strategies: list[dict[str, Any]] = [{"name": name, **(of_names or {}).get(name, {})} for name in names]
    if mean is not None:
        strategies = [{**each, "expected_return": figure} for each, figure in zip(strategies, mean, strict=True)]
    if returns is not None:
        columns = np.asarray(returns, dtype=float).T.tolist()
        strategies = [{**each, "returns": column} for each, column in zip(strategies, columns, strict=True)]
    if covariance is not None:
        risk["covariance"] = {"names": list(names), "values": np.asarray(covariance).tolist()}
    return {
        "portfolio_id": "published",
        "method": question[0],
        "objective": question[1],
        "strategies": strategies,
        "method_options": dict(options or {}),
        "constraints": dict(constraints or {}),
        "risk_parameters": risk,
    }


def answered(http: httpx.Client, *args: Any, **kwargs: Any) -> dict[str, Any]:
    """The answer to what :func:`stated` states."""
    response = http.post("/api/v1/optimize", json=stated(*args, **kwargs))
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def weights(answer: Mapping[str, Any]) -> list[float]:
    """In the order of the names."""
    return list(answer["optimal_weights"].values())
