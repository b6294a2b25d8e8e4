"""Requests with known answers, as documents."""

from copy import deepcopy
from typing import Any

REQUEST: dict[str, Any] = {
    "portfolio_id": "port-1",
    "objective": "MAX_SHARPE",
    "method": "MEAN_VARIANCE",
    "strategies": [
        {"name": "AAPL", "sector": "technology", "expected_return": 0.11, "current_weight": 0.5},
        {"name": "XOM", "sector": "energy", "expected_return": 0.08, "current_weight": 0.3},
        {"name": "JNJ", "sector": "health_care", "expected_return": 0.06, "current_weight": 0.2},
    ],
    "constraints": {"sector_limits": {"technology": 0.3}},
    "risk_parameters": {
        "risk_free_rate": 0.02,
        "covariance": {
            "names": ["AAPL", "XOM", "JNJ"],
            "values": [[0.0625, 0.01, 0.0075], [0.01, 0.0484, 0.006], [0.0075, 0.006, 0.0225]],
        },
    },
}

YAML = """
portfolio_id: port-1
objective: MAX_SHARPE
method: MEAN_VARIANCE
strategies:
  - {name: AAPL, sector: technology, expected_return: 0.11, current_weight: 0.5}
  - {name: XOM, sector: energy, expected_return: 0.08, current_weight: 0.3}
  - {name: JNJ, sector: health_care, expected_return: 0.06, current_weight: 0.2}
constraints: {sector_limits: {technology: 0.3}}
risk_parameters:
  risk_free_rate: 0.02
  covariance:
    names: [AAPL, XOM, JNJ]
    values: [[0.0625, 0.01, 0.0075], [0.01, 0.0484, 0.006], [0.0075, 0.006, 0.0225]]
"""


def asked(**changes: Any) -> dict[str, Any]:
    """The request with fields changed; for the two objects of parameters, what is given is added."""
    request = deepcopy(REQUEST)
    for name, value in changes.items():
        merged = {**request[name], **value} if isinstance(value, dict) and name in request else value
        request[name] = merged
    return request
