"""What a portfolio is measured against."""

from __future__ import annotations

import math
from collections.abc import Mapping

from tangency.domain.errors import InvalidInput, Path

LARGEST_MISS = 1e-6
"""By which weights may miss 1."""


def refuse_other_totals(weights: Mapping[str, float], path: Path) -> None:
    """Weights of a whole portfolio, cash among them.

    Raises:
        InvalidInput: none at all, or they do not sum to 1.
    """
    if not weights:
        raise InvalidInput.at(path, "is empty; give at least one name.", "empty")
    total = math.fsum(weights.values())
    if not abs(total - 1.0) <= LARGEST_MISS:
        raise InvalidInput.at(path, f"sums to {total:.9g}; the weights, including CASH, must sum to 1.", "budget")
