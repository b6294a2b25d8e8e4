"""From returns with gaps to scenarios without, by a stated policy, with a report of what was dropped and filled."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tangency.domain.errors import InvalidInput, Path
from tangency.domain.market.returns import DataReport, MissingData, Returns
from tangency.domain.market.scenarios import Moments, Periods, Scenarios
from tangency.domain.numbers import Indices, Matrix, Vector, frozen

PATH: Path = ("risk_parameters", "missing_data")
FEWEST_COMMON = 2
"""Rows that two names must share: a covariance divides by one less."""
FEWEST_TO_REGRESS = 3
"""Rows that a name and its proxy must share: two points are on a line whatever they are."""
SETTLED = 1e-11
"""Largest change of a moment, in standard deviations; the moments themselves are then good to 1e-8 unless all but a
hundredth of what they stand on is missing."""
MOST_ROUNDS = 20_000
AT_ONCE = 256
"""Patterns of gaps whose regressions are made together: at 20 names a third of the time of one by one."""
NEGLIGIBLE = 1e-10
"""Of the largest eigenvalue of a correlation: names beyond it are combinations of others."""

Gaps = NDArray[np.bool_]


def without_gaps(
    returns: Returns, policy: MissingData, proxies: Mapping[str, str], periods_per_year: float
) -> tuple[Scenarios, DataReport]:
    """Scenarios to estimate from, and what became of the rows.

    Args:
        returns: NaN marks a gap.
        policy: what to do about gaps.
        proxies: by a name, the one that stands in for it; for the policy ``proxy``.
        periods_per_year: of the returns.

    Raises:
        InvalidInput: too little is left, proxies without their policy or without a meaning, or a policy that wants
            some and has none.
    """
    if (policy == "proxy") != bool(proxies):
        said = "fills gaps of a name from another one" if policy == "proxy" else "takes no proxies"
        detail = f'{policy!r} {said}; write {{"policy": "proxy", "proxies": {{"NEW": "OLD"}}}} to say which.'
        raise InvalidInput.at(PATH, detail, "missing" if policy == "proxy" else "unsupported")
    if policy == "proxy":
        return _by_proxy(returns, proxies, periods_per_year)
    if policy == "intersect" or not np.isnan(returns.values).any():
        return _complete(returns, periods_per_year, policy)
    return _BY_MOMENTS[policy](returns, periods_per_year)


def _complete(returns: Returns, periods_per_year: float, policy: MissingData) -> tuple[Scenarios, DataReport]:
    rows, report = returns.complete()
    return Scenarios(returns.universe, rows, None, periods_per_year, _kept(returns)), replace(report, method=policy)


def _kept(returns: Returns) -> Periods:
    complete = np.flatnonzero(~np.isnan(returns.values).any(axis=1))
    return Periods(len(returns.values), complete.astype(np.int32))


def _gapped(returns: Returns) -> tuple[str, ...]:
    """The names with gaps."""
    return tuple(np.array(returns.universe.names)[np.isnan(returns.values).any(axis=0)].tolist())


# --- pairwise -----------------------------------------------------------------------------------------------------


def _pairwise(returns: Returns, periods_per_year: float) -> tuple[Scenarios, DataReport]:
    """Each mean from a name's own rows, each covariance from the rows that two names share."""
    seen = ~np.isnan(returns.values)
    _refuse_strangers(returns, seen)
    own = returns.values
    moments = Moments(_own_means(own), pairwise_covariance(own), "pairwise", _own_growth(own))
    kept = _kept(returns)
    scenarios = Scenarios(returns.universe, returns.values[kept.rows], None, periods_per_year, kept, moments)
    used = int(seen.any(axis=1).sum())
    causes = _gapped(returns)
    return scenarios, DataReport(len(seen), used, len(seen) - used, causes, {}, "pairwise", len(kept.rows))


def _refuse_strangers(returns: Returns, seen: Gaps) -> None:
    common = seen.T.astype(float) @ seen
    if common.min() < FEWEST_COMMON:
        first, second = np.unravel_index(int(common.argmin()), common.shape)
        names = returns.universe.names
        detail = (
            f"{names[int(first)]!r} and {names[int(second)]!r} have {int(common.min())} returns in common periods, and "
            f"their covariance needs {FEWEST_COMMON}; leave one of them out, or use 'proxy'."
        )
        raise InvalidInput.at(PATH, detail, "too_few_rows")


def _own_means(values: Matrix) -> Vector:
    return frozen(np.nanmean(values, axis=0))


def _own_growth(values: Matrix) -> Vector:
    with np.errstate(divide="ignore"):
        growth: Vector = np.nanmean(np.log1p(values), axis=0)
    return growth


def pairwise_covariance(values: Matrix) -> Matrix:
    """Covariances per period, each over the rows that two names share and centred there, divisor one less.

    Args:
        values: NaN marks a gap; any two columns share two rows; shape (T, n).
    """
    seen = (~np.isnan(values)).astype(float)
    shifted = np.where(seen > 0, values - _own_means(values), 0.0)  # means near 0: sums of squares keep their digits
    common, sums = seen.T @ seen, shifted.T @ seen  # sums[i, j]: of i over the rows shared with j
    products = shifted.T @ shifted
    covariance: Matrix = (products - sums * sums.T / common) / (common - 1.0)
    return covariance


# --- expectation and maximisation ---------------------------------------------------------------------------------


def _by_em(returns: Returns, periods_per_year: float) -> tuple[Scenarios, DataReport]:
    """The normal distribution that makes the returns observed most likely; the rows are filled with what it expects."""
    seen = ~np.isnan(returns.values)
    some = seen.any(axis=1)
    rows = returns.values[some]
    mean, covariance, filled = most_likely_moments(rows)
    unbiased = covariance * (len(rows) / (len(rows) - 1.0))
    periods = Periods(len(seen), np.flatnonzero(some).astype(np.int32))
    moments = Moments(frozen(mean), unbiased, "em")
    gaps = (~seen[some]).sum(axis=0)
    counts = {name: int(count) for name, count in zip(returns.universe.names, gaps, strict=True) if count}
    report = DataReport(len(seen), len(rows), int((~some).sum()), _gapped(returns), counts, "em")
    return Scenarios(returns.universe, filled, None, periods_per_year, periods, moments), report


def most_likely_moments(values: Matrix) -> tuple[Vector, Matrix, Matrix]:
    """Mean and covariance of the normal distribution that makes what was observed most likely.

    Args:
        values: NaN marks a gap; no row and no column is all gaps; shape (T, n).

    Returns:
        Mean, shape (n,); covariance with divisor T, shape (n, n); and the rows with what is expected of each gap, given
        what was observed beside it.

    Raises:
        InvalidInput: fewer than two rows, or so many gaps that the moments do not settle.

    Source: Dempster, A., Laird, N., Rubin, D. (1977). Maximum likelihood from incomplete data via the EM algorithm.
    JRSS B 39(1), 1-38, section 4.1.3; Little, R., Rubin, D. (2019). Statistical analysis with missing data, 11.2.
    """
    if len(values) < FEWEST_COMMON:
        detail = f"{len(values)} row has returns, and an estimate needs {FEWEST_COMMON}; give more rows."
        raise InvalidInput.at(PATH, detail)
    centre, spread = np.nanmean(values, axis=0), np.nanstd(values, axis=0)
    unit = np.where(spread > 0, spread, 1.0)
    standard = (values - centre) / unit
    mean, covariance = np.zeros(len(unit)), np.diag((spread > 0).astype(float))
    patterns = _patterns(values)
    for _ in range(MOST_ROUNDS):
        filled, left_open = _expected(standard, patterns, mean, covariance)
        average = filled.mean(axis=0)
        around = filled - average
        likelier = (around.T @ around + left_open) / len(values)
        change = max(np.abs(average - mean).max(), np.abs(likelier - covariance).max())
        mean, covariance = average, likelier
        if change <= SETTLED:
            rows = np.where(np.isnan(values), centre + unit * filled, values)
            return centre + unit * mean, covariance * np.outer(unit, unit), frozen(np.maximum(rows, -1.0))
    raise InvalidInput.at(PATH, "'em' does not settle: the gaps leave too little; use 'proxy' or fewer names.", "gaps")


def _patterns(values: Matrix) -> list[tuple[Indices, Gaps]]:
    """The rows that have their gaps in the same places, and those places; complete rows are left out."""
    kinds, kind_of = np.unique(np.isnan(values), axis=0, return_inverse=True)
    places = kind_of.reshape(-1)
    listed = [(np.flatnonzero(places == k).astype(np.int32), np.asarray(gaps)) for k, gaps in enumerate(kinds)]
    return [(rows, gaps) for rows, gaps in listed if gaps.any()]


def _expected(
    standard: Matrix, patterns: list[tuple[Indices, Gaps]], mean: Vector, covariance: Matrix
) -> tuple[Matrix, Matrix]:
    """The rows with their gaps filled, and the sum of what is left open of the products of two gaps."""
    filled, left_open = standard.copy(), np.zeros_like(covariance)
    for first in range(0, len(patterns), AT_ONCE):
        some = patterns[first : first + AT_ONCE]
        slopes = _slopes(covariance, np.array([~gaps for _, gaps in some]))
        for (rows, gaps), each in zip(some, slopes, strict=True):
            around = np.where(gaps, 0.0, standard[rows] - mean)
            filled[np.ix_(rows, gaps)] = mean[gaps] + (around @ each)[:, gaps]
            left = (covariance - covariance @ each) * len(rows)
            left_open[np.ix_(gaps, gaps)] += left[np.ix_(gaps, gaps)]
    return filled, left_open


def _slopes(covariance: Matrix, seen: Gaps) -> Matrix:
    """Of every name on those seen, for each pattern; the rows of the others are 0. Shape (patterns, n, n)."""
    both = seen[:, :, None] & seen[:, None, :]
    eigenvalues = np.linalg.eigvalsh(covariance)
    if eigenvalues[0] > NEGLIGIBLE * eigenvalues[-1]:  # then no part of it is singular, and inverses are quick
        inverse = np.linalg.inv(np.where(both, covariance, np.eye(len(covariance))))
    else:
        inverse = np.linalg.pinv(np.where(both, covariance, 0.0), rcond=NEGLIGIBLE, hermitian=True)
    slopes: Matrix = np.where(both, inverse, 0.0) @ covariance
    return slopes


_BY_MOMENTS: Mapping[MissingData, Callable[[Returns, float], tuple[Scenarios, DataReport]]] = {
    "pairwise": _pairwise,
    "em": _by_em,
}


# --- proxy --------------------------------------------------------------------------------------------------------


def _by_proxy(returns: Returns, proxies: Mapping[str, str], periods_per_year: float) -> tuple[Scenarios, DataReport]:
    """Gaps of a name filled by its regression on another; rows that still have one are dropped.

    What is filled lies on the regression line: it has the proxy's movements and none of the name's own.
    """
    filled, counts = returns.values.copy(), dict[str, int]()
    for name, proxy in proxies.items():
        path = (*PATH, "proxies", name)
        column, other = returns.universe.position(name, path), returns.universe.position(proxy, path)
        if column == other:
            raise InvalidInput.at(path, f"{name!r} cannot stand in for itself; name another.", "invalid")
        line = _regression_line(returns, column, other, path)
        gaps = np.isnan(returns.values[:, column]) & ~np.isnan(returns.values[:, other])
        filled[gaps, column] = np.maximum(line[0] + line[1] * returns.values[gaps, other], -1.0)
        if gaps.any():
            counts[name] = int(gaps.sum())
    filled.flags.writeable = False
    scenarios, report = _complete(Returns(returns.universe, filled), periods_per_year, "proxy")
    return scenarios, replace(report, causes=_gapped(returns), filled=counts)


def _regression_line(returns: Returns, column: int, other: int, path: Path) -> tuple[float, float]:
    own, theirs = returns.values[:, column], returns.values[:, other]
    both = ~np.isnan(own) & ~np.isnan(theirs)
    if both.sum() < FEWEST_TO_REGRESS:
        detail = f"shares {int(both.sum())} periods with its proxy; a regression needs {FEWEST_TO_REGRESS}."
        raise InvalidInput.at(path, detail, "too_few_rows")
    around = theirs[both] - theirs[both].mean()
    spread = float(around @ around)
    slope = float(around @ own[both]) / spread if spread > 0 else 0.0
    return float(own[both].mean() - slope * theirs[both].mean()), slope
