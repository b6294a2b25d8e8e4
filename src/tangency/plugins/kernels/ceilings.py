"""Worst covariances with the ceiling that a solver's dual vector brings, so that their value is the worst case at w."""

from __future__ import annotations

from dataclasses import replace

from tangency.domain.numbers import Vector
from tangency.domain.optimization.composite_ratio import WorstRatio
from tangency.domain.optimization.composite_terms import unpacked
from tangency.domain.optimization.objective import Blend
from tangency.domain.optimization.proposal import Witness
from tangency.domain.optimization.robust_terms import WorstCovariance
from tangency.domain.optimization.term import Term


def in_blend(blend: Blend, witness: Witness, w: Vector) -> Blend:
    """The blend with a ceiling under each worst covariance."""
    return replace(blend, parts=tuple(_settled(part, witness.cuts.get(part.id), w) for part in blend.parts))


def in_ratio(ratio: WorstRatio, witness: Witness, w: Vector) -> WorstRatio:
    """The ratio likewise; its dual holds shares, then of each ratio those of its risk and its loss."""
    packs = list(unpacked(witness.cuts.get(ratio.at(0.0).id)))[1:]
    if len(packs) != len(ratio.risks):
        return ratio
    duals = [next(unpacked(pack), None) for pack in packs]
    return replace(ratio, risks=tuple(_settled(*pair, w) for pair in zip(ratio.risks, duals, strict=True)))


def _settled(term: Term, dual: Vector | None, w: Vector) -> Term:
    if not isinstance(term, WorstCovariance) or dual is None:
        return term
    return term.under(dual, w)
