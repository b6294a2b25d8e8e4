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
    """Which optimizer of the library to use, and its settings.

    Attributes:
        model: ``efficient_frontier`` (variance), ``efficient_semivariance``, ``efficient_cvar`` and ``efficient_cdar``
            minimize their risk; ``black_litterman`` is ``efficient_frontier`` on the posterior of the views; ``cla`` is
            the critical line algorithm; ``hrp`` is hierarchical risk parity.
        threshold: for ``efficient_semivariance``: return per period below which a shortfall counts.
        linkage: for ``hrp``: the definition of the distance between clusters.
        views: for ``black_litterman``: expected annual returns by asset.
        view_confidences: from 0 to 1 for each of the views, for Idzorek's uncertainty. Default: the uncertainty of He
            and Litterman.
        market_weights: for ``black_litterman``: market weights by asset, for the prior. Default: the expected returns
            of the request are the prior.
        tau: for ``black_litterman``: uncertainty of the prior.
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
