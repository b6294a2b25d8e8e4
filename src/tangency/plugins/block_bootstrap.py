"""Scenarios drawn from history in blocks of consecutive periods, which keep what one period says about the next."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Literal, cast

import msgspec
import numpy as np
from numpy.typing import NDArray

from tangency.domain.market.estimates import Estimator
from tangency.domain.market.scenarios import Scenarios

MOST_SCENARIOS = 100_000


@dataclass(frozen=True, slots=True)
class BlockBootstrapOptions:
    """How scenarios are drawn.

    Attributes:
        kind: ``stationary`` draws the length of each block from a geometric distribution, so that the scenarios are
            stationary; ``circular`` uses blocks of one length. Blocks that reach the end of the history continue at its
            beginning.
        size: number of scenarios. Default: the number of periods.
        block_length: in periods; for ``stationary`` the average length. Default: the cube root of the number of
            periods, the optimal order of growth.
        seed: of the random numbers; the same seed draws the same scenarios.
    """

    kind: Literal["stationary", "circular"] = "stationary"
    size: Annotated[int, msgspec.Meta(ge=2, le=MOST_SCENARIOS)] | None = None
    block_length: Annotated[int, msgspec.Meta(ge=1, le=MOST_SCENARIOS)] | None = None
    seed: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)] = 0


class BlockBootstrap(Estimator):
    """Scenarios resampled from the history in blocks of consecutive periods.

    All assets of a period are drawn together, which keeps their dependence; blocks also keep the dependence over time.
    Use it to see how much a portfolio depends on the particular history, or to get more scenarios than periods.
    """

    name = "block_bootstrap"
    citation = (
        "Politis, D., Romano, J. (1994), The Stationary Bootstrap, JASA 89(428), 1303-1313; circular: Politis, D., "
        "Romano, J. (1992), in: Exploring the Limits of Bootstrap, 263-270"
    )
    options: type = BlockBootstrapOptions

    def scenarios(self, sample: Scenarios, options: object) -> Scenarios:
        """Equally likely scenarios; blocks begin at each period with the probability that the sample gives it."""
        asked = cast(BlockBootstrapOptions, options)
        size = asked.size or len(sample)
        length = min(asked.block_length or round(len(sample) ** (1 / 3)), len(sample))
        draws = np.random.default_rng(asked.seed)
        starts = draws.choice(len(sample), size=size, p=sample.weights)
        periods = np.arange(size)
        begun = np.maximum.accumulate(np.where(_begins(asked.kind, size, length, draws), periods, 0))
        places = (starts[begun] + periods - begun) % len(sample)
        return replace(sample, returns=sample.returns[places], probabilities=None, periods=None)


def _begins(kind: str, size: int, length: int, draws: np.random.Generator) -> NDArray[np.bool_]:
    """Whether a block begins at each scenario; shape (size,)."""
    begins = np.arange(size) % length == 0 if kind == "circular" else draws.random(size) < 1.0 / length
    begins[0] = True
    return begins
