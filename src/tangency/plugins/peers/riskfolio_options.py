"""What a request says to Riskfolio-Lib, and the library's codes for measures of risk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from tangency.domain.errors import InvalidInput, hint

BUDGETED = frozenset(
    {"MV", "MAD", "MSV", "FLPM", "SLPM", "CVaR", "EVaR", "RLVaR", "CDaR", "EDaR", "RLDaR", "UCI", "GMD"}
) | {"KT", "SKT", "EM", "ESM", "TG", "CVRG", "TGRG", "EVRG", "RVRG"}
"""Codes of the measures that the library can budget."""
CONVEX = BUDGETED | {"WR", "RG", "MDD", "ADD"}
"""Codes of those that it can minimise."""
MEASURED = (
    CONVEX
    | {"equal", "vol", "VaR", "VRG", "DaR"}
    | {"MDD_Rel", "ADD_Rel", "DaR_Rel", "CDaR_Rel", "EDaR_Rel", "RLDaR_Rel", "UCI_Rel"}
)
"""Codes of those that it can compare clusters by."""
LEVELLED = (
    frozenset({"CVaR", "EVaR", "RLVaR", "TG", "CVRG", "EVRG", "RVRG", "TGRG", "CDaR", "EDaR", "RLDaR"})
    | {"VaR", "VRG", "DaR"}
    | {"DaR_Rel", "CDaR_Rel", "EDaR_Rel", "RLDaR_Rel"}
)
"""Codes of those at a confidence level."""
LARGEST_KAPPA = 0.9999
SUMMED = 1e-9
"""By how much budgets may miss a sum of 1."""


@dataclass(frozen=True, kw_only=True)
class RiskfolioOptions:
    """Which portfolio of the library to compute, and its settings.

    Attributes:
        model: ``Classic`` for its optimizations; ``HRP``, ``HERC``, ``HERC2`` and ``NCO`` for its cluster methods.
        method: for ``Classic``: ``optimization``, ``rp_optimization`` (risk parity), ``rrp_optimization`` (relaxed risk
            parity) or ``wc_optimization`` (worst case). Default: ``rp_optimization`` for RISK_PARITY, otherwise
            ``optimization``.
        rm: risk measure by the library's code. Default: that of the objective, or MV if it has none.
        kelly: ``approx`` or ``exact``: use logarithmic instead of arithmetic mean returns.
        budgets: for risk parity: shares of the risk by asset, summing to 1. Default: equal shares.
        kappa: how heavy the tails of RLVaR, RLDaR and RVRG are, from 0.0001 to 0.9999.
        half_order: half the order of the moments EM and ESM; at least 2.
        Umu: for the worst case: uncertainty set of the means, by normal simulation.
        Ucov: for the worst case: uncertainty set of the covariance. No ellipsoid, because the library finds no radius
            for it.
        codependence: for the cluster methods: measure of dependence.
        linkage: for the cluster methods: definition of the distance between clusters.
        k: number of clusters. Default: chosen by the library's two-difference gap statistic.
    """

    model: Literal["Classic", "HRP", "HERC", "HERC2", "NCO"] = "Classic"
    method: Literal["optimization", "rp_optimization", "rrp_optimization", "wc_optimization"] | None = None
    rm: str | None = None
    kelly: Literal["approx", "exact"] | None = None
    budgets: Mapping[str, float] = field(default_factory=dict)
    kappa: float = 0.3
    half_order: int = 2
    Umu: Literal["box", "ellip"] | None = "box"
    Ucov: Literal["box"] | None = "box"
    codependence: Literal[
        "pearson",
        "spearman",
        "kendall",
        "abs_pearson",
        "abs_spearman",
        "abs_kendall",
        "distance",
        "mutual_info",
        "tail",
        "gerber1",
        "gerber2",
    ] = "pearson"
    linkage: Literal["single", "complete", "average", "weighted", "centroid", "median", "ward", "DBHT"] = "single"
    k: int | None = None

    def __post_init__(self) -> None:
        if self.rm is not None and self.rm not in MEASURED:
            detail = f"{self.rm!r} is not a risk measure of Riskfolio-Lib; {hint(self.rm, sorted(MEASURED))}"
            raise InvalidInput.at(("rm",), detail, "unknown")
        if not 1 - LARGEST_KAPPA <= self.kappa <= LARGEST_KAPPA:
            raise InvalidInput.at(("kappa",), f"is {self.kappa}; give a number from 0.0001 to 0.9999.", "range")
        if self.half_order < 2:  # noqa: PLR2004 - the variance is MV
            raise InvalidInput.at(("half_order",), f"is {self.half_order}; give 2 or more.", "range")
        if self.k is not None and self.k < 1:
            raise InvalidInput.at(("k",), f"is {self.k}; give 1 or more.", "range")
        shares = self.budgets.values()
        if shares and (min(shares) <= 0 or abs(sum(shares) - 1.0) > SUMMED):
            detail = f"are {dict(self.budgets)}; give shares above 0 that sum to 1."
            raise InvalidInput.at(("budgets",), detail, "range")
