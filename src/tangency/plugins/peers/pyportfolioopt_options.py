"""What a request says to PyPortfolioOpt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from tangency.domain.errors import InvalidInput

Model = Literal[
    "efficient_frontier",
    "efficient_semivariance",
    "efficient_cvar",
    "efficient_cdar",
    "black_litterman",
    "cla",
    "hrp",
]
Linkage = Literal["single", "complete", "average", "weighted", "centroid", "median", "ward"]


@dataclass(frozen=True, kw_only=True)
class PyPortfolioOptOptions:
    """Which of the library's optimizers, and what it takes beside the problem.

    Attributes:
        model: efficient_frontier (variance), efficient_semivariance, efficient_cvar and efficient_cdar minimise their
            risk; black_litterman is efficient_frontier on the posterior of the views; cla is the critical line
            algorithm; hrp is hierarchical risk parity.
        threshold: of efficient_semivariance, per period: returns above it are no risk.
        linkage: of hrp.
        views: of black_litterman: annual returns by name.
        view_confidences: from 0 to 1, by the same names, for Idzorek's uncertainty; He and Litterman's without them.
        market_weights: of black_litterman, by name, for the prior; the problem's own means without them.
        tau: of black_litterman: how uncertain the prior is.
    """

    model: Model = "efficient_frontier"
    threshold: float = 0.0
    linkage: Linkage = "single"
    views: Mapping[str, float] = field(default_factory=dict)
    view_confidences: Mapping[str, float] = field(default_factory=dict)
    market_weights: Mapping[str, float] = field(default_factory=dict)
    tau: float = 0.05

    def __post_init__(self) -> None:
        if not 0 < self.tau < np.inf:
            raise InvalidInput.at(("tau",), f"is {self.tau}; give a number above 0, such as 0.05.", "range")
        if self.view_confidences and set(self.view_confidences) != set(self.views):
            detail = f"are for {', '.join(self.view_confidences)}; give one for each of the views, or none."
            raise InvalidInput.at(("view_confidences",), detail, "shape")
        for name, confidence in self.view_confidences.items():
            if not 0 <= confidence <= 1:
                raise InvalidInput.at(("view_confidences", name), f"is {confidence}; give 0 to 1.", "range")
        if self.model == "black_litterman" and not self.views:
            raise InvalidInput.at(("views",), "is empty; give at least one view, or choose another model.", "missing")
