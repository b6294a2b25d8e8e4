"""A portfolio manager's desk: what was asked of the service, and what it told."""

import itertools
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.features.sample import Sample

CORRELATION = 0.3

_ids = itertools.count()


@dataclass
class Desk:
    """A request in the making, and the last response."""

    http: httpx.Client
    sample: Sample
    request: dict[str, Any] = field(default_factory=dict)
    response: httpx.Response | None = None
    batch: list[Any] = field(default_factory=list)
    last_good: Any = None
    before: dict[str, float] = field(default_factory=dict)

    def hold_the_sample(self) -> None:
        self.request = {"portfolio_id": "sample", "method": "MEAN_VARIANCE"}

    def hold(self, table: list[dict[str, str]]) -> None:
        """A portfolio of its own: a row per name, any two of them with the same correlation."""
        names = [row["name"] for row in table]
        risks = [percent(row["volatility"]) for row in table]
        covariance = [
            [risks[i] * risks[j] * (1.0 if i == j else CORRELATION) for j in range(len(names))]
            for i in range(len(names))
        ]
        self.request = {
            "portfolio_id": f"desk-{next(_ids)}",
            "method": "MEAN_VARIANCE",
            "strategies": [_strategy(row) for row in table],
            "risk_parameters": {"covariance": {"names": names, "values": covariance}},
        }

    def ask(self, objective: str) -> None:
        self.request["objective"] = objective
        self.response = self.http.post("/api/v1/optimize", json=self.request)
        if self.response.status_code == httpx.codes.OK:
            self.last_good = self.response.json()

    def ask_for_frontier(self, **query: str | float) -> None:
        address = f"/api/v1/portfolios/{self.request['portfolio_id']}/efficient-frontier"
        self.response = self.http.get(address, params=query)

    @property
    def answer(self) -> Any:
        assert self.response is not None, "nothing has been asked"
        assert self.response.status_code == httpx.codes.OK, self.response.text
        return self.response.json()

    @property
    def problem(self) -> Any:
        assert self.response is not None, "nothing has been asked"
        assert self.response.status_code == httpx.codes.UNPROCESSABLE_ENTITY, self.response.text
        return self.response.json()

    @property
    def weights(self) -> dict[str, float]:
        weights: dict[str, float] = self.answer["optimal_weights"]
        return weights

    @property
    def current(self) -> dict[str, float]:
        """Current weights by name."""
        stated = self.request.get("strategies")
        if stated is None:
            return self.sample.current
        return {strategy["name"]: strategy["current_weight"] for strategy in stated}

    @property
    def risk_free_rate(self) -> float:
        rate: float = self.request.get("risk_parameters", {}).get("risk_free_rate", 0.0)
        return rate

    def limit(self, name: str, value: object) -> None:
        self.request.setdefault("constraints", {})[name] = value

    def cap_sector(self, sector: str, value: float) -> None:
        self.request.setdefault("constraints", {}).setdefault("sector_limits", {})[sector] = value

    def measure(self, name: str, value: object) -> None:
        self.request.setdefault("risk_parameters", {})[name] = value

    def option(self, name: str, value: object) -> None:
        self.request.setdefault("method_options", {})[name] = value

    def strategy(self, name: str) -> dict[str, Any]:
        strategy: dict[str, Any] = next(each for each in self.request["strategies"] if each["name"] == name)
        return strategy

    def latest(self) -> httpx.Response:
        return self.http.get(f"/api/v1/optimization/{self.request['portfolio_id']}/latest")


def percent(text: str) -> float:
    """A figure as it is written in a feature: ``12%`` is 0.12."""
    return float(text.removesuffix("%")) / 100.0


_PLACES = {
    "the budget": "budget",
    "no short positions": "long_only",
    "smallest weight": "constraints.min_weight",
    "turnover": "constraints.turnover_limit",
    "gross exposure": "constraints.leverage_limit",
    "target return": "risk_parameters.target_return",
    "target volatility": "risk_parameters.target_volatility",
    "average loss of the worst days": "method_options.risk_limits.cvar",
    "the first view": "method_options.views.0",
    "the second view": "method_options.views.1",
    "the first name of the covariance": "risk_parameters.covariance.names.0",
}


def place_of(limit: str) -> str:
    """Where a request states what a feature calls by a manager's words: ``turnover``, ``sector energy``."""
    if limit.startswith("sector "):
        return f"constraints.sector_limits.{limit.removeprefix('sector ')}"
    if limit.startswith("largest weight of "):
        return f"strategies.{limit.removeprefix('largest weight of ')}.max_weight"
    return _PLACES[limit]


def rows(table: list[list[str]]) -> list[dict[str, str]]:
    """The lines of a table under its header."""
    header, *lines = table
    return [dict(zip(header, line, strict=True)) for line in lines]


_COLUMNS = {
    "expected return": "expected_return",
    "held": "current_weight",
    "at least": "min_weight",
    "at most": "max_weight",
}


def _strategy(row: dict[str, str]) -> dict[str, Any]:
    stated = {_COLUMNS[column]: percent(cell) for column, cell in row.items() if column in _COLUMNS and cell}
    return {"name": row["name"], **stated}
