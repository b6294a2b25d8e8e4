"""The sample portfolio, computed here once more from its files, without any code of the product."""

import csv
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tangency.sample import holdings_path, prices_path

Array = NDArray[np.float64]

TRADING_DAYS = 252


@dataclass(frozen=True, eq=False)
class Sample:
    """Names, sectors, current weights and annual moments of simple daily returns."""

    names: tuple[str, ...]
    sectors: dict[str, str]
    current: dict[str, float]
    returns: Array
    means: Array
    covariance: Array

    @classmethod
    def read(cls) -> Self:
        frame = pl.read_parquet(prices_path())
        names = tuple(name for name in frame.columns if name != "Date")
        prices = frame.select(names).to_numpy()
        returns = prices[1:] / prices[:-1] - 1.0
        with holdings_path().open() as file:
            held = {row["name"]: row for row in csv.DictReader(file)}
        last = {**dict(zip(names, prices[-1], strict=True)), "CASH": 1.0}
        values = {name: float(row["quantity"]) * last[name] for name, row in held.items()}
        total = sum(values.values())
        return cls(
            names,
            {name: row["sector"] for name, row in held.items() if row["sector"]},
            {name: values[name] / total for name in names},
            returns,
            TRADING_DAYS * returns.mean(axis=0),
            TRADING_DAYS * np.cov(returns, rowvar=False),
        )

    def figures(self, weights: dict[str, float], risk_free_rate: float) -> dict[str, Any]:
        w = np.array([weights[name] for name in self.names])
        mean, volatility = float(self.means @ w), float(np.sqrt(w @ self.covariance @ w))
        ratio = (mean - risk_free_rate) / volatility
        return {"expected_return": mean, "expected_volatility": volatility, "sharpe_ratio": ratio}

    def average_of_worst(self, share: float, weights: dict[str, float]) -> float:
        """The mean loss of the worst days that make up this share of all, the last of them in part."""
        losses = np.sort(-(self.returns @ np.array([weights[name] for name in self.names])))[::-1]
        days = share * len(losses)
        whole = int(days)
        return float((losses[:whole].sum() + (days - whole) * losses[whole]) / days)

    def risk_shares(self, weights: dict[str, float]) -> dict[str, float]:
        """Of the variance."""
        w = np.array([weights[name] for name in self.names])
        shares = w * (self.covariance @ w) / (w @ self.covariance @ w)
        return dict(zip(self.names, shares.tolist(), strict=True))

    def best_random_ratio(self, count: int, risk_free_rate: float) -> float:
        """The highest Sharpe ratio among random long-only portfolios, some spread out and some of few names."""
        random = np.random.default_rng(20221228)
        concentration = random.uniform(0.05, 2.0, size=(count, 1))
        weights = random.gamma(concentration, size=(count, len(self.names))) + 1e-12
        weights /= weights.sum(axis=1, keepdims=True)
        excess = weights @ self.means - risk_free_rate
        variances = np.einsum("ti,ij,tj->t", weights, self.covariance, weights)
        return float((excess / np.sqrt(variances)).max())
