"""Solutions as JSON columns, and back. What cannot be written as JSON, an infinite figure, comes back as None."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import msgspec
import numpy as np

from tangency.domain.market.universe import Asset, Universe
from tangency.domain.optimization.certificate import Certificate
from tangency.domain.optimization.explanation import Explanation
from tangency.domain.optimization.infeasibility import Conflicting, Infeasibility, Relaxation
from tangency.domain.optimization.proposal import Status, Witness
from tangency.domain.optimization.solution import Provenance, Solution
from tangency.domain.risk.portfolio_risk import Contribution, PortfolioRisk

Columns = dict[str, Any]


GROUPS = ("sector", "asset_class")
"""By which risk is grouped."""

NOTHING: Columns = {
    "optimal_weights": {},
    "expected_return": None,
    "expected_volatility": None,
    "sharpe_ratio": None,
    "risk_contributions": None,
    "risk_decomposition": None,
    "findings": {},
    "certificate": None,
    "why": None,
    "infeasibility": None,
    "provenance": None,
}


def columns_of(solution: Solution | None) -> Columns:
    """The columns of a solution, but for its metadata; the same columns where there is none."""
    if solution is None:
        return NOTHING
    return {
        "optimal_weights": solution.weights_by_name,
        "expected_return": solution.expected_return,
        "expected_volatility": solution.expected_volatility,
        "sharpe_ratio": solution.sharpe_ratio,
        "risk_contributions": None if solution.risk_shares is None else solution.universe.named(solution.risk_shares),
        "risk_decomposition": _risk_columns(solution),
        "findings": _plain(dict(solution.findings)),
        "certificate": _plain(solution.certificate),
        "why": _plain(solution.why),
        "infeasibility": _infeasibility_columns(solution.infeasibility),
        "provenance": _plain(solution.provenance),
    }


def columns_in(row: object) -> Columns:
    """The columns of a solution in a row of an answer."""
    names = (*(name for name in NOTHING if name != "infeasibility"), "optimization_metadata", "unused_inputs")
    return {name: getattr(row, name) for name in names}


def metadata_of(solution: Solution) -> Columns:
    """What the seed calls metadata, and what a solution has besides."""
    certificate = solution.certificate
    return {
        "convergence_status": solution.status.value,
        "iterations": solution.iterations,
        "objective_value": solution.objective_value,
        "constraints_satisfied": certificate is not None and certificate.constraints_satisfied,
        "bound": _finite(solution.bound),
        "current_return": solution.current_return,
        "active_risk": solution.active_risk,
        "names": list(solution.universe.names),
        "parameters": list(solution.parameters),
        "unused_options": list(solution.unused_options),
    }


def solution_of(kept: Mapping[str, Any], message: str, universe: Universe | None = None) -> Solution | None:
    """The solution that was kept; None where the solver brought nothing that could be judged.

    Args:
        kept: its columns by name; whatever is missing was not there.
        message: what a person should know about it.
        universe: of the problem; without it the names alone make one.
    """
    metadata = kept["optimization_metadata"]
    if "convergence_status" not in metadata:
        return None
    row = SimpleNamespace(**NOTHING | dict(kept))
    universe = universe or _universe(row)
    return Solution(
        status=Status(metadata["convergence_status"]),
        universe=universe,
        message=message,
        weights=_vector(universe, row.optimal_weights),
        objective_value=metadata["objective_value"],
        expected_return=row.expected_return,
        expected_volatility=row.expected_volatility,
        sharpe_ratio=row.sharpe_ratio,
        risk=_risk(universe, row.risk_decomposition, "target"),
        current_risk=_risk(universe, row.risk_decomposition, "current"),
        current_return=metadata.get("current_return"),
        active_risk=metadata.get("active_risk"),
        findings=row.findings,
        parameters=tuple(metadata.get("parameters", ())),  # rows of revision 0001 have none
        unused_options=tuple(metadata.get("unused_options", ())),  # the same
        certificate=_read(row.certificate, Certificate),
        why=_read(row.why, Explanation),
        infeasibility=infeasibility_of(row.infeasibility),
        bound=metadata["bound"],
        iterations=metadata["iterations"],
        provenance=_read(row.provenance, Provenance),
    )


def _plain(value: object) -> Any:  # noqa: ANN401 - plain values of any depth
    """As it would come back from JSON, which has no infinity; to look for one by ourselves takes four times as long."""
    return msgspec.json.decode(msgspec.json.encode(value))


def _finite(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else value


def _read(document: Any, kind: Any) -> Any:  # noqa: ANN401 - of the kind that is asked for
    return None if document is None else msgspec.convert(document, kind)


def _vector(universe: Universe, figures: Mapping[str, float] | None) -> Any:  # noqa: ANN401 - a vector or None
    return universe.join(figures) if figures else None


def _risk_columns(solution: Solution) -> Columns | None:
    """The derivatives by name, which are all that a decomposition needs beside the weights."""

    def written(risk: PortfolioRisk | None) -> Columns | None:
        if risk is None:
            return None
        named = solution.universe.named
        return {
            "measure": risk.measure,
            "total": risk.total,
            "weights": named(risk.weights),
            "marginal": named(risk.marginal),
            "factors": _plain(risk.by_factor),
        }

    groups = {label: _labels(solution.universe, label) for label in GROUPS}
    return {"target": written(solution.risk), "current": written(solution.current_risk), **groups}


def _labels(universe: Universe, label: str) -> dict[str, str]:
    return {asset.name: getattr(asset, label) for asset in universe.assets if getattr(asset, label) is not None}


def _universe(row: SimpleNamespace) -> Universe:
    """The names, with the labels that their risk is grouped by."""
    kept = row.risk_decomposition or {}
    labels = {label: kept.get(label, {}) for label in GROUPS}
    names = row.optimization_metadata["names"]
    return Universe(tuple(Asset(name, **{label: of.get(name) for label, of in labels.items()}) for name in names))


def _risk(universe: Universe, columns: Columns | None, which: str) -> PortfolioRisk | None:
    read = columns[which] if columns else None
    if read is None:
        return None
    weights, marginal = universe.join(read["weights"]), universe.join(read["marginal"])
    factors = _read(read.get("factors"), dict[str, Contribution])
    return PortfolioRisk(read["measure"], read["total"], weights, marginal, factors)


def _infeasibility_columns(found: Infeasibility | None) -> Columns | None:
    if found is None:
        return None
    return {
        "conflict": _plain(found.conflict),
        "relaxation": _plain(found.relaxation),
        "multipliers": dict(found.proof.multipliers),
        "cuts": {key: cut.tolist() for key, cut in found.proof.cuts.items()},
        "bound": found.bound,
    }


def infeasibility_of(document: Columns | None) -> Infeasibility | None:
    """Which limits contradict each other, and the proof; None where nothing is kept of it."""
    if document is None:
        return None
    cuts = {key: np.array(cut) for key, cut in document["cuts"].items()}
    return Infeasibility(
        conflict=msgspec.convert(document["conflict"], tuple[Conflicting, ...]),
        relaxation=msgspec.convert(document["relaxation"], tuple[Relaxation, ...]),
        proof=Witness(document["multipliers"], cuts),
        bound=document["bound"],
    )
