"""Multipliers that show a region to be empty (Farkas), from the program that misses its limits by the least."""

from __future__ import annotations

import numpy as np

from tangency.domain.optimization.lagrangian import SMALLEST_FARKAS_BOUND, farkas_bound
from tangency.domain.optimization.proposal import Witness
from tangency.domain.optimization.region import Region
from tangency.plugins.kernels.linearised import TOLERANCE, distances_of, sized, with_bends


def refuted(region: Region) -> Witness | None:
    """A proof that nothing is in a region; None where there is something, or a cap on risk is to blame."""
    simple = [Witness(), *(Witness({row.id: sign}) for row in region.rows for sign in (1.0, -1.0))]
    proof = next((each for each in simple if farkas_bound(region, each) > SMALLEST_FARKAS_BOUND), None)
    return proof or _by_least_miss(region)


def _by_least_miss(region: Region) -> Witness | None:
    """Minimise t over rows a'x - t <= b, equalities in both directions, and distances that give way by t as well."""
    from scipy.optimize import linprog

    both = [row for row in region.rows if row.equality]
    rows = [*region.rows, *both]
    signs = np.array([1.0] * len(region.rows) + [-1.0] * len(both))
    inequalities, limits = with_bends(rows, distances_of(region), region.size)
    inequalities[: len(rows)] *= signs[:, None]
    limits[: len(rows)] *= signs
    limited = len(rows) + len(region.distances)
    giving = np.where(np.arange(len(limits)) < limited, -1.0, 0.0)
    columns = inequalities.shape[1]
    found = linprog(
        [*[0.0] * columns, 1.0],
        A_ub=np.column_stack([inequalities, giving]),
        b_ub=limits,
        bounds=[*np.transpose(region.implied).tolist(), *[(0.0, None)] * (columns - region.size + 1)],
        method="highs",
        options={"primal_feasibility_tolerance": TOLERANCE, "dual_feasibility_tolerance": TOLERANCE},
    )
    if found.status != 0:
        return None
    prices = -np.asarray(found.ineqlin.marginals[:limited])
    multipliers: dict[str, float] = {}
    for row, sign, price in zip(rows, signs.tolist(), prices.tolist(), strict=False):
        multipliers[row.id] = multipliers.get(row.id, 0.0) + sign * price / sized(row)
    multipliers |= {d.id: float(price) for d, price in zip(region.distances, prices[len(rows) :], strict=True)}
    proof = Witness(multipliers)
    return proof if farkas_bound(region, proof) > SMALLEST_FARKAS_BOUND else None
