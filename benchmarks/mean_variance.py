"""Minimum volatility and maximum Sharpe, from 20 to 1,000 names: at least 3 times as fast as the fastest peer.

For maximum Sharpe over 1,000 names: 20 times. A peer counts where its weights keep every limit within 1e-6 and its
objective is within 1e-6 of the best, relatively; a faster answer to another question is no peer's. A second claim is
about the floor: within twice the time of a bare solver, plus 1 ms.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmarks.cases import SIZES, cases
from benchmarks.contenders import CONTENDERS
from benchmarks.rows import Row, loaded, measured


def rows(sizes: Sequence[int], calls: int) -> Iterator[Row]:
    """Every aim under every cap at these sizes, in ascending order.

    Args:
        sizes: numbers of assets.
        calls: how often to call the quick ones.
    """
    loaded(next(cases(SIZES[:1])), CONTENDERS)
    yield from measured(((case, CONTENDERS) for case in cases(sizes)), calls)
